//! What is asked about a track before the first shot at it, and when that began.

use super::Answer;
use crate::units::Millis;

/// When something was asked about a track; nothing if it has not been.
pub type Asked = Option<Millis>;

/// What may be asked, in the order in which [`Rules`](super::Rules) ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enquiry {
    /// R16: what it looks like.
    Look,
    /// R17: what a second operator makes of it.
    SecondOperator,
    /// R7: whose track it is.
    Hotline,
    /// R3: whether fire is released.
    Authority,
}

impl Enquiry {
    /// All of them, in order.
    pub const ALL: &'static [Enquiry] = &[
        Enquiry::Look,
        Enquiry::SecondOperator,
        Enquiry::Hotline,
        Enquiry::Authority,
    ];

    /// The rule that asks.
    pub fn rule(self) -> &'static str {
        match self {
            Enquiry::Look => "R16",
            Enquiry::SecondOperator => "R17",
            Enquiry::Hotline => "R7",
            Enquiry::Authority => "R3",
        }
    }
}

/// When each was asked about one track. Belongs to the track: a new track is asked about anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Enquiries {
    asked: [Asked; Enquiry::ALL.len()],
    /// What the authority said of the request, once it has taken it.
    pub answer: Option<Answer>,
    /// Whether a look has seen a hostile, once it has recognised the track: what was recognised stays so.
    pub seen_hostile: Option<bool>,
}

impl Enquiries {
    /// When this was asked, to be set by the rule that asks it.
    pub fn asked(&mut self, enquiry: Enquiry) -> &mut Asked {
        &mut self.asked[enquiry as usize]
    }

    /// Whether the authority has been asked and has not taken the request yet.
    pub fn wants_release(&self) -> bool {
        self.asked[Enquiry::Authority as usize].is_some() && self.answer.is_none()
    }

    /// What has been asked since `before`.
    pub fn since(&self, before: &Enquiries) -> impl Iterator<Item = Enquiry> {
        let (now, before) = (self.asked, before.asked);
        let new = move |enquiry: &Enquiry| now[*enquiry as usize] != before[*enquiry as usize];
        Enquiry::ALL.iter().copied().filter(new)
    }
}
