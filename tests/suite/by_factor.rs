//! An experiment by its factors, held to a closed form: a salvo of n missiles of chance p kills with 1 - (1 - p)^n.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Three chances, one and two missiles: .3 .6 .9, .51 .84 .99. The reference is .6 with one.
const EXPERIMENT: &str = r#"
title = "Chance and number"
scenario = "SALVO"
measures = ["lost_per_sortie[side=stranger]", "shots_per_replication[affiliation=hostile]"]
stop.fixed = { replications = 400 }

[levers.kill]
path = "site_classes.watch.weapon.kill_probability"
values = [0.6, 0.3, 0.9]

[levers.missiles.alternatives]
1.site_classes.watch.weapon = { magazine = 1, doctrine.salvo = { missiles = 1 } }
2 = {}
"#;

type Row = std::collections::BTreeMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn number(row: &Row, name: &str) -> f64 {
    row[name].parse().unwrap_or(f64::NAN)
}

/// What is printed, and the folder.
fn sweep(experiment: &str) -> (String, tempfile::TempDir) {
    let place = tempfile::tempdir().unwrap();
    let salvo = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/closed-form/salvo.toml");
    let text = experiment.replace("SALVO", salvo.to_str().unwrap());
    fs::write(place.path().join("plan.toml"), text).unwrap();
    // A scenario of one neutral that flies past one site, whole.
    let passer = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/library/one_pass.toml");
    let passer = fs::read_to_string(passer).unwrap();
    let passer = format!("title = \"One pass\"\nreplications = 20\n{passer}");
    fs::write(place.path().join("passer.toml"), passer).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args("sweep plan.toml --out out".split(' '))
        .current_dir(place.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (String::from_utf8(output.stdout).unwrap(), place)
}

#[test]
fn two_factors_make_a_grid_with_what_is_shown_and_what_interacts() {
    let (said, place) = sweep(EXPERIMENT);
    let out = place.path().join("out");
    let lost: Vec<Row> = rows(&out.join("settings.csv"))
        .into_iter()
        .filter(|row| row["measure"] == "lost_per_sortie")
        .collect();
    assert_eq!(lost.len(), 6);
    let truth = |row: &Row| 1.0 - (1.0 - number(row, "kill")).powf(number(row, "missiles"));
    for row in &lost {
        assert_eq!((&*row["dimension"], &*row["level"]), ("side", "stranger"));
        let p = truth(row);
        // Intervals are checked elsewhere; here that they belong to their setting. 3.3 standard errors, and half of one.
        let error = (p * (1.0 - p) / 400.0).sqrt();
        assert!((number(row, "estimate") - p).abs() < 3.8 * error, "{row:?}");
        let reference = row["kill"] == "0.6" && row["missiles"] == "1";
        assert_eq!(row["reference"] == "yes", reference);
        if reference {
            assert!(row["difference"].is_empty());
            continue;
        }
        let difference = p - 0.6;
        let known = (
            number(row, "difference_low"),
            number(row, "difference_high"),
        );
        assert!(known.0 < difference && difference < known.1, "{row:?}");
        // Ten differences hold together.
        assert!((number(row, "difference_confidence") - 0.995).abs() < 1e-12);
        // .09 lower at .51 is 3.4 standard errors at least, all others are far apart.
        let expected = if difference < 0.0 { "lower" } else { "higher" };
        assert_eq!(row["shown"], expected, "{row:?}");
    }
    let best: Vec<&Row> = lost.iter().filter(|row| row["best"] == "lowest").collect();
    assert_eq!(best.len(), 1);
    assert_eq!((&*best[0]["kill"], &*best[0]["missiles"]), ("0.3", "1"));
    let may_be = lost.iter().filter(|row| row["may_be_best"] == "yes");
    assert_eq!(may_be.count(), 1);

    let found = rows(&out.join("interactions.csv"));
    let found = found
        .iter()
        .find(|row| row["measure"] == "lost_per_sortie")
        .unwrap();
    // From .6 to .9 a second missile adds .15 less, from .6 to .3 .03 less.
    assert_eq!(
        (&*found["one_to"], &*found["two_to"], &*found["shown"]),
        ("0.9", "2.0", "yes")
    );
    assert!(
        number(found, "low") < -0.15 && -0.15 < number(found, "high"),
        "{found:?}"
    );
    assert_eq!(found["contrasts"], "2");

    let header = said
        .lines()
        .find(|line| line.contains("missiles=1"))
        .unwrap();
    assert!(header.contains("missiles=2"), "{said}");
    let names = ["kill=0.6", "kill=0.3", "kill=0.9"];
    for name in names {
        assert!(
            said.lines().any(|line| line.trim_start().starts_with(name)),
            "{said}"
        );
    }
    for words in [
        "Lowest at kill=0.3,missiles=1",
        "that is shown, at 95 %",
        "kill and missiles interact",
        "The 10 differences hold together with 95 %: each has an interval of 99.5 % (Bonferroni).",
    ] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    assert!(!said.contains(" against "), "no paragraph a pair:\n{said}");

    let output = Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(["report", "out"])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    for words in [
        "By factor",
        "\u{25bc}",
        "\u{25b2}",
        "kill and missiles interact",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn one_factor_makes_a_line_and_what_does_nothing_is_said_in_one() {
    let one = EXPERIMENT.split("[levers.missiles").next().unwrap();
    let (said, place) = sweep(one);
    let of_kill: Vec<&str> = said.lines().filter(|line| line.contains("kill=")).collect();
    // Three rows of each measure with their lines, but shots are one in every replication.
    assert_eq!(
        of_kill.iter().filter(|line| line.contains('|')).count(),
        3,
        "{said}"
    );
    assert!(
        said.contains("shots_per_replication[affiliation=hostile], shots: ")
            && said.contains("at all 3 settings, the same in every replication."),
        "{said}"
    );
    let settings = rows(&place.path().join("out/settings.csv"));
    let shots = settings
        .iter()
        .filter(|row| row["measure"] == "shots_per_replication");
    for row in shots {
        assert!(row["best"].is_empty() && row["may_be_best"].is_empty());
        assert_eq!(row["shown"] == "same", row["reference"] == "no");
    }
}

/// With `placebo = true` every cell is run also as an arm that holds for want of an answer, and as one that only delays. Optics that
/// hold what they do not recognise, at a range at which they recognise nobody: all that they do is the default. A hotline that knows: all
/// is knowledge.
#[test]
fn arms_tell_delay_default_and_knowledge() {
    let (_, place) = sweep(
        r#"
title = "Arms"
scenario = "passer.toml"
measures = ["lost_per_sortie[side=stranger]"]
placebo = true
stop.fixed = { replications = 20 }

[levers.rule.alternatives]
off = {}
look.rules.optical_confirmation = { ifov_mrad = 50, if_unclear = "hold" }
line.rules.hotline_query = { nodes = ["embassy"] }
"#,
    );
    let settings = rows(&place.path().join("out").join("settings.csv"));
    let lost = |rule: &str, arm: &str| {
        let mut found = (settings.iter()).filter(|row| row["rule"] == rule && row["arm"] == arm);
        let row = found.find(|row| row["measure"] == "lost_per_sortie");
        number(row.unwrap(), "estimate")
    };
    // What asks nobody is run once.
    let off = settings.iter().filter(|row| row["rule"] == "off");
    assert_eq!(
        off.map(|row| row["arm"].as_str()).collect::<Vec<_>>(),
        ["rule"]
    );
    assert_eq!(lost("off", "rule"), 1.0);
    for (rule, [with, defaults, delay]) in [("look", [0.0, 0.0, 1.0]), ("line", [0.0, 1.0, 1.0])] {
        let found = ["rule", "defaults", "delay"].map(|arm| lost(rule, arm));
        assert_eq!(found, [with, defaults, delay], "{rule}");
    }
    // The same as changes against the setting without rules, which has no arms of its own.
    let arms = rows(&place.path().join("out").join("arms.csv"));
    let parts = ["difference", "delay", "default", "knowledge"];
    let found: Vec<(&str, [f64; 4])> = (arms.iter())
        .map(|row| (row["cell"].as_str(), parts.map(|part| number(row, part))))
        .collect();
    let expected = [
        ("look,rule", [-1.0, 0.0, -1.0, 0.0]),
        ("line,rule", [-1.0, 0.0, 0.0, -1.0]),
    ];
    assert_eq!(found, expected);
}

/// Two rules that wait for times that are drawn, together, with delays, defaults and knowledge that all count: the parts are means of
/// differences of the rows, replication by replication, and their sum is the whole. The baseline, which waits, has no split of
/// its own; its arms are compared all the same. Without rows, and in shards, the same bytes.
#[test]
fn arms_add_up_to_the_whole_wherever_they_are_added_up() {
    let experiment = r#"
title = "Arms"
scenario = "passer.toml"
measures = ["lost_per_sortie[side=stranger]", "shots_per_replication[affiliation=neutral]"]
placebo = true
stop.fixed = { replications = 150 }

[levers.rule.alternatives]
line.rules.hotline_query = { nodes = ["embassy"], answers = 0.6 }
off = {}
both.rules.hotline_query = { nodes = ["embassy"], answers = 0.4, latency.exponential = { mean_s = 100 } }
both.rules.engagement_authority = { threshold = 0.0, service.exponential = { mean_s = 900 }, timeout_s = 200 }
"#;
    let (said, place) = sweep(experiment);
    assert!(
        said.contains("by holding fire for want of an answer"),
        "{said}"
    );
    let arms = rows(&place.path().join("out/arms.csv"));
    let flown = rows(&place.path().join("out/replications.csv"));
    let lost = |cell: &str| -> Vec<f64> {
        let of_cell = flown.iter().filter(|row| row["cell"] == cell);
        of_cell
            .map(|row| number(row, "kills[side=stranger]"))
            .collect()
    };
    let change = |reference: &str, cell: &str| {
        let (from, to) = (lost(reference), lost(cell));
        assert_eq!((from.len(), to.len()), (150, 150), "{reference} {cell}");
        to.iter()
            .zip(&from)
            .map(|(to, from)| to - from)
            .sum::<f64>()
            / 150.0
    };
    let of_lost: Vec<&Row> = (arms.iter())
        .filter(|row| row["measure"].starts_with("lost_per_sortie"))
        .collect();
    assert_eq!(
        of_lost.len(),
        1,
        "off asks nobody, and the baseline changes nothing"
    );
    let row = of_lost[0];
    assert_eq!(
        (&*row["reference"], &*row["cell"]),
        ("line,rule", "both,rule")
    );
    let expected = [
        ("difference", change("line,rule", "both,rule")),
        ("delay", change("line,rule", "both,delay")),
        ("default", change("both,delay", "both,defaults")),
        ("knowledge", change("both,defaults", "both,rule")),
    ];
    for (part, expected) in expected {
        let found = number(row, part);
        assert!(
            (found - expected).abs() < 1e-12,
            "{part}: {found} {expected}"
        );
        let ends = ["low", "high"].map(|end| number(row, &format!("{part}_{end}")));
        assert!(ends[0] <= found && found <= ends[1], "{part}: {ends:?}");
        assert!(expected != 0.0, "{part} does something");
    }
    for row in &arms {
        let parts = ["delay", "default", "knowledge"].map(|part| number(row, part));
        let whole = number(row, "difference");
        assert!((parts.iter().sum::<f64>() - whole).abs() < 1e-12, "{row:?}");
    }
    let pairs = rows(&place.path().join("out/pairs.csv"));
    let compared = |reference: &str, cell: &str| {
        let here = |row: &&Row| row["reference"] == reference && row["cell"] == cell;
        pairs.iter().any(|row| here(&row))
    };
    assert!(compared("line,defaults", "line,delay") && compared("line,rule", "line,defaults"));
    assert!(!compared("off,rule", "off,defaults"), "off is run once");

    let run = |words: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_deconflict"))
            .args(words.split(' '))
            .current_dir(place.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words}: {said}");
    };
    run("sweep plan.toml --out sums --rows none");
    for shard in [2, 0, 3, 1] {
        run(&format!(
            "sweep plan.toml --out parts --rows none --shard {shard}/4"
        ));
    }
    run("merge parts");
    let bytes = |folder: &str, file: &str| fs::read(place.path().join(folder).join(file)).unwrap();
    for file in ["arms.csv", "pairs.csv", "cells.csv"] {
        for folder in ["sums", "parts"] {
            assert_eq!(bytes(folder, file), bytes("out", file), "{folder}/{file}");
        }
    }
    run("report out");
    let page = fs::read_to_string(place.path().join("out/report.html")).unwrap();
    assert!(page.contains("Delay, default, knowledge") && page.contains("both,rule"));
}

/// Over levels of what is not known: the mean over the points, and its interval from the rows: each replication has one mean over
/// the points, groups of replications have theirs, and Student's interval of these is what the jackknife comes to. The change of the
/// mean is that of the pairs.
#[test]
fn a_mean_over_points_is_that_of_the_rows() {
    let (said, place) = sweep(
        r#"
title = "Two missiles or one, three chances"
scenario = "SALVO"
measures = ["lost_per_sortie[side=stranger]", "leaked"]
stop.fixed = { replications = 400 }

[levers.missiles.alternatives]
1.site_classes.watch.weapon = { magazine = 1, doctrine.salvo = { missiles = 1 } }
2 = {}

[uncertainties.kill]
path = "site_classes.watch.weapon.kill_probability"
values = [0.6, 0.3, 0.9]
"#,
    );
    assert!(said.contains("Over the 3 settings of kill"), "{said}");
    let out = place.path().join("out");
    let flown = rows(&out.join("replications.csv"));
    let averages = rows(&out.join("averages.csv"));
    let find = |levers: &str, measure: &str| {
        let mut found = averages.iter();
        let found = found.find(|row| row["levers"] == levers && row["measure"] == measure);
        found.unwrap()
    };
    // By replication: the mean over the points of one setting.
    let means = |missiles: &str| -> Vec<f64> {
        let mut sums = vec![0.0; 400];
        for row in flown.iter().filter(|row| row["missiles"] == missiles) {
            let kills = number(row, "kills[side=stranger]");
            sums[row["replication"].parse::<usize>().unwrap()] += kills / 3.0;
        }
        sums
    };
    // Student's 97.5 % quantile with 19 degrees of freedom, from a table.
    let student = |values: &[f64], t: f64| {
        let mean = values.iter().sum::<f64>() / 400.0;
        let groups: Vec<f64> = (0..20)
            .map(|group| values.iter().skip(group).step_by(20).sum::<f64>() / 20.0)
            .collect();
        let squares: f64 = groups.iter().map(|g| (g - mean) * (g - mean)).sum();
        let half = t * (squares / 19.0 / 20.0).sqrt();
        [mean, mean - half, mean + half]
    };
    let close = |found: [f64; 3], expected: [f64; 3]| {
        let far = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
        let far = far.fold(0.0, f64::max);
        assert!(far < 2e-4, "{found:?} {expected:?}");
    };
    let lost = "lost_per_sortie[side=stranger]";
    let (one, two) = (means("1"), means("2"));
    let row = find("missiles=1", lost);
    close(
        ["mean", "mean_low", "mean_high"].map(|end| number(row, end)),
        student(&one, 2.0930),
    );
    assert_eq!(
        (row["reference"].as_str(), row["points"].as_str()),
        ("", "3")
    );
    assert_eq!(row["least_cell"], "missiles=1,kill=0.3");
    let row = find("missiles=2", lost);
    let change: Vec<f64> = two.iter().zip(&one).map(|(two, one)| two - one).collect();
    // Two changes hold together: each at 97.5 %, so Student's 98.75 % quantile.
    close(
        ["difference", "difference_low", "difference_high"].map(|end| number(row, end)),
        student(&change, 2.4334),
    );
    assert_eq!((row["higher"].as_str(), row["lower"].as_str()), ("3", "0"));
    // Over the chances .3, .6, .9: .6 with one missile, .78 with two.
    assert!((number(row, "mean") - 0.78).abs() < 0.05, "{row:?}");
}

/// A chance drawn evenly from .2 to .9: the mean over the range is .55 with one missile, and 1 - E[(1 - p)^2] = .7433 with two. Two
/// missiles less one in each point.
#[test]
fn a_mean_over_drawn_points_estimates_that_over_the_range() {
    let (said, place) = sweep(
        r#"
title = "Two missiles or one, a chance not known"
scenario = "SALVO"
measures = ["lost_per_sortie[side=stranger]"]
design.uncertainties.latin_hypercube = { points = 20 }
stop.fixed = { replications = 100 }

[levers.missiles.alternatives]
1.site_classes.watch.weapon = { magazine = 1, doctrine.salvo = { missiles = 1 } }
2 = {}

[uncertainties.kill]
path = "site_classes.watch.weapon.kill_probability"
range = { low = 0.2, high = 0.9 }
"#,
    );
    assert!(
        said.contains("Over 20 points drawn from the ranges of kill"),
        "{said}"
    );
    assert!(!said.contains("point-1"), "{said}");
    let averages = rows(&place.path().join("out/averages.csv"));
    let ends = |row: &Row, name: &str| {
        [format!("{name}_low"), format!("{name}_high")].map(|end| number(row, &end))
    };
    for (row, truth) in averages.iter().zip([0.55, 0.7433]) {
        let [low, high] = ends(row, "mean");
        assert!(low < truth && truth < high && high - low < 0.25, "{row:?}");
    }
    let [low, high] = ends(&averages[1], "difference");
    assert!(low < 0.1933 && 0.1933 < high && low > 0.05, "{averages:?}");
    // The report leads with it.
    let made = Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(["report", "out"])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(made.status.success());
    let page = fs::read_to_string(place.path().join("out/report.html")).unwrap();
    assert!(page.contains("Over 20 points of what is not known"));
    assert!(!page.contains("At the reference"));
    assert!(place.path().join("out/report/averages.svg").exists());
}
