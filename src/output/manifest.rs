//! What a folder of results says of itself: one manifest for runs, sweeps, tunings and reports, and the one way to read
//! results back.
//!
//! `manifest.json` names the program, the form, the command, what was asked for and what was done, and the checksum of
//! every result file; its last key is the checksum of all the others. It depends on what was run alone. Results are read
//! through [`Stored`], which holds every file to its checksum first and names all that have changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::beside::whole_file;
use super::error::OutputError;
use super::files::{FileEntry, hex, json_text};
use crate::experiment::plan::study::StudyRecord;
use crate::experiment::rows::KeptRows;
use crate::scenario::Scenario;
use crate::scenario::file::ScenarioFile;
use crate::scenario::recorded::Account;
use crate::simulation::MODEL;

/// The name of the file.
pub(super) const MANIFEST: &str = "manifest.json";

/// The form of folders of results: of the manifest, and of which files there may be.
pub(super) const FORMAT: u32 = 2;

/// Largest description of results that is read, bytes.
const LARGEST_DESCRIPTION: u64 = 1 << 30;

/// Largest result file that is read, bytes.
const LARGEST_FILE: u64 = 1 << 40;

/// Most replications, and highest number of one.
const MOST_REPLICATIONS: u64 = 1_000_000_000;

/// The command that made a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// By `run`.
    Run,
    /// By `sweep` or `merge`.
    Sweep,
    /// By `tune`.
    Tune,
    /// By `match`.
    Match,
    /// By `screen`.
    Screen,
    /// By `report`: the figures in a folder of one of the others.
    Report,
}

/// Why it ended, in the words of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ended {
    /// All that was asked for is done.
    #[serde(rename = "it was finished")]
    Finished,
    /// The time that was given is used up.
    #[serde(rename = "the time budget was used up")]
    TimeUp,
    /// Somebody stopped it.
    #[serde(rename = "it was interrupted")]
    Interrupted,
    /// A replication failed.
    #[serde(rename = "a replication failed")]
    Failed,
    /// Some shards were not there yet.
    #[serde(rename = "shards are missing")]
    Partial,
}

impl Ended {
    /// In words, after a number of replications.
    pub fn words(self) -> &'static str {
        match self {
            Ended::Finished => "finished",
            Ended::TimeUp => "finished, its time was used up",
            Ended::Interrupted => "interrupted",
            Ended::Failed => "ended by a failure",
            Ended::Partial => "shards are missing",
        }
    }

    /// Whether it is what was asked for.
    pub fn is_whole(self) -> bool {
        matches!(self, Ended::Finished | Ended::TimeUp)
    }
}

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Replications asked for, of every cell; the most that a stopping rule allows.
    pub asked: u64,
    /// Replications done.
    pub done: u64,
    /// Why it ended.
    pub ended: Ended,
}

impl Progress {
    /// The first line of whatever tells of it.
    pub fn words(&self) -> String {
        let Progress { asked, done, ended } = *self;
        match ended {
            Ended::Finished if done == asked => format!("{done} replications, finished"),
            Ended::Finished | Ended::TimeUp => {
                format!("{done} replications of at most {asked}, {}", ended.words())
            }
            Ended::Interrupted | Ended::Failed | Ended::Partial => {
                format!("{}: {done} of {asked} replications", capital(ended.words()))
            }
        }
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The model of results that do not say which.
fn before_models_had_versions() -> u32 {
    1
}

/// What manifest.json says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// `deconflict`.
    pub program: String,
    /// The form of the folder.
    pub format: u32,
    /// The command that made it.
    pub command: Made,
    /// The version that made it.
    pub version: String,
    /// The version of the model: what was made by different ones is not compared.
    #[serde(default = "before_models_had_versions")]
    pub model: u32,
    /// One line that names it.
    pub title: String,
    /// The seed.
    pub seed: u64,
    /// Asked, done, why it ended.
    #[serde(flatten)]
    pub progress: Progress,
    /// Number of the first replication.
    #[serde(default)]
    pub first_replication: u64,
    /// Replications that the result files hold, of every cell.
    pub replications: u64,
    /// Which rows are kept.
    #[serde(default, skip_serializing_if = "KeptRows::is_usual")]
    pub rows: KeptRows,
    /// Replications that failed and were left out.
    #[serde(default)]
    pub failed: u64,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Of a run: of the resolved scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario_sha256: Option<String>,
    /// Of a sweep: of all that decides its results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_sha256: Option<String>,
    /// Of a tuning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<Tuned>,
    /// What became of the rows of recordings, by cell and name of the table; a run has one cell without a name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recordings: BTreeMap<String, BTreeMap<String, Account>>,
    /// The result files.
    pub files: BTreeMap<String, FileEntry>,
    /// Of a run: what was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<ScenarioFile>,
    /// Of a sweep: what was run in each cell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<ManifestCell>,
}

/// What is said of a tuning alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tuned {
    /// Of all that decides its results.
    pub study_sha256: String,
    /// Number of the first replication of fresh random numbers.
    pub first_fresh_replication: u64,
    /// Number of the first replication in other worlds.
    pub first_replication_of_other_worlds: u64,
    /// Settings tried, the scenario as written among them.
    pub candidates: usize,
    /// Settings examined on fresh random numbers.
    pub finalists: usize,
    /// What was tuned.
    pub study: StudyRecord,
}

/// A cell of a sweep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ManifestCell {
    /// Its name.
    pub name: String,
    /// Of the resolved scenario.
    pub scenario_sha256: String,
    /// What was run; of a sweep of very many cells plan.json alone says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<ScenarioFile>,
}

/// What became of the rows of recordings, of the cells that have any.
pub(super) fn accounts_of<'a>(
    cells: impl IntoIterator<Item = (String, &'a BTreeMap<String, Account>)>,
) -> BTreeMap<String, BTreeMap<String, Account>> {
    let cells = cells.into_iter();
    let cells = cells.filter(|(_, recordings)| !recordings.is_empty());
    cells
        .map(|(name, recordings)| (name, recordings.clone()))
        .collect()
}

impl Manifest {
    /// What every manifest says.
    pub(crate) fn new(command: Made, title: &str, seed: u64, progress: Progress) -> Manifest {
        Manifest {
            program: env!("CARGO_PKG_NAME").to_owned(),
            format: FORMAT,
            command,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: MODEL,
            title: title.to_owned(),
            seed,
            progress,
            first_replication: 0,
            replications: progress.done,
            rows: KeptRows::default(),
            failed: 0,
            confidence: 0.95,
            scenario_sha256: None,
            plan_sha256: None,
            tuning: None,
            recordings: BTreeMap::new(),
            files: BTreeMap::new(),
            scenario: None,
            cells: Vec::new(),
        }
    }

    /// Writes it, sealed, and waits for the disk.
    pub(crate) fn write(&self, folder: &Path, shown: &Path) -> Result<(), OutputError> {
        describe(folder, shown, MANIFEST, self)
    }
}

/// The key of the seal.
const SEAL: &str = "sha256";

fn seal_of(value: &Json) -> Option<String> {
    let mut rest = value.clone();
    rest.as_object_mut()?.remove(SEAL);
    Some(hex(&Sha256::digest(serde_json::to_vec(&rest).ok()?)))
}

/// A description as it is written: its last key is the checksum of all the others.
pub(super) fn sealed(value: &impl Serialize) -> io::Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Sealed<'a, T> {
        #[serde(flatten)]
        value: &'a T,
        sha256: String,
    }
    let json = serde_json::to_value(value)?;
    let sha256 = seal_of(&json).unwrap_or_default();
    json_text(&Sealed { value, sha256 })
}

/// What a recording that is kept beside a description is called, around its checksum.
const RECORDING: (&str, &str) = ("recording-", ".json");

/// Whether a file of this name holds a recording.
pub(super) fn is_recording(name: &str) -> bool {
    let middle = name.strip_prefix(RECORDING.0);
    let middle = middle.and_then(|name| name.strip_suffix(RECORDING.1));
    middle.is_some_and(|sum| sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The recordings of all scenarios in a description: what was read of each aircraft.
fn each_recording(
    value: &mut Json,
    each: &mut dyn FnMut(&mut Json) -> Result<(), OutputError>,
) -> Result<(), OutputError> {
    match value {
        Json::Object(keys) => {
            for (key, value) in keys {
                match value.get_mut("aircraft").filter(|_| key == "recording") {
                    Some(aircraft) => each(aircraft)?,
                    None => each_recording(value, each)?,
                }
            }
            Ok(())
        }
        Json::Array(items) => items
            .iter_mut()
            .try_for_each(|item| each_recording(item, each)),
        _ => Ok(()),
    }
}

/// A description, sealed. Each recording in it is kept beside it, once, under its checksum, and named in its place.
fn parted(value: &impl Serialize, folder: &Path) -> io::Result<Vec<u8>> {
    let mut json = serde_json::to_value(value)?;
    let mut found = false;
    each_recording(&mut json, &mut |aircraft| {
        found = true;
        let text = serde_json::to_vec(aircraft).unwrap_or_default();
        let name = format!(
            "{}{}{}",
            RECORDING.0,
            hex(&Sha256::digest(&text)),
            RECORDING.1
        );
        let path = folder.join(&name);
        if !path.exists() {
            super::files::bytes_to(&path, &text).map_err(OutputError::io("write", &path))?;
        }
        *aircraft = Json::from(name);
        Ok(())
    })
    .map_err(|error| io::Error::other(error.to_string()))?;
    match found {
        true => sealed(&json),
        false => sealed(value),
    }
}

/// Puts recordings that are kept beside a description back into it.
fn rejoin(value: &mut Json, folder: &Path, trust: Trust) -> Result<(), OutputError> {
    each_recording(value, &mut |aircraft| {
        let Some(name) = aircraft.as_str().map(str::to_owned) else {
            return Ok(());
        };
        let changed = |what: &str| OutputError::Changed {
            path: folder.to_owned(),
            names: vec![format!("{name}{what}")],
        };
        if !is_recording(&name) {
            return Err(changed(" (no name of a recording)"));
        }
        let text = bytes(&folder.join(&name), LARGEST_DESCRIPTION)?
            .ok_or_else(|| changed(" (missing)"))?;
        let sum = hex(&Sha256::digest(&text));
        if trust == Trust::Verified && name != format!("{}{sum}{}", RECORDING.0, RECORDING.1) {
            return Err(changed(""));
        }
        *aircraft = serde_json::from_slice(&text).map_err(|_| changed(""))?;
        Ok(())
    })
}

/// Whether results are held to their checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trust {
    /// They are.
    #[default]
    Verified,
    /// Somebody knows that they were changed, and wants them all the same.
    Unverified,
}

/// Reads what describes results: none if it is not there. `name` is below `folder`.
pub(super) fn read_description<T: DeserializeOwned>(
    folder: &Path,
    name: &str,
    trust: Trust,
) -> Result<Option<T>, OutputError> {
    let path = folder.join(name);
    let not_results = |why: String| OutputError::NotResults {
        path: folder.to_owned(),
        why: format!("{name} {why}"),
    };
    let Some(text) = bytes(&path, LARGEST_DESCRIPTION)? else {
        return Ok(None);
    };
    let value: Json = serde_json::from_slice(&text)
        .map_err(|error| not_results(format!("cannot be read: {error}")))?;
    drop(text);
    let said = value.get("program").and_then(Json::as_str);
    if said != Some(env!("CARGO_PKG_NAME")) {
        return Err(not_results("is not of deconflict".to_owned()));
    }
    match value.get("format").and_then(Json::as_u64) {
        Some(found) if found == u64::from(FORMAT) => {}
        found => {
            let found = found.map_or("no format".to_owned(), |found| format!("format {found}"));
            return Err(not_results(format!(
                "has {found}; this program reads format {FORMAT}"
            )));
        }
    }
    let changed = value.get(SEAL).and_then(Json::as_str) != seal_of(&value).as_deref();
    if trust == Trust::Verified && changed {
        return Err(OutputError::Changed {
            path: folder.to_owned(),
            names: vec![name.to_owned()],
        });
    }
    let mut value = value;
    rejoin(&mut value, folder, trust)?;
    serde_json::from_value(value)
        .map(Some)
        .map_err(|error| not_results(format!("cannot be read: {error}")))
}

/// A file as it is; nothing if it is not there. What is no plain file, or too large, is refused unread.
pub(super) fn bytes(path: &Path, most: u64) -> Result<Option<Vec<u8>>, OutputError> {
    let Some(file) = plain(path, most)? else {
        return Ok(None);
    };
    let mut text = Vec::new();
    file.take(most)
        .read_to_end(&mut text)
        .map_err(OutputError::io("read", path))?;
    Ok(Some(text))
}

/// A plain file of at most so many bytes, open; nothing if it is not there.
pub(super) fn plain(path: &Path, most: u64) -> Result<Option<File>, OutputError> {
    let refused = |why: String| OutputError::NotResults {
        path: path.to_owned(),
        why,
    };
    // Asked before opening: opening a pipe would wait for a writer.
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(OutputError::io("read", path)(error)),
    };
    if !about.is_file() {
        return Err(refused(
            "it is a folder, a link, a device or a pipe; expected a plain file".to_owned(),
        ));
    }
    if about.len() > most {
        return Err(refused(format!(
            "it has {} bytes; expected at most {most}",
            about.len()
        )));
    }
    File::open(path)
        .map(Some)
        .map_err(OutputError::io("read", path))
}

/// SHA-256 of a file; nothing if it is not there.
fn checksum(path: &Path) -> Result<Option<String>, OutputError> {
    let Some(mut file) = plain(path, LARGEST_FILE)? else {
        return Ok(None);
    };
    let mut hash = Sha256::new();
    let mut window = vec![0; 1 << 16];
    loop {
        let read = file
            .read(&mut window)
            .map_err(OutputError::io("read", path))?;
        if read == 0 {
            return Ok(Some(hex(&hash.finalize())));
        }
        hash.update(&window[..read]);
    }
}

/// The files that are not what their checksums say.
fn changed<'a>(
    folder: &Path,
    files: impl Iterator<Item = (&'a String, &'a FileEntry)>,
) -> Result<Vec<String>, OutputError> {
    let mut names = Vec::new();
    for (name, entry) in files {
        if !is_inside(name) {
            names.push(name.clone());
            continue;
        }
        match checksum(&folder.join(name))? {
            None => names.push(format!("{name} (missing)")),
            Some(found) if found != entry.sha256 => names.push(name.clone()),
            Some(_) => {}
        }
    }
    Ok(names)
}

/// Holds files to their checksums; all that differ are named at once.
pub(super) fn verify(
    folder: &Path,
    files: &BTreeMap<String, FileEntry>,
    trust: Trust,
) -> Result<(), OutputError> {
    if trust == Trust::Unverified {
        return Ok(());
    }
    let names = changed(folder, files.iter())?;
    if names.is_empty() {
        return Ok(());
    }
    Err(OutputError::Changed {
        path: folder.to_owned(),
        names,
    })
}

/// Whether a name from a file leads into the folder it is about.
fn is_inside(name: &str) -> bool {
    let path = Path::new(name);
    let mut parts = path.components();
    !name.is_empty() && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// A folder of results, open for reading.
#[derive(Debug)]
pub struct Stored {
    /// What it says of itself.
    pub manifest: Manifest,
    folder: PathBuf,
    trust: Trust,
}

impl Stored {
    /// Reads the manifest, checked as a scenario is that somebody typed.
    ///
    /// # Errors
    /// No manifest, or one that is broken, of another version, or whose files changed.
    pub fn open(folder: &Path, trust: Trust) -> Result<Stored, OutputError> {
        let not_results = |why: String| OutputError::NotResults {
            path: folder.to_owned(),
            why,
        };
        let manifest: Manifest = read_description(folder, MANIFEST, trust)?.ok_or_else(|| {
            let beside = match folder.join(super::headers::PREVENTION.name).exists() {
                true => "; what prevent found goes beside a run with prevent --from DIR --out DIR",
                false => "",
            };
            not_results(format!("it has no manifest.json; expected the folder of a run, a sweep, a tuning, a match or a screening that has results{beside}"))
        })?;
        let stored = Stored {
            manifest,
            folder: folder.to_owned(),
            trust,
        };
        stored.sound().map_err(not_results)?;
        Ok(stored)
    }

    fn sound(&self) -> Result<(), String> {
        let Manifest {
            progress,
            first_replication,
            confidence,
            ..
        } = &self.manifest;
        for (what, number) in [
            ("asked", progress.asked),
            ("done", progress.done),
            ("first_replication", *first_replication),
        ] {
            if number > MOST_REPLICATIONS {
                return Err(format!(
                    "manifest.json: {what} is {number}; expected at most {MOST_REPLICATIONS}"
                ));
            }
        }
        let whole = match self.manifest.command {
            Made::Run => self.manifest.scenario.is_some(),
            Made::Sweep => !self.manifest.cells.is_empty(),
            Made::Tune => self.manifest.tuning.is_some(),
            Made::Match | Made::Screen | Made::Report => true,
        };
        if !whole {
            return Err("manifest.json does not say what was run".to_owned());
        }
        if !(0.0..1.0).contains(confidence) {
            return Err(format!(
                "manifest.json: confidence is {confidence}; expected a number from 0 to below 1"
            ));
        }
        Ok(())
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Holds every result file to its checksum.
    ///
    /// # Errors
    /// The files that changed.
    pub fn verify(&self) -> Result<(), OutputError> {
        verify(&self.folder, &self.manifest.files, self.trust)
    }

    /// The result files below a place that are there and not what their checksums say.
    pub(super) fn changed(&self, below: &str) -> Result<Vec<String>, OutputError> {
        let files = self.manifest.files.iter();
        let there = |(name, _): &(&String, &FileEntry)| {
            name.starts_with(below) && self.folder.join(name).exists()
        };
        changed(&self.folder, files.filter(there))
    }

    /// A scenario of it, checked and ready to run.
    ///
    /// # Errors
    /// A scenario that is unsound here.
    pub fn scenario(&self, file: &ScenarioFile) -> Result<Scenario, OutputError> {
        Scenario::from_file(file).map_err(|why| OutputError::NotResults {
            path: self.folder.clone(),
            why: format!("its scenario cannot be run: {why}"),
        })
    }

    /// A file of the folder as it is; nothing if it is not there.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, OutputError> {
        bytes(&self.folder.join(name), LARGEST_FILE)
    }
}

/// Writes a description into a folder that is itself not in its place yet; `shown` is what the user knows it as.
pub(super) fn describe(
    folder: &Path,
    shown: &Path,
    name: &str,
    value: &impl Serialize,
) -> Result<(), OutputError> {
    let shown = shown.join(name);
    parted(value, folder)
        .and_then(|text| super::files::bytes_to(&folder.join(name), &text))
        .map_err(OutputError::io("write", &shown))
}

/// Writes a description into its place: beside it, sealed, and moved there when whole.
pub(super) fn write_description(
    path: &Path,
    force: bool,
    value: &impl Serialize,
) -> Result<(), OutputError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let text = parted(value, folder).map_err(OutputError::io("write", path))?;
    whole_file(path, force, |writer| io::Write::write_all(writer, &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let progress = Progress {
            asked: 10,
            done: 4,
            ended: Ended::Interrupted,
        };
        Manifest::new(Made::Report, "A title", u64::MAX, progress)
    }

    #[test]
    fn a_manifest_is_read_back_and_any_change_is_noticed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(MANIFEST);
        manifest().write(place.path(), place.path()).unwrap();
        let stored = Stored::open(place.path(), Trust::Verified).unwrap();
        assert_eq!(stored.manifest.seed, u64::MAX);
        assert_eq!(stored.manifest.progress, manifest().progress);
        let text = fs::read_to_string(&path).unwrap();
        for (from, to) in [
            ("A title", "B title"),
            ("\"done\": 4", "\"done\": 9"),
            ("0.95", "0.96"),
            ("was interrupted", "was finished"),
            ("\"failed\": 0", "\"failed\": 1"),
        ] {
            assert!(text.contains(from), "{text}");
            fs::write(&path, text.replacen(from, to, 1)).unwrap();
            let error = Stored::open(place.path(), Trust::Verified).unwrap_err();
            assert!(error.to_string().contains("manifest.json"), "{error}");
            assert!(Stored::open(place.path(), Trust::Unverified).is_ok());
        }
        fs::write(
            &path,
            text.replace("\"asked\": 10", "\"asked\": 10000000000"),
        )
        .unwrap();
        assert!(Stored::open(place.path(), Trust::Unverified).is_err());
    }

    #[test]
    fn names_that_lead_elsewhere_are_never_read() {
        for name in ["", "/etc/passwd", "../x", "a/../../x", "."] {
            assert!(!is_inside(name), "{name}");
        }
        assert!(is_inside("finalists/01.toml"));
    }
}
