//! What became of the sites: how long they were ready, whether they were lost, which orders reached them.

use super::Header;
use crate::record::{Event, EventLog, Fact, NotReady};
use crate::units::Millis;

#[derive(Debug, Clone)]
pub(super) struct Sites {
    hours: usize,
    ready_hours: usize,
    lost: usize,
    cease_fires: usize,
}

impl Sites {
    pub fn new(header: &mut Header) -> Sites {
        Sites {
            hours: header.one("site_hours", "time of the scenario, summed over its sites"),
            ready_hours: header.one("site_ready_hours", "of these, ready to look and to fire"),
            lost: header.one(
                "sites_lost",
                "sites destroyed by aircraft that came through",
            ),
            cease_fires: header.one(
                "cease_fires_received",
                "orders to cease fire that reached a site",
            ),
        }
    }

    /// One row of a whole replication: what was not ready when, site by site.
    pub fn measure(&self, log: &EventLog, row: &mut [f64]) {
        let hours = log.end.hours() * log.sites.len() as f64;
        row[self.hours] += hours;
        row[self.ready_hours] += hours;
        let mut away: Vec<Option<Millis>> = vec![None; log.sites.len()];
        for Event { time, fact, .. } in &log.events {
            match *fact {
                Fact::SiteNotReady { site, cause } => {
                    away[site.index()].get_or_insert(*time);
                    if cause == NotReady::Lost {
                        row[self.lost] += 1.0;
                    }
                }
                Fact::SiteReady { site } => {
                    if let Some(since) = away[site.index()].take() {
                        row[self.ready_hours] -= (*time - since).hours();
                    }
                }
                Fact::CeaseFireReceived { .. } => row[self.cease_fires] += 1.0,
                _ => {}
            }
        }
        for since in away.into_iter().flatten() {
            row[self.ready_hours] -= (log.end - since).hours();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, handwritten};
    use crate::ids::SiteId;
    use crate::record::{Event, Fact, NotReady};
    use crate::units::Millis;

    #[test]
    fn hours_of_sites_end_where_they_are_not_ready() {
        let mut log = handwritten::log();
        let site = SiteId(0);
        let columns = Columns::new(&log.cast);
        let value =
            |log: &_, name: &str| columns.measure(log).values[columns.position(name).unwrap()];
        let whole = log.end.hours();
        assert_eq!(value(&log, "site_hours"), whole * log.sites.len() as f64);
        assert_eq!(value(&log, "site_ready_hours"), value(&log, "site_hours"));
        let mut tell = |hours: f64, fact| {
            log.events.push(Event {
                time: Millis::from_seconds(hours * 3600.0),
                place: [0.0; 3],
                fact,
            });
        };
        let cause = NotReady::Relocating;
        tell(0.25, Fact::SiteNotReady { site, cause });
        tell(0.5, Fact::SiteReady { site });
        tell(0.75, Fact::CeaseFireReceived { site });
        let cause = NotReady::Lost;
        tell(whole - 0.5, Fact::SiteNotReady { site, cause });
        let ready = value(&log, "site_hours") - 0.75;
        assert_eq!(value(&log, "site_ready_hours"), ready);
        assert_eq!(value(&log, "sites_lost"), 1.0);
        assert_eq!(value(&log, "cease_fires_received"), 1.0);
    }
}
