//! Who caused a wrong shot, and what would have prevented it.
//!
//! A wrong shot is one at an aircraft that is friend or neutral to the shooter, or at nothing at all. [`chain`]
//! reads its causes from the event log. [`Change`] is a rule put in force, or taken out of it; because random numbers are looked up
//! and not consumed, the same replication run again with a change is the same night under other rules, and what
//! happens to the same aircraft then is what the change is worth ([`Counterfactual`]). [`Prevention`] asks that of many
//! replications: the share of losses that each rule prevents, and the Shapley split of all that is prevented.
//!
//! Of an aircraft at which nobody fired by mistake, a raid that came through or a neutral that was left alone, [`passage`] says what
//! each site made of it, and [`Trials`] what would have become of it under other rules.
//!
//! Assumption of every counterfactual: crews, pilots and planners go on as they did, except for what the rule itself changes.

mod causes;
mod changes;
mod counterfactual;
mod passage;
mod prevention;

pub use causes::{Cause, Link, Step, biggest_step, chain, last_declaration, wrong_shots};
pub use changes::{Band, CandidateRules, Change, NotOffered, candidate_rules, named};
pub use counterfactual::{Counterfactual, SortieOutcome, Trial, WrongShot, sortie_outcome};
pub use passage::{Outcome, SitePassage, Trials, let_through, outcome, passage};
pub use prevention::{Counted, Game, Played, Prevention, RuleShare, RuleSplit};
