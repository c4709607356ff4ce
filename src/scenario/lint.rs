//! What a scenario says that is allowed but can hardly be meant: sites that nobody reaches, rules that never act,
//! assumed error rates far from the actual ones.
//!
//! A lint looks at what is planned, not at draws, and leaves room: paths are on time and on their line, looked at every
//! 100 m; a site's place is its whole area, its reach that of its most visible target. So a warning is nearly
//! always right, and silence proves nothing.

use std::collections::BTreeSet;

use super::Scenario;

use super::file::{ScenarioFile, SiteClassFile, StartFile};
use super::problem::{LoadError, Problem, Source};
use super::tree::{Item, dotted, quoted};
use crate::coordination::{RULES, RulesSpec, WeaponsControl, binds_all};
use crate::geometry::Point;
use crate::identification::{Combine, IdentificationSpec};
use crate::ids::{ClassId, SideId};
use crate::platform::trajectory::{Draws, Trajectory};
use crate::platform::{Flight, Start};
use crate::record::Affiliation;
use crate::sensing::SensorModel;
use crate::sensing::coverage::horizon_m;
use crate::sensing::detection::Law;
use crate::theatre::{Position, SiteEntry};

/// How far apart the places of a path are at which it is looked at, m.
const STEP_M: f64 = 100.0;

/// Largest difference between an assumed probability and that of the world which passes without a warning.
const BELIEF_TOLERANCE: f64 = 0.3;

/// A threshold this near to what one declaration leaves is at a step.
const STEP_TOLERANCE: f64 = 0.01;

/// A declaration that is made of no row more often than this is no step.
const SELDOM: f64 = 0.01;

/// No sensor and no weapon against aircraft reaches less far than this, m.
const LEAST_RANGE_M: f64 = 300.0;

/// Nothing that is flown or fired at is lower than this on purpose, m.
const LEAST_HEIGHT_M: f64 = 20.0;

/// What is flown here does not fly faster than sound, m/s.
const SOUND_MPS: f64 = 340.0;

/// A kind of warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lint {
    /// Its stable code: scripts may depend on it.
    pub code: &'static str,
    /// What it says, in one line.
    pub meaning: &'static str,
}

macro_rules! lints {
    ($($name:ident = $code:literal: $meaning:literal;)*) => {
        $(const $name: &str = $code;)*

        /// Every lint there is.
        pub static LINTS: &[Lint] = &[$(Lint { code: $code, meaning: $meaning },)*];
    };
}

lints! {
    SITE_OUT_OF_REACH = "site_out_of_reach": "no flight ever comes within the coverage of the site";
    OBJECTIVE_OUT_OF_REACH = "objective_out_of_reach": "no planned path comes to the objective: nobody can leak";
    EMPTY_MAGAZINE = "empty_magazine": "a weapon has no missiles: its sites never fire";
    BELOW_GROUND = "below_ground": "a planned path leads through the ground";
    TERRAIN_FLAT = "terrain_flat": "the ground is flat about every site: the grid may lie elsewhere";
    BEGINS_IN_REACH = "begins_in_reach": "aircraft appear at altitude inside the envelope of a weapon";
    ZONE_NOT_CROSSED = "zone_not_crossed": "no flight's planned path enters the zone";
    CORRIDOR_NOT_CROSSED = "corridor_not_crossed": "no flight's planned path enters the corridor";
    AFTER_THE_END = "after_the_end": "something begins only when the scenario is over";
    FREE_AND_BLIND = "free_and_blind": "weapons are free for a class that can identify nothing";
    RULE_WITHOUT_EFFECT = "rule_without_effect": "a rule is on and can never act";
    CRITERIA_NEVER_MET = "criteria_never_met": "an armed class cannot meet the hostile criteria of rule R2";
    THRESHOLD_AT_A_STEP = "threshold_at_a_step": "results jump at a threshold: one declaration decides or does not";
    ASSUMED_FAR_FROM_ACTUAL = "assumed_far_from_actual": "an assumed probability is more than 0.3 from the actual one";
    BELIEF_CONTRADICTS_ITSELF = "belief_contradicts_itself": "what the world can bring is assumed to be impossible";
    NUMBER_WITHOUT_SOURCE = "number_without_source": "a file says where some of its numbers come from, and not all";
    IFF_UNREAD = "iff_unread": "a flight carries IFF that no friendly site interrogates";
    TRANSPONDER_UNREAD = "transponder_unread": "a flight carries a transponder that no site receives";
    KILOMETRES_FOR_METRES = "kilometres_for_metres": "a range or a height is so small that kilometres may be meant";
    KILOMETRES_AN_HOUR = "kilometres_an_hour": "an aircraft is faster than sound: kilometres an hour may be meant";
}

/// A warning: its code, and the place.
#[derive(Debug, Clone)]
pub struct Warning {
    /// The code of one of [`LINTS`].
    pub code: &'static str,
    /// What is odd, where, and what to do about it.
    pub problem: Problem,
}

/// What the lints have to say of one scenario, in the order of the text.
#[derive(Debug, Clone)]
pub struct Warnings {
    codes: Vec<&'static str>,
    told: LoadError,
}

impl Warnings {
    pub(super) fn new(warnings: Vec<Warning>, sources: Vec<Source>) -> Warnings {
        let problems = warnings
            .iter()
            .map(|warning| {
                let mut problem = warning.problem.clone();
                problem.message = format!("{} [{}]", problem.message, warning.code);
                problem
            })
            .collect();
        Warnings {
            codes: warnings.iter().map(|warning| warning.code).collect(),
            told: LoadError::new(problems, sources),
        }
    }

    /// Their codes, in the order in which the lints run.
    pub fn codes(&self) -> &[&'static str] {
        &self.codes
    }

    /// The warnings themselves, with their places and texts.
    pub fn told(&self) -> &LoadError {
        &self.told
    }

    /// Every warning with file, line, column, the text and a caret under the key.
    pub fn render(&self, color: bool) -> String {
        self.told.render_warnings(color)
    }
}

/// Everything the lints find in a scenario whose tree is `root`.
pub(super) fn lint(root: &Item, scenario: &Scenario) -> Vec<Warning> {
    let paths = scenario
        .flights
        .iter()
        .map(|flight| (flight, planned_path(flight, scenario)))
        .collect();
    let mut lint = Linter {
        root,
        scenario,
        file: &scenario.file,
        rules: &scenario.file.rules,
        whose: Whose::All,
        paths,
        found: Vec::new(),
    };
    lint.sites();
    lint.objectives();
    lint.magazines();
    lint.terrain();
    lint.beginnings();
    lint.volumes();
    lint.times();
    lint.bound();
    let own = scenario.file.rules_of.iter();
    let own = own.map(|(side, rules)| (Whose::Side(side), rules));
    for (whose, rules) in [(Whose::Others, &scenario.file.rules)]
        .into_iter()
        .chain(own)
    {
        (lint.whose, lint.rules) = (whose, rules);
        lint.times_of_rules();
        lint.blind_and_free();
        lint.rules();
        lint.criteria();
        lint.steps();
    }
    (lint.whose, lint.rules) = (Whose::All, &scenario.file.rules);
    lint.beliefs();
    lint.iff();
    lint.transponders();
    lint.units();
    lint.register();
    lint.found
}

/// A flight on time and on its line; a loop goes all the way round wherever it starts.
fn planned_path(flight: &Flight, scenario: &Scenario) -> Trajectory {
    let spec = &scenario.types[flight.type_id.index()].spec;
    let departs_s = match flight.start {
        Start::Departs { after_s, .. } => after_s,
        Start::Airborne | Start::Poisson { .. } => 0.0,
    };
    let draws = Draws {
        departs_s,
        loop_start: 0.0,
        deviation_m: &mut |_| 0.0,
    };
    let until_s = scenario.duration.seconds();
    Trajectory::fly(flight, spec, draws, flight.climbs_out(), until_s)
}

/// The sites that are looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Whose<'a> {
    All,
    /// Of the sides that have no rules of their own.
    Others,
    /// Of this side, which has.
    Side(&'a str),
}

struct Linter<'a> {
    root: &'a Item,
    scenario: &'a Scenario,
    file: &'a ScenarioFile,
    /// The rules that are looked at, and the sites that they bind.
    rules: &'a RulesSpec,
    whose: Whose<'a>,
    paths: Vec<(&'a Flight, Trajectory)>,
    found: Vec<Warning>,
}

impl Linter<'_> {
    /// Who states some of the numbers of a file should state all.
    fn register(&mut self) {
        let register = self.scenario.register.clone();
        for (first, count) in &register.half_stated {
            let path: Vec<&str> = first.iter().map(String::as_str).collect();
            let said = match count {
                1 => {
                    "says nothing of where it comes from, and its file says it of others".to_owned()
                }
                count => format!(
                    "and {} more say nothing of where they come from, and their file says it of others",
                    count - 1
                ),
            };
            self.warn(
                NUMBER_WITHOUT_SOURCE,
                &path,
                said,
                "state it: { value, range, kind, source }, or a table of assumptions; deconflict assumptions --missing lists all",
            );
        }
    }

    fn warn(&mut self, code: &'static str, path: &[&str], said: impl AsRef<str>, help: &str) {
        let path = match (self.whose, path) {
            (Whose::Side(side), ["rules", rest @ ..]) => [&["rules_of", side], rest].concat(),
            _ => path.to_vec(),
        };
        let shown = dotted(self.root, &path);
        let problem = Problem::new(shown.clone(), format!("{shown} {}", said.as_ref()))
            .at(&self.root.place(&path), "")
            .help(help);
        self.found.push(Warning { code, problem });
    }

    /// Whether a site is one of those that are looked at, and there may be any of it.
    fn is_there(&self, site: &SiteEntry) -> bool {
        let side = self.scenario.cast.sides[site.side.index()].as_str();
        let asked = match self.whose {
            Whose::All => true,
            Whose::Others => !self.file.rules_of.contains_key(side),
            Whose::Side(own) => side == own,
        };
        asked && site.count.1 > 0
    }

    /// Whether the rules that are looked at are those for all: they bind flights, too.
    fn for_all(&self) -> bool {
        !matches!(self.whose, Whose::Side(_))
    }

    /// Rules that bind no site, as there is none, or all have rules of their side's own.
    fn bound(&mut self) {
        let anybody = |whose| {
            let asked = Linter {
                whose,
                paths: Vec::new(),
                found: Vec::new(),
                ..*self
            };
            self.scenario.sites.iter().any(|site| asked.is_there(site))
        };
        let mut idle = Vec::new();
        if anybody(Whose::All) && !anybody(Whose::Others) {
            let named = serde_json::to_value(&self.file.rules).unwrap_or_default();
            let of_sites = RULES.iter().filter(|page| !binds_all(page.key));
            let named = of_sites.filter(|page| named.get(page.key).is_some());
            idle.extend(named.map(|page| {
                let said = "binds no site: every side that has any has rules of its own";
                (vec!["rules", page.key], said)
            }));
        }
        let own = self.file.rules_of.keys();
        let unbound = own.filter(|side| !anybody(Whose::Side(side)));
        idle.extend(unbound.map(|side| {
            let path = vec!["rules_of", side.as_str()];
            (path, "binds no site: the side has none")
        }));
        for (path, said) in idle {
            self.warn(
                RULE_WITHOUT_EFFECT,
                &path,
                said,
                "give it something to act on, or leave the rule out",
            );
        }
    }

    /// The classes of the sites that there may be.
    fn classes_in_use(&self) -> BTreeSet<&str> {
        self.scenario
            .sites
            .iter()
            .filter(|site| self.is_there(site))
            .map(|site| self.scenario.classes[site.class.index()].name.as_str())
            .collect()
    }

    fn used_classes(&self) -> Vec<(String, SiteClassFile)> {
        let used = self.classes_in_use();
        let classes = self.file.site_classes.iter();
        classes
            .filter(|(name, _)| used.contains(name.as_str()))
            .map(|(name, class)| (name.clone(), class.clone()))
            .collect()
    }

    fn sites(&mut self) {
        let scenario = self.scenario;
        for site in scenario.sites.iter().filter(|site| site.count.1 > 0) {
            let class = &scenario.classes[site.class.index()];
            let (center, radius_m) = match &site.position {
                Position::At(place) => (*place, 0.0),
                Position::DrawnIn(area) => area.bounds(),
            };
            let seen = self.paths.iter().any(|(flight, path)| {
                let spec = &scenario.types[flight.type_id.index()].spec;
                // Four sigma of what is drawn: whoever is seen less often than that is not seen.
                let rcs_m2 = spec.rcs_m2 * libm::exp10(4.0 * spec.rcs_spread_db / 10.0);
                let (_, range_m) = Law::new(&class.sensor, rcs_m2);
                let aside_m = 4.0 * flight.cross_track_sigma_m;
                path.somewhere(STEP_M, |_, place| {
                    let reach_m = match class.sensor.model {
                        SensorModel::Disc(_) => range_m,
                        _ => range_m.min(horizon_m(class.sensor.antenna_m, place.z)),
                    };
                    (place.xy() - center).norm() <= reach_m + radius_m + aside_m + STEP_M
                })
            });
            if !seen && !self.paths.is_empty() {
                self.warn(
                    SITE_OUT_OF_REACH,
                    &["sites", &site.name],
                    "is never within reach of any flight: it can see nothing",
                    "move it, or the routes; or leave it out",
                );
            }
        }
    }

    /// Objectives that those who are after them do not come to.
    fn objectives(&mut self) {
        let mut found = Vec::new();
        for (flight, path) in &self.paths {
            let Some((at, radius_m)) = flight.objective else {
                continue;
            };
            let reach_m = radius_m + 4.0 * flight.cross_track_sigma_m + STEP_M;
            let mut nearest_m = f64::INFINITY;
            let reached = path.somewhere(STEP_M, |_, place| {
                nearest_m = nearest_m.min((place.xy() - at).norm());
                nearest_m <= reach_m
            });
            if !reached && nearest_m.is_finite() {
                found.push((flight.name.clone(), nearest_m, radius_m));
            }
        }
        for (name, nearest_m, radius_m) in found {
            let section = ["flights", "tracks"].into_iter();
            let mut section = section.filter(|section| self.root.get(&[section, &name]).is_some());
            if let Some(section) = section.next() {
                self.warn(
                    OBJECTIVE_OUT_OF_REACH,
                    &[section, &name, "objective"],
                    format!(
                        "has a radius of {radius_m:.0} m, and the route comes no nearer than {:.1} km within the scenario: it can never leak",
                        nearest_m / 1000.0
                    ),
                    "lead the route to it, or make the scenario longer",
                );
            }
        }
    }

    /// A grid of elevations that hides nothing from anybody.
    fn terrain(&mut self) {
        /// Beyond this no ground hides what flies, m.
        const ABOUT_M: f64 = 100_000.0;
        /// Ground that differs by less is flat, m.
        const FLAT_M: f64 = 1.0;
        /// A path that is less under the ground is rounded, m.
        const UNDER_M: f64 = 10.0;
        let Some(terrain) = &self.scenario.terrain else {
            return;
        };
        let grid = &terrain.grid;
        let mut through: Vec<(String, f64)> = Vec::new();
        for (flight, path) in &self.paths {
            // What climbs out and lands is on the ground at both ends.
            let low_m = |place: &nalgebra::Vector3<f64>| grid.elevation_m(place.xy()) - place.z;
            let mut worst_m = 0.0_f64;
            path.somewhere(STEP_M, |_, place| {
                worst_m = worst_m.max(low_m(&place));
                false
            });
            if worst_m > UNDER_M && !flight.climbs_out() {
                through.push((flight.name.clone(), worst_m));
            }
        }
        for (flight, worst_m) in through {
            self.warn(
                BELOW_GROUND,
                &["flights", &flight],
                format!("leads up to {worst_m:.0} m under the ground, where nobody sees it"),
                "heights count from the zero of the elevations, not from the ground below: fly higher",
            );
        }
        let grid = &terrain.grid;
        let rough = self.scenario.sites.iter().any(|site| {
            let (center, radius_m) = match &site.position {
                Position::At(place) => (*place, 0.0),
                Position::DrawnIn(area) => area.bounds(),
            };
            let own_m = grid.elevation_m(center);
            grid.elevations_m
                .iter()
                .enumerate()
                .any(|(number, &height_m)| {
                    let (row, column) = (number / grid.columns, number % grid.columns);
                    let place =
                        grid.south_west + Point::new(column as f64, row as f64) * grid.spacing_m;
                    (f64::from(height_m) - own_m).abs() > FLAT_M
                        && (place - center).norm() < ABOUT_M + radius_m
                })
        });
        if !rough && !self.scenario.sites.is_empty() {
            self.warn(
                TERRAIN_FLAT,
                &["terrain"],
                format!(
                    "is flat for {:.0} km about every site: it hides nothing",
                    ABOUT_M / 1000.0
                ),
                "see whether the grid covers the sites, and has values there",
            );
        }
    }

    /// Weapons that are there and have nothing to fire.
    fn magazines(&mut self) {
        for (name, class) in self.used_classes() {
            if class
                .weapon
                .as_ref()
                .is_some_and(|weapon| weapon.magazine == 0)
            {
                self.warn(
                    EMPTY_MAGAZINE,
                    &["site_classes", &name, "weapon", "magazine"],
                    "is 0: its sites never fire",
                    "give it missiles, or leave the weapon out",
                );
            }
        }
    }

    /// Aircraft that come from nowhere, where somebody may fire at them at once, wherever in its area he is.
    fn beginnings(&mut self) {
        let scenario = self.scenario;
        let mut found = Vec::new();
        for (flight, path) in &self.paths {
            let (how, set) = match flight.start {
                Start::Departs {
                    at_altitude: true, ..
                } => ("departs", "at_altitude"),
                Start::Poisson {
                    at_altitude: true, ..
                } => ("poisson", "at_altitude"),
                _ => continue,
            };
            let begins = path.position(path.departs());
            let reached = scenario.sites.iter().find(|site| {
                let class = &scenario.classes[site.class.index()];
                let (center, radius_m) = match &site.position {
                    Position::At(place) => (*place, 0.0),
                    Position::DrawnIn(area) => area.bounds(),
                };
                let envelope = class.weapon.as_ref().map(|weapon| weapon.envelope());
                envelope.is_some_and(|envelope| {
                    let (nearest_m, farthest_m) = envelope.range_m;
                    let surely = crate::picture::Envelope {
                        range_m: (nearest_m, farthest_m - radius_m),
                        ..envelope
                    };
                    farthest_m > radius_m && surely.contains(center, begins)
                })
            });
            if let Some(site) = reached {
                found.push((flight.name.clone(), how, set, begins.z, site.name.clone()));
            }
        }
        for (name, how, set, height_m, site) in found {
            if self.root.get(&["flights", &name]).is_some() {
                self.warn(
                    BEGINS_IN_REACH,
                    &["flights", &name, "start", how, set],
                    format!("has aircraft appear at {height_m:.0} m inside the envelope of {site}"),
                    "let it climb from the ground, or begin farther away",
                );
            }
        }
    }

    fn volumes(&mut self) {
        let scenario = self.scenario;
        let crossed = |paths: &[(&Flight, Trajectory)], contains: &dyn Fn(Point, f64) -> bool| {
            let inside = |path: &Trajectory| {
                path.somewhere(STEP_M, |_, place| contains(place.xy(), place.z))
            };
            paths.iter().any(|(_, path)| inside(path))
        };
        for zone in &scenario.zones {
            if !crossed(&self.paths, &|place, z| zone.contains(place.push(z))) {
                self.warn(
                    ZONE_NOT_CROSSED,
                    &["zones", &zone.name],
                    "is not entered by any flight on its planned path",
                    "check its place, floor and top against the routes",
                );
            }
        }
        for corridor in &scenario.corridors {
            let open = corridor.from;
            if !crossed(&self.paths, &|place, z| {
                corridor.contains(open, place.push(z))
            }) {
                self.warn(
                    CORRIDOR_NOT_CROSSED,
                    &["corridors", &corridor.name],
                    "is not entered by any flight on its planned path",
                    "flights do not follow a corridor by themselves: lead their routes along it",
                );
            }
        }
    }

    /// What has a time that the scenario does not reach.
    fn times(&mut self) {
        let mut begins = Vec::new();
        for (name, corridor) in &self.file.corridors {
            begins.push((vec!["corridors", name, "from_h"], corridor.from_h));
        }
        for (name, flight) in &self.file.flights {
            if let StartFile::Departs(departure) = &flight.start {
                let path = vec!["flights", name, "start", "departs", "after_s"];
                begins.push((path, departure.after_s / 3600.0));
            }
        }
        for (path, from_h) in begins {
            self.begins(&path, from_h);
        }
    }

    fn begins(&mut self, path: &[&str], from_h: f64) {
        let end_h = self.file.duration_h;
        if from_h < end_h {
            return;
        }
        let said = format!("is {from_h} h after the start, and the scenario ends after {end_h} h");
        self.warn(
            AFTER_THE_END,
            path,
            said,
            "let it begin earlier, or the scenario last longer",
        );
    }

    /// The same of the rules.
    fn times_of_rules(&mut self) {
        let rules = self.rules;
        let statuses = rules.weapons_control.iter().flat_map(|rule| &rule.zones);
        for (index, status) in statuses.enumerate() {
            let number = index.to_string();
            let path = ["rules", "weapons_control", "zones", &number, "from_h"];
            self.begins(&path, status.from_h);
        }
        if let Some(zone) = &rules.restricted_operations_zone {
            self.begins(
                &["rules", "restricted_operations_zone", "from_h"],
                zone.from_h,
            );
        }
        let outages = rules.lost_comms.iter().flat_map(|rule| &rule.outages);
        for (index, outage) in outages.enumerate() {
            let number = index.to_string();
            let path = ["rules", "lost_comms", "outages", &number, "from_h"];
            self.begins(&path, outage.from_h);
        }
        let windows = rules.time_windows.iter().flat_map(|rule| &rule.windows);
        for (index, window) in windows.enumerate() {
            let number = index.to_string();
            let path = ["rules", "time_windows", "windows", &number, "from_h"];
            self.begins(&path, window.from_h);
        }
        let blocks = rules.altitude_blocks.iter().flat_map(|rule| &rule.blocks);
        for (index, block) in blocks.enumerate() {
            let number = index.to_string();
            let path = ["rules", "altitude_blocks", "blocks", &number, "from_h"];
            self.begins(&path, block.from_h);
        }
    }

    fn blind_and_free(&mut self) {
        let Some(control) = &self.rules.weapons_control else {
            return;
        };
        let free = control.status == WeaponsControl::Free
            || (control.zones.iter()).any(|zone| zone.status == WeaponsControl::Free);
        if !free {
            return;
        }
        for (name, class) in self.used_classes() {
            let spec = &class.identification;
            let silent = spec.actual.values().all(|columns| {
                let unknown = columns.get(super::check::UNKNOWN);
                unknown.is_some_and(|probability| probability.0 >= 1.0)
            });
            if silent && class.weapon.is_some() && spec.flight_plan.is_none() && !spec.asks_more() {
                self.warn(
                    FREE_AND_BLIND,
                    &["site_classes", &name, "identification", "actual"],
                    "declares nothing but unknown, there is no other ID source, and weapons are free: the class fires at all it sees",
                    "give it an ID source, or let the status be tight",
                );
            }
        }
    }

    fn rules(&mut self) {
        let rules = self.rules;
        let mut idle: Vec<(Vec<&str>, String)> = Vec::new();
        let zero = |value: f64| value <= 0.0;
        if rules
            .hostile_criteria
            .as_ref()
            .is_some_and(|rule| rule.threshold >= 1.0)
        {
            idle.push((
                vec!["hostile_criteria", "threshold"],
                "is 1, which no posterior exceeds: nothing is ever identified as Hostile"
                    .to_owned(),
            ));
        }
        if rules
            .self_defence
            .as_ref()
            .is_some_and(|rule| zero(rule.approach_m))
        {
            let said = "is 0, within which nothing comes".to_owned();
            idle.push((vec!["self_defence", "approach_m"], said));
        }
        if let Some(rule) = &rules.flight_plan_notice {
            let checks = |entry: &usize| {
                let site = &self.scenario.sites[*entry];
                let class = &self.scenario.classes[site.class.index()];
                let armed = class.weapon.is_some() && self.is_there(site);
                armed && class.identifier.spec.flight_plan.is_some()
            };
            let checking: Vec<usize> = (0..self.scenario.sites.len()).filter(checks).collect();
            let reached = (self.scenario.covered_at_most().iter())
                .any(|row| checking.iter().any(|&entry| row[entry]));
            let chance = checking.iter().any(|&entry| {
                let class = &self.scenario.classes[self.scenario.sites[entry].class.index()];
                let id_source = class.identifier.spec.flight_plan.as_ref();
                id_source.is_some_and(|id_source| id_source.chance_match > 0.0)
            });
            let said = if zero(rule.compliance) {
                Some("has compliance 0: no crew ever acts on a match")
            } else if checking.is_empty() {
                Some("is on, but no armed site's class has a flight_plan check")
            } else if !reached && !chance {
                Some("is on, but no flight's plan can reach an armed site that checks plans")
            } else {
                None
            };
            idle.extend(said.map(|said| (vec!["flight_plan_notice"], said.to_owned())));
        }
        if let Some(rule) = &rules.hotline_query {
            let said = if zero(rule.answers) || zero(rule.timeout_s) {
                Some("is never answered in time: it only delays")
            } else if rule.nodes.is_empty() {
                Some("names no nodes: nobody at the other end knows any aircraft, it only delays")
            } else if rule.placebo.is_some() {
                Some("is a placebo: it only delays")
            } else {
                None
            };
            idle.extend(said.map(|said| (vec!["hotline_query"], said.to_owned())));
        }
        if rules
            .corridors
            .as_ref()
            .is_some_and(|rule| zero(rule.compliance))
        {
            let said = "is 0: no crew ever acts on a corridor".to_owned();
            idle.push((vec!["corridors", "compliance"], said));
        }
        let zone = self.scenario.rules.restricted_operations_zone();
        if let Some(zone) = zone.filter(|_| self.for_all()) {
            let authority = &self.scenario.nodes[zone.authority.index()];
            let enforces = |site: &SiteEntry| site.side == authority.side && site.count.1 > 0;
            if !self.scenario.sites.iter().any(enforces) {
                let said = format!(
                    "is {}, whose side has no sites: nobody enforces the zone",
                    quoted(&authority.name)
                );
                idle.push((vec!["restricted_operations_zone", "authority"], said));
            }
        }
        if let Some(rule) = &rules.agreed_squawk {
            let flown = |flight: &&Flight| {
                let side = &self.scenario.cast.sides[flight.side.index()];
                rule.sides.contains(side)
            };
            let reads = |site: &SiteEntry| {
                let spec = &self.scenario.classes[site.class.index()].identifier.spec;
                let squawk = spec
                    .transponder
                    .as_ref()
                    .is_some_and(|id_source| id_source.agreed.is_some());
                let codes = squawk && rule.squawk && rule.squawk_on > 0.0;
                site.count.1 > 0 && (codes || spec.iff.is_some() && rule.iff_on.is_some())
            };
            if !self.scenario.flights.iter().any(|flight| flown(&flight))
                || !self.scenario.sites.iter().any(reads)
            {
                let said =
                    "is on, but none of its sides flies, or no site can read what they carry";
                idle.push((vec!["agreed_squawk"], said.to_owned()));
            }
        }
        idle.extend(self.idle_later_rules());
        let idle: Vec<(Vec<String>, String)> = idle
            .into_iter()
            .map(|(path, said)| (path.into_iter().map(str::to_owned).collect(), said))
            .collect();
        for (path, said) in idle {
            let below = path.iter().map(String::as_str);
            let path: Vec<&str> = std::iter::once("rules").chain(below).collect();
            self.warn(
                RULE_WITHOUT_EFFECT,
                &path,
                said,
                "give it something to act on, or leave the rule out",
            );
        }
    }

    /// The same of the rules about commands, places, reports and second looks.
    fn idle_later_rules(&self) -> Vec<(Vec<&'static str>, String)> {
        let rules = self.rules;
        let zero = |probability: f64| probability <= 0.0;
        let flown = |sides: &[String]| {
            let mut flights = self.file.flights.values();
            flights.any(|flight| sides.contains(&flight.side))
                || self
                    .file
                    .tracks
                    .values()
                    .any(|tracks| sides.contains(&tracks.side))
        };
        let mut idle: Vec<(&'static str, Option<&'static str>)> = Vec::new();
        if let Some(rule) = &rules.lost_comms {
            let never = zero(rule.mttr_min) && rule.outages.is_empty();
            idle.push((
                "lost_comms",
                never.then_some(
                    "is on, but no command link is ever down: mttr_min is 0 and there are no outages",
                ),
            ));
        }
        if let Some(rule) = &rules.time_windows {
            let keeps = flown(&rule.sides) && rule.compliance > 0.0;
            let said = if rule.windows.is_empty() && !keeps {
                Some("is on, but has no windows")
            } else if rule.status == WeaponsControl::Free && !keeps {
                Some("holds no site back, since status is free, and no flight keeps to its windows")
            } else {
                None
            };
            idle.push(("time_windows", said));
        }
        if let Some(rule) = &rules.altitude_blocks {
            let none = rule.blocks.is_empty() || zero(rule.compliance);
            idle.push((
                "altitude_blocks",
                none.then_some("has no blocks, or a crew that never acts on them"),
            ));
        }
        if let Some(rule) = &rules.weapon_engagement_zone {
            let named = rule.areas.iter().any(|area| !area.classes.is_empty());
            let none = !named || zero(rule.compliance);
            idle.push((
                "weapon_engagement_zone",
                none.then_some("names no class, or no crew ever heeds it"),
            ));
        }
        if let Some(rule) = &rules.friendly_force_tracking {
            let none = !flown(&rule.sides) || zero(rule.delivery) || zero(rule.compliance);
            idle.push((
                "friendly_force_tracking",
                none.then_some("has nobody who reports, or nobody who gets or heeds a report"),
            ));
        }
        if let Some(rule) = &rules.conformance_monitoring {
            let none = !flown(&rule.sides) || zero(rule.delivery);
            idle.push((
                "conformance_monitoring",
                none.then_some("watches no flight, or tells nobody"),
            ));
        }
        if let Some(rule) = &rules.second_operator {
            let same = rule.cool_down_s <= 0.0 && (rule.threshold <= 0.0 || rule.placebo.is_some());
            idle.push((
                "second_operator",
                same.then_some("always confirms, and makes no pause: it only delays"),
            ));
        }
        if let Some(rule) = &rules.airspace_closure {
            let none = !flown(&rule.sides) || zero(rule.compliance) || zero(rule.cancels);
            idle.push((
                "airspace_closure",
                none.then_some("is for flights that there are none of, or that never heed it"),
            ));
        }
        if let Some(rule) = &rules.cease_fire {
            let none = rule.ordered_h.is_empty() && !rule.after_wrong_shot || zero(rule.delivery);
            idle.push((
                "cease_fire",
                none.then_some("is never ordered, or reaches no site"),
            ));
        }
        idle.into_iter()
            .filter_map(|(rule, said)| Some((vec![rule], said?.to_owned())))
            .collect()
    }

    /// Armed classes that have fewer ID sources than rule R2 asks for, or declare nothing.
    fn criteria(&mut self) {
        let Some(rule) = self.rules.hostile_criteria.clone() else {
            return;
        };
        for (name, class) in self.used_classes() {
            let spec = &class.identification;
            let (sources, who) = (spec.sources(), quoted(&name));
            let fault = if class.weapon.is_none() {
                None
            } else if rule.id_sources > sources {
                let said = format!(
                    "is {}, and armed class {who} has {sources} ID {}: nothing is ever hostile to it",
                    rule.id_sources,
                    if sources == 1 { "source" } else { "sources" },
                );
                Some((
                    "id_sources",
                    said,
                    "ask for fewer sources, or give the class more; `declarations` counts declarations",
                ))
            } else if rule.declarations > 0 && !spec.declares() {
                let said = format!(
                    "is {}, and armed class {who} declares nothing but unknown: nothing is ever hostile to it",
                    rule.declarations,
                );
                Some((
                    "declarations",
                    said,
                    "let it be 0 where other ID sources will do",
                ))
            } else {
                None
            };
            if let Some((key, said, help)) = fault {
                self.warn(
                    CRITERIA_NEVER_MET,
                    &["rules", "hostile_criteria", key],
                    said,
                    help,
                );
            }
        }
    }

    /// Thresholds at which results jump, because there one declaration is enough and a little above it is not.
    fn steps(&mut self) {
        let scenario = self.scenario;
        let used = self.classes_in_use().into_iter().map(str::to_owned);
        let used: BTreeSet<String> = used.collect();
        let sides = &scenario.cast.sides;
        let own = match self.whose {
            Whose::Side(side) => sides.iter().position(|name| name == side),
            Whose::All | Whose::Others => None,
        };
        for (number, class) in scenario.classes.iter().enumerate() {
            if !used.contains(&class.name) {
                continue;
            }
            let identifier = match own {
                Some(side) => {
                    let at = (ClassId(number as u32), SideId(side as u32));
                    scenario.identification_at(at.0, at.1).0
                }
                None => &class.identifier,
            };
            let (spec, criteria) = (&identifier.spec, identifier.criteria());
            let alone = criteria.declarations <= 1 && spec.combine == Combine::Fused;
            if class.weapon.is_none() || !alone {
                continue;
            }
            let assumed = spec
                .flight_plan
                .as_ref()
                .is_some_and(|id_source| id_source.assumed.is_some());
            let checks: &[Option<bool>] = if assumed {
                &[Some(false), Some(true)]
            } else {
                &[None]
            };
            let columns = identifier
                .rows
                .iter()
                .map(String::as_str)
                .chain(["unknown"]);
            let mut nearest: Option<(f64, &str, Option<bool>)> = None;
            for (column, name) in columns.enumerate() {
                let often = spec
                    .actual
                    .values()
                    .any(|row| row.get(name).is_some_and(|p| p.0 > SELDOM));
                for &matched in checks.iter().filter(|_| often) {
                    let posterior = identifier.criterion_after(column as u8, matched);
                    let distance = |posterior: f64| (posterior - criteria.threshold).abs();
                    let nearer =
                        nearest.is_none_or(|(known, ..)| distance(posterior) < distance(known));
                    if distance(posterior) <= STEP_TOLERANCE && nearer {
                        nearest = Some((posterior, name, matched));
                    }
                }
            }
            let Some((posterior, name, matched)) = nearest else {
                continue;
            };
            let plan = match matched {
                None => "",
                Some(true) => " and a plan that matches",
                Some(false) => " and no plan that matches",
            };
            let said = format!(
                "is {}, and class {} is at {posterior:.4} after one declaration {}{plan}: results jump there",
                criteria.threshold,
                quoted(&class.name),
                quoted(name),
            );
            let of_rule = ["rules", "hostile_criteria", "threshold"];
            let of_class = [
                "site_classes",
                &class.name,
                "identification",
                "identity",
                "hostile",
            ];
            let rule = self.rules.hostile_criteria.is_some();
            let path: &[&str] = if rule { &of_rule } else { &of_class };
            self.warn(
                THRESHOLD_AT_A_STEP,
                path,
                said,
                "try both sides of it, or ask for more declarations",
            );
        }
    }

    fn beliefs(&mut self) {
        for (name, class) in self.used_classes() {
            let spec = &class.identification;
            let at = ["site_classes", name.as_str(), "identification"];
            if let Some(assumed) = &spec.assumed {
                let mut worst: Option<(f64, &str, &str)> = None;
                for (row, columns) in &spec.actual {
                    let names = columns
                        .keys()
                        .chain(assumed.get(row).into_iter().flat_map(|c| c.keys()));
                    for column in names {
                        let of = |matrix: &crate::identification::ConfusionMatrix| {
                            let cell = matrix.get(row).and_then(|columns| columns.get(column));
                            cell.map_or(0.0, |probability| probability.0)
                        };
                        let apart = (of(&spec.actual) - of(assumed)).abs();
                        if worst.is_none_or(|(largest, ..)| apart > largest) {
                            worst = Some((apart, row, column));
                        }
                    }
                }
                if let Some((apart, row, column)) =
                    worst.filter(|(apart, ..)| *apart > BELIEF_TOLERANCE + 1e-9)
                {
                    let said = format!(
                        "is {apart:.2} away from actual in the column {}: the site is sure of what is not so",
                        quoted(column)
                    );
                    let path = [at[0], at[1], at[2], "assumed", row];
                    self.warn(
                        ASSUMED_FAR_FROM_ACTUAL,
                        &path,
                        said,
                        "a site may be wrong about itself; if this is meant, say so in a comment",
                    );
                }
            }
            if let Some((one, other)) = contradiction(spec) {
                let key = if spec.assumed.is_some() {
                    "assumed"
                } else {
                    "prior"
                };
                let said = format!(
                    "holds an aircraft that is declared both {} and {} impossible in every row, but actual can declare both of one",
                    quoted(&one),
                    quoted(&other)
                );
                self.warn(
                    BELIEF_CONTRADICTS_ITSELF,
                    &[at[0], at[1], at[2], key],
                    said,
                    "give some row a small probability of each",
                );
            }
            let belief = spec
                .flight_plan
                .as_ref()
                .and_then(|id_source| id_source.assumed);
            if let Some(belief) = belief {
                let all = [belief.friend, belief.neutral, belief.hostile];
                let never = all.iter().all(|p| *p <= 0.0);
                if never || all.iter().all(|p| *p >= 1.0) {
                    let what = if never { "a match" } else { "no match" };
                    let said = format!("holds {what} impossible whatever the aircraft is");
                    let path = [at[0], at[1], at[2], "flight_plan", "assumed"];
                    self.warn(
                        BELIEF_CONTRADICTS_ITSELF,
                        &path,
                        said,
                        "give some affiliation a probability between 0 and 1",
                    );
                }
            }
        }
    }

    /// What is on board for others to receive, and is received by nobody. What a recording brings along is nobody's doing.
    fn transponders(&mut self) {
        let scenario = self.scenario;
        let read = scenario.sites.iter().any(|site| {
            let class = &scenario.classes[site.class.index()];
            site.count.1 > 0 && class.identifier.spec.transponder.is_some()
        });
        if read {
            return;
        }
        for flight in &scenario.flights {
            let path = ["flights", flight.name.as_str(), "equipment", "transponder"];
            let carried = flight.equipment.transponder.is_some_and(|it| it.on > 0.0);
            if carried && self.root.get(&path).is_some() {
                self.warn(
                    TRANSPONDER_UNREAD,
                    &path,
                    "is received by nobody: no site has the transponder ID source",
                    "give a class identification.transponder, or leave the equipment out",
                );
            }
        }
    }

    /// Numbers that are sound in another unit than the one in the name of their key.
    fn units(&mut self) {
        let mut lengths: Vec<(Vec<String>, f64, f64)> = Vec::new();
        let mut length = |path: &[&str], value_m: f64, least_m: f64| {
            let path = path.iter().map(|step| (*step).to_owned()).collect();
            lengths.push((path, value_m, least_m));
        };
        for (name, class) in &self.file.site_classes {
            let model = ["site_classes", name, "sensor", "model"];
            match &class.sensor.model {
                // A disc is no sensor that anybody has: any size may be meant.
                SensorModel::Disc(_) => {}
                SensorModel::Radar(radar) => {
                    let at = |key| [&model[..], &["radar", key]].concat();
                    length(&at("r50_m"), radar.r50_m, LEAST_RANGE_M);
                    length(&at("max_range_m"), radar.max_range_m, LEAST_RANGE_M);
                }
                SensorModel::FourthPower(power) => {
                    let path = [&model[..], &["fourth_power", "r50_m"]].concat();
                    length(&path, power.r50_m, LEAST_RANGE_M);
                }
            }
            if let Some(weapon) = &class.weapon {
                let at = |key| ["site_classes", name, "weapon", key];
                length(&at("max_range_m"), weapon.max_range_m, LEAST_RANGE_M);
                if let Some(top_m) = weapon.max_altitude_m {
                    length(&at("max_altitude_m"), top_m, LEAST_HEIGHT_M);
                }
            }
        }
        for (name, aircraft) in &self.file.aircraft {
            length(
                &["aircraft", name, "altitude_m"],
                aircraft.altitude_m,
                LEAST_HEIGHT_M,
            );
        }
        for (path, value_m, least_m) in lengths {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            if value_m > 0.0 && value_m < least_m {
                self.warn(
                    KILOMETRES_FOR_METRES,
                    &path,
                    format!("is {value_m} m"),
                    &format!("if {value_m} km is meant, write {}", value_m * 1000.0),
                );
            }
        }
        for (name, aircraft) in &self.file.aircraft {
            let speed_mps = aircraft.cruise_mps;
            if speed_mps > SOUND_MPS {
                self.warn(
                    KILOMETRES_AN_HOUR,
                    &["aircraft", name, "cruise_mps"],
                    format!("is {speed_mps} m/s, which is {:.0} km/h", speed_mps * 3.6),
                    &format!("if {speed_mps} km/h is meant, write {:.1}", speed_mps / 3.6),
                );
            }
        }
    }

    fn iff(&mut self) {
        let scenario = self.scenario;
        for flight in &scenario.flights {
            let Some(iff) = flight.equipment.iff else {
                continue;
            };
            let reads = |site: &SiteEntry| {
                let relations = &scenario.cast.relations;
                let friend =
                    relations[site.side.index()][flight.side.index()] == Affiliation::Friend;
                let class = &scenario.classes[site.class.index()];
                friend && site.count.1 > 0 && class.identifier.spec.iff.is_some()
            };
            if iff.on > 0.0 && !scenario.sites.iter().any(reads) {
                self.warn(
                    IFF_UNREAD,
                    &["flights", &flight.name, "equipment", "iff"],
                    "answers nobody: no site that holds the flight for friend has the iff ID source",
                    "give a friendly class identification.iff, or leave the equipment out",
                );
            }
        }
    }
}

/// Two declarations that the world can bring of one aircraft and of which the belief of fused evidence allows no row.
fn contradiction(spec: &IdentificationSpec) -> Option<(String, String)> {
    if spec.combine != Combine::Fused {
        return None;
    }
    let assumed = spec.assumed.as_ref().unwrap_or(&spec.actual);
    let allowed = |row: &str| {
        spec.prior.is_empty() || spec.prior.get(row).is_some_and(|weight| weight.0 > 0.0)
    };
    let possible = |row: &str, column: &str| {
        let cell = assumed.get(row).and_then(|columns| columns.get(column));
        cell.is_some_and(|probability| probability.0 > 0.0)
    };
    for columns in spec.actual.values() {
        let declared: Vec<&String> = columns
            .iter()
            .filter(|(_, probability)| probability.0 > 0.0)
            .map(|(column, _)| column)
            .collect();
        for (at, one) in declared.iter().enumerate() {
            for other in &declared[at + 1..] {
                let both =
                    |row: &String| allowed(row) && possible(row, one) && possible(row, other);
                if !assumed.keys().any(both) {
                    return Some(((*one).clone(), (*other).clone()));
                }
            }
        }
    }
    None
}
