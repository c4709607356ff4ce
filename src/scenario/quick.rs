//! TEMPORARY loader.
use super::file::*;
use super::*;
use crate::airspace::*;
use crate::coordination::Rules;
use crate::ids::*;
use crate::platform::*;
use crate::record::*;
use std::path::Path;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LoadError(pub String);
impl LoadError {
    pub fn render(&self, _: bool) -> String {
        self.0.clone()
    }
}
fn merge(into: &mut toml::Table, from: toml::Table) {
    for (k, v) in from {
        match (into.get_mut(&k), v) {
            (Some(toml::Value::Table(a)), toml::Value::Table(b)) => merge(a, b),
            (_, v) => {
                into.insert(k, v);
            }
        }
    }
}
fn read(path: &Path) -> Result<toml::Table, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|e| LoadError(format!("{path:?}: {e}")))?;
    let t: toml::Table = toml::from_str(&text).map_err(|e| LoadError(format!("{path:?}: {e}")))?;
    let mut all = toml::Table::new();
    if let Some(inc) = t.get("include").and_then(|i| i.as_array()) {
        for i in inc {
            merge(&mut all, read(&path.parent().unwrap().join(i.as_str().unwrap()))?);
        }
    }
    merge(&mut all, t);
    Ok(all)
}
impl Scenario {
    pub fn load(path: &Path, overrides: &[String]) -> Result<Scenario, LoadError> {
        let mut t = read(path)?;
        for o in overrides {
            let (p, v) = o.split_once('=').unwrap();
            let v: toml::Table = toml::from_str(&format!("v={v}")).or_else(|_| toml::from_str(&format!("v=\"{v}\""))).unwrap();
            let mut o = toml::Table::new();
            let parts: Vec<_> = p.split('.').collect();
            o.insert(parts.last().unwrap().to_string(), v["v"].clone());
            for q in parts[..parts.len() - 1].iter().rev() {
                let mut n = toml::Table::new();
                n.insert(q.to_string(), toml::Value::Table(o));
                o = n;
            }
            merge(&mut t, o);
        }
        let f: ScenarioFile = t.try_into().map_err(|e| LoadError(format!("{path:?}: {e}")))?;
        Ok(resolve(f))
    }
}
fn point(f: &ScenarioFile, p: &PointFile) -> Point {
    let ll = |lat: f64, lon: f64| Point::new((lon - 13.3) * 111_320.0 * 0.8425, (lat - 32.6) * 110_900.0);
    match p {
        PointFile::Named(n) => {
            let p = f.places.get(n).unwrap_or_else(|| panic!("place {n}"));
            ll(p.lat, p.lon)
        }
        PointFile::LatLon(p) => ll(p.lat, p.lon),
        PointFile::Local(p) => Point::new(p.east_m, p.north_m),
    }
}
fn area(f: &ScenarioFile, a: &AreaFile) -> Area {
    match a {
        AreaFile::Circle(c) => Area::Circle { center: point(f, &c.center), radius_m: c.radius_m },
        AreaFile::Sector(s) => Area::Sector {
            center: point(f, &s.center),
            min_range_m: s.min_range_m,
            max_range_m: s.max_range_m,
            from_deg: s.from_deg,
            width_deg: if s.to_deg > s.from_deg { s.to_deg - s.from_deg } else { s.to_deg - s.from_deg + 360.0 },
        },
        AreaFile::Box(b) => Area::Box { south_west: point(f, &b.south_west), north_east: point(f, &b.north_east) },
    }
}
fn resolve(f: ScenarioFile) -> Scenario {
    let sides: Vec<String> = f.sides.keys().cloned().collect();
    let types: Vec<String> = f.aircraft.keys().cloned().collect();
    let nodes: Vec<String> = f.nodes.keys().cloned().collect();
    let find = |v: &[String], n: &str| v.iter().position(|x| x == n).unwrap_or_else(|| panic!("{n}")) as u32;
    let relations: Vec<Vec<Regard>> = sides
        .iter()
        .map(|s| {
            sides
                .iter()
                .map(|o| {
                    f.relations.get(s).and_then(|r| r.get(o)).copied().unwrap_or(if s == o {
                        Regard::Friend
                    } else {
                        Regard::Neutral
                    })
                })
                .collect()
        })
        .collect();
    let zones: Vec<Zone> = f
        .zones
        .iter()
        .map(|(n, z)| Zone { name: n.clone(), area: area(&f, &z.area), floor_m: z.floor_m, top_m: z.top_m.unwrap_or(1e9) })
        .collect();
    let rules = Rules::new(&f.rules, &zones, &types);
    let classes: Vec<SiteClass> = f
        .site_classes
        .iter()
        .map(|(n, c)| {
            let mut id = Identifier::new(&c.identification, &types);
            if let Some(cr) = rules.hostile_criteria() {
                id = id.with_criteria(cr);
            }
            SiteClass {
                name: n.clone(),
                sensor: c.sensor.clone(),
                tracker: c.tracker.clone(),
                identifier: Arc::new(id),
                weapon: c.weapon.clone().map(Arc::new),
            }
        })
        .collect();
    let links: Vec<Link> = f
        .links
        .iter()
        .map(|(n, l)| Link {
            name: n.clone(),
            key: Key::of(&format!("link/{n}")),
            from: NodeId(find(&nodes, &l.from)),
            to: NodeId(find(&nodes, &l.to)),
            delivery: l.delivery,
            latency: l.latency.clone(),
        })
        .collect();
    let class_names: Vec<String> = f.site_classes.keys().cloned().collect();
    let sites: Vec<SiteEntry> = f
        .sites
        .iter()
        .map(|(n, s)| SiteEntry {
            name: n.clone(),
            key: Key::of(&format!("site/{n}")),
            class: ClassId(find(&class_names, &s.class)),
            side: SideId(find(&sides, &s.side)),
            position: match &s.position {
                PositionFile::At(p) => Position::At(point(&f, p)),
                PositionFile::DrawnIn(a) => Position::DrawnIn(area(&f, a)),
            },
            count: match s.count {
                CountFile::Exactly(n) => (n, n),
                CountFile::Between(r) => (r.min, r.max),
            },
            command: s.command.as_ref().map(|c| Command {
                node: NodeId(find(&nodes, &c.node)),
                delivery: c.delivery,
                latency: c.latency.clone(),
            }),
        })
        .collect();
    let flights: Vec<Flight> = f
        .flights
        .iter()
        .map(|(n, fl)| {
            let ty = find(&types, &fl.aircraft);
            let spec = &f.aircraft[&fl.aircraft];
            let alt = fl.altitude_m.unwrap_or(spec.altitude_m);
            let wp = |w: &WaypointFile| match w {
                WaypointFile::Point(p) => Waypoint { at: point(&f, p), altitude_m: alt },
                WaypointFile::AtAltitude(a) => Waypoint { at: point(&f, &a.at), altitude_m: a.altitude_m },
            };
            let wps = |v: &Vec<WaypointFile>| v.iter().map(wp).collect::<Vec<_>>();
            let (route, first) = match &fl.route {
                RouteFile::Waypoints(w) => (Route::Waypoints(wps(&w.points)), wp(&w.points[0]).at),
                RouteFile::Loop(l) => {
                    (Route::Loop { points: wps(&l.points), random_start: l.random_start }, wp(&l.points[0]).at)
                }
                RouteFile::Orbit(o) => (
                    Route::Station {
                        ingress: wps(&o.ingress),
                        pattern: Pattern::Orbit {
                            center: point(&f, &o.center),
                            radius_m: o.radius_m,
                            right: o.turn == TurnSide::Right,
                        },
                        altitude_m: alt,
                        station_s: o.station_h * 3600.0,
                        egress: wps(&o.egress),
                    },
                    o.ingress.first().map_or(point(&f, &o.center), |w| wp(w).at),
                ),
                RouteFile::Racetrack(o) => (
                    Route::Station {
                        ingress: wps(&o.ingress),
                        pattern: Pattern::Racetrack {
                            from: point(&f, &o.from),
                            to: point(&f, &o.to),
                            radius_m: o.radius_m,
                            right: o.turn == TurnSide::Right,
                        },
                        altitude_m: alt,
                        station_s: o.station_h * 3600.0,
                        egress: wps(&o.egress),
                    },
                    o.ingress.first().map_or(point(&f, &o.from), |w| wp(w).at),
                ),
            };
            Flight {
                name: n.clone(),
                key: Key::of(&format!("flight/{n}")),
                type_id: TypeId(ty),
                side: SideId(find(&sides, &fl.side)),
                count: fl.count,
                spacing_s: fl.spacing_s,
                speed_mps: fl.speed_mps.unwrap_or(spec.cruise_mps),
                turns: fl.turns,
                start: match &fl.start {
                    StartFile::Airborne => Start::Airborne,
                    StartFile::Departs(d) => {
                        Start::Departs { after_s: d.after_s, delay: d.delay.clone(), at_altitude: d.at_altitude }
                    }
                    StartFile::Poisson(p) => Start::Poisson { rate_per_day: p.rate_per_day },
                },
                route,
                home: fl.home.as_ref().map_or(first, |p| point(&f, p)),
                objective: fl.objective.as_ref().map(|o| (point(&f, &o.at), o.radius_m)),
                cross_track_sigma_m: fl.cross_track_sigma_m,
                plan: fl.plan.as_ref().map(|p| Plan {
                    addressees: p.addressees.iter().map(|a| NodeId(find(&nodes, a))).collect(),
                    filed: p.filed,
                    addressed: p.addressed,
                    astray_to: p.astray_to.as_ref().map(|a| NodeId(find(&nodes, a))),
                    notice_s: p.notice_s,
                    amendment: p.amendment.as_ref().map(|a| Amendment {
                        probability: a.probability,
                        departs_later_s: a.departs_later_s,
                        notice_s: a.notice_s,
                    }),
                }),
            }
        })
        .collect();
    let covered = flights
        .iter()
        .map(|fl| {
            let mut reach = vec![false; nodes.len()];
            if let Some(p) = &fl.plan {
                for a in &p.addressees {
                    reach[a.index()] = true;
                }
            }
            for _ in 0..nodes.len() {
                for l in &links {
                    if reach[l.from.index()] && l.delivery > 0.0 {
                        reach[l.to.index()] = true;
                    }
                }
            }
            sites.iter().map(|s| s.command.as_ref().is_some_and(|c| reach[c.node.index()])).collect()
        })
        .collect();
    let cast = Cast {
        sides: sides.clone(),
        types: types.clone(),
        flights: f.flights.keys().cloned().collect(),
        classes: classes.iter().map(|c| ClassCast { name: c.name.clone(), rows: c.identifier.rows.clone() }).collect(),
        relations,
        covered,
    };
    Scenario {
        start: f.start_utc.parse().unwrap(),
        duration: Millis::from_seconds(f.duration_h * 3600.0),
        replications: f.replications,
        cast: Arc::new(cast),
        types: f.aircraft.iter().map(|(n, s)| AircraftType { name: n.clone(), spec: s.clone() }).collect(),
        flights,
        classes,
        sites,
        nodes: f
            .nodes
            .iter()
            .map(|(n, x)| Node { name: n.clone(), side: SideId(find(&sides, &x.side)) })
            .collect(),
        links,
        zones,
        rules: Arc::new(rules),
        file: f,
    }
}
