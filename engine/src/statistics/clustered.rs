//! Intervals of ratios whose units come in clusters: the replications.
//!
//! A ratio `r = Y / X` has a numerator y_i and a denominator x_i in each replication. What its interval rests on is
//! `v = m / (m - 1) sum (y_i - r x_i)^2`, the variance of Y linearised by replication (Cochran, Sampling Techniques, 1977,
//! ch. 6), m the replications with something to divide by. It is stretched by `(t / z)^2`, t with `X^2 / sum x_i^2 - 1`
//! degrees (Kish's number of equal clusters, less one), because v is itself estimated. The rest is one idea, at both ends and for
//! few and many events alike: the law is that of independent events, but each counts as `d` of them.
//!
//! - *Share*, every unit between 0 and 1: d = `v / (X r (1 - r))`, the design effect, between 1 and `sum x_i^2 / X`, where the
//!   units of a replication do all as one. Upper end `1 - tail` quantile of `Beta((Y + w) / D, (X - Y) / D)`,
//!   `D = (d Y + w^2) / (Y + w)`; lower end the same of what is not an event. The upper end allows for one event more than was seen, as
//!   Clopper and Pearson's does, and that one may be a burst of w: w = d, which is Korn and Graubard's interval (Survey Methodology
//!   24 (1998) 193), but at least 2 where units share a replication, because few events cannot show how they cluster. With
//!   one unit a replication it is Clopper and Pearson's.
//! - *Rate*, any number of events: upper end the quantile of the gamma law whose mean is Y + w and whose variance is v + w^2 (Fay and
//!   Feuer, Statistics in Medicine 16 (1997) 791), w = v / Y, but at least what one cause brings at once; lower end as of a share
//!   whose units could have `max y_i / x_i` events, so that a rate near its ceiling is bounded well, too.
//! - *Mean* of seconds or hours: the same, w at least the most that one replication brought.
//! - *Skewed beyond that*: these laws take skewness from the variance, and a few replications out of hundreds may carry a sum. What
//!   one more of those brings is the jump `u = sum e_i^3 / sum e_i^2`, e_i the residuals; with independent events it is the w above. Where u
//!   is more than that, its excess counts one and a half times, since samples show too little of a heavy tail, and the end lies as much
//!   further away as the gamma law of third moment to match says, which is one jump beyond what was seen (`reach`; Pearson's type III; Johnson, J.
//!   American Statistical Association 73 (1978) 536).
//! - *Nothing seen, or nothing else*: how events cluster is unknown. A share is bounded as if the units of a replication
//!   did all as one, a rate as if its events came in the bursts that one cause brings, a mean is open above.
//! - *The same in every replication*: the chance that one differs is at most `1 - tail^(1/m)`, and it is taken to differ by as
//!   much as it has.

use super::intervals::{Interval, normal_quantile, t_quantile, zero_events, zero_of};
use super::special::{beta_quantile, beta_regularised, gamma_quantile};

/// How often what a sample shows of skewness beyond its law's counts: of a heavy tail it shows too little.
pub(super) const SKEWNESS: f64 = 1.5;

/// What one event more than was seen brings at least, where units share a replication.
const BURST: f64 = 2.0;

/// Above this sum of shapes a beta law is taken for its limit: normal where both are large, of a gamma law where one is not.
const LARGE: f64 = 1e7;

/// Above this shape a gamma law, and a beta law of which both shapes are, is normal to more digits than are shown.
const NORMAL: f64 = 1e5;

/// How far from its estimate, on one side, a value of this variance may lie whose law is skewed to there: quantile of the gamma law
/// moved so that its mean is one `jump` beyond the estimate, its variance that and the square of the jump, by Wilson and
/// Hilferty's cube. Without a jump it is normal: z standard deviations.
pub(super) fn reach(variance: f64, jump: f64, z: f64) -> f64 {
    let shape = variance / (jump * jump);
    if jump <= 0.0 || shape > NORMAL * NORMAL {
        return z * libm::sqrt(variance);
    }
    let above = shape + 1.0;
    let root = 1.0 - 1.0 / (9.0 * above) + z / (3.0 * libm::sqrt(above));
    jump * (above * root * root * root - shape)
}

/// The sums behind one ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Clusters {
    /// Replications with something to divide by.
    pub exposed: f64,
    /// Sum of the numerators, Y.
    pub events: f64,
    /// Sum of the denominators, X.
    pub exposure: f64,
    /// Sum of the squares of the denominators.
    pub exposure_squares: f64,
    /// The same by group of replications, where the residuals are those of groups.
    pub group_squares: f64,
    /// Sum of `(y_i - r x_i)^2`; exactly 0 where nothing varied.
    pub residual_squares: f64,
    /// Sum of their cubes.
    pub residual_cubes: f64,
    /// Where nothing was seen: how many units at most do as one; infinite where nobody knows.
    pub unseen: f64,
}

impl Clusters {
    fn ratio(&self) -> f64 {
        self.events / self.exposure
    }

    /// Kish's number of equal clusters.
    fn equal_clusters(&self) -> f64 {
        self.exposure * self.exposure / self.group_squares
    }

    /// Whether nothing varied.
    pub fn is_constant(&self) -> bool {
        self.residual_squares <= 0.0
    }

    /// Variance of Y as far as it is known, `(t / z)^2` in it.
    fn variance(&self, confidence: f64) -> f64 {
        if self.exposed < 2.0 {
            return f64::INFINITY;
        }
        let degrees = self.equal_clusters() - 1.0;
        let stretch = t_quantile(confidence, degrees) / normal_quantile(confidence);
        self.residual_squares * self.exposed / (self.exposed - 1.0) * stretch * stretch
    }

    /// Where the units of a replication do all as one.
    fn most_effect(&self) -> f64 {
        (self.exposure_squares / self.exposure).max(1.0)
    }

    /// The share with its interval; neither 0 nor 1 nor constant.
    pub fn share(&self, confidence: f64) -> Interval {
        let tail = (1.0 - confidence) / 2.0;
        let [low, high] = self.share_laws(confidence);
        let law = (low.turned().quantile(tail), high.quantile(1.0 - tail));
        let natural = self.residual_squares / (self.events * (1.0 - self.ratio()));
        let (low, high) = self.skewed(law, [natural; 2], confidence);
        (low, high.min(1.0))
    }

    /// The interval of a law, as much wider as third moments show more skewness than the `natural` jumps downwards and upwards have.
    fn skewed(&self, law: Interval, natural: [f64; 2], confidence: f64) -> Interval {
        let variance = self.variance(confidence);
        if self.is_constant() || variance.is_infinite() {
            return law;
        }
        let z = normal_quantile(confidence);
        let shown = self.residual_cubes / self.residual_squares;
        let [below, above] = [(-shown, natural[0]), (shown, natural[1])].map(|(shown, natural)| {
            let more = (shown - natural).max(0.0);
            let [usual, skewed] = [natural, natural + SKEWNESS * more]
                .map(|jump| reach(variance, jump, z) / self.exposure);
            skewed - usual
        });
        ((law.0 - below).max(0.0), law.1 + above)
    }

    /// The laws whose `1 - tail` quantiles are one less the lower end, and the upper end.
    fn share_laws(&self, confidence: f64) -> [Beta; 2] {
        let (events, rest) = (self.events, self.exposure - self.events);
        let most = self.most_effect();
        let unseen = most.min(self.unseen.max(BURST));
        let effect = if events <= 0.0 || rest <= 0.0 || most <= 1.0 {
            unseen
        } else {
            let independent = events * rest / self.exposure;
            (self.variance(confidence) / independent).clamp(1.0, most)
        };
        let law = |seen: f64, other: f64| {
            let burst = match seen > 0.0 {
                true => effect.max(BURST.min(most)),
                false => unseen,
            };
            Beta::beyond(seen, other, effect, burst)
        };
        [law(rest, events), law(events, rest)]
    }

    /// Whether the interval of the share reaches up to `share`, and whether it lies above it or begins there; both without
    /// solving for its ends.
    pub fn against(&self, share: f64, confidence: f64) -> (bool, bool) {
        let tail = (1.0 - confidence) / 2.0;
        let [low, high] = self.share_laws(confidence);
        (
            high.cumulative(share) <= 1.0 - tail,
            low.cumulative(1.0 - share) >= 1.0 - tail,
        )
    }

    /// The same value in every replication: by how much it may be off, as a part of it.
    pub fn constant(&self, confidence: f64) -> f64 {
        zero_of(self.exposed, confidence)
    }

    /// The rate with its interval; some events, not constant. `ceiling` is the highest ratio of a replication, `burst` what
    /// one cause brings at least.
    pub fn rate(&self, ceiling: f64, burst: f64, confidence: f64) -> Interval {
        let tail = (1.0 - confidence) / 2.0;
        let variance = self.variance(confidence);
        if variance.is_infinite() {
            return (0.0, f64::INFINITY);
        }
        let ceiling = ceiling.max(self.ratio());
        let most = ceiling * self.exposure;
        let (events, rest) = (self.events, (most - self.events).max(0.0));
        // In units of the ceiling: a share of what could have been.
        let effect = variance / (events * rest / most);
        let law = Beta::beyond(rest, events, effect, effect).turned();
        let low = ceiling * law.quantile(tail);
        let burst = burst.max(variance / events);
        let scale = (variance + burst * burst) / (events + burst);
        let shape = (events + burst) / scale;
        let high = gamma_upper(shape, tail) * scale / self.exposure;
        self.skewed((low, high), [effect, burst], confidence)
    }

    /// The upper bound on a rate of which nothing was seen.
    pub fn no_events(&self, burst: f64, confidence: f64) -> f64 {
        zero_events(confidence) * burst / self.exposure
    }
}

/// A beta law; without a second parameter all of it lies at 1, without a first at 0.
#[derive(Debug, Clone, Copy)]
struct Beta {
    a: f64,
    b: f64,
}

impl Beta {
    /// What the share of `seen` may be, one burst beyond it.
    fn beyond(seen: f64, other: f64, effect: f64, burst: f64) -> Beta {
        let scale = (effect * seen + burst * burst) / (seen + burst);
        Beta {
            a: (seen + burst) / scale,
            b: other / scale,
        }
    }

    /// That of one less the share.
    fn turned(self) -> Beta {
        Beta {
            a: self.b,
            b: self.a,
        }
    }

    fn quantile(self, probability: f64) -> f64 {
        let Beta { a, b } = self;
        if a <= 0.0 || b <= 0.0 {
            return if b <= 0.0 { 1.0 } else { 0.0 };
        }
        let sum = a + b;
        if sum > LARGE && a.min(b) < NORMAL {
            // G / (b + (a - 1) / 2 + G / 2), G of the gamma law of shape a: off by a relative (a / b)^2.
            let limit = |small: f64, large: f64, probability: f64| {
                let g = gamma_quantile(small, probability);
                (g / (large + 0.5 * (small - 1.0 + g))).clamp(0.0, 1.0)
            };
            return match a < b {
                true => limit(a, b, probability),
                false => 1.0 - limit(b, a, 1.0 - probability),
            };
        }
        if sum > LARGE {
            let deviation = libm::sqrt(a / sum * (b / sum) / sum);
            let z = super::special::normal_quantile(probability);
            return (a / sum + z * deviation).clamp(0.0, 1.0);
        }
        beta_quantile(a, b, probability)
    }

    fn cumulative(self, x: f64) -> f64 {
        if self.b <= 0.0 {
            return if x >= 1.0 { 1.0 } else { 0.0 };
        }
        beta_regularised(self.a, self.b, x)
    }
}

fn gamma_upper(shape: f64, tail: f64) -> f64 {
    if shape > NORMAL * NORMAL {
        return shape + super::special::normal_quantile(1.0 - tail) * libm::sqrt(shape);
    }
    gamma_quantile(shape, 1.0 - tail)
}
