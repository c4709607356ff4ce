//! A tuning that several processes run together, in one folder that all of them see.
//!
//! ```text
//! study.json              what is tuned
//! workers/B.batch         results of batch B, whole
//! workers/B-P-of-N.parcel   results of parcel P of the N of batch B
//! workers/B-P-of-N.claim  somebody is at work on it
//! workers/results.claim   somebody writes the results
//! ```
//!
//! What is asked for depends on the study and on what was told, so every worker asks for the same, and whoever finds all parcels of a
//! batch makes the batch of them and clears up. All files are in the form of journals, and whole when they are in their place.
//!
//! A claim keeps two workers from doing the same; nothing hangs on it, as both would write the same bytes. It is a file that only
//! one can create, and no lock, so it holds wherever files can be shared. Its owner writes into it every few seconds. One that stays as it
//! is for [`LEASE`], by the clock of whoever waits for it, or whose owner was on this machine and is gone, is taken over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::beside::{move_unless_there, whole_file};
use super::claim::{Claim, Described, Making, STUDY, There, WORKERS, enter, exists, look};
use super::error::OutputError;
use super::journal::Batches;
use super::manifest::{MANIFEST, Made, describe};
use super::tuning_folder::{Batch, same_study};
use crate::experiment::plan::study::StudyRecord;
use crate::experiment::tune::samples::Sample;

/// An owner writes into its claims so often.
const BEAT: Duration = Duration::from_secs(4);

/// A claim that stays as it is for so long has no owner any more.
const LEASE: Duration = Duration::from_secs(40);

/// What a worker does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// This parcel, which is claimed.
    Parcel(usize),
    /// Nothing for a moment: others are at work on all that is left.
    Wait,
    /// Nothing: all parcels are there.
    Done,
}

/// The folder of a tuning that workers share, for one of them.
#[derive(Debug)]
pub struct Workers {
    path: PathBuf,
    about: [u8; 32],
    claims: Arc<Claims>,
    /// What was last found in the claims of others, and since when.
    found: Mutex<BTreeMap<String, (Vec<u8>, Instant)>>,
    /// Ends the thread that writes into the claims.
    beats: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
    /// While this process works in it.
    _lock: Option<File>,
}

/// The claims of this process.
#[derive(Debug)]
struct Claims {
    place: PathBuf,
    host: String,
    own: Mutex<BTreeSet<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Claims {
    /// What an owner writes.
    fn text(&self, beat: u64) -> String {
        format!("{} {} {beat}\n", self.host, std::process::id())
    }

    /// Writes into all claims that still stand.
    fn beat(&self, beat: u64) {
        let text = self.text(beat);
        for name in locked(&self.own).iter() {
            // Best effort: whoever takes it over writes the same.
            let file = OpenOptions::new().write(true).open(self.place.join(name));
            let _ = file.and_then(|mut file| file.write_all(text.as_bytes()));
        }
    }

    /// Whether what stands in a claim is of a process of this machine that is gone.
    fn is_left(&self, name: &str, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        let mut words = text.split(' ');
        let (host, process) = (words.next(), words.next());
        let Some(process) = process.and_then(|word| word.parse::<u32>().ok()) else {
            return false;
        };
        if host != Some(self.host.as_str()) {
            return false;
        }
        match process == std::process::id() {
            true => !locked(&self.own).contains(name),
            false => cfg!(target_os = "linux") && !Path::new(&format!("/proc/{process}")).exists(),
        }
    }
}

/// A name with the numbers of a parcel.
fn name(batch: u64, parcel: usize, count: usize, what: &str) -> String {
    format!("{batch}-{parcel}-of-{count}.{what}")
}

/// The numbers in such a name: batch, parcel, parcels.
fn numbers(name: &str, what: &str) -> Option<(u64, usize, usize)> {
    let (batch, rest) = name
        .strip_suffix(what)?
        .strip_suffix('.')?
        .split_once('-')?;
    let (parcel, count) = rest.split_once("-of-")?;
    // Results on their way say whose they are.
    let count = match what {
        PART => count.split_once('-')?.0,
        _ => count,
    };
    Some((
        batch.parse().ok()?,
        parcel.parse().ok()?,
        count.parse().ok()?,
    ))
}

/// Whether workers give a file such a name.
pub(super) fn is_of_workers(name: &str) -> bool {
    let batch = name.strip_suffix(".batch");
    name == RESULTS
        || batch.is_some_and(|batch| batch.parse::<u64>().is_ok())
        || ["parcel", "claim", PART]
            .iter()
            .any(|what| numbers(name, what).is_some())
}

/// Results of a parcel on their way.
const PART: &str = "part";

/// The claim of whoever writes the results.
const RESULTS: &str = "results.claim";

impl Workers {
    /// The folder of a study for a worker: the first to come makes it, the others find the same study in it.
    ///
    /// # Errors
    /// Another study, a folder of something else; what the system refuses.
    pub fn join(path: &Path, record: &StudyRecord, host: String) -> Result<Workers, OutputError> {
        let place = path.join(WORKERS);
        let there = match place.is_dir() && path.join(STUDY).is_file() {
            // Others are at work here, and what is strange is not in the way of a worker.
            true => There::Ours(Made::Tune),
            false => look(path)?,
        };
        if matches!(there, There::Nothing | There::Empty) {
            let making = Making::of(path)?;
            let described = Described::new(Made::Tune, record);
            describe(&making.fresh, path, STUDY, &described)?;
            let inside = making.fresh.join(WORKERS);
            fs::create_dir(&inside).map_err(OutputError::io("create", &place))?;
            // Beginning together, each makes the whole, and the first to be ready has made it.
            if there == There::Empty {
                if let Ok(claim) = Claim::of(path, false, exists) {
                    making.put(&claim)?;
                }
            } else if let Err(error) = move_unless_there(&making.fresh, &making.target)
                && error.kind() != io::ErrorKind::AlreadyExists
            {
                return Err(OutputError::io("create", path)(error));
            }
        }
        if path.join(STUDY).is_file() && !place.is_dir() {
            return Err(OutputError::NotResults {
                path: path.to_owned(),
                why:
                    "holds the tuning of one process; --resume in place of --worker goes on with it"
                        .to_owned(),
            });
        }
        same_study(path, record)?;
        let lock = enter(path)?;
        let claims = Arc::new(Claims {
            place,
            host: host.split_whitespace().collect(),
            own: Mutex::default(),
        });
        let (end, ended) = mpsc::channel();
        let beating = Arc::clone(&claims);
        let beats = std::thread::spawn(move || {
            let mut beat = 0;
            while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                beat += 1;
                beating.beat(beat);
            }
        });
        Ok(Workers {
            path: path.to_owned(),
            about: record.identity(),
            claims,
            found: Mutex::default(),
            beats: Some((end, beats)),
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn place(&self, name: &str) -> PathBuf {
        self.claims.place.join(name)
    }

    fn names(&self) -> Result<BTreeSet<String>, OutputError> {
        names(&self.claims.place)
    }

    /// A batch that is whole; none if it is not there yet.
    ///
    /// # Errors
    /// A batch that is damaged.
    pub fn batch(&self, batch: u64) -> Result<Option<Batch>, OutputError> {
        let place = self.place(&format!("{batch}.batch"));
        if !place.exists() {
            return Ok(None);
        }
        let found = Batches::read(&place, self.about)?;
        let bytes = found.and_then(|found| found.batches.into_iter().next());
        let whole = bytes.and_then(|bytes| postcard::from_bytes(&bytes).ok());
        whole.map(Some).ok_or_else(|| OutputError::NotResults {
            path: place,
            why: "is damaged; without it the batch is run again".to_owned(),
        })
    }

    /// Keeps a batch, which the disk then has, and clears away its parcels.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn keep_batch(&self, number: u64, batch: &Batch) -> Result<(), OutputError> {
        let place = self.place(&format!("{number}.batch"));
        let payload = postcard::to_stdvec(batch)
            .map_err(io::Error::other)
            .map_err(OutputError::io("write", &place))?;
        let bytes = Batches::whole(self.about, &[payload]);
        whole_file(&place, true, |file| file.write_all(&bytes))?;
        for name in self.names()? {
            let of = ["parcel", "claim", PART]
                .iter()
                .find_map(|what| numbers(&name, what));
            if of.is_some_and(|(of, _, _)| of <= number) {
                locked(&self.claims.own).remove(&name);
                // Best effort: it is in nobody's way.
                let _ = fs::remove_file(self.place(&name));
            }
        }
        Ok(())
    }

    /// What to do of a batch of so many parcels, beginning the search somewhere of one's own.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn due(&self, batch: u64, count: usize) -> Result<Due, OutputError> {
        let names = self.names()?;
        let has = |parcel: usize, what| names.contains(&name(batch, parcel, count, what));
        if names.contains(&format!("{batch}.batch"))
            || (0..count).all(|parcel| has(parcel, "parcel"))
        {
            return Ok(Due::Done);
        }
        let first = std::process::id() as usize % count.max(1);
        let left: Vec<usize> = (first..count)
            .chain(0..first)
            .filter(|&parcel| !has(parcel, "parcel"))
            .collect();
        let free = left.iter().filter(|&&parcel| !has(parcel, "claim"));
        for &parcel in free.chain(&left) {
            let claim = name(batch, parcel, count, "claim");
            if !self.claim(&claim)? && !self.take_over(&claim)? {
                continue;
            }
            // What was looked at may be old: somebody may have done it since, and cleared up.
            if self.place(&format!("{batch}.batch")).exists() {
                self.let_go(&claim);
                return Ok(Due::Done);
            }
            if !self.place(&name(batch, parcel, count, "parcel")).exists() {
                return Ok(Due::Parcel(parcel));
            }
            locked(&self.claims.own).remove(&claim);
        }
        Ok(Due::Wait)
    }

    /// Keeps the results of a parcel that was claimed: replications in their order.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn keep_parcel(
        &self,
        (batch, parcel, count): (u64, usize, usize),
        results: &Vec<Sample>,
    ) -> Result<(), OutputError> {
        let place = self.place(&name(batch, parcel, count, "parcel"));
        let payload = postcard::to_stdvec(results)
            .map_err(io::Error::other)
            .map_err(OutputError::io("write", &place))?;
        let bytes = Batches::whole(self.about, &[payload]);
        // The disk need not have it: what is lost or torn is run again. What another process writes at the same time has
        // another name.
        let own = std::process::id();
        let part = self.place(&format!("{batch}-{parcel}-of-{count}-{own}.{PART}"));
        fs::write(&part, bytes)
            .and_then(|()| fs::rename(&part, &place))
            .map_err(OutputError::io("write", &place))?;
        // It stays, so that there is less to do, and goes with the batch.
        locked(&self.claims.own).remove(&name(batch, parcel, count, "claim"));
        Ok(())
    }

    /// The results of all parcels of a batch; none where one is not there, or torn, which then goes.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn parcels(
        &self,
        batch: u64,
        count: usize,
    ) -> Result<Option<Vec<Vec<Sample>>>, OutputError> {
        let mut all = Vec::with_capacity(count);
        for parcel in 0..count {
            let place = self.place(&name(batch, parcel, count, "parcel"));
            let bytes = match Batches::read(&place, self.about) {
                Ok(Some(found)) if found.torn_bytes == 0 => found.batches.into_iter().next(),
                Err(OutputError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    return Ok(None);
                }
                Err(error @ OutputError::Io { .. }) => return Err(error),
                Ok(_) | Err(_) => None,
            };
            let Some(results) = bytes.and_then(|bytes| postcard::from_bytes(&bytes).ok()) else {
                self.let_go(&name(batch, parcel, count, "claim"));
                let _ = fs::remove_file(&place);
                return Ok(None);
            };
            all.push(results);
        }
        Ok(Some(all))
    }

    /// Whether it is for this process to write the results; none once they are there.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn results_due(&self) -> Result<Option<bool>, OutputError> {
        if self.path.join(MANIFEST).is_file() {
            return Ok(None);
        }
        Ok(Some(self.claim(RESULTS)? || self.take_over(RESULTS)?))
    }

    /// The results are written, or will not be.
    pub fn results_done(&self) {
        self.let_go(RESULTS);
    }

    /// Creates a claim, unless somebody has.
    fn claim(&self, name: &str) -> Result<bool, OutputError> {
        let place = self.place(name);
        // Until it is among one's own it looks like one of a process that is gone.
        let mut own = locked(&self.claims.own);
        let file = OpenOptions::new().write(true).create_new(true).open(&place);
        match file {
            Ok(mut file) => {
                own.insert(name.to_owned());
                drop(own);
                file.write_all(self.claims.text(0).as_bytes())
                    .map_err(OutputError::io("write", &place))?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(OutputError::io("create", &place)(error)),
        }
    }

    /// Takes a claim over whose owner is gone.
    fn take_over(&self, name: &str) -> Result<bool, OutputError> {
        if locked(&self.claims.own).contains(name) {
            return Ok(false);
        }
        let place = self.place(name);
        let text = match fs::read(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            text => text.map_err(OutputError::io("read", &place))?,
        };
        let now = Instant::now();
        let gone = {
            let mut found = locked(&self.found);
            let last = found.entry(name.to_owned()).or_insert((text.clone(), now));
            if last.0 != text {
                *last = (text.clone(), now);
            }
            self.claims.is_left(name, &text) || now - last.1 >= LEASE
        };
        if !gone {
            return Ok(false);
        }
        locked(&self.found).remove(name);
        let _ = fs::remove_file(&place);
        self.claim(name)
    }

    fn let_go(&self, name: &str) {
        locked(&self.claims.own).remove(name);
        let _ = fs::remove_file(self.place(name));
    }
}

impl Drop for Workers {
    /// What is not done is left for others, at once.
    fn drop(&mut self) {
        if let Some((end, beats)) = self.beats.take() {
            drop(end);
            let _ = beats.join();
        }
        let own = std::mem::take(&mut *locked(&self.claims.own));
        for name in own {
            let _ = fs::remove_file(self.place(&name));
        }
    }
}

fn names(place: &Path) -> Result<BTreeSet<String>, OutputError> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(place).map_err(OutputError::io("read", place))? {
        let entry = entry.map_err(OutputError::io("read", place))?;
        names.insert(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// How far workers have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkersProgress {
    /// Batches that are whole.
    pub batches: usize,
    /// Units of the next one that are there.
    pub done: usize,
    /// Units of it that somebody has claimed.
    pub claimed: usize,
    /// Its parcels; none before the first is claimed.
    pub parcels: Option<usize>,
}

impl WorkersProgress {
    /// Of the tuning in a folder; none where no workers are at it.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn of(path: &Path) -> Result<Option<WorkersProgress>, OutputError> {
        let place = path.join(WORKERS);
        if !place.is_dir() {
            return Ok(None);
        }
        let names = names(&place)?;
        let batches = names.iter().filter(|name| name.ends_with(".batch")).count();
        let of = |what: &str| -> BTreeMap<usize, usize> {
            let all = names.iter().filter_map(|name| numbers(name, what));
            let next = all.filter(|(batch, _, _)| *batch == batches as u64);
            next.map(|(_, parcel, count)| (parcel, count)).collect()
        };
        let (done, claimed) = (of("parcel"), of("claim"));
        Ok(Some(WorkersProgress {
            batches,
            done: done.len(),
            claimed: claimed
                .keys()
                .filter(|parcel| !done.contains_key(parcel))
                .count(),
            parcels: claimed.values().chain(done.values()).next().copied(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(place: &Path, host: &str) -> Workers {
        fs::create_dir_all(place.join(WORKERS)).unwrap();
        Workers {
            path: place.to_owned(),
            about: [7; 32],
            claims: Arc::new(Claims {
                place: place.join(WORKERS),
                host: host.to_owned(),
                own: Mutex::default(),
            }),
            found: Mutex::default(),
            beats: None,
            _lock: None,
        }
    }

    fn results(parcel: usize) -> Vec<Sample> {
        vec![vec![(parcel as f64, 1.0)]; parcel + 1]
    }

    /// Two workers do each parcel once, and either makes the batch of all.
    #[test]
    fn parcels_are_claimed_once() {
        let place = tempfile::tempdir().unwrap();
        let (one, two) = (workers(place.path(), "a"), workers(place.path(), "b"));
        let mut done = BTreeSet::new();
        for turn in 0..5 {
            let worker = if turn % 2 == 0 { &one } else { &two };
            let Due::Parcel(parcel) = worker.due(3, 5).unwrap() else {
                panic!("no parcel at {turn}");
            };
            assert!(done.insert(parcel), "{parcel} twice");
            if turn < 4 {
                worker
                    .keep_parcel((3, parcel, 5), &results(parcel))
                    .unwrap();
            }
        }
        assert_eq!(two.due(3, 5).unwrap(), Due::Wait);
        assert_eq!(two.parcels(3, 5).unwrap(), None);
        // The first is gone, politely: what it had claimed is free.
        let free: Vec<String> = locked(&one.claims.own).iter().cloned().collect();
        assert_eq!(free.len(), 1);
        drop(one);
        let Due::Parcel(last) = two.due(3, 5).unwrap() else {
            panic!("it is not free");
        };
        two.keep_parcel((3, last, 5), &results(last)).unwrap();
        assert_eq!(two.due(3, 5).unwrap(), Due::Done);
        let all = two.parcels(3, 5).unwrap().unwrap();
        assert_eq!(all, (0..5).map(results).collect::<Vec<_>>());
        let batch = Batch {
            hurried: false,
            results: all,
        };
        two.keep_batch(3, &batch).unwrap();
        assert_eq!(two.names().unwrap(), BTreeSet::from(["3.batch".to_owned()]));
        assert_eq!(two.batch(3).unwrap(), Some(batch));
        assert_eq!(two.due(3, 5).unwrap(), Due::Done);
    }

    /// A claim that stands still is taken over, one whose owner writes into it is not.
    #[test]
    fn claims_without_an_owner_are_taken_over() {
        let place = tempfile::tempdir().unwrap();
        let (here, other) = (workers(place.path(), "a"), workers(place.path(), "b"));
        assert_eq!(other.due(0, 1).unwrap(), Due::Parcel(0));
        assert_eq!(here.due(0, 1).unwrap(), Due::Wait);
        let long_ago = || {
            let mut found = locked(&here.found);
            let (_, since) = found.values_mut().next().unwrap();
            *since -= LEASE;
        };
        long_ago();
        other.claims.beat(1);
        assert_eq!(here.due(0, 1).unwrap(), Due::Wait);
        long_ago();
        assert_eq!(here.due(0, 1).unwrap(), Due::Parcel(0));
        // What the other writes all the same is as good.
        other.keep_parcel((0, 0, 1), &results(0)).unwrap();
        here.keep_parcel((0, 0, 1), &results(0)).unwrap();
        assert_eq!(here.parcels(0, 1).unwrap(), Some(vec![results(0)]));
    }

    /// Whoever was on this machine and is gone is not waited for.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_is_gone_holds_nothing() {
        let place = tempfile::tempdir().unwrap();
        let here = workers(place.path(), "a");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let claim = here.place(&name(0, 0, 1, "claim"));
        for (text, gone) in [
            (format!("b {} 0\n", child.id()), false),
            (format!("a {} 0\n", std::process::id()), true),
            (format!("a {} 7\n", child.id()), true),
            ("a".to_owned(), false),
            (String::new(), false),
        ] {
            fs::write(&claim, &text).unwrap();
            let due = here.due(0, 1).unwrap();
            assert_eq!(due == Due::Parcel(0), gone, "{text:?}");
            locked(&here.claims.own).clear();
        }
    }

    /// Torn by a machine that went down.
    #[test]
    fn a_parcel_that_is_torn_is_run_again() {
        let place = tempfile::tempdir().unwrap();
        let here = workers(place.path(), "a");
        let parcel = here.place(&name(0, 0, 1, "parcel"));
        for cut in [0, 5, 40, 70] {
            assert_eq!(here.due(0, 1).unwrap(), Due::Parcel(0), "{cut}");
            here.keep_parcel((0, 0, 1), &results(0)).unwrap();
            let mut whole = fs::read(&parcel).unwrap();
            whole.truncate(cut);
            fs::write(&parcel, whole).unwrap();
            assert_eq!(here.due(0, 1).unwrap(), Due::Done);
            assert_eq!(here.parcels(0, 1).unwrap(), None, "{cut}");
        }
        fs::write(&parcel, [0; 100]).unwrap();
        assert_eq!(here.parcels(0, 1).unwrap(), None);
    }

    #[test]
    fn names_of_workers_are_told_from_others() {
        for name in [
            "0.batch",
            "3-17-of-40.parcel",
            "3-17-of-40.claim",
            "3-17-of-40-99.part",
            RESULTS,
        ] {
            assert!(is_of_workers(name), "{name}");
        }
        for name in ["x.batch", "3-of-40.parcel", "3-17-of-40.toml", "notes.txt"] {
            assert!(!is_of_workers(name), "{name}");
        }
    }
}
