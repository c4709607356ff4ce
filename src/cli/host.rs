//! The machine under a command: its clock, its processors, its interruptions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use deconflict::experiment::replicate::ReplicateError;
use deconflict::output::{Ended, Progress};
use serde::{Deserialize, Serialize};

use super::Failure;

/// When a command began.
pub struct Started {
    instant: Instant,
    utc: jiff::Timestamp,
}

impl Started {
    pub fn now() -> Started {
        Started {
            instant: Instant::now(),
            utc: jiff::Timestamp::now(),
        }
    }

    pub fn elapsed_s(&self) -> f64 {
        self.instant.elapsed().as_secs_f64()
    }
}

/// What run.json says: who, where, when; pages tell no more of it than they must.
#[derive(Serialize)]
pub struct RunNote {
    command_line: Vec<String>,
    version: &'static str,
    host: Option<String>,
    system: String,
    jobs: usize,
    started_utc: String,
    finished_utc: String,
    elapsed_s: f64,
    replications_run: u64,
    replications_per_s: f64,
    #[serde(flatten)]
    progress: Progress,
}

impl RunNote {
    /// A command that ends now and has run so many replications.
    pub fn new(started: &Started, jobs: usize, flown: u64, progress: Progress) -> RunNote {
        let elapsed_s = started.elapsed_s();
        RunNote {
            command_line: std::env::args_os()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
            version: env!("CARGO_PKG_VERSION"),
            host: host(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            jobs,
            started_utc: started.utc.to_string(),
            finished_utc: jiff::Timestamp::now().to_string(),
            elapsed_s,
            replications_run: flown,
            replications_per_s: flown as f64 / elapsed_s,
            progress,
        }
    }
}

/// Who ran a part of a shard, where and how long.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    host: Option<String>,
    jobs: usize,
    started_utc: String,
    finished_utc: String,
    elapsed_s: f64,
    replications_run: u64,
}

impl Session {
    /// One that ends now.
    pub fn new(started: &Started, jobs: usize, flown: u64) -> Session {
        Session {
            host: host(),
            jobs,
            started_utc: started.utc.to_string(),
            finished_utc: jiff::Timestamp::now().to_string(),
            elapsed_s: started.elapsed_s(),
            replications_run: flown,
        }
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What the shards of a sweep did, all together.
#[derive(Debug, Default, Serialize)]
pub struct Sessions {
    /// Commands that ran, those that were interrupted included.
    sessions: u64,
    /// Replications that each host ran.
    hosts: BTreeMap<String, u64>,
    replications_run: u64,
    elapsed_s: f64,
    /// Elapsed times threads.
    thread_s: f64,
    started_utc: Option<String>,
    finished_utc: Option<String>,
}

impl Sessions {
    /// Adds what was kept of one.
    pub fn add(&mut self, text: &str) {
        let Ok(session) = serde_json::from_str::<Session>(text) else {
            return;
        };
        self.sessions += 1;
        let host = session.host.unwrap_or_default();
        *self.hosts.entry(host).or_default() += session.replications_run;
        self.replications_run += session.replications_run;
        self.elapsed_s += session.elapsed_s;
        self.thread_s += session.elapsed_s * session.jobs as f64;
        let started = self.started_utc.take().into_iter();
        self.started_utc = started.chain([session.started_utc]).min();
        let finished = self.finished_utc.take().into_iter();
        self.finished_utc = finished.chain([session.finished_utc]).max();
    }
}

/// What run.json says of a merge.
#[derive(Serialize)]
pub struct MergeNote {
    #[serde(flatten)]
    pub merge: RunNote,
    pub shards: Sessions,
}

/// Threads unless the command line says otherwise: those that a scheduler gave, or one a processor.
pub fn processors() -> usize {
    let given = super::scheduler::threads(|name| std::env::var(name).ok());
    given.unwrap_or_else(of_machine)
}

fn of_machine() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What the machine calls itself.
pub fn host() -> Option<String> {
    std::env::var("HOSTNAME")
        .ok()
        .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
}

/// Set by Ctrl-C, SIGTERM and SIGHUP.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Ends a sink where there is an interruption, once it has taken enough replications for an interval.
pub fn go_on(taken: u64) -> Result<(), Failure> {
    if interrupted() && taken > 1 {
        return Err(Failure::Interrupted("interrupted".to_owned()));
    }
    Ok(())
}

/// How replications of the scenario of this name ended. Those that [`go_on`] ended are no failure where what was run is
/// kept, and neither are those before one that failed: that failure is told at the end.
pub fn perhaps_short(
    flown: Result<(), ReplicateError<Failure>>,
    name: &str,
) -> Result<(Ended, Option<Failure>), Failure> {
    match flown {
        Ok(()) => Ok((Ended::Finished, None)),
        Err(ReplicateError::Sink(Failure::Interrupted(_))) => Ok((Ended::Interrupted, None)),
        Err(error @ ReplicateError::Panicked { .. }) => {
            Ok((Ended::Failed, Some(Failure::of_replications(error, name))))
        }
        Err(error) => Err(Failure::of_replications(error, name)),
    }
}

/// What is said, at the end, of replications that were cut short.
pub fn told_short(flown: u64, of: u64, written: Option<&Path>, failed: Option<Failure>) -> Failure {
    let (there, again) = match written {
        Some(path) => (format!(" and in {}", path.display()), " with --force"),
        None => (String::new(), ""),
    };
    if let Some(failed) = failed {
        return Failure::Other(format!(
            "{failed}\nThe {flown} of {of} replications before it are above{there}."
        ));
    }
    Failure::Interrupted(format!(
        "interrupted after {flown} of {of} replications: what they say is above{there}; the same command{again} runs them all"
    ))
}

/// Whether the command looks for interruptions by itself.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Takes over what the system would do at an interruption or where a file may not grow: before anything else. `watches`
/// is whether the command will look for interruptions by itself.
pub fn begin(watches: bool) {
    WATCHED.store(watches, Ordering::Relaxed);
    // A handler that cannot be set leaves Ctrl-C to the system: the command ends at once.
    let _ = ctrlc::set_handler(|| {
        if WATCHED.load(Ordering::Relaxed) {
            INTERRUPTED.store(true, Ordering::Relaxed);
        } else {
            deconflict::output::abandon();
            Failure::Interrupted("interrupted".to_owned()).tell();
            std::process::exit(130);
        }
    });
    #[cfg(unix)]
    if watches {
        let warned = Arc::clone(&WARNED);
        let _ = signal_hook::flag::register(signal_hook::consts::SIGUSR1, warned);
    }
    // What is prepared and written on all processors keeps to those of the task, too.
    if let Some(threads) = super::scheduler::threads(|name| std::env::var(name).ok()) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        // Best effort: without it there are more threads than there need be.
        let _ = pool.build_global();
    }
    // Beyond the limit of `ulimit -f` a write then fails as on a full disk, and is told.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// From now on an interruption ends the command at once, and so does one that has come already: there is nothing to keep,
/// or it is kept.
pub fn watch_no_longer() -> Result<(), Failure> {
    WATCHED.store(false, Ordering::Relaxed);
    match interrupted() {
        true => Err(Failure::Interrupted("interrupted".to_owned())),
        false => Ok(()),
    }
}

/// Set by SIGUSR1, which schedulers send ahead of the end.
static WARNED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Whether the user or a scheduler wants to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed) || WARNED.load(Ordering::Relaxed)
}
