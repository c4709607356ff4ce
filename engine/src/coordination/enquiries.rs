//! What is asked about a track before the first shot at it, when that began, and what came of it.

use smallvec::SmallVec;

use crate::record::Reason;
use crate::units::Millis;

/// An answer, or when there will be none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reply {
    /// When it is there; [`Millis::NEVER`] if it never is.
    pub at: Millis,
    /// What it says.
    pub says: Says,
}

impl Reply {
    /// Nobody answers.
    pub const NONE: Reply = Reply {
        at: Millis::NEVER,
        says: Says::Unclear,
    };
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Says {
    /// Go on.
    GoOn,
    /// Hold fire, for this.
    Hold(Reason),
    /// Nothing yet: ask again at the next scan.
    Unclear,
    /// Whether whoever is behind the track answered: evidence, of which the site makes what it will.
    Answered(bool),
}

/// Something that was asked about a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Made {
    /// The rule that asks.
    pub rule: &'static str,
    /// When it was first asked.
    pub at: Millis,
    /// What came of it; nothing while the question has not got through.
    pub reply: Option<Reply>,
    /// Whether an answer that is evidence has been taken note of.
    pub noted: bool,
    /// Whether the answer must be checked again: the track is another one, taken for the one it was about.
    pub again: bool,
    /// When the rule last wanted to know.
    wanted: Millis,
}

impl Made {
    /// Whether an answer is there.
    pub fn answered(&self, now: Millis) -> bool {
        self.reply.is_some_and(|reply| reply.at <= now)
    }

    /// Whether the question must be put now: the rule wants to know, and it has not got through, was not answered clearly, or
    /// must be checked again.
    fn wants(&self, now: Millis) -> bool {
        let unclear = |reply: Reply| reply.says == Says::Unclear && reply.at <= now;
        self.wanted == now && (self.again || self.reply.is_none_or(unclear))
    }
}

/// What was asked about one track. Belongs to the track: a new track is asked about anew.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Enquiries {
    made: SmallVec<[Made; 1]>,
}

impl Enquiries {
    /// What came of asking by a rule, if it has.
    pub fn made(&self, rule: &str) -> Option<&Made> {
        self.made.iter().find(|made| made.rule == rule)
    }

    /// A rule wants to know now: asks, if that has not been done.
    pub fn ask(&mut self, rule: &'static str, now: Millis) -> Made {
        if let Some(made) = self.made.iter_mut().find(|made| made.rule == rule) {
            made.wanted = now;
            return *made;
        }
        let made = Made {
            rule,
            at: now,
            reply: None,
            noted: false,
            again: false,
            wanted: now,
        };
        self.made.push(made);
        made
    }

    /// Rules whose questions must be put, or put again.
    pub fn wanting(&self, now: Millis) -> SmallVec<[&'static str; 1]> {
        let wanting = self.made.iter().filter(|made| made.wants(now));
        wanting.map(|made| made.rule).collect()
    }

    /// Takes note of an answer.
    pub fn reply(&mut self, rule: &str, reply: Reply) {
        if let Some(made) = self.made.iter_mut().find(|made| made.rule == rule) {
            (made.reply, made.again) = (Some(reply), false);
        }
    }

    /// Answers that are evidence, are there and have not been taken note of: the rule, when it was there, and whether somebody
    /// answered.
    pub fn take_evidence(&mut self, now: Millis) -> Option<(Millis, bool)> {
        self.made.iter_mut().find_map(|made| match made.reply {
            Some(Reply {
                at,
                says: Says::Answered(answered),
            }) if at <= now && !std::mem::replace(&mut made.noted, true) => Some((at, answered)),
            _ => None,
        })
    }

    /// When the next answer that is evidence is there: then the track must be looked at, whatever the rules say meanwhile.
    pub fn evidence_due(&self) -> Millis {
        let due = self.made.iter().filter_map(|made| match made.reply {
            Some(Reply {
                at,
                says: Says::Answered(_),
            }) if !made.noted => Some(at),
            _ => None,
        });
        due.min().unwrap_or(Millis::NEVER)
    }

    /// The same for a track that is taken for the one it was asked about; answers that are about a place, as `placed` says of a
    /// rule, are checked again.
    pub fn recalled(mut self, placed: impl Fn(&str) -> bool) -> Enquiries {
        for made in &mut self.made {
            made.again = made.reply.is_some() && placed(made.rule);
        }
        self
    }

    /// What has been asked since there were so many.
    pub fn since(&self, before: usize) -> &[Made] {
        &self.made[before..]
    }

    /// How much has been asked.
    pub fn count(&self) -> usize {
        self.made.len()
    }
}
