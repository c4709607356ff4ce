//! KML 2.2 with `gx:Track`: time-stamped tracks for virtual globes.
//!
//! Written by hand: the crates for KML know no `gx:Track`. Heights are relative to the ground, as in the model; ranges are
//! drawn on the ground. Source: OGC 12-007r2 (KML 2.3, where the track left the gx extension).

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::replay::{NOTE, Replay, lon_lat_alt};
use crate::record::Place;
use crate::safe::markup;

/// Colours by side, as KML writes them: alpha, blue, green, red.
const COLORS: &[&str] = &[
    "ffff7800", "ff1414dc", "ff32aa32", "ff008cff", "ffd22d8c", "ffc8c800", "ff00d7ff",
];

/// Corners of a range ring.
const CORNERS: u32 = 72;

pub(super) fn write(writer: &mut impl Write, replay: &Replay<'_>) -> io::Result<()> {
    let (seed, number) = replay.replication;
    write!(
        writer,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- {} -->\n\
         <kml xmlns=\"http://www.opengis.net/kml/2.2\" xmlns:gx=\"http://www.google.com/kml/ext/2.2\">\n<Document>\n\
         <name>{} (seed {seed}, replication {number})</name>\n<description>{}</description>\n",
        NOTE,
        markup(replay.title),
        markup(NOTE)
    )?;
    for (number, color) in COLORS.iter().enumerate() {
        writeln!(
            writer,
            "<Style id=\"side{number}\"><LineStyle><color>{color}</color><width>2</width></LineStyle>\
             <IconStyle><color>{color}</color></IconStyle></Style>"
        )?;
    }
    writer.write_all(
        b"<Style id=\"shot\"><LineStyle><color>ffffffff</color><width>2</width></LineStyle></Style>\n\
          <Style id=\"wrong\"><LineStyle><color>ff0000ff</color><width>6</width></LineStyle>\
          <IconStyle><color>ff0000ff</color><scale>1.6</scale></IconStyle></Style>\n",
    )?;
    let style = |side: (usize, &str)| format!("#side{}", side.0 % COLORS.len());

    writeln!(writer, "<Folder><name>Aircraft</name>")?;
    for airing in &replay.airings {
        let mut about = format!(
            "{} of {}, {}.",
            airing.aircraft_type,
            airing.side.1,
            airing.ending.code().replace('_', " ")
        );
        for (time, site, identity) in &airing.held {
            let _ = write!(
                about,
                "\n{} {site} holds it {}",
                replay.utc(*time),
                identity.code()
            );
        }
        begin(writer, airing.name, &about, &style(airing.side))?;
        writer.write_all(b"<gx:Track><altitudeMode>relativeToGround</altitudeMode>\n")?;
        for sample in &airing.samples {
            writeln!(writer, "<when>{}</when>", replay.utc(sample.time))?;
        }
        for sample in &airing.samples {
            let [lon, lat, altitude_m] = lon_lat_alt(sample.place);
            writeln!(writer, "<gx:coord>{lon} {lat} {altitude_m}</gx:coord>")?;
        }
        writer.write_all(b"</gx:Track></Placemark>\n")?;
    }
    writeln!(writer, "</Folder>\n<Folder><name>Sites</name>")?;
    for post in &replay.posts {
        let about = format!("{} of {}. {NOTE}", post.class, post.side.1);
        begin(writer, post.name, &about, &style(post.side))?;
        writeln!(
            writer,
            "<Point><coordinates>{}</coordinates></Point></Placemark>",
            coordinates(post.place)
        )?;
        let rings = post.ranges_m.map_or(Vec::new(), |(nearest_m, farthest_m)| {
            vec![("nearest", nearest_m), ("farthest", farthest_m)]
        });
        for (which, radius_m) in rings.into_iter().filter(|(_, radius_m)| *radius_m > 0.0) {
            let name = format!("{} range of {}", which, post.name);
            begin(writer, &name, &format!("{radius_m} m"), &style(post.side))?;
            let [east_m, north_m, up_m] = post.place;
            let corners: Vec<String> = (0..=CORNERS)
                .map(|corner| {
                    let angle = TAU * f64::from(corner % CORNERS) / f64::from(CORNERS);
                    let (sin, cos) = libm::sincos(angle);
                    coordinates([east_m + radius_m * sin, north_m + radius_m * cos, up_m])
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
        begin(writer, &name, &about, style)?;
        writeln!(
            writer,
            "<TimeSpan><begin>{}</begin><end>{}</end></TimeSpan><LineString><altitudeMode>relativeToGround</altitudeMode>\
             <coordinates>{} {}</coordinates></LineString></Placemark>",
            replay.utc(launch.from.time),
            replay.utc(launch.to.time),
            coordinates(launch.from.place),
            coordinates(launch.to.place)
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
        begin(writer, &incident.title(), &about, &style)?;
        writeln!(
            writer,
            "<TimeStamp><when>{}</when></TimeStamp><Point><altitudeMode>relativeToGround</altitudeMode>\
             <coordinates>{}</coordinates></Point></Placemark>",
            replay.utc(incident.at.time),
            coordinates(incident.at.place)
        )?;
    }
    writeln!(writer, "</Folder>\n</Document>\n</kml>")?;
    writer.flush()
}

/// A placemark up to its time and geometry.
fn begin(writer: &mut impl Write, name: &str, about: &str, style: &str) -> io::Result<()> {
    write!(
        writer,
        "<Placemark><name>{}</name><description>{}</description><styleUrl>{style}</styleUrl>",
        markup(name),
        markup(about)
    )
}

fn coordinates(place: Place) -> String {
    let [lon, lat, altitude_m] = lon_lat_alt(place);
    format!("{lon},{lat},{altitude_m}")
}
