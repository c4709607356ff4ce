//! Locks on files and folders, and what to do where there are none.
//!
//! Some network file systems know no locks (`ENOSYS`, `EOPNOTSUPP`), have none left (`ENOLCK`), or refuse them for what is not open in a
//! certain way (`EINVAL`). All of them are met alike: the command goes on without, and says so once.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use super::error::OutputError;

/// The first place that could not be locked.
static WITHOUT: OnceLock<PathBuf> = OnceLock::new();

/// The first place that this process could not lock because the file system knows no locks; then nothing but the user keeps two
/// commands from writing to the same place.
pub fn without_locks() -> Option<&'static Path> {
    WITHOUT.get().map(PathBuf::as_path)
}

/// What came of an attempt to lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It is locked.
    Locked,
    /// Somebody else has it.
    Busy,
    /// There are no locks here.
    Without,
}

/// How a file is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// By one command alone: to replace it, or to write in it.
    Alone,
    /// With others: to read it, or to write in it what has a lock of its own.
    Shared,
}

/// Somebody who only looks whether a file is locked has it for a moment: so often it is tried, and so long in between.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_millis(25);

/// Tries to lock an open file or folder.
pub(super) fn lock(path: &Path, file: &File, how: Lock) -> Result<Attempt, OutputError> {
    for left in (0..TRIES).rev() {
        let attempt = match how {
            Lock::Alone => file.try_lock(),
            Lock::Shared => file.try_lock_shared(),
        };
        match judged(attempt).map_err(OutputError::io("lock", path))? {
            Attempt::Busy if left > 0 => std::thread::sleep(PAUSE),
            Attempt::Without => {
                WITHOUT.get_or_init(|| path.to_owned());
                return Ok(Attempt::Without);
            }
            attempt => return Ok(attempt),
        }
    }
    Ok(Attempt::Busy)
}

fn judged(attempt: Result<(), TryLockError>) -> io::Result<Attempt> {
    match attempt {
        Ok(()) => Ok(Attempt::Locked),
        Err(TryLockError::WouldBlock) => Ok(Attempt::Busy),
        Err(TryLockError::Error(error)) if has_no_locks(&error) => Ok(Attempt::Without),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(unix)]
fn has_no_locks(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let none = [
        Errno::NOSYS,
        Errno::OPNOTSUPP,
        Errno::NOTSUP,
        Errno::NOLCK,
        Errno::INVAL,
    ];
    let of_system = error.raw_os_error();
    error.kind() == io::ErrorKind::Unsupported
        || none
            .iter()
            .any(|errno| of_system == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
fn has_no_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn systems_without_locks_are_told_from_broken_ones() {
        use rustix::io::Errno;
        let of = |errno: Errno| {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            judged(Err(TryLockError::Error(error)))
        };
        for errno in [Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOLCK, Errno::INVAL] {
            assert_eq!(of(errno).unwrap(), Attempt::Without, "{errno}");
        }
        for errno in [Errno::IO, Errno::BADF, Errno::STALE] {
            assert!(of(errno).is_err(), "{errno}");
        }
        assert_eq!(
            judged(Err(TryLockError::WouldBlock)).unwrap(),
            Attempt::Busy
        );
    }

    #[test]
    fn one_alone_or_many_together() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        let open = || {
            let options = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path);
            options.unwrap()
        };
        let (one, two, three) = (open(), open(), open());
        assert_eq!(lock(&path, &one, Lock::Shared).unwrap(), Attempt::Locked);
        assert_eq!(lock(&path, &two, Lock::Shared).unwrap(), Attempt::Locked);
        assert_eq!(lock(&path, &three, Lock::Alone).unwrap(), Attempt::Busy);
        drop((one, two));
        assert_eq!(lock(&path, &three, Lock::Alone).unwrap(), Attempt::Locked);
    }
}
