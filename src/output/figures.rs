//! The figures of a report, in a folder of their own inside that of the results.

use std::path::Path;

use super::beside::{Lock, lock_folder};
use super::claim::{Claim, Making, exists};
use super::error::OutputError;
use super::files::{sync_folder, text};
use super::manifest::{Made, Manifest, Stored, Trust};

/// Writes files into a folder of their own with a manifest; an earlier one of the same kind gives way, anything else is
/// refused.
pub(crate) fn write_figures(
    place: &Path,
    about: Manifest,
    files: &[(String, String)],
) -> Result<(), OutputError> {
    // Into results that are being replaced nothing is written.
    let _lock = match place.parent() {
        Some(here) if here.as_os_str().is_empty() => lock_folder(Path::new("."), Lock::Shared)?,
        Some(parent) => lock_folder(parent, Lock::Shared)?,
        None => None,
    };
    let claim = Claim::of(place, true, exists)?;
    // Of the folders of this program only one of figures gives way to figures.
    if Stored::open(place, Trust::Unverified)
        .is_ok_and(|there| there.manifest.command != Made::Report)
    {
        return Err(OutputError::Results {
            path: place.to_owned(),
        });
    }
    let making = Making::of(place)?;
    let mut manifest = about;
    for (name, content) in files {
        let entry = text(&making.fresh, place, name, content)?;
        manifest.files.insert(name.clone(), entry);
    }
    manifest.write(&making.fresh, place)?;
    sync_folder(&making.fresh, place)?;
    making.put(&claim)
}
