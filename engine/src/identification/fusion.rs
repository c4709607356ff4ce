//! Fusion of everything a site holds about a track, and the ledger that shows how it added up.
//!
//! Hypotheses are pairs (row k, affiliation a), weighed by
//! prior_k * share(a | k) * exp(shift \[a = hostile\]) * prod P(declaration | k) * P(plan check | a) * prod L_cue,
//! where an ID source speaks of affiliations, L(a), or of rows, L(k) (see [`super::id_sources`]). Declarations are fused look by look; the
//! plan check and each ID source count once, as they stand now. `shift` is the operator's expectancy: it moves the log-odds of
//! hostile against the rest by exactly that much.
//!
//! Sums of logarithms, the largest taken out before any exponential, so nothing under- or overflows. Zeros: an ID source
//! that is impossible under every hypothesis of its own says nothing and is ignored, and does not count as having
//! spoken. Where ID sources rule out everything only together, rows are forgotten (prior, declarations and ID sources about
//! rows) and affiliations decide alone; if those too rule out everything, nothing is known: every P is 0 and the identity
//! Unknown, never Hostile. Without ID sources and shift this is [`Identifier::posterior`].
//!
//! A class that takes the latest declaration at face value (`combine = "single"`) is certain of its row; ID sources then only
//! matter between the affiliations of that row, and after a declaration `unknown`. A row that is certain is not forgotten.
//! Before the first declaration, or after a lone `unknown`, the identity is Pending or Unknown until an ID source has spoken.
//!
//! Source: NATO STANAG 4162 (identification data combining), STANAG 1241 (identities).

use super::id_sources::{Belief, IdSourceState, IdSources, Said};
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
    /// The ID sources of the class.
    pub id_sources: &'a IdSources,
    /// What they have said about the track.
    pub state: &'a IdSourceState,
    /// What it was taken for when it was confirmed, if for one that was lost.
    pub memory: Option<Recalled>,
    /// Now.
    pub time: Millis,
    /// What is added to the prior log-odds of hostile: [`super::Operator::shift_log_odds`].
    pub shift_log_odds: f64,
}

/// A track was taken for one that was lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recalled {
    /// What is left of each logarithm of the evidence about that.
    pub kept: f64,
    /// For how long nothing was seen of it.
    pub lost: Millis,
}

/// What follows from all of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    /// The posterior over rows and affiliations.
    pub posterior: Posterior,
    /// ID sources that have spoken: declarations, once any other than `unknown` was made, the plan check, and ID sources that say
    /// something now.
    pub id_sources: u32,
    /// The identity by the thresholds and criteria of the class.
    pub identity: Identity,
}

/// The sums so far; a pair of row and affiliation weighs exp(rows\[k\] + affiliations\[a\]) share(a | k).
#[derive(Debug, Clone, Copy)]
struct Sums {
    rows: [f64; MAX_ROWS],
    affiliations: [f64; 3],
    id_sources: u32,
    /// Those of them that are neither declarations nor the plan check.
    live: u32,
    /// A declaration was taken at face value.
    face_value: bool,
}

/// What has just been added, for the ledger.
struct Step {
    id_source: &'static str,
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
            _ => {
                let enough = self.meets(gathered.evidence.spoken(), sums.id_sources);
                self.judge(&posterior, enough)
            }
        };
        Fused {
            posterior,
            id_sources: sums.id_sources,
            identity,
        }
    }

    /// The account of [`Identifier::fuse`]: what was added, in its fixed order, and what followed after each.
    pub fn ledger(&self, gathered: &Gathered) -> Vec<LedgerEntry> {
        let mut entries = Vec::new();
        self.add_up(gathered, |sums, step| {
            entries.push(LedgerEntry {
                id_source: step.id_source,
                said: gathered.id_sources.code(step.said, &self.rows),
                age_s: step.age_s,
                posterior: self.posterior_of(sums).affiliation,
            });
        });
        entries
    }

    fn add_up(&self, gathered: &Gathered, mut note: impl FnMut(&Sums, Step)) -> Sums {
        let mut sums = Sums {
            rows: self.ln_prior_of_rows(),
            affiliations: [0.0; 3],
            id_sources: 0,
            live: 0,
            face_value: self.at_face_value(gathered.evidence.latest),
        };
        let word = |id_source, word| Step {
            id_source,
            said: Said::Word(word),
            age_s: 0.0,
        };
        note(&sums, word("prior", "as_believed"));
        if gathered.shift_log_odds != 0.0 {
            sums.affiliations[2] += gathered.shift_log_odds;
            note(&sums, word("expectancy", "alert"));
        }
        if let (Some(rows), Some(memory)) = (self.ln_remembered(gathered.evidence), gathered.memory)
        {
            sums.rows = rows;
            note(
                &sums,
                Step {
                    id_source: "memory",
                    said: Said::Kept(memory.kept),
                    age_s: memory.lost.seconds(),
                },
            );
        }
        if let Some(latest) = gathered.evidence.latest {
            sums.rows = self.ln_rows(gathered.evidence, false);
            sums.id_sources += gathered.evidence.spoken().min(1);
            let said = Said::Row(latest);
            note(
                &sums,
                Step {
                    id_source: "declarations",
                    said,
                    age_s: 0.0,
                },
            );
        }
        if gathered.evidence.is_informed() {
            sums.rows = self.ln_rows(gathered.evidence, true);
            note(&sums, word("reports", "declared_elsewhere"));
        }
        if let Some(plan) = self.plan_belief(gathered.matched) {
            let said = if gathered.matched == Some(true) {
                "match"
            } else {
                "no_match"
            };
            sums.id_sources += 1;
            sums.add_affiliations(plan.map(libm::log));
            note(&sums, word("flight_plan", said));
        }
        gathered
            .id_sources
            .hear(gathered.state, gathered.time, |heard| {
                let spoke =
                    !matches!(heard.said, Said::Row(row) if usize::from(row) >= self.rows.len());
                match heard.belief {
                    Some(Belief::Affiliations(ln)) => sums.add_affiliations(ln),
                    Some(Belief::Rows((ln, rows))) => sums.add_rows(&ln[..rows]),
                    None => {}
                }
                let spoke = u32::from(spoke && heard.belief.is_some());
                sums.id_sources += spoke;
                sums.live += spoke;
                let (id_source, said, age_s) = (heard.name, heard.said, heard.age_s);
                note(
                    &sums,
                    Step {
                        id_source,
                        said,
                        age_s,
                    },
                );
            });
        sums
    }

    fn posterior_of(&self, sums: &Sums) -> Posterior {
        let shares = self.shares();
        let forgetful = || {
            let none = [0.0; MAX_ROWS];
            let forgets = !sums.face_value;
            forgets.then(|| self.normalised(&none, &sums.affiliations, shares))?
        };
        self.normalised(&sums.rows, &sums.affiliations, shares)
            .or_else(forgetful)
            .unwrap_or(Posterior {
                affiliation: [0.0; 3],
                row: [0.0; MAX_ROWS],
            })
    }

    /// The posterior, unless everything is ruled out.
    fn normalised(
        &self,
        rows: &[f64; MAX_ROWS],
        affiliations: &[f64; 3],
        shares: &[[f64; 3]; MAX_ROWS],
    ) -> Option<Posterior> {
        let count = self.rows.len().min(MAX_ROWS);
        let pairs = || (0..count).flat_map(|k| (0..3).map(move |a| (k, a)));
        let top = pairs()
            .filter(|&(k, a)| shares[k][a] > 0.0)
            .map(|(k, a)| rows[k] + affiliations[a])
            .fold(f64::NEG_INFINITY, f64::max);
        if top == f64::NEG_INFINITY {
            return None;
        }
        let (mut row, mut affiliation, mut sum) = ([0.0; MAX_ROWS], [0.0; 3], 0.0);
        for (k, a) in pairs() {
            let part = shares[k][a] * libm::exp(rows[k] + affiliations[a] - top);
            row[k] += part;
            affiliation[a] += part;
            sum += part;
        }
        Some(Posterior {
            affiliation: affiliation.map(|part| part / sum),
            row: row.map(|part| part / sum),
        })
    }
}

impl Sums {
    fn add_affiliations(&mut self, ln: [f64; 3]) {
        for (sum, ln) in self.affiliations.iter_mut().zip(ln) {
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
    use crate::airspace::Zone;
    use crate::geometry::{Area, Point};
    use crate::identification::id_sources::Readings;
    use crate::identification::id_sources::iff::IffSpec;
    use crate::identification::id_sources::optical::{OpticalSpec, Task};
    use crate::identification::id_sources::origin::{OriginSpec, ZoneBelief};
    use crate::identification::id_sources::profile::{ProfileRow, ProfileSpec};
    use crate::identification::id_sources::transponder::TransponderSpec;
    use crate::identification::{
        AffiliationProbabilities, AffiliationShares, AppearanceSpec, Combine, ConfusionMatrix,
        Criteria, CriteriaOn, FlightPlanSourceSpec, Hypotheses, IdentificationSpec,
        IdentityThresholds, MatchBelief, NonNegative, Probability,
    };
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Affiliations, all declared unknown, prior .2 : .2 : .6, IFF assumed .9 / 0 / 0, plans .8 / .8 / .02.
    fn worked_example() -> IdentificationSpec {
        let unknown = BTreeMap::from([("unknown".to_owned(), Probability(1.0))]);
        let names = ["friend", "neutral", "hostile"];
        IdentificationSpec {
            over: Hypotheses::Affiliations,
            interval_s: 10.0,
            combine: Combine::Fused,
            appearance: AppearanceSpec {
                tau_s: 0.0,
                ..AppearanceSpec::default()
            },
            actual: names.map(|name| (name.to_owned(), unknown.clone())).into(),
            assumed: None,
            prior: names
                .into_iter()
                .zip([0.2, 0.2, 0.6])
                .map(|(name, p)| (name.to_owned(), NonNegative(p)))
                .collect(),
            affiliations: BTreeMap::new(),
            identity: IdentityThresholds::default(),
            flight_plan: Some(FlightPlanSourceSpec {
                lateral_gate_m: 1.0,
                vertical_gate_m: 1.0,
                window_s: 1.0,
                correlation: 1.0,
                chance_match: 0.0,
                any_plan: false,
                assumed: Some(MatchBelief {
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
                assumed: AffiliationProbabilities {
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

    fn id_source_set(spec: &IdentificationSpec, rows: &[String]) -> IdSources {
        IdSources::new(spec, rows, &[], 0.0)
    }

    /// No reply makes hostile .732; no plan besides .930; a plan after all .064. The ledger passes through all of it.
    #[test]
    fn the_worked_example() {
        let spec = worked_example();
        let identifier = Identifier::new(&spec, &[], Millis(10_000));
        let id_sources = id_source_set(&spec, &identifier.rows);
        let no_reply = Readings {
            iff: Some(false),
            ..Readings::default()
        };
        let state = IdSourceState::of(no_reply, Millis(1000));
        let mut evidence = Evidence::NONE;
        identifier.add(&mut evidence, 3);
        for (matched, hostile) in [(None, 0.7317), (Some(false), 0.9304), (Some(true), 0.0638)] {
            let gathered = Gathered {
                evidence: &evidence,
                matched,
                id_sources: &id_sources,
                state: &state,
                memory: None,
                time: Millis(1000),
                shift_log_odds: 0.0,
            };
            let fused = identifier.fuse(&gathered);
            let p_hostile = fused.posterior.affiliation[2];
            assert!(
                (p_hostile - hostile).abs() < 5e-5,
                "{p_hostile}, expected {hostile}"
            );
            assert_eq!(fused.id_sources, 1 + u32::from(matched.is_some()));
            let ledger = identifier.ledger(&gathered);
            let names: Vec<&str> = ledger.iter().map(|entry| entry.id_source).collect();
            let mut expected = vec!["prior", "declarations", "flight_plan", "iff"];
            expected.retain(|&name| name != "flight_plan" || matched.is_some());
            assert_eq!(names, expected);
            assert_eq!(
                ledger.last().unwrap().posterior,
                fused.posterior.affiliation
            );
            assert!((ledger[0].posterior[2] - 0.6).abs() < 1e-12);
        }
    }

    fn gathered<'a>(
        evidence: &'a Evidence,
        id_sources: &'a IdSources,
        state: &'a IdSourceState,
        time: Millis,
    ) -> Gathered<'a> {
        Gathered {
            evidence,
            matched: None,
            id_sources,
            state,
            memory: None,
            time,
            shift_log_odds: 0.0,
        }
    }

    /// The shift is exactly that of the log-odds of hostile, and the ledger says where it came from.
    #[test]
    fn expectancy_moves_the_odds() {
        let spec = worked_example();
        let identifier = Identifier::new(&spec, &[], Millis(10_000));
        let id_sources = id_source_set(&spec, &identifier.rows);
        let state = IdSourceState::default();
        let mut evidence = Evidence::NONE;
        identifier.add(&mut evidence, 3);
        let calm = gathered(&evidence, &id_sources, &state, Millis::ZERO);
        let alert = Gathered {
            shift_log_odds: 1.25,
            ..calm
        };
        let odds = |gathered: &Gathered| {
            let p_hostile = identifier.fuse(gathered).posterior.affiliation[2];
            (p_hostile / (1.0 - p_hostile)).ln()
        };
        assert!((odds(&alert) - odds(&calm) - 1.25).abs() < 1e-12);
        assert_eq!(
            identifier.fuse(&alert).id_sources,
            0,
            "an alert is no ID source"
        );
        assert_eq!(identifier.ledger(&alert)[1].id_source, "expectancy");
    }

    /// What the ledger writes, and its order.
    #[test]
    fn the_ledger_names_every_id_source_and_its_age() {
        let mut spec = worked_example();
        full(&mut spec, &tables(&[0.3; 64], &[0.5; 6]), &AFFILIATIONS);
        let identifier = Identifier::new(&spec, &[], Millis(10_000));
        let id_sources = IdSources::new(&spec, &identifier.rows, &zones(), 0.0);
        let readings = Readings {
            iff: Some(true),
            code: Some(2),
            optical: Some(1),
            profile: Some((52.4, 1234.5)),
            first_seen: Some(Some(0)),
            lane: Some(None),
        };
        let state = IdSourceState::of(readings, Millis(4000));
        let mut evidence = Evidence::NONE;
        identifier.add(&mut evidence, 3);
        let gathered = Gathered {
            matched: Some(false),
            ..gathered(&evidence, &id_sources, &state, Millis(6500))
        };
        let ledger = identifier.ledger(&gathered);
        let lines: Vec<(&str, &str, f64)> = ledger
            .iter()
            .map(|entry| (entry.id_source, entry.said.as_str(), entry.age_s))
            .collect();
        assert_eq!(
            lines,
            [
                ("prior", "as_believed", 0.0),
                ("declarations", "unknown", 0.0),
                ("flight_plan", "no_match", 0.0),
                ("iff", "reply", 2.5),
                ("transponder", "agreed_squawk", 2.5),
                ("optical", "neutral", 2.5),
                ("profile", "52mps_1234m", 2.5),
                ("origin", "base", 2.5),
                ("lane", "outside", 2.5),
            ]
        );
        assert_eq!(
            identifier.fuse(&gathered).id_sources,
            7,
            "all but prior and declaration"
        );
    }

    /// An ID source that holds its reading impossible for everybody says nothing; ID sources that contradict each other make nothing
    /// certain, and never a hostile.
    #[test]
    fn contradictions() {
        let mut spec = worked_example();
        let iff = spec.iff.as_mut().unwrap();
        iff.assumed = AffiliationProbabilities {
            friend: 0.0,
            neutral: 0.0,
            hostile: 0.0,
        };
        let identifier = Identifier::new(&spec, &[], Millis(10_000));
        let id_sources = id_source_set(&spec, &identifier.rows);
        let reply = Readings {
            iff: Some(true),
            ..Readings::default()
        };
        let state = IdSourceState::of(reply, Millis::ZERO);
        let mut evidence = Evidence::NONE;
        identifier.add(&mut evidence, 3);
        let fused = identifier.fuse(&gathered(&evidence, &id_sources, &state, Millis::ZERO));
        assert_eq!(fused.id_sources, 0);
        assert_eq!(fused.posterior, identifier.posterior(&evidence, None));

        // Only friends answer, only hostiles have no plan.
        let iff = spec.iff.as_mut().unwrap();
        iff.assumed.friend = 1.0;
        let plan = spec.flight_plan.as_mut().unwrap();
        plan.assumed = Some(MatchBelief {
            friend: 1.0,
            neutral: 1.0,
            hostile: 0.0,
        });
        let identifier = Identifier::new(&spec, &[], Millis(10_000));
        let id_sources = id_source_set(&spec, &identifier.rows);
        let contradiction = Gathered {
            matched: Some(false),
            ..gathered(&evidence, &id_sources, &state, Millis::ZERO)
        };
        let fused = identifier.fuse(&contradiction);
        assert_eq!(fused.posterior.affiliation, [0.0; 3]);
        assert_eq!(fused.identity, Identity::Unknown);
    }

    /// R2 counts an ID source that spoke, and not one that is too old.
    #[test]
    fn a_id_source_that_spoke_counts_for_the_hostile_criteria() {
        let mut spec = worked_example();
        spec.iff.as_mut().unwrap().max_age_s = Some(30.0);
        spec.prior.insert("hostile".to_owned(), NonNegative(60.0));
        let criteria = Criteria {
            on: CriteriaOn::Hostile,
            threshold: 0.9,
            id_sources: 1,
            declarations: 0,
        };
        let identifier = Identifier::new(&spec, &[], Millis(10_000)).with_criteria(criteria);
        let id_sources = id_source_set(&spec, &identifier.rows);
        let no_reply = Readings {
            iff: Some(false),
            ..Readings::default()
        };
        let state = IdSourceState::of(no_reply, Millis::ZERO);
        let mut evidence = Evidence::NONE;
        let mut at = |seconds: i64, declares: bool| {
            if declares {
                identifier.add(&mut evidence, 3);
            }
            let fused = identifier.fuse(&gathered(
                &evidence,
                &id_sources,
                &state,
                Millis(seconds * 1000),
            ));
            (fused.id_sources, fused.identity)
        };
        assert_eq!(
            at(30, false),
            (0, Identity::Pending),
            "nothing was declared, nothing speaks"
        );
        assert_eq!(at(0, false), (1, Identity::Hostile));
        assert_eq!(at(29, true), (1, Identity::Hostile));
        assert_eq!(at(30, true), (0, Identity::Suspect), "prior alone");
    }

    /// Declarations are one source, however many; how many they are is asked for apart.
    #[test]
    fn sources_count_once_and_declarations_each() {
        let mut spec = worked_example();
        let hostile = BTreeMap::from([("hostile".to_owned(), Probability(1.0))]);
        spec.actual = AFFILIATIONS
            .map(|name| (name.to_owned(), hostile.clone()))
            .into();
        spec.prior.insert("hostile".to_owned(), NonNegative(60.0));
        let state = IdSourceState::default();
        for (id_sources, declarations, matched, hostile_from) in [
            (1, 1, None, Some(1)),
            (1, 3, None, Some(3)),
            (2, 1, None, None),
            (2, 1, Some(false), Some(1)),
            (2, 4, Some(false), Some(4)),
            (3, 1, Some(false), None),
        ] {
            let criteria = Criteria {
                on: CriteriaOn::Hostile,
                threshold: 0.9,
                id_sources,
                declarations,
            };
            let identifier = Identifier::new(&spec, &[], Millis(10_000)).with_criteria(criteria);
            let set = id_source_set(&spec, &identifier.rows);
            let mut evidence = Evidence::NONE;
            let first = (1..=6).find(|_| {
                identifier.add(&mut evidence, 2);
                let gathered = Gathered {
                    matched,
                    ..gathered(&evidence, &set, &state, Millis::ZERO)
                };
                let fused = identifier.fuse(&gathered);
                assert_eq!(fused.id_sources, 1 + u32::from(matched.is_some()));
                assert_eq!(fused.identity, identifier.identity(&evidence, matched));
                fused.identity == Identity::Hostile
            });
            assert_eq!(
                first, hostile_from,
                "{id_sources} sources, {declarations} declarations"
            );
        }
    }

    // --- The slow and obvious reference ------------------------------------------------------------------------------------

    const AFFILIATIONS: [&str; 3] = ["friend", "neutral", "hostile"];
    const TYPES: [&str; 3] = ["alpha", "bravo", "charlie"];
    const ZERO: Probability = Probability(0.0);

    fn zones() -> [Zone; 1] {
        [Zone {
            name: "base".to_owned(),
            area: Area::Circle {
                center: Point::zeros(),
                radius_m: 1.0,
            },
            floor_m: 0.0,
            top_m: 1.0,
        }]
    }

    /// Random numbers as the tables of all ID sources; by row where they speak of rows.
    #[derive(Debug, Clone)]
    struct Tables {
        reply: [f64; 3],
        plain: [f64; 3],
        agreed: [f64; 3],
        base: [f64; 3],
        lane: [f64; 3],
        /// By row, then column.
        optical: [[f64; 4]; 3],
        declared: [[f64; 4]; 3],
        /// By row: mean and sigma of speed, mean and sigma of altitude.
        profile: [[f64; 4]; 3],
        reliability: [f64; 6],
    }

    /// From 64 numbers in [0, 1); probabilities below a quarter are 0.
    fn tables(numbers: &[f64], reliability: &[f64]) -> Tables {
        let mut next = numbers.iter().copied().cycle();
        let mut three = |scale: f64| -> [f64; 3] {
            std::array::from_fn(|_| {
                let number = next.next().unwrap();
                if number < 0.25 { 0.0 } else { number * scale }
            })
        };
        let (reply, plain, agreed) = (three(1.0), three(0.5), three(0.5));
        let (base, lane) = (three(1.0), three(1.0));
        let mut matrix = || -> [[f64; 4]; 3] {
            std::array::from_fn(|_| {
                let [a, b, c] = three(1.0);
                let sum = a + b + c + 0.1;
                [a / sum, b / sum, c / sum, 0.1 / sum]
            })
        };
        let (optical, declared) = (matrix(), matrix());
        let profile = std::array::from_fn(|_| {
            let [speed, altitude, sigma] = three(1.0);
            [
                40.0 + 20.0 * speed,
                10.0 + 10.0 * sigma,
                3000.0 + 1000.0 * altitude,
                500.0,
            ]
        });
        Tables {
            reply,
            plain,
            agreed,
            base,
            lane,
            optical,
            declared,
            profile,
            reliability: std::array::from_fn(|id_source| reliability[id_source]),
        }
    }

    fn of_affiliations([friend, neutral, hostile]: [f64; 3]) -> AffiliationProbabilities {
        AffiliationProbabilities {
            friend,
            neutral,
            hostile,
        }
    }

    fn confusion(matrix: &[[f64; 4]; 3], rows: &[&str]) -> ConfusionMatrix {
        let named = |row: &[f64; 4]| {
            let names = rows.iter().copied().chain(["unknown"]);
            names
                .zip(row)
                .map(|(name, &p)| (name.to_owned(), Probability(p)))
                .filter(|(_, p)| *p > ZERO)
                .collect()
        };
        rows.iter()
            .zip(matrix)
            .map(|(row, columns)| ((*row).to_owned(), named(columns)))
            .collect()
    }

    /// Every ID source there is, with these tables.
    fn full(spec: &mut IdentificationSpec, tables: &Tables, rows: &[&str]) {
        let [iff, transponder, optical, profile, origin, age] = tables.reliability;
        let max_age_s = (age > 0.5).then_some(20.0 * age);
        spec.iff = Some(IffSpec {
            interval_s: 1.0,
            reply: 1.0,
            key_mismatch_per_day: 0.0,
            spoof: 0.0,
            assumed: of_affiliations(tables.reply),
            reliability: iff,
            max_age_s,
        });
        spec.transponder = Some(TransponderSpec {
            interval_s: 1.0,
            reception: 1.0,
            plain: of_affiliations(tables.plain),
            agreed: Some(of_affiliations(tables.agreed)),
            reliability: transponder,
            max_age_s: None,
        });
        spec.optical = Some(OpticalSpec {
            interval_s: 1.0,
            ifov_mrad: 0.1,
            task: Task::Recognise,
            day: None,
            night_factor: 0.0,
            tau_s: 0.0,
            actual: confusion(&tables.declared, rows),
            assumed: Some(confusion(&tables.optical, rows)),
            reliability: optical,
            max_age_s,
        });
        let rows = rows.iter().zip(tables.profile);
        spec.profile = Some(ProfileSpec {
            rows: rows
                .map(
                    |(row, [speed_mps, speed_sigma_mps, altitude_m, altitude_sigma_m])| {
                        let row_of = ProfileRow {
                            speed_mps,
                            speed_sigma_mps,
                            altitude_m,
                            altitude_sigma_m,
                        };
                        ((*row).to_owned(), row_of)
                    },
                )
                .collect(),
            reliability: profile,
            max_age_s: None,
        });
        let entry = |inside| {
            vec![ZoneBelief {
                zone: "base".to_owned(),
                inside: of_affiliations(inside),
            }]
        };
        spec.origin = Some(OriginSpec {
            first_seen: entry(tables.base),
            lanes: entry(tables.lane),
            reliability: origin,
        });
    }

    /// r L + (1 - r) mean(L), or nothing at all.
    fn plainly(likelihood: [f64; 3], reliability: f64) -> Option<[f64; 3]> {
        let mean = likelihood.iter().sum::<f64>() / 3.0;
        let says = reliability > 0.0 && mean > 0.0;
        says.then(|| likelihood.map(|l| reliability * l + (1.0 - reliability) * mean))
    }

    fn times(one: [f64; 3], other: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|at| one[at] * other[at])
    }

    fn number() -> impl Strategy<Value = f64> {
        0f64..1.0
    }

    proptest! {
        /// Products over (row, affiliation), one factor after the other, against the sums of logarithms; and the ledger
        /// ends where the fusion does.
        #[test]
        fn fusion_is_a_plain_product(
            by_type: bool,
            numbers in prop::collection::vec(number(), 64),
            shares in prop::collection::vec(number(), 9),
            reliability in prop::collection::vec(prop::sample::select(vec![0.0, 0.3, 0.55, 0.9, 1.0]), 6),
            declared in prop::collection::vec(0u8..4, 0..8),
            readings in (prop::option::of(any::<bool>()), prop::option::of(0usize..3), prop::option::of(0u8..4),
                prop::option::of((40f64..60.0, 3000f64..4000.0)), prop::option::of(any::<bool>()),
                prop::option::of(any::<bool>())),
            (matched, plan) in (any::<Option<bool>>(), prop::array::uniform3(0f64..1.0)),
            (age_s, shift) in (0i64..25, prop::sample::select(vec![0.0, -1.0, 2.5])),
        ) {
            let rows: &[&str] = if by_type { &TYPES } else { &AFFILIATIONS };
            let tables = tables(&numbers, &reliability);
            let mut spec = worked_example();
            full(&mut spec, &tables, rows);
            spec.actual = confusion(&tables.declared, rows);
            spec.flight_plan.as_mut().unwrap().assumed = Some(MatchBelief {
                friend: plan[0], neutral: plan[1], hostile: plan[2],
            });
            spec.prior.clear();
            let prior: [f64; 3] = std::array::from_fn(|k| shares[k] + 0.01);
            for (row, p) in rows.iter().zip(prior) {
                spec.prior.insert((*row).to_owned(), NonNegative(p));
            }
            let mut share = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
            if by_type {
                spec.over = Hypotheses::Types;
                for (k, row) in rows.iter().enumerate() {
                    share[k] = std::array::from_fn(|a| (shares[3 * k + a] - 0.3).max(0.0));
                    share[k][k] += 0.1;
                    let [friend, neutral, hostile] = share[k];
                    spec.affiliations.insert((*row).to_owned(), AffiliationShares { friend, neutral, hostile });
                    let sum: f64 = share[k].iter().sum();
                    share[k] = share[k].map(|part| part / sum);
                }
            }
            let identifier = Identifier::new(&spec, &TYPES.map(str::to_owned), Millis(10_000));
            let id_sources = IdSources::new(&spec, &identifier.rows, &zones(), 0.0);
            // Rows stand in the order of how hostile they mean.
            let at = |column: u8| {
                let found = rows.get(usize::from(column))
                    .and_then(|name| identifier.rows.iter().position(|row| row == name));
                found.map_or(3, |row| row as u8)
            };
            let entry = |inside: bool| inside.then_some(0u8);
            let (iff, code, optical, profile, first_seen, lane) = readings;
            let state = IdSourceState::of(Readings {
                iff, code, optical: optical.map(at), profile,
                first_seen: first_seen.map(entry),
                lane: lane.map(entry),
            }, Millis::ZERO);
            let mut evidence = Evidence::NONE;
            for &column in &declared {
                identifier.add(&mut evidence, at(column));
            }
            let gathered = Gathered {
                evidence: &evidence, matched, id_sources: &id_sources, state: &state, memory: None, time: Millis(age_s * 1000), shift_log_odds: shift,
            };
            let fused = identifier.fuse(&gathered);
            let ledger = identifier.ledger(&gathered);
            prop_assert_eq!(ledger.last().unwrap().posterior, fused.posterior.affiliation);

            // The reference.
            let [r_iff, r_transponder, r_optical, r_profile, r_origin, age] = tables.reliability;
            let fade = if age > 0.5 { (1.0 - age_s as f64 / (20.0 * age)).max(0.0) } else { 1.0 };
            let either = |said: bool, p: [f64; 3]| if said { p } else { p.map(|p| 1.0 - p) };
            let (mut of_row, mut of_affiliation) = (prior, [1.0; 3]);
            let mut count = 0;
            for &column in &declared {
                of_row = times(of_row, std::array::from_fn(|k| tables.declared[k][usize::from(column)]));
            }
            count += u32::from(declared.iter().any(|&column| column < 3));
            of_affiliation[2] *= f64::exp(shift);
            if let Some(matched) = matched {
                of_affiliation = times(of_affiliation, either(matched, plan));
                count += 1;
            }
            let silent = |a: usize| 1.0 - tables.plain[a] - tables.agreed[a];
            let about_affiliations = [
                iff.map(|reply| plainly(either(reply, tables.reply), r_iff * fade)),
                code.map(|code| [std::array::from_fn(silent), tables.plain, tables.agreed][code])
                    .map(|likelihood| plainly(likelihood, r_transponder)),
                first_seen.map(|inside| plainly(either(inside, tables.base), r_origin)),
                lane.map(|inside| plainly(either(inside, tables.lane), r_origin)),
            ];
            for likelihood in about_affiliations.into_iter().flatten().flatten() {
                of_affiliation = times(of_affiliation, likelihood);
                count += 1;
            }
            let density = |(speed, altitude): (f64, f64)| {
                tables.profile.map(|[mean_v, sigma_v, mean_h, sigma_h]| {
                    let (v, h) = ((speed - mean_v) / sigma_v, (altitude - mean_h) / sigma_h);
                    f64::exp(-0.5 * (v * v + h * h)) / (sigma_v * sigma_h)
                })
            };
            let about_rows = [
                optical.map(|column| tables.optical.map(|row| row[usize::from(column)]))
                    .map(|likelihood| plainly(likelihood, r_optical * fade)),
                profile.map(|estimate| plainly(density(estimate), r_profile)),
            ];
            for (id_source, likelihood) in about_rows.into_iter().enumerate() {
                if let Some(likelihood) = likelihood.flatten() {
                    of_row = times(of_row, likelihood);
                    count += u32::from(id_source != 0 || optical != Some(3));
                }
            }
            let weigh = |of_row: [f64; 3]| {
                let affiliation: [f64; 3] = std::array::from_fn(|a| (0..3).map(|k| of_row[k] * share[k][a] * of_affiliation[a]).sum());
                (affiliation.iter().sum::<f64>() > 0.0).then_some(affiliation)
            };
            let affiliation = weigh(of_row).or_else(|| weigh([1.0; 3])).unwrap_or([0.0; 3]);
            let sum: f64 = affiliation.iter().sum();
            for (found, expected) in fused.posterior.affiliation.iter().zip(affiliation) {
                let expected = if sum > 0.0 { expected / sum } else { 0.0 };
                prop_assert!((found - expected).abs() < 1e-9, "{:?}, expected {:?}", fused.posterior, affiliation);
            }
            let (by_row, by_affiliation): (f64, f64) = (fused.posterior.row.iter().sum(), fused.posterior.affiliation.iter().sum());
            prop_assert!((by_row - by_affiliation).abs() < 1e-9);
            prop_assert_eq!(fused.id_sources, count);
        }

        /// Without ID sources and shift: posterior and identity of the identifier itself.
        #[test]
        fn without_id_sources_nothing_is_different(
            single: bool,
            numbers in prop::collection::vec(number(), 64),
            plan in prop::array::uniform3(prop::sample::select(vec![0.0, 0.2, 0.9])),
            declared in prop::collection::vec(0u8..4, 0..8),
            matched: Option<bool>,
        ) {
            let tables = tables(&numbers, &[1.0; 6]);
            let mut spec = worked_example();
            spec.iff = None;
            spec.actual = confusion(&tables.declared, &AFFILIATIONS);
            spec.combine = if single { Combine::Single } else { Combine::Fused };
            spec.flight_plan.as_mut().unwrap().assumed = Some(MatchBelief {
                friend: plan[0], neutral: plan[1], hostile: plan[2],
            });
            let identifier = Identifier::new(&spec, &[], Millis(10_000));
            let (id_sources, state) = (id_source_set(&spec, &identifier.rows), IdSourceState::default());
            let mut evidence = Evidence::NONE;
            for &column in &declared {
                identifier.add(&mut evidence, column);
            }
            let fused = identifier.fuse(&Gathered { matched, ..gathered(&evidence, &id_sources, &state, Millis::ZERO) });
            let plain = identifier.posterior(&evidence, matched);
            for (one, other) in fused.posterior.affiliation.iter().zip(plain.affiliation) {
                prop_assert!((one - other).abs() < 1e-9, "{:?}, expected {:?}", fused.posterior, plain);
            }
            let edges = [0.6, 0.9];
            let near = |p: &f64| edges.iter().any(|edge| (p - edge).abs() < 1e-9);
            if !plain.affiliation.iter().any(near) {
                prop_assert_eq!(fused.identity, identifier.identity_by_sum(&evidence, matched));
            }
        }
    }
}
