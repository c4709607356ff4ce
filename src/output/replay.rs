//! One replication as moving pictures: what the viewers' formats (ACMI, KML, GeoJSON) are made of.
//!
//! Positions are those of the simulated trajectories, sampled at whole multiples of a step, at every change of leg, and at
//! both ends; an aircraft that was shot down ends there. Times are whole milliseconds. Places are WGS84, rounded to 1e-7
//! degrees (1 cm), altitudes to 1 cm; heights in the model are above flat ground.
//!
//! A missile is drawn as a straight line from its site to where its target was at the end of its flight: the model knows
//! when it is launched and when it arrives, not its path.

use std::io::{self, Write};
use std::path::Path;

use super::beside::whole_file;
use super::error::OutputError;
use super::events::{lat_lon, utc};
use super::timeline::approach_words;
use super::{acmi, geojson, kml};
use crate::geodesy::Frame;
use crate::ids::{AircraftId, SiteId};
use crate::platform::AircraftKind;
use crate::platform::trajectory::Trajectory;
use crate::record::{Affiliation, EventLog, Fact, Identity, Place};
use crate::scenario::Scenario;
use crate::units::Millis;

/// What every file says first, before the caveats of its scenario.
const NOTE: &str = "Simulated by deconflict: nothing in this file was observed.";

/// A format of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayFormat {
    /// Tacview flight recording, ACMI 2.2, as text.
    Acmi,
    /// KML 2.2 with the track extension.
    Kml,
    /// GeoJSON, RFC 7946.
    GeoJson,
}

impl ReplayFormat {
    /// Refuses a path whose extension promises something else.
    ///
    /// # Errors
    /// Another extension.
    pub fn accepts(self, path: &Path) -> Result<(), OutputError> {
        let (endings, expected): (&[&str], _) = match self {
            ReplayFormat::Acmi => (&["acmi"], "Tacview files end in .acmi"),
            ReplayFormat::Kml => (&["kml"], "KML files end in .kml"),
            ReplayFormat::GeoJson => (
                &["geojson", "json"],
                "GeoJSON files end in .geojson or .json",
            ),
        };
        let extension = path.extension().and_then(|extension| extension.to_str());
        let extension = extension.unwrap_or_default().to_ascii_lowercase();
        if endings.contains(&extension.as_str()) {
            return Ok(());
        }
        Err(OutputError::Extension {
            path: path.to_owned(),
            expected,
        })
    }
}

/// Where something is at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When.
    pub time: Millis,
    /// East, north, up in the local plane, m.
    pub place: Place,
}

/// How the flight of an aircraft ends in a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It landed or left the scenario.
    Left,
    /// It was shot down.
    Destroyed,
    /// It was still in the air.
    EndOfRun,
}

impl Ending {
    /// The word used in files.
    pub fn code(self) -> &'static str {
        match self {
            Ending::Left => "left",
            Ending::Destroyed => "destroyed",
            Ending::EndOfRun => "end_of_run",
        }
    }
}

/// The flight of one aircraft, sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayFlight<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its side, by number and name: the number picks the colour.
    pub side: (usize, &'a str),
    /// Its type.
    pub aircraft_type: &'a str,
    /// Where it was; never empty, in order of time.
    pub samples: Vec<Sample>,
    /// How it ended.
    pub ending: Ending,
    /// What it is.
    pub kind: AircraftKind,
    /// What sites held it for, each change: time, site, identity, nothing where a track ended; of the selected site alone if
    /// there is one.
    pub held: Vec<(Millis, &'a str, Option<Identity>)>,
}

/// A site.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplaySite<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its side, by number and name.
    pub side: (usize, &'a str),
    /// Its class.
    pub class: &'a str,
    /// Where it is.
    pub place: Place,
    /// Nearest and farthest range of its weapon, m.
    pub ranges_m: Option<(f64, f64)>,
}

/// A shot.
#[derive(Debug, Clone, PartialEq)]
pub struct ShotPath<'a> {
    /// The site, by its place in [`Replay::posts`].
    pub post: usize,
    /// The aircraft fired at; nothing if there was none behind the track.
    pub target: Option<&'a str>,
    /// Its number among the site's shots at this aircraft.
    pub shot: u32,
    /// The launch.
    pub from: Sample,
    /// The end of its flight, or where it is at the end of the scenario.
    pub to: Sample,
    /// `destroyed`, `missed`, `wasted`, `aborted`, or `in_flight` at the end of the scenario.
    pub outcome: &'static str,
    /// Whether it was fired at a friend or a neutral.
    pub wrong: bool,
    /// Identity held.
    pub identity: Identity,
    /// The rule that let it go.
    pub rule: &'static str,
    /// Why, as a code.
    pub reason: &'static str,
}

/// A decisive event.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayEvent<'a> {
    /// When and where.
    pub at: Sample,
    /// The code of the fact.
    pub event: &'static str,
    /// The aircraft.
    pub aircraft: &'a str,
    /// Its side, by number and name.
    pub side: (usize, &'a str),
    /// Its type.
    pub aircraft_type: &'a str,
    /// The site.
    pub site: Option<&'a str>,
    /// Whether a friend or a neutral was fired at or hit.
    pub wrong: bool,
    /// Identity held.
    pub identity: Option<Identity>,
    /// The rule.
    pub rule: Option<&'static str>,
    /// Why, as a code.
    pub reason: Option<&'static str>,
    /// The other aircraft, and how close they came, if two came too near to each other.
    pub near: Option<(&'a str, String)>,
}

impl ReplayEvent<'_> {
    /// One line about it.
    pub fn title(&self) -> String {
        let wrong = if self.wrong { "WRONG: " } else { "" };
        let event = self.event.replace('_', " ");
        if let Some((other, how)) = &self.near {
            return format!("{event}: {} and {other}, {how}", self.aircraft);
        }
        let site = self
            .site
            .map_or(String::new(), |site| format!(" by {site}"));
        format!("{wrong}{event}: {}{site}", self.aircraft)
    }
}

/// One replication, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay<'a> {
    /// Title of the scenario.
    pub title: &'a str,
    /// The site whose opinions alone are told, if one was selected.
    pub seen_by: Option<&'a str>,
    /// What its readers must know.
    pub caveats: &'a [String],
    /// The local plane.
    pub frame: Frame,
    /// Seed and number of the replication.
    pub replication: (u64, u64),
    /// The start of the scenario.
    pub start: jiff::Timestamp,
    /// The end of the scenario.
    pub end: Millis,
    /// The aircraft that flew, in the order of the log.
    pub airings: Vec<ReplayFlight<'a>>,
    /// The sites, in the order of the log.
    pub posts: Vec<ReplaySite<'a>>,
    /// The shots, in order of time.
    pub launches: Vec<ShotPath<'a>>,
    /// The decisive events, in order of time.
    pub incidents: Vec<ReplayEvent<'a>>,
}

impl<'a> Replay<'a> {
    /// Puts together the log of a replication and its trajectories, as `simulation::trajectories` gives them.
    ///
    /// `step` is the time between two positions; `seen_by` names the site whose opinions are told in full.
    pub fn new(
        scenario: &'a Scenario,
        log: &'a EventLog,
        trajectories: &[Trajectory],
        step: Millis,
        seen_by: Option<&'a str>,
    ) -> Replay<'a> {
        let mut ends: Vec<(bool, Option<Millis>)> = vec![(false, None); log.sorties.len()];
        let mut held: Vec<Vec<(Millis, &str, Option<Identity>)>> =
            vec![Vec::new(); log.sorties.len()];
        for event in &log.events {
            let now = match event.fact {
                Fact::IdentityChanged { to, .. } => Some(Some(to)),
                Fact::TrackEnded { .. } => Some(None),
                _ => None,
            };
            if let (Some(now), Some(site), Some(aircraft)) =
                (now, event.fact.site(), event.fact.aircraft())
                && let Some(held) = held.get_mut(aircraft.index())
            {
                let name = log.sites[site.index()].name.as_str();
                let before = held.iter().rfind(|(_, other, _)| *other == name);
                let before = before.and_then(|(.., identity)| *identity);
                if now != before && seen_by.is_none_or(|selected| selected == name) {
                    held.push((event.time, name, now));
                }
            }
            match event.fact {
                Fact::Departed { aircraft } => {
                    if let Some(end) = ends.get_mut(aircraft.index()) {
                        end.0 = true;
                    }
                }
                Fact::Destroyed { aircraft, .. } => {
                    if let Some(end) = ends.get_mut(aircraft.index()) {
                        end.1 = Some(event.time);
                    }
                }
                _ => {}
            }
        }
        let airings = log
            .sorties
            .iter()
            .zip(trajectories)
            .zip(ends.iter().zip(held));
        let airings = airings.filter_map(|((sortie, trajectory), (&(departed, hit), held))| {
            let lands = trajectory.lands().min(log.end);
            let end = hit.unwrap_or(lands).min(lands);
            if !departed || trajectory.departs() > end {
                return None;
            }
            Some(ReplayFlight {
                name: &sortie.name,
                side: side(log, sortie.side.index()),
                aircraft_type: &log.cast.types[sortie.type_id.index()],
                kind: scenario.types[sortie.type_id.index()].spec.kind,
                samples: samples(trajectory, end, step),
                ending: match hit {
                    Some(_) => Ending::Destroyed,
                    None if trajectory.lands() < log.end => Ending::Left,
                    None => Ending::EndOfRun,
                },
                held,
            })
        });
        let posts = log.sites.iter().map(|site| {
            let class = &scenario.classes[site.class.index()];
            ReplaySite {
                name: &site.name,
                side: side(log, site.side.index()),
                class: &class.name,
                place: site.place,
                ranges_m: class
                    .weapon
                    .as_ref()
                    .map(|weapon| (weapon.min_range_m, weapon.max_range_m)),
            }
        });
        Replay {
            title: &scenario.file.title,
            seen_by,
            caveats: &scenario.file.caveats,
            frame: scenario.frame,
            replication: (log.replication.seed, log.replication.index),
            start: scenario.start,
            end: log.end,
            airings: airings.collect(),
            posts: posts.collect(),
            launches: launches(scenario, log),
            incidents: incidents(log),
        }
    }

    /// Longitude, latitude, degrees, and altitude, m, rounded.
    pub(super) fn lon_lat_alt(&self, [east_m, north_m, up_m]: Place) -> [f64; 3] {
        let (lat, lon) = lat_lon(&self.frame, east_m, north_m);
        // `+ 0.0` turns -0 into 0.
        [lon, lat, libm::round(up_m * 100.0) / 100.0 + 0.0]
    }

    /// What every file says first: somebody may meet it without its README.
    pub(super) fn note(&self) -> String {
        let caveats = self.caveats.iter().map(String::as_str);
        [NOTE]
            .into_iter()
            .chain(caveats)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// A time as UTC to the millisecond; empty beyond the calendar.
    pub(super) fn utc(&self, time: Millis) -> String {
        utc(self.start, time).map_or(String::new(), |instant| format!("{instant:.3}"))
    }
}

fn side(log: &EventLog, index: usize) -> (usize, &str) {
    (index, &log.cast.sides[index])
}

/// The trajectory from its departure to `end`: both ends, whole multiples of the step, and changes of leg.
fn samples(trajectory: &Trajectory, end: Millis, step: Millis) -> Vec<Sample> {
    let start = trajectory.departs();
    let step = step.0.max(1);
    let mut times: Vec<i64> = (start.0 / step + 1..=end.0 / step)
        .map(|number| number * step)
        .collect();
    let turns = trajectory.legs.iter();
    times.extend(turns.map(|leg| Millis::from_seconds(leg.span.start_s).0));
    times.extend([start.0, end.0]);
    times.retain(|time| (start.0..=end.0).contains(time));
    times.sort_unstable();
    times.dedup();
    times
        .into_iter()
        .map(|time| Sample {
            time: Millis(time),
            place: trajectory.position(Millis(time)).into(),
        })
        .collect()
}

fn is_wrong(log: &EventLog, site: SiteId, aircraft: AircraftId) -> bool {
    aircraft.index() < log.sorties.len()
        && matches!(
            log.affiliation(site, aircraft),
            Affiliation::Friend | Affiliation::Neutral
        )
}

fn launches<'a>(scenario: &'a Scenario, log: &'a EventLog) -> Vec<ShotPath<'a>> {
    let mut launches: Vec<ShotPath<'a>> = Vec::new();
    // Shots in the air: site, aircraft, number, and which launch.
    let mut flying: Vec<((SiteId, AircraftId, u32), usize)> = Vec::new();
    for event in &log.events {
        let (key, outcome) = match event.fact {
            Fact::ShotFired {
                site,
                aircraft,
                shot,
                decision,
                identity,
                ..
            } => {
                let record = &log.sites[site.index()];
                let from = Sample {
                    time: event.time,
                    place: record.place,
                };
                flying.push(((site, aircraft, shot), launches.len()));
                launches.push(ShotPath {
                    post: site.index(),
                    target: log
                        .sorties
                        .get(aircraft.index())
                        .map(|sortie| sortie.name.as_str()),
                    shot,
                    from,
                    to: Sample {
                        time: log.end,
                        place: event.place,
                    },
                    outcome: "in_flight",
                    wrong: is_wrong(log, site, aircraft),
                    identity,
                    rule: decision.rule,
                    reason: decision.reason.code(),
                });
                continue;
            }
            Fact::Destroyed {
                site,
                aircraft,
                shot,
            } => ((site, aircraft, shot), "destroyed"),
            Fact::ShotMissed {
                site,
                aircraft,
                shot,
            } => ((site, aircraft, shot), "missed"),
            Fact::ShotWasted {
                site,
                aircraft,
                shot,
            } => ((site, aircraft, shot), "wasted"),
            Fact::ShotAborted {
                site,
                aircraft,
                shot,
            } => ((site, aircraft, shot), "aborted"),
            _ => continue,
        };
        if let Some(at) = flying.iter().position(|(other, _)| *other == key) {
            let (_, launch) = flying.swap_remove(at);
            launches[launch].outcome = outcome;
            launches[launch].to = Sample {
                time: event.time,
                place: event.place,
            };
        }
    }
    // What is still in the air has come as far as its speed takes it towards where its target was at the launch.
    for (_, launch) in flying {
        let launch = &mut launches[launch];
        let class = log.sites[launch.post].class;
        let weapon = scenario.classes[class.index()].weapon.as_ref();
        if let Some(missile_mps) = weapon.and_then(|weapon| weapon.missile_mps) {
            let flown_m = missile_mps * (launch.to.time.seconds() - launch.from.time.seconds());
            let (from, to) = (launch.from.place, launch.to.place);
            let way = [0, 1, 2].map(|axis| to[axis] - from[axis]);
            let length_m = libm::sqrt(way.iter().map(|part| part * part).sum());
            let share = if length_m > 0.0 {
                (flown_m / length_m).min(1.0)
            } else {
                1.0
            };
            launch.to.place = [0, 1, 2].map(|axis| from[axis] + way[axis] * share);
        }
    }
    launches
}

fn incidents(log: &EventLog) -> Vec<ReplayEvent<'_>> {
    let told = log.events.iter().filter_map(|event| {
        let (site, aircraft, identity, decision) = match event.fact {
            Fact::EngagementBegun {
                site,
                aircraft,
                decision,
                identity,
                ..
            }
            | Fact::ShotFired {
                site,
                aircraft,
                decision,
                identity,
                ..
            }
            | Fact::ShotDeclined {
                site,
                aircraft,
                decision,
                identity,
            } => (Some(site), aircraft, Some(identity), Some(decision)),
            Fact::ShotMissed { site, aircraft, .. }
            | Fact::ShotWasted { site, aircraft, .. }
            | Fact::ShotAborted { site, aircraft, .. }
            | Fact::Destroyed { site, aircraft, .. } => (Some(site), aircraft, None, None),
            Fact::ObjectiveReached { aircraft }
            | Fact::SeparationLost { aircraft, .. }
            | Fact::NearMidair { aircraft, .. } => (None, aircraft, None, None),
            _ => return None,
        };
        let sortie = log.sorties.get(aircraft.index())?;
        let fire = !matches!(event.fact, Fact::ShotDeclined { .. });
        Some(ReplayEvent {
            at: Sample {
                time: event.time,
                place: event.place,
            },
            event: event.fact.code(),
            aircraft: &sortie.name,
            side: side(log, sortie.side.index()),
            aircraft_type: &log.cast.types[sortie.type_id.index()],
            site: site.map(|site| log.sites[site.index()].name.as_str()),
            wrong: fire && site.is_some_and(|site| is_wrong(log, site, aircraft)),
            identity,
            rule: decision.map(|decision| decision.rule),
            reason: decision.map(|decision| decision.reason.code()),
            near: match &event.fact {
                Fact::SeparationLost {
                    other, approach, ..
                }
                | Fact::NearMidair {
                    other, approach, ..
                } => Some((
                    log.sorties.get(other.index())?.name.as_str(),
                    approach_words(approach),
                )),
                _ => None,
            },
        })
    });
    told.collect()
}

/// Writes a replay.
///
/// # Errors
/// What the writer says.
pub fn write_replay(
    mut writer: impl Write,
    format: ReplayFormat,
    replay: &Replay<'_>,
) -> io::Result<()> {
    match format {
        ReplayFormat::Acmi => acmi::write(&mut writer, replay),
        ReplayFormat::Kml => kml::write(&mut writer, replay),
        ReplayFormat::GeoJson => geojson::write(&mut writer, replay),
    }
}

/// Writes the file, beside its place first; `force` replaces one that is there.
///
/// # Errors
/// Another extension; a file that is there already, without `force`; what the system refuses.
pub fn write_replay_file(
    path: &Path,
    force: bool,
    format: ReplayFormat,
    replay: &Replay<'_>,
) -> Result<(), OutputError> {
    format.accepts(path)?;
    whole_file(path, force, |writer| write_replay(writer, format, replay))
}
