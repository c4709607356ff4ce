//! The replay of one replication: what it needs to know as JSON, in one page with the scripts that draw it.
//!
//! Paths are sent as the closed forms that the simulation flies, so a page is small and every instant exact. What a
//! site believes is sent as changes of identity and decisions to fire, each with its evidence. Times are whole
//! milliseconds since the start; places are metres east and north of the origin of the local plane.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};
use serde::Serialize;

use super::document::Document;
use super::figures::grouped;
use super::land::{self, Window};
use super::svg::FIGURE_CSS;
use crate::geodesy::{Frame, format_mgrs};
use crate::geometry::{Area, Point};
use crate::identification::CriteriaOn;
use crate::ids::NodeId;
use crate::measure::GridSquare;
use crate::output::{counted, ledger_lines, tell};
use crate::platform::AircraftKind;
use crate::platform::trajectory::{Path, Trajectory};
use crate::record::{EventLog, Fact, LedgerEntry};
use crate::safe;
use crate::scenario::Scenario;
use crate::sensing::SensorModel;
use crate::theatre::Position;

const PAGE_CSS: &str = include_str!("page.css");
const REPLAY_CSS: &str = include_str!("replay.css");
/// The scripts, in the order in which they use each other.
const SCRIPTS: [&str; 5] = [
    include_str!("replay/data.js"),
    include_str!("replay/map.js"),
    include_str!("replay/draw.js"),
    include_str!("replay/story.js"),
    include_str!("replay/play.js"),
];

/// A replication that was run, to be shown.
pub struct Flown<'a> {
    /// What it is called on the page.
    pub name: String,
    /// What was run.
    pub scenario: &'a Scenario,
    /// What happened, at [`Detail::Full`](crate::record::Detail::Full) so that beliefs come with their evidence.
    pub log: &'a EventLog,
    /// Where everybody flies, from [`trajectories`](crate::simulation::trajectories).
    pub trajectories: &'a [Trajectory],
}

/// The name of what is run as it was written.
pub const AS_IT_IS: &str = "as it is";

/// What the page says about itself.
pub struct ReplayNote {
    /// The command that makes the same page again.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Land to be drawn instead of Natural Earth's: the text of a GeoJSON file.
    pub land: Option<String>,
}

#[derive(Serialize)]
struct Data<'a> {
    title: &'a str,
    start_utc_ms: i64,
    end: i64,
    seed: String,
    replication: u64,
    command: &'a str,
    version: &'a str,
    /// What the whole map shows: west, south, east, north.
    whole: [i64; 4],
    coast: Vec<Vec<[i64; 2]>>,
    land: Vec<Vec<[i64; 2]>>,
    credit: &'static str,
    places: Vec<(&'a str, i64, i64)>,
    grid: Grid,
    /// When the two runs part, if they do.
    parts: Option<i64>,
    runs: Vec<Run<'a>>,
}

/// MGRS names of the squares of the grid, row by row from the south-west.
#[derive(Serialize)]
struct Grid {
    side: f64,
    west: i32,
    south: i32,
    columns: i32,
    names: Vec<String>,
}

/// An event on the page: time, code, then the numbers that the page's script names, its rank, and its words.
type EventRow = (i64, &'static str, i64, i64, i64, i64, u8, String);

/// A plan on its way: aircraft, site or -1 if it reaches none, sent, received, and the nodes that hand it on.
type NoticeRow = (u32, i64, i64, i64, Vec<u32>);

/// What an ID source said: its name and its words by their place in [`Run::said`], how old that is in s, and the log odds of
/// hostile after it.
type Step = (usize, usize, u32, f64);

/// Site, aircraft, time, and the account of the identity as a running sum.
type Judged = (u32, u32, i64, Vec<Step>);

#[derive(Serialize)]
struct Run<'a> {
    name: &'a str,
    sides: &'a [String],
    /// Name, radar cross-section in m^2, and what a viewer should show.
    types: Vec<(&'a str, f64, AircraftKind)>,
    classes: Vec<Class<'a>>,
    relations: Vec<Vec<&'static str>>,
    nodes: Vec<&'a str>,
    /// Links of the coordination graph, from node to node.
    links: Vec<(u32, u32)>,
    areas: Vec<Outline<'a>>,
    sites: Vec<Site<'a>>,
    aircraft: Vec<Aircraft<'a>>,
    /// Time, code, aircraft or -1, site or -1, east, north, rank, words.
    events: Vec<EventRow>,
    /// Tracks: site, aircraft, confirmed, ended.
    tracks: Vec<(u32, u32, i64, i64)>,
    /// What tracks were identified as: site, aircraft, time, identity, evidence.
    beliefs: Vec<(u32, u32, i64, &'static str, String)>,
    /// What ID sources are called and what they say, once each.
    said: Vec<String>,
    /// What sites made of tracks, wherever that changed.
    judged: Vec<Judged>,
    /// Shots: site, aircraft, number, launched, over, where the target was then, how it ended, right or wrong.
    shots: Vec<Shot>,
    notices: Vec<NoticeRow>,
}

#[derive(Serialize)]
struct Class<'a> {
    name: &'a str,
    /// Slant range at which a look at 1 m^2 detects with probability 0.5, m; grows with the fourth root of the
    /// cross-section unless it is a disc.
    detects: f64,
    disc: bool,
    farthest: f64,
    engages: Option<[f64; 2]>,
    /// What P(hostile) must exceed for Hostile; nothing where another probability decides.
    threshold: Option<f64>,
}

#[derive(Serialize)]
pub(super) struct Outline<'a> {
    pub name: &'a str,
    pub kind: &'static str,
    pub points: Vec<[i64; 2]>,
}

#[derive(Serialize)]
struct Site<'a> {
    name: &'a str,
    class: u32,
    side: u32,
    at: [i64; 2],
}

#[derive(Serialize)]
struct Aircraft<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    type_id: u32,
    side: u32,
    /// When it takes off and when it is gone.
    flies: [i64; 2],
    destroyed: bool,
    legs: Vec<Vec<f64>>,
}

#[derive(Serialize)]
struct Shot {
    site: u32,
    aircraft: u32,
    number: u32,
    from: i64,
    to: i64,
    at: [i64; 2],
    end: &'static str,
    wrong: bool,
}

/// A wrong shot, as a table tells it.
pub(super) struct TimedShot {
    /// Since the start, ms.
    pub time: i64,
    pub site: String,
    pub aircraft: String,
    pub affiliation: &'static str,
    pub end: &'static str,
}

/// The wrong shots of a replication.
pub(super) fn wrong_shots(flown: &Flown<'_>) -> Vec<TimedShot> {
    let told = run(flown);
    let row = |shot: &Shot| {
        let (site, aircraft) = (
            &told.sites[shot.site as usize],
            &told.aircraft[shot.aircraft as usize],
        );
        TimedShot {
            time: shot.from,
            site: site.name.to_owned(),
            aircraft: aircraft.name.to_owned(),
            affiliation: told.relations[site.side as usize][aircraft.side as usize],
            end: shot.end,
        }
    };
    told.shots
        .iter()
        .filter(|shot| shot.wrong)
        .map(row)
        .collect()
}

/// The page of one replication, or of the same replication under two sets of rules, side by side on one clock; `Err` says why
/// the land of the note is none.
///
/// # Errors
/// Land that is no GeoJSON.
pub fn replay_page(runs: &[Flown<'_>], note: &ReplayNote) -> Result<String, String> {
    let Some(first) = runs.first() else {
        return Ok(String::new());
    };
    let told: Vec<Run<'_>> = runs.iter().map(run).collect();
    let frame = &first.scenario.frame;
    let whole = whole(&told);
    // Room to draw back, and to look around.
    let window = whole.wider(2.0 * whole.width().max(whole.height()));
    let (shown, credit) = match &note.land {
        Some(text) => (land::of_geojson(text, frame, &window)?, ""),
        None => (land::around(frame, &window), land::credit(frame)),
    };
    let chains = |chains: &[Vec<(f64, f64)>]| -> Vec<Vec<[i64; 2]>> {
        let whole_chain = |chain: &Vec<(f64, f64)>| chain.iter().copied().map(metres).collect();
        chains.iter().map(whole_chain).collect()
    };
    let title = first.scenario.file.title.as_str();
    let places = first.scenario.file.places.iter();
    let data = Data {
        title,
        start_utc_ms: first.scenario.start.as_millisecond(),
        end: runs.iter().map(|run| run.log.end.0).max().unwrap_or(0),
        seed: first.log.replication.seed.to_string(),
        replication: first.log.replication.index,
        command: &note.command,
        version: &note.version,
        whole: [whole.west, whole.south, whole.east, whole.north]
            .map(|edge| libm::round(edge) as i64),
        coast: chains(&shown.coast),
        land: chains(&shown.areas),
        credit,
        places: places
            .filter_map(|(name, place)| {
                let point = frame.to_plane(place.on_earth().ok()?);
                let [east, north] = metres((point.x, point.y));
                Some((name.as_str(), east, north))
            })
            .collect(),
        grid: grid(frame, &whole),
        parts: parting(&told),
        runs: told,
    };
    let json = serde_json::to_string(&data).expect("a replay is plain data");
    let json = safe::json_in_page(&json);
    let compared = if runs.len() > 1 { " compared" } else { "" };
    let body = html! {
        (head(first, title))
        @for (number, run) in runs.iter().enumerate() {
            section.view aria-label=(run.name) {
                h2 { (run.name) }
                div.stage {
                    canvas id={ "map" (number) } role="img" aria-label={ "Map of " (run.name) } {}
                }
            }
        }
        (filled(FOOT, &[("CREDIT", credit), ("COMMAND", &note.command)]))
        script type="application/json" id="data" { (PreEscaped(json)) }
        "\n"
    };
    let page = Document {
        title: &format!("Replay: {title}"),
        styles: &[FIGURE_CSS, PAGE_CSS, REPLAY_CSS],
        class: &format!("replay{compared}"),
        body,
        script: Some(&format!(
            "\n(() => {{\n\"use strict\";\n{}}})();\n",
            SCRIPTS.concat()
        )),
    }
    .html();
    Ok(page)
}

/// What stands above the maps.
const HEAD: &str = include_str!("replay/head.html");

fn head(first: &Flown<'_>, title: &str) -> Markup {
    let replication = first.log.replication;
    let cell = match first.name.strip_prefix("cell ") {
        Some(cell) => format!("cell {cell}, "),
        None => String::new(),
    };
    let about = format!(
        "{cell}replication {}, seed {}, {} aircraft, {}. One run of random numbers: how often things happen is another question.",
        replication.index,
        replication.seed,
        grouped(first.log.sorties.len() as f64),
        counted(first.log.sites.len() as f64, "site"),
    );
    filled(HEAD, &[("ABOUT", &about), ("TITLE", title)])
}

/// HTML of our own with texts in the places of words.
fn filled(html: &str, texts: &[(&str, &str)]) -> Markup {
    let fill = |html: String, (word, text): &(&str, &str)| {
        html.replace(word, &html! { (text) }.into_string())
    };
    PreEscaped(texts.iter().fold(html.to_owned(), fill))
}

/// What stands below the maps.
const FOOT: &str = include_str!("replay/foot.html");

/// To the metre.
fn metres((east, north): (f64, f64)) -> [i64; 2] {
    [libm::round(east) as i64, libm::round(north) as i64]
}

/// What the whole map shows: the sites with their reach, what is drawn around them, and what decides something, within reason; where
/// there is no site, all flights.
fn whole(runs: &[Run<'_>]) -> Window {
    /// Farther than this from all sites, an event is no part of the picture, m.
    const NEAR_M: f64 = 110_000.0;
    /// Shown at least, m.
    const LEAST_M: f64 = 3_000.0;
    /// Around it all, as a share of its width.
    const RIM: f64 = 0.06;
    let reach = runs.iter().flat_map(|run| {
        run.sites.iter().flat_map(|site| {
            let class = &run.classes[site.class as usize];
            let reach = class.engages.map_or(0.0, |[_, reach]| reach).min(NEAR_M);
            let [east, north] = site.at.map(|metres| metres as f64);
            [(east - reach, north - reach), (east + reach, north + reach)]
        })
    });
    let sites = Window::of(reach);
    let events = runs.iter().flat_map(|run| &run.events);
    let decisive = events
        .filter(|event| event.6 <= 4)
        .map(|event| (event.4 as f64, event.5 as f64));
    let areas = runs.iter().flat_map(|run| &run.areas);
    let areas = areas.flat_map(|area| &area.points);
    let areas = areas.map(|point| (point[0] as f64, point[1] as f64));
    let found = match &sites {
        Some(sites) => {
            let near = sites.wider(NEAR_M);
            Window::of(
                sites
                    .corners()
                    .into_iter()
                    .chain(decisive.chain(areas).filter(|&at| near.holds(at))),
            )
        }
        None => {
            let legs = runs
                .iter()
                .flat_map(|run| &run.aircraft)
                .flat_map(|one| &one.legs);
            Window::of(decisive.chain(legs.map(|leg| (leg[3], leg[4]))))
        }
    };
    let found = found.unwrap_or_default();
    let rim = RIM * found.width().max(found.height());
    found.wider(rim).at_least(LEAST_M, LEAST_M)
}

/// The squares that have names: those of the whole map, and as far around as there is room.
fn grid(frame: &Frame, whole: &Window) -> Grid {
    /// Most squares in a row or a column.
    const MOST: f64 = 80.0;
    let side = GridSquare::SIDE_M;
    let span = |low: f64, high: f64| {
        let count = ((high - low) / side * 1.5).clamp(44.0, MOST) as i32;
        (
            libm::floor((low + high) / 2.0 / side) as i32 - count / 2,
            count,
        )
    };
    let (west, columns) = span(whole.west, whole.east);
    let (south, rows) = span(whole.south, whole.north);
    let mut names = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let middle = |number: i32| (f64::from(number) + 0.5) * side;
            let center = frame.from_plane(Point::new(middle(west + column), middle(south + row)));
            let name = format_mgrs(center, 2).filter(|_| frame.on_earth());
            names.push(name.unwrap_or_default());
        }
    }
    Grid {
        side,
        west,
        south,
        columns,
        names,
    }
}

/// The first time at which the two runs do something else; why one holds its fire is no such thing.
fn parting(runs: &[Run<'_>]) -> Option<i64> {
    let [one, two] = runs else { return None };
    let done = |run: &'_ Run<'_>| -> Vec<(i64, String)> {
        let events = run.events.iter();
        let done = events.filter(|event| !HELD.contains(&event.1));
        done.map(|event| (event.0, event.7.clone())).collect()
    };
    let (one, two) = (done(one), done(two));
    let same = one.iter().zip(&two).take_while(|(one, two)| one == two);
    let same = same.count();
    let times = [one.get(same), two.get(same)];
    times.into_iter().flatten().map(|event| event.0).min()
}

/// Events in which a site thinks again and does nothing.
const HELD: [&str; 2] = ["shot_declined", "reassessed"];

fn run<'a>(flown: &'a Flown<'_>) -> Run<'a> {
    let Flown {
        scenario,
        log,
        trajectories,
        ..
    } = *flown;
    let mut aircraft: Vec<Aircraft<'a>> = log
        .sorties
        .iter()
        .zip(trajectories)
        .map(|(sortie, trajectory)| Aircraft {
            name: &sortie.name,
            type_id: sortie.type_id.0,
            side: sortie.side.0,
            flies: [sortie.departs.0, sortie.lands.0.min(log.end.0)],
            destroyed: false,
            legs: trajectory.legs.iter().map(leg).collect(),
        })
        .collect();
    let mut told = Told::default();
    for event in &log.events {
        told.event(flown, event.time.0, event, &mut aircraft);
    }
    told.end_at_nodes(flown);
    // Missiles in the air at the end.
    for shot in &mut told.shots {
        shot.to = if shot.to < 0 { log.end.0 } else { shot.to };
    }
    Run {
        name: &flown.name,
        sides: &log.cast.sides,
        types: scenario
            .types
            .iter()
            .map(|kind| (kind.name.as_str(), kind.spec.rcs_m2, kind.spec.kind))
            .collect(),
        classes: scenario
            .classes
            .iter()
            .enumerate()
            .map(|(number, class)| {
                // Under the rules of every side that has such sites, if they are the same.
                let sites = (scenario.sites.iter()).filter(|site| site.class.index() == number);
                let mut criteria: Vec<_> = sites
                    .map(|site| {
                        scenario
                            .identification_at(site.class, site.side)
                            .0
                            .criteria()
                    })
                    .collect();
                criteria.dedup();
                let criteria = match criteria[..] {
                    [] => Some(class.identifier.criteria()),
                    [criteria] => Some(criteria),
                    _ => None,
                };
                let (detects, disc, farthest) = match &class.sensor.model {
                    SensorModel::Disc(disc) => (disc.range_m, true, disc.range_m),
                    SensorModel::Radar(radar) => (radar.r50_m, false, radar.max_range_m),
                    SensorModel::FourthPower(law) => (law.r50_m, false, law.r50_m * law.cutoff_r50),
                };
                Class {
                    name: &class.name,
                    detects,
                    disc,
                    farthest,
                    engages: class
                        .weapon
                        .as_ref()
                        .map(|weapon| [weapon.min_range_m, weapon.max_range_m]),
                    threshold: criteria
                        .filter(|criteria| criteria.on == CriteriaOn::Hostile)
                        .map(|criteria| criteria.threshold),
                }
            })
            .collect(),
        relations: log
            .cast
            .relations
            .iter()
            .map(|row| row.iter().map(|affiliation| affiliation.code()).collect())
            .collect(),
        nodes: scenario
            .nodes
            .iter()
            .map(|node| node.name.as_str())
            .collect(),
        links: (scenario.links.iter())
            .map(|link| (link.from.0, link.to.0))
            .collect(),
        areas: outlines(scenario),
        sites: log
            .sites
            .iter()
            .map(|site| Site {
                name: &site.name,
                class: site.class.0,
                side: site.side.0,
                at: metres((site.place[0], site.place[1])),
            })
            .collect(),
        aircraft,
        events: told.events,
        tracks: told.tracks,
        beliefs: told.beliefs,
        said: told.said.list,
        judged: told.judged,
        shots: told.shots,
        notices: told.notices,
    }
}

/// A version of a plan, sent.
#[derive(Clone, Copy)]
struct Sent {
    aircraft: u32,
    version: u32,
    time: i64,
    astray: bool,
    /// Whether a site has it.
    arrived: bool,
}

impl Sent {
    /// The nodes that it was sent to.
    fn addressees<'a>(&self, flown: &'a Flown<'_>) -> &'a [NodeId] {
        let sortie = &flown.log.sorties[self.aircraft as usize];
        match &flown.scenario.flights[sortie.flight.index()].plan {
            Some(plan) if self.astray => plan.astray_to.as_slice(),
            Some(plan) => &plan.addressees,
            None => &[],
        }
    }
}

/// Events as they are told, and what follows from them.
#[derive(Default)]
struct Told {
    events: Vec<EventRow>,
    tracks: Vec<(u32, u32, i64, i64)>,
    beliefs: Vec<(u32, u32, i64, &'static str, String)>,
    shots: Vec<Shot>,
    notices: Vec<NoticeRow>,
    /// When each version of a plan was sent, and whether astray.
    sent: Vec<Sent>,
    /// The last declaration, by site and aircraft: its time, and its ledger as `explain` tells it.
    declared: BTreeMap<(u32, u32), (i64, String)>,
    said: Said,
    judged: Vec<Judged>,
    /// Where in `judged` the latest of a site and an aircraft stands.
    latest: BTreeMap<(u32, u32), usize>,
}

/// Words, once each.
#[derive(Default)]
struct Said {
    list: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl Said {
    fn place(&mut self, words: &str) -> usize {
        if let Some(&place) = self.places.get(words) {
            return place;
        }
        self.list.push(words.to_owned());
        self.places.insert(words.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }
}

impl Told {
    /// What a site made of a track; what says the same as before, but for its age, is left out.
    fn judge(&mut self, pair: (u32, u32), time: i64, ledger: &[LedgerEntry]) {
        /// Beyond this a curve is flat, as log odds.
        const CERTAIN: f64 = 20.0;
        let step = |entry: &LedgerEntry| {
            let hostile = entry.posterior[2];
            let odds = libm::log(hostile / (1.0 - hostile)).clamp(-CERTAIN, CERTAIN);
            (
                self.said.place(entry.id_source),
                self.said.place(&entry.said),
                libm::round(entry.age_s) as u32,
                libm::round(odds * 1e3) / 1e3,
            )
        };
        let steps: Vec<Step> = ledger.iter().map(step).collect();
        if steps.is_empty() {
            return;
        }
        let last = self.latest.get(&pair).map(|&at| &self.judged[at].3);
        let ageless = |step: &Step| (step.0, step.1, step.3);
        if last.is_some_and(|last| last.iter().map(ageless).eq(steps.iter().map(ageless))) {
            return;
        }
        self.latest.insert(pair, self.judged.len());
        self.judged.push((pair.0, pair.1, time, steps));
    }

    /// Plans that reach no site end at the nodes that they were sent to.
    fn end_at_nodes(&mut self, flown: &Flown<'_>) {
        for sent in self.sent.iter().filter(|sent| !sent.arrived) {
            for node in sent.addressees(flown) {
                (self.notices).push((sent.aircraft, -1, sent.time, sent.time, vec![node.0]));
            }
        }
        self.notices.sort_by_key(|notice| notice.2);
    }

    fn event<'a>(
        &mut self,
        flown: &'a Flown<'_>,
        time: i64,
        event: &crate::record::Event,
        aircraft: &mut [Aircraft<'a>],
    ) {
        let log = flown.log;
        let who = event.fact.aircraft();
        let site = event.fact.site();
        let place = metres((event.place[0], event.place[1]));
        if let Some((rank, words)) = tell(flown.scenario, log, event) {
            self.events.push((
                time,
                event.fact.code(),
                who.map_or(-1, |aircraft| i64::from(aircraft.0)),
                site.map_or(-1, |site| i64::from(site.0)),
                place[0],
                place[1],
                rank,
                words,
            ));
        }
        let Some(who) = who else { return };
        match event.fact {
            Fact::PlanFiled {
                version, astray, ..
            } => self.sent.push(Sent {
                aircraft: who.0,
                version,
                time,
                astray,
                arrived: false,
            }),
            Fact::PlanDelivered { site, version, .. } => {
                let same = |sent: &&mut Sent| (sent.aircraft, sent.version) == (who.0, version);
                let sent = self.sent.iter_mut().rev().find(same);
                let entry = &flown.scenario.sites[log.sites[site.index()].entry as usize];
                let Some((sent, command)) = sent.zip(entry.command.as_ref()) else {
                    return;
                };
                sent.arrived = true;
                let way = way(flown.scenario, sent.addressees(flown), command.node);
                (self.notices).push((who.0, i64::from(site.0), sent.time, time, way));
            }
            Fact::Declared {
                site, ref ledger, ..
            }
            | Fact::Reassessed {
                site, ref ledger, ..
            } => {
                self.judge((site.0, who.0), time, ledger);
                let told = ledger_lines(ledger).join("; ");
                self.declared.insert((site.0, who.0), (time, told));
            }
            Fact::IdentityChanged {
                site, to, notice, ..
            } => {
                let last = self.declared.get(&(site.0, who.0));
                let told = last.filter(|(when, _)| *when == time);
                let evidence = told.map_or_else(
                    || format!("flight plan: {}", notice.code().replace('_', " ")),
                    |(_, told)| told.clone(),
                );
                self.beliefs
                    .push((site.0, who.0, time, to.code(), evidence));
            }
            Fact::EngagementBegun { site, identity, .. } => {
                if let Some((_, told)) = self.declared.get(&(site.0, who.0)) {
                    let belief = (site.0, who.0, time, identity.code(), told.clone());
                    self.beliefs.push(belief);
                }
            }
            Fact::TrackEnded {
                site, ref track, ..
            } => {
                self.tracks.push((site.0, who.0, track.confirmed.0, time));
            }
            Fact::ShotFired { site, shot, .. } => {
                let wrong = log.affiliation(site, who) != crate::record::Affiliation::Hostile;
                self.shots.push(Shot {
                    site: site.0,
                    aircraft: who.0,
                    number: shot,
                    from: time,
                    to: -1,
                    at: place,
                    end: "under_way",
                    wrong,
                });
            }
            Fact::ShotMissed { site, shot, .. }
            | Fact::ShotWasted { site, shot, .. }
            | Fact::ShotAborted { site, shot, .. }
            | Fact::Destroyed { site, shot, .. } => {
                let fired = self.shots.iter_mut().rfind(|fired| {
                    (fired.site, fired.aircraft, fired.number) == (site.0, who.0, shot)
                });
                if let Some(fired) = fired {
                    (fired.to, fired.at, fired.end) = (time, place, event.fact.code());
                }
                if matches!(event.fact, Fact::Destroyed { .. }) {
                    let gone = &mut aircraft[who.index()];
                    (gone.flies[1], gone.destroyed) = (time, true);
                }
            }
            Fact::Landed { .. } => aircraft[who.index()].flies[1] = time,
            _ => {}
        }
    }
}

/// A leg as numbers: start, end in s; 0 for a line with place, velocity, altitude, climb; 1 for an arc with centre,
/// radius, angle, rate, altitude.
fn leg(leg: &crate::platform::trajectory::Leg) -> Vec<f64> {
    // To the millimetre and the microradian: far below what a map shows.
    let round = |value: f64, unit: f64| libm::round(value * unit) / unit;
    let [start, end] = [leg.span.start_s, leg.span.end_s].map(|time_s| round(time_s, 1e3));
    match leg.path {
        Path::Line {
            from,
            velocity,
            altitude_m,
            climb_mps,
        } => vec![
            start,
            end,
            0.0,
            round(from.x, 10.0),
            round(from.y, 10.0),
            round(velocity.x, 1e5),
            round(velocity.y, 1e5),
            round(altitude_m, 10.0),
            round(climb_mps, 1e4),
        ],
        Path::Arc {
            center,
            radius_m,
            angle,
            rate_radps,
            altitude_m,
        } => vec![
            start,
            end,
            1.0,
            round(center.x, 10.0),
            round(center.y, 10.0),
            round(radius_m, 10.0),
            round(angle, 1e6),
            round(rate_radps, 1e9),
            round(altitude_m, 10.0),
        ],
    }
}

/// The fewest links from one of some nodes to another: the nodes on the way, both ends included.
fn way(scenario: &Scenario, from: &[NodeId], to: NodeId) -> Vec<u32> {
    let mut ways: Vec<Vec<u32>> = from.iter().map(|node| vec![node.0]).collect();
    let mut seen: Vec<u32> = from.iter().map(|node| node.0).collect();
    let mut next = 0;
    while let Some(way) = ways.get(next).cloned() {
        let last = way[way.len() - 1];
        if last == to.0 {
            return way;
        }
        for link in scenario.links.iter().filter(|link| link.from.0 == last) {
            if !seen.contains(&link.to.0) {
                seen.push(link.to.0);
                ways.push([way.as_slice(), &[link.to.0]].concat());
            }
        }
        next += 1;
    }
    vec![to.0]
}

/// The edge of a corridor: half its width to the left of its line, and back on the right.
fn ribbon(points: &[Point], half_width_m: f64) -> Vec<[i64; 2]> {
    let mut left = Vec::new();
    let mut right = Vec::new();
    for (number, &point) in points.iter().enumerate() {
        let before = points[number.saturating_sub(1)];
        let after = points[(number + 1).min(points.len() - 1)];
        let along = |from: Point, to: Point| (to - from).try_normalize(1e-9);
        let (arriving, leaving) = (along(before, point), along(point, after));
        let Some(one) = arriving.or(leaving) else {
            continue;
        };
        let other = leaving.unwrap_or(one);
        let middle = (one + other).try_normalize(1e-9).unwrap_or(one);
        // Wider in a bend, so that both straights keep their width; within reason in a sharp one.
        let wide = half_width_m / middle.dot(&one).max(0.4);
        let aside = nalgebra::Vector2::new(-middle.y, middle.x) * wide;
        for (side, place) in [(&mut left, point + aside), (&mut right, point - aside)] {
            side.push(metres((place.x, place.y)));
        }
    }
    right.reverse();
    [left, right].concat()
}

/// Zones, corridors, and the areas in which sites are drawn.
pub(super) fn outlines(scenario: &Scenario) -> Vec<Outline<'_>> {
    let corridors = scenario.corridors.iter().map(|corridor| Outline {
        name: &corridor.name,
        kind: "corridor",
        points: ribbon(&corridor.points, corridor.half_width_m),
    });
    let zones = scenario.zones.iter().map(|zone| Outline {
        name: &zone.name,
        kind: "zone",
        points: outline(&zone.area),
    });
    let drawn = scenario
        .sites
        .iter()
        .filter_map(|entry| match &entry.position {
            Position::At(_) => None,
            Position::DrawnIn(area) => Some(Outline {
                name: &entry.name,
                kind: "sector",
                points: outline(area),
            }),
        });
    let all = zones.chain(corridors).chain(drawn);
    all.filter(|outline| !outline.points.is_empty()).collect()
}

/// The edge of an area as a closed chain.
fn outline(area: &Area) -> Vec<[i64; 2]> {
    let arc = |center: Point, range_m: f64, from_deg: f64, width_deg: f64| {
        (0..=48).map(move |step| {
            let bearing_deg = from_deg + width_deg * f64::from(step) / 48.0;
            let point = center + crate::geometry::polar(range_m, bearing_deg);
            metres((point.x, point.y))
        })
    };
    match *area {
        Area::Circle { center, radius_m } => arc(center, radius_m, 0.0, 360.0).collect(),
        Area::Sector {
            center,
            min_range_m,
            max_range_m,
            from_deg,
            width_deg,
        } => {
            let outer = arc(center, max_range_m, from_deg, width_deg);
            let inner: Vec<[i64; 2]> = arc(center, min_range_m, from_deg, width_deg).collect();
            outer.chain(inner.into_iter().rev()).collect()
        }
        Area::Box {
            south_west,
            north_east,
        } => [
            (south_west.x, south_west.y),
            (north_east.x, south_west.y),
            (north_east.x, north_east.y),
            (south_west.x, north_east.y),
        ]
        .map(metres)
        .to_vec(),
        Area::Polygon(ref polygon) => {
            let corners = polygon.corners().iter();
            corners.map(|corner| metres((corner.x, corner.y))).collect()
        }
    }
}
