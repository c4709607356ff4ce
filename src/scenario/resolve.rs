//! From a checked scenario file to a [`Scenario`]: names to indices, points to the plane, defaults filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Scenario;
use super::file::*;
use super::ground;
use super::points::{self, Places};
use super::recorded::{self, Account};
use super::sun::light;
use crate::airspace::{Amendment, Command, Corridor, Link, Node, Plan, Zone};
use crate::coordination::{Named, Rules};
use crate::geodesy::Frame;
use crate::geometry::{Area, Point, Polygon};
use crate::identification::id_sources::optical::{Daylight, SunLight};
use crate::identification::{IdSources, Identifier, Operator};
use crate::ids::{ClassId, Key, NodeId, SideId, TypeId};
use crate::picture::TrackLink;
use crate::platform::{AircraftType, Flight, Pattern, Route, Start, Turns, Waypoint};
use crate::record::{Affiliation, Cast, ClassCast};
use crate::separation::{Minima, Separation};
use crate::terrain::Terrain;
use crate::theatre::{Position, SideRules, SiteClass, SiteEntry, Theatre, coordinated};
use crate::units::Millis;

/// Resolves a file that the checks have passed; `Err` says what they should have caught.
pub(crate) fn resolve(written: ScenarioFile) -> Result<Scenario, String> {
    let names = Names::of(&written)?;
    let mut file = written.clone();
    let start: jiff::Timestamp = file
        .start_utc
        .parse()
        .map_err(|_| format!("start_utc is {:?}", file.start_utc))?;
    daylight(&mut file, start, &names.places.frame);
    let types: Vec<AircraftType> = file
        .aircraft
        .iter()
        .map(|(name, spec)| AircraftType {
            name: name.clone(),
            spec: spec.clone(),
        })
        .collect();
    let type_names: Vec<String> = file.aircraft.keys().cloned().collect();
    let mut flights = file
        .flights
        .iter()
        .map(|(name, flight)| names.flight(name, flight, &file))
        .collect::<Result<Vec<_>, _>>()?;
    let mut recordings = BTreeMap::new();
    for (name, tracks) in &file.tracks {
        let (flown, account) = names.recorded(name, tracks, &file)?;
        flights.extend(flown);
        recordings.insert(name.clone(), account);
    }
    flights.sort_by(|one, other| one.name.cmp(&other.name));
    let sites = file
        .sites
        .iter()
        .map(|(name, site)| names.site(name, site))
        .collect::<Result<Vec<_>, _>>()?;
    let nodes = file
        .nodes
        .iter()
        .map(|(name, node)| {
            Ok(Node {
                name: name.clone(),
                side: names.side(&node.side)?,
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let links = file
        .links
        .iter()
        .map(|(name, link)| {
            Ok(Link {
                name: name.clone(),
                key: Key::of(&format!("link/{name}")),
                from: names.node(&link.from)?,
                to: names.node(&link.to)?,
                delivery: link.delivery,
                latency: link.latency.clone(),
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let track_links = file
        .track_links
        .iter()
        .map(|(name, link)| names.track_link(name, link))
        .collect::<Result<Vec<_>, _>>()?;
    let zones = file
        .zones
        .iter()
        .map(|(name, zone)| {
            Ok(Zone {
                name: name.clone(),
                area: names.area(&zone.area)?,
                floor_m: zone.floor_m,
                top_m: zone.top_m.unwrap_or(f64::INFINITY),
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let hours = |hours: f64| Millis::from_seconds(hours * 3600.0);
    let corridors = file
        .corridors
        .iter()
        .map(|(name, corridor)| {
            let points = corridor.points.iter().map(|point| names.point(point));
            Ok(Corridor {
                name: name.clone(),
                points: points.collect::<Result<_, String>>()?,
                half_width_m: corridor.half_width_m,
                floor_m: corridor.floor_m,
                top_m: corridor.top_m.unwrap_or(f64::INFINITY),
                from: hours(corridor.from_h),
                until: corridor.until_h.map_or(Millis::NEVER, hours),
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let side_names: Vec<String> = file.sides.keys().cloned().collect();
    let node_names: Vec<_> = (file.nodes.keys().cloned())
        .zip(nodes.iter().map(|node| node.side))
        .collect();
    let class_names: Vec<String> = file.site_classes.keys().cloned().collect();
    let named = Named {
        zones: &zones,
        corridors: &corridors,
        types: &type_names,
        nodes: &node_names,
        classes: &class_names,
        sides: &side_names,
        start_of_day_s: start_of_day_s(start),
    };
    let rules = Rules::new(&file.rules, &named);
    for flight in &mut flights {
        let side = &side_names[flight.side.index()];
        rules.equip(side, &mut flight.equipment);
    }
    let identification = |class: &SiteClassFile, rules: &Rules| {
        let identifier = identifier(class, rules, &type_names);
        let start_s = start_of_day_s(start);
        let id_sources = IdSources::new(&class.identification, &identifier.rows, &zones, start_s);
        let id_sources = match rules.evidence() {
            Some(assumed) => id_sources.with_challenge(&assumed),
            None => id_sources,
        };
        (Arc::new(identifier), Arc::new(id_sources))
    };
    let of_side = |side: &String| {
        let rules = Rules::new(&file.rules.of_side(file.rules_of.get(side)?), &named);
        let classes = file.site_classes.values();
        Some(SideRules {
            classes: classes.map(|class| identification(class, &rules)).collect(),
            rules: Arc::new(rules),
        })
    };
    let rules_of = file.sides.keys().map(of_side).collect();
    let classes: Vec<SiteClass> = file
        .site_classes
        .iter()
        .map(|(name, class)| {
            let (identifier, id_sources) = identification(class, &rules);
            let spec = &class.identification;
            SiteClass {
                name: name.clone(),
                sensor: class.sensor.clone(),
                tracker: class.tracker.clone(),
                id_sources,
                operator: spec.operator.as_ref().map(Operator::new).map(Arc::new),
                identifier,
                weapon: class.weapon.clone().map(Arc::new),
                readiness: class.readiness.clone(),
            }
        })
        .collect();
    let cast = Cast {
        sides: file.sides.keys().cloned().collect(),
        types: type_names,
        flights: flights.iter().map(|flight| flight.name.clone()).collect(),
        classes: classes.iter().map(class_cast).collect(),
        relations: relations(&file),
        coordinated: Vec::new(),
        shooters: {
            let sides: BTreeSet<SideId> = sites.iter().map(|site| site.side).collect();
            sides.into_iter().collect()
        },
        missiles_per_target: classes
            .iter()
            .filter_map(|class| class.weapon.as_ref())
            .map(|weapon| weapon.missiles_per_target())
            .fold(0.0, f64::max),
        separation: file.separation.is_some(),
        air_picture: file.air_picture.is_some(),
    };
    let duration = hours(file.duration_h);
    let coordinated = flights
        .iter()
        .map(|flight| coordinated(flight.plan.as_ref(), &sites, &links))
        .collect();
    let cast = Cast {
        coordinated,
        ..cast
    };
    let separation = (file.separation.as_ref())
        .map(|separation| names.separation(separation, &cast.types))
        .transpose()?;
    let terrain = (file.terrain.as_ref())
        .map(|terrain| ground_of(terrain, &names.places.frame, &sites, &classes))
        .transpose()?;
    let theatre = Theatre {
        duration,
        terrain: terrain.map(Arc::new),
        sample_pictures_every: file
            .air_picture
            .map(|picture| Millis::from_seconds(picture.sample_every_s)),
        separation: separation.map(Arc::new),
        cast: Arc::new(cast),
        types,
        flights,
        classes,
        sites,
        nodes,
        links,
        track_links,
        zones,
        corridors,
        rules: Arc::new(rules),
        rules_of,
        fire_distribution: (file.sides.keys())
            .map(|side| file.fire_distribution.get(side).copied())
            .collect(),
    };
    Ok(Scenario {
        start,
        frame: names.places.frame,
        recordings,
        replications: file.replications,
        register: Arc::default(),
        theatre,
        file: written,
    })
}

/// Works out when there is daylight, wherever that goes by the sun.
fn daylight(file: &mut ScenarioFile, start: jiff::Timestamp, frame: &Frame) {
    let duration = Millis::from_seconds(file.duration_h * 3600.0);
    let classes = file.site_classes.values_mut();
    let id_sources = classes.filter_map(|class| class.identification.optical.as_mut());
    let looks = id_sources.map(|id_source| &mut id_source.day);
    let rules = std::iter::once(&mut file.rules).chain(file.rules_of.values_mut());
    let rules = rules.filter_map(|rules| rules.optical_confirmation.as_mut());
    for day in looks.chain(rules.map(|rule| &mut rule.day)) {
        if let Some(Daylight::Sun(SunLight { sun })) = day {
            let start_s = start.as_second() as f64;
            sun.light = light(frame.origin(), start_s, duration, sun.twilight_deg);
        }
    }
}

/// The ground, and what the sites see over it that stand at a point.
fn ground_of(
    file: &TerrainFile,
    frame: &Frame,
    sites: &[SiteEntry],
    classes: &[SiteClass],
) -> Result<Terrain, String> {
    let terrain = Terrain {
        grid: Arc::new(ground::grid(file, frame)?),
        optics_m: file.optics_m,
        weapon_m: file.weapon_m,
        known: Vec::new(),
    };
    let known = sites.iter().map(|site| match site.position {
        Position::At(place) => {
            let antenna_m = classes[site.class.index()].sensor.antenna_m;
            Some(Arc::new(terrain.masks(place, antenna_m)))
        }
        Position::DrawnIn(_) => None,
    });
    Ok(Terrain {
        known: known.collect(),
        ..terrain
    })
}

/// Time from UTC midnight, s.
fn start_of_day_s(start: jiff::Timestamp) -> f64 {
    start.as_second().rem_euclid(86_400) as f64
}

fn class_cast(class: &SiteClass) -> ClassCast {
    ClassCast {
        name: class.name.clone(),
        rows: class.identifier.rows.clone(),
    }
}

/// The class's identifier, with the hostile criteria of rule R2 where that is in force.
fn identifier(class: &SiteClassFile, rules: &Rules, types: &[String]) -> Identifier {
    let scan = class.sensor.scan();
    let identifier = Identifier::new(&class.identification, types, scan);
    match rules.hostile_criteria() {
        Some(criteria) => identifier.with_criteria(criteria),
        None => identifier,
    }
}

/// A side is its own friend unless it says otherwise; a pair that nothing depends on is neutral.
fn relations(file: &ScenarioFile) -> Vec<Vec<Affiliation>> {
    let affiliation = |shooter: &String, other: &String| {
        let stated = file
            .relations
            .get(shooter)
            .and_then(|others| others.get(other));
        stated.copied().unwrap_or(if shooter == other {
            Affiliation::Friend
        } else {
            Affiliation::Neutral
        })
    };
    file.sides
        .keys()
        .map(|shooter| {
            file.sides
                .keys()
                .map(|other| affiliation(shooter, other))
                .collect()
        })
        .collect()
}

struct Names {
    places: Places,
    sides: BTreeMap<String, u32>,
    types: BTreeMap<String, u32>,
    classes: BTreeMap<String, u32>,
    nodes: BTreeMap<String, u32>,
    sites: BTreeMap<String, u32>,
}

fn numbered<T>(table: &BTreeMap<String, T>) -> BTreeMap<String, u32> {
    table.keys().cloned().zip(0..).collect()
}

fn find(table: &BTreeMap<String, u32>, name: &str) -> Result<u32, String> {
    table
        .get(name)
        .copied()
        .ok_or_else(|| format!("{name:?} is not defined"))
}

impl Names {
    fn of(file: &ScenarioFile) -> Result<Names, String> {
        let frame = file.frame();
        let used = points::Held::of(file).used();
        let places = (file.places.iter())
            .filter(|(name, _)| used.contains(*name))
            .map(|(name, place)| Ok((name.clone(), Some(points::place(&frame, place)?))))
            .collect::<Result<_, String>>()?;
        Ok(Names {
            places: Places {
                frame,
                named: places,
                used,
            },
            sides: numbered(&file.sides),
            types: numbered(&file.aircraft),
            classes: numbered(&file.site_classes),
            nodes: numbered(&file.nodes),
            sites: numbered(&file.sites),
        })
    }

    fn side(&self, name: &str) -> Result<SideId, String> {
        find(&self.sides, name).map(SideId)
    }

    fn node(&self, name: &str) -> Result<NodeId, String> {
        find(&self.nodes, name).map(NodeId)
    }

    fn point(&self, point: &PointFile) -> Result<Point, String> {
        match points::point(point, &self.places) {
            Ok(Some(point)) => Ok(point),
            Ok(None) => Err(format!("{point:?} cannot be placed")),
            Err(points::Fault::NoPlace(name)) => Err(format!("{name:?} is not a place")),
            Err(points::Fault::Other(why)) => Err(format!("{point:?} {why}")),
        }
    }

    fn separation(&self, file: &SeparationFile, types: &[String]) -> Result<Separation, String> {
        let places = file.aerodromes.iter().map(|point| self.point(point));
        Ok(Separation {
            minima: Minima {
                lateral_m: file.lateral_m,
                vertical_m: file.vertical_m,
            },
            small_minima: Minima {
                lateral_m: file.small_lateral_m,
                vertical_m: file.small_vertical_m,
            },
            small: types.iter().map(|name| file.small.contains(name)).collect(),
            aerodromes: places.collect::<Result<_, _>>()?,
            aerodrome_m: file.aerodrome_m,
            formation_s: file.formation_s,
            filed_time_s: file.filed_time_s,
        })
    }

    fn area(&self, area: &AreaFile) -> Result<Area, String> {
        Ok(match area {
            AreaFile::Circle(circle) => Area::Circle {
                center: self.point(&circle.center)?,
                radius_m: circle.radius_m,
            },
            AreaFile::Sector(sector) => points::sector(self.point(&sector.center)?, sector),
            AreaFile::Box(corners) => Area::Box {
                south_west: self.point(&corners.south_west)?,
                north_east: self.point(&corners.north_east)?,
            },
            AreaFile::Polygon(corners) => {
                let corners = corners.iter().map(|corner| self.point(corner));
                let corners = corners.collect::<Result<Vec<_>, _>>()?;
                let polygon = Polygon::new(&corners).ok_or("a polygon encloses nothing")?;
                Area::Polygon(Arc::new(polygon))
            }
        })
    }

    fn waypoints(&self, list: &[WaypointFile], altitude_m: f64) -> Result<Vec<Waypoint>, String> {
        list.iter()
            .map(|waypoint| {
                Ok(match waypoint {
                    WaypointFile::Point(point) => Waypoint {
                        at: self.point(point)?,
                        altitude_m,
                    },
                    WaypointFile::AtAltitude(waypoint) => Waypoint {
                        at: self.point(&waypoint.at)?,
                        altitude_m: waypoint.altitude_m,
                    },
                })
            })
            .collect()
    }

    fn route(&self, route: &RouteFile, altitude_m: f64) -> Result<Route, String> {
        Ok(match route {
            RouteFile::Waypoints(waypoints) => {
                Route::Waypoints(self.waypoints(&waypoints.points, altitude_m)?)
            }
            RouteFile::Loop(circuit) => Route::Loop {
                points: self.waypoints(&circuit.points, altitude_m)?,
                random_start: circuit.random_start,
            },
            RouteFile::Orbit(orbit) => Route::Station {
                ingress: self.waypoints(&orbit.ingress, altitude_m)?,
                pattern: Pattern::Orbit {
                    center: self.point(&orbit.center)?,
                    radius_m: orbit.radius_m,
                    right: orbit.turn == TurnSide::Right,
                },
                altitude_m,
                station_s: orbit.station_h * 3600.0,
                egress: self.waypoints(&orbit.egress, altitude_m)?,
            },
            RouteFile::Racetrack(racetrack) => Route::Station {
                ingress: self.waypoints(&racetrack.ingress, altitude_m)?,
                pattern: Pattern::Racetrack {
                    from: self.point(&racetrack.from)?,
                    to: self.point(&racetrack.to)?,
                    radius_m: racetrack.radius_m,
                    right: racetrack.turn == TurnSide::Right,
                },
                altitude_m,
                station_s: racetrack.station_h * 3600.0,
                egress: self.waypoints(&racetrack.egress, altitude_m)?,
            },
        })
    }

    fn flight(
        &self,
        name: &str,
        flight: &FlightFile,
        file: &ScenarioFile,
    ) -> Result<Flight, String> {
        let spec = file
            .aircraft
            .get(&flight.aircraft)
            .ok_or_else(|| format!("{:?} is not an aircraft type", flight.aircraft))?;
        let altitude_m = flight.altitude_m.unwrap_or(spec.altitude_m);
        let route = self.route(&flight.route, altitude_m)?;
        let home = match &flight.home {
            Some(home) => self.point(home)?,
            None => first_point(&route).ok_or("a route without points")?,
        };
        Ok(Flight {
            name: name.to_owned(),
            key: Key::of(&format!("flight/{name}")),
            type_id: TypeId(find(&self.types, &flight.aircraft)?),
            side: self.side(&flight.side)?,
            count: flight.count,
            spacing_s: flight.spacing_s,
            speed_mps: flight.speed_mps.unwrap_or(spec.cruise_mps),
            turns: flight.turns,
            start: match &flight.start {
                StartFile::Airborne => Start::Airborne,
                StartFile::Departs(departure) => Start::Departs {
                    after_s: departure.after_s,
                    delay: departure.delay.clone(),
                    at_altitude: departure.at_altitude,
                },
                StartFile::Poisson(arrivals) => Start::Poisson {
                    rate_per_day: arrivals.rate_per_day,
                    at_altitude: arrivals.at_altitude,
                },
            },
            route,
            home,
            objective: match &flight.objective {
                Some(objective) => Some((self.point(&objective.at)?, objective.radius_m)),
                None => None,
            },
            cross_track_sigma_m: flight.cross_track_sigma_m,
            plan: match &flight.plan {
                Some(plan) => Some(self.plan(plan)?),
                None => None,
            },
            equipment: flight.equipment.unwrap_or_default(),
        })
    }

    /// One flight for each aircraft of a recording and each stretch without a gap, as far as it lies in the scenario; and
    /// what became of the rows.
    fn recorded(
        &self,
        name: &str,
        tracks: &TracksFile,
        file: &ScenarioFile,
    ) -> Result<(Vec<Flight>, Account), String> {
        let duration_s = file.duration_h * 3600.0;
        let type_of = |name: &str| file.aircraft.get(name);
        let cut = recorded::flights(name, tracks, &self.places.frame, duration_s, type_of);
        let cut = cut.ok_or_else(|| {
            format!("the recording of {name:?} was not read, or has no beginning")
        })?;
        let flights = cut.pieces.into_iter().map(|piece| {
            let address = piece.address.as_str();
            let last_s = piece.fixes.last().map_or(0.0, |fix| fix.after_s);
            let legs = piece.fixes.windows(2);
            let length_m: f64 = legs.map(|pair| (pair[1].at - pair[0].at).norm()).sum();
            let side = tracks.side_of(address).to_owned();
            Ok(Flight {
                key: Key::of(&format!("flight/{}", piece.name)),
                type_id: TypeId(find(&self.types, tracks.aircraft_of(address))?),
                side: self.side(&side)?,
                count: 1,
                spacing_s: 0.0,
                speed_mps: length_m / last_s,
                turns: Turns::Instant,
                start: Start::Departs {
                    after_s: piece.after_s,
                    delay: None,
                    at_altitude: true,
                },
                home: piece.fixes[0].at,
                objective: match tracks.objective_of(address) {
                    Some(objective) => Some((self.point(&objective.at)?, objective.radius_m)),
                    None => None,
                },
                cross_track_sigma_m: 0.0,
                plan: tracks
                    .plan_of(address)
                    .map(|plan| self.plan(plan))
                    .transpose()?,
                equipment: tracks.equipment_of(address),
                route: Route::Recorded(piece.fixes),
                name: piece.name,
            })
        });
        Ok((flights.collect::<Result<_, String>>()?, cut.account))
    }

    fn plan(&self, plan: &PlanSpec) -> Result<Plan, String> {
        Ok(Plan {
            addressees: plan
                .addressees
                .iter()
                .map(|node| self.node(node))
                .collect::<Result<_, _>>()?,
            filed: plan.filed,
            addressed: plan.addressed,
            astray_to: match &plan.astray_to {
                Some(node) => Some(self.node(node)?),
                None => None,
            },
            notice_s: plan.notice_s,
            amendment: plan.amendment.as_ref().map(|amendment| Amendment {
                probability: amendment.probability,
                departs_later_s: amendment.departs_later_s,
                notice_s: amendment.notice_s,
            }),
        })
    }

    fn track_link(&self, name: &str, link: &TrackLinkFile) -> Result<TrackLink, String> {
        Ok(TrackLink {
            key: Key::of(&format!("track link/{name}")),
            from: find(&self.sites, &link.from)?,
            to: find(&self.sites, &link.to)?,
            delivery: link.delivery,
            latency: link.latency.clone(),
            gate_m: link.gate_m,
            hold: Millis::from_seconds(link.hold_s),
            identity: link.identity,
            engage: link.engage,
        })
    }

    fn site(&self, name: &str, site: &SiteFile) -> Result<SiteEntry, String> {
        Ok(SiteEntry {
            name: name.to_owned(),
            key: Key::of(&format!("site/{name}")),
            class: ClassId(find(&self.classes, &site.class)?),
            side: self.side(&site.side)?,
            position: match &site.position {
                PositionFile::At(point) => Position::At(self.point(point)?),
                PositionFile::DrawnIn(area) => Position::DrawnIn(self.area(area)?),
            },
            count: match site.count {
                CountFile::Exactly(count) => (count, count),
                CountFile::Between(range) => (range.min, range.max),
            },
            command: match &site.command {
                Some(command) => Some(Command {
                    node: self.node(&command.node)?,
                    delivery: command.delivery,
                    latency: command.latency.clone(),
                }),
                None => None,
            },
        })
    }
}

/// Where a flight begins: what it calls home unless it says otherwise. On an orbit that is its easternmost point, on a
/// racetrack the start of the first straight.
fn first_point(route: &Route) -> Option<Point> {
    match route {
        Route::Waypoints(points) | Route::Loop { points, .. } => {
            points.first().map(|point| point.at)
        }
        Route::Recorded(fixes) => fixes.first().map(|fix| fix.at),
        Route::Station {
            ingress, pattern, ..
        } => Some(ingress.first().map_or_else(
            || match *pattern {
                Pattern::Orbit {
                    center, radius_m, ..
                } => center + Point::new(radius_m, 0.0),
                Pattern::Racetrack { from, .. } => from,
            },
            |point| point.at,
        )),
    }
}
