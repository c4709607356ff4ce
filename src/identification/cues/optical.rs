//! Optical recognition by Johnson's criteria: enough line pairs across the target, and one can say what it is.
//!
//! *World*: N = (d / R) / (2 IFOV) cycles across the critical dimension d (m) of the true aircraft at slant range R (m),
//! with IFOV the instantaneous field of view of one detector element (rad): two elements to a cycle. A look succeeds
//! with P = x^E / (1 + x^E), x = N / N50, E = 2.7 + 0.7 x, where N50 = 1 to detect, 4 to recognise, 6.4 to identify;
//! at night times `night_factor`; never while the hour is hazy at this site ([`super::super::faults`]). A look that
//! succeeds declares a row of the class by the cue's own matrix; one that fails says nothing.
//!
//! *Belief*: P(declared | row) by `believed`, or by the true matrix.
//!
//! Fails by: range, night, haze (common to the hour), look-alikes (the matrix), a wrong belief about them.
//! Assumes a target that fills its critical dimension, contrast and atmosphere inside N50, success independent from
//! look to look, though only the latest counts.
//! Source: J. Johnson, "Analysis of image forming systems", Image Intensifier Symposium, Fort Belvoir (1958); the
//! exponent: G. C. Holst, "Electro-Optical Imaging System Performance" (target transfer probability function).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CueScene;
use crate::identification::faults::Faults;
use crate::identification::{ConfusionMatrix, MAX_ROWS};
use crate::streams::Purpose;

/// Optical recognition: how a site looks, what it sees, and what it makes of that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpticalSpec {
    /// Time between two looks at a track, s.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub interval_s: f64,
    /// World: instantaneous field of view of one detector element, mrad.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 100.0))]
    pub ifov_mrad: f64,
    /// World: what must succeed before anything is declared.
    #[serde(default)]
    pub task: Task,
    /// World: hours of daylight; without them it is always day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<DayHours>,
    /// World: at night the probability of success is multiplied by this; 0: nothing is seen.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub night_factor: f64,
    /// World: `TRUTH.DECLARED = probability`, for the rows of the class's own matrix; `unknown` is a column.
    pub world: ConfusionMatrix,
    /// Belief: the matrix the site believes in; without it the true one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub believed: Option<ConfusionMatrix>,
    /// Belief: how far the site trusts the cue, 0 not at all, 1 as its matrix says.
    #[serde(default = "super::certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reliability: f64,
    /// Belief: age at which a reading counts no more, s; it fades linearly until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub max_age_s: Option<f64>,
}

/// What an observer must be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// See that something is there: 1 cycle.
    Detect,
    /// Tell the class: 4 cycles.
    #[default]
    Recognise,
    /// Tell the type: 6.4 cycles.
    Identify,
}

impl Task {
    /// Cycles across the critical dimension with which half of the looks succeed.
    pub fn cycles50(self) -> f64 {
        match self {
            Task::Detect => 1.0,
            Task::Recognise => 4.0,
            Task::Identify => 6.4,
        }
    }
}

/// Hours of daylight, UTC; with `from_h` above `to_h` the day runs through midnight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayHours {
    /// First light, hours after midnight UTC.
    #[schemars(range(min = 0.0, max = 24.0))]
    pub from_h: f64,
    /// Last light, hours after midnight UTC.
    #[schemars(range(min = 0.0, max = 24.0))]
    pub to_h: f64,
}

impl DayHours {
    fn light(&self, hour_of_day: f64) -> bool {
        if self.from_h <= self.to_h {
            (self.from_h..self.to_h).contains(&hour_of_day)
        } else {
            hour_of_day >= self.from_h || hour_of_day < self.to_h
        }
    }
}

/// Cycles across a target: N = (d / R) / (2 IFOV).
pub fn cycles(dimension_m: f64, range_m: f64, ifov_mrad: f64) -> f64 {
    dimension_m / range_m / (2.0 * ifov_mrad / 1000.0)
}

/// Probability that a look with so many cycles succeeds at a task: x^E / (1 + x^E), E = 2.7 + 0.7 x, x = N / N50.
pub fn success(cycles: f64, task: Task) -> f64 {
    let x = cycles / task.cycles50();
    // Beyond this nothing is left to gain, and the power would overflow.
    if x > 20.0 {
        return 1.0;
    }
    let power = libm::pow(x, 2.7 + 0.7 * x);
    power / (1.0 + power)
}

/// The cue, ready to use.
#[derive(Debug, Clone)]
pub(super) struct Optical {
    pub spec: OpticalSpec,
    /// Cumulated P(column | true row), by row.
    world: Vec<Vec<f64>>,
    /// ln P(column | row) as believed, by column.
    believed: Vec<[f64; MAX_ROWS]>,
    rows: usize,
}

impl Optical {
    pub(super) fn new(spec: &OpticalSpec, rows: &[String]) -> Optical {
        let rows = &rows[..rows.len().min(MAX_ROWS)];
        let entry = |matrix: &ConfusionMatrix, row: &str, column: usize| {
            let name = rows.get(column).map_or("unknown", String::as_str);
            let columns = matrix.get(row);
            columns
                .and_then(|columns| columns.get(name))
                .map_or(0.0, |p| p.0)
        };
        let cumulated = |row: &String| {
            let mut sum = 0.0;
            (0..rows.len())
                .map(|column| {
                    sum += entry(&spec.world, row, column);
                    sum
                })
                .collect()
        };
        let belief = spec.believed.as_ref().unwrap_or(&spec.world);
        let of_column = |column| {
            let mut ln = [f64::NEG_INFINITY; MAX_ROWS];
            for (ln, row) in ln.iter_mut().zip(rows) {
                *ln = libm::log(entry(belief, row, column));
            }
            ln
        };
        Optical {
            spec: spec.clone(),
            world: rows.iter().map(cumulated).collect(),
            believed: (0..=rows.len()).map(of_column).collect(),
            rows: rows.len(),
        }
    }

    /// World: the row that a look now declares, one beyond the last for `unknown`; nothing if it does not succeed.
    pub(super) fn look(&self, faults: &Faults, scene: &CueScene) -> Option<u8> {
        if faults.hazy(scene.streams, scene.site_key, scene.time) {
            return None;
        }
        let day = self.spec.day.as_ref();
        let light = day.is_none_or(|day| day.light(faults.hour_of_day(scene.time)));
        let n = cycles(scene.emitter.wingspan_m, scene.range_m, self.spec.ifov_mrad);
        let factor = if light { 1.0 } else { self.spec.night_factor };
        let mut draws = scene
            .streams
            .about(Purpose::Optical, scene.site_key, scene.aircraft_key);
        let look = 2 * scene.time.0 as u64;
        if !draws.happens(look, factor * success(n, self.spec.task)) {
            return None;
        }
        let drawn = draws.uniform(look + 1);
        let limits = self.world.get(usize::from(scene.emitter.truth_row));
        let column = limits.map_or(self.rows, |limits| {
            limits.iter().filter(|&&limit| drawn >= limit).count()
        });
        Some(column as u8)
    }

    /// Belief: ln P(declared | row).
    pub(super) fn ln_likelihood(&self, declared: u8) -> ([f64; MAX_ROWS], usize) {
        let column = usize::from(declared).min(self.rows);
        (self.believed[column], self.rows)
    }
}
