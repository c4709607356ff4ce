//! `deconflict import`: airspace, operational intents and recordings of others as pieces of a scenario.

use std::fs;
use std::path::Path;
use std::process::Command;

use deconflict::geodesy::LatLon;
use deconflict::geometry::{Area, Polygon};
use deconflict::scenario::Scenario;
use deconflict::scenario::import::{Imported, import};
use deconflict::units::Millis;

const REST: &str = r#"
title = "Imported"
duration_h = 24

[sides.north]
[relations.north]
civil = "neutral"
operators = "neutral"
[sides.civil]
[sides.operators]
"#;

fn imported(name: &str, text: &str, tolerance_m: f64) -> Result<Imported, String> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(name);
    fs::write(&path, text).unwrap();
    import(&path, None, tolerance_m)
}

/// The piece as part of a scenario, beside a file that it may name.
fn scenario(piece: &str, start: &str, file: Option<(&str, &str)>) -> Scenario {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("piece.toml"), piece).unwrap();
    if let Some((name, text)) = file {
        fs::write(place.path().join(name), text).unwrap();
    }
    fs::write(
        place.path().join("s.toml"),
        format!("include = [\"piece.toml\"]\n{start}{REST}"),
    )
    .unwrap();
    Scenario::load(&place.path().join("s.toml"), &[])
        .unwrap_or_else(|error| panic!("{}\n{piece}", error.render(false)))
}

const START: &str = "start_utc = \"2024-01-01T00:00:00Z\"\n";

fn polygon<'a>(scenario: &'a Scenario, name: &str) -> &'a Polygon {
    let zone = scenario
        .zones
        .iter()
        .find(|zone| zone.name == name)
        .unwrap();
    let Area::Polygon(polygon) = &zone.area else {
        panic!("{name} is no polygon")
    };
    polygon
}

#[test]
fn openair_becomes_zones() {
    let text = "\
AC C
AN MADE UP TMA
AL 2000ft AMSL
AH FL95
DP 48:00:00 N 011:00:00 E
DP 48:00:00 N 012:00:00 E
DP 49:00:00 N 012:00:00 E
DP 48:00:00 N 011:00:00 E

AC R
AN Circle
AL GND
AH 1000ft AGL
V X=48:30:00 N 011:30:00 E
DC 5

AC D
AN Keyhole
AL GND
AH UNLIM
V X=48:00:00 N 010:00:00 E
DA 10,0,180
DP 48:00:00 N 009:30:00 E

AC Q
AN Bow tie
AL GND
AH FL50
DP 48:00:00 N 011:00:00 E
DP 49:00:00 N 012:00:00 E
DP 49:00:00 N 011:00:00 E
DP 48:00:00 N 012:00:00 E
";
    for tolerance_m in [10.0, 200.0] {
        let found = imported("air.txt", text, tolerance_m).unwrap();
        let scenario = scenario(&found.toml, START, None);
        let zone = |name: &str| {
            scenario
                .zones
                .iter()
                .find(|zone| zone.name == name)
                .unwrap()
        };
        assert_eq!(scenario.zones.len(), 3);
        let tma = zone("made-up-tma");
        assert!((tma.floor_m - 609.6).abs() < 0.05 && (tma.top_m - 2895.6).abs() < 0.05);
        assert_eq!(polygon(&scenario, "made-up-tma").corners().len(), 3);
        let Area::Circle { center, radius_m } = zone("circle").area else {
            panic!()
        };
        let at = scenario.frame.to_plane(LatLon {
            lat_deg: 48.5,
            lon_deg: 11.5,
        });
        assert!((center - at).norm() < 0.1 && (radius_m - 9260.0).abs() < 0.1);
        assert!((zone("circle").top_m - 304.8).abs() < 0.05);
        assert_eq!(zone("keyhole").top_m, f64::INFINITY);
        // Half a circle of 10 miles to the east: no corner off it, no chord farther inside than the tolerance.
        let middle = scenario.frame.to_plane(LatLon {
            lat_deg: 48.0,
            lon_deg: 10.0,
        });
        let corners = polygon(&scenario, "keyhole").corners();
        let arc: Vec<_> = corners
            .iter()
            .map(|corner| corner - middle)
            .filter(|arm| arm.x > -1.0)
            .collect();
        let farthest = arc
            .iter()
            .map(|arm| (arm.norm() - 18_520.0).abs())
            .fold(0.0, f64::max);
        assert!(farthest < 10.0, "{farthest}");
        let deepest = arc
            .windows(2)
            .map(|pair| 18_520.0 - ((pair[0] + pair[1]) / 2.0).norm())
            .fold(0.0, f64::max);
        assert!(
            deepest > tolerance_m / 4.0 && deepest < tolerance_m + 10.0,
            "{deepest}"
        );
        let left = found.left_out.join("\n");
        assert!(
            left.contains("Bow tie: its edges") && left.contains("sea level or flight levels"),
            "{left}"
        );
    }
}

#[test]
fn geojson_becomes_zones() {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"name":"Square","floor_m":100,"top_m":900},"geometry":{"type":"Polygon","coordinates":[[[11,48],[12,48],[12,49],[11,49],[11,48]],[[11.4,48.4],[11.6,48.4],[11.6,48.6],[11.4,48.4]]]}},
        {"type":"Feature","properties":{"name":"Square"},"geometry":{"type":"MultiPolygon","coordinates":[[[[179.5,-17],[-179.5,-17],[-179.5,-16],[179.5,-17]]]]}},
        {"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[11,48]}}]}"#;
    let found = imported("areas.geojson", text, 50.0).unwrap();
    assert!(
        found.left_out.iter().any(|line| line.contains("1 holes")),
        "{:?}",
        found.left_out
    );
    assert!(
        found.left_out.iter().any(|line| line.contains("Point")),
        "{:?}",
        found.left_out
    );
    assert!(
        found.toml.contains("[zones.square]") && found.toml.contains("[zones.square-2]"),
        "{}",
        found.toml
    );
    let piece = found.toml.split("# Square").nth(1).unwrap();
    let scenario = scenario(piece, START, None);
    assert_eq!(polygon(&scenario, "square").corners().len(), 4);
    assert_eq!(
        (scenario.zones[0].floor_m, scenario.zones[0].top_m),
        (100.0, 900.0)
    );
}

/// A geometry alone is GeoJSON, too, and so is a collection of some, in a feature or by itself.
#[test]
fn geometries_without_features_become_zones() {
    let square = r#"{"type":"Polygon","coordinates":[[[11,48],[12,48],[12,49],[11,48]]]}"#;
    let collection = format!(r#"{{"type":"GeometryCollection","geometries":[{square},{square}]}}"#);
    let feature = format!(
        r#"{{"type":"Feature","properties":{{"name":"Twin","top_m":900}},"geometry":{collection}}}"#
    );
    for (text, zones, top_m) in [
        (square, 1, None),
        (&collection, 2, None),
        (&feature, 2, Some(900.0)),
    ] {
        for name in ["area.json", "area.geojson"] {
            let found = imported(name, text, 50.0).unwrap();
            let scenario = scenario(&found.toml, START, None);
            assert_eq!(scenario.zones.len(), zones, "{}", found.toml);
            if let Some(top_m) = top_m {
                assert_eq!(scenario.zones[0].top_m, top_m);
            }
        }
    }
    let nothing = r#"{"type":"Feature","properties":{},"geometry":null}"#;
    let why = imported("area.geojson", nothing, 50.0).unwrap_err();
    assert!(why.contains("no polygon"), "{why}");
}

#[test]
fn operational_intents_become_flights_and_zones() {
    let volume = |lng: f64, from: &str, until: &str| {
        format!(
            r#"{{"volume":{{"outline_polygon":{{"vertices":[{{"lat":48.0,"lng":{lng}}},{{"lat":48.0,"lng":{}}},{{"lat":48.01,"lng":{lng}}}]}},"altitude_lower":{{"value":50,"reference":"W84","units":"M"}},"altitude_upper":{{"value":150,"reference":"W84","units":"M"}}}},"time_start":{{"value":"{from}","format":"RFC3339"}},"time_end":{{"value":"{until}","format":"RFC3339"}}}}"#,
            lng + 0.01
        )
    };
    let text = format!(
        r#"{{"operational_intent":{{"reference":{{"id":"intent-1"}},"details":{{"volumes":[{},{}]}}}},
        "constraint":{{"reference":{{"id":"constraint-7"}},"details":{{"volumes":[{{"volume":{{"outline_circle":{{"center":{{"lat":48.1,"lng":11.0}},"radius":{{"value":300,"units":"M"}}}}}},"time_start":{{"value":"2024-05-01T10:00:00Z"}}}}]}}}}}}"#,
        volume(11.0, "2024-05-01T10:00:00Z", "2024-05-01T10:10:00Z"),
        volume(11.05, "2024-05-01T10:05:00Z", "2024-05-01T10:20:00Z")
    );
    let found = imported("f3548.json", &text, 50.0).unwrap();
    let scenario = scenario(&found.toml, "", None);
    assert_eq!(scenario.start.to_string(), "2024-05-01T10:00:00Z");
    assert_eq!(scenario.zones.len(), 3, "{}", found.toml);
    assert_eq!(scenario.flights.len(), 1, "{}", found.toml);
    let flight = &scenario.flights[0];
    assert!(flight.plan.is_some() && flight.name == "intent-1");
    // 0.05 degrees of longitude in five minutes.
    assert!(
        (flight.speed_mps - 12.4).abs() < 0.1,
        "{}",
        flight.speed_mps
    );
    let left = found.left_out.join("\n");
    assert!(
        left.contains("constraint-7: when it holds") && left.contains("3 volumes")
            || left.contains("2 volumes"),
        "{left}"
    );
}

#[test]
fn volumes_in_other_units_or_with_their_end_first_are_left_out() {
    let text = |unit: &str, until: &str| {
        format!(
            r#"{{"reference":{{"id":"x"}},"details":{{"volumes":[
            {{"volume":{{"outline_circle":{{"center":{{"lat":48.1,"lng":11.0}},"radius":{{"value":1,"units":"{unit}"}}}}}},"time_start":{{"value":"2024-05-01T10:00:00Z"}},"time_end":{{"value":"{until}"}}}},
            {{"volume":{{"outline_circle":{{"center":{{"lat":48.1,"lng":11.0}},"radius":{{"value":300,"units":"M"}}}}}}}}]}}}}"#
        )
    };
    for (unit, until, words) in [
        ("KM", "2024-05-01T11:00:00Z", "it is in KM"),
        (
            "M",
            "2024-05-01T09:00:00Z",
            "it ends at 2024-05-01T09:00:00Z, before it begins",
        ),
    ] {
        let found = imported("f3548.json", &text(unit, until), 50.0).unwrap();
        assert_eq!(found.toml.matches("[zones.").count(), 1, "{}", found.toml);
        assert!(
            found.left_out.iter().any(|line| line.contains(words)),
            "{:?}",
            found.left_out
        );
    }
}

/// What `run --geojson` writes is read again: everybody flies where and when he flew.
#[test]
fn what_run_writes_is_imported() {
    let night = crate::support::repository("tests/suite/support/night.toml");
    let place = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_deconflict"))
            .current_dir(place.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stderr).unwrap()
    };
    let night = night.to_str().unwrap();
    run(&[
        "run",
        night,
        "--replication",
        "0",
        "--geojson",
        "night.geojson",
        "--step",
        "60",
    ]);
    let told = run(&["import", "night.geojson", "--out", "piece.toml"]);
    assert!(
        told.contains("left out: site south-east") && told.contains("shot"),
        "{told}"
    );
    let geojson = fs::read_to_string(place.path().join("night.geojson")).unwrap();
    let piece = fs::read_to_string(place.path().join("piece.toml")).unwrap();
    let scenario = scenario(&piece, "", Some(("night.geojson", &geojson)));
    assert_eq!(scenario.file.places.len(), 1);
    let again = deconflict::simulation::trajectories(
        &scenario,
        deconflict::record::Replication { seed: 1, index: 0 },
    );
    let value: serde_json::Value = serde_json::from_str(&geojson).unwrap();
    let mut positions = 0;
    for feature in value["features"].as_array().unwrap() {
        if feature["properties"]["kind"] != "aircraft" {
            continue;
        }
        let name = feature["properties"]["name"]
            .as_str()
            .unwrap()
            .replace('-', "");
        let flown: Vec<usize> = (0..scenario.flights.len())
            .filter(|&index| scenario.flights[index].name.contains(&name))
            .collect();
        let times = feature["properties"]["coordTimes"].as_array().unwrap();
        for (coordinate, time) in feature["geometry"]["coordinates"]
            .as_array()
            .unwrap()
            .iter()
            .zip(times)
        {
            let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
            let after = Millis(time.as_millisecond() - scenario.start.as_millisecond());
            let at = scenario.frame.to_plane(LatLon {
                lat_deg: coordinate[1].as_f64().unwrap(),
                lon_deg: coordinate[0].as_f64().unwrap(),
            });
            let near = flown
                .iter()
                .any(|&index| (again[index].position(after).xy() - at).norm() < 0.1);
            assert!(near, "{name} at {time}");
            positions += 1;
        }
    }
    assert!(positions > 10, "{positions}");
}

#[test]
fn a_recording_becomes_tracks_with_its_account() {
    let rows: Vec<String> = (0..10)
        .map(|step| {
            format!(
                "{},a1,48,{},1500",
                1_577_880_000 + 10 * step,
                11.0 + 0.01 * f64::from(step)
            )
        })
        .collect();
    let text = format!(
        "time,icao24,lat,lon,geoaltitude\n{}\n1577880095,a1,48,,1500\n",
        rows.join("\n")
    );
    let found = imported("t.csv", &text, 50.0).unwrap();
    assert!(
        found.toml.contains("11 rows read") && found.toml.contains("on_fault = \"drop\""),
        "{}",
        found.toml
    );
    assert!(
        found
            .left_out
            .iter()
            .any(|line| line.contains("unreadable")),
        "{:?}",
        found.left_out
    );
    let scenario = scenario(&found.toml, "", Some(("t.csv", &text)));
    assert_eq!(scenario.recordings["t"].flown, 10);
}

#[test]
fn what_is_nothing_is_refused() {
    for (name, text, words) in [
        ("a.txt", "hello\n", "OpenAir"),
        ("a.json", "{", "no JSON"),
        ("a.json", "{\"a\": 1}", "no positions"),
        (
            "a.geojson",
            "{\"type\":\"FeatureCollection\",\"features\":[]}",
            "no polygon",
        ),
        ("a.gpx", "<gpx></gpx>", "no track"),
        ("a.csv", "a,b\n1,2\n", "lacks the columns"),
    ] {
        let why = imported(name, text, 50.0).unwrap_err();
        assert!(why.contains(words), "{name}: {why}");
    }
    assert!(import(Path::new("/dev/null"), None, 50.0).is_err());
}

/// Whatever is wrong with one airspace, the others are there, and what is wrong is told by its line.
#[test]
fn an_airspace_that_cannot_be_read_takes_no_other_with_it() {
    let block = |name: &str, corner: &str| {
        format!(
            "AC R\nAN {name}\nAL GND\nAH FL95\nDP {corner}\nDP 48:00:00 N 012:00:00 E\nDP 49:00:00 N 012:00:00 E\n\n"
        )
    };
    let good = "48:00:00 N 011:00:00 E";
    for (bad, word) in [
        ("48:75:00 N 011:00:00 E", "has 48:75:00"),
        ("48:00:61 N 011:00:00 E", "has 48:00:61"),
        ("99:00:00 N 011:00:00 E", "99:00:00"),
        ("nowhere", "nowhere"),
    ] {
        let text = [block("One", good), block("Two", bad), block("Three", good)].concat();
        let found = imported("air.txt", &text, 10.0).unwrap();
        let names: Vec<&str> = ["zones.one", "zones.two", "zones.three"]
            .into_iter()
            .filter(|name| found.toml.contains(name))
            .collect();
        assert_eq!(names, ["zones.one", "zones.three"], "{bad}");
        let told = found
            .left_out
            .iter()
            .any(|line| line.contains("line 9") && line.contains(word));
        assert!(told, "{bad}: {:?}", found.left_out);
    }
}

#[test]
fn positions_of_geojson_are_degrees() {
    let polygon = |corners: &str| format!("{{\"type\":\"Polygon\",\"coordinates\":[[{corners}]]}}");
    // Across the antimeridian, counted on.
    let across = polygon("[179,-17],[181,-17],[181,-16],[179,-17]");
    let found = imported("a.geojson", &across, 10.0).unwrap();
    assert!(found.toml.contains("lon = -179"), "{}", found.toml);
    for (corners, word) in [
        (
            "[450000,3620000],[451000,3620000],[451000,3621000],[450000,3620000]",
            "its corner 1 is [450000,3620000]",
        ),
        (
            "[11,48],[\"x\",48],[12,49],[11,48]",
            "its corner 2 is [\"x\",48]",
        ),
        ("[11,48],[12,49],[12,48],[11,49],[11,48]", "touch or cross"),
    ] {
        let told = imported("a.geojson", &polygon(corners), 10.0).unwrap_err();
        assert!(told.contains(word), "{told}");
    }
}

/// Heights as numbers, as numbers in quotes, and as the layer of ED-318; a circle about a point; and what looks like a height and is not
/// read, or is none, is named: such an area would reach to the sky in silence.
#[test]
fn heights_of_areas_are_read_or_named() {
    let ring = "[[[13,33],[13.2,33],[13.2,33.2],[13,33]]]";
    let area = |name: &str, more: &str, layer: &str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"name\":\"{name}\"{more}}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":{ring}{layer}}}}}"
        )
    };
    let layer = ",\"layer\":{\"upper\":400,\"upperReference\":\"AGL\",\"lower\":0,\"lowerReference\":\"AGL\",\"uom\":\"ft\"}";
    let point = "{\"type\":\"Feature\",\"properties\":{\"name\":[{\"text\":\"Harbour\",\"lang\":\"en\"}]},\"geometry\":{\"type\":\"Point\",\"coordinates\":[13,33],\"extent\":{\"subType\":\"Circle\",\"radius\":1000}}}";
    let features = [
        area("quoted", ",\"floor_m\":\"1000\",\"top_m\":\"3000\"", ""),
        area("layered", "", layer),
        area("feet", ",\"top_ft\":900", ""),
        area("none", ",\"top_m\":\"high\"", ""),
        area("timed", ",\"validUntil\":\"2024-05-01T10:00:00Z\"", ""),
        point.to_owned(),
    ];
    let text = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[{}]}}",
        features.join(",")
    );
    let found = imported("areas.geojson", &text, 50.0).unwrap();
    for words in [
        "floor_m = 1000",
        "top_m = 3000",
        "top_m = 121.9\n",
        "[zones.harbour]",
        "radius_m = 1000",
    ] {
        assert!(found.toml.contains(words), "{words}\n{}", found.toml);
    }
    for words in [
        "feet: its top_ft, 900",
        "none: its top_m, \"high\"",
        "timed: when it holds",
    ] {
        let told = found.left_out.iter().any(|line| line.contains(words));
        assert!(told, "{words}: {:?}", found.left_out);
    }
    let volume = |value: &str| {
        format!(
            "{{\"constraints\":[{{\"reference\":{{\"id\":\"c\"}},\"details\":{{\"volumes\":[{{\"volume\":{{\"outline_circle\":{{\"center\":{{\"lat\":33,\"lng\":13}},\"radius\":{{\"value\":1000,\"units\":\"M\"}}}},\"altitude_upper\":{{\"value\":{value},\"reference\":\"W84\",\"units\":\"M\"}}}}}}]}}}}]}}"
        )
    };
    let found = imported("c.json", &volume("\"500\""), 50.0).unwrap();
    assert!(found.toml.contains("top_m = 500"), "{}", found.toml);
    let Err(refused) = imported("c.json", &volume("\"high\""), 50.0) else {
        panic!("a volume without a height that can be read is none");
    };
    assert!(refused.contains("altitude_upper"), "{refused}");
}

#[test]
fn a_piece_names_its_recording_from_where_it_stands() {
    let place = tempfile::tempdir().unwrap();
    let [from, into, below] = ["from", "into", "from/below"].map(|name| place.path().join(name));
    for folder in [&from, &into, &below] {
        fs::create_dir(folder).unwrap();
    }
    let path = from.join("day.csv");
    fs::write(
        &path,
        "time,icao24,lat,lon,geoaltitude\n0,4ca1b2,32.0,13.0,1000\n10,4ca1b2,32.02,13.0,1000\n",
    )
    .unwrap();
    for (folder, words) in [
        (None, "file = \"day.csv\""),
        (Some(&from), "file = \"day.csv\""),
        (Some(&into), "file = \"../from/day.csv\""),
        (Some(&below), "file = \"../day.csv\""),
        (Some(&place.path().to_owned()), "file = \"from/day.csv\""),
    ] {
        let piece = import(&path, folder.map(|folder| folder.as_path()), 50.0).unwrap();
        assert!(piece.toml.contains(words), "{words}\n{}", piece.toml);
        assert!(piece.toml.contains("[tracks.day]"), "{}", piece.toml);
    }
    // The loader finds it there.
    let piece = import(&path, Some(&into), 50.0).unwrap();
    fs::write(into.join("piece.toml"), piece.toml).unwrap();
    let path = into.join("s.toml");
    fs::write(&path, format!("include = [\"piece.toml\"]\n{REST}")).unwrap();
    let read = Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert_eq!(read.flights.len(), 1);
}
