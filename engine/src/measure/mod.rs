//! Facts to numbers: one [`Summary`] row a replication.
//!
//! A [`Columns`] is made once from the names of a scenario; [`Columns::measure`] then turns each event log into a row of
//! additive quantities: counts, seconds, hours. Whatever is a share or a rate is a ratio of two sums of columns over all
//! replications, listed in [`MEASURES`]; it is never averaged replication by replication. Nothing here sees a world, so
//! every definition is tested from a handwritten log.
//!
//! Column names are plain counts (`shots`) or end in their unit (`flight_hours`); `shots[side=us]` is the part of
//! `shots` that concerns aircraft of side `us`.
//!
//! Words, so that two people count the same:
//! - *protected*: an aircraft is protected from a site to which it is friend or neutral; a *sortie* is
//!   protected when at least one site present in the replication should.
//! - *coordinated pair*: the addressees' graph of this aircraft's plan, as rules had it sent, reaches this site, before the fact.
//!   *Coordinated sortie*: a
//!   protected sortie for which it reaches every site present to which it is friend or neutral; a protected
//!   sortie that misses one of them is *uncoordinated*.
//! - *misidentified*: the identity held when the site first decided to fire at the track, or else at its end, contradicts the
//!   aircraft's affiliation to the site. Pending and Unknown are undeclared; Suspect is declared, counted apart, and no error.
//!   AssumedFriend counts as Friend.

mod air_picture;
mod association;
mod attribution;
mod derived;
mod identification;
mod kept_identity;
mod leakage;
mod mission;
mod scene;
mod separation;
mod shooting;
mod sites;
mod timeliness;

#[cfg(test)]
pub(crate) mod handwritten;

pub use derived::{Derived, Group, Kind, MEASURES, Measure};

use crate::record::{Affiliation, Cast, EventLog, Place};
use crate::units::Millis;
use scene::Scene;

/// One additive quantity of a replication.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name, as in the header of `replications.csv`.
    pub name: String,
    /// What it counts.
    pub meaning: &'static str,
}

/// The columns of a scenario, resolved to positions.
#[derive(Debug, Clone)]
pub struct Columns {
    columns: Vec<Column>,
    derived: Vec<Derived>,
    missiles_per_target: f64,
    confusion: Vec<ConfusionClass>,
    confusion_len: usize,
    identification: identification::Identification,
    shooting: shooting::Shooting,
    leakage: leakage::Leakage,
    timeliness: timeliness::Timeliness,
    air_picture: air_picture::AirPicture,
    mission: mission::Mission,
    attribution: attribution::Attribution,
    association: association::Association,
    sites: sites::Sites,
    separation: Option<separation::Separation>,
    kept_identity: Option<kept_identity::KeptIdentity>,
}

/// Where the confusion counts of a site class lie in [`Summary::confusion`].
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionClass {
    /// Name of the class.
    pub name: String,
    /// Rows of its matrix; the columns are the same and `unknown`.
    pub rows: Vec<String>,
    /// Position of its first count.
    pub first: usize,
}

impl ConfusionClass {
    /// Position of the count of declarations `declared` about an aircraft of row `truth`.
    pub fn position(&self, truth: usize, declared: usize) -> usize {
        self.first + truth * (self.rows.len() + 1) + declared
    }

    /// The name of a declaration: a row, or `unknown`.
    pub fn declared(&self, declared: usize) -> &str {
        self.rows.get(declared).map_or("unknown", String::as_str)
    }
}

/// What one replication amounts to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// One value a column.
    pub values: Vec<f64>,
    /// Declarations by class, true row and declared column; see [`Columns::confusion`].
    pub confusion: Vec<u64>,
    /// Time from confirmation to the first identity of each track that got one.
    pub times_to_identify: Vec<Millis>,
    /// Where each wrong shot was fired at an aircraft.
    pub wrong_shots_at: Vec<GridSquare>,
}

/// A square of the local plane, [`GridSquare::SIDE_M`] a side, by its number eastward and northward from the origin.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct GridSquare {
    /// Squares east of the origin; the square from there to the east is 0.
    pub east: i32,
    /// Squares north.
    pub north: i32,
}

impl GridSquare {
    /// Side of a square, m.
    pub const SIDE_M: f64 = 5_000.0;

    /// The square of a place.
    pub fn of(place: Place) -> GridSquare {
        let number = |metres: f64| libm::floor(metres / Self::SIDE_M) as i32;
        GridSquare {
            east: number(place[0]),
            north: number(place[1]),
        }
    }

    /// Its south-west corner in the local plane, east and north, m.
    pub fn corner_m(self) -> (f64, f64) {
        (
            f64::from(self.east) * Self::SIDE_M,
            f64::from(self.north) * Self::SIDE_M,
        )
    }
}

impl Columns {
    /// The columns of all replications with these names.
    pub fn new(cast: &Cast) -> Columns {
        let mut header = Header::new(cast);
        let identification = identification::Identification::new(&mut header);
        let shooting = shooting::Shooting::new(&mut header);
        let leakage = leakage::Leakage::new(&mut header);
        let timeliness = timeliness::Timeliness::new(&mut header);
        let air_picture = air_picture::AirPicture::new(&mut header);
        let mission = mission::Mission::new(&mut header);
        let attribution = attribution::Attribution::new(&mut header);
        let association = association::Association::new(&mut header);
        let sites = sites::Sites::new(&mut header);
        let separation = separation::Separation::new(&mut header);
        let kept_identity = kept_identity::KeptIdentity::new(&mut header);
        let columns = header.columns;
        let derived = derived::resolve(&columns, cast.missiles_per_target);

        let mut confusion_len = 0;
        let confusion = cast
            .classes
            .iter()
            .map(|class| {
                let first = confusion_len;
                confusion_len += class.rows.len() * (class.rows.len() + 1);
                ConfusionClass {
                    name: class.name.clone(),
                    rows: class.rows.clone(),
                    first,
                }
            })
            .collect();
        Columns {
            columns,
            derived,
            missiles_per_target: cast.missiles_per_target,
            confusion,
            confusion_len,
            identification,
            shooting,
            leakage,
            timeliness,
            air_picture,
            mission,
            attribution,
            association,
            sites,
            separation,
            kept_identity,
        }
    }

    /// The same where as many missiles may be spent on a target.
    pub fn spending(&self, missiles_per_target: f64) -> Columns {
        Columns {
            derived: derived::resolve(&self.columns, missiles_per_target),
            missiles_per_target,
            ..self.clone()
        }
    }

    /// How many missiles may be spent on a target.
    pub fn missiles_per_target(&self) -> f64 {
        self.missiles_per_target
    }

    /// The columns, in the order of [`Summary::values`].
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The measures made of them, in the order of [`MEASURES`], each expanded over its sides, types and the like.
    pub fn derived(&self) -> &[Derived] {
        &self.derived
    }

    /// The layout of [`Summary::confusion`].
    pub fn confusion(&self) -> &[ConfusionClass] {
        &self.confusion
    }

    /// Length of [`Summary::confusion`].
    pub fn confusion_len(&self) -> usize {
        self.confusion_len
    }

    /// Position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The row of one replication.
    pub fn measure(&self, log: &EventLog) -> Summary {
        let mut summary = Summary {
            values: vec![0.0; self.columns.len()],
            confusion: vec![0; self.confusion_len],
            times_to_identify: Vec::new(),
            wrong_shots_at: Vec::new(),
        };
        let mut scene = Scene::new(log);
        let row = &mut summary.values[..];
        for event in &log.events {
            self.association.event(event, row);
            self.air_picture.event(event, row);
            // What is about nobody counts there alone.
            if event.fact.aircraft().is_none() {
                continue;
            }
            scene.follow(event);
            self.identification.event(&mut scene, event, row);
            self.shooting
                .event(&mut scene, event, row, &mut summary.wrong_shots_at);
            self.timeliness
                .event(event, row, &mut summary.times_to_identify);
            self.mission.event(&scene, event, row);
            self.attribution.event(&scene, event, row);
        }
        self.identification
            .tallies(&scene, row, &self.confusion, &mut summary.confusion);
        self.identification.sorties(&scene, row);
        self.shooting.sorties(&scene, row);
        self.leakage.sorties(&scene, row);
        self.mission.sorties(&scene, row);
        self.sites.measure(log, row);
        if let Some(separation) = &self.separation {
            separation.count(&scene, row);
        }
        if let Some(kept) = &self.kept_identity {
            kept.count(log, row);
        }
        summary
    }
}

/// Collects the columns while the families claim their positions.
struct Header<'a> {
    cast: &'a Cast,
    columns: Vec<Column>,
}

impl<'a> Header<'a> {
    fn new(cast: &'a Cast) -> Header<'a> {
        Header {
            cast,
            columns: Vec::new(),
        }
    }

    fn one(&mut self, name: &str, meaning: &'static str) -> usize {
        self.columns.push(Column {
            name: name.to_owned(),
            meaning,
        });
        self.columns.len() - 1
    }

    /// One column a value; the position of the first.
    fn by<'b>(
        &mut self,
        name: &str,
        key: &str,
        values: impl IntoIterator<Item = &'b str>,
        meaning: &'static str,
    ) -> usize {
        let first = self.columns.len();
        for value in values {
            self.columns.push(Column {
                name: format!("{name}[{key}={value}]"),
                meaning,
            });
        }
        first
    }

    fn by_side(&mut self, name: &str, meaning: &'static str) -> usize {
        let cast = self.cast;
        self.by(name, "side", cast.sides.iter().map(String::as_str), meaning)
    }

    fn by_type(&mut self, name: &str, meaning: &'static str) -> usize {
        let cast = self.cast;
        self.by(name, "type", cast.types.iter().map(String::as_str), meaning)
    }

    /// One for each side that has sites.
    fn by_shooter(&mut self, name: &str, meaning: &'static str) -> usize {
        let cast = self.cast;
        let sides = cast.shooters.iter();
        let sides = sides.map(|side| cast.sides[side.index()].as_str());
        self.by(name, "shooter", sides, meaning)
    }

    fn by_affiliation(&mut self, name: &str, meaning: &'static str) -> usize {
        self.by(
            name,
            "affiliation",
            Affiliation::ALL.map(Affiliation::code),
            meaning,
        )
    }

    /// Coordinated first, uncoordinated next.
    fn by_coordination(&mut self, name: &str, key: &str, meaning: &'static str) -> usize {
        self.by(name, key, ["coordinated", "uncoordinated"], meaning)
    }
}

/// Position of an affiliation among [`Affiliation::ALL`].
fn affiliation_index(affiliation: Affiliation) -> usize {
    affiliation as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_and_measure_names_are_unique() {
        let log = handwritten::log();
        let columns = Columns::new(&log.cast);
        let mut names: Vec<&str> = columns.columns().iter().map(|c| c.name.as_str()).collect();
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(before, names.len());
        let mut names: Vec<&str> = columns.derived().iter().map(|d| d.name.as_str()).collect();
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(before, names.len());
    }

    #[test]
    fn an_empty_log_measures_nothing() {
        let mut log = handwritten::log();
        log.events.clear();
        log.tallies.clear();
        // Sites have hours of their own.
        log.sites.clear();
        let columns = Columns::new(&log.cast);
        let summary = columns.measure(&log);
        assert!(summary.values.iter().all(|&value| value == 0.0));
    }
}
