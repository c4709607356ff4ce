//! Tracks shared between sites: what a surveillance site reports, and what a shooter makes of it.
//!
//! After each scan a site reports its confirmed tracks over every link it has: number, place, velocity, identity. Each
//! report gets through or not by one draw and takes a time drawn for it. The receiver keeps the latest report of each
//! track, carried on along its velocity, and forgets it when no news has come for the link's `hold_s`. At each of its own
//! scans it pairs reports with its own tracks: globally nearest, within the link's gate. A pair is one aircraft to the
//! receiver: the link's policy says what the reported identity counts for beside its own, or that what the sender declared is
//! weighed beside the receiver's own declarations ([`crate::identification::Told`]). A report without a pair is a
//! track of its own, whose identity is the reported one; fire on it needs a link that is good enough for that.
//!
//! Assumptions: reports are instantaneous in content (no fusion of positions); sites correct for where they stand, not
//! for how their radars are misaligned, so a bias splits one aircraft into two tracks. Source of the terms: NATO
//! recognised air picture practice; report responsibility is not modelled.

use bevy_ecs::resource::Resource;
use nalgebra::Vector3;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::track::Course;
use crate::identification::Told;
use crate::ids::{AircraftId, Key, SiteId};
use crate::record::Identity;
use crate::streams::{Delay, Purpose, Streams};
use crate::units::Millis;

/// What a reported identity counts for beside the receiver's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SharedIdentity {
    /// Nothing.
    Ignore,
    /// It is taken over while the receiver's own is Pending or Unknown.
    #[default]
    Fill,
    /// It is taken over whenever the sender has declared one.
    Override,
    /// Nothing; but what the sender declared is weighed beside what the receiver did, each declaration once.
    Fuse,
}

impl SharedIdentity {
    /// The identity that counts.
    pub fn of(self, own: Identity, reported: Identity) -> Identity {
        let taken = match self {
            SharedIdentity::Ignore | SharedIdentity::Fuse => false,
            SharedIdentity::Fill => !own.declared() && reported.declared(),
            SharedIdentity::Override => reported.declared(),
        };
        if taken { reported } else { own }
    }
}

/// A link on which the sites of one entry report their tracks to those of another.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackLink {
    /// What its draws are keyed by.
    pub key: Key,
    /// The entry of the senders.
    pub from: u32,
    /// The entry of the receivers.
    pub to: u32,
    /// Probability that a report gets through.
    pub delivery: f64,
    /// How long it takes.
    pub latency: Option<Delay>,
    /// A report and a track this near are one aircraft to the receiver, m along the ground.
    pub gate_m: f64,
    /// A report is forgotten when no news has come for so long.
    pub hold: Millis,
    /// What the reported identity counts for.
    pub identity: SharedIdentity,
    /// Whether the receiver may fire at a track it has from the link alone.
    pub engage: bool,
}

/// The links of a replication, by sender.
#[derive(Debug, Clone, Default, Resource)]
pub struct TrackLinks {
    links: Vec<TrackLink>,
    /// By sender: link, receiver, what the draws about its reports are keyed by.
    outgoing: Vec<Vec<(u32, SiteId, Key)>>,
}

impl TrackLinks {
    /// The links between sites of these entries and keys, by [`SiteId`].
    pub fn new(links: &[TrackLink], sites: &[(u32, Key)]) -> TrackLinks {
        let outgoing = sites.iter().map(|&(entry, sender)| {
            let mut receivers = Vec::new();
            for (number, link) in links
                .iter()
                .enumerate()
                .filter(|(_, link)| link.from == entry)
            {
                for (site, &(_, receiver)) in sites
                    .iter()
                    .enumerate()
                    .filter(|(_, site)| site.0 == link.to)
                {
                    let key = link.key.and(sender).and(receiver);
                    receivers.push((number as u32, SiteId(site as u32), key));
                }
            }
            receivers
        });
        TrackLinks {
            outgoing: outgoing.collect(),
            links: links.to_vec(),
        }
    }

    /// The link of this number.
    pub fn link(&self, number: u32) -> &TrackLink {
        &self.links[number as usize]
    }

    /// Sends reports of a site's tracks at a scan to all who are to have them.
    pub fn send(
        &self,
        sender: SiteId,
        scan: u64,
        streams: &Streams,
        reports: &[Report],
        mut deliver: impl FnMut(SiteId, Report),
    ) {
        for &(link, receiver, key) in &self.outgoing[sender.index()] {
            let spec = self.link(link);
            for report in reports {
                let about = report.key;
                let delivered = streams
                    .about(Purpose::ShareDelivery, key, about)
                    .happens(scan, spec.delivery);
                if delivered {
                    let latency_s = spec.latency.as_ref().map_or(0.0, |latency| {
                        streams
                            .about(Purpose::ShareLatency, key, about)
                            .delay_s(scan, latency)
                    });
                    let arrives = report.seen + Millis::from_seconds(latency_s);
                    deliver(
                        receiver,
                        Report {
                            link,
                            arrives,
                            ..*report
                        },
                    );
                }
            }
        }
    }
}

/// A report of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// Who reports it, and under which number.
    pub source: (SiteId, u32),
    /// What the draws about it are keyed by.
    pub key: Key,
    /// Over which link.
    pub link: u32,
    /// When it arrives.
    pub arrives: Millis,
    /// When that was so.
    pub seen: Millis,
    /// Where the sender held it to be, m.
    pub place: Vector3<f64>,
    /// Its velocity, m/s.
    pub velocity: Vector3<f64>,
    /// The identity the sender held.
    pub identity: Identity,
    /// What the sender's declarations say of it.
    pub told: Told,
    /// Who was behind it, for the record.
    pub behind: AircraftId,
}

impl Report {
    /// Where it was seen, and how it moved.
    pub fn course(&self) -> Course {
        Course {
            place: self.place,
            velocity_mps: self.velocity,
            at: self.seen,
        }
    }
}

/// What a site has been told by others.
#[derive(Debug, Clone, Default)]
pub struct Inbox {
    under_way: Vec<Report>,
    /// The latest report of each track, in the order of their sources.
    latest: Vec<Report>,
}

impl Inbox {
    /// Whether anything is known or on its way.
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.latest.is_empty()
    }

    /// Takes a report that will arrive.
    pub fn expect(&mut self, report: Report) {
        self.under_way.push(report);
    }

    /// The latest report of each track at `now`: what arrived before, less what is too old.
    ///
    /// Before and not at: so it does not matter which of two sites scans first at one instant.
    pub fn read(&mut self, now: Millis, links: &TrackLinks) -> &[Report] {
        let latest = &mut self.latest;
        self.under_way.retain(|report| {
            if report.arrives >= now {
                return true;
            }
            match latest.binary_search_by_key(&report.source, |known| known.source) {
                Ok(at) if latest[at].seen < report.seen => latest[at] = *report,
                Ok(_) => {}
                Err(at) => latest.insert(at, *report),
            }
            false
        });
        latest.retain(|report| now - report.seen <= links.link(report.link).hold);
        latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Replication;

    fn report(number: u32, seen_ms: i64, arrives_ms: i64) -> Report {
        Report {
            source: (SiteId(0), number),
            key: Key::of("x"),
            link: 0,
            arrives: Millis(arrives_ms),
            seen: Millis(seen_ms),
            place: Vector3::zeros(),
            velocity: Vector3::new(100.0, 0.0, 0.0),
            identity: Identity::Hostile,
            told: Told::NOTHING,
            behind: AircraftId(0),
        }
    }

    fn link(delivery: f64) -> TrackLink {
        TrackLink {
            key: Key::of("link"),
            from: 0,
            to: 1,
            delivery,
            latency: None,
            gate_m: 1000.0,
            hold: Millis(30_000),
            identity: SharedIdentity::Fill,
            engage: false,
        }
    }

    #[test]
    fn the_latest_news_counts_until_it_is_too_old() {
        let links = TrackLinks::new(&[link(1.0)], &[(0, Key::of("a")), (1, Key::of("b"))]);
        let mut inbox = Inbox::default();
        inbox.expect(report(1, 5_000, 9_000));
        inbox.expect(report(1, 1_000, 12_000));
        assert!(
            inbox.read(Millis(9_000), &links).is_empty(),
            "arrives now, not before"
        );
        assert_eq!(inbox.read(Millis(9_001), &links).len(), 1);
        let late = inbox.read(Millis(20_000), &links);
        assert_eq!(
            (late.len(), late[0].seen),
            (1, Millis(5_000)),
            "older news came later"
        );
        assert_eq!(late[0].course().place_at(Millis(6_000)).x, 100.0);
        assert!(inbox.read(Millis(35_001), &links).is_empty() && inbox.is_empty());
    }

    /// Delivery .7, within 4.9 standard errors (false-alarm rate 1e-6); each receiver has random numbers of its own.
    #[test]
    fn reports_get_lost_one_by_one() {
        let sites = [(0, Key::of("a")), (1, Key::of("b")), (1, Key::of("c"))];
        let links = TrackLinks::new(&[link(0.7)], &sites);
        let streams = Streams::new(Replication { seed: 1, index: 0 });
        let count = 10_000;
        let mut got = [0u32; 3];
        let mut same = 0;
        for scan in 0..count {
            let mut receivers = Vec::new();
            let tracks = [report(1, 0, 0)];
            links.send(SiteId(0), scan, &streams, &tracks, |site, _| {
                receivers.push(site)
            });
            for site in &receivers {
                got[site.index()] += 1;
            }
            same += u32::from(receivers.len() != 1);
        }
        let error = |p: f64| (p * (1.0 - p) * count as f64).sqrt();
        assert_eq!(got[0], 0);
        for site in [1, 2] {
            let z = (f64::from(got[site]) - 0.7 * count as f64) / error(0.7);
            assert!(z.abs() < 4.9, "z = {z}");
        }
        let alike = 0.7 * 0.7 + 0.3 * 0.3;
        let z = (f64::from(same) - alike * count as f64) / error(alike);
        assert!(z.abs() < 4.9, "z = {z}");
    }

    #[test]
    fn whose_identity_counts() {
        use Identity::*;
        for (policy, own, reported, counts) in [
            (SharedIdentity::Ignore, Unknown, Hostile, Unknown),
            (SharedIdentity::Fill, Unknown, Hostile, Hostile),
            (SharedIdentity::Fill, Pending, Unknown, Pending),
            (SharedIdentity::Fill, Neutral, Hostile, Neutral),
            (SharedIdentity::Override, Neutral, Hostile, Hostile),
            (SharedIdentity::Override, Neutral, Pending, Neutral),
        ] {
            assert_eq!(policy.of(own, reported), counts, "{policy:?}");
        }
    }
}
