//! `deconflict merge`: the shards of a sweep, joined into the results that one machine would have written.

use std::path::PathBuf;

use clap::Args;
use deconflict::experiment::accounts::{Accounts, Part};
use deconflict::experiment::plan::Plan;
use deconflict::experiment::rows::RowForm;
use deconflict::experiment::rule::Rule;
use deconflict::output::{
    Ended, JournalReader, Piece, Progress, Shards, Summed, SweepFolder, Tile, Wave, merge_journals,
    rows_header, sums_header, weave_journals, write_results,
};
use rayon::prelude::*;
use serde_json::Value as Json;

use super::host::{MergeNote, RunNote, Sessions, Started};
use super::options::AsJson;
use super::status::{Asked, Shard, State, array_list};
use super::subject::quoted;
use super::sweep::{report, sweep_json};
use super::{Failure, print, tell};

/// Arguments of `deconflict merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict merge results/agreement
      join the shards in results/agreement/shards; the files are those of a sweep on one machine, byte by byte
  deconflict merge results/agreement --partial
      the same of the shards that are there, without rows, and what is missing

Exit code: 0 all joined, 1 joined in part or failed, 2 bad input.")]
pub struct MergeArguments {
    /// Folder of the sweep.
    folder: PathBuf,
    /// Join what is there, and say what is missing; the results say so too, and have no rows.
    #[arg(long)]
    partial: bool,
    #[command(flatten)]
    form: AsJson,
}

/// Runs the command.
pub fn join_shards(arguments: &MergeArguments) -> Result<(), Failure> {
    let started = Started::now();
    let out = arguments.folder.display();
    let (folder, record) = SweepFolder::alone(&arguments.folder)?;
    let cells = record.cells.len();
    let Some(shards) = folder.shards(cells)? else {
        return Err(Failure::bad_input(format!(
            "{out} is not split into shards: there is nothing to merge"
        )));
    };
    let here = env!("CARGO_PKG_VERSION");
    if record.version != here {
        return Err(Failure::bad_input(format!(
            "{out} was run by version {}, this is {here}; merge with the version that ran it",
            record.version
        )));
    }
    let identity = record.identity();
    let plan = match folder.prepared(&record)? {
        Some(prepared) => Plan::from_prepared(record, prepared)?,
        None => Plan::from_record(record)?,
    };
    let read = Read::all(&folder, &plan, identity, &shards)?;
    let states = &read.states;
    let count: u64 = shards.waves.iter().map(|wave| wave.count).sum();
    let lacking = |state: &State| *state != State::Done;
    let missing = states.iter().filter(|one| lacking(&one.state)).count();
    if missing > 0 && !arguments.partial {
        let lists = shards.waves.iter().filter_map(|wave| {
            let of_wave = states.iter().filter(|one| one.wave == *wave);
            let numbers: Vec<u64> = of_wave
                .filter(|one| lacking(&one.state))
                .map(|one| one.shard)
                .collect();
            let from = match wave.first {
                0 => String::new(),
                first => format!(" (of those from replication {first})"),
            };
            (!numbers.is_empty()).then(|| format!("{}{from}", array_list(&numbers)))
        });
        let lists: Vec<String> = lists.collect();
        return Err(Failure::bad_input(format!(
            "{missing} of {count} shards are missing or not whole: {}; run them with --shard first, or join what is there with --partial",
            lists.join("; ")
        )));
    }

    let rows = shards.rows.form == RowForm::Csv && missing == 0;
    if rows {
        join_rows(&folder, &plan, identity, &shards)?;
    }
    let Read {
        states,
        accounts,
        sessions,
    } = read;
    let gone: Vec<String> = (states.iter().filter(|one| one.state != State::Done))
        .filter_map(|one| {
            let tile = one.wave.tile(one.shard, cells)?;
            Some(words(one.shard, &one.wave, &tile, &plan))
        })
        .collect();
    let progress = Progress {
        asked: shards.replications(),
        done: accounts.blocks(),
        ended: match gone.is_empty() {
            true => Ended::Finished,
            false => Ended::Partial,
        },
    };
    if accounts.passed().iter().all(|&passed| passed == 0) {
        return Err(Failure::Other(format!(
            "no shard of {out} is whole yet: there is nothing to join"
        )));
    }
    let note = MergeNote {
        merge: RunNote::new(&started, 1, 0, progress),
        shards: sessions,
    };
    let blocks = match rows {
        true => Some(JournalReader::open(&folder.journal())?),
        false => None,
    };
    write_results(folder.path(), &plan, &accounts, blocks, progress, &note)?;
    let parquet: Vec<String> = match shards.rows.form {
        RowForm::Parquet => (states.iter().filter(|one| one.state == State::Done))
            .map(|one| {
                folder
                    .shard_rows(&one.wave, one.shard)
                    .display()
                    .to_string()
            })
            .collect(),
        RowForm::Csv | RowForm::None => Vec::new(),
    };
    arguments.form.print(
        || {
            let rows = match parquet.as_slice() {
                [] => String::new(),
                [one] => format!("Rows: {one}\n"),
                [first, .., last] => format!(
                    "Rows: {} files, one a shard and never joined, {first} to {last}\n",
                    parquet.len()
                ),
            };
            report(&plan, &accounts, &arguments.folder) + &rows
        },
        || {
            let mut object = sweep_json(&plan, &accounts, &arguments.folder)?;
            object["missing"] = Json::from(gone.clone());
            if !parquet.is_empty() {
                object["rows"] = Json::from(parquet.clone());
            }
            Ok(object)
        },
    )?;
    say_rule(&plan, &accounts);
    if gone.is_empty() {
        return Ok(());
    }
    if !arguments.form.json {
        print(&format!("Missing:\n  {}\n", gone.join("\n  ")))?;
    }
    Err(Failure::Other(format!(
        "{} of {count} shards are missing: the results are of the others",
        gone.len()
    )))
}

/// All that the shards that are there came to.
struct Read {
    states: Vec<Shard>,
    accounts: Accounts,
    sessions: Sessions,
}

impl Read {
    /// Reads each file of sums once, a few at a time, and puts in its place what is whole.
    fn all(
        folder: &SweepFolder,
        plan: &Plan,
        identity: [u8; 32],
        shards: &Shards,
    ) -> Result<Read, Failure> {
        let record = &plan.record;
        let cells = record.cells.len();
        let asked = Asked {
            folder,
            record,
            identity,
            form: shards.rows.form,
        };
        let mut read = Read {
            states: Vec::new(),
            accounts: Accounts::new(plan),
            sessions: Sessions::default(),
        };
        let all: Vec<(Wave, u64, Tile)> = (shards.waves.iter())
            .flat_map(|wave| wave.tiles(cells).map(|(shard, tile)| (*wave, shard, tile)))
            .collect();
        for some in all.chunks(2 * rayon::current_num_threads()) {
            let found = some.par_iter().map(|(wave, shard, tile)| {
                let part = Part::of(record, tile.cells.clone());
                let first = tile.blocks.start;
                let mut summed = None;
                let state = asked.state((wave, *shard, tile), &part, |sums| {
                    let header = sums_header(plan, identity, &part, first);
                    summed = Summed::read(sums, &header, Accounts::of(plan, part.clone()))?;
                    Ok(summed.as_ref().map_or(first, |summed| summed.next(first)))
                })?;
                Ok((state, part, summed))
            });
            let found = found.collect::<Result<Vec<_>, Failure>>()?;
            for ((wave, shard, _), (state, part, summed)) in some.iter().zip(found) {
                if let Some(summed) = summed.filter(|_| state == State::Done) {
                    for block in &summed.heads {
                        read.accounts.add_of(&part, block);
                    }
                    read.accounts.absorb(summed.ledger.into_seen());
                    summed.notes.iter().for_each(|note| read.sessions.add(note));
                }
                read.states.push(Shard {
                    wave: *wave,
                    shard: *shard,
                    state,
                });
            }
        }
        Ok(read)
    }
}

/// What a shard that is missing would have run.
fn words(shard: u64, wave: &Wave, tile: &Tile, plan: &Plan) -> String {
    let cells = match tile.cells.len() == plan.record.cells.len() {
        true => "all cells".to_owned(),
        false => format!("cells {} to {}", tile.cells.start, tile.cells.end - 1),
    };
    format!(
        "shard {shard} of {}: replications {} to {} of {cells}",
        wave.count,
        tile.blocks.start,
        tile.blocks.end - 1
    )
}

/// The rows of all shards, in one journal.
fn join_rows(
    folder: &SweepFolder,
    plan: &Plan,
    identity: [u8; 32],
    shards: &Shards,
) -> Result<(), Failure> {
    let cells = plan.record.cells.len();
    let whole = folder.journal();
    let blocks = folder.path().join("blocks");
    std::fs::create_dir_all(&blocks)
        .map_err(|error| Failure::other(error, "cannot create the folder of the merged blocks"))?;
    let mut runs: Vec<Vec<Piece>> = Vec::new();
    for wave in &shards.waves {
        for (shard, tile) in wave.tiles(cells) {
            let part = Part::of(&plan.record, tile.cells.clone());
            let piece = Piece {
                path: folder.shard_journal(wave, shard),
                header: rows_header(plan, identity, &part, tile.blocks.start),
                own: tile.cells.len(),
                blocks: tile.blocks,
            };
            match runs.last_mut() {
                Some(run) if run[0].blocks == piece.blocks => run.push(piece),
                _ => runs.push(vec![piece]),
            }
        }
    }
    if runs.iter().all(|run| run.len() == 1) {
        let parts: Vec<PathBuf> = runs.into_iter().flatten().map(|piece| piece.path).collect();
        merge_journals(&parts, &whole)?;
    } else {
        let header = rows_header(plan, identity, &Part::whole(&plan.record), 0);
        weave_journals(&header, &runs, &whole)?;
    }
    Ok(())
}

/// Whether the stopping rule of the experiment has enough, where it has one that looks.
fn say_rule(plan: &Plan, accounts: &Accounts) {
    let record = &plan.record;
    let rule = Rule::new(&record.stop, None);
    let blocks = accounts.blocks();
    if record.stopping().is_none() {
        return;
    }
    let next = rule.next_look(blocks);
    if !rule.looks(blocks) {
        tell(&format!(
            "The stopping rule makes no interim analysis after {blocks} replications; the next is after {next}."
        ));
    } else if rule.satisfied(record, accounts) {
        tell(&format!(
            "The stopping rule is satisfied after {blocks} replications."
        ));
    } else {
        tell(&format!(
            "The stopping rule wants more: run the next wave, deconflict sweep {} --out ... --shard I/N --replications {next} --resume",
            quoted("EXPERIMENT"),
        ));
    }
}
