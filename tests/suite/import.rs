//! Recorded tracks: flown as recorded, refused with line and column, reproducible from the results alone.

use std::fs;
use std::process::Command;

use crate::support;
use crate::support::{load, repository};
use deconflict::geodesy::{Frame, LatLon};

/// The plane of everything shipped.
fn to_plane(place: LatLon) -> deconflict::geometry::Point {
    Frame::about(LatLon {
        lat_deg: 32.60,
        lon_deg: 13.30,
    })
    .to_plane(place)
}
use deconflict::platform::Route;
use deconflict::record::{Detail, Fact, Replication};
use deconflict::scenario::{LoadError, Scenario};
use deconflict::simulation::{simulate, trajectories};
use deconflict::units::Millis;

const SAMPLE: &str = "scenarios/recorded-traffic.toml";

/// What the first comment of the scenario expects.
#[test]
fn the_sample_flies_as_its_first_comment_says() {
    let scenario = load(repository(SAMPLE), &[]);
    assert_eq!(scenario.flights.len(), 4);
    for index in 0..5 {
        let log = simulate(&scenario, Replication { seed: 1, index }, Detail::Measures);
        let departed = |fact: &Fact| matches!(fact, Fact::Departed { .. });
        assert_eq!(support::count(&log, departed), 4);
        let shot = |fact: &Fact| matches!(fact, Fact::ShotFired { .. });
        assert_eq!(support::count(&log, shot), 0);
    }
}

/// Every row of the file is where its aircraft is at the time of the row.
#[test]
fn every_row_is_flown() {
    let scenario = load(repository(SAMPLE), &[]);
    let flown = trajectories(&scenario, Replication { seed: 3, index: 7 });
    let text = fs::read_to_string(repository("scenarios/library/sample_traffic.csv")).unwrap();
    let start_s = scenario.start.as_second() as f64;
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |index: usize| fields[index].parse::<f64>().unwrap();
        let at = to_plane(LatLon {
            lat_deg: number(2),
            lon_deg: number(3),
        });
        let altitude_m = number(if fields[8].is_empty() { 7 } else { 8 });
        let time = Millis::from_seconds(number(0) - start_s);
        let here = scenario
            .flights
            .iter()
            .zip(&flown)
            .any(|(flight, trajectory)| {
                let place = trajectory.position(time);
                flight.name.contains(fields[1])
                    && (trajectory.departs()..=trajectory.lands()).contains(&time)
                    && (place.xy() - at).norm() < 1e-6
                    && (place.z - altitude_m).abs() < 1e-6
            });
        assert!(here, "{line}");
        rows += 1;
    }
    assert_eq!(rows, 130);
}

#[test]
fn shift_and_alignment_move_the_tracks() {
    let start = |overrides: &[&str]| {
        let scenario = load(repository(SAMPLE), overrides);
        trajectories(&scenario, Replication { seed: 1, index: 0 })[1].departs()
    };
    assert_eq!(start(&[]), Millis::from_seconds(60.0));
    assert_eq!(
        start(&["tracks.overflights.shift_s=90"]),
        Millis::from_seconds(150.0)
    );
    let align = "tracks.overflights.align.from_utc=2020-01-01T11:59:00Z";
    assert_eq!(start(&[align]), Millis::from_seconds(120.0));
    assert_eq!(
        start(&["tracks.overflights.align=first"]),
        Millis::from_seconds(60.0)
    );
    // What lies before the start is cut off, on the straight line between two rows.
    let scenario = load(repository(SAMPLE), &["tracks.overflights.shift_s=-5"]);
    let Route::Recorded(fixes) = &scenario.flights[0].route else {
        panic!("{:?}", scenario.flights[0].route)
    };
    let (a, b) = ((32.90, 12.20), (32.89390, 12.22236));
    let middle = [a, b].map(|(lat_deg, lon_deg)| to_plane(LatLon { lat_deg, lon_deg }));
    assert!((fixes[0].at - (middle[0] + middle[1]) / 2.0).norm() < 1e-6);
    assert_eq!(fixes[1].after_s, 5.0);
}

fn with_csv(rows: &str) -> Result<Scenario, LoadError> {
    let place = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(repository(SAMPLE)).unwrap();
    let text = text.replace("library/sample_traffic.csv", "traffic.csv");
    fs::write(place.path().join("traffic.csv"), rows).unwrap();
    fs::write(place.path().join("scenario.toml"), text).unwrap();
    Scenario::load(&place.path().join("scenario.toml"), &[])
}

/// Each fault with its line and column, all at once.
#[test]
fn faults_are_told_by_line_and_column() {
    let head = "time,icao24,lat,lon,geoaltitude\n";
    let good = "1577880000,a1,32.5,13.2,3000\n1577880010,a1,32.51,13.2,3000\n";
    assert!(with_csv(&format!("{head}{good}")).is_ok());
    for (rows, expected) in [
        (
            "1577880020,a1,91,13.2,3000\nx,a1,32.5,NaN,3000\n",
            vec![
                ("lat is \"91\"", 4, 15),
                ("time is \"x\"", 5, 1),
                ("lon is \"NaN\"", 5, 11),
            ],
        ),
        (
            "1577880005,a1,32.5,13.2,3000\n",
            vec![("not after the position", 4, 1)],
        ),
        (
            "1577880020,a1,32.6,13.2,3000\n",
            vec![("m/s; expected <= 300", 4, 1)],
        ),
        (
            "1577880120,a1,32.51,13.2,14000\n",
            vec![("ceiling_m", 4, 1)],
        ),
        (
            "1577880500,a1,32.51,13.2,3000\n",
            vec![("more than 120 s from every other", 4, 1)],
        ),
        (
            "1577880020,,32.51,13.2,\n",
            vec![("icao24 is empty", 4, 12), ("geoaltitude is empty", 4, 24)],
        ),
        ("1577880020,a1,0,0,3000\n", vec![("from the origin", 4, 1)]),
    ] {
        let error = with_csv(&format!("{head}{good}{rows}")).unwrap_err();
        assert_eq!(error.problems.len(), expected.len(), "{error}");
        for (words, line, column) in expected {
            let found = error.problems.iter().any(|problem| {
                let (name, at_line, at_column) = error.place(problem).unwrap();
                problem.message.contains(words)
                    && name.ends_with("traffic.csv")
                    && (at_line, at_column) == (line, column)
            });
            assert!(found, "{words} at {line}:{column} is not in\n{error}");
        }
    }
    for (rows, words) in [
        ("", "is empty"),
        (head, "no rows"),
        (
            "time,lat,lon\n1,2,3\n",
            "lacks the columns address, geoaltitude (or baroaltitude)",
        ),
    ] {
        let error = with_csv(rows).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// An override is read as if it stood in a file of the working folder; what is stored cannot be read anew.
#[test]
fn a_recording_named_by_an_override_is_read_or_refused() {
    let overrides = ["tracks.overflights.file=other.csv".to_owned()];
    let error = Scenario::load(&repository(SAMPLE), &overrides).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("cannot read other.csv: no such file"),
        "{error}"
    );
    let stored = Scenario::from_file(&load(repository(SAMPLE), &[]).file).unwrap();
    let error = stored.with("stored", &overrides).unwrap_err();
    assert!(
        error.to_string().contains("was read with the scenario"),
        "{error}"
    );
}

/// The results alone repeat a replication: the recording may be gone.
#[test]
fn a_run_is_repeated_from_its_folder_without_the_recording() {
    let place = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(repository(SAMPLE)).unwrap();
    let csv = fs::read_to_string(repository("scenarios/library/sample_traffic.csv")).unwrap();
    let text = text.replace("library/sample_traffic.csv", "traffic.csv");
    fs::write(place.path().join("scenario.toml"), text).unwrap();
    fs::write(place.path().join("traffic.csv"), csv).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_deconflict"))
            .current_dir(place.path())
            .args(arguments)
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{message}");
        message
    };
    run(&["run", "scenario.toml", "-n", "5", "--out", "results"]);
    run(&[
        "run",
        "scenario.toml",
        "--replication",
        "3",
        "--acmi",
        "a.acmi",
        "--events",
        "a.csv",
    ]);
    fs::remove_file(place.path().join("traffic.csv")).unwrap();
    let from = ["run", "--from", "results", "--replication", "3"];
    let message = run(&[&from[..], &["--acmi", "b.acmi", "--events", "b.csv"]].concat());
    assert!(message.contains("The same in every column"), "{message}");
    for (one, other) in [("a.acmi", "b.acmi"), ("a.csv", "b.csv")] {
        let read = |name: &str| fs::read(place.path().join(name)).unwrap();
        assert!(read(one) == read(other), "{one} is not {other}");
    }
}
