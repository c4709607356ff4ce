//! GeoJSON, RFC 7946: one feature collection, one feature a line.
//!
//! Positions are longitude, latitude, height (m above the ground of the model). Times stand beside the vertices in
//! `properties.coordTimes`, the name that converters from GPX use, because the format has no place for them. The property
//! `kind` says what a feature is: `aircraft`, `site`, `shot` or `event`. The note is a foreign member of the collection.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::replay::Replay;

pub(super) fn write(writer: &mut impl Write, replay: &Replay<'_>) -> io::Result<()> {
    let (seed, number) = replay.replication;
    let title = Value::from(replay.title);
    let note = Value::from(replay.note());
    write!(
        writer,
        "{{\"type\":\"FeatureCollection\",\"comment\":{note},\"title\":{title},\"seed\":{seed},\"replication\":{number},\
         \"features\":["
    )?;
    let airings = replay.airings.iter().map(|airing| {
        let places: Vec<[f64; 3]> = airing
            .samples
            .iter()
            .map(|sample| replay.lon_lat_alt(sample.place))
            .collect();
        let times: Vec<String> = airing
            .samples
            .iter()
            .map(|sample| replay.utc(sample.time))
            .collect();
        // A line has at least two points.
        let geometry = match places.as_slice() {
            [only] => json!({ "type": "Point", "coordinates": only }),
            _ => json!({ "type": "LineString", "coordinates": places }),
        };
        let held: Vec<Value> = airing
            .held
            .iter()
            .map(|(time, site, identity)| {
                json!({ "time": replay.utc(*time), "site": site, "identity": identity.map(|identity| identity.code()) })
            })
            .collect();
        feature(
            geometry,
            json!({
                "kind": "aircraft",
                "name": airing.name,
                "side": airing.side.1,
                "type": airing.aircraft_type,
                "end": airing.ending.code(),
                "identified": held,
                "coordTimes": times,
            }),
        )
    });
    let posts = replay.posts.iter().map(|post| {
        feature(
            json!({ "type": "Point", "coordinates": replay.lon_lat_alt(post.place) }),
            json!({
                "kind": "site",
                "name": post.name,
                "side": post.side.1,
                "type": post.class,
                "min_range_m": post.ranges_m.map(|ranges| ranges.0),
                "max_range_m": post.ranges_m.map(|ranges| ranges.1),
            }),
        )
    });
    let launches = replay.launches.iter().map(|launch| {
        let ends = [launch.from, launch.to];
        let post = &replay.posts[launch.post];
        feature(
            json!({
                "type": "LineString",
                "coordinates": ends.map(|end| replay.lon_lat_alt(end.place)),
            }),
            json!({
                "kind": "shot",
                "site": post.name,
                "side": post.side.1,
                "aircraft": launch.target,
                "shot": launch.shot,
                "outcome": launch.outcome,
                "wrong": launch.wrong,
                "identity": launch.identity.code(),
                "rule": launch.rule,
                "reason": launch.reason,
                "coordTimes": ends.map(|end| replay.utc(end.time)),
            }),
        )
    });
    let incidents = replay.incidents.iter().map(|incident| {
        feature(
            json!({ "type": "Point", "coordinates": replay.lon_lat_alt(incident.at.place) }),
            json!({
                "kind": "event",
                "event": incident.event,
                "time": replay.utc(incident.at.time),
                "aircraft": incident.aircraft,
                "side": incident.side.1,
                "type": incident.aircraft_type,
                "site": incident.site,
                "wrong": incident.wrong,
                "identity": incident.identity.map(|identity| identity.code()),
                "rule": incident.rule,
                "reason": incident.reason,
            }),
        )
    });
    let features = airings.chain(posts).chain(launches).chain(incidents);
    for (index, feature) in features.enumerate() {
        let comma = if index == 0 { "\n" } else { ",\n" };
        write!(writer, "{comma}{feature}")?;
    }
    writer.write_all(b"\n]}\n")?;
    writer.flush()
}

fn feature(geometry: Value, properties: Value) -> Value {
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}
