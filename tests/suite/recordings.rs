//! Recordings as the world has them: what is odd in them, how they are written, and that no row is lost in silence.

use std::fs;
use std::io::Write;
use std::path::Path;

use deconflict::platform::Start;
use deconflict::scenario::recorded::Account;
use deconflict::scenario::{LoadError, Scenario};
use flate2::Compression;
use flate2::write::GzEncoder;

const WORLD: &str = r#"title = "A recording"
start_utc = "2020-01-01T12:00:00Z"
duration_h = 1

[sides.north]
[sides.civil]

[relations.north]
civil = "neutral"

[aircraft.traffic]
cruise_mps = 100
altitude_m = 1000
max_speed_mps = 300
rcs_m2 = 20

[aircraft.glider]
cruise_mps = 30
altitude_m = 1000
rcs_m2 = 2

[site_classes.radar]
sensor = { model.disc = { range_m = 40_000, detection = 1 }, scan_s = 10 }
tracker = { confirm_hits = 1, confirm_scans = 1, drop_misses = 3 }
identification.over = "affiliations"
identification.interval_s = 30

[site_classes.radar.identification.actual]
friend = { friend = 1 }
neutral = { neutral = 1 }
hostile = { hostile = 1 }

[sites.radar]
class = "radar"
side = "north"
position.at = { lat = 48, lon = 11 }

[tracks.t]
aircraft = "traffic"
side = "civil"
"#;

/// A minute of an aircraft on its way east, 80 m/s, a row every 10 s.
fn rows(address: &str, from_s: i64) -> Vec<String> {
    let row = |step: i64| {
        let time = 1_577_880_000 + from_s + 10 * step;
        let lon = 11.0 + 0.01074 * step as f64;
        format!("{time},{address},48.00000,{lon:.5},1500")
    };
    (0..7).map(row).collect()
}

const HEADER: &str = "time,icao24,lat,lon,geoaltitude";

/// The scenario with a recording of this name and these bytes, and what its table says besides.
fn with(name: &str, bytes: &[u8], keys: &str) -> Result<Scenario, LoadError> {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join(name), bytes).unwrap();
    let text = format!("{WORLD}file = {name:?}\n{keys}\n");
    let path = place.path().join("s.toml");
    fs::write(&path, text).unwrap();
    Scenario::load(&path, &[])
}

fn csv(header: &str, rows: &[String], keys: &str) -> Result<Scenario, LoadError> {
    let text = format!("{header}\n{}\n", rows.join("\n"));
    with("t.csv", text.as_bytes(), keys)
}

fn account(scenario: Result<Scenario, LoadError>) -> Account {
    let scenario = scenario.unwrap_or_else(|error| panic!("{}", error.render(false)));
    let account = scenario.recordings["t"].clone();
    let gone = account.on_ground + account.merged + account.outside;
    let dropped: u64 = account.dropped.values().sum();
    assert_eq!(account.read, account.flown + gone + dropped, "{account:?}");
    account
}

#[test]
fn what_is_broken_in_form_is_refused_with_its_line() {
    for (line, row, words) in [
        (5, "1577880030,a1,48,11.03,1500,\"MADE", "quotation mark"),
        (5, "\"1577880030,a1,48,11.03,1500,x", "quotation mark"),
        (4, "1577880020,a1,48,11.02,1500,x,y", "7 fields; expected 6"),
        (8, "1577880060,a1,48,11.06", "4 fields; expected 6"),
    ] {
        let mut all: Vec<String> = rows("a1", 0).iter().map(|row| format!("{row},x")).collect();
        all[line - 2] = row.to_owned();
        // No leave to drop heals it.
        for keys in ["", "on_fault = \"drop\""] {
            let error = csv(&format!("{HEADER},callsign"), &all, keys).unwrap_err();
            assert_eq!(error.problems.len(), 1, "{error}");
            let (file, at, _) = error.place(&error.problems[0]).unwrap();
            assert!(file.ends_with("t.csv") && at == line, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
    for (header, words) in [
        ("time,icao24,lat,lon,geoaltitude,LAT", "\"lat\" twice"),
        (
            "time,icao24,lat,lon,geoaltitude,latitude",
            "lat and latitude",
        ),
        (
            "time,icao24,lat,lon,height,x",
            "geoaltitude (or baroaltitude)",
        ),
    ] {
        let all: Vec<String> = rows("a1", 0).iter().map(|row| format!("{row},x")).collect();
        let error = csv(header, &all, "").unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.place(&error.problems[0]).unwrap().1, 1);
    }
    let error = with("t.csv", b"<kml></kml>\n", "").unwrap_err();
    assert!(error.to_string().contains("looks like XML"), "{error}");
    let error = with("t.kml", b"<kml></kml>\n", "").unwrap_err();
    assert!(error.to_string().contains("ends in .csv"), "{error}");
    let error = with(
        "t.csv",
        b"time,icao24,lat,lon,geoaltitude\n1,\xff,1,1,1\n",
        "",
    )
    .unwrap_err();
    assert!(error.to_string().contains("row 2 is not UTF-8"), "{error}");
}

/// One odd row or more in seven good ones: refused, with the line, or left out and counted.
#[test]
fn what_is_odd_is_refused_or_counted() {
    let good = rows("a1", 0);
    assert_eq!(account(csv(HEADER, &good, "")).flown, 7);
    let inserted = |at: usize, row: &str| {
        let mut all = good.clone();
        all.insert(at, row.to_owned());
        all
    };
    let replaced = |at: usize, from: &str, to: &str| {
        let mut all = good.clone();
        assert!(all[at].contains(from));
        all[at] = all[at].replacen(from, to, 1);
        all
    };
    for (kind, header, all, line, flown) in [
        ("unreadable", HEADER, replaced(3, "48.00000", "north"), 5, 6),
        ("unreadable", HEADER, replaced(3, "48.00000", "91"), 5, 6),
        ("no_altitude", HEADER, replaced(2, "1500", ""), 4, 6),
        ("equal", HEADER, inserted(3, &good[2]), 5, 7),
        (
            "conflict",
            HEADER,
            inserted(3, "1577880020,a1,48.1,11.2,1500"),
            5,
            7,
        ),
        ("climb", HEADER, replaced(3, "1500", "12900"), 5, 6),
        ("jump", HEADER, replaced(3, "48.00000", "48.5"), 5, 6),
        ("jump", HEADER, replaced(0, "48.00000", "48.5"), 3, 6),
        (
            "lone",
            HEADER,
            inserted(7, "1577882000,a1,48,11.1,1500"),
            9,
            7,
        ),
        (
            "far",
            HEADER,
            replaced(3, "48.00000,11.03222", "10.0,60.0"),
            5,
            6,
        ),
        (
            "order",
            HEADER,
            {
                let mut all = good.clone();
                all.swap(2, 3);
                all
            },
            5,
            7,
        ),
    ] {
        let refused = csv(header, &all, "").unwrap_err();
        // The first of a flight that jumps is alone besides.
        let count = if (kind, line) == ("jump", 3) { 2 } else { 1 };
        assert_eq!(refused.problems.len(), count, "{kind}: {refused}");
        let problem = &refused.problems[count - 1];
        let (file, at, _) = refused.place(problem).unwrap();
        assert!(
            file.ends_with("t.csv") && at == line,
            "{kind} in {line}: {refused}"
        );
        assert!(
            problem.help.as_deref().unwrap().contains("on_fault"),
            "{kind}"
        );
        let account = account(csv(header, &all, "on_fault = \"drop\""));
        assert_eq!(account.read, all.len() as u64, "{kind}");
        assert_eq!(account.flown, flown, "{kind}: {account:?}");
        match kind {
            "equal" => assert_eq!(account.merged, 1),
            "order" => assert_eq!(account.ordered, 1),
            // The first row lies elsewhere: what follows is another flight, and it is alone.
            "jump" if line == 3 => assert_eq!(account.dropped["lone"], 1),
            kind => assert_eq!(account.dropped[kind], 1, "{account:?}"),
        }
    }
}

#[test]
fn equal_faults_are_told_once_with_their_number() {
    let all: Vec<String> = rows("a1", 0)
        .iter()
        .map(|row| row.replace("1500", ""))
        .collect();
    let error = csv(HEADER, &all, "").unwrap_err();
    assert_eq!(error.problems.len(), 1, "{error}");
    assert!(
        error
            .to_string()
            .contains("and 6 more rows like it, to row 8"),
        "{error}"
    );
    // Everything at once, also what is wrong with the scenario.
    let error = csv(HEADER, &all, "max_gap_s = -1").unwrap_err();
    assert!(error.to_string().contains("max_gap_s"), "{error}");
}

#[test]
fn positions_that_are_sent_again_are_stale() {
    let header = "time,icao24,lat,lon,velocity,geoaltitude";
    let repeated = |speed: &str, heard: bool| -> Vec<String> {
        (0..20)
            .map(|second| {
                let lon = 11.0 + 0.0107 * f64::from(second / 5);
                let heard = match heard {
                    true => format!(",{}", 1_577_880_000 + second / 5 * 5),
                    false => String::new(),
                };
                format!(
                    "{},a1,48,{lon:.4},{speed},1500{heard}",
                    1_577_880_000 + second
                )
            })
            .collect()
    };
    let drop = "on_fault = \"drop\"";
    for (header, all) in [
        (header.to_owned(), repeated("160", false)),
        (format!("{header},lastposupdate"), repeated("0", true)),
    ] {
        assert!(
            csv(&header, &all, "")
                .unwrap_err()
                .to_string()
                .contains("sent again")
        );
        let account = account(csv(&header, &all, drop));
        assert_eq!((account.flown, account.dropped["stale"]), (4, 16));
    }
    // A helicopter that hovers is where it is.
    let hovering: Vec<String> = (0..20)
        .map(|second| format!("{},a1,48,11,0,1500", 1_577_880_000 + second))
        .collect();
    assert_eq!(account(csv(header, &hovering, "")).flown, 20);
}

#[test]
fn the_ground_ends_a_flight_and_is_not_flown() {
    let mut all: Vec<String> = rows("a1", 0)
        .iter()
        .map(|row| format!("{row},False"))
        .collect();
    all.extend((7..10).map(|step| format!("{},a1,48,11.07,,True", 1_577_880_000 + 10 * step)));
    all.extend(rows("a1", 100).iter().map(|row| format!("{row},0")));
    let header = format!("{HEADER},onground");
    let scenario = csv(&header, &all, "").unwrap();
    assert_eq!(scenario.flights.len(), 2);
    let account = account(Ok(scenario));
    assert_eq!((account.flown, account.on_ground), (14, 3));
    let parked: Vec<String> = (0..9)
        .map(|step| format!("{},a1,48,11,0,True", 1_577_880_000 + step))
        .collect();
    let error = csv(&header, &parked, "").unwrap_err();
    assert!(error.to_string().contains("9 on the ground"), "{error}");
}

#[test]
fn a_flight_has_its_altitude_from_one_source() {
    let header = "time,icao24,lat,lon,geoaltitude,baroaltitude";
    let all: Vec<String> = rows("a1", 0)
        .iter()
        .enumerate()
        .map(|(index, row)| match index {
            3 => row.replace("1500", ",1400"),
            5 | 6 => format!("{row},"),
            _ => format!("{row},1400"),
        })
        .collect();
    let scenario = csv(header, &all, "").unwrap();
    let deconflict::platform::Route::Recorded(fixes) = &scenario.flights[0].route else {
        panic!()
    };
    assert!(
        fixes.iter().all(|fix| fix.altitude_m == 1500.0),
        "{fixes:?}"
    );
    assert_eq!(account(Ok(scenario)).interpolated, 1);
}

#[test]
fn what_looks_like_another_unit_is_named() {
    let header = "time,icao24,lat,lon,geoaltitude,baroaltitude,velocity";
    let all: Vec<String> = (0..30)
        .map(|step| {
            let lon = 11.0 + 0.01074 * f64::from(step);
            format!(
                "{},a1,48,{lon:.5},4921,1500,155.5",
                1_577_880_000 + 10 * step
            )
        })
        .collect();
    let account = account(csv(header, &all, ""));
    assert_eq!(account.suspicions.len(), 2, "{account:?}");
    assert!(account.suspicions[0].contains("3.28"), "{account:?}");
    assert!(account.suspicions[1].contains("knots"), "{account:?}");
    let knots = "units.speed = \"kt\"";
    let account = account_of_suspicions(csv(header, &all, knots));
    assert_eq!(account, 1);
}

fn account_of_suspicions(scenario: Result<Scenario, LoadError>) -> usize {
    account(scenario).suspicions.len()
}

/// Wherever the same positions stand, and however, they are flown the same.
#[test]
fn every_form_of_the_same_recording_is_the_same() {
    let good = rows("a1", 0);
    let text = format!("{HEADER}\n{}\n", good.join("\n"));
    let reference = csv(HEADER, &good, "").unwrap();
    let same = |name: &str, bytes: &[u8], keys: &str| {
        let scenario = with(name, bytes, keys);
        let scenario = scenario.unwrap_or_else(|error| panic!("{name}: {}", error.render(false)));
        for (one, other) in reference.flights.iter().zip(&scenario.flights) {
            let (
                deconflict::platform::Route::Recorded(one),
                deconflict::platform::Route::Recorded(other),
            ) = (&one.route, &other.route)
            else {
                panic!()
            };
            assert_eq!(one.len(), other.len(), "{name} {keys}");
            for (one, other) in one.iter().zip(other) {
                assert_eq!(one.after_s, other.after_s, "{name} {keys}");
                assert!((one.at - other.at).norm() < 0.1, "{name} {keys}");
                assert!(
                    (one.altitude_m - other.altitude_m).abs() < 0.2,
                    "{name} {keys}"
                );
            }
        }
        assert_eq!(scenario.flights.len(), 1, "{name}");
        assert_eq!(account(Ok(scenario)).flown, 7, "{name}");
    };
    same("t.csv", text.replace('\n', "\r\n").as_bytes(), "");
    same("t.csv", format!("\u{feff}{text}").as_bytes(), "");
    same("t.csv", text.replace(',', ";").as_bytes(), "");
    same(
        "t.csv",
        text.replace('.', "_")
            .replace(',', ";")
            .replace('_', ",")
            .as_bytes(),
        "",
    );
    same("t.tsv", text.replace(',', "\t").as_bytes(), "");
    same(
        "t.csv",
        text.replace(',', "|").as_bytes(),
        "separator = \"|\"",
    );
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    same("t.csv.gz", &packed.finish().unwrap(), "");
    let fields = |row: &String| -> Vec<String> { row.split(',').map(str::to_owned).collect() };
    let seconds = |row: &[String]| row[0].parse::<i64>().unwrap();
    let feet = |row: &[String]| format!("{:.1}", row[4].parse::<f64>().unwrap() / 0.3048);
    let utc = |row: &[String]| {
        jiff::Timestamp::from_second(seconds(row))
            .unwrap()
            .to_string()
    };
    // As a library of air traffic writes it.
    let other: Vec<String> = good
        .iter()
        .map(fields)
        .map(|row| {
            format!(
                "{},{},{},{},155,{},\"MADE, UP\"",
                utc(&row).replace('T', " ").replace('Z', "+00:00"),
                row[1].to_uppercase(),
                row[2],
                row[3],
                feet(&row)
            )
        })
        .collect();
    let header = "timestamp,icao24,latitude,longitude,groundspeed,altitude,callsign";
    let text = format!("{header}\n{}\n", other.join("\n"));
    same("t.csv", text.as_bytes(), "units.altitude = \"ft\"");
    let error = with("t.csv", text.as_bytes(), "").unwrap_err();
    assert!(
        error.to_string().contains("in feet or in metres"),
        "{error}"
    );
    // Under any names.
    let named = text
        .replace("timestamp", "wann")
        .replace("icao24", "wer")
        .replace("latitude", "breite")
        .replace("longitude", "laenge")
        .replace("altitude", "hoehe");
    same(
        "t.csv",
        named.as_bytes(),
        "units.altitude = \"ft\"\ncolumns = { time = \"wann\", address = \"wer\", lat = \"Breite\", lon = \"laenge\", baroaltitude = \"hoehe\" }",
    );
    let error = with("t.csv", named.as_bytes(), "columns.time = \"when\"").unwrap_err();
    assert!(error.to_string().contains("when (columns.time)"), "{error}");
    // JSON: records, a table by column, a trace of readsb.
    let records: Vec<String> = good.iter().map(fields).map(|row| {
        format!("{{\"timestamp\":{}000,\"icao24\":\"a1\",\"latitude\":{},\"longitude\":{},\"altitude\":{},\"onground\":false}}", row[0], row[2], row[3], feet(&row))
    }).collect();
    same(
        "t.json",
        format!("[{}]", records.join(",\n")).as_bytes(),
        "units.altitude = \"ft\"",
    );
    let column = |key: &str, value: &dyn Fn(&[String]) -> String| {
        let values: Vec<String> = good
            .iter()
            .map(fields)
            .enumerate()
            .map(|(index, row)| format!("\"{index}\":{}", value(&row)))
            .collect();
        format!("\"{key}\":{{{}}}", values.join(","))
    };
    let columns = [
        column("time", &|row| row[0].clone()),
        column("icao24", &|_| "\"a1\"".to_owned()),
        column("lat", &|row| row[2].clone()),
        column("lon", &|row| row[3].clone()),
        column("geoaltitude", &|row| row[4].clone()),
    ];
    same(
        "t.json",
        format!("{{{}}}", columns.join(",")).as_bytes(),
        "",
    );
    let trace: Vec<String> = good
        .iter()
        .map(fields)
        .map(|row| {
            format!(
                "[{}.5,{},{},4900,155.0,90.0,0,0,null,\"adsb_icao\",{}]",
                seconds(&row) - 1_577_880_000,
                row[2],
                row[3],
                feet(&row)
            )
        })
        .collect();
    same(
        "t.json",
        format!(
            "{{\"icao\":\"a1\",\"timestamp\":1577879999.5,\"trace\":[{}]}}",
            trace.join(",")
        )
        .as_bytes(),
        "",
    );
    // ACMI, with what does not fly in it; GPX.
    let mut acmi = "FileType=text/acmi/tacview\nFileVersion=2.2\n0,ReferenceTime=2020-01-01T12:00:00Z\n9,T=11|48|0,Type=Ground+AntiAircraft\na1,Type=Air+FixedWing,Name=Made\\, up\n".to_owned();
    let mut points = String::new();
    for row in good.iter().map(fields) {
        acmi.push_str(&format!(
            "#{}\na1,T={}|{}|{}\n",
            seconds(&row) - 1_577_880_000,
            row[3],
            row[2],
            row[4]
        ));
        points.push_str(&format!(
            "<trkpt lat=\"{}\" lon=\"{}\"><ele>{}</ele><time>{}</time></trkpt>\n",
            row[2],
            row[3],
            row[4],
            utc(&row)
        ));
    }
    same("t.acmi", acmi.as_bytes(), "");
    let gpx = format!(
        "<?xml version=\"1.0\"?>\n<gpx version=\"1.1\"><trk><name>x</name><trkseg>{points}</trkseg></trk></gpx>"
    );
    same("t.gpx", gpx.as_bytes(), "");
    let timeless = gpx.replace("<trkseg>", "<trkseg><trkpt lat=\"48\" lon=\"11\"/>");
    let error = with("t.gpx", timeless.as_bytes(), "").unwrap_err();
    assert!(error.to_string().contains("point 1 has no time"), "{error}");
    let kept = account(with("t.gpx", timeless.as_bytes(), "on_fault = \"drop\""));
    assert_eq!((kept.read, kept.flown), (8, 7));
    for (name, bytes) in [
        ("t.json", "[1]"),
        ("t.json", "{}"),
        ("t.acmi", "time,lat\n"),
        ("t.gpx", "<kml/>"),
        ("t.gpx", "<gpx><trk>"),
    ] {
        let error = with(name, bytes.as_bytes(), "").unwrap_err();
        assert!(
            error.to_string().contains("cannot read") || error.to_string().contains("row 1"),
            "{name} {bytes}: {error}"
        );
    }
}

#[test]
fn tracks_say_what_flights_say() {
    let mut all = rows("a1", 0);
    all.extend(rows("b2", 0));
    let scenario = csv(HEADER, &all, "").unwrap();
    let transponder = |index: usize| scenario.flights[index].equipment.transponder;
    assert_eq!(
        transponder(0).map(|one| one.on),
        Some(1.0),
        "they were recorded by it"
    );
    let keys = r#"
equipment.transponder.on = 0.5
objective = { at = { lat = 48, lon = 11.06 }, radius_m = 500 }
plan = { addressees = ["cell"], notice_s = 600 }
of.b2 = { aircraft = "glider", side = "north", equipment = {}, plan = { addressees = [], notice_s = 0 } }
[nodes.cell]
side = "north""#;
    let scenario = csv(HEADER, &all, keys).unwrap();
    let [one, other] = scenario.flights.as_slice() else {
        panic!()
    };
    assert_eq!(one.equipment.transponder.map(|one| one.on), Some(0.5));
    assert_eq!(other.equipment.transponder, None);
    assert!(
        one.objective.is_some()
            && one
                .plan
                .as_ref()
                .is_some_and(|plan| plan.addressees.len() == 1)
    );
    assert!(
        other
            .plan
            .as_ref()
            .is_some_and(|plan| plan.addressees.is_empty())
    );
    assert_eq!(scenario.types[other.type_id.index()].name, "glider");
    assert_eq!(scenario.cast.sides[other.side.index()], "north");
    for (keys, words) in [
        ("of.zz = {}", "is the address of nobody"),
        ("of.b2.aircraft = \"balloon\"", "not an aircraft type"),
        (
            "plan = { addressees = [\"nobody\"], notice_s = 0 }",
            "not a node",
        ),
    ] {
        let error = csv(HEADER, &all, keys).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// A folder of results has a recording once, beside its manifest; without it, or with another, nothing is read.
#[test]
fn a_recording_is_kept_once_by_its_checksum() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::write(
        at("t.csv"),
        format!("{HEADER}\n{}\n", rows("a1", 0).join("\n")),
    )
    .unwrap();
    fs::write(at("s.toml"), format!("{WORLD}file = \"t.csv\"\n")).unwrap();
    fs::write(at("e.toml"), "title = \"E\"\nscenario = \"s.toml\"\nmeasures = [\"lost_per_sortie[side=civil]\"]\nstop.fixed = { replications = 2 }\n[levers.gap]\npath = \"tracks.t.max_gap_s\"\nvalues = [60, 120]\n").unwrap();
    let run = |arguments: &[&str]| {
        let command = std::process::Command::new(env!("CARGO_BIN_EXE_deconflict"))
            .current_dir(place.path())
            .args(arguments)
            .output()
            .unwrap();
        (
            command.status.code(),
            String::from_utf8_lossy(&command.stderr).into_owned(),
        )
    };
    let kept = |folder: &Path| -> Vec<String> {
        let names = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.starts_with("recording-"))
            .collect()
    };
    for (command, file, cells) in [("run", "s.toml", 1), ("sweep", "e.toml", 2)] {
        assert_eq!(run(&[command, file, "--out", command]).0, Some(0));
        let names = kept(&at(command));
        assert_eq!(names.len(), 1);
        let manifest = fs::read_to_string(at(command).join("manifest.json")).unwrap();
        assert_eq!(manifest.matches(&names[0]).count(), cells);
        assert_eq!(
            manifest.matches("\"flown\": 7").count(),
            cells,
            "{manifest}"
        );
        assert_eq!(run(&["reproduce", command]).0, Some(0));
        // Ours, recording and all, so it may be replaced.
        assert_eq!(
            run(&[command, file, "--out", command, "--force"]).0,
            Some(0)
        );
        let recording = at(command).join(&names[0]);
        let text = fs::read_to_string(&recording).unwrap();
        fs::write(&recording, text.replacen("a1", "a2", 1)).unwrap();
        let (code, told) = run(&["reproduce", command]);
        assert!(code != Some(0) && told.contains(&names[0]), "{told}");
        fs::remove_file(&recording).unwrap();
        let (code, told) = run(&["reproduce", command]);
        assert!(code != Some(0) && told.contains(&names[0]), "{told}");
    }
}

/// Of a recording outside the folder of the scenario and the working folder nothing is told but that it does not fit.
#[test]
fn what_stands_in_a_file_elsewhere_is_not_told() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (name, text) in [
        (
            "t.csv",
            "time,icao24,secret,lon,geoaltitude\n1,secret,2,3,4\n",
        ),
        (
            "t.csv",
            "time,icao24,lat,lon,geoaltitude\n1,a1,secret,3,4\n",
        ),
        ("t.csv", "secret\n"),
        ("t.json", "\"secret\""),
        ("t.json", "[{\"secret\": 1}]"),
        (
            "t.json",
            "[{\"time\":1,\"icao24\":\"a1\",\"lat\":\"secret\",\"lon\":3,\"geoaltitude\":4}]",
        ),
        ("t.acmi", "secret\n"),
        ("t.gpx", "<secret>\n"),
    ] {
        let path = there.path().join(name);
        fs::write(&path, text).unwrap();
        let scenario = here.path().join("s.toml");
        fs::write(&scenario, format!("{WORLD}file = {path:?}\n")).unwrap();
        let error = Scenario::load(&scenario, &[]).unwrap_err();
        let told = format!("{error}{}", error.render(false));
        assert!(
            !told.contains("secret") && told.contains("is not shown"),
            "{text}: {told}"
        );
    }
}

/// 24 bytes a position, and a megabyte or two more: a million rows in less than four CPU seconds and 200 MB.
/// `cargo test --release --test suite -- --ignored a_million_rows`
#[test]
#[ignore = "a million rows"]
fn a_million_rows() {
    let place = tempfile::tempdir().unwrap();
    let mut file = std::io::BufWriter::new(fs::File::create(place.path().join("t.csv")).unwrap());
    writeln!(file, "{HEADER}").unwrap();
    for step in 0..1000 {
        for aircraft in 0..1000 {
            let (time, lat, lon) = (
                1_577_880_000 + 5 * step,
                47.0 + f64::from(aircraft) * 0.001,
                10.0 + 0.0005 * f64::from(step),
            );
            writeln!(
                file,
                "{time},{aircraft:06x},{lat:.5},{lon:.5},{}",
                3000 + aircraft
            )
            .unwrap();
        }
    }
    file.flush().unwrap();
    fs::write(
        place.path().join("s.toml"),
        format!("{WORLD}file = \"t.csv\"\n"),
    )
    .unwrap();
    let script = format!(
        "ulimit -t 4; ulimit -v 300000; exec {} check s.toml",
        env!("CARGO_BIN_EXE_deconflict")
    );
    let output = std::process::Command::new("sh")
        .current_dir(place.path())
        .args(["-c", &script])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && told.contains("1000000 rows read"),
        "{told}"
    );
}

#[test]
fn what_can_be_read_in_two_ways_is_not_guessed() {
    let refused = |name: &str, text: &str, words: &[&str]| {
        let error = with(name, text.as_bytes(), "").unwrap_err().render(false);
        for word in words {
            assert!(error.contains(word), "{word:?} is not in {error}");
        }
        with(name, text.as_bytes(), "on_fault = \"drop\"")
    };
    // A comma is a decimal mark only where places have commas too.
    let semicolons = |altitude: &str, places: &str| {
        let row = |step: i64| {
            let place = format!("48.00000;{:.5}", 11.0 + 0.01074 * step as f64);
            let place = place.replace('.', places);
            format!("{};a1;{place};{altitude}", 1_577_880_000 + 10 * step)
        };
        let rows: Vec<String> = (0..7).map(row).collect();
        format!("{}\n{}\n", HEADER.replace(',', ";"), rows.join("\n"))
    };
    assert_eq!(
        account(with("t.csv", semicolons("1500,5", ",").as_bytes(), "")).read,
        7
    );
    let _ = refused(
        "t.csv",
        &semicolons("1,500", "."),
        &["geoaltitude is \"1,500\"", "t.csv:2"],
    );
    // What says whether an aircraft is on the ground is understood or refused.
    let ground = |word: &str| {
        let rows: Vec<String> = rows("a1", 0)
            .into_iter()
            .enumerate()
            .map(|(at, row)| format!("{row},{}", if at < 3 { word } else { "false" }))
            .collect();
        format!("{HEADER},onground\n{}\n", rows.join("\n"))
    };
    for (word, down) in [
        ("Y", 3),
        ("on", 3),
        ("GROUND", 3),
        ("n", 0),
        ("air", 0),
        ("", 0),
    ] {
        let kept = account(with("t.csv", ground(word).as_bytes(), ""));
        assert_eq!(kept.on_ground, down, "{word}");
    }
    let kept = refused(
        "t.csv",
        &ground("perhaps"),
        &["onground is \"perhaps\"; expected true or false"],
    );
    assert_eq!(account(kept).dropped.values().sum::<u64>(), 3);
}

#[test]
fn what_has_been_cut_off_or_damaged_is_told() {
    let points: String = rows("a1", 0)
        .iter()
        .enumerate()
        .map(|(step, row)| {
            let lon = row.split(',').nth(3).unwrap();
            format!("<trkpt lat=\"48\" lon=\"{lon}\"><ele>1500</ele><time>2020-01-01T12:00:{step}0Z</time><extensions><o:ele>7</o:ele></extensions></trkpt>")
        })
        .take(6)
        .collect();
    let gpx =
        format!("<gpx version=\"1.1\" xmlns:o=\"x\"><trk><trkseg>{points}</trkseg></trk></gpx>");
    // What stands in extensions is not the point's.
    let plain = gpx.replace("<extensions><o:ele>7</o:ele></extensions>", "");
    let flown = |gpx: &str| with("t.gpx", gpx.as_bytes(), "").unwrap().flights.clone();
    assert_eq!(flown(&gpx), flown(&plain));
    let refused = |name: &str, text: &str, word: &str| {
        let error = with(name, text.as_bytes(), "").unwrap_err().render(false);
        assert!(error.contains(word), "{word:?} is not in {error}");
    };
    refused("t.gpx", gpx.trim_end_matches("</trk></gpx>"), "cut off");
    refused(
        "t.gpx",
        &gpx.replace("<ele>1500<", "<ele>1,500<"),
        "the ele \"1,500\"",
    );
    refused(
        "t.gpx",
        &gpx.replace("T12:00:10Z", "T12:00:7xZ"),
        "the time",
    );

    let acmi = "FileType=text/acmi/tacview\nFileVersion=2.2\n0,ReferenceTime=2020-01-01T12:00:00Z\n// a comment\na1,T=11|48|1500,Type=Air+FixedWing\n#10\na1,T=11.01||\n#20\na1,T=11.02||\n";
    assert_eq!(account(with("t.acmi", acmi.as_bytes(), "")).read, 3);
    for (was, is, word) in [
        ("T=11.01||", "T=11.0x||", "has \"T=11.0x||\""),
        ("a1,T=11.01||", "a1,T=11.01||,Na", "has \"Na\""),
        ("a1,T=11.01||", "xyzzy,T=11.01||", "begins with \"xyzzy\""),
        (
            "0,Ref",
            "0,ReferenceLongitude=east,Ref",
            "ReferenceLongitude",
        ),
    ] {
        refused("t.acmi", &acmi.replace(was, is), word);
    }
}

/// A row that stands 20 min before all others is no flight: it is left out, and the flights begin where the first of them does.
#[test]
fn a_row_that_is_no_flight_does_not_say_when_one_begins() {
    let lone = vec!["1577878800,abc123,48.00000,11.00000,1500".to_owned()];
    let with_it = [lone, rows("abc123", 0)].concat();
    let begins = |rows: &[String], keys: &str| {
        let scenario = csv(HEADER, rows, keys).unwrap_or_else(|e| panic!("{}", e.render(false)));
        match &scenario.flights[0].start {
            Start::Departs { after_s, .. } => *after_s,
            other => panic!("{other:?}"),
        }
    };
    let drop = "on_fault = \"drop\"";
    assert_eq!(begins(&with_it, drop), begins(&rows("abc123", 0), drop));
}

/// What tables write for "no address" is no aircraft of that name.
#[test]
fn what_stands_for_no_address_is_none() {
    for none in ["nan", "None", "null", "000000", ""] {
        let all = [rows("abc123", 0), rows(none, 0)].concat();
        let error = csv(HEADER, &all, "").expect_err(none).render(false);
        assert!(error.contains("a transponder address"), "{none}: {error}");
        let kept = account(csv(HEADER, &all, "on_fault = \"drop\""));
        assert_eq!((kept.aircraft, kept.flown), (1, 7), "{none}");
    }
}

/// The Dead Sea lies 430 m below the others; nothing flies lower than 0 m here, and that is said.
#[test]
fn what_flies_below_the_sea_is_told() {
    let low: Vec<String> = rows("abc123", 0)
        .iter()
        .map(|row| row.replace(",1500", ",-400"))
        .collect();
    let told = account(csv(HEADER, &low, ""));
    assert_eq!(told.suspicions.len(), 1, "{told:?}");
    assert!(told.suspicions[0].contains("7 positions lie below sea level, down to -400 m"));
    assert!(
        account(csv(HEADER, &rows("abc123", 0), ""))
            .suspicions
            .is_empty()
    );
}
