//! `deconflict help`: a command, or anything that files and results name, from the one place where each is described.

use std::cell::LazyCell;
use std::fmt::Write as _;
use std::sync::LazyLock;

use clap::{Args, CommandFactory};
use deconflict::coordination::RULES;
use deconflict::experiment::plan::{self, study};
use deconflict::experiment::worlds;
use deconflict::measure::{Columns, MEASURES};
use deconflict::output::FILES;
use deconflict::record::{EngagementEnd, Fact, NotReady, NoticeState, Reason, TrackEnd};
use deconflict::scenario::keys::{Key, keys};
use deconflict::scenario::library::{BEGINNING, assumptions};
use deconflict::scenario::lint::LINTS;
use deconflict::scenario::register::{Assumption, Leeway};
use deconflict::scenario::{Scenario, renamed_key, renamed_measure, schema};
use deconflict::statistics::estimate::{Method, QUANTILES};
use serde_json::{Value as Json, json};

use super::columns::below;
use super::json::{SHAPE, print_json};
use super::options::AsJson;
use super::rules::explain;
use super::{Cli, Failure, did_you_mean, print};

/// Arguments of `deconflict help`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict help run
      a command and its options
  deconflict help scan_s
      a key of a scenario; by its path where the name stands in several places: help sensor.scan_s
  deconflict help any_wrong_kill
      a measure; also a column (mcnemar_p), a result file (pairs.csv), a reason (identified_protected), a rule (R6), a warning of
      check --lint (iff_unread), an event of events.csv (track_recalled), a word that a key takes
      (tight), a method of an interval (fieller), a word of the guide (finalist)
  deconflict help json
      what --json prints")]
pub struct HelpArguments {
    /// A command, a key, a word that it takes, a measure, a column, a result file, an event, a reason, a rule, a warning.
    word: Option<String>,
    #[command(flatten)]
    form: AsJson,
}

/// What is known of a word.
struct Entry {
    /// The word.
    name: String,
    /// What kind of thing it is.
    kind: &'static str,
    text: String,
}

/// So many entries of one word are told in full.
const MOST: usize = 12;

/// Runs the command.
pub fn help(arguments: &HelpArguments) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(word) = arguments.word.as_deref() else {
        return print(&format!("{}\n", command.render_long_help()));
    };
    if let Some(sub) = command.find_subcommand_mut(word) {
        return print(&format!("{}\n", sub.render_long_help()));
    }
    if word == "json" {
        return print(SHAPE);
    }
    let found = entries(word);
    if found.is_empty() {
        let mut renamed = renamed_key(word);
        renamed.extend(renamed_measure(word).map(|now| format!("it is called {now} now")));
        if !renamed.is_empty() {
            let renamed = renamed.join("\n  ");
            return Err(Failure::bad_input(format!(
                "{word:?} is a word of earlier versions:\n  {renamed}"
            )));
        }
        let names = names(&command);
        let near = did_you_mean(word, names.iter().map(String::as_str));
        return Err(Failure::bad_input(format!(
            "nothing is known of {word:?}{near}; `deconflict help help` says what can be asked"
        )));
    }
    if arguments.form.json {
        let found = found.iter().map(
            |entry| json!({ "name": entry.name, "kind": entry.kind, "text": entry.text.trim_end() }),
        );
        return print_json(&json!({ "word": word, "found": found.collect::<Vec<Json>>() }));
    }
    let mut text = String::new();
    for entry in found.iter().take(MOST) {
        let _ = writeln!(
            text,
            "{} ({})\n{}\n",
            entry.name,
            entry.kind,
            indented(&entry.text)
        );
    }
    if found.len() > MOST {
        let more: Vec<&str> = found[MOST..]
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        let _ = writeln!(text, "Also: {}", more.join(" "));
    }
    print(&format!("{}\n", text.trim_end()))
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text
        .trim_end()
        .lines()
        .map(|line| format!("    {line}"))
        .collect();
    lines.join("\n").replace("\n    \n", "\n\n")
}

/// The keys of all files that have a schema.
static KEYS: LazyLock<[(&'static str, Vec<Key>); 5]> = LazyLock::new(|| {
    [
        ("key of scenarios", keys(schema())),
        ("key of experiments", keys(plan::schema())),
        ("key of studies", keys(study::schema())),
        ("key of files of evidence", keys(&worlds::study::schema())),
        ("key of files of worlds", keys(&worlds::file::schema())),
    ]
});

/// The codes that events and measures carry.
fn codes() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut codes = Vec::new();
    let mut add = |kind, code, meaning| codes.push((kind, code, meaning));
    for one in Reason::ALL {
        add("reason", one.code(), one.meaning());
    }
    for one in NoticeState::ALL {
        add(
            "cause of a wrong shot, state of a flight plan",
            one.code(),
            one.meaning(),
        );
    }
    for one in EngagementEnd::ALL {
        add("end of an engagement", one.code(), one.meaning());
    }
    for one in TrackEnd::ALL {
        add("end of a track", one.code(), one.meaning());
    }
    for one in NotReady::ALL {
        add("why a site is not ready", one.code(), one.meaning());
    }
    for (code, meaning) in Fact::KINDS {
        add("event", code, meaning);
    }
    codes
}

/// The words of the guide's page of them, and what each means.
fn vocabulary() -> impl Iterator<Item = (Vec<&'static str>, &'static str)> {
    let rows = include_str!("../guide/vocabulary.md").lines();
    rows.filter_map(|row| {
        let row = row.strip_prefix("| ")?.strip_suffix(" |")?;
        let (words, meaning) = row.split_once(" | ")?;
        (words != "word").then(|| (words.split(", ").collect(), meaning))
    })
}

/// The columns of a run that are quantities: those of the scenario to begin with, which has some of each kind.
static QUANTITIES: LazyLock<Vec<(String, &'static str)>> = LazyLock::new(|| {
    let Ok(scenario) = Scenario::parse(BEGINNING, "beginning", &[]) else {
        return Vec::new();
    };
    let columns = Columns::new(&scenario.cast);
    let columns = columns.columns().iter();
    columns
        .map(|column| (column.name.clone(), column.meaning))
        .collect()
});

/// Everything that a word names.
fn entries(word: &str) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut add = |name: &str, kind: &'static str, text: String| {
        found.push(Entry {
            name: name.to_owned(),
            kind,
            text,
        });
    };
    for page in RULES {
        if page.id.eq_ignore_ascii_case(word) || page.key == word {
            add(page.id, "rule", explain(page));
        }
    }
    let base = word.split('[').next().unwrap_or(word);
    for measure in MEASURES.iter().filter(|measure| measure.name == base) {
        let below = below(measure);
        add(
            measure.name,
            "measure",
            format!(
                "{}\n{} / {below}, {}; {} is better",
                measure.definition,
                measure.numerator,
                measure.unit,
                if measure.more_is_better() {
                    "more"
                } else {
                    "less"
                }
            ),
        );
    }
    for (name, _, definition) in QUANTILES.iter().filter(|(name, ..)| *name == word) {
        add(name, "measure", format!("{definition}\ns; less is better"));
    }
    for (kind, code, meaning) in codes().into_iter().filter(|(_, code, _)| *code == word) {
        add(code, kind, meaning.to_owned());
    }
    for lint in LINTS.iter().filter(|lint| lint.code == word) {
        add(
            lint.code,
            "warning of check --lint",
            lint.meaning.to_owned(),
        );
    }
    for file in FILES {
        if file.name == word {
            let columns = file.columns.iter();
            let columns: Vec<String> = columns
                .map(|(name, said)| format!("{name}: {said}"))
                .collect();
            let text = format!("One row is {}.\n{}", file.row, columns.join("\n"));
            add(file.name, "result file", text);
        }
        for (name, meaning) in file.columns.iter().filter(|(name, _)| *name == word) {
            add(
                &format!("{}: {name}", file.name),
                "column",
                (*meaning).to_owned(),
            );
        }
    }
    for method in Method::ALL.iter().filter(|method| method.code() == word) {
        add(
            method.code(),
            "method of an interval",
            method.meaning().to_owned(),
        );
    }
    for (words, meaning) in vocabulary() {
        if words.iter().any(|other| other.eq_ignore_ascii_case(word)) {
            add(word, "word", meaning.to_owned());
        }
    }
    let same = |name: &str| name == word || name.split('[').next() == Some(word);
    let mut told: Vec<&str> = Vec::new();
    for (name, meaning) in QUANTITIES.iter().filter(|(name, _)| same(name)) {
        if !told.contains(meaning) {
            told.push(meaning);
            add(name, "column of replications.csv", (*meaning).to_owned());
        }
    }
    let sources = LazyCell::new(assumptions);
    for (kind, keys) in &*KEYS {
        for key in keys {
            if key.is(word) {
                add(&key.path, kind, key_text(key, &sources));
            }
            for (value, said) in key.words.iter().filter(|(value, _)| value == word) {
                let own = if said.is_empty() { &key.meaning } else { said };
                add(&format!("{} = {value:?}", key.path), kind, own.clone());
            }
        }
    }
    found
}

/// Meaning, unit, range, default, and what the library has to say of such a number.
fn key_text(key: &Key, sources: &[Assumption]) -> String {
    let mut text = format!("{}\n", key.meaning);
    let takes = match key.takes.as_str() {
        "" => "as its parts say",
        takes => takes,
    };
    let _ = write!(text, "Takes {takes}");
    if let Some(unit) = key.unit {
        let _ = write!(text, "; in {unit}");
    }
    match &key.default {
        Some(default) => {
            let _ = writeln!(text, "; default {default}.");
        }
        None => text.push_str("; no default.\n"),
    }
    let parameter = RULES.iter().find_map(|page| {
        let own = key.path.strip_prefix("rules.")?.strip_prefix(page.key)?;
        let own = own.strip_prefix('.')?;
        (!own.is_empty()).then_some(page)
    });
    if let Some(page) = parameter {
        let _ = writeln!(text, "Parameter of {}.", page.id);
    }
    let of_it = sources.iter().filter(|one| {
        let paths = one.paths.iter().map(|path| path.join("."));
        paths.into_iter().any(|path| key.is(&path))
    });
    for one in of_it.take(FEW) {
        let range = match &one.leeway {
            Leeway::Range { low, high, .. } => format!(" ({low} to {high})"),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "Library: {} {}{range}: {}",
            one.name, one.value, one.source
        );
    }
    text
}

/// So many numbers of the library are shown with their sources.
const FEW: usize = 4;

/// Every word that can be asked about.
fn names(command: &clap::Command) -> Vec<String> {
    let mut names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    names.extend(RULES.iter().map(|page| page.key.to_owned()));
    names.extend(MEASURES.iter().map(|measure| measure.name.to_owned()));
    names.extend(QUANTILES.iter().map(|(name, ..)| (*name).to_owned()));
    names.extend(codes().into_iter().map(|(_, code, _)| code.to_owned()));
    names.extend(LINTS.iter().map(|lint| lint.code.to_owned()));
    names.extend(Method::ALL.iter().map(|method| method.code().to_owned()));
    for (words, _) in vocabulary() {
        names.extend(words.into_iter().map(str::to_owned));
    }
    for file in FILES {
        names.push(file.name.to_owned());
        names.extend(file.columns.iter().map(|(name, _)| (*name).to_owned()));
    }
    for (name, _) in &*QUANTITIES {
        names.extend(name.split('[').next().map(str::to_owned));
    }
    for key in KEYS.iter().flat_map(|(_, keys)| keys) {
        names.push(key.name().to_owned());
        names.extend(key.words.iter().map(|(word, _)| word.clone()));
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name of every list is answered: a few at a time would say nothing of the rest.
    #[test]
    fn every_measure_column_and_code_is_known() {
        let mut words: Vec<&str> = MEASURES.iter().map(|one| one.name).collect();
        words.extend(Reason::ALL.iter().map(|one| one.code()));
        words.extend(LINTS.iter().map(|one| one.code));
        words.extend(Fact::KINDS.iter().map(|(code, _)| *code));
        words.extend(FILES.iter().map(|file| file.name));
        let columns = FILES.iter().flat_map(|file| file.columns);
        let columns = columns.map(|(name, _)| *name);
        words.extend(columns.filter(|name| !name.starts_with('(')));
        for word in words {
            assert!(!entries(word).is_empty(), "{word}");
        }
    }
}
