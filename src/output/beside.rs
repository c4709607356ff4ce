//! What is not whole yet stands beside its place: in a folder `.NAME.unfinished-XXXXXX`, locked while its command lives.
//!
//! Everything that is written goes this way, single files too, so there is one name to know, one lock to ask, and one
//! place that clears up: whoever makes such a folder first removes those for the same place that are surely ours and
//! whose command is dead. Surely ours is a folder of this name that is empty or holds our mark; dead is one whose lock is
//! free. Where the file system knows no locks nothing is sure, and nothing is removed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::TempDir;

use super::error::OutputError;
use super::files::sync_folder;
pub(super) use super::locks::Lock;
use super::locks::{Attempt, lock};

/// The file that says whose folder it is.
const MARK: &str = ".deconflict";
/// What stands in it.
const MARK_TEXT: &str =
    "Unfinished output of deconflict; its command removes it, or the next one that writes here.\n";
/// Between the name and the letters drawn.
const UNFINISHED: &str = ".unfinished-";
/// Letters drawn.
const DRAWN: usize = 6;

/// Folders of living commands of this process, for [`abandon`].
static LIVING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder beside the place of what is being written. Dropped, it is gone with all that is still in it.
#[derive(Debug)]
pub(crate) struct Beside {
    folder: TempDir,
    _lock: Option<File>,
}

impl Beside {
    /// Beside a path; the folder that it is in is made.
    pub fn of(path: &Path) -> Result<Beside, OutputError> {
        let absolute = std::path::absolute(path).map_err(OutputError::io("use", path))?;
        let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err(OutputError::NotOurs {
                path: path.to_owned(),
                why: "it has no name of its own".to_owned(),
            });
        };
        fs::create_dir_all(parent).map_err(OutputError::io("create", parent))?;
        tidy(parent, name)?;
        Beside::made(parent, name)
    }

    fn made(parent: &Path, name: &OsStr) -> Result<Beside, OutputError> {
        let mut prefix = OsString::from(".");
        prefix.push(name);
        prefix.push(UNFINISHED);
        loop {
            let folder = tempfile::Builder::new()
                .prefix(&prefix)
                .rand_bytes(DRAWN)
                .tempdir_in(parent)
                .map_err(OutputError::io("write in", parent))?;
            let path = folder.path().to_owned();
            // Whoever clears up may have met it between its making and its lock: then it is made again.
            let lock = match lock_folder(&path, Lock::Alone) {
                Ok(lock) => lock,
                Err(_) if !path.is_dir() => continue,
                Err(OutputError::Busy { .. }) => continue,
                Err(error) => return Err(error),
            };
            match fs::write(path.join(MARK), MARK_TEXT) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                written => written.map_err(OutputError::io("write in", parent))?,
            }
            living().push(path);
            return Ok(Beside {
                folder,
                _lock: lock,
            });
        }
    }

    /// Where something of this name is to be written.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder in it, with the rights that the user gives to new ones.
    pub fn make(&self, name: &str) -> Result<PathBuf, OutputError> {
        let path = self.path(name);
        fs::create_dir(&path).map_err(OutputError::io("create", &path))?;
        Ok(path)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        living().retain(|path| path != self.folder.path());
    }
}

fn living() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    LIVING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Removes all that this process has unfinished: for a process that ends at once. Somebody may still be writing there, so it is
/// tried again; best effort, the next command does the rest.
pub fn abandon() {
    const TRIES: usize = 20;
    for path in living().drain(..) {
        let gone = || fs::remove_dir_all(&path).is_ok() || !path.exists();
        (0..TRIES).any(|_| gone());
    }
}

/// Whether a name in a folder is that of something unfinished, of `name` alone or of whatever it may be.
pub(super) fn is_unfinished(entry: &OsStr, of: Option<&OsStr>) -> bool {
    let entry = entry.to_string_lossy();
    let Some((name, drawn)) = entry.rsplit_once(UNFINISHED) else {
        return false;
    };
    let wanted = of.is_none_or(|of| name.strip_prefix('.') == Some(&*of.to_string_lossy()));
    let is_drawn = drawn.len() == DRAWN && drawn.bytes().all(|byte| byte.is_ascii_alphanumeric());
    wanted && name.len() > 1 && name.starts_with('.') && is_drawn
}

/// Clears what dead commands left for `name` in a folder.
pub(super) fn tidy(parent: &Path, name: &OsStr) -> Result<(), OutputError> {
    tidy_all(parent, Some(name))
}

/// Clears what dead commands left in a folder, whatever it was for.
pub(super) fn tidy_all(parent: &Path, name: Option<&OsStr>) -> Result<(), OutputError> {
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        // One may be allowed to write where one may not look.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        Err(error) => return Err(OutputError::io("read", parent)(error)),
    };
    for entry in entries.flatten() {
        if is_unfinished(&entry.file_name(), name) {
            clear(&entry.path());
        }
    }
    Ok(())
}

/// Whether a folder of such a name is ours.
pub(super) fn is_ours(path: &Path) -> bool {
    let folder = path.symlink_metadata().is_ok_and(|about| about.is_dir());
    let marked = || {
        let mark = path.join(MARK);
        let plain = mark
            .symlink_metadata()
            .is_ok_and(|about| about.is_file() && about.len() <= MARK_TEXT.len() as u64);
        // A mark that was cut short by a full disk is one too.
        plain && fs::read(&mark).is_ok_and(|text| MARK_TEXT.as_bytes().starts_with(&text))
    };
    let empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    folder && (empty() || marked())
}

/// Removes an unfinished folder if it is surely ours and dead. Best effort: it is in nobody's way.
fn clear(path: &Path) {
    if !is_ours(path) {
        return;
    }
    if let Ok(Some(_lock)) = lock_folder(path, Lock::Alone) {
        super::claim::rescue(path);
        let _ = fs::remove_dir_all(path);
    }
}

/// Locks a folder; the lock ends with the file, however the process ends. None where folders know no locks.
pub(super) fn lock_folder(path: &Path, how: Lock) -> Result<Option<File>, OutputError> {
    if !cfg!(unix) {
        return Ok(None);
    }
    let file = File::open(path).map_err(OutputError::io("open", path))?;
    match lock(path, &file, how)? {
        Attempt::Locked => {}
        Attempt::Busy => {
            return Err(OutputError::Busy {
                path: path.to_owned(),
            });
        }
        Attempt::Without => return Ok(None),
    }
    // What was locked may have been moved away in between.
    if same_place(&file, path) {
        Ok(Some(file))
    } else {
        Err(OutputError::Busy {
            path: path.to_owned(),
        })
    }
}

#[cfg(unix)]
fn same_place(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let key = |about: fs::Metadata| (about.dev(), about.ino());
    let here = file.metadata().map(key).ok();
    here.is_some() && here == fs::metadata(path).map(key).ok()
}

#[cfg(not(unix))]
fn same_place(_: &File, _: &Path) -> bool {
    true
}

/// Changes what stands at two places for each other, at once where the system can.
pub(super) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::NOENT) => return Err(io::ErrorKind::NotFound.into()),
            // The file system does not know how.
            Err(_) => {}
        }
    }
    let between = one.with_file_name(format!(
        "{}-between",
        one.file_name().unwrap_or_default().to_string_lossy()
    ));
    fs::rename(other, &between)?;
    if let Err(error) = fs::rename(one, other) {
        let _ = fs::rename(&between, other);
        return Err(error);
    }
    fs::rename(&between, one)
}

/// Writes a text into a file: beside its place, and moved there when whole; `force` replaces one that is there.
///
/// # Errors
/// A file that is there already, without `force`; what the system refuses.
pub fn write_text(path: &Path, force: bool, text: &str) -> Result<(), OutputError> {
    whole_file(path, force, |writer| writer.write_all(text.as_bytes()))
}

/// Writes a single file beside its place and moves it there when whole and on disk; `force` replaces one that is there.
pub(crate) fn whole_file(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), OutputError> {
    let about = path.symlink_metadata();
    if about.as_ref().is_ok_and(|about| !force || about.is_dir()) {
        return Err(OutputError::Exists {
            path: path.to_owned(),
        });
    }
    // A pipe or a device is written to, as a shell does; what is a link is written where it leads.
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        let file = fs::OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(OutputError::io("open", path))?;
        let mut writer = BufWriter::new(file);
        return write(&mut writer)
            .and_then(|()| writer.flush())
            .map_err(OutputError::io("write", path));
    }
    let beside = Beside::of(path)?;
    let fresh = beside.path("file");
    let file = File::create(&fresh).map_err(OutputError::io("write in", parent_of(path)))?;
    let mut writer = BufWriter::new(file);
    write(&mut writer)
        .and_then(|()| writer.flush())
        .and_then(|()| writer.get_ref().sync_all())
        .map_err(OutputError::io("write", path))?;
    drop(writer);
    let moved = if force {
        fs::rename(&fresh, path)
    } else {
        move_unless_there(&fresh, path)
    };
    match moved {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(OutputError::Exists {
            path: path.to_owned(),
        }),
        moved => moved.map_err(OutputError::io("write", path)),
    }?;
    sync_folder(parent_of(path), path)
}

/// Where a file is.
pub(super) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Moves what replaces nothing.
pub(super) fn move_unless_there(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::EXIST) => return Err(io::ErrorKind::AlreadyExists.into()),
            // The file system does not know how.
            Err(_) => {}
        }
    }
    if to.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_dead_are_cleared_the_living_and_strangers_are_not() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("a");
        let living = Beside::of(&target).unwrap();
        fs::write(living.path("half"), "x").unwrap();
        // Dead: nobody holds the lock.
        for (name, mark) in [
            (".a.unfinished-abc123", true),
            (".a.unfinished-abc124", false),
        ] {
            let dead = place.path().join(name);
            fs::create_dir(&dead).unwrap();
            if mark {
                fs::write(dead.join(MARK), MARK_TEXT).unwrap();
                fs::write(dead.join("half"), "x").unwrap();
            }
        }
        // Strangers: another place, another name, no mark, no folder.
        let strangers = [
            ".b.unfinished-abc123",
            ".a.unfinished-mine",
            ".a.unfinished-abc125",
        ];
        for name in strangers {
            fs::create_dir(place.path().join(name)).unwrap();
            fs::write(place.path().join(name).join("thesis.tex"), "x").unwrap();
        }
        fs::write(place.path().join(".a.unfinished-abc126"), "x").unwrap();
        let second = Beside::of(&target).unwrap();
        let left = names(place.path());
        assert!(living.path("half").is_file());
        for name in strangers {
            assert!(place.path().join(name).join("thesis.tex").is_file());
        }
        assert!(left.contains(&".a.unfinished-abc126".to_owned()));
        assert!(
            !left.contains(&".a.unfinished-abc123".to_owned()),
            "{left:?}"
        );
        assert!(
            !left.contains(&".a.unfinished-abc124".to_owned()),
            "{left:?}"
        );
        drop((living, second));
        assert_eq!(names(place.path()).len(), 4);
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        let fails = whole_file(&path, false, |writer| {
            writer.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(fails.is_err());
        assert!(names(place.path()).is_empty());
        whole_file(&path, false, |writer| writer.write_all(b"one")).unwrap();
        let again = whole_file(&path, false, |writer| writer.write_all(b"two"));
        assert!(matches!(again, Err(OutputError::Exists { .. })));
        whole_file(&path, true, |writer| writer.write_all(b"two")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(place.path()), ["file"]);
    }

    #[test]
    fn two_places_change_at_once() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(one.join("1"), "").unwrap();
        exchange(&one, &other).unwrap();
        assert!(other.join("1").is_file() && !one.join("1").exists());
    }
}
