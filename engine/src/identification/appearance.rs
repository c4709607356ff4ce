//! Appearance: what identification sees of an aircraft is a process in time, not a series of coin tosses.
//!
//! U(t) is uniform on \[0, 1), constant by pieces, and drawn anew at the points of a Poisson process of rate 1 / tau. What is
//! declared at t is the column of the confusion matrix in which U(t) falls; columns stand in the order of how hostile they
//! mean, so that the same U is the same kind of error under another matrix. Two looks dt apart see the same U with
//! exp(-dt / tau); in a stay T it has 1 + Poisson(T / tau) values, however often one looks. With tau = 0 every look is a draw
//! of its own.
//!
//! There is one process for each site and aircraft, and one for each side and aircraft; a site reads that of its side in place
//! of its own with probability sqrt(gamma), one draw per site and aircraft, so that two sites of a side see the same with
//! probability gamma. A source that looks in another way (optics) has processes of its own. False tracks have theirs.
//!
//! U is looked up at any time, in blocks of 4 tau: a route that is changed leaves it where it was. A block holds 31 points; more
//! would come with a probability below 1e-16.
//!
//! Assumes that what hides or gives away a type (aspect, light, silhouette, what the crew has settled on) changes at a constant
//! rate and then altogether. Source: the shared cause as in the beta factor, NUREG/CR-4780; that operators hold on to what they
//! saw, Liebhaber, Kobus, Feher, SSC San Diego TR 1888 (2002).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::Key;
use crate::streams::{BLOCK, Purpose, Streams};
use crate::units::Millis;

/// How long what a site sees of an aircraft stays what it is, and how far the sites of a side see the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppearanceSpec {
    /// World: mean time until what a site sees of an aircraft changes, s; 0: every look is a draw of its own.
    #[schemars(range(min = 0.0, max = 1e9))]
    pub tau_s: f64,
    /// World: probability that two sites of a side see the same of an aircraft.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub gamma: f64,
    /// Belief: what the site takes `tau_s` for when it weighs a declaration that repeats the one before, s; without it the truth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e9))]
    pub assumed_tau_s: Option<f64>,
    /// Belief: what the site takes `gamma` for when it weighs what other sites declared (links with `identity = "fuse"`).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub assumed_gamma: f64,
}

impl Default for AppearanceSpec {
    fn default() -> Self {
        AppearanceSpec {
            tau_s: 600.0,
            gamma: 0.5,
            assumed_tau_s: None,
            assumed_gamma: 0.0,
        }
    }
}

impl AppearanceSpec {
    /// Whether nothing is said that is not so anyway.
    pub fn is_default(&self) -> bool {
        *self == AppearanceSpec::default()
    }

    /// What the site takes tau for, s.
    pub fn assumed_tau_s(&self) -> f64 {
        self.assumed_tau_s.unwrap_or(self.tau_s)
    }
}

/// exp(-dt / tau): the probability that nothing was drawn anew for so long; 0 where tau is.
pub fn persistence(dt: Millis, tau_s: f64) -> f64 {
    if tau_s > 0.0 {
        libm::exp(-dt.seconds() / tau_s)
    } else {
        0.0
    }
}

/// The law of a source, ready to be looked up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Appearance {
    tau_ms: f64,
    /// Probability that a site reads its side's process.
    shares: f64,
    /// What the source draws for.
    purpose: Purpose,
}

/// Who looks at whom.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    /// The random numbers of the replication.
    pub streams: &'a Streams,
    /// What the site's draws are keyed by.
    pub site: Key,
    /// What its side's draws are keyed by.
    pub side: Key,
    /// What the draws of the aircraft are keyed by.
    pub aircraft: Key,
}

/// A piece of U(t).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// U, times 2^32.
    pub word: u32,
    /// Which of the values of its process this is.
    pub number: u64,
    /// It holds at least until before this time.
    pub until: Millis,
}

/// What a site saw last of an aircraft, lest it be looked up again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glimpse {
    reads: Option<Key>,
    piece: Piece,
    from: Millis,
}

impl Glimpse {
    /// Nothing yet.
    pub fn none() -> Glimpse {
        Glimpse {
            reads: None,
            piece: Piece {
                word: 0,
                number: 0,
                until: Millis(i64::MIN),
            },
            from: Millis(i64::MAX),
        }
    }
}

/// Points that a block holds; the word beyond them is the first value of all.
const POINTS: usize = BLOCK / 2 - 1;

impl Appearance {
    /// The law by which declarations look.
    pub fn of_declarations(spec: &AppearanceSpec) -> Appearance {
        Appearance::new(spec.tau_s, spec.gamma, Purpose::Appearance)
    }

    /// The law by which optics look.
    pub fn of_optics(tau_s: f64, gamma: f64) -> Appearance {
        Appearance::new(tau_s, gamma, Purpose::OpticalAppearance)
    }

    /// The law by which a second operator looks who has a picture of his own.
    pub fn of_second_operator(tau_s: f64) -> Appearance {
        Appearance::new(tau_s, 0.0, Purpose::SecondAppearance)
    }

    fn new(tau_s: f64, gamma: f64, purpose: Purpose) -> Appearance {
        Appearance {
            tau_ms: tau_s * 1000.0,
            shares: libm::sqrt(gamma),
            purpose,
        }
    }

    /// Whether looks depend on each other at all.
    pub fn persists(&self) -> bool {
        self.tau_ms > 0.0
    }

    /// What is seen at `time`.
    pub fn look(&self, viewer: &Viewer<'_>, time: Millis, glimpse: &mut Glimpse) -> Piece {
        if !(glimpse.from..glimpse.piece.until).contains(&time) {
            let reads = *glimpse.reads.get_or_insert_with(|| self.reads(viewer));
            glimpse.piece = self.piece(viewer, reads, time);
            glimpse.from = time;
        }
        glimpse.piece
    }

    /// Whose process the site reads: its own or its side's.
    fn reads(&self, viewer: &Viewer<'_>) -> Key {
        let mut shared =
            (viewer.streams).about(Purpose::AppearanceShared, viewer.site, viewer.aircraft);
        if self.shares > 0.0 && shared.happens(0, self.shares) {
            viewer.side
        } else {
            viewer.site
        }
    }

    fn piece(&self, viewer: &Viewer<'_>, reads: Key, time: Millis) -> Piece {
        let length = libm::ceil(4.0 * self.tau_ms).max(1.0) as i64;
        let mut stream = viewer.streams.about(self.purpose, reads, viewer.aircraft);
        let first = time.0.max(0) / length;
        let mut until = (first + 1) * length;
        let mut block = first;
        loop {
            let words = stream.words(block as u64);
            let (mut elapsed, mut found) = (0.0, None);
            for point in 0..POINTS {
                let share = (f64::from(words[2 * point]) + 1.0) / 4_294_967_296.0;
                elapsed -= self.tau_ms * libm::log(share);
                if elapsed >= length as f64 {
                    break;
                }
                let at = block * length + libm::ceil(elapsed) as i64;
                if at > time.0 {
                    until = until.min(at);
                    break;
                }
                let number = block as u64 * BLOCK as u64 + point as u64 + 1;
                found = Some((words[2 * point + 1], number));
            }
            // What the block does not draw anew is as before it.
            let begins = (block == 0).then_some((words[BLOCK - 1], 0));
            if let Some((word, number)) = found.or(begins) {
                let until = Millis(until);
                return Piece {
                    word,
                    number,
                    until,
                };
            }
            block -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replication;

    fn streams(index: u64) -> Streams {
        Streams::new(Replication { seed: 4, index })
    }

    fn viewer<'a>(streams: &'a Streams, site: &str) -> Viewer<'a> {
        Viewer {
            streams,
            site: Key::of(site),
            side: Key::of("side"),
            aircraft: Key::of("aircraft"),
        }
    }

    fn spec(tau_s: f64, gamma: f64) -> AppearanceSpec {
        AppearanceSpec {
            tau_s,
            gamma,
            ..AppearanceSpec::default()
        }
    }

    /// The same value at every time, in whatever order it is asked for, and exactly for as long as is said.
    #[test]
    fn it_is_looked_up_at_any_time() {
        let law = Appearance::of_declarations(&spec(0.7, 0.0));
        for index in 0..50 {
            let streams = streams(index);
            let viewer = viewer(&streams, "site");
            let at = |time: i64| law.look(&viewer, Millis(time), &mut Glimpse::none());
            let mut kept = Glimpse::none();
            let forward: Vec<Piece> = (0..20_000)
                .map(|time| law.look(&viewer, Millis(time), &mut kept))
                .collect();
            for time in (0..20_000).rev().step_by(37) {
                let (fresh, kept) = (at(time), forward[time as usize]);
                assert_eq!((fresh.word, fresh.number), (kept.word, kept.number));
                for later in time..fresh.until.0.min(20_000) {
                    assert_eq!(forward[later as usize].number, fresh.number, "{later}");
                }
            }
            let changes = forward
                .windows(2)
                .filter(|two| two[0].number != two[1].number);
            let redraws = forward.windows(2).filter(|two| two[0].word != two[1].word);
            assert_eq!(changes.count(), redraws.count());
        }
    }

    /// In a stay T it has 1 + Poisson(T / tau) values: mean and variance of the redraws, and the chance of none, within 4.9
    /// standard errors (1e-6 each).
    #[test]
    fn redraws_are_poisson() {
        let (tau_s, stay_s, count) = (600.0, 5400.0, 20_000u64);
        let law = Appearance::of_declarations(&spec(tau_s, 0.5));
        let (mut sum, mut square, mut none) = (0.0, 0.0, 0.0);
        for index in 0..count {
            let streams = streams(index);
            let viewer = viewer(&streams, "site");
            let mut glimpse = Glimpse::none();
            let (mut time, end) = (
                Millis::from_seconds(1234.5),
                Millis::from_seconds(1234.5 + stay_s),
            );
            let mut numbers = std::collections::BTreeSet::new();
            let first = law.look(&viewer, time, &mut glimpse).number;
            while time < end {
                let piece = law.look(&viewer, time, &mut glimpse);
                numbers.insert(piece.number);
                time = piece.until;
            }
            let redraws = numbers.len() as f64 - 1.0;
            sum += redraws;
            square += redraws * redraws;
            let soon = law.look(
                &viewer,
                Millis::from_seconds(1234.5 + 300.0),
                &mut Glimpse::none(),
            );
            none += f64::from(u8::from(soon.number == first));
        }
        let (n, lambda) = (count as f64, stay_s / tau_s);
        let mean = sum / n;
        let variance = square / n - mean * mean;
        assert!((mean - lambda).abs() < 4.9 * (lambda / n).sqrt(), "{mean}");
        // Var of a Poisson sample's variance: (lambda + 2 lambda^2) / n.
        let error = ((lambda + 2.0 * lambda * lambda) / n).sqrt();
        assert!((variance - lambda).abs() < 4.9 * error, "{variance}");
        let p = f64::exp(-0.5);
        let error = (p * (1.0 - p) / n).sqrt();
        assert!((none / n - p).abs() < 4.9 * error, "{}", none / n);
    }

    /// Two sites of a side read the same process with gamma; U is uniform.
    #[test]
    fn sites_of_a_side_see_the_same_with_gamma() {
        let (gamma, count) = (0.3, 20_000u64);
        let law = Appearance::of_declarations(&spec(600.0, gamma));
        let (mut same, mut low) = (0.0, 0.0);
        for index in 0..count {
            let streams = streams(index);
            let word = |site: &str| {
                let viewer = viewer(&streams, site);
                law.look(&viewer, Millis(7_000_000), &mut Glimpse::none())
                    .word
            };
            let (one, other) = (word("one"), word("other"));
            same += f64::from(u8::from(one == other));
            low += f64::from(u8::from(one < 1 << 30));
        }
        let n = count as f64;
        for (found, p) in [(same / n, gamma), (low / n, 0.25)] {
            let error = (p * (1.0 - p) / n).sqrt();
            assert!((found - p).abs() < 4.9 * error, "{found}, expected {p}");
        }
    }

    #[test]
    fn for_ever_is_one_value() {
        let law = Appearance::of_declarations(&spec(1e9, 0.0));
        let streams = streams(1);
        let viewer = viewer(&streams, "site");
        let numbers = (0..1000).map(|hour| {
            law.look(&viewer, Millis(hour * 3_600_000), &mut Glimpse::none())
                .number
        });
        assert_eq!(numbers.collect::<std::collections::BTreeSet<_>>().len(), 1);
    }
}
