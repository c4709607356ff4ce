//! KML 2.2 with `gx:Track`: time-stamped tracks for virtual globes.
//!
//! Written by hand: the crates for KML know no `gx:Track`. Elements stand in the order of the schemas (OGC KML 2.2 and
//! Google's gx), which viewers do not ask for and validators do. What sites held an aircraft for is one array of the track
//! for each site: a value for each instant, empty while there is no track. Heights are relative to the ground, as in the model; ranges are
//! drawn on the ground. Source: OGC 12-007r2 (KML 2.3, where the track left the gx extension).

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::replay::{Replay, ReplayFlight};
use crate::record::{Identity, Place};
use crate::safe::markup;
use crate::units::Millis;

/// Colours by side, as KML writes them: alpha, blue, green, red.
const COLORS: &[&str] = &[
    "ffff7800", "ff1414dc", "ff32aa32", "ff008cff", "ffd22d8c", "ffc8c800", "ff00d7ff",
];

/// Corners of a range ring.
const CORNERS: u32 = 72;

pub(super) fn write(writer: &mut impl Write, replay: &Replay<'_>) -> io::Result<()> {
    let (seed, number) = replay.replication;
    let note = replay.note();
    write!(
        writer,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <kml xmlns=\"http://www.opengis.net/kml/2.2\" xmlns:gx=\"http://www.google.com/kml/ext/2.2\">\n<Document>\n\
         <name>{} (seed {seed}, replication {number})</name>\n<description>{}</description>\n",
        markup(replay.title),
        markup(&note)
    )?;
    for (number, color) in COLORS.iter().enumerate() {
        writeln!(
            writer,
            "<Style id=\"side{number}\"><IconStyle><color>{color}</color></IconStyle>\
             <LineStyle><color>{color}</color><width>2</width></LineStyle></Style>"
        )?;
    }
    writer.write_all(
        b"<Style id=\"shot\"><LineStyle><color>ffffffff</color><width>2</width></LineStyle></Style>\n\
          <Style id=\"wrong\"><IconStyle><color>ff0000ff</color><scale>1.6</scale></IconStyle>\
          <LineStyle><color>ff0000ff</color><width>6</width></LineStyle></Style>\n",
    )?;
    let style = |side: (usize, &str)| format!("#side{}", side.0 % COLORS.len());
    let sites: Vec<&str> = replay.posts.iter().map(|post| post.name).collect();
    writer.write_all(b"<Schema id=\"identified\" name=\"identified\">")?;
    for site in &sites {
        let site = markup(site);
        write!(
            writer,
            "<gx:SimpleArrayField name=\"{site}\" type=\"string\"><displayName>held by {site}</displayName></gx:SimpleArrayField>"
        )?;
    }
    writer.write_all(b"</Schema>\n")?;

    writeln!(writer, "<Folder><name>Aircraft</name>")?;
    for airing in &replay.airings {
        let mut about = format!(
            "{} of {}, {}.",
            airing.aircraft_type,
            airing.side.1,
            airing.ending.code().replace('_', " ")
        );
        for (site, changes) in by_site(airing) {
            if let Some((time, Some(identity))) = changes.last() {
                let _ = write!(
                    about,
                    "\n{} {site} holds it {}",
                    replay.utc(*time),
                    identity.code()
                );
            }
        }
        begin(writer, airing.name, &about, None, &style(airing.side))?;
        track(writer, replay, airing)?;
        writer.write_all(b"</Placemark>\n")?;
    }
    writeln!(writer, "</Folder>\n<Folder><name>Sites</name>")?;
    for post in &replay.posts {
        let about = format!("{} of {}. {note}", post.class, post.side.1);
        begin(writer, post.name, &about, None, &style(post.side))?;
        writeln!(
            writer,
            "<Point><coordinates>{}</coordinates></Point></Placemark>",
            coordinates(replay, post.place)
        )?;
        let rings = post.ranges_m.map_or(Vec::new(), |(nearest_m, farthest_m)| {
            vec![("nearest", nearest_m), ("farthest", farthest_m)]
        });
        for (which, radius_m) in rings.into_iter().filter(|(_, radius_m)| *radius_m > 0.0) {
            let name = format!("{} range of {}", which, post.name);
            let about = format!("{radius_m} m");
            begin(writer, &name, &about, None, &style(post.side))?;
            let [east_m, north_m, up_m] = post.place;
            let corners: Vec<String> = (0..=CORNERS)
                .map(|corner| {
                    let angle = TAU * f64::from(corner % CORNERS) / f64::from(CORNERS);
                    let (sin, cos) = libm::sincos(angle);
                    let corner = [east_m + radius_m * sin, north_m + radius_m * cos, up_m];
                    coordinates(replay, corner)
                })
                .collect();
            writeln!(
                writer,
                "<LineString><tessellate>1</tessellate><coordinates>{}</coordinates></LineString></Placemark>",
                corners.join(" ")
            )?;
        }
    }
    writeln!(writer, "</Folder>\n<Folder><name>Shots</name>")?;
    for launch in &replay.launches {
        let target = launch.target.unwrap_or("nobody");
        let wrong = if launch.wrong { "WRONG: " } else { "" };
        let name = format!(
            "{wrong}{} at {target}, shot {}",
            replay.posts[launch.post].name, launch.shot
        );
        let about = format!(
            "{}; held {}; {} {}",
            launch.outcome,
            launch.identity.code(),
            launch.rule,
            launch.reason
        );
        let style = if launch.wrong { "#wrong" } else { "#shot" };
        let time = format!(
            "<TimeSpan><begin>{}</begin><end>{}</end></TimeSpan>",
            replay.utc(launch.from.time),
            replay.utc(launch.to.time)
        );
        begin(writer, &name, &about, Some(&time), style)?;
        writeln!(
            writer,
            "<LineString><altitudeMode>relativeToGround</altitudeMode><coordinates>{} {}</coordinates></LineString></Placemark>",
            coordinates(replay, launch.from.place),
            coordinates(replay, launch.to.place)
        )?;
    }
    writeln!(writer, "</Folder>\n<Folder><name>Decisive events</name>")?;
    for incident in &replay.incidents {
        let mut about = format!("{} of {}", incident.aircraft_type, incident.side.1);
        if let (Some(identity), Some(rule), Some(reason)) =
            (incident.identity, incident.rule, incident.reason)
        {
            let _ = write!(about, "; held {}; {rule} {reason}", identity.code());
        }
        let style = match incident.wrong {
            true => "#wrong".to_owned(),
            false => style(incident.side),
        };
        let time = format!(
            "<TimeStamp><when>{}</when></TimeStamp>",
            replay.utc(incident.at.time)
        );
        begin(writer, &incident.title(), &about, Some(&time), &style)?;
        writeln!(
            writer,
            "<Point><altitudeMode>relativeToGround</altitudeMode><coordinates>{}</coordinates></Point></Placemark>",
            coordinates(replay, incident.at.place)
        )?;
    }
    writeln!(writer, "</Folder>\n</Document>\n</kml>")?;
    writer.flush()
}

/// What an aircraft was identified as, by the name of the site.
fn by_site<'a>(airing: &ReplayFlight<'a>) -> BTreeMap<&'a str, Vec<(Millis, Option<Identity>)>> {
    let mut sites: BTreeMap<&str, Vec<(Millis, Option<Identity>)>> = BTreeMap::new();
    for &(time, site, identity) in &airing.held {
        sites.entry(site).or_default().push((time, identity));
    }
    sites
}

/// Where an aircraft was, and what it was identified as then.
fn track(
    writer: &mut impl Write,
    replay: &Replay<'_>,
    airing: &ReplayFlight<'_>,
) -> io::Result<()> {
    writer.write_all(b"<gx:Track><altitudeMode>relativeToGround</altitudeMode>\n")?;
    for sample in &airing.samples {
        writeln!(writer, "<when>{}</when>", replay.utc(sample.time))?;
    }
    for sample in &airing.samples {
        let [lon, lat, altitude_m] = replay.lon_lat_alt(sample.place);
        writeln!(writer, "<gx:coord>{lon} {lat} {altitude_m}</gx:coord>")?;
    }
    let sites = by_site(airing);
    if !sites.is_empty() {
        writer.write_all(b"<ExtendedData><SchemaData schemaUrl=\"#held\">\n")?;
        for (site, changes) in sites {
            write!(writer, "<gx:SimpleArrayData name=\"{}\">", markup(site))?;
            for sample in &airing.samples {
                let so_far = changes.partition_point(|(time, _)| *time <= sample.time);
                let held = so_far.checked_sub(1).and_then(|last| changes[last].1);
                let held = held.map_or("", |identity| identity.code());
                write!(writer, "<gx:value>{held}</gx:value>")?;
            }
            writer.write_all(b"</gx:SimpleArrayData>\n")?;
        }
        writer.write_all(b"</SchemaData></ExtendedData>\n")?;
    }
    writer.write_all(b"</gx:Track>")
}

/// A placemark up to its geometry: name, description, time and style, in this order.
fn begin(
    writer: &mut impl Write,
    name: &str,
    about: &str,
    time: Option<&str>,
    style: &str,
) -> io::Result<()> {
    write!(
        writer,
        "<Placemark><name>{}</name><description>{}</description>{}<styleUrl>{style}</styleUrl>",
        markup(name),
        markup(about),
        time.unwrap_or_default()
    )
}

fn coordinates(replay: &Replay<'_>, place: Place) -> String {
    let [lon, lat, altitude_m] = replay.lon_lat_alt(place);
    format!("{lon},{lat},{altitude_m}")
}
