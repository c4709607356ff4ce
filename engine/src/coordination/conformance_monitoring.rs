//! R15: somebody watches whether flights keep to their plans, and tells the shooters when they do not.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Named, Offer, Rule, RulePage, Spec};
use crate::airspace::{Delay, ExponentialDelay, FixedDelay};
use crate::ids::Key;
use crate::platform::trajectory::Trajectory;
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

pub(super) static PAGE: RulePage = RulePage {
    id: "R15",
    key: "conformance_monitoring",
    title: "Conformance monitoring: the shooters are told when a flight leaves its plan",
    page: "\
A monitor watches the flights of `sides` that have filed a plan. Every 10 s it compares where an aircraft is with where its plan has it
at that time: farther off than `lateral_m` on the ground or `vertical_m` in height is a deviation, and a late departure is one too, from when it is in the air.
A deviation is seen after a time drawn from `detection`; then it waits at the monitor's one alert queue, which works off alerts first come
first served, `service_s` each, false ones among them, which come as a Poisson process of `false_alerts_per_hour`. From the queue the
message goes to every site with probability `delivery`, after a time drawn from `latency`. From then on until the flight conforms again
the plan check (R6) of a site that holds the plan takes the aircraft for conforming where it is: off_route and off_time become matched.
A message that comes before the plan waits for it; one that is there is acted on at the next scan.
The rule decides about no shot itself.

P(a deviation of length T is known in time) = delivery P(detection + wait + latency + time to the next scan < T).

Fails by: messages later than the shot; an alert flood; lost messages; sites that never got the plan.
Costs: messages.
Source: conformance monitoring and off-nominal states (nonconforming, contingent) as in ASTM F3548; route adherence monitoring as in
ICAO Doc 4444. The figures are assumptions.",
    reasons: &[],    stages: &[],
    amends: None,
    binds_all: true,
    offer: Ok(Offer {
        words: "telling the sites when a flight leaves its plan",
        spec: r#"{ "sides": "PROTECTED" }"#,
        band: [
            "half of the notices delivered to all, within 10 s",
            r#"{ "delivery": 0.5 }"#,
            r#"{ "delivery": 1.0, "latency": { "fixed": { "delay_s": 10.0 } } }"#,
        ],
    }),
};

/// R15: conformance monitoring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConformanceMonitoringSpec {
    /// Sides whose flights are watched.
    #[serde(default)]
    pub sides: Vec<String>,
    /// Distance on the ground from the planned place above which a flight deviates, m.
    #[serde(default = "three_km")]
    #[schemars(range(min = 0.0, max = 1_000_000.0))]
    pub lateral_m: f64,
    /// The same in height, m.
    #[serde(default = "half_km")]
    #[schemars(range(min = 0.0, max = 40_000.0))]
    pub vertical_m: f64,
    /// Time until a deviation is seen; one draw per deviation.
    #[serde(default = "about_a_minute")]
    pub detection: Delay,
    /// Time the monitor takes for an alert, s.
    #[serde(default = "twenty")]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub service_s: f64,
    /// False alerts an hour, which keep the monitor busy too.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub false_alerts_per_hour: f64,
    /// Time from the monitor to a site; one draw per site and deviation.
    #[serde(default = "a_minute")]
    pub latency: Delay,
    /// Probability that a notice reaches a site; one draw per site and deviation.
    #[serde(default = "nearly")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub delivery: f64,
}

fn three_km() -> f64 {
    3000.0
}

fn half_km() -> f64 {
    500.0
}

fn about_a_minute() -> Delay {
    Delay::Exponential(ExponentialDelay { mean_s: 60.0 })
}

fn twenty() -> f64 {
    20.0
}

fn a_minute() -> Delay {
    Delay::Fixed(FixedDelay { delay_s: 60.0 })
}

fn nearly() -> f64 {
    0.95
}

/// A flight off its plan for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deviation {
    /// When it began.
    pub from: Millis,
    /// When the flight conforms again, or is gone.
    pub until: Millis,
    /// When the monitor is done with it.
    pub reported: Millis,
}

impl ConformanceMonitoringSpec {
    /// Time between two comparisons.
    const STEP: Millis = Millis(10_000);

    /// Whether flights of a side are watched.
    pub fn watches(&self, side: &str) -> bool {
        self.sides.iter().any(|watched| watched == side)
    }

    /// When an aircraft is off its planned path, reported or not.
    pub fn deviations(
        &self,
        flown: &Trajectory,
        planned: &Trajectory,
        end: Millis,
    ) -> Vec<Deviation> {
        let (from, until) = (flown.departs(), flown.lands().min(end));
        let mut found: Vec<Deviation> = Vec::new();
        let mut off_before = false;
        let mut time = from;
        while time < until {
            let apart = flown.position(time) - planned.position(time);
            let off = apart.xy().norm() > self.lateral_m || apart.z.abs() > self.vertical_m;
            if off && !off_before {
                found.push(Deviation {
                    from: time,
                    until,
                    reported: Millis::NEVER,
                });
            } else if !off
                && off_before
                && let Some(last) = found.last_mut()
            {
                last.until = time;
            }
            off_before = off;
            time = time + Self::STEP;
        }
        found
    }

    /// Works off the deviations of all flights, each with what its aircraft's draws are keyed by and its number among that aircraft's:
    /// fills in when each is reported.
    pub fn work_off(
        &self,
        streams: &Streams,
        deviations: &mut [(Key, u64, &mut Deviation)],
        end: Millis,
    ) {
        let mut alerts: Vec<(Millis, Option<usize>)> = Vec::new();
        for (at, (aircraft, number, deviation)) in deviations.iter().enumerate() {
            let mut draws = streams.about(Purpose::DeviationSeen, *aircraft, Key::NONE);
            let seen = Millis::from_seconds(draws.delay_s(*number, &self.detection));
            alerts.push((deviation.from + seen, Some(at)));
        }
        if self.false_alerts_per_hour > 0.0 {
            let mut draws = streams.about(Purpose::FalseDeviation, Key::NONE, Key::NONE);
            let (mut time_s, mut nth) = (0.0, 0);
            while time_s <= end.seconds() {
                time_s += draws.exponential(nth) * 3600.0 / self.false_alerts_per_hour;
                nth += 1;
                alerts.push((Millis::from_seconds(time_s), None));
            }
        }
        alerts.sort_unstable();
        let service = Millis::from_seconds(self.service_s);
        let mut free = Millis(i64::MIN / 2);
        for (seen, of) in alerts {
            free = free.max(seen) + service;
            if let Some(at) = of {
                deviations[at].2.reported = free;
            }
        }
    }

    /// When a site knows of a deviation, if the notice gets there.
    pub fn at_site(
        &self,
        streams: &Streams,
        site: Key,
        aircraft: Key,
        number: u64,
        deviation: &Deviation,
    ) -> Option<Millis> {
        let mut draws = streams.about(Purpose::DeviationNotice, site, aircraft);
        let mut way = streams.about(
            Purpose::DeviationNotice,
            site,
            aircraft.and(Key::of("latency")),
        );
        let arrives = draws.happens(number, self.delivery);
        let latency_s = way.delay_s(number, &self.latency);
        arrives.then(|| deviation.reported + Millis::from_seconds(latency_s))
    }
}

impl Spec for ConformanceMonitoringSpec {
    fn ready(&self, _: &Named<'_>) -> Option<Arc<dyn Rule>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replication;

    /// Five deviations seen at once at a monitor that takes 20 s each: reported 20, 40, ... 100 s later.
    #[test]
    fn an_alert_flood_delays() {
        let spec: ConformanceMonitoringSpec =
            serde_json::from_str(r#"{ "detection": { "fixed": { "delay_s": 5 } } }"#).unwrap();
        let streams = Streams::new(Replication { seed: 1, index: 0 });
        let mut deviations = [Deviation {
            from: Millis(1000),
            until: Millis::NEVER,
            reported: Millis::NEVER,
        }; 5];
        let mut all: Vec<_> = (deviations.iter_mut().enumerate())
            .map(|(nth, deviation)| (Key::of("a").nth(nth as u32), 0, deviation))
            .collect();
        spec.work_off(&streams, &mut all, Millis(10_000));
        let reported = deviations.map(|deviation| deviation.reported.0);
        assert_eq!(reported, [26_000, 46_000, 66_000, 86_000, 106_000]);
    }
}
