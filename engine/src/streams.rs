//! Random numbers that are looked up, not consumed.
//!
//! Every draw is a pure function of (seed, replication, purpose, what it is about, index). The ChaCha8 block function
//! is used as the keyed function it is: seed, purpose and two [`Key`]s fill its 256-bit key, the replication is its
//! nonce, the index its counter. So adding an aircraft, a site or a rule never changes anybody else's random numbers, and the
//! same replication under two rule sets is a true pair.
//!
//! A draw takes a fixed number of 32-bit words (one for [`Stream::words`], two for [`Stream::uniform`], four for
//! [`Stream::normal`]); nothing is rejected and drawn again. Looks are drawn in halves of words, see [`PairDraws`].
//! Generator: D. J. Bernstein, "ChaCha, a variant of Salsa20" (2008), 8 rounds, as in the crate `rand_chacha`.

use std::f64::consts::TAU;

use fearless_simd::{Level, dispatch};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::Key;
use crate::record::Replication;
use crate::units::Millis;

/// Scans, or other draws, that are looked up in one go.
pub const BLOCK: usize = 64;

/// What a draw is for. The numbers are part of the determinism promise: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// How many sites an entry stands for.
    SiteCount = 1,
    /// Where a site is.
    SitePlace = 2,
    /// When a site's first scan falls.
    ScanPhase = 3,
    /// Radar cross-section of an aircraft.
    CrossSection = 4,
    /// Time between two arrivals.
    Arrival = 5,
    /// Where on its loop an aircraft starts.
    LoopStart = 6,
    /// How late an aircraft departs.
    DepartureDelay = 7,
    /// How far off a leg is flown.
    CrossTrack = 8,
    /// Whether a scan detects, and what is declared at it: the leading halves of their words.
    Scan = 9,
    /// The trailing half of the word that decides what a site declares.
    DeclarationTrailing = 10,
    /// Whether a plan is filed.
    Filed = 11,
    /// Whether it goes to the right addressees.
    Addressed = 12,
    /// Whether it is changed late.
    Amended = 13,
    /// Whether a message gets through a link.
    Delivery = 14,
    /// How long it takes.
    Latency = 15,
    /// Whether it gets through the last hop.
    LastHop = 16,
    /// How long that takes.
    LastHopLatency = 17,
    /// Whether a site matches a conforming track with its plan.
    Correlation = 18,
    /// Whether it matches a track with somebody else's.
    ChanceMatch = 19,
    /// Whether a crew acts on a match.
    CrewCompliance = 20,
    /// How long a crew takes to launch.
    Reaction = 21,
    /// Whether a shot hits.
    Hit = 22,
    /// What an interrogation brings.
    Interrogation = 23,
    /// Whether a side has the wrong key, by day.
    KeyOfDay = 24,
    /// Whether a site's interrogator is faulty, by hour.
    InterrogatorFault = 25,
    /// Whether an aircraft's transponder is on.
    TransponderOn = 26,
    /// Whether a transponder is received.
    TransponderReply = 27,
    /// Whether a transponder sends what it should not.
    Spoof = 28,
    /// What an optical look brings.
    Optical = 29,
    /// Whether, and by how much, a site's radar is misaligned, by hour.
    Misalignment = 30,
    /// Whether an operator goes along with the advice of the automation.
    OperatorAid = 31,
    /// What an operator judges for himself.
    OperatorJudgement = 32,
    /// Error of a measured position.
    Measurement = 33,
    /// Where and how many false alarms there are.
    FalseAlarm = 34,
    /// Whether a shared track report gets through.
    ShareDelivery = 35,
    /// How long it takes.
    ShareLatency = 36,
    /// What a hotline query brings.
    Query = 37,
    /// How long it takes.
    QueryLatency = 38,
    /// Whether a flight complies with a restricted operations zone.
    Compliance = 39,
    /// Whether an aircraft carries a working transponder or keyed IFF at all.
    Equipment = 40,
    /// When the command link of a site, or the feed of a side, is down.
    Outage = 41,
    /// How wrong a site measures an aircraft's height.
    HeightError = 42,
    /// Whether a flight keeps to an altitude block.
    HeightKept = 43,
    /// Whether a flight keeps to agreed windows.
    WindowKept = 44,
    /// By how much a site's clock for these is off.
    WindowClock = 45,
    /// What a second operator answers, and when.
    SecondOperator = 46,
    /// What a look before the first shot brings.
    ConfirmingLook = 47,
    /// How long an authority works on a request.
    ApprovalTime = 48,
    /// Whether it refuses.
    Veto = 49,
    /// Whether a position report gets through, and when.
    FeedReport = 50,
    /// What a flight makes of a notice to airmen.
    Closure = 51,
    /// Whether, and when, an owner who is fired at calls.
    Call = 52,
    /// Whether, and when, an order to cease fire gets to a site.
    CeaseFireOrder = 53,
    /// Whether a missile in flight can be stopped.
    Abort = 54,
    /// When a deviation from a plan is seen.
    DeviationSeen = 55,
    /// Whether, and when, a site is told of it.
    DeviationNotice = 56,
    /// When deviations are reported that are none.
    FalseDeviation = 57,
    /// What declarations see of an aircraft, and when that changes.
    Appearance = 58,
    /// Whether a site sees of it what its side sees.
    AppearanceShared = 59,
    /// Which candidates of a tuning become parents; from here on draws are about candidates, not about aircraft.
    Tournament = 60,
    /// How two candidates of a tuning are crossed.
    Crossover = 61,
    /// How a candidate of a tuning is changed.
    Mutation = 62,
    /// In which order rules are put in force by an inquiry.
    Order = 63,
    /// The trailing half of the word that decides whether a scan detects.
    ScanTrailing = 64,
    /// What optics see of an aircraft, and when that changes.
    OpticalAppearance = 65,
    /// What a second operator sees of it who has a picture of his own.
    SecondAppearance = 66,
    /// Whether a node knows where a flight of its own side is.
    OwnFlight = 67,
    /// What a rule draws of its own; the rule's key is part of what it is about.
    Rule = 68,
    /// When a site is ready, by turns.
    Readiness = 69,
    /// Whether a site is lost to an aircraft that reaches its objective.
    SiteLost = 70,
    /// What a site makes of what a shot did.
    Assessment = 71,
    /// Whether a node hears of a hostile aircraft, and passes word on to the silent sites it cues.
    NodeCue = 72,
    /// How long that takes.
    NodeCueLatency = 73,
}

/// A random delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delay {
    /// Always the same.
    Fixed(FixedDelay),
    /// Uniform between two bounds.
    Uniform(UniformDelay),
    /// Exponential.
    Exponential(ExponentialDelay),
    /// Log-normal: median times exp(sigma Z).
    LogNormal(LogNormalDelay),
}

/// Always the same delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedDelay {
    /// The delay, s.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub delay_s: f64,
}

/// A delay uniform between two bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformDelay {
    /// Shortest, s.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub min_s: f64,
    /// Longest, s.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub max_s: f64,
}

/// An exponential delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentialDelay {
    /// Mean, s.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub mean_s: f64,
}

/// A log-normal delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogNormalDelay {
    /// Median, s.
    #[schemars(range(min = 0.0, max = 31_622_400.0))]
    pub median_s: f64,
    /// Standard deviation of the logarithm.
    #[schemars(range(min = 0.0, max = 5.0))]
    pub sigma: f64,
}

/// On and off by turns, both exponential, in equilibrium at the start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alternating {
    /// Mean time on, s.
    pub on_s: f64,
    /// Mean time off, s.
    pub off_s: f64,
}

impl Alternating {
    /// When it is off, up to `end` and a little beyond; what it is met in has begun before the start.
    pub fn off(
        &self,
        streams: &Streams,
        purpose: Purpose,
        subject: Key,
        end: Millis,
    ) -> Vec<(Millis, Millis)> {
        let mut off = Vec::new();
        if self.off_s <= 0.0 {
            return off;
        }
        let mut draws = streams.about(purpose, subject, Key::NONE);
        // In equilibrium: off at the start with the share of all time, and without memory from there on.
        let mut is_off = draws.happens(0, self.off_s / (self.on_s + self.off_s));
        let (mut time_s, mut nth) = (0.0, 1);
        if is_off {
            // A time off met at a given instant is as old as the rest of it is long, in law.
            let mut age = streams.about(purpose, subject, Key::of("age"));
            let since_s = -self.off_s * age.exponential(0);
            off.push((Millis::from_seconds(since_s), Millis::ZERO));
        }
        while time_s <= end.seconds() {
            let mean_s = if is_off { self.off_s } else { self.on_s };
            let until_s = time_s + mean_s * draws.exponential(nth);
            if is_off {
                off.push((Millis::from_seconds(time_s), Millis::from_seconds(until_s)));
            }
            (time_s, nth, is_off) = (until_s, nth + 1, !is_off);
        }
        off
    }
}

/// The random numbers of one replication.
#[derive(Debug, Clone, Copy, bevy_ecs::resource::Resource)]
pub struct Streams {
    replication: Replication,
}

impl Streams {
    /// The random numbers of this replication.
    pub fn new(replication: Replication) -> Streams {
        Streams { replication }
    }

    /// The stream of draws for `purpose` about the pair (`one`, `other`).
    #[inline(always)]
    pub fn about(&self, purpose: Purpose, one: Key, other: Key) -> Stream {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&self.replication.seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&one.0.to_le_bytes());
        key[24..].copy_from_slice(&other.0.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(self.replication.index);
        Stream { generator }
    }

    /// The random numbers of a site's looks at an aircraft.
    pub fn looks(&self, site: Key, aircraft: Key) -> PairDraws {
        PairDraws {
            streams: *self,
            site,
            aircraft,
        }
    }
}

/// The random numbers of one site's looks at one aircraft: for each scan a word of 32 bits that decides whether it detects, and
/// one that decides what is declared at it, if anything is.
///
/// Almost always the leading half of a word tells already. So the leading halves of both words of [`BLOCK`] scans are
/// looked up in one go, and a trailing half only where it is needed.
#[derive(Debug, Clone, Copy)]
pub struct PairDraws {
    streams: Streams,
    site: Key,
    aircraft: Key,
}

/// The leading halves of the words of a block of scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadingHalves {
    /// Whether each detects.
    pub scans: [u16; BLOCK],
    /// What is declared at each.
    pub declarations: [u16; BLOCK],
}

/// The block of leading halves that was looked up last, of one pair.
#[derive(Debug, Clone)]
pub struct OpenBlock {
    block: u64,
    leading: LeadingHalves,
}

impl OpenBlock {
    /// None yet.
    pub fn none() -> OpenBlock {
        OpenBlock {
            block: u64::MAX,
            leading: LeadingHalves {
                scans: [0; BLOCK],
                declarations: [0; BLOCK],
            },
        }
    }

    /// The leading halves of a block, looked up if it is not the one that is open.
    #[inline(always)]
    pub fn leading(&mut self, draws: &PairDraws, block: u64) -> &LeadingHalves {
        if self.block != block {
            draws.look_up(block, &mut self.leading);
            self.block = block;
        }
        &self.leading
    }
}

impl PairDraws {
    /// The leading halves for scans 64 `block` on.
    pub fn leading(&self, block: u64) -> LeadingHalves {
        *OpenBlock::none().leading(self, block)
    }

    /// The generator runs a third faster with the instructions of a newer processor, where there is one.
    fn look_up(&self, block: u64, leading: &mut LeadingHalves) {
        dispatch!(Level::new(), _simd => {
            let mut stream = self.streams.about(Purpose::Scan, self.site, self.aircraft);
            let bytes = stream.bytes(block);
            let (scans, declarations) = bytes.split_at(2 * BLOCK);
            leading.scans = halves(scans);
            leading.declarations = halves(declarations);
        })
    }

    /// The word that decides whether a scan detects, with this leading half.
    #[cold]
    pub fn scan_word(&self, scan: u64, leading: u16) -> u32 {
        self.completed(Purpose::ScanTrailing, scan, leading)
    }

    /// The word that decides what is declared at a scan, with this leading half.
    #[cold]
    pub fn declaration_word(&self, scan: u64, leading: u16) -> u32 {
        self.completed(Purpose::DeclarationTrailing, scan, leading)
    }

    fn completed(&self, purpose: Purpose, scan: u64, leading: u16) -> u32 {
        let mut stream = self.streams.about(purpose, self.site, self.aircraft);
        let words = stream.words(scan / BLOCK as u64);
        u32::from(leading) << 16 | words[(scan % BLOCK as u64) as usize] >> 16
    }
}

/// The draws for one purpose about one pair; any of them, in any order.
#[derive(Debug, Clone)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// The 64 words with indices from 64 `block` on.
    pub fn words(&mut self, block: u64) -> [u32; BLOCK] {
        let bytes = self.bytes(block);
        let mut words = [0u32; BLOCK];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        words
    }

    /// The same as bytes, the least significant of each word first.
    #[inline(always)]
    fn bytes(&mut self, block: u64) -> [u8; 4 * BLOCK] {
        self.generator
            .set_word_pos(u128::from(block) * BLOCK as u128);
        let mut bytes = [0u8; 4 * BLOCK];
        self.generator.fill_bytes(&mut bytes);
        bytes
    }

    /// The `index`-th uniform number in [0, 1), 53 bits.
    pub fn uniform(&mut self, index: u64) -> f64 {
        self.generator.set_word_pos(2 * u128::from(index));
        unit(self.generator.next_u64())
    }

    /// Whether the `index`-th event of this probability happens.
    pub fn happens(&mut self, index: u64, probability: f64) -> bool {
        self.uniform(index) < probability
    }

    /// The `index`-th standard normal number, by Box and Muller (1958).
    pub fn normal(&mut self, index: u64) -> f64 {
        let [normal] = self.normals(index);
        normal
    }

    /// Standard normal numbers from the `index`-th on.
    pub fn normals<const N: usize>(&mut self, index: u64) -> [f64; N] {
        self.generator.set_word_pos(4 * u128::from(index));
        std::array::from_fn(|_| {
            let radius = libm::sqrt(-2.0 * libm::log(1.0 - unit(self.generator.next_u64())));
            radius * libm::cos(TAU * unit(self.generator.next_u64()))
        })
    }

    /// The `index`-th exponential number of mean 1.
    pub fn exponential(&mut self, index: u64) -> f64 {
        -libm::log(1.0 - self.uniform(index))
    }

    /// The `index`-th delay, s.
    pub fn delay_s(&mut self, index: u64, delay: &Delay) -> f64 {
        match delay {
            Delay::Fixed(fixed) => fixed.delay_s,
            Delay::Uniform(uniform) => {
                uniform.min_s + self.uniform(index) * (uniform.max_s - uniform.min_s)
            }
            Delay::Exponential(exponential) => self.exponential(index) * exponential.mean_s,
            Delay::LogNormal(log_normal) => {
                log_normal.median_s * libm::exp(log_normal.sigma * self.normal(index))
            }
        }
    }
}

fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

#[inline(always)]
fn halves(bytes: &[u8]) -> [u16; BLOCK] {
    std::array::from_fn(|i| u16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(seed: u64, index: u64, purpose: Purpose, one: &str, other: &str) -> Stream {
        Streams::new(Replication { seed, index }).about(purpose, Key::of(one), Key::of(other))
    }

    #[test]
    fn a_draw_depends_on_each_part_of_its_address_and_on_nothing_else() {
        let base = || stream(1, 0, Purpose::Scan, "a", "b");
        let first = base().uniform(7);
        assert_eq!(base().uniform(7), first);
        let mut used = base();
        used.uniform(1000);
        used.words(3);
        assert_eq!(used.uniform(7), first, "draws made before must not matter");
        for mut other in [
            stream(2, 0, Purpose::Scan, "a", "b"),
            stream(1, 1, Purpose::Scan, "a", "b"),
            stream(1, 0, Purpose::Hit, "a", "b"),
            stream(1, 0, Purpose::Scan, "b", "a"),
            stream(1, 0, Purpose::Scan, "a", "c"),
        ] {
            assert_ne!(other.uniform(7), first);
        }
        assert_ne!(base().uniform(8), first);
    }

    #[test]
    fn a_block_is_the_words_in_their_order() {
        let mut stream = stream(3, 9, Purpose::Scan, "site", "aircraft");
        let (one, two) = (stream.words(5), stream.words(6));
        let joined = u64::from(one[63]) << 32 | u64::from(one[62]);
        assert_eq!(stream.uniform(5 * 32 + 31), unit(joined));
        assert_ne!(one, two);
    }

    #[test]
    fn leading_halves_are_a_block_of_the_stream_and_trailing_halves_are_luck_of_their_own() {
        let streams = Streams::new(Replication { seed: 3, index: 9 });
        let (site, aircraft) = (Key::of("site"), Key::of("aircraft"));
        let draws = streams.looks(site, aircraft);
        let words = |purpose| streams.about(purpose, site, aircraft).words(5);
        let block = words(Purpose::Scan);
        let LeadingHalves {
            scans,
            declarations,
        } = draws.leading(5);
        for i in 0..BLOCK {
            let half = |of: u32| (of >> (16 * (i % 2))) as u16;
            assert_eq!(scans[i], half(block[i / 2]));
            assert_eq!(declarations[i], half(block[BLOCK / 2 + i / 2]));
            let scan = (5 * BLOCK + i) as u64;
            let joined =
                |leading: u16, purpose| u32::from(leading) * 65_536 + words(purpose)[i] / 65_536;
            assert_eq!(
                draws.scan_word(scan, scans[i]),
                joined(scans[i], Purpose::ScanTrailing)
            );
            assert_eq!(
                draws.declaration_word(scan, declarations[i]),
                joined(declarations[i], Purpose::DeclarationTrailing)
            );
        }
    }

    /// Chi-squared over 64 bins for keyed draws in three directions: along the index, over keys, over replications;
    /// and the correlation of neighbours. False-alarm rate of each bound 1e-6.
    #[test]
    fn keyed_draws_are_uniform_and_independent() {
        let count = 64_000;
        let along: Vec<f64> = {
            let mut stream = stream(1, 0, Purpose::Scan, "a", "b");
            (0..count).map(|index| stream.uniform(index)).collect()
        };
        let over_keys: Vec<f64> = (0..count)
            .map(|index| {
                let key = Key::of("flight").nth(index as u32);
                Streams::new(Replication { seed: 1, index: 0 })
                    .about(Purpose::Hit, key, Key::of("b"))
                    .uniform(0)
            })
            .collect();
        let over_replications: Vec<f64> = (0..count)
            .map(|index| stream(1, index, Purpose::Hit, "a", "b").uniform(0))
            .collect();
        for draws in [along, over_keys, over_replications] {
            let mut bins = [0.0f64; 64];
            for draw in &draws {
                bins[(draw * 64.0) as usize] += 1.0;
            }
            let chi2: f64 = bins.iter().map(|bin| (bin - 1000.0).powi(2) / 1000.0).sum();
            assert!(
                (20.0..129.0).contains(&chi2),
                "chi-squared with 63 degrees of freedom is {chi2}"
            );
            let products: f64 = draws
                .windows(2)
                .map(|pair| (pair[0] - 0.5) * (pair[1] - 0.5) * 12.0)
                .sum();
            let z = products / (count as f64).sqrt();
            assert!(z.abs() < 4.9, "neighbours correlate: z = {z}");
        }
    }

    #[test]
    fn normal_and_delays_have_their_moments() {
        let mut stream = stream(5, 0, Purpose::Latency, "a", "b");
        let count = 40_000u64;
        let (mut sum, mut square, mut exponential) = (0.0, 0.0, 0.0);
        for index in 0..count {
            let normal = stream.normal(index);
            sum += normal;
            square += normal * normal;
            exponential += stream.exponential(index);
        }
        let n = count as f64;
        // 4.9 standard errors: false-alarm rate 1e-6.
        assert!((sum / n).abs() < 4.9 / n.sqrt());
        assert!((square / n - 1.0).abs() < 4.9 * (2.0 / n).sqrt());
        assert!((exponential / n - 1.0).abs() < 4.9 / n.sqrt());
    }
}
