//! ID sources: what a site may ask about a track besides the declarations of its matrix, one file each.
//!
//! Every ID source has a *world* side and a *belief* side, two tables that meet in the reading alone. The world side draws
//! what really comes of asking about this aircraft; of the files here only that side names [`Emitter`]. The belief side
//! turns a reading into P(reading | affiliation) or P(reading | row). An ID source counts once, as its latest reading stands now,
//! not once per look: looks that share a cause are not independent, and a sum over looks would over-trust them. A look
//! that brings no reading (too far, night) leaves the earlier one in place.
//!
//! Reliability r in \[0, 1\]: L' = r L + (1 - r) mean(L), the mean taken over the three affiliations or over the rows, all
//! alike; r = 0 is no evidence. Age: a reading of age t counts with r max(0, 1 - t / max_age_s), so it fades
//! and then is gone; without `max_age_s` it does not age. A reading that the belief holds impossible under every
//! hypothesis says nothing and is ignored.
//!
//! Readings are of a track: after a swap of tracks they may come from different aircraft, as they would.
//!
//! Source: evidence as likelihoods by ID source, NATO STANAG 4162; that naive Bayes over-trusts dependent looks: D. J. Hand
//! and K. Yu, "Idiot's Bayes: not so stupid after all?", International Statistical Review 69 (2001).

mod challenge;
pub mod iff;
pub mod optical;
pub mod origin;
pub mod profile;
pub mod transponder;

use nalgebra::Vector3;

use super::faults::Faults;
use super::{AffiliationProbabilities, IdentificationSpec, MAX_ROWS};
use crate::airspace::Zone;
use crate::ids::Key;
use crate::platform::Equipment;
use crate::record::Affiliation;
use crate::streams::Streams;
use crate::units::Millis;

use challenge::Challenge;
use iff::IffSpec;
use optical::Optical;
use origin::Origin;
use profile::Profile;
use transponder::TransponderSpec;

/// The truth about an aircraft that the world sides of ID sources draw on; no belief reads it.
#[derive(Debug, Clone, Copy)]
pub struct Emitter<'a> {
    /// Its affiliation to the site.
    pub affiliation: Affiliation,
    /// The row of the class's matrix that is true of it; one beyond the last if none is.
    pub truth_row: u8,
    /// What its side's draws are keyed by: [`side_key`].
    pub side_key: Key,
    /// What it carries.
    pub equipment: &'a Equipment,
    /// Its critical dimension for optics, m.
    pub critical_dimension_m: f64,
}

impl Emitter<'_> {
    /// Nobody: sends nothing, and there is nothing to see.
    pub fn nobody(truth_row: u8) -> Emitter<'static> {
        Emitter {
            affiliation: Affiliation::Neutral,
            truth_row,
            side_key: Key::NONE,
            equipment: &Equipment::NONE,
            critical_dimension_m: 0.0,
        }
    }
}

/// The scene in which ID sources are asked: one site, one track, one instant.
#[derive(Debug, Clone, Copy)]
pub struct IdSourceScene<'a> {
    /// Now.
    pub time: Millis,
    /// The random numbers of the replication.
    pub streams: &'a Streams,
    /// What the site's draws are keyed by.
    pub site_key: Key,
    /// What its side's draws are keyed by: [`side_key`].
    pub site_side_key: Key,
    /// What the draws of the aircraft behind the track are keyed by.
    pub aircraft_key: Key,
    /// The truth about that aircraft.
    pub emitter: Emitter<'a>,
    /// True slant range from the site, m: what light and radio waves travel.
    pub range_m: f64,
    /// Ground speed as the tracker estimates it, m/s; `None` while it cannot.
    pub speed_mps: Option<f64>,
    /// Where the track is, as estimated; the altitude is the third coordinate, m.
    pub place: Vector3<f64>,
    /// Where the track was first seen, as estimated.
    pub first_seen: Vector3<f64>,
}

/// What the draws of a side are keyed by: the key of the day is common to all its aircraft and sites.
pub fn side_key(name: &str) -> Key {
    Key::of(&format!("side/{name}"))
}

/// What an ID source of a class is made ready with, besides its specification.
#[derive(Debug, Clone, Copy)]
struct Surroundings<'a> {
    /// The rows of the class's matrix.
    rows: &'a [String],
    /// The zones of the scenario.
    zones: &'a [Zone],
}

/// An ID source, ready to use: one file, and one line of the list below.
trait IdSource: Sized {
    /// What it has said about one track.
    type Latest: Recalled;

    /// Makes it ready; nothing where the class has none.
    fn of(class: &IdentificationSpec, surroundings: Surroundings<'_>) -> Option<Self>;

    /// How many ID sources it counts as in a class that may have it (rule R2).
    fn counts_as(class: &IdentificationSpec) -> u32;

    /// Asks about a track, if it is time, and keeps what is said.
    fn look(&self, latest: &mut Self::Latest, faults: &Faults, scene: &IdSourceScene);

    /// What was said last, as it stands now.
    fn hear(&self, latest: &Self::Latest, time: Millis, tell: &mut impl FnMut(Heard));
}

/// What may be remembered of a track that was lost.
trait Recalled {
    /// So much of its logarithms is kept.
    fn recalled(self, kept: f64) -> Self;
}

/// A reading and when it was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Reading<T> {
    said: T,
    at: Millis,
    /// What is left of it if it is remembered of a track that was lost; else 1.
    kept: f64,
}

impl<T> Reading<T> {
    fn new(said: T, at: Millis) -> Reading<T> {
        Reading {
            said,
            at,
            kept: 1.0,
        }
    }
}

impl<T> Recalled for Reading<T> {
    fn recalled(self, kept: f64) -> Reading<T> {
        Reading {
            kept: kept * self.kept,
            ..self
        }
    }
}

impl<T: Recalled> Recalled for Option<T> {
    fn recalled(self, kept: f64) -> Option<T> {
        self.map(|reading| reading.recalled(kept))
    }
}

/// An ID source that is asked now and then: its latest reading, and when it is due again.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Asked<T> {
    latest: Option<Reading<T>>,
    due: Millis,
}

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Asked {
            latest: None,
            due: Millis::ZERO,
        }
    }
}

impl<T> Recalled for Asked<T> {
    fn recalled(self, kept: f64) -> Asked<T> {
        Asked {
            latest: self.latest.recalled(kept),
            due: self.due,
        }
    }
}

impl<T> Asked<T> {
    /// Asks if it is time; what brings no reading leaves the earlier one in place.
    fn ask(&mut self, time: Millis, interval_s: f64, look: impl FnOnce() -> Option<T>) {
        if time < self.due {
            return;
        }
        self.due = time + Millis::from_seconds(interval_s);
        if let Some(said) = look() {
            self.latest = Some(Reading::new(said, time));
        }
    }
}

macro_rules! id_sources {
    ($($name:ident: $source:ty,)*) => {
        /// What the ID sources have said about one track; empty when the track begins.
        #[derive(Debug, Clone, Copy, PartialEq, Default)]
        pub struct IdSourceState {
            $($name: <$source as IdSource>::Latest,)*
        }

        impl IdSourceState {
            /// What is remembered of it for a track that is taken for the same: every reading, with so much of its logarithms.
            pub fn recalled(&self, kept: f64) -> IdSourceState {
                IdSourceState {
                    $($name: self.$name.recalled(kept),)*
                }
            }
        }

        /// The ID sources of a site class, ready to use.
        #[derive(Debug, Clone)]
        pub struct IdSources {
            /// Faults that all looks of a site within an hour share.
            pub faults: Faults,
            $($name: Option<$source>,)*
        }

        impl IdSources {
            /// Makes a checked specification ready: `rows` are those of the class's [`super::Identifier`], `zones` the
            /// scenario's, `start_of_day_s` the time from UTC midnight to the start of the scenario.
            pub fn new(
                spec: &IdentificationSpec,
                rows: &[String],
                zones: &[Zone],
                start_of_day_s: f64,
            ) -> IdSources {
                let surroundings = Surroundings { rows, zones };
                IdSources {
                    faults: Faults::new(spec.faults.clone().unwrap_or_default(), start_of_day_s),
                    $($name: <$source>::of(spec, surroundings),)*
                }
            }

            /// How many of a class can speak, besides declarations and flight plans.
            pub(super) fn count(class: &IdentificationSpec) -> u32 {
                0 $(+ <$source>::counts_as(class))*
            }

            /// Whether there is none: the class goes by declarations and plans alone.
            pub fn is_empty(&self) -> bool {
                true $(&& self.$name.is_none())*
            }

            /// Asks every ID source that is due about a track, and keeps what it says. Call it at each declaration.
            pub fn look(&self, state: &mut IdSourceState, scene: &IdSourceScene) {
                $(if let Some(id_source) = &self.$name {
                    id_source.look(&mut state.$name, &self.faults, scene);
                })*
            }

            /// What the ID sources say now, in the order of the list.
            pub(super) fn hear(
                &self,
                state: &IdSourceState,
                time: Millis,
                mut tell: impl FnMut(Heard),
            ) {
                $(if let Some(id_source) = &self.$name {
                    id_source.hear(&state.$name, time, &mut tell);
                })*
            }
        }
    };
}

id_sources! {
    iff: IffSpec,
    transponder: TransponderSpec,
    optical: Optical,
    profile: Profile,
    origin: Origin,
    challenge: Challenge,
}

impl IdSourceState {
    /// Takes note of whether somebody answered a challenge (rule R20).
    pub fn challenged(&mut self, answered: bool, at: Millis) {
        self.challenge = Some(Reading::new(answered, at));
    }
}

impl IdSources {
    /// The same where tracks are called on the guard frequency (rule R20); P(answer | affiliation) is assumed to be this.
    pub fn with_challenge(mut self, assumed: &AffiliationProbabilities) -> IdSources {
        self.challenge = Some(Challenge::new(assumed));
        self
    }

    /// What an ID source said, as a short code for the ledger.
    pub(super) fn code(&self, said: Said, rows: &[String]) -> String {
        match said {
            Said::Word(word) => word.to_owned(),
            Said::Row(row) => {
                let name = rows.get(usize::from(row));
                name.map_or("unknown", String::as_str).to_owned()
            }
            Said::Kept(kept) => format!("kept_{kept:.2}"),
            Said::Estimate(estimate) => estimate.code(),
            Said::Zone(which, within) => match (&self.origin, within) {
                (Some(origin), Some(entry)) => origin.zone(which, entry).to_owned(),
                _ => "outside".to_owned(),
            },
        }
    }
}

/// Logarithms of likelihoods, by affiliation or by row; beyond the last row they mean nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Belief {
    /// ln P(reading | affiliation).
    Affiliations([f64; 3]),
    /// ln P(reading | row), for the first so many rows.
    Rows(([f64; MAX_ROWS], usize)),
}

/// What an ID source said, in a form that costs nothing until a ledger is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Said {
    /// One of a few words.
    Word(&'static str),
    /// A row of the matrix, or `unknown`.
    Row(u8),
    /// What is left of what is remembered.
    Kept(f64),
    /// Speed and altitude.
    Estimate(profile::Estimate),
    /// A zone of one of the lists of the origin ID source, or none.
    Zone(origin::List, Option<u8>),
}

/// How far a reading is to be trusted.
#[derive(Debug, Clone, Copy)]
struct Trust {
    /// Its age, s.
    age_s: f64,
    /// Reliability, faded with age.
    reliability: f64,
    /// What is left of its logarithms.
    kept: f64,
}

impl Trust {
    /// With `max_age_s`, the age at which nothing is left of the reliability.
    fn of<T>(
        reliability: f64,
        max_age_s: Option<f64>,
        reading: &Reading<T>,
        time: Millis,
    ) -> Trust {
        let age_s = (time - reading.at).seconds();
        Trust {
            age_s,
            reliability: reliability * max_age_s.map_or(1.0, |max| fade(age_s, max)),
            kept: reading.kept,
        }
    }
}

/// What one ID source says now: the evidence to be added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// Which ID source.
    pub name: &'static str,
    /// What it said.
    pub said: Said,
    /// How long ago, s.
    pub age_s: f64,
    /// What it means, weakened by reliability and age; `None` if it says nothing.
    pub belief: Option<Belief>,
}

impl Heard {
    fn new(name: &'static str, said: Said, belief: Belief, trust: Trust) -> Heard {
        Heard {
            name,
            said,
            age_s: trust.age_s,
            belief: weakened(belief, trust.reliability, trust.kept),
        }
    }
}

/// What is left of a reading of this age: 1 when fresh, 0 from `max_age_s` on.
fn fade(age_s: f64, max_age_s: f64) -> f64 {
    if age_s >= max_age_s {
        0.0
    } else {
        1.0 - age_s.max(0.0) / max_age_s
    }
}

/// r L + (1 - r) mean(L), in logarithms up to a common constant, and of those as much as is kept; `None` if it says nothing: r is
/// 0, or every L is.
fn weakened(belief: Belief, reliability: f64, kept: f64) -> Option<Belief> {
    let mix = |ln: &mut [f64]| {
        let top = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if reliability <= 0.0 || top == f64::NEG_INFINITY {
            return None;
        }
        if reliability < 1.0 {
            let mean = ln.iter().map(|ln| libm::exp(ln - top)).sum::<f64>() / ln.len() as f64;
            for ln in ln.iter_mut() {
                *ln = libm::log(reliability * libm::exp(*ln - top) + (1.0 - reliability) * mean);
            }
        }
        if kept < 1.0 {
            for ln in ln.iter_mut() {
                *ln *= kept;
            }
        }
        Some(())
    };
    match belief {
        Belief::Affiliations(mut ln) => mix(&mut ln).map(|()| Belief::Affiliations(ln)),
        Belief::Rows((mut ln, rows)) => {
            mix(&mut ln[..rows.min(MAX_ROWS)]).map(|()| Belief::Rows((ln, rows)))
        }
    }
}

/// ln of three probabilities.
fn ln_of(p: &AffiliationProbabilities) -> [f64; 3] {
    p.by_affiliation().map(libm::log)
}

/// What is left of 1; what rounding leaves of nothing is nothing.
fn remainder(taken: f64) -> f64 {
    if taken > 1.0 - 1e-12 {
        0.0
    } else {
        1.0 - taken
    }
}

fn certain() -> f64 {
    1.0
}

/// What a test puts into a [`IdSourceState`] by hand.
#[cfg(test)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Readings {
    /// IFF reply or none.
    pub iff: Option<bool>,
    /// Transponder: silent, plain, agreed.
    pub code: Option<usize>,
    /// Declared by optics.
    pub optical: Option<u8>,
    /// Speed and altitude.
    pub profile: Option<(f64, f64)>,
    /// Entry of the list, or outside.
    pub first_seen: Option<Option<u8>>,
    /// Entry of the list, or outside.
    pub lane: Option<Option<u8>>,
}

#[cfg(test)]
impl IdSourceState {
    /// These readings, all taken at one time.
    pub(super) fn of(readings: Readings, at: Millis) -> IdSourceState {
        fn asked<T>(said: Option<T>, at: Millis) -> Asked<T> {
            Asked {
                latest: said.map(|said| Reading::new(said, at)),
                due: at,
            }
        }
        use transponder::Code;
        let codes = [Code::Silent, Code::Plain, Code::Agreed];
        IdSourceState {
            iff: asked(readings.iff, at),
            transponder: asked(readings.code.map(|code| codes[code]), at),
            optical: asked(readings.optical, at),
            profile: readings.profile.map(|(speed_mps, altitude_m)| {
                let said = profile::Estimate {
                    speed_mps,
                    altitude_m,
                };
                Reading::new(said, at)
            }),
            origin: origin::Latest {
                first_seen: readings.first_seen.map(|said| Reading::new(said, at)),
                lane: readings.lane.map(|said| Reading::new(said, at)),
            },
            challenge: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identification::{
        AppearanceSpec, Combine, Criteria, CriteriaOn, Evidence, Gathered, Hypotheses, Identifier,
        IdentityThresholds, NonNegative, Probability,
    };
    use crate::record::{Identity, Replication};
    use std::collections::BTreeMap;

    pub(super) const AFFILIATIONS: [&str; 3] = ["friend", "neutral", "hostile"];

    pub(super) fn streams(seed: u64) -> Streams {
        Streams::new(Replication { seed, index: 0 })
    }

    pub(super) fn assumed(friend: f64, neutral: f64, hostile: f64) -> AffiliationProbabilities {
        AffiliationProbabilities {
            friend,
            neutral,
            hostile,
        }
    }

    /// An aircraft 10 km off, high noon, at 50 m/s and 3000 m in the north-east.
    pub(super) fn scene<'a>(
        streams: &'a Streams,
        equipment: &'a Equipment,
        affiliation: Affiliation,
    ) -> IdSourceScene<'a> {
        IdSourceScene {
            time: Millis(1000),
            streams,
            site_key: Key::of("site"),
            site_side_key: side_key("own"),
            aircraft_key: Key::of("aircraft"),
            emitter: Emitter {
                affiliation,
                truth_row: affiliation as u8,
                side_key: side_key("own"),
                equipment,
                critical_dimension_m: 20.0,
            },
            range_m: 10_000.0,
            speed_mps: Some(50.0),
            place: Vector3::new(7000.0, 7000.0, 3000.0),
            first_seen: Vector3::new(20_000.0, 20_000.0, 3000.0),
        }
    }

    /// A class that expects friend, neutral and hostile in this proportion, and whose matrix declares nothing.
    pub(super) fn class(prior: [f64; 3]) -> IdentificationSpec {
        let unknown = BTreeMap::from([("unknown".to_owned(), Probability(1.0))]);
        let prior = AFFILIATIONS.iter().zip(prior);
        IdentificationSpec {
            over: Hypotheses::Affiliations,
            interval_s: 10.0,
            combine: Combine::Fused,
            appearance: AppearanceSpec {
                tau_s: 0.0,
                ..AppearanceSpec::default()
            },
            actual: AFFILIATIONS
                .map(|name| (name.to_owned(), unknown.clone()))
                .into(),
            assumed: None,
            prior: prior
                .map(|(name, p)| ((*name).to_owned(), NonNegative(p)))
                .collect(),
            affiliations: BTreeMap::new(),
            identity: IdentityThresholds::default(),
            flight_plan: None,
            iff: None,
            transponder: None,
            optical: None,
            profile: None,
            origin: None,
            faults: None,
            operator: None,
        }
    }

    /// What the class holds the aircraft for after one look and one declaration; no number of ID sources is asked for.
    pub(super) fn held(
        spec: &IdentificationSpec,
        zones: &[Zone],
        scene: &IdSourceScene,
    ) -> Identity {
        let identifier = Identifier::new(spec, &[], Millis(10_000)).with_criteria(Criteria {
            on: CriteriaOn::Hostile,
            threshold: spec.identity.hostile,
            id_sources: 0,
            declarations: 0,
        });
        let id_sources = IdSources::new(spec, &identifier.rows, zones, 43_200.0);
        let mut state = IdSourceState::default();
        id_sources.look(&mut state, scene);
        let mut evidence = Evidence::NONE;
        identifier.add(&mut evidence, 3);
        let gathered = Gathered {
            evidence: &evidence,
            matched: None,
            id_sources: &id_sources,
            state: &state,
            memory: None,
            time: scene.time,
            shift_log_odds: 0.0,
        };
        identifier.fuse(&gathered).identity
    }

    /// Without the ID source: undecided, or hostile.
    pub(super) const UNDECIDED: [f64; 3] = [0.5, 0.01, 0.49];
    pub(super) const HOSTILE: [f64; 3] = [0.04, 0.04, 0.92];

    /// `ID source` alone turns the neutral of one scene hostile, and keeps that of another from being identified as hostile.
    pub(super) fn decides_alone(
        id_source: impl Fn(&mut IdentificationSpec),
        zones: &[Zone],
        damning: &IdSourceScene,
        clearing: &IdSourceScene,
    ) {
        for (prior, scene, without, turned) in [
            (UNDECIDED, damning, Identity::Unknown, true),
            (HOSTILE, clearing, Identity::Hostile, false),
        ] {
            let mut spec = class(prior);
            assert_eq!(scene.emitter.affiliation, Affiliation::Neutral);
            assert_eq!(held(&spec, zones, scene), without);
            id_source(&mut spec);
            let with = held(&spec, zones, scene);
            assert_eq!(with == Identity::Hostile, turned, "{with:?}");
        }
    }

    #[test]
    fn reliability_mixes_with_the_mean() {
        let ln = |p: [f64; 3]| Belief::Affiliations(p.map(libm::log));
        for (reliability, expected) in [
            (1.0, Some([0.9, 0.0, 0.3])),
            (0.5, Some([0.65, 0.2, 0.35])),
            (0.0, None),
        ] {
            let weak = weakened(ln([0.9, 0.0, 0.3]), reliability, 1.0);
            assert_eq!(weak.is_some(), expected.is_some());
            let (Some(Belief::Affiliations(weak)), Some(expected)) = (weak, expected) else {
                continue;
            };
            for a in [1, 2] {
                let (ratio, wanted) = (libm::exp(weak[a] - weak[0]), expected[a] / expected[0]);
                assert!((ratio - wanted).abs() < 1e-12, "{ratio}, expected {wanted}");
            }
        }
        assert_eq!(
            weakened(ln([0.0; 3]), 0.9, 1.0),
            None,
            "impossible for all: says nothing"
        );
    }

    /// A fresh reading counts in full, half as old as it may be half as reliably, then not at all.
    #[test]
    fn an_old_reading_fades() {
        for (age_s, left) in [
            (0.0, 1.0),
            (15.0, 0.75),
            (30.0, 0.5),
            (60.0, 0.0),
            (61.0, 0.0),
        ] {
            assert_eq!(fade(age_s, 60.0), left);
        }
        let likelihood = Belief::Affiliations([0.8, 0.1, 0.1].map(libm::log));
        let reading = Reading::new((), Millis::ZERO);
        let heard = |reading: Reading<()>, now| {
            let trust = Trust::of(1.0, Some(60.0), &reading, now);
            Heard::new("iff", Said::Word("reply"), likelihood, trust)
        };
        let half = Millis(30_000);
        assert_eq!(heard(reading, half).belief, weakened(likelihood, 0.5, 1.0));
        assert_eq!(heard(reading, Millis(60_000)).belief, None);
        // Remembered twice with a half each, a quarter of its logarithms is left.
        let Some(Belief::Affiliations(fresh)) = heard(reading, half).belief else {
            panic!("it speaks of affiliations");
        };
        let twice = reading.recalled(0.5).recalled(0.5);
        let left = Belief::Affiliations(fresh.map(|ln| 0.25 * ln));
        assert_eq!(heard(twice, half).belief, Some(left));
    }

    /// Each ID source is asked at its own interval, and a track that is asked about twice as often is not twice as sure.
    #[test]
    fn a_id_source_counts_once_however_often_it_is_asked() {
        let (streams, equipment) = (streams(1), Equipment::default());
        let mut spec = class([0.5, 0.2, 0.3]);
        spec.iff = Some(IffSpec {
            interval_s: 10.0,
            reply: 1.0,
            key_mismatch_per_day: 0.0,
            spoof: 0.0,
            assumed: assumed(0.9, 0.0, 1e-4),
            reliability: 1.0,
            max_age_s: None,
        });
        let identifier = Identifier::new(&spec, &[], Millis(10_000));
        let id_sources = IdSources::new(&spec, &identifier.rows, &[], 0.0);
        let mut state = IdSourceState::default();
        let mut posteriors = Vec::new();
        let mut evidence = Evidence::NONE;
        identifier.add(&mut evidence, 3);
        for second in 0..20 {
            let mut scene = scene(&streams, &equipment, Affiliation::Neutral);
            scene.time = Millis(second * 1000);
            id_sources.look(&mut state, &scene);
            let at = state.iff.latest.map(|reading| reading.at);
            assert_eq!(at, Some(Millis(second / 10 * 10_000)), "asked every 10 s");
            let gathered = Gathered {
                evidence: &evidence,
                matched: None,
                id_sources: &id_sources,
                state: &state,
                memory: None,
                time: scene.time,
                shift_log_odds: 0.0,
            };
            posteriors.push(identifier.fuse(&gathered).posterior.affiliation);
        }
        assert!(
            posteriors
                .iter()
                .all(|posterior| *posterior == posteriors[0])
        );
    }
}
