//! Replays: what viewers are given is what was simulated, read back by readers that are not ours where there are any.

use std::fs;
use std::process::Command;

use crate::support;
use crate::support::{load, repository};
use deconflict::geodesy::{Frame, LatLon};
use deconflict::output::{Replay, ReplayFormat, write_replay};
use deconflict::record::{Detail, Fact, Replication};
use deconflict::scenario::Scenario;
use deconflict::simulation::{simulate, trajectories};
use deconflict::units::Millis;
use proptest::prelude::*;

/// The plane of everything shipped.
fn to_plane(place: LatLon) -> deconflict::geometry::Point {
    Frame::about(LatLon {
        lat_deg: 32.60,
        lon_deg: 13.30,
    })
    .to_plane(place)
}

fn night() -> Scenario {
    load(repository("tests/suite/support/night.toml"), &[])
}

fn written(scenario: &Scenario, index: u64, step: Millis, format: ReplayFormat) -> String {
    let replication = Replication { seed: 1, index };
    let log = simulate(scenario, replication, Detail::Decisive);
    let flown = trajectories(scenario, replication);
    let replay = Replay::new(scenario, &log, &flown, step, None);
    let mut bytes = Vec::new();
    write_replay(&mut bytes, format, &replay).unwrap();
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Positions that stand in the recording, parsed by hand, are the simulated ones at its times, to the rounding: 1e-7
    /// degrees and 1 cm.
    #[test]
    fn exported_positions_are_the_simulated_ones(index in 0u64..1000, step_ms in 500i64..60_000) {
        let scenario = night();
        let replication = Replication { seed: 1, index };
        let log = simulate(&scenario, replication, Detail::Decisive);
        let flown = trajectories(&scenario, replication);
        let text = written(&scenario, index, Millis(step_ms), ReplayFormat::Acmi);
        let mut now = 0.0;
        let mut names = std::collections::HashMap::new();
        let mut seen = 0;
        for line in text.lines().skip(2) {
            if let Some(time_s) = line.strip_prefix('#') {
                now = time_s.parse().unwrap();
                continue;
            }
            let Some((id, properties)) = line.split_once(",T=") else { continue };
            let mut properties = properties.split(',');
            let coords: Vec<f64> = properties.next().unwrap().split('|')
                .map(|number| number.parse().unwrap()).collect();
            if let Some(name) = properties.find_map(|text| text.strip_prefix("CallSign=")) {
                names.insert(id, name);
            }
            let sorties = log.sorties.iter();
            let Some(aircraft) = sorties.enumerate().find_map(|(at, sortie)| {
                (names.get(id) == Some(&sortie.name.as_str())).then_some(at)
            }) else { continue };
            let at = to_plane(LatLon { lat_deg: coords[1], lon_deg: coords[0] });
            let true_place = flown[aircraft].position(Millis::from_seconds(now));
            prop_assert!((at - true_place.xy()).norm() < 0.02);
            prop_assert!((coords[2] - true_place.z).abs() < 0.01);
            seen += 1;
        }
        prop_assert!(seen >= 4, "{} positions", seen);
    }
}

/// The log of a replication, its shots and its shootdowns are in each of the three files.
#[test]
fn shots_and_losses_are_in_every_file() {
    let scenario = night();
    let (mut shots, mut losses) = (0, 0);
    for index in 0..20 {
        let log = simulate(&scenario, Replication { seed: 1, index }, Detail::Decisive);
        let fired = support::count(&log, |fact| matches!(fact, Fact::ShotFired { .. }));
        let lost = support::count(&log, |fact| matches!(fact, Fact::Destroyed { .. }));
        (shots, losses) = (shots + fired, losses + lost);

        let acmi = written(&scenario, index, Millis(10_000), ReplayFormat::Acmi);
        let destroyed = acmi.matches("0,Event=Destroyed|").count();
        let missiles = acmi.matches(",Type=Weapon+Missile,").count();
        assert_eq!((missiles, destroyed), (fired, lost));

        let text = written(&scenario, index, Millis(10_000), ReplayFormat::GeoJson);
        let collection: geojson::FeatureCollection = text.parse().unwrap();
        let kind = |word: &str| {
            let of_kind = |feature: &&geojson::Feature| {
                feature.property("kind").and_then(|kind| kind.as_str()) == Some(word)
            };
            collection.features.iter().filter(of_kind).count()
        };
        assert_eq!((kind("shot"), kind("aircraft")), (fired, log.sorties.len()));
        assert_eq!(kind("site"), log.sites.len());
        for feature in &collection.features {
            let times = feature
                .property("coordTimes")
                .and_then(|times| times.as_array());
            let geometry = &feature.geometry.as_ref().unwrap().value;
            if let geojson::GeometryValue::LineString { coordinates } = geometry {
                assert_eq!(times.unwrap().len(), coordinates.len());
                assert!(coordinates.iter().all(|place| place.as_slice().len() == 3));
            }
        }

        let text = written(&scenario, index, Millis(10_000), ReplayFormat::Kml);
        let read: kml::Kml = text.parse().unwrap();
        let mut placemarks = Vec::new();
        gather(&read, &mut placemarks);
        let named = |part: &str| placemarks.iter().filter(|name| name.contains(part)).count();
        assert_eq!(named(", shot "), fired);
        assert_eq!(text.matches("<gx:Track>").count(), log.sorties.len());
        assert_eq!(
            text.matches("<when>").count(),
            text.matches("<gx:coord>").count() + text.matches("<TimeStamp>").count()
        );
    }
    assert!(shots > 10 && losses > 5, "{shots} shots, {losses} losses");
}

fn gather(kml: &kml::Kml, names: &mut Vec<String>) {
    match kml {
        kml::Kml::KmlDocument(document) => document.elements.iter().for_each(|e| gather(e, names)),
        kml::Kml::Document { elements, .. } => elements.iter().for_each(|e| gather(e, names)),
        kml::Kml::Folder(folder) => folder.elements.iter().for_each(|e| gather(e, names)),
        kml::Kml::Placemark(placemark) => names.extend(placemark.name.clone()),
        _ => {}
    }
}

/// Two aircraft, one replication, every byte; and the same bytes again.
#[test]
fn a_small_recording_is_the_golden_one() {
    let text = written(&night(), 0, Millis(300_000), ReplayFormat::Acmi);
    assert_eq!(
        text,
        written(&night(), 0, Millis(300_000), ReplayFormat::Acmi)
    );
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let golden =
        fs::read_to_string(repository("tests/suite/support/night.acmi")).unwrap_or_default();
    assert_eq!(
        text, golden,
        "if the change is meant, write it to tests/suite/support/night.acmi"
    );
}

#[test]
fn the_command_line_writes_all_three_and_refuses_what_it_should() {
    let place = tempfile::tempdir().unwrap();
    let scenario = repository("tests/suite/support/night.toml");
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_deconflict"))
            .current_dir(place.path())
            .arg("run")
            .arg(&scenario)
            .args(arguments)
            .output()
            .unwrap()
    };
    let three = [
        "-n",
        "1",
        "--acmi",
        "a.acmi",
        "--kml",
        "a.kml",
        "--geojson",
        "a.geojson",
    ];
    assert!(run(&three).status.success());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3);
    for (arguments, word) in [
        (&three[..], "--force"),
        (
            &["-n", "2", "--acmi", "b.acmi"],
            "--acmi writes one replication",
        ),
        (&["-n", "1", "--kml", "b.acmi"], ".kml"),
        (
            &["-n", "1", "--kml", "b.kml", "--seen-by", "nowhere"],
            "south-east",
        ),
        (&["-n", "1", "--seen-by", "south-east"], "--seen-by is for"),
    ] {
        let output = run(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(word), "{message}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3);
}

/// What a site identified an aircraft as is told for every instant of its track in KML, at each change in ACMI and GeoJSON.
#[test]
fn identity_over_time_is_that_of_the_log() {
    let scenario = night();
    let replication = Replication { seed: 1, index: 0 };
    let log = simulate(&scenario, replication, Detail::Full);
    let flown = trajectories(&scenario, replication);
    let replay = Replay::new(&scenario, &log, &flown, Millis(5_000), Some("south-east"));
    let text = |format| {
        let mut bytes = Vec::new();
        write_replay(&mut bytes, format, &replay).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let (kml, acmi) = (text(ReplayFormat::Kml), text(ReplayFormat::Acmi));
    let geojson: serde_json::Value = serde_json::from_str(&text(ReplayFormat::GeoJson)).unwrap();
    let mut changes = 0;
    for (number, sortie) in log.sorties.iter().enumerate() {
        // From the log: when the one site changed its mind, and when it lost the track.
        let mut held: Vec<(Millis, &str)> = Vec::new();
        for event in &log.events {
            if event
                .fact
                .aircraft()
                .is_none_or(|aircraft| aircraft.index() != number)
            {
                continue;
            }
            match event.fact {
                Fact::IdentityChanged { to, .. } => held.push((event.time, to.code())),
                Fact::TrackEnded { .. } if held.last().is_some_and(|last| !last.1.is_empty()) => {
                    held.push((event.time, ""))
                }
                _ => {}
            }
        }
        changes += held.len();
        let (_, track) = kml
            .split_once(&format!("<name>{}</name>", sortie.name))
            .unwrap();
        let (track, _) = track.split_once("</gx:Track>").unwrap();
        let between = |from: &str, to: &str| -> Vec<String> {
            let parts = track.split(from).skip(1);
            parts
                .map(|part| part.split_once(to).unwrap().0.to_owned())
                .collect()
        };
        let (times, values) = (
            between("<when>", "</when>"),
            between("<gx:value>", "</gx:value>"),
        );
        assert_eq!(values.len(), if held.is_empty() { 0 } else { times.len() });
        for (time, value) in times.iter().zip(&values) {
            let time: jiff::Timestamp = time.parse().unwrap();
            let after = Millis(time.as_millisecond() - scenario.start.as_millisecond());
            let now = held
                .iter()
                .rfind(|(since, _)| *since <= after)
                .map_or("", |(_, code)| code);
            assert_eq!(value, now, "{} at {time}", sortie.name);
        }
        let feature = geojson["features"].as_array().unwrap().iter();
        let feature = feature
            .clone()
            .find(|one| {
                one["properties"]["kind"] == "aircraft"
                    && one["properties"]["name"] == sortie.name.as_str()
            })
            .unwrap();
        let told = feature["properties"]["identified"]
            .as_array()
            .unwrap()
            .iter();
        let told: Vec<String> = told
            .map(|one| one["identity"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(
            told,
            held.iter()
                .map(|(_, code)| (*code).to_owned())
                .collect::<Vec<_>>()
        );
    }
    assert!(changes > 0);
    assert_eq!(acmi.matches(",Label=").count(), changes);
    // Without a site of one's choice there is no label to show.
    assert!(!written(&scenario, 0, Millis(5_000), ReplayFormat::Acmi).contains("Label="));
}

/// Viewers are told what flies.
#[test]
fn kinds_of_aircraft_are_told() {
    for (kind, told) in [
        ("fixed_wing", "Type=Air+FixedWing,"),
        ("rotorcraft", "Type=Air+Rotorcraft,"),
        ("uav", "Type=Air+FixedWing+UAV,"),
        ("uav_rotorcraft", "Type=Air+Rotorcraft+UAV,"),
    ] {
        let path = repository("tests/suite/support/night.toml");
        let scenario = load(path, &[&format!("aircraft.point.kind={kind}")]);
        let acmi = written(&scenario, 0, Millis(60_000), ReplayFormat::Acmi);
        assert!(acmi.contains(told), "{kind}: {acmi}");
    }
}
