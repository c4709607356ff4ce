//! Declarations and their fusion: from the confusion matrix to an identity.
//!
//! *World*: a declaration is a draw from the row of the confusion matrix that is true of the aircraft. *Belief*: the
//! site weighs hypotheses (row k, regard a) by prior_k share(a|k) * prod P(declaration | k) * P(plan check | a), as in
//! STANAG 4162; matrix and belief are two tables. A row is a type or a regard; with regards the shares are 1 and 0. The
//! plan check counts once, as it stands now, not once per look. Posterior to STANAG 1241 identity by thresholds.
//!
//! The sum of logarithms is kept, so that a thousand looks cannot underflow. Where one row outweighs all others so far
//! that no threshold can tell, the identity is that of the row alone, looked up instead of computed; the tests hold
//! this to the plain sum.

use super::{Combine, Hypotheses, IdentificationSpec, IdentityThresholds, MatchBelief};
use crate::elementary::exp_of_negative;
use crate::ids::TypeId;
use crate::record::{Identity, Regard};

/// Most rows of a confusion matrix.
pub const MAX_ROWS: usize = 15;

/// An [`IdentificationSpec`] ready to use.
#[derive(Debug, Clone)]
pub struct Identifier {
    /// Row names; one beyond the last is `unknown`.
    pub rows: Vec<String>,
    /// The specification.
    pub spec: IdentificationSpec,
    /// Time between declarations, ms.
    pub interval_ms: i64,
    row_of_type: Vec<Option<u8>>,
    /// Cumulated probabilities of the columns, times 2^32, by true row.
    world: Vec<Vec<u64>>,
    /// ln P(column | row) as believed, by column then row.
    believed: Vec<[f64; MAX_ROWS]>,
    ln_prior: [f64; MAX_ROWS],
    shares: [[f64; 3]; MAX_ROWS],
    plan: Option<[[f64; 3]; 2]>,
    criteria: Criteria,
    /// By row and plan check: the identity when that row outweighs the others by this much.
    certain: Vec<[(f64, Identity); 3]>,
}

/// What must hold before a track is held Hostile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criteria {
    /// What the posterior is about.
    pub on: CriteriaOn,
    /// The posterior that must be exceeded.
    pub threshold: f64,
    /// Cues that must have spoken.
    pub cues: u32,
}

/// What the posterior of the criteria is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CriteriaOn {
    /// The regard hostile.
    Hostile,
    /// A type; never met by a class whose matrix does not have it.
    Type(TypeId),
}

/// What a site has gathered about one track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    ln_likelihood: [f64; MAX_ROWS],
    /// Declarations other than `unknown`.
    pub cues: u32,
    /// The latest declaration.
    pub latest: Option<u8>,
}

impl Evidence {
    /// Nothing yet.
    pub const NONE: Evidence = Evidence { ln_likelihood: [0.0; MAX_ROWS], cues: 0, latest: None };
}

/// The site's belief about one track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posterior {
    /// P(friend), P(neutral), P(hostile).
    pub regard: [f64; 3],
    /// P(row).
    pub row: [f64; MAX_ROWS],
}

impl Identifier {
    /// Makes a checked specification ready; `types` are the scenario's type names in order.
    pub fn new(spec: &IdentificationSpec, types: &[String]) -> Identifier {
        let rows: Vec<String> = match spec.over {
            Hypotheses::Types => spec.world.keys().take(MAX_ROWS).cloned().collect(),
            Hypotheses::Regards => Regard::ALL.iter().map(|regard| regard.code().to_string()).collect(),
        };
        let column = |matrix: &super::ConfusionMatrix, row: &str, column: usize| {
            let name = rows.get(column).map_or("unknown", String::as_str);
            matrix.get(row).and_then(|row| row.get(name)).map_or(0.0, |p| p.0)
        };
        let columns = rows.len() + 1;
        let world = rows
            .iter()
            .map(|row| {
                let mut sum = 0.0;
                (0..columns)
                    .map(|j| {
                        sum += column(&spec.world, row, j);
                        libm::round(sum * 4_294_967_296.0) as u64
                    })
                    .collect()
            })
            .collect();
        let belief = spec.believed.as_ref().unwrap_or(&spec.world);
        let believed = (0..columns)
            .map(|j| {
                let mut ln = [f64::NEG_INFINITY; MAX_ROWS];
                for (k, row) in rows.iter().enumerate() {
                    ln[k] = libm::log(column(belief, row, j));
                }
                ln
            })
            .collect();
        let mut ln_prior = [f64::NEG_INFINITY; MAX_ROWS];
        let mut shares = [[0.0; 3]; MAX_ROWS];
        for (k, row) in rows.iter().enumerate() {
            let weight = if spec.prior.is_empty() { 1.0 } else { spec.prior.get(row).map_or(0.0, |p| p.0) };
            ln_prior[k] = libm::log(weight);
            match spec.over {
                Hypotheses::Regards => shares[k][k] = 1.0,
                Hypotheses::Types => {
                    let share = spec.regards.get(row);
                    let parts = share.map_or([0.0, 1.0, 0.0], |s| [s.friend, s.neutral, s.hostile]);
                    let sum: f64 = parts.iter().sum();
                    shares[k] = parts.map(|part| if sum > 0.0 { part / sum } else { 1.0 / 3.0 });
                }
            }
        }
        let plan = spec.flight_plan.as_ref().and_then(|cue| cue.believed).map(|belief| {
            let MatchBelief { friend, neutral, hostile } = belief;
            let matched = [friend, neutral, hostile];
            [matched.map(|p| 1.0 - p), matched]
        });
        let row_of_type = types
            .iter()
            .map(|name| match spec.over {
                Hypotheses::Types => rows.iter().position(|row| row == name).map(|row| row as u8),
                Hypotheses::Regards => None,
            })
            .collect();
        let mut identifier = Identifier {
            rows,
            interval_ms: (libm::round(spec.interval_s * 1000.0) as i64).max(1),
            spec: spec.clone(),
            row_of_type,
            world,
            believed,
            ln_prior,
            shares,
            plan,
            criteria: Criteria { on: CriteriaOn::Hostile, threshold: spec.identity.hostile, cues: 1 },
            certain: Vec::new(),
        };
        identifier.prepare_certain();
        identifier
    }

    /// The same with other hostile criteria (rule R2).
    pub fn with_criteria(mut self, criteria: Criteria) -> Identifier {
        self.criteria = criteria;
        self.prepare_certain();
        self
    }

    /// The row that is true of an aircraft.
    pub fn truth_row(&self, type_id: TypeId, regard: Regard) -> u8 {
        match self.spec.over {
            Hypotheses::Types => self.row_of_type[type_id.index()].unwrap_or(self.rows.len() as u8),
            Hypotheses::Regards => regard as u8,
        }
    }

    /// What the site declares about an aircraft of this true row, for a word drawn uniformly from 32 bits.
    pub fn declare(&self, truth_row: u8, word: u32) -> u8 {
        let word = u64::from(word);
        match self.world.get(usize::from(truth_row)) {
            Some(row) => row.iter().position(|&bound| word < bound).unwrap_or(self.rows.len()) as u8,
            None => self.rows.len() as u8,
        }
    }

    /// Adds a declaration to the evidence.
    #[inline]
    pub fn add(&self, evidence: &mut Evidence, declared: u8) {
        evidence.cues += u32::from(usize::from(declared) < self.rows.len());
        evidence.latest = Some(declared);
        if self.spec.combine == Combine::Fused {
            let ln = &self.believed[usize::from(declared)];
            for (sum, ln) in evidence.ln_likelihood.iter_mut().zip(ln).take(self.rows.len()) {
                *sum += ln;
            }
        }
    }

    /// The posterior, by the plain sum.
    pub fn posterior(&self, evidence: &Evidence, matched: Option<bool>) -> Posterior {
        let count = self.rows.len();
        let mut weight = [0.0; MAX_ROWS];
        match (self.spec.combine, evidence.latest) {
            (Combine::Single, Some(latest)) if usize::from(latest) < count => weight[usize::from(latest)] = 1.0,
            (Combine::Single, _) => {
                for (weight, &ln_prior) in weight.iter_mut().zip(&self.ln_prior[..count]) {
                    *weight = libm::exp(ln_prior);
                }
            }
            (Combine::Fused, _) => {
                let ln = |k: usize| self.ln_prior[k] + evidence.ln_likelihood[k];
                // The heaviest row that the plan check leaves possible: measured by it, the sum cannot underflow.
                let cue = self.cue(matched);
                let possible = |&k: &usize| (0..3).any(|a| self.shares[k][a] * cue[a] > 0.0);
                let top = (0..count).filter(possible).map(ln).fold(f64::NEG_INFINITY, f64::max);
                for (k, weight) in weight.iter_mut().enumerate().take(count) {
                    // All rows impossible: nothing is known. A row that the plan check rules out weighs nothing.
                    *weight = match top {
                        f64::NEG_INFINITY => 1.0,
                        _ if possible(&k) => libm::exp(ln(k) - top),
                        _ => 0.0,
                    };
                }
            }
        }
        let cue = self.cue(matched);
        let mut regard = [0.0; 3];
        let mut row = [0.0; MAX_ROWS];
        let mut sum = 0.0;
        for k in 0..count {
            for a in 0..3 {
                let part = weight[k] * self.shares[k][a] * cue[a];
                regard[a] += part;
                row[k] += part;
                sum += part;
            }
        }
        if sum > 0.0 {
            regard = regard.map(|part| part / sum);
            row = row.map(|part| part / sum);
        }
        Posterior { regard, row }
    }

    /// The identity that follows from the evidence and the plan check (`None`: no check is made).
    #[inline]
    pub fn identity(&self, evidence: &Evidence, matched: Option<bool>) -> Identity {
        if self.spec.combine == Combine::Fused {
            let (mut top, mut best, mut second) = (0, f64::NEG_INFINITY, f64::NEG_INFINITY);
            for k in 0..self.rows.len() {
                let ln = self.ln_prior[k] + evidence.ln_likelihood[k];
                if ln > best {
                    second = best;
                    best = ln;
                    top = k;
                } else if ln > second {
                    second = ln;
                }
            }
            let (lead, identity) = self.certain[top][plan_index(matched)];
            if best - second > lead && evidence.cues >= self.criteria.cues {
                return identity;
            }
            // Where the plan check rules the best row out, the short sum would measure the others by a row that is none.
            if lead < f64::INFINITY && best > f64::NEG_INFINITY && evidence.latest.is_some() {
                return self.identity_by_short_sum(evidence, best, matched);
            }
        }
        self.identity_by_sum(evidence, matched)
    }

    /// The same by the plain sum.
    pub fn identity_by_sum(&self, evidence: &Evidence, matched: Option<bool>) -> Identity {
        if evidence.latest.is_none() {
            return Identity::Pending;
        }
        if self.spec.combine == Combine::Single
            && evidence.latest.is_some_and(|latest| usize::from(latest) == self.rows.len())
        {
            return Identity::Unknown;
        }
        let cues = evidence.cues + u32::from(self.plan.is_some() && matched.is_some());
        self.judge(&self.posterior(evidence, matched), cues)
    }

    /// The same sum without the posteriors nobody asks for: regards, and what the criteria are about.
    fn identity_by_short_sum(&self, evidence: &Evidence, best: f64, matched: Option<bool>) -> Identity {
        let count = self.rows.len();
        let cue = self.cue(matched);
        let criterion_row = match self.criteria.on {
            CriteriaOn::Hostile => None,
            CriteriaOn::Type(type_id) => self.row_of_type.get(type_id.index()).copied().flatten(),
        };
        let (mut regard, mut of_row) = ([0.0; 3], 0.0);
        for k in 0..count {
            let weight = exp_of_negative(self.ln_prior[k] + evidence.ln_likelihood[k] - best);
            let parts: [f64; 3] = std::array::from_fn(|a| weight * self.shares[k][a] * cue[a]);
            if criterion_row == Some(k as u8) {
                of_row = parts[0] + parts[1] + parts[2];
            }
            regard = std::array::from_fn(|a| regard[a] + parts[a]);
        }
        let scale = 1.0 / (regard[0] + regard[1] + regard[2]);
        let criterion = match self.criteria.on {
            CriteriaOn::Hostile => regard[2] * scale,
            CriteriaOn::Type(_) => of_row * scale,
        };
        let cues = evidence.cues + u32::from(self.plan.is_some() && matched.is_some());
        self.judge_by(regard.map(|part| part * scale), criterion, cues)
    }

    fn cue(&self, matched: Option<bool>) -> [f64; 3] {
        match (self.plan, matched) {
            (Some(plan), Some(matched)) => plan[usize::from(matched)],
            _ => [1.0; 3],
        }
    }

    fn judge(&self, posterior: &Posterior, cues: u32) -> Identity {
        self.judge_by(posterior.regard, self.criterion(posterior), cues)
    }

    fn judge_by(&self, [p_friend, p_neutral, p_hostile]: [f64; 3], criterion: f64, cues: u32) -> Identity {
        let IdentityThresholds { hostile, friend, neutral, suspect, assumed_friend } = self.spec.identity;
        if cues >= self.criteria.cues && criterion > self.criteria.threshold {
            Identity::Hostile
        } else if p_friend > friend {
            Identity::Friend
        } else if p_neutral > neutral {
            Identity::Neutral
        } else if p_hostile > suspect.min(hostile) {
            Identity::Suspect
        } else if p_friend > assumed_friend {
            Identity::AssumedFriend
        } else {
            Identity::Unknown
        }
    }

    fn criterion(&self, posterior: &Posterior) -> f64 {
        match self.criteria.on {
            CriteriaOn::Hostile => posterior.regard[2],
            CriteriaOn::Type(type_id) => match self.row_of_type.get(type_id.index()) {
                Some(Some(row)) => posterior.row[usize::from(*row)],
                _ => 0.0,
            },
        }
    }

    /// What the identity is when one row is certain, and how far that row's logarithm must lead for it to be so.
    ///
    /// All other rows together weigh at most (rows - 1) e^-lead, so no posterior is farther than (rows - 1) e^-lead / w
    /// from that of the row alone, where w is what the plan check leaves of the row. That is less than its distance from
    /// every threshold once the lead is large enough.
    fn prepare_certain(&mut self) {
        let thresholds = self.spec.identity;
        let others = (self.rows.len() as f64 - 1.0).max(1.0);
        self.certain = (0..self.rows.len())
            .map(|k| {
                [None, Some(false), Some(true)].map(|matched| {
                    let cue = self.cue(matched);
                    let parts: [f64; 3] = std::array::from_fn(|a| self.shares[k][a] * cue[a]);
                    let left: f64 = parts.iter().sum();
                    if left <= 0.0 {
                        return (f64::INFINITY, Identity::Unknown);
                    }
                    let mut row = [0.0; MAX_ROWS];
                    row[k] = 1.0;
                    let posterior = Posterior { regard: parts.map(|part| part / left), row };
                    let [friend, neutral, hostile] = posterior.regard;
                    let distance = [
                        self.criterion(&posterior) - self.criteria.threshold,
                        friend - thresholds.friend,
                        neutral - thresholds.neutral,
                        hostile - thresholds.suspect.min(thresholds.hostile),
                        friend - thresholds.assumed_friend,
                    ]
                    .into_iter()
                    .fold(f64::INFINITY, |least, distance| least.min(distance.abs()));
                    // A little more than enough, for rounding; a threshold that is met exactly leaves it to the sum.
                    let lead = libm::log(others / (left * distance)) + 1e-6;
                    (lead, self.judge(&posterior, u32::MAX))
                })
            })
            .collect();
    }
}

fn plan_index(matched: Option<bool>) -> usize {
    match matched {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identification::{FlightPlanCueSpec, NonNegative, Probability, RegardShares};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const REGARDS: [&str; 3] = ["friend", "neutral", "hostile"];
    const TYPES: [&str; 4] = ["alpha", "bravo", "charlie", "delta"];

    /// A matrix from weights, eight a row; weights below a fifth are 0.
    fn matrix(rows: &[&str], weights: &[f64]) -> super::super::ConfusionMatrix {
        let row = |k: usize, name: &str| {
            let column = |j: usize| if weights[8 * k + j] < 0.2 { 0.0 } else { weights[8 * k + j] };
            // Nobody declares nothing at all.
            let sum: f64 = (0..=rows.len()).map(column).sum::<f64>() + 0.1;
            let names = rows.iter().copied().chain(["unknown"]).enumerate();
            let entry = |(j, name): (usize, &str)| {
                let rest = if j == rows.len() { 0.1 } else { 0.0 };
                (name.to_string(), Probability((column(j) + rest) / sum))
            };
            (name.to_string(), names.map(entry).collect())
        };
        rows.iter().enumerate().map(|(k, name)| row(k, name)).collect()
    }

    fn spec(over: Hypotheses, world: super::super::ConfusionMatrix) -> IdentificationSpec {
        IdentificationSpec {
            over,
            interval_s: 10.0,
            combine: Combine::Fused,
            world,
            believed: None,
            prior: BTreeMap::new(),
            regards: BTreeMap::new(),
            identity: IdentityThresholds::default(),
            flight_plan: None,
        }
    }

    fn cue(friend: f64, neutral: f64, hostile: f64) -> FlightPlanCueSpec {
        FlightPlanCueSpec {
            lateral_gate_m: 1.0,
            vertical_gate_m: 1.0,
            window_s: 1.0,
            correlation: 1.0,
            chance_match: 0.0,
            believed: Some(MatchBelief { friend, neutral, hostile }),
        }
    }

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| name.to_string()).collect()
    }

    /// A matrix that says the same of every row: every declaration is `unknown`.
    fn silent() -> super::super::ConfusionMatrix {
        REGARDS.iter().map(|row| (row.to_string(), BTreeMap::from([("unknown".into(), Probability(1.0))]))).collect()
    }

    /// Prior .02 : .20 : .60 (a missing reply put in by hand); a plan is matched with .8, .8, .02.
    #[test]
    fn the_plan_cue_gives_the_known_posteriors() {
        let mut spec = spec(Hypotheses::Regards, silent());
        spec.prior = REGARDS.iter().zip([0.02, 0.2, 0.6]).map(|(row, p)| (row.to_string(), NonNegative(p))).collect();
        let without = Identifier::new(&spec, &[]);
        spec.flight_plan = Some(cue(0.8, 0.8, 0.02));
        let with = Identifier::new(&spec, &[]);
        let mut evidence = Evidence::NONE;
        without.add(&mut evidence, 3);
        for (identifier, matched, hostile) in
            [(&without, None, 0.7317), (&with, Some(false), 0.9304), (&with, Some(true), 0.0638)]
        {
            let posterior = identifier.posterior(&evidence, matched).regard;
            assert!((posterior[2] - hostile).abs() < 5e-5, "{posterior:?}, expected {hostile}");
            assert!((posterior.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    /// A perfect matrix declares hostile; a matching plan says that it cannot be: nothing is known.
    #[test]
    fn a_contradiction_between_cues_makes_nothing_certain() {
        let perfect =
            REGARDS.iter().map(|row| (row.to_string(), BTreeMap::from([(row.to_string(), Probability(1.0))]))).collect();
        let mut spec = spec(Hypotheses::Regards, perfect);
        spec.flight_plan = Some(cue(0.8, 0.8, 0.0));
        let identifier = Identifier::new(&spec, &[]);
        let mut evidence = Evidence::NONE;
        identifier.add(&mut evidence, 2);
        assert_eq!(identifier.identity(&evidence, Some(false)), Identity::Hostile);
        assert_eq!(identifier.identity(&evidence, Some(true)), Identity::Unknown);
        assert_eq!(identifier.identity_by_sum(&evidence, Some(true)), Identity::Unknown);
    }

    /// The row that the plan check rules out leads the others by far more than an `f64` can hold: the others decide.
    #[test]
    fn a_row_that_is_ruled_out_does_not_drown_the_others() {
        let likely = |p: [f64; 3]| {
            let columns = REGARDS.iter().map(|name| name.to_string()).zip(p.map(Probability));
            columns.collect::<BTreeMap<_, _>>()
        };
        let world = BTreeMap::from([
            ("friend".to_string(), likely([0.90, 0.09, 0.01])),
            ("neutral".to_string(), likely([0.90, 0.099, 0.001])),
            ("hostile".to_string(), likely([0.0, 0.0, 1.0])),
        ]);
        let mut spec = spec(Hypotheses::Regards, world);
        spec.flight_plan = Some(cue(0.5, 0.5, 0.0));
        let identifier = Identifier::new(&spec, &[]);
        let mut evidence = Evidence::NONE;
        for _ in 0..1000 {
            identifier.add(&mut evidence, 2);
        }
        assert_eq!(identifier.identity(&evidence, None), Identity::Hostile);
        assert_eq!(identifier.identity(&evidence, Some(true)), Identity::Friend);
        assert_eq!(identifier.identity_by_sum(&evidence, Some(true)), Identity::Friend);
        assert!(identifier.posterior(&evidence, Some(true)).regard[0] > 0.999);
    }

    #[test]
    fn before_a_declaration_an_identity_is_pending_and_a_single_unknown_is_unknown() {
        let mut spec = spec(Hypotheses::Regards, matrix(&REGARDS, &[0.5; 24]));
        for combine in [Combine::Single, Combine::Fused] {
            spec.combine = combine;
            let identifier = Identifier::new(&spec, &[]);
            assert_eq!(identifier.identity(&Evidence::NONE, None), Identity::Pending);
        }
        spec.combine = Combine::Single;
        let identifier = Identifier::new(&spec, &[]);
        let mut evidence = Evidence::NONE;
        for (declared, identity) in [
            (2, Identity::Hostile),
            (3, Identity::Unknown),
            (0, Identity::Friend),
            (1, Identity::Neutral),
        ] {
            identifier.add(&mut evidence, declared);
            assert_eq!(identifier.identity(&evidence, None), identity, "the latest stands alone");
        }
    }

    #[test]
    fn a_declaration_is_the_column_in_which_the_word_falls() {
        let row = BTreeMap::from([("friend".into(), Probability(0.25)), ("unknown".into(), Probability(0.75))]);
        let world = REGARDS.iter().map(|name| (name.to_string(), row.clone())).collect();
        let identifier = Identifier::new(&spec(Hypotheses::Regards, world), &[]);
        let quarter = 1u32 << 30;
        for (word, declared) in [(0, 0), (quarter - 1, 0), (quarter, 3), (u32::MAX, 3)] {
            assert_eq!(identifier.declare(1, word), declared, "{word}");
        }
        assert_eq!(identifier.declare(3, 0), 3, "what is in no row is declared unknown");
    }

    #[test]
    fn the_row_that_is_true_is_the_type_or_the_regard() {
        let types = names(&["bravo", "zulu", "alpha"]);
        let by_type = Identifier::new(&spec(Hypotheses::Types, matrix(&["alpha", "bravo"], &[0.5; 16])), &types);
        let rows: Vec<u8> = (0..3).map(|id| by_type.truth_row(TypeId(id), Regard::Hostile)).collect();
        assert_eq!(rows, [1, 2, 0], "zulu is in no row");
        let by_regard = Identifier::new(&spec(Hypotheses::Regards, silent()), &types);
        assert_eq!(Regard::ALL.map(|regard| by_regard.truth_row(TypeId(1), regard)), [0, 1, 2]);
    }

    proptest! {
        /// The shortcut and the short sum against the plain sum. Posteriors within 1e-9 of a threshold are left out:
        /// there the two may differ by a rounding.
        #[test]
        fn shortcuts_change_no_identity(
            by_type: bool,
            weights in prop::collection::vec(0f64..1.0, 64),
            prior in prop::option::of(prop::collection::vec(0.01f64..2.0, 4)),
            shares in prop::collection::vec(0f64..1.0, 12),
            sure in prop::collection::vec(prop::option::of(0usize..3), 4),
            matches in prop::option::of(prop::array::uniform3(0f64..=1.0)),
            ruled_out in prop::option::of(0usize..3),
            thresholds in prop::array::uniform5(0.5f64..1.0),
            criteria in prop::option::of((0f64..1.0, 1u32..6, prop::option::of(0u32..5))),
            declared in prop::collection::vec(0u8..5, 0..60),
            monotonous: bool,
            matched: Option<bool>,
        ) {
            let rows: &[&str] = if by_type { &TYPES } else { &REGARDS };
            let over = if by_type { Hypotheses::Types } else { Hypotheses::Regards };
            let mut spec = spec(over, matrix(rows, &weights[..32]));
            spec.believed = Some(matrix(rows, &weights[32..]));
            if let Some(prior) = &prior {
                spec.prior = rows.iter().zip(prior).map(|(row, &p)| (row.to_string(), NonNegative(p))).collect();
            }
            if by_type {
                for (k, row) in rows.iter().enumerate() {
                    let mut share = [shares[3 * k], shares[3 * k + 1], shares[3 * k + 2]];
                    if let Some(only) = sure[k] {
                        share = std::array::from_fn(|a| if a == only { 1.0 } else { 0.0 });
                    }
                    let [friend, neutral, hostile] = share;
                    spec.regards.insert(row.to_string(), RegardShares { friend, neutral, hostile });
                }
            }
            let [hostile, friend, neutral, suspect, assumed_friend] = thresholds;
            spec.identity = IdentityThresholds { hostile, friend, neutral, suspect, assumed_friend };
            if let Some(mut matches) = matches {
                if let Some(regard) = ruled_out {
                    matches[regard] = 0.0;
                }
                spec.flight_plan = Some(cue(matches[0], matches[1], matches[2]));
            }
            let mut identifier = Identifier::new(&spec, &names(&TYPES));
            if let Some((threshold, cues, on)) = criteria {
                let on = on.map_or(CriteriaOn::Hostile, |id| CriteriaOn::Type(TypeId(id)));
                identifier = identifier.with_criteria(Criteria { on, threshold, cues });
            }
            let mut evidence = Evidence::NONE;
            for (at, &column) in declared.iter().enumerate() {
                let column = if monotonous && at > 0 { declared[0] } else { column };
                identifier.add(&mut evidence, column.min(rows.len() as u8));
                let posterior = identifier.posterior(&evidence, matched);
                let [p_friend, p_neutral, p_hostile] = posterior.regard;
                let near = [
                    identifier.criterion(&posterior) - identifier.criteria.threshold,
                    p_friend - friend,
                    p_neutral - neutral,
                    p_hostile - suspect.min(hostile),
                    p_friend - assumed_friend,
                ];
                if near.iter().any(|distance| distance.abs() < 1e-9) {
                    continue;
                }
                let (short, plain) =
                    (identifier.identity(&evidence, matched), identifier.identity_by_sum(&evidence, matched));
                prop_assert_eq!(short, plain, "declaration {}, posterior {:?}", at, posterior);
            }
        }
    }
}
