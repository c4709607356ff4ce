//! The meaning of a scenario: names that must exist, numbers that must agree. Every problem, none twice.
//!
//! Works on typed data in which every misfit of shape is mended, so that a misspelt key does not hide what is wrong
//! elsewhere; what would be said of a mended place is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::file::*;
use super::points::{self, Held, Places};
use super::problem::Problem;
use super::recorded;
use super::shape::{self, Misfit};
use super::tree::{Item, dotted, quoted};
use crate::airspace::Delay;
use crate::coordination::{HostileOn, RULES, RulesSpec, binds_all};
use crate::engagement::FireDistributionSpec;
use crate::geometry::{Area, Point, Polygon, crossing};
use crate::identification::id_sources::optical::Daylight;
use crate::identification::id_sources::origin::ZoneBelief;
use crate::identification::{
    Combine, ConfusionMatrix, ExpectancySpec, Hypotheses, IdentificationSpec,
};
use crate::picture::SharedIdentity;
use crate::platform::{AircraftSpec, Turns};
use crate::record::Affiliation;
use crate::sensing::ScanPhase;
use crate::tracking::TrackerSpec;
use crate::units::GRAVITY_MPS2;

/// Most rows of a confusion matrix.
const MOST_ROWS: usize = 15;

/// Most zones of a list of the origin ID source.
const MOST_ZONES: usize = 255;

/// Most corners of a polygon.
const MOST_CORNERS: usize = 2000;

/// Largest departure from 1 of the sum of a row, for each of its columns: what rounding may cost.
const ROW_TOLERANCE: f64 = 1e-9;

/// Problems up to which near matches are looked for.
const SUGGESTED: usize = 1000;

/// The column of a confusion matrix that stands for no declaration.
pub(crate) const UNKNOWN: &str = "unknown";

/// The entries of a table of names; `None` where the shape is wrong.
type Entries<T> = BTreeMap<String, Option<T>>;

/// Reports everything that is wrong with the meaning of `root`, except where `misfits` have been mended.
pub(crate) fn check(root: &Item, misfits: &[Misfit]) -> Vec<Problem> {
    let mended = shape::mended(root, misfits);
    let mut check = Check {
        root,
        found: Vec::new(),
        sides: all(&mended, "sides"),
        places_typed: all(&mended, "places"),
        places: Places::default(),
        unmoored: false,
        aircraft: all(&mended, "aircraft"),
        flights: all(&mended, "flights"),
        tracks: all(&mended, "tracks"),
        classes: all(&mended, "site_classes"),
        sites: all(&mended, "sites"),
        nodes: all(&mended, "nodes"),
        links: all(&mended, "links"),
        track_links: all(&mended, "track_links"),
        fire_distribution: all(&mended, "fire_distribution"),
        zones: all(&mended, "zones"),
        corridors: all(&mended, "corridors"),
        relations: all(&mended, "relations"),
        separation: (mended.get("separation"))
            .and_then(|separation| serde_json::from_value(separation.clone()).ok()),
        rules: mended
            .get("rules")
            .and_then(|rules| serde_json::from_value(rules.clone()).ok())
            .unwrap_or_default(),
        rules_of: all(&mended, "rules_of"),
        whose: None,
    };
    let origin = mended.get("origin").cloned();
    let origin = origin.and_then(|origin| serde_json::from_value(origin).ok());
    check.ground(origin);
    check.everything();
    let mended: BTreeSet<&[String]> = misfits
        .iter()
        .map(|misfit| misfit.path.as_slice())
        .collect();
    // A path is touched by one that it leads through, and by one that leads through it.
    let touched = |path: &[String]| {
        (0..=path.len()).any(|length| mended.contains(&path[..length]))
            || mended
                .range(path..)
                .next()
                .is_some_and(|next| next.starts_with(path))
    };
    check
        .found
        .into_iter()
        .filter(|found| !found.about.iter().any(|path| touched(path)))
        .map(|found| found.problem)
        .collect()
}

fn all<T: DeserializeOwned>(mended: &Json, section: &str) -> Entries<T> {
    mended
        .get(section)
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
        .map(|(name, entry)| (name.clone(), serde_json::from_value(entry.clone()).ok()))
        .collect()
}

/// A problem and the paths it is about.
struct Found {
    problem: Problem,
    about: Vec<Vec<String>>,
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|step| (*step).to_owned()).collect()
}

/// An entry that puts aircraft into the air.
struct Flown {
    section: &'static str,
    name: String,
    aircraft: String,
    side: String,
}

struct Check<'a> {
    root: &'a Item,
    found: Vec<Found>,
    sides: Entries<SideFile>,
    places_typed: Entries<PlaceFile>,
    places: Places,
    /// Whether points are measured from an origin that nobody named; told once.
    unmoored: bool,
    aircraft: Entries<AircraftSpec>,
    flights: Entries<FlightFile>,
    tracks: Entries<TracksFile>,
    classes: Entries<SiteClassFile>,
    sites: Entries<SiteFile>,
    nodes: Entries<NodeFile>,
    links: Entries<LinkFile>,
    track_links: Entries<TrackLinkFile>,
    fire_distribution: Entries<FireDistributionSpec>,
    zones: Entries<ZoneFile>,
    corridors: Entries<CorridorFile>,
    relations: Entries<BTreeMap<String, Affiliation>>,
    separation: Option<SeparationFile>,
    rules: RulesSpec,
    rules_of: Entries<RulesSpec>,
    /// The side whose own rules stand for the scenario's at the moment.
    whose: Option<String>,
}

/// The shaped entries of a table, as a copy to walk while problems are noted.
fn shaped<T: Clone>(entries: &Entries<T>) -> Vec<(String, T)> {
    entries
        .iter()
        .filter_map(|(name, entry)| Some((name.clone(), entry.clone()?)))
        .collect()
}

/// `base` and more steps.
macro_rules! path {
    ($base:expr; $($step:expr),* $(,)?) => {{
        let mut path: Vec<&str> = $base.to_vec();
        $(path.push($step);)*
        path
    }};
}

impl Check<'_> {
    fn shown(&self, path: &[&str]) -> String {
        dotted(self.root, path)
    }

    /// Notes a problem at a path: the message is the path and what is said of it.
    fn note(&mut self, path: &[&str], said: impl AsRef<str>) -> &mut Problem {
        let side = self.whose.clone().unwrap_or_default();
        let path = &*self.whose(path, &side);
        let shown = self.shown(path);
        let problem = Problem::new(shown.clone(), format!("{shown} {}", said.as_ref()))
            .at(&self.root.place(path), "");
        self.found.push(Found {
            problem,
            about: vec![owned(path)],
        });
        let last = self.found.len() - 1;
        &mut self.found[last].problem
    }

    /// A problem with the other side of the disagreement.
    fn note_both(&mut self, path: &[&str], said: impl AsRef<str>, other: &[&str], label: &str) {
        let side = self.whose.clone().unwrap_or_default();
        let other = &*self.whose(other, &side);
        let about = owned(other);
        let other = self.root.get(other).map(|_| self.root.place(other));
        let problem = self.note(path, said);
        if let Some(other) = other
            && problem.marks.iter().all(|mark| mark.span != other)
        {
            *problem = problem.clone().at(&other, label);
        }
        if let Some(found) = self.found.last_mut() {
            found.about.push(about);
        }
    }

    /// Reports a name that is not defined in `section`, with near matches and the place of the nearest.
    fn name<T>(
        &mut self,
        path: &[&str],
        name: &str,
        section: &str,
        what: &str,
        entries: &Entries<T>,
    ) -> bool {
        if entries.contains_key(name) {
            return true;
        }
        let known: Vec<&str> = entries.keys().map(String::as_str).collect();
        self.dangling(path, name, section, what, &known);
        false
    }

    fn dangling(&mut self, path: &[&str], name: &str, section: &str, what: &str, known: &[&str]) {
        // Near matches by the million help nobody and take hours.
        let known = if self.found.len() < SUGGESTED {
            known
        } else {
            &[]
        };
        let nearest = shape::near(name, known.iter().copied()).first().copied();
        let help = match known {
            [] if self.found.len() >= SUGGESTED => None,
            _ => shape::suggest(name, known, &format!("names in {section}")),
        };
        let place = nearest.map(|nearest| self.root.place(&[section, nearest]));
        let said = format!("names {}, which is not {what}", quoted(name));
        let problem = self.note(path, said);
        problem.help = help;
        if let Some(place) = place {
            *problem = problem.clone().at(&place, "near match defined here");
        }
    }

    /// Lays the plane.
    fn ground(&mut self, origin: Option<LatLonPoint>) {
        fn all<T>(entries: &Entries<T>) -> Vec<(&str, &T)> {
            let entries = entries.iter();
            let entries =
                entries.filter_map(|(name, entry)| Some((name.as_str(), entry.as_ref()?)));
            entries.collect()
        }
        let held = Held {
            places: all(&self.places_typed),
            flights: all(&self.flights),
            tracks: all(&self.tracks),
            sites: all(&self.sites),
            zones: all(&self.zones),
            corridors: all(&self.corridors),
        };
        let frame = held.frame(origin);
        let used = held.used();
        self.places.frame = frame;
        self.places.used = used;
        self.unmoored = origin.is_none() && frame.on_earth();
        if origin.is_some()
            && let Err(why) = points::in_reach(&frame, frame.origin())
        {
            self.note(&["origin"], why);
        }
    }

    fn everything(&mut self) {
        self.clock();
        self.named_places();
        self.types();
        self.graph();
        self.track_sharing();
        self.zone_volumes();
        self.all_corridors();
        self.all_flights();
        self.all_tracks();
        self.all_classes();
        self.all_sites();
        self.relations();
        self.fire_distribution();
        self.separation();
        self.rules();
        self.rules_of();
    }

    /// The rules of each side are held to what the scenario's are held to, and none of them is for all.
    fn rules_of(&mut self) {
        for (side, own) in shaped(&self.rules_of) {
            self.side(&["rules_of", &side], &side);
            let named = serde_json::to_value(&own).unwrap_or_default();
            let for_all = RULES.iter().filter(|page| binds_all(page.key));
            for page in for_all.filter(|page| named.get(page.key).is_some()) {
                let said = format!(
                    "is for all, as {} binds flights, what they send or what all are told; expected it under rules",
                    page.id
                );
                self.note(&["rules_of", &side, page.key], said);
            }
            let all = std::mem::replace(&mut self.rules, own);
            self.whose = Some(side);
            self.rules();
            self.whose = None;
            self.rules = all;
        }
    }

    /// A path as it is in the file, where a side's own rules stand for the scenario's.
    fn whose<'b>(&self, path: &[&'b str], side: &'b str) -> Vec<&'b str> {
        match path {
            ["rules", rest @ ..] if !side.is_empty() => [&["rules_of", side], rest].concat(),
            _ => path.to_vec(),
        }
    }

    /// Types and aerodromes that the measurement of separation names.
    fn separation(&mut self) {
        let Some(separation) = self.separation.take() else {
            return;
        };
        let types = std::mem::take(&mut self.aircraft);
        for (index, name) in separation.small.iter().enumerate() {
            let number = index.to_string();
            let path = ["separation", "small", number.as_str()];
            self.name(&path, name, "aircraft", "an aircraft type", &types);
        }
        self.aircraft = types;
        for (index, point) in separation.aerodromes.iter().enumerate() {
            let number = index.to_string();
            self.point(&["separation", "aerodromes", number.as_str()], point);
        }
        self.separation = Some(separation);
    }

    fn clock(&mut self) {
        let text = match self.root.get(&["start_utc"]).map(Item::to_json) {
            Some(Json::String(text)) => text,
            _ => return,
        };
        let hours = self
            .root
            .get(&["duration_h"])
            .and_then(|item| item.to_json().as_f64())
            .filter(|hours| (0.0..=8784.0).contains(hours))
            .unwrap_or(0.0);
        match text.parse::<jiff::Timestamp>() {
            Err(_) => {
                let year = text.get(..4).filter(|_| text.get(4..10) == Some("-02-29"));
                let why = year.map_or(String::new(), |year| format!(": {year} has no 29 February"));
                let said = format!(
                    "is {:?}; expected a UTC time as 2019-11-21T06:00:00Z{why}",
                    super::tree::clip(&text)
                );
                self.note(&["start_utc"], said);
            }
            Ok(start) => {
                let span = jiff::SignedDuration::from_secs((hours * 3600.0) as i64 + 1);
                if start.checked_add(span).is_err() {
                    self.note(&["start_utc"], "plus duration_h is beyond the year 9999");
                }
            }
        }
    }

    fn named_places(&mut self) {
        for (name, place) in shaped(&self.places_typed) {
            match points::place(&self.places.frame, &place) {
                Ok(point) => {
                    self.places.named.insert(name, Some(point));
                }
                // What nobody names may lie anywhere on earth.
                Err(_) if !self.places.used.contains(&name) && place.on_earth().is_ok() => {}
                Err(why) => {
                    self.note(&["places", &name], why);
                    self.places.named.insert(name, None);
                }
            }
        }
        for name in self.places_typed.keys() {
            self.places.named.entry(name.clone()).or_insert(None);
        }
    }

    /// The point of the plane, or `None` with a problem noted (or noted already).
    fn point(&mut self, path: &[&str], point: &PointFile) -> Option<Point> {
        if self.unmoored && matches!(point, PointFile::Local(_)) {
            self.unmoored = false;
            let middle = format!("the middle of those is {}", self.places.frame.origin());
            let problem = self.note(path, "is measured from the origin, which is not given; expected origin = { lat = .., lon = .. }, as other things are given by their place on earth");
            problem.help = Some(middle);
            return None;
        }
        match points::point(point, &self.places) {
            Ok(point) => point,
            Err(points::Fault::NoPlace(name)) => {
                let places = std::mem::take(&mut self.places);
                let known: Vec<&str> = places.named.keys().map(String::as_str).collect();
                self.dangling(
                    path,
                    &name,
                    "places",
                    "a place, an MGRS reference or degrees",
                    &known,
                );
                self.places = places;
                None
            }
            Err(points::Fault::Other(why)) => {
                self.note(path, why);
                None
            }
        }
    }

    fn types(&mut self) {
        for (name, spec) in shaped(&self.aircraft) {
            let at = ["aircraft", name.as_str()];
            if name == UNKNOWN {
                self.note(
                    &at,
                    "is the name of the column for no declaration; expected another name",
                );
            }
            if let (Some(min), Some(max)) = (spec.min_speed_mps, spec.max_speed_mps)
                && min > max
            {
                let said = format!("is {min}; expected <= max_speed_mps, which is {max}");
                self.note_both(
                    &path!(at; "min_speed_mps"),
                    said,
                    &path!(at; "max_speed_mps"),
                    "",
                );
            }
            self.speed(&path!(at; "cruise_mps"), spec.cruise_mps, &name, &spec);
            self.altitude(&path!(at; "altitude_m"), spec.altitude_m, &name, &spec);
        }
    }

    fn speed(&mut self, path: &[&str], speed_mps: f64, type_name: &str, spec: &AircraftSpec) {
        if let Some(min) = spec.min_speed_mps.filter(|min| speed_mps < *min) {
            let said = format!(
                "is {speed_mps}; expected >= {min}, the min_speed_mps of {}",
                quoted(type_name)
            );
            self.note_both(
                path,
                said,
                &["aircraft", type_name, "min_speed_mps"],
                "lowest speed",
            );
        }
        if let Some(max) = spec.max_speed_mps.filter(|max| speed_mps > *max) {
            let said = format!(
                "is {speed_mps}; expected <= {max}, the max_speed_mps of {}",
                quoted(type_name)
            );
            self.note_both(
                path,
                said,
                &["aircraft", type_name, "max_speed_mps"],
                "highest speed",
            );
        }
    }

    fn altitude(&mut self, path: &[&str], altitude_m: f64, type_name: &str, spec: &AircraftSpec) {
        if let Some(ceiling) = spec.ceiling_m.filter(|ceiling| altitude_m > *ceiling) {
            let said = format!(
                "is {altitude_m}; expected <= {ceiling}, the ceiling_m of {}",
                quoted(type_name)
            );
            self.note_both(path, said, &["aircraft", type_name, "ceiling_m"], "ceiling");
        }
    }

    fn delay(&mut self, path: &[&str], delay: Option<&Delay>) {
        if let Some(Delay::Uniform(uniform)) = delay
            && uniform.min_s > uniform.max_s
        {
            let said = format!(
                "is {}; expected <= max_s, which is {}",
                uniform.min_s, uniform.max_s
            );
            self.note_both(
                &path!(path; "uniform", "min_s"),
                said,
                &path!(path; "uniform", "max_s"),
                "",
            );
        }
    }

    fn side(&mut self, path: &[&str], side: &str) {
        let sides = std::mem::take(&mut self.sides);
        self.name(path, side, "sides", "a side", &sides);
        self.sides = sides;
    }

    fn node(&mut self, path: &[&str], node: &str) {
        let nodes = std::mem::take(&mut self.nodes);
        self.name(path, node, "nodes", "a node", &nodes);
        self.nodes = nodes;
    }

    fn zone(&mut self, path: &[&str], zone: &str) {
        let zones = std::mem::take(&mut self.zones);
        self.name(path, zone, "zones", "a zone", &zones);
        self.zones = zones;
    }

    /// Types that are declared: aircraft types, and rows of matrices.
    fn civil_types(&mut self, at: &[&str], civil: Option<&[String]>) {
        let classes = shaped(&self.classes);
        let rows = classes
            .iter()
            .flat_map(|(_, class)| class.identification.actual.keys());
        let known: BTreeSet<String> = self.aircraft.keys().chain(rows).cloned().collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for (index, name) in civil.unwrap_or_default().iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let number = index.to_string();
                let what = "an aircraft type or a row of a matrix";
                self.dangling(&path!(at; number.as_str()), name, "aircraft", what, &known);
            }
        }
    }

    /// What a value of a rule names, by its key, and what is to hold within it: a rule is held to this by the words of its keys.
    fn named_by_rule(&mut self, path: &[&str], value: &Json) {
        let key = path
            .iter()
            .rev()
            .find(|step| step.parse::<usize>().is_err());
        match value {
            Json::Object(table) => {
                if let Ok(delay) = serde_json::from_value::<Delay>(value.clone()) {
                    return self.delay(path, Some(&delay));
                }
                let number = |key: &str| table.get(key).and_then(Json::as_f64);
                if let Some(from_h) = number("from_h") {
                    self.hours(path, from_h, number("until_h"));
                }
                if let Some(floor_m) = number("floor_m") {
                    self.heights(path, floor_m, number("top_m"));
                }
                for (name, inner) in table {
                    let here = path!(path; name);
                    if key == Some(&"answers") {
                        self.side(&here, name);
                    }
                    self.named_by_rule(&here, inner);
                }
            }
            Json::Array(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let number = index.to_string();
                    self.named_by_rule(&path!(path; &number), entry);
                }
            }
            Json::String(name) => match key {
                Some(&("zone" | "exempt")) => self.zone(path, name),
                Some(&("node" | "nodes" | "authority")) => self.node(path, name),
                Some(&"sides") => self.side(path, name),
                Some(&"classes") => {
                    let classes = std::mem::take(&mut self.classes);
                    self.name(path, name, "site_classes", "a site class", &classes);
                    self.classes = classes;
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn graph(&mut self) {
        for (name, node) in shaped(&self.nodes) {
            self.side(&["nodes", &name, "side"], &node.side);
        }
        for (name, link) in shaped(&self.links) {
            let at = ["links", name.as_str()];
            self.node(&path!(at; "from"), &link.from);
            self.node(&path!(at; "to"), &link.to);
            if link.from == link.to {
                let said = format!("is {}, as is from; expected another node", quoted(&link.to));
                self.note_both(&path!(at; "to"), said, &path!(at; "from"), "");
            }
            self.delay(&path!(at; "latency"), link.latency.as_ref());
        }
    }

    fn track_sharing(&mut self) {
        for (name, link) in shaped(&self.track_links) {
            let at = ["track_links", name.as_str()];
            let sites = std::mem::take(&mut self.sites);
            self.name(&path!(at; "from"), &link.from, "sites", "a site", &sites);
            self.name(&path!(at; "to"), &link.to, "sites", "a site", &sites);
            self.sites = sites;
            if link.from == link.to {
                let said = format!("is {}, as is from; expected other sites", quoted(&link.to));
                self.note_both(&path!(at; "to"), said, &path!(at; "from"), "");
            }
            self.delay(&path!(at; "latency"), link.latency.as_ref());
            if link.identity == SharedIdentity::Fuse {
                self.fused_rows(&at, &link);
            }
        }
    }

    /// Declarations can be weighed together only about the same rows.
    fn fused_rows(&mut self, at: &[&str], link: &TrackLinkFile) {
        let class_of = |site: &String| {
            let class = &self.sites.get(site)?.as_ref()?.class;
            let spec = &self.classes.get(class)?.as_ref()?.identification;
            let rows: BTreeSet<String> = match spec.over {
                Hypotheses::Types => spec.actual.keys().cloned().collect(),
                Hypotheses::Affiliations => Affiliation::ALL
                    .iter()
                    .map(|row| row.code().to_owned())
                    .collect(),
            };
            Some((class.clone(), rows))
        };
        let (Some((sender, sent)), Some((receiver, read))) =
            (class_of(&link.from), class_of(&link.to))
        else {
            return;
        };
        if sent != read {
            let list =
                |rows: &BTreeSet<String>| rows.iter().cloned().collect::<Vec<_>>().join(", ");
            let said = format!(
                "is \"fuse\", but class {} of the senders has the rows {}, and class {} of the receivers {}; expected the same rows",
                quoted(&sender),
                list(&sent),
                quoted(&receiver),
                list(&read)
            );
            let actual = [
                "site_classes",
                receiver.as_str(),
                "identification",
                "actual",
            ];
            self.note_both(
                &path!(at; "identity"),
                said,
                &actual,
                "rows of the receivers",
            );
        }
    }

    fn area(&mut self, path: &[&str], area: &AreaFile) -> Option<Area> {
        match area {
            AreaFile::Circle(circle) => {
                let center = self.point(&path!(path; "circle", "center"), &circle.center)?;
                Some(Area::Circle {
                    center,
                    radius_m: circle.radius_m,
                })
            }
            AreaFile::Sector(sector) => {
                let at = path!(path; "sector");
                if sector.min_range_m >= sector.max_range_m {
                    let said = format!(
                        "is {}; expected < max_range_m, which is {}: the sector is empty",
                        sector.min_range_m, sector.max_range_m
                    );
                    self.note_both(
                        &path!(at; "min_range_m"),
                        said,
                        &path!(at; "max_range_m"),
                        "",
                    );
                }
                let width_deg = points::width_deg(sector.from_deg, sector.to_deg);
                if width_deg <= 0.0 {
                    let said = format!(
                        "is {}, the same bearing as from_deg: the sector is empty; expected 0 and 360 for a full ring",
                        sector.to_deg
                    );
                    self.note_both(&path!(at; "to_deg"), said, &path!(at; "from_deg"), "");
                }
                let center = self.point(&path!(at; "center"), &sector.center)?;
                Some(points::sector(center, sector))
            }
            AreaFile::Box(corners) => {
                let at = path!(path; "box");
                let south_west = self.point(&path!(at; "south_west"), &corners.south_west);
                let north_east = self.point(&path!(at; "north_east"), &corners.north_east);
                let (south_west, north_east) = (south_west?, north_east?);
                for (low, high, direction) in [
                    (south_west.x, north_east.x, "east"),
                    (south_west.y, north_east.y, "north"),
                ] {
                    if low >= high {
                        let said = format!(
                            "lies at {high} m {direction}; expected > {low} m, that of south_west: the box is empty"
                        );
                        self.note_both(
                            &path!(at; "north_east"),
                            said,
                            &path!(at; "south_west"),
                            "",
                        );
                    }
                }
                Some(Area::Box {
                    south_west,
                    north_east,
                })
            }
            AreaFile::Polygon(corners) => self.polygon(&path!(path; "polygon"), corners),
        }
    }

    fn polygon(&mut self, at: &[&str], corners: &[PointFile]) -> Option<Area> {
        if corners.len() < 3 {
            let said = format!("has {} corners; expected at least 3", corners.len());
            self.note(at, said);
            return None;
        }
        if corners.len() > MOST_CORNERS {
            let said = format!(
                "has {} corners; expected at most {MOST_CORNERS}",
                corners.len()
            );
            self.note(at, said);
            return None;
        }
        let numbers: Vec<String> = (0..corners.len())
            .map(|number| number.to_string())
            .collect();
        let placed: Vec<Option<Point>> = (corners.iter().zip(&numbers))
            .map(|(corner, number)| self.point(&path!(at; number), corner))
            .collect();
        let placed: Vec<Point> = placed.into_iter().collect::<Option<_>>()?;
        let before = |other: usize| placed[..other].iter().position(|one| *one == placed[other]);
        let again = (1..placed.len()).find_map(|other| Some((before(other)?, other)));
        let wrong = match again {
            Some((0, last)) if last + 1 == placed.len() => Some((
                (0, last),
                "is the first corner again; expected each corner once, as an area closes by itself",
                "the first corner",
            )),
            Some(two) => Some((two, "is a corner that was there; expected another", "there")),
            None => crossing(&placed).map(|two| {
                (
                    two,
                    "begins an edge that touches or crosses another; expected corners in order around the area",
                    "the other edge begins here",
                )
            }),
        };
        if let Some(((one, other), said, beside)) = wrong {
            let (first, second) = (&numbers[one], &numbers[other]);
            self.note_both(&path!(at; second), said, &path!(at; first), beside);
            return None;
        }
        let polygon = Polygon::new(&placed);
        if polygon.is_none() {
            self.note(at, "encloses nothing; expected corners around an area");
        }
        polygon.map(|polygon| Area::Polygon(Arc::new(polygon)))
    }

    fn zone_volumes(&mut self) {
        for (name, zone) in shaped(&self.zones) {
            let at = ["zones", name.as_str()];
            self.area(&path!(at; "area"), &zone.area);
            self.heights(&at, zone.floor_m, zone.top_m);
        }
    }

    fn heights(&mut self, at: &[&str], floor_m: f64, top_m: Option<f64>) {
        if let Some(top) = top_m.filter(|top| floor_m >= *top) {
            let said = format!("is {floor_m}; expected < top_m, which is {top}");
            self.note_both(&path!(at; "floor_m"), said, &path!(at; "top_m"), "");
        }
    }

    fn hours(&mut self, at: &[&str], from_h: f64, until_h: Option<f64>) {
        if let Some(until) = until_h.filter(|until| from_h >= *until) {
            let said = format!("is {until}; expected > from_h, which is {from_h}");
            self.note_both(&path!(at; "until_h"), said, &path!(at; "from_h"), "");
        }
    }

    fn all_corridors(&mut self) {
        for (name, corridor) in shaped(&self.corridors) {
            let at = ["corridors", name.as_str()];
            let here = path!(at; "points");
            self.enough_points(&here, corridor.points.len());
            let mut before = None;
            for (index, point) in corridor.points.iter().enumerate() {
                let number = index.to_string();
                let point = self.point(&path!(here; &number), point);
                if point.is_some() && point == before {
                    let last = (index - 1).to_string();
                    self.note_both(
                        &path!(here; &number),
                        "is the same point as the one before it; expected another",
                        &path!(here; &last),
                        "the one before",
                    );
                }
                before = point;
            }
            self.heights(&at, corridor.floor_m, corridor.top_m);
            self.hours(&at, corridor.from_h, corridor.until_h);
        }
    }

    fn all_flights(&mut self) {
        for (name, flight) in shaped(&self.flights) {
            let at = ["flights", name.as_str()];
            let aircraft = std::mem::take(&mut self.aircraft);
            self.name(
                &path!(at; "aircraft"),
                &flight.aircraft,
                "aircraft",
                "an aircraft type",
                &aircraft,
            );
            let spec = aircraft.get(&flight.aircraft).cloned().flatten();
            self.aircraft = aircraft;
            self.side(&path!(at; "side"), &flight.side);
            if let Some(spec) = &spec {
                if let Some(speed) = flight.speed_mps {
                    self.speed(&path!(at; "speed_mps"), speed, &flight.aircraft, spec);
                }
                if let Some(altitude) = flight.altitude_m {
                    self.altitude(&path!(at; "altitude_m"), altitude, &flight.aircraft, spec);
                }
                if flight.turns == Turns::Bank && spec.bank_deg.is_none() {
                    let key = if self.root.get(&path!(at; "turns")).is_some() {
                        "turns"
                    } else {
                        "aircraft"
                    };
                    let said = format!(
                        "needs bank_deg, which {} lacks: the flight turns by bank",
                        quoted(&flight.aircraft)
                    );
                    self.note_both(
                        &path!(at; key),
                        said,
                        &["aircraft", &flight.aircraft],
                        "has no bank_deg",
                    );
                    if let Some(found) = self.found.last_mut() {
                        found.problem.help = Some(
                            "give the type a bank_deg, or the flight turns = \"instant\""
                                .to_owned(),
                        );
                    }
                }
            }
            if let StartFile::Departs(departure) = &flight.start {
                self.delay(
                    &path!(at; "start", "departs", "delay"),
                    departure.delay.as_ref(),
                );
            }
            self.route(&at, &flight, spec.as_ref());
            if let Some(home) = &flight.home {
                self.point(&path!(at; "home"), home);
            }
            if let Some(objective) = &flight.objective {
                self.point(&path!(at; "objective", "at"), &objective.at);
            }
            if let Some(plan) = &flight.plan {
                self.plan(&at, &flight, plan);
            }
        }
    }

    fn all_tracks(&mut self) {
        let duration_s = self
            .root
            .get(&["duration_h"])
            .and_then(|item| item.to_json().as_f64())
            .map_or(f64::INFINITY, |hours| hours * 3600.0);
        for (name, tracks) in shaped(&self.tracks) {
            let at = ["tracks", name.as_str()];
            let aircraft = std::mem::take(&mut self.aircraft);
            self.name(
                &path!(at; "aircraft"),
                &tracks.aircraft,
                "aircraft",
                "an aircraft type",
                &aircraft,
            );
            self.aircraft = aircraft;
            self.side(&path!(at; "side"), &tracks.side);
            for (address, own) in &tracks.of {
                let here = path!(at; "of", address);
                if let Some(aircraft) = &own.aircraft {
                    let types = std::mem::take(&mut self.aircraft);
                    self.name(
                        &path!(here; "aircraft"),
                        aircraft,
                        "aircraft",
                        "an aircraft type",
                        &types,
                    );
                    self.aircraft = types;
                }
                if let Some(side) = &own.side {
                    self.side(&path!(here; "side"), side);
                }
                if let Some(objective) = &own.objective {
                    self.point(&path!(here; "objective", "at"), &objective.at);
                }
                if let Some(plan) = &own.plan {
                    self.recorded_plan(&here, plan);
                }
            }
            if let Some(objective) = &tracks.objective {
                self.point(&path!(at; "objective", "at"), &objective.at);
            }
            if let Some(plan) = &tracks.plan {
                self.recorded_plan(&at, plan);
            }
            // What could not be read has been told.
            let recording = tracks.recording.as_ref();
            let Some(recording) = recording.filter(|read| read.account.read > 0) else {
                continue;
            };
            let addresses: Vec<&str> = recording
                .aircraft
                .iter()
                .map(|one| one.icao24.as_str())
                .collect();
            for address in tracks.of.keys() {
                if !addresses.contains(&address.as_str()) {
                    let help = shape::suggest(address, &addresses, "addresses");
                    let said = format!("is the address of nobody in {}", tracks.file);
                    self.note(&path!(at; "of", address), said).help = help;
                }
            }
            let types = std::mem::take(&mut self.aircraft);
            let type_of = |name: &str| types.get(name).and_then(Option::as_ref);
            let cut = recorded::flights(&name, &tracks, &self.places.frame, duration_s, type_of);
            self.aircraft = types;
            let Some(cut) = cut else {
                let typed = match &tracks.align {
                    AlignFile::FromUtc(text) => text.as_str(),
                    AlignFile::First => {
                        let account = &recording.account;
                        let said = format!("has no position in the air: {}", account.words());
                        self.note(&path!(at; "file"), said);
                        continue;
                    }
                };
                let said = format!(
                    "is {:?}; expected a UTC time as 2019-11-21T06:00:00Z",
                    super::tree::clip(typed)
                );
                self.note(&path!(at; "align", "from_utc"), said);
                continue;
            };
            let key_path = self.shown(&path!(at; "file"));
            let place = self.root.place(&path!(at; "file"));
            if tracks.on_fault == OnFault::Refuse {
                for problem in
                    recorded::problems(&name, &key_path, &tracks.file, &place, &cut.faults)
                {
                    let about = vec![owned(&path!(at; "file"))];
                    self.found.push(Found { problem, about });
                }
            }
            for piece in &cut.pieces {
                if self.flights.contains_key(&piece.name) {
                    let said = format!("gives a flight {:?}, which there is already", piece.name);
                    self.note_both(
                        &path!(at; "file"),
                        said,
                        &["flights", &piece.name],
                        "this one",
                    );
                }
            }
            if !cut.any && cut.faults.is_empty() {
                let said = format!(
                    "has no flight in the time of the scenario; expected align, shift_s or duration_h to let one in ({})",
                    cut.account.words()
                );
                self.note(&path!(at; "file"), said);
            }
        }
    }

    /// The plan of recorded flights, which keep their times.
    fn recorded_plan(&mut self, at: &[&str], plan: &PlanSpec) {
        for (index, node) in plan.addressees.iter().enumerate() {
            let number = index.to_string();
            self.node(&path!(at; "plan", "addressees", &number), node);
        }
        if let Some(node) = &plan.astray_to {
            self.node(&path!(at; "plan", "astray_to"), node);
        }
        if plan.amendment.is_some() {
            let said = "moves the departure, but recorded flights keep their times; expected none";
            self.note(&path!(at; "plan", "amendment"), said);
        }
    }

    /// Who flies, with flights and with recorded tracks.
    fn flown(&self) -> Vec<Flown> {
        let flights = shaped(&self.flights)
            .into_iter()
            .map(|(name, flight)| Flown {
                section: "flights",
                name,
                aircraft: flight.aircraft,
                side: flight.side,
            });
        let tracks = shaped(&self.tracks).into_iter().flat_map(|(name, tracks)| {
            let own = tracks.of.values().map(|own| {
                let aircraft = own
                    .aircraft
                    .clone()
                    .unwrap_or_else(|| tracks.aircraft.clone());
                (
                    aircraft,
                    own.side.clone().unwrap_or_else(|| tracks.side.clone()),
                )
            });
            let mut all: Vec<(String, String)> = own.collect();
            all.push((tracks.aircraft.clone(), tracks.side.clone()));
            all.into_iter().map(move |(aircraft, side)| Flown {
                section: "tracks",
                name: name.clone(),
                aircraft,
                side,
            })
        });
        flights.chain(tracks).collect()
    }

    fn plan(&mut self, at: &[&str], flight: &FlightFile, plan: &PlanSpec) {
        for (index, node) in plan.addressees.iter().enumerate() {
            let number = index.to_string();
            self.node(&path!(at; "plan", "addressees", &number), node);
        }
        if let Some(node) = &plan.astray_to {
            self.node(&path!(at; "plan", "astray_to"), node);
        }
        if let Some(amendment) = &plan.amendment {
            let here = path!(at; "plan", "amendment");
            if flight.start == StartFile::Airborne {
                self.note_both(
                    &here,
                    "moves the departure, but the flight is in the air at the start; expected a start that departs",
                    &path!(at; "start"),
                    "",
                );
            }
            if amendment.notice_s > plan.notice_s {
                let said = format!(
                    "is {}; expected <= {}, the notice_s of the plan: the second version cannot precede the first",
                    amendment.notice_s, plan.notice_s
                );
                self.note_both(
                    &path!(here; "notice_s"),
                    said,
                    &path!(at; "plan", "notice_s"),
                    "",
                );
            }
        }
    }

    /// The points of a leg list; equal neighbours are reported at the second.
    fn waypoints(
        &mut self,
        path: &[&str],
        list: &[WaypointFile],
        flight: &FlightFile,
        spec: Option<&AircraftSpec>,
    ) -> Vec<Option<Point>> {
        let mut found: Vec<Option<Point>> = Vec::new();
        for (index, waypoint) in list.iter().enumerate() {
            let number = index.to_string();
            let here = path!(path; &number);
            let point = match waypoint {
                WaypointFile::Point(point) => self.point(&here, point),
                WaypointFile::AtAltitude(waypoint) => {
                    if let Some(spec) = spec {
                        self.altitude(
                            &path!(here; "altitude_m"),
                            waypoint.altitude_m,
                            &flight.aircraft,
                            spec,
                        );
                    }
                    self.point(&path!(here; "at"), &waypoint.at)
                }
            };
            if let (Some(point), Some(Some(before))) = (point, found.last())
                && point == *before
            {
                let before = (index - 1).to_string();
                self.note_both(
                    &here,
                    "is the same point as the one before it; expected another",
                    &path!(path; &before),
                    "the one before",
                );
            }
            found.push(point);
        }
        found
    }

    fn route(&mut self, at: &[&str], flight: &FlightFile, spec: Option<&AircraftSpec>) {
        match &flight.route {
            RouteFile::Waypoints(waypoints) => {
                let here = path!(at; "route", "waypoints", "points");
                self.enough_points(&here, waypoints.points.len());
                self.waypoints(&here, &waypoints.points, flight, spec);
            }
            RouteFile::Loop(circuit) => {
                let here = path!(at; "route", "loop", "points");
                self.enough_points(&here, circuit.points.len());
                let found = self.waypoints(&here, &circuit.points, flight, spec);
                if let [Some(first), .., Some(last)] = found.as_slice()
                    && first == last
                    && found.len() > 2
                {
                    let last = (found.len() - 1).to_string();
                    self.note_both(
                        &path!(here; &last),
                        "is the first point again; expected another: the loop closes itself",
                        &path!(here; "0"),
                        "the first",
                    );
                }
            }
            RouteFile::Orbit(orbit) => {
                let here = path!(at; "route", "orbit");
                self.waypoints(&path!(here; "ingress"), &orbit.ingress, flight, spec);
                self.waypoints(&path!(here; "egress"), &orbit.egress, flight, spec);
                self.point(&path!(here; "center"), &orbit.center);
                self.radius(&path!(here; "radius_m"), orbit.radius_m, flight, spec);
            }
            RouteFile::Racetrack(racetrack) => {
                let here = path!(at; "route", "racetrack");
                self.waypoints(&path!(here; "ingress"), &racetrack.ingress, flight, spec);
                self.waypoints(&path!(here; "egress"), &racetrack.egress, flight, spec);
                let from = self.point(&path!(here; "from"), &racetrack.from);
                let to = self.point(&path!(here; "to"), &racetrack.to);
                if from.is_some() && from == to {
                    self.note_both(
                        &path!(here; "to"),
                        "is the same point as from; expected another (a circle is an orbit)",
                        &path!(here; "from"),
                        "",
                    );
                }
                self.radius(&path!(here; "radius_m"), racetrack.radius_m, flight, spec);
            }
        }
    }

    fn enough_points(&mut self, path: &[&str], count: usize) {
        if count < 2 {
            let said = match count {
                0 => "is empty; expected at least 2 points",
                _ => "has 1 point; expected at least 2",
            };
            self.note(path, said);
        }
    }

    fn radius(
        &mut self,
        path: &[&str],
        radius_m: f64,
        flight: &FlightFile,
        spec: Option<&AircraftSpec>,
    ) {
        let Some(spec) = spec else { return };
        let (Turns::Bank, Some(bank_deg)) = (flight.turns, spec.bank_deg) else {
            return;
        };
        let speed_mps = flight.speed_mps.unwrap_or(spec.cruise_mps);
        let smallest_m = speed_mps * speed_mps / (GRAVITY_MPS2 * libm::tan(bank_deg.to_radians()));
        if radius_m < smallest_m {
            let said = format!(
                "is {radius_m}; expected >= {:.0}, the turn radius at {speed_mps} m/s and {bank_deg} degrees of bank",
                libm::ceil(smallest_m)
            );
            self.note_both(
                path,
                said,
                &["aircraft", &flight.aircraft, "bank_deg"],
                "bank limit",
            );
        }
    }

    fn all_classes(&mut self) {
        for (name, class) in shaped(&self.classes) {
            let at = ["site_classes", name.as_str()];
            if let ScanPhase::Fixed(phase) = class.sensor.scan_phase
                && phase.first_s > class.sensor.scan_s
            {
                let said = format!(
                    "is {}; expected <= scan_s, which is {}",
                    phase.first_s, class.sensor.scan_s
                );
                self.note_both(
                    &path!(at; "sensor", "scan_phase", "fixed", "first_s"),
                    said,
                    &path!(at; "sensor", "scan_s"),
                    "",
                );
            }
            self.tracker(&path!(at; "tracker"), &class.tracker);
            if let Some(weapon) = &class.weapon {
                let here = path!(at; "weapon");
                if weapon.min_range_m >= weapon.max_range_m {
                    let said = format!(
                        "is {}; expected < max_range_m, which is {}: the envelope is empty",
                        weapon.min_range_m, weapon.max_range_m
                    );
                    self.note_both(
                        &path!(here; "min_range_m"),
                        said,
                        &path!(here; "max_range_m"),
                        "",
                    );
                }
                if let Some(max) = weapon
                    .max_altitude_m
                    .filter(|max| weapon.min_altitude_m >= *max)
                {
                    let said = format!(
                        "is {max}; expected > min_altitude_m, which is {}: the envelope is empty",
                        weapon.min_altitude_m
                    );
                    self.note_both(
                        &path!(here; "max_altitude_m"),
                        said,
                        &path!(here; "min_altitude_m"),
                        "",
                    );
                }
                self.delay(&path!(here; "reaction"), Some(&weapon.reaction));
            }
            self.readiness(&path!(at; "readiness"), &name, &class);
            self.identification(&path!(at; "identification"), &name, &class.identification);
        }
    }

    /// Who moves after shots must have some to fire, and who waits for a cue somebody who cues it.
    fn readiness(&mut self, at: &[&str], name: &str, class: &SiteClassFile) {
        if class.readiness.relocates.is_some() && class.weapon.is_none() {
            let said =
                "is there, but the class has no weapon and would never move; expected a weapon";
            self.note(&path!(at; "relocates"), said);
        }
        let Some(go_live) = &class.readiness.go_live else {
            return;
        };
        if let Some(node) = &go_live.node {
            self.node(&path!(at; "go_live", "node", "from"), &node.from);
            self.delay(
                &path!(at; "go_live", "node", "latency"),
                node.latency.as_ref(),
            );
        }
        if go_live.within_m.is_none() {
            if go_live.node.is_none() {
                let said = "has neither within_m nor node, and nobody would ever cue a site of the class; expected one of them";
                self.note(&path!(at; "go_live"), said);
            }
            return;
        }
        let of_class = |site: &String| {
            let site = self.sites.get(site).and_then(Option::as_ref);
            site.is_some_and(|site| site.class == name)
        };
        let cued = (self.track_links.values().flatten()).any(|link| of_class(&link.to));
        if !cued
            && go_live.node.is_none()
            && (self.sites.values().flatten()).any(|site| site.class == name)
        {
            let said = "is there, but nobody would ever cue a site of the class; expected a track link to one of them";
            self.note(&path!(at; "go_live"), said);
        }
    }

    fn fire_distribution(&mut self) {
        let sides: Vec<String> = self.fire_distribution.keys().cloned().collect();
        for side in sides {
            self.side(&["fire_distribution", &side], &side);
        }
    }

    fn tracker(&mut self, at: &[&str], tracker: &TrackerSpec) {
        if tracker.confirm_hits > tracker.confirm_scans {
            let said = format!(
                "is {}; expected <= confirm_scans, which is {}",
                tracker.confirm_hits, tracker.confirm_scans
            );
            self.note_both(
                &path!(at; "confirm_hits"),
                said,
                &path!(at; "confirm_scans"),
                "",
            );
        }
        let needy = [
            (!tracker.association.is_perfect()).then_some("association"),
            tracker.false_alarms.map(|_| "false_alarms"),
        ];
        let missing: Vec<&str> = [
            tracker.measurement.is_none().then_some("measurement"),
            tracker.filter.is_none().then_some("filter"),
        ]
        .into_iter()
        .flatten()
        .collect();
        for needy in needy.into_iter().flatten() {
            if !missing.is_empty() {
                let said = format!(
                    "needs measurement and filter; {} missing",
                    match missing.as_slice() {
                        [one] => format!("{one} is"),
                        _ => "both are".to_owned(),
                    }
                );
                self.note(&path!(at; needy), said);
            }
        }
        if let Some(alarms) = tracker
            .false_alarms
            .filter(|alarms| alarms.min_altitude_m > alarms.max_altitude_m)
        {
            let said = format!(
                "is {}; expected <= max_altitude_m, which is {}",
                alarms.min_altitude_m, alarms.max_altitude_m
            );
            self.note_both(
                &path!(at; "false_alarms", "min_altitude_m"),
                said,
                &path!(at; "false_alarms", "max_altitude_m"),
                "",
            );
        }
    }

    fn identification(&mut self, at: &[&str], class: &str, spec: &IdentificationSpec) {
        let rows: Vec<String> = spec.actual.keys().cloned().collect();
        let actual = path!(at; "actual");
        if rows.is_empty() {
            self.note(&actual, "has no rows; expected at least one");
        }
        if rows.len() > MOST_ROWS {
            let said = format!("has {} rows; expected at most {MOST_ROWS}", rows.len());
            self.note(&actual, said);
        }
        match spec.over {
            Hypotheses::Affiliations => {
                let wanted: Vec<&str> = Affiliation::ALL
                    .iter()
                    .map(|affiliation| affiliation.code())
                    .collect();
                for row in rows.iter().filter(|row| !wanted.contains(&row.as_str())) {
                    let problem = self.note_row(
                        &actual,
                        row,
                        "is not an affiliation; expected friend, neutral and hostile",
                    );
                    problem.help =
                        shape::suggest(row, &["friend", "hostile", "neutral"], "affiliations");
                }
                for affiliation in wanted {
                    if !spec.actual.contains_key(affiliation) {
                        let said = format!(
                            "lacks the row {affiliation}; expected friend, neutral and hostile"
                        );
                        self.note_both(&actual, said, &path!(at; "over"), "rows are affiliations");
                    }
                }
            }
            Hypotheses::Types => {
                let aircraft = std::mem::take(&mut self.aircraft);
                for row in &rows {
                    if row == UNKNOWN {
                        self.note_row(
                            &actual,
                            row,
                            "is a column, not a row; expected aircraft types",
                        );
                    } else {
                        self.name(
                            &path!(actual; row),
                            row,
                            "aircraft",
                            "an aircraft type",
                            &aircraft,
                        );
                    }
                }
                self.aircraft = aircraft;
            }
        }
        self.matrix(&actual, &spec.actual, &rows);
        if let Some(assumed) = &spec.assumed {
            let here = path!(at; "assumed");
            for row in &rows {
                if !assumed.contains_key(row) {
                    let said = format!("lacks the row {}, which actual has", quoted(row));
                    self.note_both(&here, said, &path!(actual; row), "");
                }
            }
            for row in assumed.keys().filter(|row| !spec.actual.contains_key(*row)) {
                self.note_both(
                    &path!(here; row),
                    "is a row that actual lacks; expected the same rows",
                    &actual,
                    "",
                );
            }
            self.matrix(&here, assumed, &rows);
        }
        self.prior(at, spec, &rows);
        self.affiliation_shares(at, spec, &rows);
        self.thresholds(at, spec);
        self.surprise(at, class, spec);
        self.id_sources(at, spec, &rows);
    }

    /// The ID sources besides declarations and flight plans, and the operator.
    fn id_sources(&mut self, at: &[&str], spec: &IdentificationSpec, rows: &[String]) {
        let actual = path!(at; "actual");
        if let Some(id_source) = &spec.transponder {
            let here = path!(at; "transponder");
            let agreed = id_source.agreed.map(|agreed| agreed.by_affiliation());
            for (a, affiliation) in Affiliation::ALL.iter().enumerate() {
                let (plain, agreed) = (
                    id_source.plain.by_affiliation()[a],
                    agreed.map_or(0.0, |p| p[a]),
                );
                if plain + agreed > 1.0 + ROW_TOLERANCE {
                    let said = format!(
                        "is {agreed}; expected <= 1 - plain.{}, which is {plain}: only one code is seen",
                        affiliation.code()
                    );
                    self.note_both(
                        &path!(here; "agreed", affiliation.code()),
                        said,
                        &path!(here; "plain", affiliation.code()),
                        "",
                    );
                }
            }
        }
        if let Some(id_source) = &spec.optical {
            let here = path!(at; "optical");
            let of_actual = id_source.actual.keys().cloned().collect();
            self.rows_of_class(&path!(here; "actual"), &of_actual, rows, &actual);
            self.matrix(&path!(here; "actual"), &id_source.actual, rows);
            if let Some(assumed) = &id_source.assumed {
                let of_belief = assumed.keys().cloned().collect();
                self.rows_of_class(&path!(here; "assumed"), &of_belief, rows, &actual);
                self.matrix(&path!(here; "assumed"), assumed, rows);
            }
            if let Some(Daylight::Hours(day)) = &id_source.day
                && day.from_h == day.to_h
            {
                let said = format!("is {}, as is from_h: there is no day", day.to_h);
                let day = path!(here; "day");
                self.note_both(&path!(day; "to_h"), said, &path!(day; "from_h"), "");
            }
        }
        if let Some(id_source) = &spec.profile {
            let here = path!(at; "profile", "rows");
            self.rows_of_class(
                &here,
                &id_source.rows.keys().cloned().collect(),
                rows,
                &actual,
            );
        }
        if let Some(id_source) = &spec.origin {
            let here = path!(at; "origin");
            if id_source.first_seen.is_empty() && id_source.lanes.is_empty() {
                self.note(&here, "names no zone; expected first_seen or lanes");
            }
            self.zone_beliefs(&path!(here; "first_seen"), &id_source.first_seen);
            self.zone_beliefs(&path!(here; "lanes"), &id_source.lanes);
        }
        let expectancy = spec
            .operator
            .as_ref()
            .and_then(|who| who.expectancy.as_ref());
        let never = |alert: &ExpectancySpec| {
            alert.alerts_h.is_empty() && !alert.after_engagement && !alert.after_leaker
        };
        if expectancy.is_some_and(never) {
            self.note(
                &path!(at; "operator", "expectancy"),
                "never sets in; expected alerts_h, after_engagement = true or after_leaker = true",
            );
        }
    }

    /// A table by row has the rows of the class, all of them and no others.
    fn rows_of_class(
        &mut self,
        at: &[&str],
        found: &BTreeSet<String>,
        rows: &[String],
        actual: &[&str],
    ) {
        let known: Vec<&str> = rows.iter().map(String::as_str).collect();
        for name in found.iter().filter(|name| !rows.contains(name)) {
            let help = shape::suggest(name, &known, "rows");
            let problem = self.note_row(at, name, "is not a row of the class's actual");
            problem.help = help;
        }
        for row in rows.iter().filter(|row| !found.contains(*row)) {
            let said = format!(
                "lacks the row {}, which the class's actual has",
                quoted(row)
            );
            self.note_both(at, said, &path!(actual; row), "");
        }
    }

    /// Zones that exist, none twice, and probabilities of exclusive answers.
    fn zone_beliefs(&mut self, at: &[&str], list: &[ZoneBelief]) {
        let mut sums = [0.0; 3];
        let zones = std::mem::take(&mut self.zones);
        for (index, entry) in list.iter().enumerate() {
            let number = index.to_string();
            let here = path!(at; number.as_str());
            self.name(&path!(here; "zone"), &entry.zone, "zones", "a zone", &zones);
            if let Some(first) = list.iter().position(|one| one.zone == entry.zone)
                && first < index
            {
                let first = first.to_string();
                let said = format!("is {} again; the first entry counts", quoted(&entry.zone));
                let other = path!(at; first.as_str(), "zone");
                self.note_both(&path!(here; "zone"), said, &other, "");
            }
            for (a, affiliation) in Affiliation::ALL.iter().enumerate() {
                let before = sums[a];
                sums[a] += entry.inside.by_affiliation()[a];
                let limit = 1.0 + ROW_TOLERANCE * list.len() as f64;
                if sums[a] > limit && before <= limit {
                    let said = format!(
                        "brings the list to {}; expected at most 1: a track is in one of its zones at most",
                        libm::round(sums[a] * 1e9) / 1e9
                    );
                    self.note(&path!(here; "inside", affiliation.code()), said);
                }
            }
        }
        self.zones = zones;
        if list.len() > MOST_ZONES {
            let said = format!("has {} zones; expected at most {MOST_ZONES}", list.len());
            self.note(at, said);
        }
    }

    fn note_row(&mut self, matrix: &[&str], row: &str, said: &str) -> &mut Problem {
        self.note(&path!(matrix; row), said)
    }

    /// Columns and sums of a confusion matrix.
    fn matrix(&mut self, at: &[&str], matrix: &ConfusionMatrix, rows: &[String]) {
        let known: Vec<&str> = rows.iter().map(String::as_str).chain([UNKNOWN]).collect();
        for (row, columns) in matrix {
            for column in columns
                .keys()
                .filter(|column| !known.contains(&column.as_str()))
            {
                let help = shape::suggest(column, &known, "columns");
                let problem = self.note(
                    &path!(at; row, column),
                    "is neither a row nor unknown: nothing else can be declared",
                );
                problem.help = help;
            }
            let sum: f64 = columns.values().map(|probability| probability.0).sum();
            if (sum - 1.0).abs() > ROW_TOLERANCE * columns.len().max(1) as f64 {
                let said = format!("sums to {}; expected 1", libm::round(sum * 1e9) / 1e9);
                let said = if (libm::round(sum * 1e9) / 1e9 - 1.0).abs() < 1e-12 {
                    format!("sums to 1 {:+e}; expected 1", sum - 1.0)
                } else {
                    said
                };
                self.note(&path!(at; row), said);
            }
        }
    }

    fn prior(&mut self, at: &[&str], spec: &IdentificationSpec, rows: &[String]) {
        if spec.prior.is_empty() {
            return;
        }
        let here = path!(at; "prior");
        let known: Vec<&str> = rows.iter().map(String::as_str).collect();
        for name in spec
            .prior
            .keys()
            .filter(|name| !spec.actual.contains_key(*name))
        {
            let help = shape::suggest(name, &known, "rows");
            let problem = self.note(&path!(here; name), "is not a row of actual");
            problem.help = help;
        }
        for row in rows.iter().filter(|row| !spec.prior.contains_key(*row)) {
            let said = format!(
                "lacks the row {}, which actual has; 0 says never",
                quoted(row)
            );
            self.note_both(&here, said, &path!(at; "actual", row), "");
        }
        if spec.prior.values().all(|weight| weight.0 == 0.0) {
            self.note(&here, "is 0 for every row; expected at least one > 0");
        }
    }

    fn affiliation_shares(&mut self, at: &[&str], spec: &IdentificationSpec, rows: &[String]) {
        let here = path!(at; "affiliations");
        if spec.over == Hypotheses::Affiliations {
            if !spec.affiliations.is_empty() {
                self.note_both(
                    &here,
                    "divides types into affiliations, but the rows of actual are affiliations already",
                    &path!(at; "over"),
                    "",
                );
            }
            return;
        }
        let known: Vec<&str> = rows.iter().map(String::as_str).collect();
        for (name, shares) in &spec.affiliations {
            if !spec.actual.contains_key(name) {
                let help = shape::suggest(name, &known, "rows");
                let problem = self.note(&path!(here; name), "is not a row of actual");
                problem.help = help;
            }
            if shares.friend == 0.0 && shares.neutral == 0.0 && shares.hostile == 0.0 {
                self.note(
                    &path!(here; name),
                    "has only shares of 0; expected friend, neutral or hostile > 0",
                );
            }
        }
        for row in rows
            .iter()
            .filter(|row| !spec.affiliations.contains_key(*row))
        {
            let said = format!(
                "lacks {}, a row of actual: what is a declared {} identified as?",
                quoted(row),
                quoted(row)
            );
            self.note_both(&here, said, &path!(at; "actual", row), "this row");
        }
    }

    fn thresholds(&mut self, at: &[&str], spec: &IdentificationSpec) {
        let here = path!(at; "identity");
        let identity = &spec.identity;
        for (low, low_value, high, high_value) in [
            ("suspect", identity.suspect, "hostile", identity.hostile),
            (
                "assumed_friend",
                identity.assumed_friend,
                "friend",
                identity.friend,
            ),
        ] {
            if low_value > high_value {
                let said = format!("is {low_value}; expected <= {high}, which is {high_value}");
                self.note_both(&path!(here; low), said, &path!(here; high), "");
            }
        }
    }

    /// Fused evidence must never be impossible under every hypothesis: what the world can declare about one aircraft,
    /// some row must be able to declare in the site's belief.
    fn surprise(&mut self, at: &[&str], class: &str, spec: &IdentificationSpec) {
        let used = self
            .sites
            .values()
            .flatten()
            .any(|site| site.class == class);
        let Some(assumed) = spec
            .assumed
            .as_ref()
            .filter(|_| spec.combine == Combine::Fused && used)
        else {
            return;
        };
        let possible = |row: &str| {
            spec.prior.is_empty() || spec.prior.get(row).is_some_and(|weight| weight.0 > 0.0)
        };
        let mut reported: BTreeSet<String> = BTreeSet::new();
        for columns in spec.actual.values() {
            for declared in columns
                .iter()
                .filter(|(_, p)| p.0 > 0.0)
                .map(|(name, _)| name)
            {
                let believable = assumed.iter().any(|(row, columns)| {
                    possible(row) && columns.get(declared).is_some_and(|p| p.0 > 0.0)
                });
                if !believable && reported.insert(declared.clone()) {
                    let said = format!(
                        "gives {} probability 0 in every row that the prior allows, but actual can declare it",
                        quoted(declared)
                    );
                    let producer = spec
                        .actual
                        .iter()
                        .find(|(_, columns)| columns.get(declared).is_some_and(|p| p.0 > 0.0))
                        .map(|(row, _)| row.clone())
                        .unwrap_or_default();
                    self.note_both(
                        &path!(at; "assumed"),
                        said,
                        &path!(at; "actual", &producer, declared),
                        "can be declared",
                    );
                }
            }
        }
    }

    fn all_sites(&mut self) {
        let mut missing: BTreeSet<(String, String)> = BTreeSet::new();
        let flown = self.flown();
        for (name, site) in shaped(&self.sites) {
            let at = ["sites", name.as_str()];
            self.side(&path!(at; "side"), &site.side);
            let classes = std::mem::take(&mut self.classes);
            self.name(
                &path!(at; "class"),
                &site.class,
                "site_classes",
                "a site class",
                &classes,
            );
            let class = classes.get(&site.class).cloned().flatten();
            self.classes = classes;
            match &site.position {
                PositionFile::At(point) => {
                    self.point(&path!(at; "position", "at"), point);
                }
                PositionFile::DrawnIn(area) => {
                    self.area(&path!(at; "position", "drawn_in"), area);
                }
            }
            if let CountFile::Between(range) = site.count
                && range.min > range.max
            {
                let said = format!("is {}; expected <= max, which is {}", range.min, range.max);
                self.note_both(
                    &path!(at; "count", "min"),
                    said,
                    &path!(at; "count", "max"),
                    "",
                );
            }
            if let Some(command) = &site.command {
                self.node(&path!(at; "command", "node"), &command.node);
                self.delay(&path!(at; "command", "latency"), command.latency.as_ref());
            }
            let Some(class) = class else { continue };
            if class.identification.over != Hypotheses::Types {
                continue;
            }
            for Flown {
                section,
                name: flight_name,
                aircraft,
                ..
            } in &flown
            {
                let known = self.aircraft.contains_key(aircraft);
                if known
                    && !class.identification.actual.contains_key(aircraft)
                    && missing.insert((site.class.clone(), aircraft.clone()))
                {
                    let said = format!(
                        "lacks the row {}, the type of {} {}",
                        quoted(aircraft),
                        section.trim_end_matches('s'),
                        quoted(flight_name)
                    );
                    self.note_both(
                        &["site_classes", &site.class, "identification", "actual"],
                        said,
                        &[section, flight_name, "aircraft"],
                        "flown here",
                    );
                }
            }
        }
    }

    fn relations(&mut self) {
        let relations = std::mem::take(&mut self.relations);
        for (side, others) in &relations {
            self.side(&["relations", side], side);
            for other in others.iter().flat_map(BTreeMap::keys) {
                self.side(&["relations", side, other], other);
            }
        }
        let mut reported: BTreeSet<(String, String)> = BTreeSet::new();
        let flown = self.flown();
        for (site_name, site) in shaped(&self.sites) {
            for Flown {
                section,
                name: flight_name,
                side: other,
                ..
            } in &flown
            {
                let shooter = &site.side;
                let both_known = self.sides.contains_key(shooter) && self.sides.contains_key(other);
                let stated = match relations.get(shooter) {
                    Some(None) => true,
                    Some(Some(others)) => others.contains_key(other),
                    None => false,
                };
                if shooter == other || !both_known || stated {
                    continue;
                }
                if !reported.insert((shooter.clone(), other.clone())) {
                    continue;
                }
                let path: Vec<&str> = if relations.contains_key(shooter) {
                    vec!["relations", shooter]
                } else if self.root.get(&["relations"]).is_some() {
                    vec!["relations"]
                } else {
                    vec!["sites", &site_name, "side"]
                };
                let key = format!("relations.{}.{}", quoted(shooter), quoted(other));
                let message = format!(
                    "{key} is missing: what does {} with site {} hold {} with {} {} for?",
                    quoted(shooter),
                    quoted(&site_name),
                    quoted(other),
                    section.trim_end_matches('s'),
                    quoted(flight_name)
                );
                let problem = Problem::new(key.clone(), message)
                    .at(&self.root.place(&path), "")
                    .at(
                        &self.root.place(&[section, flight_name, "side"]),
                        "flies here",
                    )
                    .help(format!("{key} = \"friend\", \"neutral\" or \"hostile\""));
                self.found.push(Found {
                    problem,
                    about: vec![
                        owned(&["relations", shooter, other]),
                        owned(&["sites", &site_name, "side"]),
                        owned(&[section, flight_name, "side"]),
                    ],
                });
            }
        }
        self.relations = relations;
    }

    fn rules(&mut self) {
        let all = serde_json::to_value(&self.rules).unwrap_or_default();
        for (rule, spec) in all.as_object().into_iter().flatten() {
            self.named_by_rule(&["rules", rule], spec);
        }
        if self.rules.corridors.is_some() && self.corridors.is_empty() {
            self.note(
                &["rules", "corridors"],
                "is in force, but the scenario has no [corridors]",
            );
        }
        if let Some(restricted) = self.rules.restricted_operations_zone.clone() {
            let at = ["rules", "restricted_operations_zone", "civil"];
            self.civil_types(&at, restricted.civil.as_deref());
        }
        let criteria = self.rules.hostile_criteria.clone();
        if let Some(HostileOn::Type(type_name)) = criteria.map(|criteria| criteria.on) {
            let at = ["rules", "hostile_criteria", "on", "type"];
            let aircraft = std::mem::take(&mut self.aircraft);
            let known = self.name(&at, &type_name, "aircraft", "an aircraft type", &aircraft);
            self.aircraft = aircraft;
            if !known {
                return;
            }
            for (name, class) in shaped(&self.classes) {
                let fires = class.weapon.is_some()
                    && self.sites.values().flatten().any(|site| site.class == name);
                if fires && !class.identification.actual.contains_key(&type_name) {
                    let said = format!(
                        "is {}, which the matrix of armed class {} has no row for: nothing would ever be hostile to it",
                        quoted(&type_name),
                        quoted(&name)
                    );
                    self.note_both(
                        &at,
                        said,
                        &["site_classes", &name, "identification", "actual"],
                        "its rows",
                    );
                }
            }
        }
    }
}
