//! What was flown, and what coordination cost: sorties, hours, time on station, messages.

use super::Header;
use super::scene::Scene;
use crate::coordination::asking;
use crate::record::{Event, Fact};
use crate::units::Millis;

#[derive(Debug, Clone)]
pub(super) struct Mission {
    sorties: usize,
    sorties_by_side: usize,
    sorties_by_type: usize,
    flight_hours: usize,
    hours_by_side: usize,
    hours_by_type: usize,
    protected_sorties: usize,
    protected_sorties_by_coordination: usize,
    protected_hours: usize,
    protected_hours_by_coordination: usize,
    station_planned: usize,
    station_planned_by_side: usize,
    station_flown: usize,
    station_flown_by_side: usize,
    plans_filed: usize,
    plans_astray: usize,
    notices: usize,
    endurance: usize,
    queries: usize,
    queries_by_rule: usize,
    release_requests: usize,
    release_refused: usize,
    release_waited: usize,
    deviations_noticed: usize,
    cancelled: usize,
    cancelled_by_side: usize,
    cancelled_hours: usize,
    cancelled_hours_by_side: usize,
    affiliated: usize,
}

impl Mission {
    pub fn new(header: &mut Header) -> Mission {
        Mission {
            sorties: header.one("sorties", "aircraft that took off or were in the air at the start"),
            sorties_by_side: header.by_side("sorties", "sorties, by side"),
            sorties_by_type: header.by_type("sorties", "sorties, by type"),
            flight_hours: header.one("flight_hours", "time in the air within the scenario"),
            hours_by_side: header.by_side("flight_hours", "flight hours, by side"),
            hours_by_type: header.by_type("flight_hours", "flight hours, by type"),
            protected_sorties: header.one("protected_sorties", "sorties that are friend or neutral to at least one site present"),
            protected_sorties_by_coordination: header.by_coordination("protected_sorties", "sortie", "protected sorties; coordinated: the addressees' graph reaches every one of those sites"),
            protected_hours: header.one("protected_flight_hours", "flight hours of protected sorties"),
            protected_hours_by_coordination: header.by_coordination("protected_flight_hours", "sortie", "flight hours of protected sorties, by coordination of the sortie"),
            station_planned: header.one("station_planned_s", "time on station within the scenario if nothing happens, s"),
            station_planned_by_side: header.by_side("station_planned_s", "planned time on station, by side"),
            station_flown: header.one("station_flown_s", "time on station flown, s"),
            station_flown_by_side: header.by_side("station_flown_s", "time on station flown, by side"),
            plans_filed: header.one("plans_filed", "flight-plan versions sent"),
            plans_astray: header.one("plans_astray", "of these, sent to a wrong addressee"),
            notices: header.one("plans_delivered", "flight-plan versions that reached a site"),
            endurance: header.one("endurance_landings", "flights cut short by endurance"),
            queries: header.one("queries_sent", "queries that a rule demands of a site before it fires, once per track and rule"),
            queries_by_rule: header.by("queries_sent", "rule", asking(), "queries, by the rule that demands them"),
            release_requests: header.one("release_requests", "requests for release that the authority answered within the scenario"),
            release_refused: header.one("release_refused", "of these, refused, for overload or otherwise"),
            release_waited: header.one("release_waited_s", "time from these requests to their answers, s"),
            deviations_noticed: header.one("deviations_noticed", "messages to sites that a flight is off its plan"),
            cancelled: header.one("sorties_cancelled", "sorties that did not take off because a rule kept them out: a restricted operations zone, agreed windows, a closure"),
            cancelled_by_side: header.by_side("sorties_cancelled", "cancelled sorties, by side"),
            cancelled_hours: header.one("cancelled_hours", "time that cancelled sorties would have been in the air within the scenario"),
            cancelled_hours_by_side: header.by_side("cancelled_hours", "hours of cancelled sorties, by side"),
            affiliated: header.by_affiliation("affiliated_sorties", "sorties, by affiliation to at least one site present"),
        }
    }

    pub fn event(&self, scene: &Scene, event: &Event, row: &mut [f64]) {
        match event.fact {
            Fact::QuerySent { rule, .. } => {
                row[self.queries] += 1.0;
                if let Some(nth) = asking().position(|asks| asks == rule) {
                    row[self.queries_by_rule + nth] += 1.0;
                }
            }
            Fact::RequestAnswered {
                waited, granted, ..
            } => {
                row[self.release_requests] += 1.0;
                row[self.release_waited] += waited.seconds();
                if !granted {
                    row[self.release_refused] += 1.0;
                }
            }
            Fact::DeviationNoticed { .. } => row[self.deviations_noticed] += 1.0,
            Fact::SortieCancelled { aircraft } => {
                let sortie = &scene.log.sorties[aircraft.index()];
                let side = sortie.side.index();
                let hours = (sortie.lands.min(scene.log.end) - event.time).hours();
                row[self.cancelled] += 1.0;
                row[self.cancelled_by_side + side] += 1.0;
                row[self.cancelled_hours] += hours;
                row[self.cancelled_hours_by_side + side] += hours;
            }
            Fact::PlanFiled { astray, .. } => {
                row[self.plans_filed] += 1.0;
                if astray {
                    row[self.plans_astray] += 1.0;
                }
            }
            Fact::PlanDelivered { .. } => row[self.notices] += 1.0,
            Fact::Landed {
                endurance: true, ..
            } => row[self.endurance] += 1.0,
            _ => {}
        }
    }

    pub fn sorties(&self, scene: &Scene, row: &mut [f64]) {
        for (index, outcome, departed, gone) in scene.flown() {
            let sortie = &scene.log.sorties[index];
            let (side, type_index) = (sortie.side.index(), sortie.type_id.index());
            let hours = (gone - departed).hours().max(0.0);
            row[self.sorties] += 1.0;
            row[self.sorties_by_side + side] += 1.0;
            row[self.sorties_by_type + type_index] += 1.0;
            row[self.flight_hours] += hours;
            row[self.hours_by_side + side] += hours;
            row[self.hours_by_type + type_index] += hours;
            for (nth, affiliated) in outcome.affiliated.into_iter().enumerate() {
                row[self.affiliated + nth] += f64::from(u8::from(affiliated));
            }
            if outcome.protected {
                let coordination = usize::from(!outcome.coordinated);
                row[self.protected_sorties] += 1.0;
                row[self.protected_sorties_by_coordination + coordination] += 1.0;
                row[self.protected_hours] += hours;
                row[self.protected_hours_by_coordination + coordination] += hours;
            }
            let planned = overlap_s(sortie.station, departed, scene.log.end);
            let flown = overlap_s(sortie.station, departed, gone.min(scene.log.end));
            row[self.station_planned] += planned;
            row[self.station_planned_by_side + side] += planned;
            row[self.station_flown] += flown;
            row[self.station_flown_by_side + side] += flown;
        }
    }
}

/// The part of `[window[0], window[1]]` that lies in `[from, until]`, s.
fn overlap_s(window: [Millis; 2], from: Millis, until: Millis) -> f64 {
    (window[1].min(until) - window[0].max(from))
        .seconds()
        .max(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, handwritten};
    use crate::ids::{AircraftId, SiteId};
    use crate::record::{Event, Fact};
    use crate::units::Millis;

    #[test]
    fn hours_end_with_the_aircraft() {
        let log = handwritten::log();
        let columns = Columns::new(&log.cast);
        let row = columns.measure(&log).values;
        let value = |name: &str| row[columns.position(name).unwrap()];
        assert_eq!(value("sorties"), 3.0); // the fourth departs after the end
        assert_eq!(value("sorties[side=us]"), 2.0);
        assert_eq!(value("flight_hours[side=us]"), 1.0 + 2.0); // one shot down after an hour, one flies on
        assert_eq!(value("flight_hours[side=gna]"), 2.0);
        assert_eq!(value("protected_sorties"), 2.0);
        assert_eq!(value("protected_sorties[sortie=uncoordinated]"), 1.0);
        assert_eq!(value("protected_sorties[sortie=coordinated]"), 1.0);
        assert_eq!(value("station_planned_s[side=us]"), 2.0 * 5400.0);
        assert_eq!(value("station_flown_s[side=us]"), 1800.0 + 5400.0);
        assert_eq!(value("plans_filed"), 1.0);
        assert_eq!(value("plans_delivered"), 1.0);
    }

    /// A sortie that stays on the ground costs the hours until it would have landed, or the end.
    #[test]
    fn what_coordination_keeps_on_the_ground_is_counted() {
        let mut log = handwritten::log();
        let event = |time, fact| Event {
            time: Millis(time),
            place: [0.0; 3],
            fact,
        };
        let (aircraft, site) = (AircraftId(3), SiteId(0));
        log.events
            .push(event(3_600_000, Fact::SortieCancelled { aircraft }));
        for aircraft in [AircraftId(1), AircraftId(1), AircraftId(2)] {
            log.events.push(event(
                4_000_000,
                Fact::QuerySent {
                    site,
                    aircraft,
                    rule: "R7",
                },
            ));
        }
        let columns = Columns::new(&log.cast);
        let row = columns.measure(&log).values;
        let value = |name: &str| row[columns.position(name).unwrap()];
        assert_eq!(value("queries_sent"), 3.0);
        assert_eq!(value("sorties_cancelled"), 1.0);
        assert_eq!(value("sorties_cancelled[side=gna]"), 1.0);
        assert_eq!(value("sorties_cancelled[side=us]"), 0.0);
        assert_eq!(value("cancelled_hours"), 1.0);
        assert_eq!(value("cancelled_hours[side=gna]"), 1.0);
        assert_eq!(value("sorties"), 3.0);
    }
}
