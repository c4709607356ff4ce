//! Optical recognition by Johnson's criteria: enough line pairs across the target, and one can say what it is.
//!
//! *World*: N = (d / R) / (2 IFOV) cycles across the critical dimension d (m) of the true aircraft at slant range R (m),
//! with IFOV the instantaneous field of view of one detector element (rad): two elements to a cycle. A look succeeds
//! with P = x^E / (1 + x^E), x = N / N50, E = 2.7 + 0.7 x, where N50 = 1 to detect, 4 to recognise, 6.4 to identify;
//! at night times `night_factor`; while the hour is hazy at this site ([`super::super::faults`]) never, or times what is left of the contrast
//! at the visibility of such hours, min(1, e^(-3.912 R / V) / .02) (Koschmieder). A look that
//! succeeds declares a row of the class by the ID source's own matrix; one that fails says nothing. What a row looks like stays what
//! it is for a while ([`super::super::appearance`], `tau_s`): looking again at the same aspect shows the same.
//!
//! *Belief*: P(declared | row) by `assumed`, or by the true matrix.
//!
//! Fails by: range, night, haze (common to the hour), look-alikes (the matrix), a wrong belief about them.
//! Assumes a target that fills its critical dimension, contrast and atmosphere inside N50, success independent from
//! look to look, though only the latest counts.
//! Source: J. Johnson, "Analysis of image forming systems", Image Intensifier Symposium, Fort Belvoir (1958); the
//! exponent: G. C. Holst, "Electro-Optical Imaging System Performance" (target transfer probability function).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, Belief, Heard, IdSource, IdSourceScene, Said, Surroundings, Trust};
use crate::identification::appearance::AppearanceSpec;
use crate::identification::faults::Faults;
use crate::identification::{
    Appearance, ConfusionMatrix, Glimpse, IdentificationSpec, MAX_ROWS, Viewer,
};
use crate::streams::Purpose;
use crate::units::Millis;

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
    /// World: when there is daylight; without it it is always day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Daylight>,
    /// World: at night the probability of success is multiplied by this; 0: nothing is seen.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub night_factor: f64,
    /// World: mean time until what optics see of an aircraft changes, s; 0: every look is a draw of its own.
    #[serde(default = "tau_s")]
    #[schemars(range(min = 0.0, max = 1e9))]
    pub tau_s: f64,
    /// World: `TRUTH.DECLARED = probability`, for the rows of the class's own matrix; `unknown` is a column.
    pub actual: ConfusionMatrix,
    /// Belief: the matrix the site believes in; without it the true one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<ConfusionMatrix>,
    /// Belief: how far the site trusts the ID source, 0 not at all, 1 as its matrix says.
    #[serde(default = "super::certain")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reliability: f64,
    /// Belief: age at which a reading counts no more, s; it fades linearly until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 31_622_400.0))]
    pub max_age_s: Option<f64>,
}

fn tau_s() -> f64 {
    AppearanceSpec::default().tau_s
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
    /// Whether there is daylight at an hour of the day, UTC.
    pub fn light(&self, hour_of_day: f64) -> bool {
        if self.from_h <= self.to_h {
            (self.from_h..self.to_h).contains(&hour_of_day)
        } else {
            hour_of_day >= self.from_h || hour_of_day < self.to_h
        }
    }
}

/// When there is daylight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Daylight {
    /// From one hour to another of every day.
    Hours(DayHours),
    /// While the sun is high enough at the origin of the scenario.
    Sun(SunLight),
}

impl Daylight {
    /// Whether there is daylight at a time, and hour of the day, UTC.
    pub fn light(&self, time: Millis, hour_of_day: f64) -> bool {
        match self {
            Daylight::Hours(hours) => hours.light(hour_of_day),
            Daylight::Sun(SunLight { sun }) => {
                let next = sun.light.partition_point(|(_, until)| *until <= time);
                sun.light.get(next).is_some_and(|(from, _)| *from <= time)
            }
        }
    }
}

/// Daylight by the sun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SunLight {
    /// The sun.
    pub sun: SunSpec,
}

/// How high the sun must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SunSpec {
    /// Elevation of the middle of the sun above which there is daylight, degrees: -0.833 from sunrise to sunset, -6 with civil
    /// twilight, in which things are still told apart (US Naval Observatory).
    #[serde(default = "civil_deg")]
    #[schemars(range(min = -18.0, max = 30.0))]
    pub twilight_deg: f64,
    /// When it is: worked out for a place and a time when a scenario is read.
    #[serde(skip)]
    pub light: Vec<(Millis, Millis)>,
}

fn civil_deg() -> f64 {
    -6.0
}

/// What is left of the chance to recognise something through haze: contrast falls as e^(-3.912 R / V), to .02 at the visibility V, up to which it suffices
/// (H. Koschmieder, "Theorie der horizontalen Sichtweite", 1924).
pub fn contrast_left(range_m: f64, visibility_km: f64) -> f64 {
    let contrast = libm::exp(-3.912 * range_m / (visibility_km * 1000.0));
    (contrast / 0.02).min(1.0)
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

/// The ID source, ready to use.
#[derive(Debug, Clone)]
pub(super) struct Optical {
    pub spec: OpticalSpec,
    appearance: Appearance,
    /// Cumulated P(column | true row), by row.
    actual: Vec<Vec<f64>>,
    /// ln P(column | row) as assumed, by column.
    assumed: Vec<[f64; MAX_ROWS]>,
    rows: usize,
}

impl Optical {
    pub(super) fn new(spec: &OpticalSpec, gamma: f64, rows: &[String]) -> Optical {
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
                    sum += entry(&spec.actual, row, column);
                    sum
                })
                .collect()
        };
        let belief = spec.assumed.as_ref().unwrap_or(&spec.actual);
        let of_column = |column| {
            let mut ln = [f64::NEG_INFINITY; MAX_ROWS];
            for (ln, row) in ln.iter_mut().zip(rows) {
                *ln = libm::log(entry(belief, row, column));
            }
            ln
        };
        Optical {
            spec: spec.clone(),
            appearance: Appearance::of_optics(spec.tau_s, gamma),
            actual: rows.iter().map(cumulated).collect(),
            assumed: (0..=rows.len()).map(of_column).collect(),
            rows: rows.len(),
        }
    }

    /// World: the row that a look now declares, one beyond the last for `unknown`; nothing if it does not succeed.
    fn recognise(&self, faults: &Faults, scene: &IdSourceScene) -> Option<u8> {
        let haze = faults.haze(scene.streams, scene.site_key, scene.time, scene.range_m);
        if haze == 0.0 {
            return None;
        }
        let day = self.spec.day.as_ref();
        let light = day.is_none_or(|day| day.light(scene.time, faults.hour_of_day(scene.time)));
        let n = cycles(
            scene.emitter.critical_dimension_m,
            scene.range_m,
            self.spec.ifov_mrad,
        );
        let factor = haze * if light { 1.0 } else { self.spec.night_factor };
        let mut draws = scene
            .streams
            .about(Purpose::Optical, scene.site_key, scene.aircraft_key);
        let look = 2 * scene.time.0 as u64;
        if !draws.happens(look, factor * success(n, self.spec.task)) {
            return None;
        }
        let drawn = if self.appearance.persists() {
            let viewer = Viewer {
                streams: scene.streams,
                site: scene.site_key,
                side: scene.site_side_key,
                aircraft: scene.aircraft_key,
            };
            let seen = (self.appearance).look(&viewer, scene.time, &mut Glimpse::none());
            f64::from(seen.word) / 4_294_967_296.0
        } else {
            draws.uniform(look + 1)
        };
        let limits = self.actual.get(usize::from(scene.emitter.truth_row));
        let column = limits.map_or(self.rows, |limits| {
            limits.iter().filter(|&&limit| drawn >= limit).count()
        });
        Some(column as u8)
    }

    /// Belief: ln P(declared | row).
    pub(super) fn ln_likelihood(&self, declared: u8) -> ([f64; MAX_ROWS], usize) {
        let column = usize::from(declared).min(self.rows);
        (self.assumed[column], self.rows)
    }
}

impl IdSource for Optical {
    type Latest = Asked<u8>;

    fn of(class: &IdentificationSpec, surroundings: Surroundings<'_>) -> Option<Optical> {
        let spec = class.optical.as_ref()?;
        Some(Optical::new(
            spec,
            class.appearance.gamma,
            surroundings.rows,
        ))
    }

    fn counts_as(class: &IdentificationSpec) -> u32 {
        u32::from(class.optical.is_some())
    }

    fn look(&self, latest: &mut Self::Latest, faults: &Faults, scene: &IdSourceScene) {
        latest.ask(scene.time, self.spec.interval_s, || {
            self.recognise(faults, scene)
        });
    }

    fn hear(&self, latest: &Self::Latest, time: Millis, tell: &mut impl FnMut(Heard)) {
        if let Some(reading) = &latest.latest {
            let belief = Belief::Rows(self.ln_likelihood(reading.said));
            let said = Said::Row(reading.said);
            let trust = Trust::of(self.spec.reliability, self.spec.max_age_s, reading, time);
            tell(Heard::new("optical", said, belief, trust));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identification::Probability;
    use crate::identification::faults::FaultsSpec;
    use crate::identification::id_sources::tests::{AFFILIATIONS, decides_alone, scene, streams};
    use crate::ids::Key;
    use crate::platform::Equipment;
    use crate::record::Affiliation;
    use std::collections::BTreeMap;

    /// Declares neutrals `neutral_as` always, the rest rightly; believes in 90 % right.
    fn spec(neutral_as: &str) -> OpticalSpec {
        let surely = |name: &str| BTreeMap::from([(name.to_owned(), Probability(1.0))]);
        let names = ["friend", neutral_as, "hostile"];
        let likely = |right: &str| {
            let of = |name: &str| if name == right { 0.9 } else { 0.05 };
            AFFILIATIONS
                .map(|name| (name.to_owned(), Probability(of(name))))
                .into()
        };
        OpticalSpec {
            interval_s: 5.0,
            ifov_mrad: 0.02,
            task: Task::Recognise,
            day: Some(Daylight::Hours(DayHours {
                from_h: 5.0,
                to_h: 16.0,
            })),
            night_factor: 0.0,
            tau_s: 0.0,
            actual: AFFILIATIONS
                .into_iter()
                .zip(names)
                .map(|(row, name)| (row.to_owned(), surely(name)))
                .collect(),
            assumed: Some(AFFILIATIONS.map(|row| (row.to_owned(), likely(row))).into()),
            reliability: 1.0,
            max_age_s: None,
        }
    }

    /// 12 m at 10 km with 0.1 mrad are 6 cycles: 1.5 times what half of the looks need to recognise.
    #[test]
    fn johnsons_criteria() {
        assert!((cycles(12.0, 10_000.0, 0.1) - 6.0).abs() < 1e-12);
        for (cycles, task, expected) in [
            (1.0, Task::Detect, 0.5),
            (4.0, Task::Recognise, 0.5),
            (6.4, Task::Identify, 0.5),
            (2.0, Task::Detect, 0.944_90),
            (6.0, Task::Recognise, 0.820_61),
            (2.0, Task::Recognise, 0.107_73),
            (1e9, Task::Identify, 1.0),
            (0.0, Task::Detect, 0.0),
        ] {
            let found = success(cycles, task);
            assert!(
                (found - expected).abs() < 5e-5,
                "{cycles} {task:?}: {found}"
            );
        }
    }

    #[test]
    fn a_neutral_seen_as_hostile_is_identified_hostile_and_one_seen_as_neutral_is_not() {
        let (streams, equipment) = (streams(1), Equipment::default());
        // 50 cycles at 10 km: a look succeeds.
        let scene = scene(&streams, &equipment, Affiliation::Neutral);
        decides_alone(
            |class| {
                // Which of the two it is shows by the prior.
                let undecided = class.prior.get("hostile").is_some_and(|p| p.0 < 0.9);
                class.optical = Some(spec(if undecided { "hostile" } else { "neutral" }));
            },
            &[],
            &scene,
            &scene,
        );
    }

    /// Share of looks that succeed, by day, by night, in haze: within 4.9 standard errors (1e-6).
    #[test]
    fn looks_succeed_as_often_as_johnson_says() {
        let (streams, equipment) = (streams(2), Equipment::default());
        let mut spec = spec("neutral");
        (spec.ifov_mrad, spec.night_factor) = (0.1 * 20.0 / 12.0, 0.25);
        let id_source = Optical::new(&spec, 0.0, &AFFILIATIONS.map(str::to_owned));
        let looks = 40_000;
        let clear = FaultsSpec::default();
        let hazy = FaultsSpec {
            haze_per_hour: 1.0,
            ..clear.clone()
        };
        // At 10 km: .02 of the contrast at 10 km visibility suffices, at 8 km e^(-.978) of it is left.
        let [thin, thick] = [10.0, 8.0].map(|visibility_km| FaultsSpec {
            haze_visibility_km: Some(visibility_km),
            ..hazy.clone()
        });
        let left = libm::exp(-3.912 * 10.0 / 8.0) / 0.02;
        for (faults, start_h, expected) in [
            (&clear, 12.0, 0.820_61),
            (&clear, 22.0, 0.25 * 0.820_61),
            (&hazy, 12.0, 0.0),
            (&thin, 12.0, 0.820_61),
            (&thick, 12.0, left * 0.820_61),
            (&thick, 22.0, 0.25 * left * 0.820_61),
        ] {
            let faults = Faults::new(faults.clone(), start_h * 3600.0);
            let mut seen = 0;
            for number in 0..looks {
                let mut scene = scene(&streams, &equipment, Affiliation::Friend);
                scene.aircraft_key = Key::of("looked at").nth(number);
                let declared = id_source.recognise(&faults, &scene);
                assert!(declared.is_none_or(|declared| declared == 0));
                seen += u32::from(declared.is_some());
            }
            let share = f64::from(seen) / f64::from(looks);
            let bound = 4.9 * (expected * (1.0 - expected) / f64::from(looks)).sqrt() + 5e-5;
            assert!(
                (share - expected).abs() <= bound,
                "{share}, expected {expected}"
            );
        }
        assert_eq!(
            id_source.recognise(&Faults::new(clear, 0.0), &{
                let mut scene = scene(&streams, &equipment, Affiliation::Friend);
                scene.range_m = 1e7;
                scene
            }),
            None,
            "too far: says nothing"
        );
    }

    #[test]
    fn what_is_in_no_row_is_declared_unknown() {
        let (streams, equipment) = (streams(3), Equipment::default());
        let id_source = Optical::new(&spec("neutral"), 0.0, &AFFILIATIONS.map(str::to_owned));
        let faults = Faults::new(FaultsSpec::default(), 43_200.0);
        let mut scene = scene(&streams, &equipment, Affiliation::Friend);
        scene.emitter.truth_row = 3;
        assert_eq!(id_source.recognise(&faults, &scene), Some(3));
        scene.emitter.truth_row = 2;
        assert_eq!(id_source.recognise(&faults, &scene), Some(2));
    }

    #[test]
    fn the_sun_gives_light_between_two_instants() {
        let sun = SunSpec {
            twilight_deg: -6.0,
            light: [(5, 17), (29, 41)]
                .map(|(from, until)| (Millis(from), Millis(until)))
                .to_vec(),
        };
        let day = Daylight::Sun(SunLight { sun });
        let light: Vec<i64> = (0..50)
            .filter(|&time| day.light(Millis(time), 0.0))
            .collect();
        assert_eq!(light, (5..17).chain(29..41).collect::<Vec<_>>());
    }

    #[test]
    fn the_day_may_run_through_midnight() {
        let day = |from_h, to_h| DayHours { from_h, to_h };
        assert!(day(5.0, 16.0).light(5.0) && !day(5.0, 16.0).light(16.0));
        assert!(day(20.0, 4.0).light(23.0) && day(20.0, 4.0).light(3.0));
        assert!(!day(20.0, 4.0).light(12.0));
        let faults = Faults::new(FaultsSpec::default(), 23.0 * 3600.0);
        assert_eq!(faults.hour_of_day(Millis(2 * 3_600_000)), 1.0);
    }
}
