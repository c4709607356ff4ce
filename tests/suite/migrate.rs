//! Files of earlier versions: refused with the words of today, rewritten by `deconflict migrate`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::repository;

/// A scenario as 0.4.0 shipped it, with keys of 0.3.0 behind.
const OLD: &str = include_str!("support/zones-0.4.0.toml");

const EXPERIMENT: &str = "title = \"Two\" # of them\nscenario = \"old.toml\"\n\
    measures = [\"any_wrong_kill\", \"protected_held_hostile[pair=uncovered]\"]\n\
    stop.fixed.replications = 4\n\
    [levers.heeds]\npath = \"rules.zone_of_responsibility.heeds\"\nvalues = [0.5, 1]\n\
    [baseline]\nheeds = 1\n";

/// A folder with an old scenario, an old experiment, and what they include.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("a folder");
    let library = place.path().join("library");
    fs::create_dir(&library).expect("a folder");
    for entry in fs::read_dir(repository("scenarios/library")).expect("the library") {
        let path = entry.expect("a file").path();
        fs::copy(&path, library.join(path.file_name().expect("a name"))).expect("copied");
    }
    let old = OLD.replace("../library/", "library/");
    fs::write(place.path().join("old.toml"), old).expect("written");
    fs::write(place.path().join("plan.toml"), EXPERIMENT).expect("written");
    place
}

fn deconflict(place: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(line.split_whitespace())
        .current_dir(place)
        .output()
        .expect("the program starts")
}

fn said(output: &Output, code: i32) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

/// Every old name at once, those in a table that has another name itself among them.
#[test]
fn old_names_are_refused_with_the_new_ones() {
    let place = place();
    let told = said(&deconflict(place.path(), "check old.toml"), 2);
    for part in [
        "rules has no key zone_of_responsibility",
        "it is called weapon_engagement_zone now",
        "rules.zone_of_responsibility has no key heeds",
        "rules.height_blocks has no key honour",
        "it is called compliance now",
        "site_classes.far.identification has no key world",
        "it is called actual now",
        "site_classes.far.identification.over is \"regards\"",
        "it is called affiliations now",
        "write nodes = [...]",
        "write order = \"hold_fire\" for \"abort\", order = \"cease_fire\" for \"continue\"",
        "`deconflict migrate` rewrites files",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("lacks actual"), "{told}");
    // What an old word meant is gone by for the rest.
    assert!(
        !told.contains("lacks the row") && !told.contains("not an aircraft type"),
        "{told}"
    );
    let zone = repository("scenarios/closed-form/weapon-engagement-zone.toml");
    let zone = zone.display();
    let set = "--set rules.zone_of_responsibility.heeds=1";
    let told = said(&deconflict(place.path(), &format!("check {zone} {set}")), 2);
    let now = "it is called rules.weapon_engagement_zone.compliance now";
    assert!(told.contains(now), "{told}");
    let line = format!("run {zone} --replications 2 -m undecided");
    let told = said(&deconflict(place.path(), &line), 2);
    assert!(
        told.contains("it is called in_progress_at_end now"),
        "{told}"
    );
    fs::write(
        place.path().join("plan.toml"),
        EXPERIMENT.replace("old.toml", &zone.to_string()),
    )
    .expect("written");
    let told = said(&deconflict(place.path(), "check plan.toml"), 2);
    for part in [
        "it is called rules.weapon_engagement_zone.compliance now",
        "it is called protected_identified_hostile[pair=uncoordinated] now",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn old_files_are_rewritten_and_pass() {
    let place = place();
    let at = |name: &str| fs::read_to_string(place.path().join(name)).expect("read");
    // To standard output, to a file that is not there yet, and in place.
    let told = deconflict(place.path(), "migrate old.toml -o new.toml");
    assert!(said(&told, 0).contains("old.toml: 10 changes"), "{told:?}");
    let new = at("new.toml");
    assert_eq!(
        deconflict(place.path(), "migrate old.toml").stdout,
        new.as_bytes()
    );
    said(&deconflict(place.path(), "migrate old.toml -o new.toml"), 2);
    for line in [
        "[rules.altitude_blocks] # none yet",
        "nodes = [\"headquarters\"]",
        "order = \"cease_fire\"",
        "# Shown by: sorties lost; shot_declined with reason outside_responsibility.",
    ] {
        assert!(new.contains(line), "{line}: {new}");
    }
    assert_eq!(new.lines().count(), at("old.toml").lines().count());
    said(&deconflict(place.path(), "check new.toml"), 0);
    let told = said(
        &deconflict(place.path(), "migrate --in-place old.toml plan.toml"),
        0,
    );
    assert!(told.contains("plan.toml: 2 changes"), "{told}");
    assert_eq!(at("old.toml"), new);
    assert!(at("plan.toml").starts_with("title = \"Two\" # of them\n"));
    said(&deconflict(place.path(), "check old.toml plan.toml"), 0);
    let told = said(&deconflict(place.path(), "migrate --in-place old.toml"), 0);
    assert!(told.contains("old.toml: nothing to change"), "{told}");
}

/// One file that cannot be rewritten, and none is written.
#[test]
fn nothing_is_written_where_something_cannot_be_rewritten() {
    let place = place();
    let old = fs::read_to_string(place.path().join("old.toml")).expect("read");
    let more = "[aircraft.kite]\nwingspan_m = 2\n[rules.second_operator]\ntrue_confirm = 0.9\n";
    fs::write(place.path().join("more.toml"), more).expect("written");
    let told = said(
        &deconflict(place.path(), "migrate --in-place old.toml more.toml"),
        2,
    );
    for part in [
        "more.toml:4:1",
        "true_confirm cannot be rewritten: he looks for himself",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(
        fs::read_to_string(place.path().join("old.toml")).expect("read"),
        old
    );
    let told = said(&deconflict(place.path(), "migrate old.toml more.toml"), 2);
    assert!(told.contains("expected one file, or --in-place"), "{told}");
    let told = said(&deconflict(place.path(), "migrate none.toml"), 2);
    assert!(told.contains("cannot read none.toml"), "{told}");
}

/// What is left out, and what does not mean quite the same, is told with its line.
#[test]
fn what_a_reader_should_know_is_told() {
    let place = place();
    let more = "[rules.hostile_criteria]\ncues = 2\n[aircraft.kite]\nwingspan_m = 2\n";
    fs::write(place.path().join("more.toml"), more).expect("written");
    let told = said(&deconflict(place.path(), "migrate --in-place more.toml"), 0);
    for part in [
        "more.toml: 2 changes",
        "more.toml:2: cues: declarations now: ",
        "more.toml:4: wingspan_m: left out: ",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(
        fs::read_to_string(place.path().join("more.toml")).expect("read"),
        "[rules.hostile_criteria]\ndeclarations = 2\n[aircraft.kite]\n# wingspan_m = 2\n"
    );
}

/// What is shipped has the words of today.
#[test]
fn shipped_files_have_nothing_to_change() {
    let mut files = 0;
    for folder in [
        ".",
        "closed-form",
        "experiments",
        "studies",
        "evidence",
        "library",
    ] {
        for entry in fs::read_dir(repository("scenarios").join(folder)).expect("a folder") {
            let path = entry.expect("a file").path();
            if path.extension().is_some_and(|ending| ending == "toml") {
                let text = fs::read_to_string(&path).expect("read");
                let name = path.display().to_string();
                let migrated = deconflict::scenario::migrate::migrate(&name, &text);
                let migrated = migrated.unwrap_or_else(|error| panic!("{}", error.render(false)));
                assert_eq!(
                    (migrated.changes, migrated.text == text),
                    (0, true),
                    "{name}"
                );
                files += 1;
            }
        }
    }
    assert!(files > 60, "{files}");
}

/// Who asks for an old word by its name alone is told the new one.
#[test]
fn help_knows_old_words() {
    let place = place();
    for (old, new) in [
        ("cues", "it is called declarations now"),
        ("honour", "it is called compliance now"),
        ("undecided", "it is called in_progress_at_end now"),
    ] {
        let told = said(&deconflict(place.path(), &format!("help {old}")), 2);
        assert!(told.contains(new), "{told}");
    }
}
