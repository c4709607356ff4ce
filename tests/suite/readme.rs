//! What the README and the pages of its user show is what the program does.

use std::path::Path;
use std::process::{Command, Output};

use deconflict::experiment::plan::{Overrides, Plan};
use deconflict::scenario::Scenario;

/// The README, and the pages of the guide to which it leads a user.
const PAGES: [&str; 4] = [
    "README.md",
    "src/guide/scenarios.md",
    "src/guide/experiments.md",
    "src/guide/answers.md",
];

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).expect("the page is there")
}

fn all_pages() -> String {
    PAGES.map(page).join("\n")
}

/// It is read in one sitting.
#[test]
fn the_readme_is_short() {
    let lines = page("README.md").lines().count();
    assert!(lines <= 220, "{lines} lines");
}

/// The fenced block that begins after `opening`.
fn block<'a>(text: &'a str, opening: &str) -> &'a str {
    let start = text.find(opening).expect("the block is there") + opening.len();
    let length = text[start..].find("```").expect("the block ends");
    &text[start..start + length]
}

fn deconflict(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deconflict"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts")
}

/// Every line of every output shown, in order; `...` stands for lines left out.
#[test]
fn the_outputs_are_what_the_commands_print() {
    let text = all_pages();
    let mut shown = 0;
    let mut seen = std::collections::BTreeMap::new();
    for (at, opening) in text.match_indices("```text\n") {
        let before = &text[..at];
        let command = &before[before.rfind("```sh\n").expect("a command stands before it")..];
        let command = command.lines().nth(1).expect("a command line");
        let arguments: Vec<&str> = command
            .strip_prefix("cargo run --release -- ")
            .expect("our own command")
            .split(' ')
            .collect();
        // Results go to a place of their own.
        let place = tempfile::tempdir().expect("a folder");
        let out = place.path().join("results").display().to_string();
        let mut arguments: Vec<&str> = arguments;
        if let Some(at) = arguments.iter().position(|argument| *argument == "--out") {
            arguments[at + 1] = &out;
        }
        // Two pages may show the same command.
        let printed = seen.entry(command).or_insert_with(|| {
            let output = deconflict(&arguments);
            assert!(output.status.success(), "{command} fails");
            String::from_utf8(output.stdout).expect("text")
        });
        let mut printed = printed.lines();
        let lines = block(&text[at..], opening).lines();
        for line in lines.filter(|line| !line.is_empty() && *line != "...") {
            assert!(
                printed.any(|printed| printed.trim_end() == line),
                "{command} does not print (any more), or not in this order:\n{line}"
            );
            shown += 1;
        }
    }
    assert!(shown > 20, "the README shows {shown} lines");
}

#[test]
fn the_example_passes_the_check_and_flies() {
    let text = page("src/guide/scenarios.md");
    let example = block(&text, "```toml\n");
    let name = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/my-first.toml");
    let scenario = Scenario::parse(example, name.to_str().expect("text"), &[])
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert_eq!(scenario.replications, 1000);
    assert_eq!((scenario.flights.len(), scenario.sites.len()), (1, 1));
}

/// Every command and option of the program that the README names exists.
#[test]
fn the_commands_exist() {
    for command in [
        "run", "sweep", "tune", "eval", "compare", "report", "replay", "status", "merge", "check",
        "rules", "schema", "columns",
    ] {
        let named = ["deconflict", "--release --"].map(|program| format!("{program} {command}"));
        assert!(
            named.iter().any(|named| all_pages().contains(named)),
            "{command} is on no page"
        );
        assert!(
            deconflict(&[command, "--help"]).status.success(),
            "{command} does not exist"
        );
    }
    let options = [
        (
            "run",
            vec![
                "--replications",
                "--seed",
                "--set",
                "--jobs",
                "--out",
                "--force",
                "--events",
                "--from",
            ],
        ),
        (
            "sweep",
            vec![
                "--replications",
                "--seed",
                "--set",
                "--jobs",
                "--out",
                "--force",
                "--resume",
                "--shard",
                "--on-error",
            ],
        ),
        ("tune", vec!["--budget", "--seed", "--out", "--resume"]),
        (
            "eval",
            vec!["--set", "--replications", "--seed", "--first", "--json"],
        ),
    ];
    for (command, options) in options {
        let help = String::from_utf8(deconflict(&[command, "--help"]).stdout).expect("text");
        for option in options {
            assert!(all_pages().contains(option), "{option} is on no page");
            assert!(help.contains(option), "{option} does not exist");
        }
    }
}

#[test]
fn the_experiment_passes_the_check() {
    let text = page("src/guide/experiments.md");
    let example = block(&text, "```toml\n");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenario = root.join("scenarios/nov-2019-busy.toml");
    let example = example.replace("../nov-2019-busy.toml", scenario.to_str().expect("text"));
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("mine.toml");
    std::fs::write(&path, example).expect("written");
    let plan = Plan::load(&path, &Overrides::default())
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    assert_eq!(plan.record.cells.len(), 3 * 2 * 2);
}
