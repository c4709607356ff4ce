//! The pages: whole, sound, offline, and small enough to send.

use std::path::{Path, PathBuf};

use deconflict::output::Trust;
use deconflict::record::{Detail, Fact, Replication};
use deconflict::report::{Flown, ReplayNote, replay_page, write_report, write_report_to};
use deconflict::scenario::Scenario;
use deconflict::simulation::{simulate, trajectories};
use serde_json::Value as Json;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn busy(overrides: &[&str]) -> Scenario {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    let path = root().join("scenarios/nov-2019-busy.toml");
    Scenario::load(&path, &overrides).unwrap_or_else(|error| panic!("{error}"))
}

/// A replay of the busy end, with a change beside it if there is one.
fn replay(changes: &[&str]) -> String {
    let replication = Replication { seed: 7, index: 0 };
    let mut scenarios = vec![busy(&[])];
    if !changes.is_empty() {
        scenarios.push(busy(changes));
    }
    let flown: Vec<_> = scenarios
        .iter()
        .map(|scenario| {
            let log = simulate(scenario, replication, Detail::Full);
            (log, trajectories(scenario, replication))
        })
        .collect();
    let runs: Vec<Flown> = scenarios
        .iter()
        .zip(&flown)
        .enumerate()
        .map(|(number, (scenario, (log, trajectories)))| Flown {
            name: format!("run {number} <&>"),
            scenario,
            log,
            trajectories,
        })
        .collect();
    let note = ReplayNote {
        command: "deconflict replay </script>".to_owned(),
        version: "0".to_owned(),
        land: None,
    };
    replay_page(&runs, &note).unwrap()
}

fn data(page: &str) -> Json {
    let start = page.find("id=\"data\">").expect("the data") + "id=\"data\">".len();
    let length = page[start..].find("</script>").expect("their end");
    serde_json::from_str(&page[start..start + length]).expect("valid JSON")
}

/// Nothing on the page is asked of a network.
fn offline(page: &str) {
    for word in [
        "http://",
        "https://",
        "src=",
        "@import",
        "url(",
        "fetch(",
        "XMLHttpRequest",
        "<link",
    ] {
        let allowed = page.matches(word).count()
            - page.matches("url(#").count() * usize::from(word == "url(");
        assert_eq!(allowed, 0, "the page holds {word}");
    }
}

/// Every element that is opened is closed, in order.
fn well_formed(page: &str) {
    const EMPTY: [&str; 9] = [
        "meta", "br", "wbr", "line", "rect", "circle", "path", "input", "!DOCTYPE",
    ];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("the tag ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/', '\n'])
            .next()
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(
                open.pop(),
                Some(name),
                "near {}",
                &rest[..rest.len().min(80)]
            );
        } else {
            // A shape may hold a title; a meta before the title of the page does not.
            let titled = name != "meta" && rest.starts_with("<title>");
            let empty = tag.ends_with('/') || EMPTY.contains(&name) && !titled;
            if !empty {
                open.push(name);
            }
        }
        if name == "script" && !tag.starts_with('/') {
            rest = &rest[rest.find("</script>").expect("the script ends")..];
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

/// What a keyboard stops at, what is chosen, what a table says and what is drawn have names.
fn named(page: &str) {
    let start = page.find("<body").expect("a body");
    for (at, _) in page[start..].match_indices('<') {
        let rest = &page[start + at..];
        let tag = &rest[..rest.find('>').map_or(rest.len(), |end| end + 1)];
        let is = |name: &str| tag.starts_with(&format!("<{name} "));
        let label = tag.contains("aria-label=\"") && !tag.contains("aria-label=\"\"");
        let hidden = tag.contains("aria-hidden");
        if tag.contains("tabindex=\"0\"") || is("svg") || is("canvas") || is("input") {
            assert!(label || hidden, "{tag}");
        }
        if is("select") {
            let before = &page[..start + at];
            let opened = before.rfind("<label>").expect("a label");
            assert!(!before[opened..].contains("</label>"), "{tag}");
        }
        assert!(!tag.starts_with("<th>"), "a head without a scope");
    }
}

/// Words stand out from their ground as WCAG AA asks, 4.5 to 1, by light and by dark; paper is light.
#[test]
fn words_stand_out_by_light_and_by_dark() {
    let css = include_str!("../../src/report/figure.css");
    let (light, dark) = css
        .split_once("@media screen and (prefers-color-scheme:dark)")
        .expect("dark on screens only");
    for scheme in [light, dark] {
        let colour = |name: &str| -> [f64; 3] {
            let start = scheme.find(&format!("--{name}:#")).expect(name) + name.len() + 4;
            let digits = scheme[start..].split([';', '}']).next().unwrap();
            let step = digits.len() / 3;
            [0, 1, 2].map(|part| {
                let digit = &digits[part * step..(part + 1) * step];
                let value = u8::from_str_radix(&digit.repeat(3 - step), 16).expect("a colour");
                f64::from(value) / 255.0
            })
        };
        let light = |name: &str| {
            let linear = |value: f64| match value <= 0.03928 {
                true => value / 12.92,
                false => ((value + 0.055) / 1.055).powf(2.4),
            };
            let [red, green, blue] = colour(name).map(linear);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let pairs = ["paper", "faint", "sea", "land"]
            .into_iter()
            .flat_map(|ground| [("ink", ground), ("soft", ground)])
            // Letters on bars, links and marks on the page.
            .chain(["c0", "c1", "c2", "c3", "c4", "c5", "bad"].map(|mark| (mark, "paper")));
        for (word, ground) in pairs {
            let (word_light, ground_light) = (light(word), light(ground));
            let contrast =
                (word_light.max(ground_light) + 0.05) / (word_light.min(ground_light) + 0.05);
            assert!(contrast >= 4.5, "{word} on {ground}: {contrast:.2}");
        }
    }
}

#[test]
fn the_replay_is_one_small_file_with_sound_data() {
    let page = replay(&[]);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    offline(&page);
    well_formed(&page);
    named(&page);
    let data = data(&page);
    let runs = data["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(data["parts"], Json::Null);
    assert!(data["coast"][0].as_array().unwrap().len() > 1);
    let run = &runs[0];
    assert!(!run["aircraft"].as_array().unwrap().is_empty());
    // Legs follow each other without gaps, and each has its numbers.
    for aircraft in run["aircraft"].as_array().unwrap() {
        let mut last = f64::NAN;
        for leg in aircraft["legs"].as_array().unwrap() {
            let leg: Vec<f64> = leg
                .as_array()
                .unwrap()
                .iter()
                .map(|x| x.as_f64().unwrap())
                .collect();
            assert_eq!(leg.len(), 9);
            assert!(last.is_nan() || (leg[0] - last).abs() < 2e-3, "{aircraft}");
            last = leg[1];
        }
    }
    let times: Vec<i64> = run["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event[0].as_i64().unwrap())
        .collect();
    assert!(times.len() > 20 && times.is_sorted());
}

/// The curve of a replay is what the log says: the log odds of hostile after each step of the account, and the threshold of rule R2.
#[test]
fn the_curve_of_a_replay_is_that_of_the_log() {
    let scenario = busy(&["rules.hostile_criteria.threshold=0.93"]);
    let replication = Replication { seed: 7, index: 0 };
    let log = simulate(&scenario, replication, Detail::Full);
    let run = Flown {
        name: "one".to_owned(),
        scenario: &scenario,
        log: &log,
        trajectories: &trajectories(&scenario, replication),
    };
    let note = ReplayNote {
        command: String::new(),
        version: "0".to_owned(),
        land: None,
    };
    let data = data(&replay_page(&[run], &note).unwrap());
    let run = &data["runs"][0];
    for class in run["classes"].as_array().unwrap() {
        assert_eq!(class["threshold"], 0.93);
    }
    let judged = run["judged"].as_array().unwrap();
    let number = |value: &Json| value.as_u64().unwrap() as usize;
    let mut compared = 0;
    for event in &log.events {
        let Fact::Declared {
            site,
            aircraft,
            ref ledger,
            ..
        } = event.fact
        else {
            continue;
        };
        // The latest that is told of the pair says the same.
        let row = judged.iter().rev().find(|row| {
            (number(&row[0]), number(&row[1])) == (site.index(), aircraft.index())
                && row[2].as_i64().unwrap() <= event.time.0
        });
        let steps = row.expect("a row")[3].as_array().unwrap();
        assert_eq!(steps.len(), ledger.len());
        for (step, entry) in steps.iter().zip(ledger) {
            assert_eq!(run["said"][number(&step[0])], entry.id_source);
            assert_eq!(run["said"][number(&step[1])], entry.said.as_str());
            let hostile = 1.0 / (1.0 + (-step[3].as_f64().unwrap()).exp());
            assert!(
                (hostile - entry.posterior[2]).abs() < 5e-4,
                "{step} {entry:?}"
            );
            compared += 1;
        }
        if compared > 4000 {
            break;
        }
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn two_runs_part_where_something_is_first_done_otherwise() {
    let data = data(&replay(&["rules.weapons_control.status=hold"]));
    let parts = data["parts"].as_i64().expect("they part");
    let events = |run: usize| data["runs"][run]["events"].as_array().unwrap().clone();
    let before = |run: usize| -> Vec<Json> {
        events(run)
            .into_iter()
            .filter(|event| event[0].as_i64().unwrap() < parts)
            // Why a site holds its fire may differ before anything is done otherwise.
            .filter(|event| event[1] != "shot_declined")
            .collect()
    };
    assert_eq!(before(0), before(1));
    assert_ne!(events(0), events(1));
    assert!(data["runs"][1]["shots"].as_array().unwrap().is_empty());
}

/// What is drawn is where things happened: every movement lies on its path.
#[test]
fn trajectories_are_those_that_are_flown() {
    let scenario = busy(&[]);
    for index in 0..5 {
        let replication = Replication { seed: 3, index };
        let log = simulate(&scenario, replication, Detail::Measures);
        let paths = trajectories(&scenario, replication);
        assert_eq!(paths.len(), log.sorties.len());
        for (sortie, path) in log.sorties.iter().zip(&paths) {
            assert_eq!(
                (sortie.departs, sortie.lands),
                (path.departs(), path.lands())
            );
        }
        let mut met = 0;
        for event in &log.events {
            if let Fact::Departed { aircraft } | Fact::ObjectiveReached { aircraft } = event.fact {
                let place: [f64; 3] = paths[aircraft.index()].position(event.time).into();
                assert_eq!(place, event.place);
                met += 1;
            }
        }
        assert!(met > 0);
    }
}

fn deconflict(arguments: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("the program starts");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_sweep_and_a_run_have_their_report() {
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str| place.path().join(name);
    let (sweep, run) = (folder("sweep"), folder("run"));
    let printed = deconflict(&[
        "sweep",
        "tests/suite/support/agreement.toml",
        "--replications",
        "40",
        "--out",
        sweep.to_str().unwrap(),
    ]);
    assert!(printed.contains("deconflict report"), "{printed}");
    deconflict(&[
        "run",
        "scenarios/nov-2019-busy.toml",
        "--replications",
        "40",
        "--out",
        run.to_str().unwrap(),
    ]);
    for (folder, figures) in [
        (
            &sweep,
            vec![
                "estimates",
                "differences",
                "map",
                "causes",
                "confusion",
                "coordinated",
                "times",
                "convergence",
            ],
        ),
        (
            &run,
            vec![
                "estimates",
                "causes",
                "confusion",
                "coordinated",
                "times",
                "map",
                "half-widths",
                "convergence",
            ],
        ),
    ] {
        deconflict(&["report", folder.to_str().unwrap()]);
        // A second report replaces the first.
        let report = write_report(folder).unwrap();
        let page = read(&report.page);
        offline(&page);
        well_formed(&page);
        named(&page);
        let (told, _) = page.split_once("<script>").expect("the script comes last");
        assert!(
            !told.contains("NaN") && !told.contains(">inf"),
            "numbers that are none"
        );
        assert!(page.contains("not calibrated"));
        assert!(page.contains("<summary>What these measures are</summary>"));
        // The answer comes first, with how many of how many.
        let answer = page.find("Neutrals shot down:").expect("the answer");
        assert!(answer < page.find("id=\"cells\"").unwrap());
        let said = &page[answer..answer + 200];
        assert!(said.contains(" %") && said.contains(" of "), "{said}");
        assert!(page.contains("By whose sites:</b> lna "), "whose sites");
        assert!(page.contains("deconflict report"), "how to make it again");
        for name in figures {
            let svg = read(&report.figures.join(format!("{name}.svg")));
            assert!(svg.starts_with("<svg xmlns=") && svg.contains("prefers-color-scheme"));
            let csv = read(&report.figures.join(format!("{name}.csv")));
            let width = csv.lines().next().unwrap().split(',').count();
            assert!(csv.lines().count() > 1 && width >= 3, "{name}: {csv}");
            assert!(page.contains(&format!("report/{name}.svg")));
        }
        assert!(page.contains("--seed=1"));
        let left: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .starts_with('.')
            })
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
    // On request replays beside it: every link leads to one, at a moment of a wrong shot; a second report replaces them too.
    let bare = read(&run.join("report.html"));
    assert!(
        bare.contains("<code>deconflict report run --replays</code>")
            && !bare.contains("report/replay-")
    );
    for _ in 0..2 {
        deconflict(&["report", run.to_str().unwrap(), "--replays=2"]);
    }
    let page = read(&run.join("report.html"));
    let links: Vec<&str> = (page.split("href=\"report/replay-").skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let timed: Vec<&&str> = links.iter().filter(|link| link.contains("#t=")).collect();
    assert!(timed.len() >= 2, "{links:?}");
    for link in timed {
        let (file, view) = link.split_once('#').unwrap();
        let replay = data(&read(&run.join(format!("report/replay-{file}"))));
        let (seconds, track) = view
            .strip_prefix("t=")
            .unwrap()
            .split_once("&amp;track=")
            .unwrap();
        let time = (seconds.parse::<f64>().unwrap() * 1000.0).round() as i64;
        let shot = |shot: &Json| shot["from"] == time && shot["wrong"] == true;
        let aircraft = &replay["runs"][0]["aircraft"];
        let shots = replay["runs"][0]["shots"].as_array().unwrap();
        let shot = shots.iter().find(|one| shot(one)).expect("a wrong shot");
        let name = &aircraft[shot["aircraft"].as_u64().unwrap() as usize]["name"];
        assert_eq!(name, track, "{link}");
    }
    // The sentences of the page are those of the terminal.
    let page = read(&sweep.join("report.html"));
    let line = printed
        .lines()
        .skip_while(|line| !line.starts_with("any_wrong_kill"))
        .find(|line| line.contains("coordination=agreement"))
        .expect("a row");
    let after = line.rsplit_once('|').unwrap().1;
    let difference = after.trim_matches([' ', 'v', '^']);
    assert!(difference.starts_with('-'), "{line}");
    let page = page.replace("&#39;", "'");
    assert!(page.contains(&format!("difference {difference}")), "{line}");
}

/// The rows of a table of numbers and words without quotes.
fn table(path: &Path) -> Vec<Vec<String>> {
    let text = read(path);
    let rows = text.lines().skip(1);
    rows.map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

/// A sweep that stops when its intervals are narrow enough shows every look, what was asked for, and ends where its
/// results stand; without the journal the rows say the same.
#[test]
fn a_sweep_that_stops_by_itself_shows_its_looks() {
    let place = tempfile::tempdir().unwrap();
    let experiment = place.path().join("experiment.toml");
    let text = format!(
        "title = \"Small\"\nscenario = {:?}\nmeasures = [\"leaked\"]\nstop.half_width = {{ measure = \"leaked\", absolute = 0.12, minimum_replications = 20, maximum_replications = 90, minimum_events = 10 }}\n[levers.status]\npath = \"rules.weapons_control.status\"\nvalues = [\"free\", \"tight\"]\n",
        root().join("scenarios/nov-2019-busy.toml")
    );
    std::fs::write(&experiment, text).unwrap();
    let folder = place.path().join("sweep");
    let out = folder.to_str().unwrap();
    deconflict(&["sweep", experiment.to_str().unwrap(), "--out", out]);
    let report = write_report(&folder).unwrap();
    let widths = table(&report.figures.join("half-widths.csv"));
    let settled = table(&report.figures.join("convergence.csv"));
    let looks: Vec<u64> = (widths.iter())
        .filter(|row| row[0].contains("tight") && row[2] == "1")
        .map(|row| row[1].parse().unwrap())
        .collect();
    assert_eq!(looks[..2], [20, 25]);
    let last = *looks.last().unwrap();
    assert!((25..=90).contains(&last), "{looks:?}");
    let half = |row: &Vec<String>| row[3].parse::<f64>().unwrap();
    let at = |n: u64| widths.iter().filter(move |row| row[1] == n.to_string());
    assert!(widths.iter().all(|row| row[4] == "0.12"));
    assert!(
        at(20).any(|row| half(row) > 0.12),
        "it would have stopped at once"
    );
    assert!(last == 90 || at(last).all(|row| half(row) <= 0.12));
    // It ends where the results stand.
    let cells = table(&folder.join("cells.csv"));
    let header = read(&folder.join("cells.csv"));
    let column = |name: &str| {
        let header = header.lines().next().unwrap();
        header.split(',').position(|field| field == name).unwrap()
    };
    for cell in cells
        .iter()
        .filter(|row| row[column("measure")] == "leaked")
    {
        let end = (settled.iter()).rfind(|row| row[0] == cell[column("cell")]);
        let end = end.expect("its line");
        for (name, value) in ["estimate", "low", "high"].into_iter().zip(&end[3..6]) {
            assert_eq!(&cell[column(name)], value, "{cell:?}");
        }
    }
    let page = read(&report.page);
    assert!(
        page.contains("asked for a half-width of 12 points"),
        "the aim"
    );
    assert!(page.contains("asked for: 12"), "the line of the aim");
    let kept = read(&report.figures.join("convergence.csv"));
    std::fs::remove_file(folder.join("blocks/whole.blocks")).unwrap();
    let report = write_report(&folder).unwrap();
    assert_eq!(read(&report.figures.join("convergence.csv")), kept);
}

/// A report that does not know what would have prevented wrong losses says how to ask, and that works as it stands.
#[test]
fn a_report_says_how_to_ask_what_would_have_prevented_losses() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("sweep");
    let out = folder.to_str().unwrap();
    let experiment = "tests/suite/support/agreement.toml";
    deconflict(&["sweep", experiment, "--replications", "12", "--out", out]);
    let report = write_report(&folder).unwrap();
    let page = read(&report.page);
    let start = page.find("<code>deconflict prevent").expect("a command") + "<code>".len();
    let command = &page[start..start + page[start..].find("</code>").unwrap()];
    let mut words: Vec<&str> = command.split(' ').skip(1).collect();
    assert!(
        words.contains(&"sweep:baseline") && !command.contains(out),
        "{command}"
    );
    // One rule is enough here; without it every rule is asked about. A page names folders without the way to them.
    words.extend(["--rule", "R7"]);
    let asked = std::process::Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(&words)
        .current_dir(place.path())
        .output()
        .expect("the program starts");
    assert!(asked.status.success(), "{asked:?}");
    let page = read(&write_report(&folder).unwrap().page);
    assert!(
        page.contains("replications of baseline run again"),
        "the cell"
    );
    assert!(page.contains("report/prevention.svg") && !page.contains("<code>deconflict prevent"));
}

/// Plans go from node to node along links that are there, and end at the command of their site.
#[test]
fn notices_travel_along_the_coordination_graph() {
    let data = data(&replay(&[]));
    let run = &data["runs"][0];
    let numbers = |value: &Json| -> Vec<u64> {
        let list = value.as_array().unwrap();
        list.iter().map(|number| number.as_u64().unwrap()).collect()
    };
    let links: Vec<Vec<u64>> = run["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    let node = |name: &str| {
        let nodes = run["nodes"].as_array().unwrap();
        nodes.iter().position(|node| node == name).unwrap() as u64
    };
    let (mut passed, mut ended) = (0, 0);
    for notice in run["notices"].as_array().unwrap() {
        let way = numbers(&notice[4]);
        for step in way.windows(2) {
            assert!(links.contains(&step.to_vec()), "{notice}");
        }
        assert!(notice[2].as_i64() <= notice[3].as_i64());
        if notice[1] == -1 {
            assert_eq!(way, [node("gna-aviation")], "told to one side only");
            ended += 1;
        } else {
            assert_eq!(way, [node("lna-operations"), node("lna-air-defence")]);
            passed += 1;
        }
    }
    assert!(passed > 0 && ended > 0, "{passed} {ended}");
}

/// A click on an aircraft tells the same evidence as `explain` does.
#[test]
fn the_story_of_a_replay_is_that_of_explain() {
    let scenario = "scenarios/nov-2019-busy.toml";
    let text = deconflict(&["explain", scenario, "--seed", "7", "--replication", "0"]);
    let (_, rest) = text.split_once("The evidence: the running sum").unwrap();
    let ledger: Vec<&str> = rest
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty() && !line.contains("the step that moved most"))
        .map(str::trim)
        .collect();
    assert!(
        ledger.len() > 1 && ledger[0].contains("P(hostile)"),
        "{ledger:?}"
    );
    let data = data(&replay(&[]));
    let beliefs = data["runs"][0]["beliefs"].as_array().unwrap();
    let told = ledger.join("; ");
    assert!(
        beliefs.iter().any(|belief| belief[4] == told.as_str()),
        "{told}"
    );
    // And the same words at the same time of day.
    let events = data["runs"][0]["events"].as_array().unwrap();
    let story = text.lines().filter(|line| line.contains(" s  "));
    let mut same = 0;
    for line in story {
        let (_, words) = line.split_once(" s  ").unwrap();
        assert!(events.iter().any(|event| event[7] == words), "{words}");
        same += 1;
    }
    assert!(same > 10, "{same} lines");
}

#[test]
fn corridors_and_zones_are_on_the_map() {
    let path = root().join("scenarios/bearing-bias.toml");
    let scenario = Scenario::load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
    let replication = Replication { seed: 1, index: 0 };
    let log = simulate(&scenario, replication, Detail::Full);
    let trajectories = trajectories(&scenario, replication);
    let run = Flown {
        name: "one".to_owned(),
        scenario: &scenario,
        log: &log,
        trajectories: &trajectories,
    };
    let note = ReplayNote {
        command: String::new(),
        version: "0".to_owned(),
        land: None,
    };
    let data = data(&replay_page(&[run], &note).unwrap());
    let areas = data["runs"][0]["areas"].as_array().unwrap();
    let of = |kind: &str| areas.iter().find(|area| area["kind"] == kind).unwrap();
    assert_eq!(of("zone")["name"], "city");
    let points: Vec<[f64; 2]> = (of("corridor")["points"].as_array().unwrap().iter())
        .map(|point| [0, 1].map(|axis| point[axis].as_f64().unwrap()))
        .collect();
    // Its ends are as wide as the corridor.
    let wide = |one: [f64; 2], other: [f64; 2]| (one[0] - other[0]).hypot(one[1] - other[1]);
    let width = 2.0 * scenario.corridors[0].half_width_m;
    assert!((wide(points[0], points[points.len() - 1]) - width).abs() < 3.0);
    assert_eq!(points.len(), 2 * scenario.corridors[0].points.len());
}

#[test]
fn a_folder_without_results_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let error = write_report(place.path()).unwrap_err();
    assert!(error.is_bad_input());
    assert!(error.to_string().contains("manifest.json"), "{error}");
}

/// A page beside its results, of their name: its figures would take their place.
#[test]
fn figures_never_take_the_place_of_results() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("sweep");
    let out = folder.to_str().unwrap();
    let experiment = "tests/suite/support/agreement.toml";
    deconflict(&["sweep", experiment, "--replications", "2", "--out", out]);
    let before = read(&folder.join("cells.csv"));
    let page = place.path().join("sweep.html");
    let refused = write_report_to(&folder, Trust::Verified, Some(&page), 0).unwrap_err();
    assert!(refused.to_string().contains("holds results"), "{refused}");
    assert!(!page.exists());
    assert_eq!(read(&folder.join("cells.csv")), before);
    // Those of another page are replaced.
    let page = place.path().join("page.html");
    for _ in 0..2 {
        write_report_to(&folder, Trust::Verified, Some(&page), 0).unwrap();
    }
}
