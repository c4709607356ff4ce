//! Who was told what, when: flight plans on their way through the coordination graph.
//!
//! A plan is filed (or not), goes to its addressees (or astray), and from there along every link, each of which
//! delivers or loses a version by one draw and takes a time drawn for it. A node has a version from its earliest
//! arrival on; a site has it after the last hop from its command node. A late change makes a second version, sent
//! later over the same links; until it arrives, whoever holds the first holds a stale plan.
//!
//! Everything is drawn before the first instant of the replication, so it costs nothing while the clock runs.

use super::{Command, Link, Node, Plan};
use crate::ids::{Key, NodeId};
use crate::streams::{Purpose, Streams};
use crate::units::Millis;

/// What became of one aircraft's plan before it reached anybody.
#[derive(Debug, Clone, PartialEq)]
pub struct Filing {
    /// Whether it was filed.
    pub filed: bool,
    /// Whether it went astray.
    pub astray: bool,
    /// Whether the flight was changed late, so that the second version is the current one.
    pub amended: bool,
    /// When each node has each version: `arrivals[version][node]`.
    arrivals: [Vec<Millis>; 2],
    /// When each version was sent.
    pub sent: [Millis; 2],
}

impl Filing {
    /// The filing of `plan` for the aircraft `key` whose planned departure is at `departs_s`.
    pub fn draw(
        plan: &Plan,
        key: Key,
        departs_s: f64,
        nodes: &[Node],
        links: &[Link],
        streams: &Streams,
    ) -> Filing {
        let happens = |purpose, probability| {
            streams
                .about(purpose, key, Key::NONE)
                .happens(0, probability)
        };
        let filed = happens(Purpose::Filed, plan.filed);
        let astray = !happens(Purpose::Addressed, plan.addressed);
        let amended = plan
            .amendment
            .is_some_and(|change| happens(Purpose::Amended, change.probability));
        let sent = [
            Millis::from_seconds(departs_s - plan.notice_s),
            match plan.amendment {
                Some(change) if amended => Millis::from_seconds(departs_s - change.notice_s),
                _ => Millis::NEVER,
            },
        ];
        let entry: &[_] = if astray {
            plan.astray_to.as_slice()
        } else {
            &plan.addressees
        };
        let arrivals = [0, 1].map(|version| {
            let mut arrivals = vec![Millis::NEVER; nodes.len()];
            if filed && (version == 0 || amended) {
                for node in entry {
                    arrivals[node.index()] = sent[version];
                }
                spread(&mut arrivals, links, key, version as u64, streams);
            }
            arrivals
        });
        Filing {
            filed,
            astray,
            amended,
            arrivals,
            sent,
        }
    }

    /// When `node` has each version of the plan.
    pub fn at_node(&self, node: NodeId) -> [Millis; 2] {
        [0, 1].map(|version: usize| self.arrivals[version][node.index()])
    }

    /// When the crew of the site `site_key` behind `command` has each version.
    pub fn at_site(
        &self,
        key: Key,
        site_key: Key,
        command: Option<&Command>,
        streams: &Streams,
    ) -> [Millis; 2] {
        let Some(command) = command else {
            return [Millis::NEVER; 2];
        };
        [0, 1].map(|version| {
            let arrival = self.arrivals[version][command.node.index()];
            if arrival == Millis::NEVER {
                return Millis::NEVER;
            }
            let index = version as u64;
            if !streams
                .about(Purpose::LastHop, site_key, key)
                .happens(index, command.delivery)
            {
                return Millis::NEVER;
            }
            let latency_s = command.latency.as_ref().map_or(0.0, |latency| {
                streams
                    .about(Purpose::LastHopLatency, site_key, key)
                    .delay_s(index, latency)
            });
            arrival + Millis::from_seconds(latency_s)
        })
    }
}

/// Passes one version on along the links until nobody learns of it earlier (Bellman 1958, Ford 1956).
fn spread(arrivals: &mut [Millis], links: &[Link], key: Key, version: u64, streams: &Streams) {
    let hops: Vec<Option<Millis>> = links
        .iter()
        .map(|link| {
            if !streams
                .about(Purpose::Delivery, link.key, key)
                .happens(version, link.delivery)
            {
                return None;
            }
            let latency_s = link.latency.as_ref().map_or(0.0, |latency| {
                streams
                    .about(Purpose::Latency, link.key, key)
                    .delay_s(version, latency)
            });
            Some(Millis::from_seconds(latency_s))
        })
        .collect();
    for _ in 0..arrivals.len() {
        let mut changed = false;
        for (link, hop) in links.iter().zip(&hops) {
            let from = arrivals[link.from.index()];
            if let Some(latency) = *hop
                && from != Millis::NEVER
                && from + latency < arrivals[link.to.index()]
            {
                arrivals[link.to.index()] = from + latency;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::airspace::{Delay, FixedDelay};
    use crate::ids::SideId;
    use crate::record::Replication;

    fn node(name: &str) -> Node {
        Node {
            name: name.into(),
            side: SideId(0),
        }
    }

    fn link(name: &str, from: u32, to: u32, delivery: f64, delay_s: f64) -> Link {
        Link {
            name: name.into(),
            key: Key::of(name),
            from: NodeId(from),
            to: NodeId(to),
            delivery,
            latency: Some(Delay::Fixed(FixedDelay { delay_s })),
        }
    }

    fn plan(addressees: &[u32]) -> Plan {
        Plan {
            addressees: addressees.iter().map(|&node| NodeId(node)).collect(),
            filed: 1.0,
            addressed: 1.0,
            astray_to: None,
            notice_s: 3600.0,
            amendment: None,
        }
    }

    #[test]
    fn a_plan_takes_the_quickest_way_and_only_the_ways_there_are() {
        let nodes = [node("a"), node("b"), node("c"), node("d")];
        let links = [
            link("ab", 0, 1, 1.0, 600.0),
            link("bc", 1, 2, 1.0, 60.0),
            link("ac", 0, 2, 1.0, 900.0),
        ];
        let streams = Streams::new(Replication { seed: 1, index: 0 });
        let filing = Filing::draw(&plan(&[0]), Key::of("f"), 0.0, &nodes, &links, &streams);
        let at = |node| {
            let command = Command {
                node: NodeId(node),
                delivery: 1.0,
                latency: None,
            };
            filing.at_site(Key::of("f"), Key::of("s"), Some(&command), &streams)[0]
        };
        assert_eq!(at(0), Millis::from_seconds(-3600.0));
        assert_eq!(at(1), Millis::from_seconds(-3000.0));
        assert_eq!(
            at(2),
            Millis::from_seconds(-2940.0),
            "by way of b, not direct"
        );
        assert_eq!(at(3), Millis::NEVER);
        assert_eq!(
            [1, 3].map(|node| filing.at_node(NodeId(node))[0]),
            [Millis::from_seconds(-3000.0), Millis::NEVER]
        );
        assert_eq!(
            filing.at_site(Key::of("f"), Key::of("s"), None, &streams)[0],
            Millis::NEVER
        );
    }

    /// Two lossy links in a row: .9 * .8, within 4.9 standard errors (false-alarm rate 1e-6).
    #[test]
    fn losses_multiply() {
        let nodes = [node("a"), node("b"), node("c")];
        let links = [link("ab", 0, 1, 0.9, 0.0), link("bc", 1, 2, 0.8, 0.0)];
        let count = 20_000;
        let arrived = (0..count)
            .filter(|&index| {
                let streams = Streams::new(Replication { seed: 7, index });
                let filing = Filing::draw(&plan(&[0]), Key::of("f"), 0.0, &nodes, &links, &streams);
                filing.arrivals[0][2] != Millis::NEVER
            })
            .count() as f64;
        let p = 0.72f64;
        let z = (arrived / count as f64 - p) / (p * (1.0 - p) / count as f64).sqrt();
        assert!(z.abs() < 4.9, "z = {z}");
    }
}
