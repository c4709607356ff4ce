//! Sweeps that are split: sums instead of rows, tiles of cells and batches, waves, what is missing, what a scheduler says.
#![cfg(unix)] // signals and limits

use std::collections::BTreeMap;
use std::fs;
use std::process::Output;
use std::time::Duration;

use super::support::repository;
use super::sweep::{Place, ends, halted, refused, same, signal, succeeds, text};

/// All result files, without what says who, when, how far and in how many pieces.
fn results(place: &Place, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = place.files(folder);
    files.retain(|name, _| !name.contains('/') && name != "run.json" && name != "plan.json");
    assert!(files.contains_key("manifest.json"), "{:?}", files.keys());
    files
}

/// The same but for the rows, and the manifest, which says that there are some.
fn without_rows(place: &Place, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = results(place, folder);
    files.retain(|name, _| name != "replications.csv" && name != "manifest.json");
    files
}

#[track_caller]
fn same_results(place: &Place, one: &str, other: &str) {
    same(&results(place, one), &results(place, other));
}

fn said(output: &Output) -> String {
    text(&output.stdout)
}

#[test]
fn sums_alone_give_the_same_results_without_rows() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out rows -n 300"));
    // Within a batch, and then on; with other threads.
    succeeds(&place.deconflict("sweep plan.toml --out sums -n 100 --rows none --jobs 3"));
    let output = place.deconflict("sweep plan.toml --out sums -n 300 --resume --jobs 1");
    succeeds(&output);
    ends(&output, 0, &["Going on after 100 replications"]);
    same(&without_rows(&place, "rows"), &without_rows(&place, "sums"));
    assert!(!place.path("sums/replications.csv").exists());
    assert!(!place.path("sums/blocks/whole.blocks").exists());
    assert!(place.json("sums/manifest.json")["files"]["replications.csv"].is_null());
    assert!(said(&place.deconflict("status sums")).contains("300 replications"));

    // It stays what it was begun as, both ways.
    refused(
        &place,
        "rows",
        "sweep plan.toml --out rows --resume --rows none",
        &["it keeps rows with all columns, here sums alone (--rows none) are asked for"],
    );
    ends(&place.deconflict("reproduce sums"), 0, &[]);
    succeeds(&place.deconflict("report sums"));
}

/// The columns of a table under their names.
fn columns(place: &Place, file: &str) -> BTreeMap<String, Vec<String>> {
    let header = place.header(file);
    let mut columns = vec![Vec::new(); header.len()];
    for row in place.table(file) {
        for (column, name) in columns.iter_mut().zip(&header) {
            column.push(row[name].clone());
        }
    }
    header.into_iter().zip(columns).collect()
}

#[test]
fn rows_keep_the_columns_that_were_asked_for() {
    const ASKED: &str = "--columns leaked,plans_del*";
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out all -n 130"));
    succeeds(&place.deconflict(&format!("sweep plan.toml --out some -n 100 {ASKED}")));
    // In other words the same; and where nothing is said what it was begun with.
    for go_on in ["-n 110 --columns plans_del* --columns leaked", "-n 130"] {
        succeeds(&place.deconflict(&format!("sweep plan.toml --out some --resume {go_on}")));
    }
    same(&without_rows(&place, "all"), &without_rows(&place, "some"));
    let mut all = columns(&place, "all/replications.csv");
    let some = columns(&place, "some/replications.csv");
    let quantities = [
        "leaked_sorties",
        "completed_objective_sorties",
        "plans_delivered",
    ];
    let kept = |name: &String| {
        quantities.contains(&name.as_str())
            || ["cell", "seed", "replication"].contains(&name.as_str())
            || place.json("all/plan.json")["factors"]
                .as_array()
                .unwrap()
                .iter()
                .any(|factor| factor["name"] == name.as_str())
    };
    all.retain(|name, _| kept(name));
    assert_eq!(all, some);
    assert_eq!(all.len(), 3 + quantities.len() + 2, "{:?}", all.keys());
    let manifest = place.json("some/manifest.json");
    assert_eq!(
        manifest["rows"]["columns"],
        serde_json::json!(["leaked", "plans_del*"])
    );

    // Shards, each of which asks for the same.
    for shard in [1, 0] {
        succeeds(&place.deconflict(&format!(
            "sweep plan.toml --out out -n 130 --shard {shard}/2 {ASKED}"
        )));
    }
    let both = [
        "rows with the columns of leaked,plans_del*",
        "rows with all columns",
    ];
    refused(
        &place,
        "out",
        "sweep plan.toml --out out -n 130 --shard 0/2",
        &both,
    );
    succeeds(&place.deconflict("merge out"));
    same_results(&place, "some", "out");

    refused(
        &place,
        "all",
        &format!("sweep plan.toml --out all --resume {ASKED}"),
        &both,
    );
    ends(&place.deconflict("reproduce some"), 0, &[]);
    succeeds(&place.deconflict("report some"));
    let cell = place.table("some/replications.csv")[0]["cell"].clone();
    let again = place.deconflict(&format!("run --from some:{cell} --replication 17"));
    ends(&again, 0, &["The same in every column that its row has"]);
    ends(
        &place.deconflict(&format!("compare some:{cell} all:{cell}")),
        2,
        &["some", "have the columns of leaked,plans_del* alone"],
    );
}

#[test]
fn columns_that_nothing_is_called_are_refused() {
    let place = Place::new();
    for command in ["sweep plan.toml --out out", "run night.toml --out out"] {
        let output = place.deconflict(&format!("{command} -n 2 --columns leaked,leakd"));
        ends(&output, 2, &["named like \"leakd\"", "did you mean leaked"]);
        assert!(!place.path("out").exists());
    }
    let output = place.deconflict("sweep plan.toml --out out --rows none --columns leaked");
    ends(&output, 2, &["--columns", "--rows none"]);
    ends(
        &place.deconflict("run night.toml --columns leaked"),
        2,
        &["--out DIR"],
    );
    let output = place.deconflict("sweep plan.toml --out out --rows some");
    ends(&output, 2, &["expected one of csv, parquet, none"]);
}

#[test]
fn a_run_keeps_the_rows_that_were_asked_for() {
    let place = Place::new();
    succeeds(&place.deconflict("run night.toml --out all -n 70"));
    succeeds(&place.deconflict("run night.toml --out some -n 70 --columns leaked"));
    succeeds(&place.deconflict("run night.toml --out none -n 70 --rows none"));
    let mut all = columns(&place, "all/replications.csv");
    let some = columns(&place, "some/replications.csv");
    all.retain(|name, _| some.contains_key(name));
    assert_eq!(all, some);
    assert_eq!(
        place.header("some/replications.csv"),
        [
            "seed",
            "replication",
            "leaked_sorties",
            "completed_objective_sorties"
        ]
    );
    same(&without_rows(&place, "all"), &without_rows(&place, "some"));
    same(&without_rows(&place, "all"), &without_rows(&place, "none"));
    assert!(!place.path("none/replications.csv").exists());
    for folder in ["some", "none"] {
        ends(&place.deconflict(&format!("reproduce {folder}")), 0, &[]);
        succeeds(&place.deconflict(&format!("report {folder}")));
        let again = place.deconflict(&format!("run --from {folder} --replication 17"));
        ends(&again, 0, &[]);
    }
    ends(
        &place.deconflict("compare none some"),
        2,
        &["none", "keeps no rows"],
    );
    ends(
        &place.deconflict("report some --replays=1"),
        2,
        &["--replays", "the columns of leaked"],
    );
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_program_without_parquet_says_how_to_build_one_with_it() {
    let place = Place::new();
    for command in ["sweep plan.toml", "run night.toml"] {
        let output = place.deconflict(&format!("{command} --out out -n 2 --rows parquet"));
        ends(&output, 2, &["cargo build --release --features parquet"]);
        assert!(!place.path("out").exists());
    }
}

/// The rows of Parquet files, in their order, every field as CSV has it.
#[cfg(feature = "parquet")]
fn parquet_rows(place: &Place, files: &[String]) -> Vec<BTreeMap<String, String>> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    let mut rows = Vec::new();
    for file in files {
        let file = fs::File::open(place.path(file)).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            let fields = row.get_column_iter().map(|(name, field)| {
                let text = match field {
                    Field::Str(text) => text.clone(),
                    Field::Long(number) => number.to_string(),
                    Field::ULong(number) => number.to_string(),
                    Field::Double(number) => format!("{number:?}"),
                    other => panic!("{name}: {other:?}"),
                };
                (name.clone(), text)
            });
            rows.push(fields.collect());
        }
    }
    rows
}

/// A file on one machine, and a file a shard; interrupted or not.
#[cfg(feature = "parquet")]
#[test]
fn parquet_has_the_rows_of_the_csv() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out csv -n 200 --seed 18446744073709551615"));
    let wanted = place.table("csv/replications.csv");
    let sweep = "sweep plan.toml -n 200 --seed 18446744073709551615 --rows parquet";
    succeeds(&place.deconflict(&format!("{sweep} --out whole --jobs 1")));
    let whole = ["whole/replications.parquet".to_owned()];
    assert!(parquet_rows(&place, &whole) == wanted);
    same(
        &without_rows(&place, "csv"),
        &without_parquet(&place, "whole"),
    );
    let manifest = place.json("whole/manifest.json");
    assert_eq!(manifest["rows"]["form"], "parquet");
    assert_eq!(manifest["files"]["replications.parquet"]["rows"], 1200);

    // In two goes, on other threads.
    succeeds(&place.deconflict(&format!(
        "{} --out goes --jobs 3",
        sweep.replace("200", "70")
    )));
    succeeds(&place.deconflict(&format!("{sweep} --out goes --resume")));
    same_results(&place, "whole", "goes");
    ends(&place.deconflict("reproduce whole"), 0, &[]);
    succeeds(&place.deconflict("report whole"));

    // A shard whose file is gone, or was not written any more, writes it when it is run again.
    for shard in [5, 0, 3, 1, 2, 4] {
        succeeds(&place.deconflict(&format!("{sweep} --out out --shard {shard}/6")));
    }
    let of = |shard: usize| format!("out/shards/{shard}-of-6.parquet");
    let before = fs::read(place.path(&of(2))).unwrap();
    fs::remove_file(place.path(&of(2))).unwrap();
    let status = place.deconflict("status out --missing");
    assert_eq!(said(&status), "2\n");
    succeeds(&place.deconflict(&format!("{sweep} --out out --shard 2/6")));
    assert!(before == fs::read(place.path(&of(2))).unwrap());
    let merged = place.deconflict("merge out");
    succeeds(&merged);
    assert!(
        said(&merged).contains("Rows: 6 files, one a shard"),
        "{}",
        said(&merged)
    );
    same(
        &without_rows(&place, "csv"),
        &without_parquet(&place, "out"),
    );
    let mut found = parquet_rows(&place, &(0..6).map(of).collect::<Vec<_>>());
    let at = |row: &BTreeMap<String, String>| {
        let place = wanted.iter().position(|one| one["cell"] == row["cell"]);
        (row["replication"].parse::<u64>().unwrap(), place)
    };
    found.sort_by_key(at);
    assert!(found == wanted);

    let csv = format!("{sweep} --out whole --resume").replace("parquet", "csv");
    refused(
        &place,
        "whole",
        &csv,
        &[
            "Parquet rows with all columns",
            "here rows with all columns",
        ],
    );
    let cell = &wanted[0]["cell"];
    ends(
        &place.deconflict(&format!("compare whole:{cell} csv:{cell}")),
        2,
        &["Parquet", "--rows csv"],
    );
}

#[cfg(feature = "parquet")]
fn without_parquet(place: &Place, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = without_rows(place, folder);
    files.remove("replications.parquet");
    files
}

#[test]
fn sums_killed_on_their_way_go_on() {
    const SWEEP: &str = "sweep plan.toml --out out -n 12000 --rows none --jobs 2";
    let place = Place::new();
    succeeds(&place.deconflict(&SWEEP.replace("out out", "out whole")));
    let journal = place.path("out/blocks/whole.sums");
    let mut command = SWEEP.to_owned();
    for kill in [true, false] {
        let there = || journal.metadata().map_or(0, |metadata| metadata.len());
        let before = there();
        let mut child = place.start(&command);
        let mut done = false;
        while there() <= before.max(1000) && !done {
            done = child.try_wait().unwrap().is_some();
            std::thread::sleep(Duration::from_millis(2));
        }
        if kill {
            let _ = child.kill();
            child.wait().unwrap();
        } else {
            if !done {
                signal(&child, "USR1");
            }
            let output = child.wait_with_output().unwrap();
            // It may have come to its end before the signal came.
            assert!(
                matches!(output.status.code(), Some(0 | 130)),
                "{}",
                text(&output.stderr)
            );
        }
        command = format!("{SWEEP} --resume");
    }
    succeeds(&place.deconflict(&command));
    same_results(&place, "whole", "out");
}

/// Six cells, 200 replications: four batches, so eight shards have half the cells each, and some run a cell besides for what it
/// has in common with theirs.
#[test]
fn shards_of_cells_and_batches_merge_into_the_whole() {
    let place = Place::new();
    for sums in ["", " --rows none"] {
        let (whole, out) = (format!("whole{}", sums.len()), format!("out{}", sums.len()));
        succeeds(&place.deconflict(&format!("sweep plan.toml --out {whole} -n 200{sums}")));
        for shard in [7, 0, 3, 5, 1, 2, 6, 4] {
            let jobs = shard % 2 + 1;
            succeeds(&place.deconflict(&format!(
                "sweep plan.toml --out {out} -n 200 --shard {shard}/8 --jobs {jobs}{sums}"
            )));
        }
        let waves = &place.json(&format!("{out}/shards/shards.json"))["waves"];
        assert_eq!(
            (&waves[0]["groups"], &waves[0]["runs"]),
            (&2.into(), &4.into())
        );
        succeeds(&place.deconflict(&format!("merge {out}")));
        same_results(&place, &whole, &out);
        let note = &place.json(&format!("{out}/run.json"))["shards"];
        assert_eq!(note["sessions"], 8);
        // Each group has cells that are compared with one of its own: nothing is run twice.
        assert!(note["replications_run"].as_u64().unwrap() >= 1200, "{note}");
        if sums.is_empty() {
            let blocks =
                |folder: &str| fs::read(place.path(&format!("{folder}/blocks/whole.blocks")));
            assert_eq!(blocks(&whole).unwrap(), blocks(&out).unwrap());
        }
    }
}

/// Of more than a thousand cells whoever splits the sweep writes down what merging needs to know of each: with that and without it the bytes
/// are those of one machine.
#[test]
fn many_cells_are_joined_without_preparing_them() {
    let place = Place::new();
    let ranges: Vec<String> = (0..501).map(|step| (20_000 + step).to_string()).collect();
    let plan = format!(
        r#"title = "Many cells"
scenario = {:?}
seed = 3
measures = ["wrong_shots_per_replication"]
stop.fixed = {{ replications = 1 }}
[levers.control]
path = "rules.weapons_control.status"
values = ["tight", "hold"]
[uncertainties.range]
path = "site_classes.watch.sensor.model.disc.range_m"
values = [{}]
"#,
        repository("scenarios/closed-form/salvo.toml"),
        ranges.join(", ")
    );
    fs::write(place.path("many.toml"), plan).unwrap();
    succeeds(&place.deconflict("sweep many.toml --out whole -n 1 --rows none"));
    for shard in 0..2 {
        let sweep = format!("sweep many.toml --out out -n 1 --rows none --shard {shard}/2");
        succeeds(&place.deconflict(&sweep));
    }
    let cells = place.path("out/shards/cells.json");
    let told = place.json("out/shards/cells.json")["cells"].clone();
    assert_eq!(told.as_array().unwrap().len(), 1002);
    for left in [true, false] {
        if !left {
            fs::remove_file(&cells).unwrap();
        }
        succeeds(&place.deconflict("merge out"));
        same_results(&place, "whole", "out");
    }
}

/// A wave that ends within a batch, and one that goes on there with other shards.
#[test]
fn a_sharded_sweep_is_made_longer() {
    let place = Place::new();
    for sums in ["", " --rows none"] {
        let (whole, out) = (format!("whole{}", sums.len()), format!("out{}", sums.len()));
        succeeds(&place.deconflict(&format!("sweep plan.toml --out {whole} -n 230{sums}")));
        for shard in 0..2 {
            let shard = format!("sweep plan.toml --out {out} -n 90 --shard {shard}/2{sums}");
            succeeds(&place.deconflict(&shard));
        }
        succeeds(&place.deconflict(&format!("merge {out}")));
        let longer = format!("sweep plan.toml --out {out} -n 230 --shard 0/5{sums}");
        refused(
            &place,
            &out,
            &longer,
            &["2 shards of 90", "5 of 230", "--resume"],
        );
        for shard in 0..5 {
            succeeds(&place.deconflict(&format!(
                "sweep plan.toml --out {out} -n 230 --shard {shard}/5 --resume{sums}"
            )));
            if shard == 1 {
                let status = said(&place.deconflict(&format!("status {out}")));
                assert!(
                    status.contains("from 90 on") && status.contains("Missing: 2"),
                    "{status}"
                );
                let missing = place.deconflict(&format!("status {out} --missing"));
                assert_eq!(said(&missing), "2\n");
            }
        }
        succeeds(&place.deconflict(&format!("merge {out}")));
        same_results(&place, &whole, &out);
    }
}

#[test]
fn what_is_there_is_merged_in_part() {
    let place = Place::new();
    succeeds(&place.deconflict("sweep plan.toml --out first -n 128"));
    refused(&place, "first", "merge first --partial", &["not split"]);
    ends(
        &place.deconflict("sweep plan.toml --out out -n 256 --shard 0/2"),
        0,
        &[],
    );
    refused(&place, "out", "merge out", &["1 of 2 shards", "--partial"]);
    let output = place.deconflict("merge out --partial");
    ends(&output, 1, &["1 of 2 shards are missing"]);
    let told = said(&output);
    assert!(
        told.contains("shard 1 of 2: replications 128 to 255 of all cells"),
        "{told}"
    );
    // What there is are the first 128 of each cell.
    let [part, first] = ["out", "first"].map(|folder| without_rows(&place, folder));
    same(&part, &first);
    assert!(!place.path("out/replications.csv").exists());
    let manifest = place.json("out/manifest.json");
    assert_eq!(
        manifest["progress"]["ended"]
            .as_str()
            .or(manifest["ended"].as_str()),
        Some("shards are missing")
    );
    // The whole takes its place.
    succeeds(&place.deconflict("sweep plan.toml --out out -n 256 --shard 1/2"));
    succeeds(&place.deconflict("merge out"));
    succeeds(&place.deconflict("sweep plan.toml --out whole -n 256"));
    same_results(&place, "whole", "out");
}

#[test]
fn what_is_being_run_is_not_missing() {
    const SHARD: &str = "sweep plan.toml --out out -n 20000 --shard 1/3 --rows none --jobs 1";
    let place = Place::new();
    assert_eq!(
        said(&place.deconflict("status out --missing --tasks 12")),
        "0-11\n"
    );
    ends(&place.deconflict("status out --missing"), 2, &[]);
    let child = halted(
        place.start(SHARD),
        &place.path("out/shards/1-of-3.sums"),
        200,
    );
    assert_eq!(said(&place.deconflict("status out --missing")), "0,2\n");
    let status = said(&place.deconflict("status out"));
    assert!(
        status.contains("Being run: 1") && status.contains("Not begun: 0,2"),
        "{status}"
    );
    signal(&child, "USR1");
    signal(&child, "CONT");
    ends(&child.wait_with_output().unwrap(), 75, &["goes on"]);
    assert_eq!(said(&place.deconflict("status out --missing")), "0-2\n");
    assert!(said(&place.deconflict("status out")).contains("Begun and left: 1"));
}

/// More shards than a process may open files.
#[test]
fn shards_are_opened_one_at_a_time() {
    let place = Place::salvo("fixed = { replications = 2560 }");
    succeeds(&place.deconflict("sweep plan.toml --out whole"));
    for shard in 0..40 {
        succeeds(&place.deconflict(&format!("sweep plan.toml --out out --shard {shard}/40")));
    }
    let merged = place.shell("ulimit -n 24; exec deconflict merge out");
    succeeds(&merged);
    same_results(&place, "whole", "out");
}

/// An earlier merge stands until the new one is whole.
#[test]
fn a_merge_that_fails_leaves_the_one_before() {
    let place = Place::new();
    for shard in 0..2 {
        succeeds(&place.deconflict(&format!(
            "sweep plan.toml --out out -n 256 --shard {shard}/2"
        )));
    }
    succeeds(&place.deconflict("merge out"));
    let before = place.files("out");
    let journal = place.path("out/shards/1-of-2.blocks");
    let whole = fs::read(&journal).unwrap();
    fs::write(&journal, &whole[..whole.len() - 3]).unwrap();
    ends(
        &place.deconflict("merge out"),
        2,
        &["1-of-2.blocks", "ends within block 255"],
    );
    fs::write(&journal, whole).unwrap();
    same(&before, &place.files("out"));
}
