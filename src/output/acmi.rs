//! Tacview flight recordings: ACMI 2.2, the text form.
//!
//! After two fixed lines, every line is about one object (`id,Property=Value,...`, id in hexadecimal, 0 for the recording
//! itself), or `#t`, the time in seconds after the reference time from which the lines below hold, or `-id`, the end of an
//! object. `T=longitude|latitude|altitude` is in degrees and m. Commas and backslashes inside a text are escaped.
//! Source: Raia Software, "Tacview ACMI 2.2 technical reference".

use std::io::{self, Write};

use super::replay::{Ending, Replay};
use crate::platform::AircraftKind;
use crate::record::Place;
use crate::safe::is_hidden;
use crate::units::Millis;

/// What the viewer calls an aircraft of a kind; it has no word for an uncrewed one but its size.
fn kind(kind: AircraftKind) -> &'static str {
    match kind {
        AircraftKind::FixedWing => "Air+FixedWing",
        AircraftKind::Rotorcraft => "Air+Rotorcraft",
        AircraftKind::Uav => "Air+FixedWing+UAV",
        AircraftKind::UavRotorcraft => "Air+Rotorcraft+UAV",
    }
}

/// Colours that the viewer knows, by side.
const COLORS: &[&str] = &["Blue", "Red", "Green", "Orange", "Violet", "Cyan", "Yellow"];

/// A line of the recording: when, in which order at that instant, and what.
type Line = (Millis, u8, String);

pub(super) fn write(writer: &mut impl Write, replay: &Replay<'_>) -> io::Result<()> {
    let program = concat!("deconflict ", env!("CARGO_PKG_VERSION"));
    let (seed, number) = replay.replication;
    write!(
        writer,
        "FileType=text/acmi/tacview\nFileVersion=2.2\n0,ReferenceTime={}\n0,DataSource={program}\n\
         0,DataRecorder={program}\n0,Title={}\n0,Category=Simulation\n0,Comments={}\n",
        replay.start,
        escaped(&format!(
            "{} (seed {seed}, replication {number})",
            replay.title
        )),
        escaped(&replay.note()),
    )?;
    let mut lines: Vec<Line> = Vec::new();
    let mut ids = 1u64..;
    let mut next = || ids.next().unwrap_or_default();
    let sites: Vec<u64> = replay.posts.iter().map(|_| next()).collect();
    for (post, id) in replay.posts.iter().zip(&sites) {
        let range = post.ranges_m.map_or(String::new(), |(_, farthest_m)| {
            format!(",EngagementRange={farthest_m}")
        });
        let line = format!(
            "{id:x},{},Type=Ground+AntiAircraft,Name={},CallSign={}{}{range}",
            position(replay, post.place),
            escaped(post.class),
            escaped(post.name),
            belongs(post.side),
        );
        lines.push((Millis::ZERO, 0, line));
    }
    for airing in &replay.airings {
        let id = next();
        for (index, sample) in airing.samples.iter().enumerate() {
            let mut line = format!("{id:x},{}", position(replay, sample.place));
            if index == 0 {
                line.push_str(&format!(
                    ",Type={},Name={},CallSign={}{}",
                    kind(airing.kind),
                    escaped(airing.aircraft_type),
                    escaped(airing.name),
                    belongs(airing.side),
                ));
            }
            lines.push((sample.time, 1, line));
        }
        let Some(last) = airing.samples.last() else {
            continue;
        };
        // One label an aircraft: what the selected site holds it for.
        for (time, _, identity) in airing.held.iter().filter(|_| replay.seen_by.is_some()) {
            let label = identity.map_or("", |identity| identity.code());
            lines.push((*time, 2, format!("{id:x},Label={label}")));
        }
        let event = match airing.ending {
            Ending::Destroyed => "Destroyed",
            Ending::Left => "LeftArea",
            Ending::EndOfRun => continue,
        };
        lines.push((last.time, 3, format!("0,Event={event}|{id:x}|")));
        lines.push((last.time, 4, format!("-{id:x}")));
    }
    for launch in &replay.launches {
        let id = next();
        let post = &replay.posts[launch.post];
        let target = launch.target.unwrap_or("nobody");
        let line = format!(
            "{id:x},{},Type=Weapon+Missile,Name=Missile,CallSign={},Parent={:x}{}",
            position(replay, launch.from.place),
            escaped(&format!("{} at {target} {}", post.name, launch.shot)),
            sites[launch.post],
            belongs(post.side),
        );
        lines.push((launch.from.time, 2, line));
        let end = format!("{id:x},{}", position(replay, launch.to.place));
        lines.push((launch.to.time, 2, end));
        if launch.outcome != "in_flight" {
            lines.push((launch.to.time, 4, format!("-{id:x}")));
        }
    }
    for incident in &replay.incidents {
        if incident.wrong
            || incident.near.is_some()
            || incident.event == "destroyed"
            || incident.event == "objective_reached"
        {
            let why = match (incident.rule, incident.reason) {
                (Some(rule), Some(reason)) => format!(" [{rule} {reason}]"),
                _ => String::new(),
            };
            let text = escaped(&format!("{}{why}", incident.title()));
            lines.push((incident.at.time, 5, format!("0,Event=Bookmark|{text}")));
        }
    }
    // Stable: what belongs to one instant and one order stays as it was written.
    lines.sort_by_key(|&(time, order, _)| (time, order));
    let mut now = None;
    for (time, _, line) in lines {
        if now != Some(time) {
            writeln!(writer, "#{}", time.seconds())?;
            now = Some(time);
        }
        writeln!(writer, "{line}")?;
    }
    if now != Some(replay.end) {
        writeln!(writer, "#{}", replay.end.seconds())?;
    }
    writer.flush()
}

fn position(replay: &Replay<'_>, place: Place) -> String {
    let [lon, lat, altitude_m] = replay.lon_lat_alt(place);
    format!("T={lon}|{lat}|{altitude_m}")
}

fn belongs((number, name): (usize, &str)) -> String {
    let color = COLORS[number % COLORS.len()];
    format!(",Coalition={},Color={color}", escaped(name))
}

/// A text in which nothing ends the property or the line, or parts an event.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            ',' | '\\' => out.extend(['\\', letter]),
            '|' => out.push('/'),
            letter if is_hidden(letter) => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
