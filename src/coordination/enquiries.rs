//! What is asked about a track before the first shot at it, and when that began.

use crate::units::Millis;

/// When something was asked about a track; nothing if it has not been.
pub type Asked = Option<Millis>;

/// What may be asked, in the order in which [`Rules::decide`](super::Rules::decide) asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enquiry {
    /// R7: whose track it is.
    Hotline,
}

impl Enquiry {
    /// All of them, in order.
    pub const ALL: &'static [Enquiry] = &[Enquiry::Hotline];

    /// The rule that asks.
    pub fn rule(self) -> &'static str {
        match self {
            Enquiry::Hotline => "R7",
        }
    }
}

/// When each was asked about one track. Belongs to the track: a new track is asked about anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Enquiries {
    asked: [Asked; Enquiry::ALL.len()],
}

impl Enquiries {
    /// When this was asked, to be set by the rule that asks it.
    pub fn asked(&mut self, enquiry: Enquiry) -> &mut Asked {
        &mut self.asked[enquiry as usize]
    }

    /// What has been asked since `before`.
    pub fn since(&self, before: &Enquiries) -> impl Iterator<Item = Enquiry> {
        let (now, before) = (self.asked, before.asked);
        let new = move |enquiry: &Enquiry| now[*enquiry as usize] != before[*enquiry as usize];
        Enquiry::ALL.iter().copied().filter(new)
    }
}
