//! Whose a folder is, who is at work in it, and how one gives way to another.
//!
//! A folder is ours if its description (`manifest.json`, or `plan.json` or `study.json` before there are results) says so,
//! program, form, version and command, and if it holds nothing that the command does not write. All else is strange: it is
//! named, and nothing is touched, by force or without.
//!
//! Whoever works in a folder holds a shared lock on it; whoever replaces it asks for the lock alone, and for the locks of
//! the journals inside, before anything is moved. A folder gives way in one step: both are whole at every moment. Results
//! that are replaced by a sweep or a tuning, which take their time, are kept in `replaced` until those are done.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::beside::{self, Beside, Lock, exchange, is_unfinished, lock_folder, move_unless_there};
use super::error::OutputError;
use super::files::sync_folder;
use super::headers::{PARQUET, REPLICATIONS, RESULT_FILES, TIMES};
use super::locks::{Attempt, lock};
use super::manifest::{FORMAT, MANIFEST, Made, Progress, Trust, is_recording, read_description};
use super::workers::is_of_workers;

/// What is run in a sweep.
pub(super) const PLAN: &str = "plan.json";
/// What is tuned.
pub(super) const STUDY: &str = "study.json";
/// The script of the array that runs a sweep.
const SUBMIT: &str = "submit.sh";
/// How a sweep is split.
pub(super) const SHARDS: &str = "shards.json";
/// What is known of the cells of a sweep of many.
pub(super) const CELLS: &str = "cells.json";
/// What the workers of a tuning share.
pub(super) const WORKERS: &str = "workers";
/// The folder of older results, until newer ones are done.
const REPLACED: &str = "replaced";
/// In an unfinished folder: what is in `new` may be results that are to be kept.
const KEEP: &str = "keep";
/// In an unfinished folder: what is to be put in place, or was replaced.
const NEW: &str = "new";

/// What every description says.
#[derive(Debug, Deserialize)]
struct Said {
    command: Made,
    #[serde(rename = "version")]
    _version: String,
}

/// A description of what is run, with what makes it one of ours.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Described<T> {
    format: u32,
    command: Made,
    #[serde(flatten)]
    pub value: T,
}

impl<T> Described<T> {
    pub fn new(command: Made, value: T) -> Described<T> {
        Described {
            format: FORMAT,
            command,
            value,
        }
    }
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// Nothing.
    Nothing,
    /// A folder with nothing in it, or nothing but what dead commands left.
    Empty,
    /// A folder of ours.
    Ours(Made),
}

/// Looks at a path; what is neither free nor ours is refused, and what is strange is named.
pub(super) fn look(path: &Path) -> Result<There, OutputError> {
    let not_ours = |why: &str| OutputError::NotOurs {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(There::Nothing),
        Err(error) => return Err(OutputError::io("look at", path)(error)),
        Ok(about) if about.is_symlink() => return Err(not_ours("it is a link")),
        Ok(about) if !about.is_dir() => return Err(not_ours("it is a file")),
        Ok(_) => {}
    }
    let left_over =
        |name: &str| is_unfinished(OsStr::new(name), None) && beside::is_ours(&path.join(name));
    if entries(path)?.iter().all(|name| left_over(name)) {
        return Ok(There::Empty);
    }
    let made = identity(path)?.ok_or_else(|| {
        not_ours("it has no manifest.json, plan.json or study.json of deconflict")
    })?;
    let mut strange = Vec::new();
    strangers(path, made, "", &mut strange)?;
    if strange.is_empty() {
        return Ok(There::Ours(made));
    }
    Err(OutputError::Strange {
        path: path.to_owned(),
        names: strange,
    })
}

/// The command that made a folder, as its description says; none without one.
fn identity(path: &Path) -> Result<Option<Made>, OutputError> {
    for name in [MANIFEST, PLAN, STUDY] {
        match read_description::<Said>(path, name, Trust::Unverified) {
            Ok(None) => {}
            Ok(Some(said)) => return Ok(Some(said.command)),
            Err(OutputError::NotResults { why, .. }) => {
                return Err(OutputError::NotOurs {
                    path: path.to_owned(),
                    why,
                });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Names in a folder, sorted; what is no text with what replaces it.
fn entries(path: &Path) -> Result<Vec<String>, OutputError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(OutputError::io("read", path))? {
        let entry = entry.map_err(OutputError::io("read", path))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Adds what a command does not write, as paths below the folder.
fn strangers(
    path: &Path,
    made: Made,
    shown: &str,
    strange: &mut Vec<String>,
) -> Result<(), OutputError> {
    for name in entries(path)? {
        let place = path.join(&name);
        let shown = format!("{shown}{name}");
        let about = match place.symlink_metadata() {
            Ok(about) => about,
            // Gone since, such as what another command had unfinished.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(OutputError::io("look at", &place)(error)),
        };
        if is_unfinished(OsStr::new(&name), None) && beside::is_ours(&place) {
            // Of a living command: then it is at work here.
            lock_folder(&place, Lock::Alone)?;
            continue;
        }
        if about.is_file() {
            if !may_hold(made, &name) {
                strange.push(shown);
            }
            continue;
        }
        let inside = format!("{shown}/");
        let folder = about.is_dir();
        match (made, name.as_str()) {
            _ if !folder => strange.push(shown),
            (Made::Run | Made::Sweep | Made::Tune, REPLACED) => match identity(&place)? {
                Some(older) if older != Made::Report => {
                    strangers(&place, older, &inside, strange)?;
                }
                _ => strange.push(shown),
            },
            (Made::Run | Made::Sweep | Made::Tune, "report") => match identity(&place) {
                Ok(Some(Made::Report)) => strangers(&place, Made::Report, &inside, strange)?,
                _ => strange.push(shown),
            },
            (Made::Sweep, "blocks") => {
                let known = |name: &str| name == "whole.blocks" || name == "whole.sums";
                plain_files(&place, &inside, known, strange)?;
            }
            (Made::Sweep, "shards") => {
                let known = |name: &str| name == SHARDS || name == CELLS || is_shard(name);
                plain_files(&place, &inside, known, strange)?;
            }
            (Made::Tune, WORKERS) => plain_files(&place, &inside, is_of_workers, strange)?,
            (Made::Tune, "finalists") => plain_files(&place, &inside, is_finalist, strange)?,
            _ => strange.push(shown),
        }
    }
    Ok(())
}

/// What no tuning writes among the finalists in its folder, as paths below it.
pub(super) fn strange_finalists(path: &Path) -> Result<Vec<String>, OutputError> {
    let mut strange = Vec::new();
    plain_files(
        &path.join("finalists"),
        "finalists/",
        is_finalist,
        &mut strange,
    )?;
    Ok(strange)
}

/// Adds all in a folder but plain files of known names.
fn plain_files(
    path: &Path,
    shown: &str,
    known: impl Fn(&str) -> bool,
    strange: &mut Vec<String>,
) -> Result<(), OutputError> {
    for name in entries(path)? {
        let place = path.join(&name);
        if is_unfinished(OsStr::new(&name), None) && beside::is_ours(&place) {
            lock_folder(&place, Lock::Alone)?;
            continue;
        }
        let plain = place.symlink_metadata().is_ok_and(|about| about.is_file());
        if !plain || !known(&name) {
            strange.push(format!("{shown}{name}"));
        }
    }
    Ok(())
}

/// Whether a command writes a file of this name into its folder.
fn may_hold(made: Made, name: &str) -> bool {
    if name == MANIFEST || (made != Made::Report && is_recording(name)) {
        return true;
    }
    let of_all = [
        "run.json",
        "report.html",
        "prevention.csv",
        "prevention.json",
    ];
    match made {
        Made::Run => {
            let own = [
                REPLICATIONS.name,
                PARQUET.name,
                "summary.csv",
                "confusion.csv",
                "grid.csv",
            ];
            own.contains(&name) || name == TIMES.name || of_all.contains(&name)
        }
        Made::Sweep => {
            name == PLAN
                || name == SUBMIT
                || RESULT_FILES.iter().any(|file| file.name == name)
                || of_all.contains(&name)
        }
        Made::Tune => {
            let own = [
                STUDY,
                "search.batches",
                "front.csv",
                "candidates.csv",
                "robustness.csv",
                "break_even.csv",
                "decision.md",
                // Of a replication that failed.
                "failed.toml",
            ];
            own.contains(&name) || of_all.contains(&name)
        }
        // Their sweeps are folders of their own: such a folder is gone on with, never replaced.
        Made::Match | Made::Screen => false,
        Made::Report => is_figure(name) || is_replay(name),
    }
}

/// Whether a report gives its figures such names.
fn is_figure(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    name.strip_suffix(".svg")
        .or_else(|| name.strip_suffix(".csv"))
        .is_some_and(|id| !id.is_empty() && id.chars().all(plain))
}

/// Whether a report gives a replay of a cell and a replication such a name.
fn is_replay(name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    name.strip_prefix("replay-")
        .and_then(|name| name.strip_suffix(".html"))
        .and_then(|name| name.split_once('-'))
        .is_some_and(|(cell, replication)| number(cell) && number(replication))
}

/// Whether a sweep gives the journal of a shard such a name.
fn is_shard(name: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = name
        .strip_suffix(".blocks")
        .or_else(|| name.strip_suffix(".sums"))
        .or_else(|| name.strip_suffix(".parquet"));
    name.and_then(|name| name.split_once("-of-"))
        .is_some_and(|(shard, rest)| {
            let (count, first) = rest.split_once("-from-").unwrap_or((rest, "0"));
            number(shard) && number(count) && number(first)
        })
}

/// Whether a tuning gives a finalist such a name.
fn is_finalist(name: &str) -> bool {
    name.strip_suffix(".toml")
        .is_some_and(|place| place.len() >= 2 && place.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A path that may be written to: nothing is there, or what is there may give way and nobody is at work in it.
#[derive(Debug)]
pub(super) struct Claim {
    there: There,
    _lock: Option<File>,
}

impl Claim {
    /// Asks, and with `force` locks what would be replaced. Without, what is there is refused with what `exists` says.
    pub fn of(
        path: &Path,
        force: bool,
        exists: impl FnOnce(&Path) -> OutputError,
    ) -> Result<Claim, OutputError> {
        let there = match look(path) {
            // Without force it does not matter whose it is.
            Err(OutputError::NotOurs { .. } | OutputError::Strange { .. }) if !force => {
                return Err(exists(path));
            }
            there => there?,
        };
        match there {
            There::Nothing => Ok(Claim { there, _lock: None }),
            There::Ours(_) if !force => Err(exists(path)),
            There::Empty | There::Ours(_) => {
                let lock = lock_folder(path, Lock::Alone)?;
                nobody_writes(path)?;
                // Now that nobody else can change it.
                let there = look(path)?;
                Ok(Claim { there, _lock: lock })
            }
        }
    }

    /// Whether something gives way.
    pub fn replaces(&self) -> bool {
        matches!(self.there, There::Ours(_))
    }

    /// Puts a folder in the place; what gives way is then where the new one was.
    fn put(&self, fresh: &Path, path: &Path) -> Result<(), OutputError> {
        let put = match self.there {
            There::Nothing => move_unless_there(fresh, path),
            There::Empty | There::Ours(_) => exchange(fresh, path),
        };
        match put {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(OutputError::Exists {
                    path: path.to_owned(),
                })
            }
            put => put.map_err(OutputError::io("write", path)),
        }?;
        sync_folder(beside::parent_of(path), path)
    }
}

/// Whether nobody writes a journal in a folder, be it from another machine or by another version.
fn nobody_writes(path: &Path) -> Result<(), OutputError> {
    let mut journals = vec![
        path.join("blocks/whole.blocks"),
        path.join("blocks/whole.sums"),
        path.join("search.batches"),
    ];
    if let Ok(shards) = fs::read_dir(path.join("shards")) {
        let shards = shards.flatten().map(|entry| entry.path());
        let kept = |place: &PathBuf| {
            ["blocks", "sums"]
                .map(OsStr::new)
                .map(Some)
                .contains(&place.extension())
        };
        journals.extend(shards.filter(kept));
    }
    for journal in journals {
        // For writing: some networks know no other locks.
        let Ok(file) = fs::OpenOptions::new().read(true).write(true).open(&journal) else {
            continue;
        };
        if lock(&journal, &file, Lock::Alone)? == Attempt::Busy {
            return Err(OutputError::Busy { path: journal });
        }
    }
    Ok(())
}

/// A folder of results in the making, beside its place.
#[derive(Debug)]
pub(super) struct Making {
    beside: Beside,
    /// Where it is written.
    pub fresh: PathBuf,
    /// Where it goes.
    pub target: PathBuf,
}

impl Making {
    /// Begins one.
    pub fn of(target: &Path) -> Result<Making, OutputError> {
        let beside = Beside::of(target)?;
        let fresh = beside.make(NEW)?;
        Ok(Making {
            beside,
            fresh,
            target: target.to_owned(),
        })
    }

    /// Puts it in its place in one step; what gives way is removed.
    pub fn put(&self, claim: &Claim) -> Result<(), OutputError> {
        claim.put(&self.fresh, &self.target)
    }

    /// Puts in its place what is only begun; what gives way is kept inside until it is done. The folder is then locked
    /// for work.
    pub fn put_begun(self, claim: &Claim) -> Result<Option<File>, OutputError> {
        let lock = lock_folder(&self.fresh, Lock::Shared)?;
        let older = matches!(claim.there, There::Ours(_));
        if older {
            let keep = self.beside.path(KEEP);
            fs::write(&keep, "").map_err(OutputError::io("write", &keep))?;
        }
        claim.put(&self.fresh, &self.target)?;
        if older {
            let kept = self.target.join(REPLACED);
            fs::rename(&self.fresh, &kept).map_err(OutputError::io("write", &kept))?;
        }
        Ok(lock)
    }
}

/// What a dead command was about to keep is put where it belongs; called before the rest of its folder is removed.
pub(super) fn rescue(unfinished: &Path) {
    let name = unfinished.file_name().unwrap_or_default().to_string_lossy();
    let Some((name, _)) = name.rsplit_once(".unfinished-") else {
        return;
    };
    let Some(name) = name.strip_prefix('.') else {
        return;
    };
    let target = unfinished.with_file_name(name);
    // Two steps where the system cannot do it in one, and dead between them.
    let between = unfinished.join(format!("{NEW}-between"));
    if between.is_dir() && target.symlink_metadata().is_err() {
        let _ = fs::rename(&between, &target);
        return;
    }
    let held = unfinished.join(NEW);
    let of_value = [
        MANIFEST,
        "blocks/whole.blocks",
        "shards",
        "search.batches",
        WORKERS,
        REPLACED,
    ];
    let worth = of_value.iter().any(|name| held.join(name).exists());
    if unfinished.join(KEEP).exists() && worth {
        let kept = target.join(REPLACED);
        if target.is_dir() && kept.symlink_metadata().is_err() {
            let _ = fs::rename(&held, &kept);
        }
    }
}

/// Removes the older results that were kept until newer ones were done; unless there are strangers among them.
pub(super) fn settle(path: &Path) -> Result<(), OutputError> {
    let kept = path.join(REPLACED);
    if !matches!(look(&kept), Ok(There::Ours(_))) {
        return Ok(());
    }
    let beside = Beside::of(&kept)?;
    fs::rename(&kept, beside.path(NEW)).map_err(OutputError::io("remove", &kept))
}

/// Whether older results are kept in a folder.
pub fn keeps_older(path: &Path) -> Option<PathBuf> {
    let kept = path.join(REPLACED);
    kept.is_dir().then_some(kept)
}

/// A place beside `path` for what may not replace it: a free one, or that of an earlier run that was cut short.
pub(super) fn place_beside(path: &Path, what: &str) -> Result<(PathBuf, Claim), OutputError> {
    let name = path.file_name().unwrap_or_default().to_os_string();
    let mut number = 1u32;
    loop {
        let mut other = name.clone();
        other.push(format!(".{what}"));
        if number > 1 {
            other.push(format!("-{number}"));
        }
        let place = path.with_file_name(other);
        let short = || {
            let said = read_description::<Progress>(&place, MANIFEST, Trust::Verified);
            matches!(said, Ok(Some(progress)) if !progress.ended.is_whole())
        };
        match look(&place) {
            Ok(There::Nothing) => return Ok((place.clone(), Claim::of(&place, false, exists)?)),
            Ok(There::Ours(Made::Run)) if short() => {
                if let Ok(claim) = Claim::of(&place, true, exists) {
                    return Ok((place, claim));
                }
            }
            _ => {}
        }
        number += 1;
    }
}

/// What is said where nothing more is to be said.
pub(super) fn exists(path: &Path) -> OutputError {
    OutputError::Exists {
        path: path.to_owned(),
    }
}

/// A shared lock on a folder in which one is going to work, after what dead commands left in it was cleared.
pub(super) fn enter(path: &Path) -> Result<Option<File>, OutputError> {
    let lock = lock_folder(path, Lock::Shared)?;
    beside::tidy_all(path, None)?;
    for inside in ["blocks", "shards", WORKERS] {
        beside::tidy_all(&path.join(inside), None)?;
    }
    Ok(lock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::manifest::{Ended, Manifest};

    fn ours(path: &Path, made: Made, done: u64) {
        fs::create_dir_all(path).unwrap();
        let ended = if done == 10 {
            Ended::Finished
        } else {
            Ended::Interrupted
        };
        let progress = Progress {
            asked: 10,
            done,
            ended,
        };
        Manifest::new(made, "x", 1, progress)
            .write(path, path)
            .unwrap();
    }

    #[test]
    fn only_what_says_so_and_holds_nothing_else_is_ours() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        assert_eq!(look(&path).unwrap(), There::Nothing);
        fs::create_dir(&path).unwrap();
        assert_eq!(look(&path).unwrap(), There::Empty);
        fs::write(path.join("manifest.json"), "{\"manifest_version\": 3}").unwrap();
        assert!(matches!(look(&path), Err(OutputError::NotOurs { .. })));
        ours(&path, Made::Run, 10);
        assert_eq!(look(&path).unwrap(), There::Ours(Made::Run));
        for (made, name) in [
            (Made::Run, "thesis.tex"),
            (Made::Run, "cells.csv"),
            (Made::Run, "Summary.csv"),
            (Made::Sweep, "blocks/notes"),
            (Made::Sweep, "shards/1-of-x.blocks"),
            (Made::Tune, "finalists/mine.toml"),
            (Made::Tune, "report/mine.csv"),
            (Made::Run, "summary.csv/x"),
            (Made::Run, "replaced/thesis.tex"),
        ] {
            fs::remove_dir_all(&path).unwrap();
            ours(&path, made, 10);
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "mine").unwrap();
            let error = look(&path).unwrap_err();
            let first = name.split('/').next().unwrap();
            assert!(
                matches!(&error, OutputError::Strange { names, .. } if names.len() == 1 && names[0].starts_with(first)),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn who_works_in_a_folder_keeps_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        ours(&path, Made::Sweep, 10);
        let lock = enter(&path).unwrap();
        let other = enter(&path).unwrap();
        let refused = Claim::of(&path, true, exists);
        assert!(
            matches!(refused, Err(OutputError::Busy { .. })),
            "{refused:?}"
        );
        drop((lock, other));
        Claim::of(&path, true, exists).unwrap();
        // A journal that another machine writes.
        fs::create_dir(path.join("blocks")).unwrap();
        let journal = File::create(path.join("blocks/whole.blocks")).unwrap();
        journal.lock().unwrap();
        let refused = Claim::of(&path, true, exists);
        assert!(
            matches!(refused, Err(OutputError::Busy { .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn older_results_are_kept_until_newer_ones_are_done() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        ours(&path, Made::Sweep, 10);
        fs::write(path.join("cells.csv"), "old").unwrap();
        let making = Making::of(&path).unwrap();
        ours(&making.fresh, Made::Sweep, 1);
        let claim = Claim::of(&path, true, exists).unwrap();
        let _lock = making.put_begun(&claim).unwrap();
        assert_eq!(fs::read(path.join("replaced/cells.csv")).unwrap(), b"old");
        assert!(!path.join("cells.csv").exists());
        settle(&path).unwrap();
        assert_eq!(entries(&path).unwrap(), ["manifest.json"]);
        assert_eq!(entries(place.path()).unwrap(), ["out"]);
    }

    #[test]
    fn what_a_dead_command_was_about_to_keep_is_kept() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        ours(&path, Made::Sweep, 1);
        // Killed after the exchange.
        let dead = place.path().join(".out.unfinished-abc123");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(".deconflict"), "").unwrap();
        fs::write(dead.join(KEEP), "").unwrap();
        ours(&dead.join(NEW), Made::Sweep, 10);
        drop(Beside::of(&path).unwrap());
        assert_eq!(entries(place.path()).unwrap(), ["out"]);
        assert!(path.join("replaced/manifest.json").is_file());
    }

    #[test]
    fn what_was_interrupted_goes_beside_older_results() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("out");
        ours(&path, Made::Run, 10);
        let (one, _) = place_beside(&path, "interrupted").unwrap();
        assert!(one.ends_with("out.interrupted"));
        ours(&one, Made::Run, 3);
        assert_eq!(place_beside(&path, "interrupted").unwrap().0, one);
        fs::write(one.join("notes"), "mine").unwrap();
        let (two, _) = place_beside(&path, "interrupted").unwrap();
        assert!(two.ends_with("out.interrupted-2"));
    }
}
