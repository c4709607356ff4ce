//! `deconflict status`: how far a sweep has come, and which shards are missing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use deconflict::experiment::accounts::Part;
use deconflict::experiment::plan::PlanRecord;
use deconflict::experiment::rows::RowForm;
use deconflict::experiment::rule::Rule;
use deconflict::output::{
    JournalError, JournalReader, OutputError, Shape, Shards, Stored, Summed, SumsHeader,
    SweepFolder, Tile, Trust, TuningFolder, Wave, WorkersProgress, count_blocks, is_being_written,
};
use rayon::prelude::*;

use serde_json::{Value as Json, json};

use super::Failure;
use super::options::AsJson;
use super::subject::quoted;
use super::sweep::kept_words;

/// Arguments of `deconflict status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict status results/agreement
      how far it is, and whether it was finished; of a run or a tuning too
  sbatch --array=$(deconflict status results/agreement --missing) shard.sh
      run the shards that are missing, and only those

Exit code: 0 all there, 1 something is missing, 2 bad input.")]
pub struct StatusArguments {
    /// Folder of the sweep, the run or the tuning.
    folder: PathBuf,
    /// Print nothing but the numbers of the missing shards, such as 0-3,7; not of those being run.
    #[arg(long)]
    missing: bool,
    /// With --missing, of a folder that is not there yet: so many shards, all missing.
    #[arg(long, value_name = "N", requires = "missing", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    tasks: Option<u64>,
    #[command(flatten)]
    form: AsJson,
}

impl StatusArguments {
    /// How far it is, for people; for programs what more there is to know of it, too.
    fn told(&self, finished: bool, text: &str, mut more: Json) -> Result<(), Failure> {
        more["folder"] = Json::from(self.folder.display().to_string());
        more["finished"] = Json::from(finished);
        more["lines"] = text.trim_end().lines().collect();
        self.form.print(|| text.to_owned(), || Ok(more))
    }

    fn missing_are(&self, numbers: &[u64]) -> Result<(), Failure> {
        let folder = self.folder.display().to_string();
        self.form.print(
            || format!("{}\n", array_list(numbers)),
            || Ok(json!({ "folder": folder, "missing": numbers })),
        )
    }
}

/// Runs the command.
pub fn status(arguments: &StatusArguments) -> Result<(), Failure> {
    let place = &arguments.folder;
    let (folder, record) = match SweepFolder::open(place, Trust::Verified) {
        Ok(found) => found,
        Err(OutputError::NotASweep { .. })
            if !place.exists() && arguments.missing && arguments.tasks.is_some() =>
        {
            // Nobody has begun: all are missing.
            let last = arguments.tasks.unwrap_or(1) - 1;
            arguments.missing_are(&(0..=last).collect::<Vec<u64>>())?;
            return Err(Failure::Other(format!(
                "{} is not there yet",
                place.display()
            )));
        }
        Err(error @ OutputError::NotASweep { .. }) if !arguments.missing => {
            return of_another(arguments, error);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(shards) = folder.shards(record.cells.len())? else {
        if arguments.missing {
            return Err(Failure::bad_input(format!(
                "{} is not split into shards",
                place.display()
            )));
        }
        return of_whole(arguments, &folder, &record);
    };
    let all = states(&folder, &record, &shards)?;
    let of = |wave: Wave, wanted: fn(&State) -> bool| -> Vec<u64> {
        all.iter()
            .filter(|one| one.wave == wave && wanted(&one.state))
            .map(|one| one.shard)
            .collect()
    };
    let lacking = |state: &State| !matches!(state, State::Done | State::Running(_));
    if arguments.missing {
        // Of the first wave that lacks any: those after it go on where it ends.
        let lists = shards.waves.iter().map(|&wave| of(wave, lacking));
        let list = lists.into_iter().find(|list| !list.is_empty());
        arguments.missing_are(&list.unwrap_or_default())?;
        return match all.iter().all(|one| one.state == State::Done) {
            true => Ok(()),
            false => Err(unfinished(&all)),
        };
    }
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("writing to a string");
    let undone = all.iter().filter(|one| one.state != State::Done).count();
    line(&match undone {
        0 => format!("All {} shards are there", all.len()),
        _ => format!("Not finished: {}", unfinished(&all)),
    });
    line(&record.title);
    for &wave in &shards.waves {
        line(&format!(
            "{} shards of {} replications of each of {} cells{}",
            wave.count,
            wave.replications - wave.first,
            record.cells.len(),
            match wave.first {
                0 => " in all".to_owned(),
                first => format!(", from {first} on"),
            }
        ));
        for (words, wanted) in [
            ("Not begun", State::is_not_begun as fn(&State) -> bool),
            ("Being run", State::is_running),
            ("Begun and left", State::is_begun),
        ] {
            let list = of(wave, wanted);
            if !list.is_empty() {
                line(&format!("{words}: {}", array_list(&list)));
            }
        }
        for one in all.iter().filter(|one| one.wave == wave) {
            let tile = wave.tile(one.shard, record.cells.len());
            if let (State::Running(there) | State::Begun(there), Some(tile)) = (&one.state, tile) {
                line(&format!(
                    "shard {}: {there} of {} replications",
                    one.shard,
                    tile.blocks.end - tile.blocks.start
                ));
            }
        }
        let list = of(wave, lacking);
        if !list.is_empty() {
            line(&format!("Missing: {}", array_list(&list)));
        }
    }
    if undone == 0 {
        let out = quoted(&arguments.folder.display().to_string());
        line(&format!("All are there. Next: deconflict merge {out}"));
        return arguments.told(true, &text, of_shards(&record, &shards, &all));
    }
    arguments.told(false, &text, of_shards(&record, &shards, &all))?;
    Err(unfinished(&all))
}

/// A sweep in shards, for programs.
fn of_shards(record: &PlanRecord, shards: &Shards, all: &[Shard]) -> Json {
    let cells = record.cells.len();
    let each = all.iter().filter_map(|one| {
        let tile = one.wave.tile(one.shard, cells)?;
        let of = tile.blocks.end - tile.blocks.start;
        let (state, there) = match one.state {
            State::NotBegun => ("not_begun", 0),
            State::Running(there) => ("running", there),
            State::Begun(there) => ("begun", there),
            State::Done => ("done", of),
        };
        Some(json!({
            "shard": one.shard,
            "shards": one.wave.count,
            "state": state,
            "first_replication": tile.blocks.start,
            "replications": there,
            "of": of,
            "first_cell": tile.cells.start,
            "cells": tile.cells.len(),
        }))
    });
    json!({
        "kind": "sweep",
        "title": record.title,
        "seed": record.seed,
        "cells": cells,
        "asked": shards.replications(),
        "shards": each.collect::<Json>(),
    })
}

/// What is said of shards that are not all done.
fn unfinished(all: &[Shard]) -> Failure {
    let running = all.iter().filter(|one| one.state.is_running()).count();
    let missing = all.iter().filter(|one| one.state != State::Done).count() - running;
    let mut words = Vec::new();
    if missing > 0 || running == 0 {
        words.push(format!("{missing} of {} shards are missing", all.len()));
    }
    if running > 0 {
        words.push(format!("{running} of {} are being run", all.len()));
    }
    Failure::Other(words.join(", "))
}

/// How far a shard is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// There is nothing of it.
    NotBegun,
    /// Somebody runs it, and has so many blocks.
    Running(u64),
    /// So many blocks are there, and nobody runs it.
    Begun(u64),
    /// It is whole.
    Done,
}

impl State {
    fn is_not_begun(&self) -> bool {
        *self == State::NotBegun
    }

    fn is_running(&self) -> bool {
        matches!(self, State::Running(_))
    }

    fn is_begun(&self) -> bool {
        matches!(self, State::Begun(_))
    }
}

/// A shard that has something to run.
#[derive(Debug, Clone)]
pub struct Shard {
    /// Of this wave.
    pub wave: Wave,
    /// Its number.
    pub shard: u64,
    /// How far it is.
    pub state: State,
}

/// All shards that have something to run, wave by wave, and how far they are; what is of something else is refused.
pub fn states(
    folder: &SweepFolder,
    record: &PlanRecord,
    shards: &Shards,
) -> Result<Vec<Shard>, Failure> {
    let identity = record.identity();
    let cells = record.cells.len();
    // As many as can be told at once: a folder of thousands lies on a network as a rule.
    let all: Vec<(Wave, u64, Tile)> = (shards.waves.iter())
        .flat_map(|wave| wave.tiles(cells).map(|(shard, tile)| (*wave, shard, tile)))
        .collect();
    all.into_par_iter()
        .map(|(wave, shard, tile)| {
            let part = Part::of(record, tile.cells.clone());
            let header = SumsHeader {
                plan_sha256: identity,
                cells: part.flown().collect(),
                // Not looked into here.
                shape: Shape {
                    columns: 0,
                    confusion: 0,
                },
                first: tile.blocks.start,
            };
            let asked = Asked {
                folder,
                record,
                identity,
                form: shards.rows.form,
            };
            let reached = |sums: &Path| Summed::reached(sums, &header);
            let state = asked.state((&wave, shard, &tile), &part, reached)?;
            Ok(Shard { wave, shard, state })
        })
        .collect()
}

/// A sweep whose shards are asked how far they have come.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub folder: &'a SweepFolder,
    pub record: &'a PlanRecord,
    pub identity: [u8; 32],
    pub form: RowForm,
}

impl Asked<'_> {
    /// How far a shard is; `reached` says to which block its sums go.
    pub fn state(
        &self,
        (wave, shard, tile): (&Wave, u64, &Tile),
        part: &Part,
        reached: impl FnOnce(&Path) -> Result<u64, OutputError>,
    ) -> Result<State, Failure> {
        let Asked {
            folder,
            record,
            identity,
            form,
        } = *self;
        let first = tile.blocks.start;
        let rows = folder.shard_journal(wave, shard);
        let sums = folder.shard_sums(wave, shard);
        let sums_alone = form == RowForm::None;
        let kept = if sums_alone { &sums } else { &rows };
        if !kept.exists() {
            return Ok(State::NotBegun);
        }
        if !sums_alone {
            // A journal of something else is refused.
            match JournalReader::open(&rows) {
                // Interrupted as it was begun.
                Err(OutputError::Journal(JournalError::Unstarted { .. })) => {}
                Err(error) => return Err(error.into()),
                Ok(reader) => {
                    let found = reader.header();
                    if found.plan_sha256 != record.part_identity(identity, part)
                        || found.first != first
                    {
                        return Err(Failure::bad_input(format!(
                            "{} is not of this sweep: it has another plan or begins at another replication than {first}",
                            rows.display()
                        )));
                    }
                }
            }
        }
        let reached = match sums.exists() {
            true => reached(&sums)?,
            false => first,
        };
        let written = form != RowForm::Parquet || folder.shard_rows(wave, shard).exists();
        if written && reached >= tile.blocks.end {
            return Ok(State::Done);
        }
        let there = match sums_alone {
            true => reached - first,
            false => match count_blocks(&rows) {
                Err(OutputError::Journal(JournalError::Unstarted { .. })) => 0,
                state => state?.blocks,
            },
        };
        Ok(match is_being_written(kept)? {
            true => State::Running(there),
            false => State::Begun(there),
        })
    }
}

/// A sweep that is run in one.
fn of_whole(
    arguments: &StatusArguments,
    folder: &SweepFolder,
    record: &PlanRecord,
) -> Result<(), Failure> {
    let blocks = match folder.journal() {
        _ if folder.sums().exists() => {
            let part = Part::whole(record);
            let header = SumsHeader {
                plan_sha256: record.identity(),
                cells: part.flown().collect(),
                shape: Shape {
                    columns: 0,
                    confusion: 0,
                },
                first: 0,
            };
            Summed::reached(&folder.sums(), &header)?
        }
        journal if journal.exists() => match count_blocks(&journal) {
            // Interrupted as it was begun.
            Err(OutputError::Journal(JournalError::Unstarted { .. })) => 0,
            state => state?.blocks,
        },
        _ => 0,
    };
    let asked = Rule::new(&record.stop, record.asked).most();
    // What the results say holds as long as nobody has gone on since.
    let written = folder.progress()?;
    let (first, whole) = match written.filter(|progress| progress.done == blocks) {
        Some(progress) => (progress.words(), progress.ended.is_whole()),
        None => (
            format!("Not finished: {blocks} of {asked} replications"),
            false,
        ),
    };
    let results = match written {
        Some(progress) if progress.done == blocks => "results are written".to_owned(),
        Some(progress) => format!("results are written for the first {}", progress.done),
        None => "results are not written yet".to_owned(),
    };
    arguments.told(
        whole,
        &format!(
            "{first}\n{}\n{blocks} replications of each of {} cells; {results}.\n",
            record.title,
            record.cells.len()
        ),
        json!({
            "kind": "sweep",
            "title": record.title,
            "seed": record.seed,
            "cells": record.cells.len(),
            "asked": asked,
            "replications": blocks,
            "written": written.map(|progress| progress.done),
        }),
    )?;
    if whole {
        return Ok(());
    }
    Err(Failure::Other(format!(
        "{} is not finished; `deconflict sweep ... --resume` goes on{}",
        folder.path().display(),
        kept_words(folder.path())
    )))
}

/// A run or a tuning.
fn of_another(arguments: &StatusArguments, not_a_sweep: OutputError) -> Result<(), Failure> {
    let place = arguments.folder.as_path();
    if place.join("manifest.json").exists() {
        let manifest = Stored::open(place, Trust::Verified)?.manifest;
        let progress = manifest.progress;
        arguments.told(
            progress.ended.is_whole(),
            &format!(
                "{}\n{}\nseed {}; results are written.\n",
                progress.words(),
                manifest.title,
                manifest.seed
            ),
            json!({
                "kind": manifest.command,
                "title": manifest.title,
                "seed": manifest.seed,
                "asked": progress.asked,
                "replications": progress.done,
                "written": progress.done,
            }),
        )?;
        if progress.ended.is_whole() {
            return Ok(());
        }
        return Err(Failure::Other(format!(
            "{} is not finished; the same command with --force runs it all",
            place.display()
        )));
    }
    let Some(record) = TuningFolder::study(place, Trust::Verified)? else {
        return Err(not_a_sweep.into());
    };
    let workers = WorkersProgress::of(place)?;
    let (how_far, goes_on) = match workers {
        None => (String::new(), "--resume"),
        Some(workers) => (workers_words(&workers), "--worker"),
    };
    arguments.told(
        false,
        &format!(
            "Not finished: no results are written yet\n{}\nseed {}\n{how_far}",
            record.study.title, record.study.seed
        ),
        json!({
            "kind": "tune",
            "title": record.study.title,
            "seed": record.study.seed,
            "written": Json::Null,
            "workers": workers.map(|workers| json!({
                "batches": workers.batches,
                "parcels": workers.parcels,
                "done": workers.done,
                "claimed": workers.claimed,
            })),
        }),
    )?;
    Err(Failure::Other(format!(
        "{} is not finished; `deconflict tune ... {goes_on}` goes on{}",
        place.display(),
        kept_words(place)
    )))
}

/// How far the workers of a tuning have come.
fn workers_words(workers: &WorkersProgress) -> String {
    let WorkersProgress {
        batches,
        done,
        claimed,
        parcels,
    } = workers;
    let next = parcels.map_or(String::new(), |parcels| {
        format!("; of the next {done} of {parcels} parcels, {claimed} more are being run")
    });
    format!("{batches} batches are whole{next}.\n")
}

/// Numbers as clusters take them: 0-3,7.
pub fn array_list(numbers: &[u64]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = numbers;
    while let Some(&first) = rest.first() {
        let run = rest
            .iter()
            .zip(first..)
            .take_while(|(number, expected)| *number == expected)
            .count();
        let last = rest[run - 1];
        parts.push(if run == 1 {
            first.to_string()
        } else {
            format!("{first}-{last}")
        });
        rest = &rest[run..];
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_numbers_are_joined() {
        assert_eq!(array_list(&[]), "");
        assert_eq!(array_list(&[5]), "5");
        assert_eq!(array_list(&[0, 1, 2, 3, 7, 9, 10]), "0-3,7,9-10");
    }
}
