//! Fusion of everything a site holds about a track, and the ledger that shows how it added up.
//!
//! Hypotheses are pairs (row k, regard a), weighed by
//! prior_k * share(a | k) * exp(shift \[a = hostile\]) * prod P(declaration | k) * P(plan check | a) * prod L_cue,
//! where a cue speaks of regards, L(a), or of rows, L(k) (see [`super::cues`]). Declarations are fused look by look; the
//! plan check and each cue count once, as they stand now. `shift` is the operator's expectancy: it moves the log-odds of
//! hostile against the rest by exactly that much.
//!
//! Sums of logarithms, the largest taken out before any exponential, so nothing under- or overflows. Zeros: a cue
//! that is impossible under every hypothesis of its own says nothing and is ignored, and does not count as having
//! spoken. Where cues rule out everything only together, rows are forgotten (prior, declarations and cues about
//! rows) and regards decide alone; if those too rule out everything, nothing is known: every P is 0 and the identity
//! Unknown, never Hostile. Without cues and shift this is [`Identifier::posterior`].
//!
//! A class that takes the latest declaration at face value (`combine = "single"`) is certain of its row; cues then only
//! matter between the regards of that row, and after a declaration `unknown`. A row that is certain is not forgotten.
//! Before the first declaration, or after a lone `unknown`, the identity is Pending or Unknown until a cue has spoken.
//!
//! Source: NATO STANAG 4162 (identification data combining), STANAG 1241 (identities).

use super::cues::{Belief, CueSet, CueState, Said};
use super::{Evidence, Identifier, MAX_ROWS, Posterior};
use crate::record::{Identity, LedgerEntry};
use crate::units::Millis;

/// Everything that a site holds about a track when it judges it.
#[derive(Debug, Clone, Copy)]
pub struct Gathered<'a> {
    /// Its declarations.
    pub evidence: &'a Evidence,
    /// What the plan check found; `None` if none is made.
    pub matched: Option<bool>,
    /// The cues of the class.
    pub cues: &'a CueSet,
    /// What they have said about the track.
    pub state: &'a CueState,
    /// Now.
    pub time: Millis,
    /// What is added to the prior log-odds of hostile: [`super::Operator::shift_log_odds`].
    pub shift_log_odds: f64,
}

/// What follows from all of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    /// The posterior over rows and regards.
    pub posterior: Posterior,
    /// Cues that have spoken: declarations other than `unknown`, the plan check, and cues that say something now.
    pub cues: u32,
    /// The identity by the thresholds and criteria of the class.
    pub identity: Identity,
}

/// The sums so far; a pair of row and regard weighs exp(rows\[k\] + regards\[a\]) share(a | k).
#[derive(Debug, Clone, Copy)]
struct Sums {
    rows: [f64; MAX_ROWS],
    regards: [f64; 3],
    cues: u32,
    /// Those of them that are neither declarations nor the plan check.
    live: u32,
    /// A declaration was taken at face value.
    face_value: bool,
}

/// What has just been added, for the ledger.
struct Step {
    cue: &'static str,
    said: Said,
    age_s: f64,
}

impl Identifier {
    /// Fuses everything into a posterior and an identity.
    pub fn fuse(&self, gathered: &Gathered) -> Fused {
        let sums = self.add_up(gathered, |_, _| ());
        let posterior = self.posterior_of(&sums);
        let latest = gathered.evidence.latest;
        let identity = match latest {
            None if sums.live == 0 => Identity::Pending,
            Some(_) if sums.live == 0 && self.is_unknown_alone(latest) => Identity::Unknown,
            _ => self.judge(&posterior, sums.cues),
        };
        Fused {
            posterior,
            cues: sums.cues,
            identity,
        }
    }

    /// The account of [`Identifier::fuse`]: what was added, in its fixed order, and what followed after each.
    pub fn ledger(&self, gathered: &Gathered) -> Vec<LedgerEntry> {
        let mut entries = Vec::new();
        self.add_up(gathered, |sums, step| {
            entries.push(LedgerEntry {
                cue: step.cue,
                said: gathered.cues.code(step.said, &self.rows),
                age_s: step.age_s,
                posterior: self.posterior_of(sums).regard,
            });
        });
        entries
    }

    fn add_up(&self, gathered: &Gathered, mut note: impl FnMut(&Sums, Step)) -> Sums {
        let mut sums = Sums {
            rows: self.ln_prior_of_rows(),
            regards: [0.0; 3],
            cues: 0,
            live: 0,
            face_value: self.at_face_value(gathered.evidence.latest),
        };
        let word = |cue, word| Step {
            cue,
            said: Said::Word(word),
            age_s: 0.0,
        };
        note(&sums, word("prior", "as_believed"));
        if gathered.shift_log_odds != 0.0 {
            sums.regards[2] += gathered.shift_log_odds;
            note(&sums, word("expectancy", "alert"));
        }
        if let Some(latest) = gathered.evidence.latest {
            sums.rows = self.ln_rows(gathered.evidence);
            sums.cues += gathered.evidence.cues;
            let said = Said::Row(latest);
            note(
                &sums,
                Step {
                    cue: "declarations",
                    said,
                    age_s: 0.0,
                },
            );
        }
        if let Some(plan) = self.plan_belief(gathered.matched) {
            let said = if gathered.matched == Some(true) {
                "match"
            } else {
                "no_match"
            };
            sums.cues += 1;
            sums.add_regards(plan.map(libm::log));
            note(&sums, word("flight_plan", said));
        }
        gathered.cues.hear(gathered.state, gathered.time, |heard| {
            let spoke =
                !matches!(heard.said, Said::Row(row) if usize::from(row) >= self.rows.len());
            match heard.belief {
                Some(Belief::Regards(ln)) => sums.add_regards(ln),
                Some(Belief::Rows((ln, rows))) => sums.add_rows(&ln[..rows]),
                None => {}
            }
            let spoke = u32::from(spoke && heard.belief.is_some());
            sums.cues += spoke;
            sums.live += spoke;
            let (cue, said, age_s) = (heard.name, heard.said, heard.age_s);
            note(&sums, Step { cue, said, age_s });
        });
        sums
    }

    fn posterior_of(&self, sums: &Sums) -> Posterior {
        let shares = self.shares();
        let forgetful = || {
            let none = [0.0; MAX_ROWS];
            let forgets = !sums.face_value;
            forgets.then(|| self.normalised(&none, &sums.regards, shares))?
        };
        self.normalised(&sums.rows, &sums.regards, shares)
            .or_else(forgetful)
            .unwrap_or(Posterior {
                regard: [0.0; 3],
                row: [0.0; MAX_ROWS],
            })
    }

    /// The posterior, unless everything is ruled out.
    fn normalised(
        &self,
        rows: &[f64; MAX_ROWS],
        regards: &[f64; 3],
        shares: &[[f64; 3]; MAX_ROWS],
    ) -> Option<Posterior> {
        let count = self.rows.len().min(MAX_ROWS);
        let pairs = || (0..count).flat_map(|k| (0..3).map(move |a| (k, a)));
        let top = pairs()
            .filter(|&(k, a)| shares[k][a] > 0.0)
            .map(|(k, a)| rows[k] + regards[a])
            .fold(f64::NEG_INFINITY, f64::max);
        if top == f64::NEG_INFINITY {
            return None;
        }
        let (mut row, mut regard, mut sum) = ([0.0; MAX_ROWS], [0.0; 3], 0.0);
        for (k, a) in pairs() {
            let part = shares[k][a] * libm::exp(rows[k] + regards[a] - top);
            row[k] += part;
            regard[a] += part;
            sum += part;
        }
        Some(Posterior {
            regard: regard.map(|part| part / sum),
            row: row.map(|part| part / sum),
        })
    }
}

impl Sums {
    fn add_regards(&mut self, ln: [f64; 3]) {
        for (sum, ln) in self.regards.iter_mut().zip(ln) {
            *sum += ln;
        }
    }

    fn add_rows(&mut self, ln: &[f64]) {
        for (sum, ln) in self.rows.iter_mut().zip(ln) {
            *sum += ln;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identification::cues::iff::IffSpec;
    use crate::identification::{
        Combine, FlightPlanCueSpec, Hypotheses, IdentificationSpec, IdentityThresholds,
        MatchBelief, NonNegative, Probability, RegardProbabilities,
    };
    use std::collections::BTreeMap;

    /// Regards, all declared unknown, prior .2 : .2 : .6, IFF believed .9 / 0 / 0, plans .8 / .8 / .02.
    fn worked_example() -> IdentificationSpec {
        let unknown = BTreeMap::from([("unknown".to_owned(), Probability(1.0))]);
        let names = ["friend", "neutral", "hostile"];
        IdentificationSpec {
            over: Hypotheses::Regards,
            interval_s: 10.0,
            combine: Combine::Fused,
            world: names.map(|name| (name.to_owned(), unknown.clone())).into(),
            believed: None,
            prior: names
                .into_iter()
                .zip([0.2, 0.2, 0.6])
                .map(|(name, p)| (name.to_owned(), NonNegative(p)))
                .collect(),
            regards: BTreeMap::new(),
            identity: IdentityThresholds::default(),
            flight_plan: Some(FlightPlanCueSpec {
                lateral_gate_m: 1.0,
                vertical_gate_m: 1.0,
                window_s: 1.0,
                correlation: 1.0,
                chance_match: 0.0,
                believed: Some(MatchBelief {
                    friend: 0.8,
                    neutral: 0.8,
                    hostile: 0.02,
                }),
            }),
            iff: Some(IffSpec {
                interval_s: 10.0,
                reply: 1.0,
                key_mismatch_per_day: 0.0,
                spoof: 0.0,
                believed: RegardProbabilities {
                    friend: 0.9,
                    neutral: 0.0,
                    hostile: 0.0,
                },
                reliability: 1.0,
                max_age_s: None,
            }),
            transponder: None,
            optical: None,
            profile: None,
            origin: None,
            faults: None,
            operator: None,
        }
    }

    fn cue_set(spec: &IdentificationSpec, rows: &[String]) -> CueSet {
        CueSet::new(spec, rows, &[], 0.0)
    }

    /// No reply makes hostile .732; no plan besides .930; a plan after all .064. The ledger passes through all of it.
    #[test]
    fn the_worked_example() {
        let spec = worked_example();
        let identifier = Identifier::new(&spec, &[]);
        let cues = cue_set(&spec, &identifier.rows);
        let mut state = CueState::default();
        state.heard_no_reply(Millis(1000));
        let mut evidence = Evidence::NONE;
        identifier.add(&mut evidence, 3);
        for (matched, hostile) in [(None, 0.7317), (Some(false), 0.9304), (Some(true), 0.0638)] {
            let gathered = Gathered {
                evidence: &evidence,
                matched,
                cues: &cues,
                state: &state,
                time: Millis(1000),
                shift_log_odds: 0.0,
            };
            let fused = identifier.fuse(&gathered);
            let p_hostile = fused.posterior.regard[2];
            assert!(
                (p_hostile - hostile).abs() < 5e-5,
                "{p_hostile}, expected {hostile}"
            );
            assert_eq!(fused.cues, 1 + u32::from(matched.is_some()));
            let ledger = identifier.ledger(&gathered);
            let names: Vec<&str> = ledger.iter().map(|entry| entry.cue).collect();
            let mut expected = vec!["prior", "declarations", "flight_plan", "iff"];
            expected.retain(|&name| name != "flight_plan" || matched.is_some());
            assert_eq!(names, expected);
            assert_eq!(ledger.last().unwrap().posterior, fused.posterior.regard);
            assert!((ledger[0].posterior[2] - 0.6).abs() < 1e-12);
        }
    }
}
