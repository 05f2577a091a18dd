//! The place of a profile: what is put there is whole, and what was there before is set aside, not lost.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use super::VaultError;

/// Behind the name of a profile that is being unpacked.
const FRESH: &str = ".new";
/// Behind the name of the profile that was there before the last one was put in place.
const ASIDE: &str = ".aside";

fn beside(profile: &Path, suffix: &str) -> PathBuf {
    let mut name = profile.file_name().map_or_else(OsString::new, OsString::from);
    name.push(suffix);
    profile.with_file_name(name)
}

/// An empty folder beside the profile, to be filled and then [`put`] in its place.
pub(super) fn fresh(profile: &Path) -> Result<PathBuf, VaultError> {
    let fresh = beside(profile, FRESH);
    remove_one(&fresh)
        .and_then(|()| fs::DirBuilder::new().recursive(true).mode(0o700).create(&fresh))
        .map_err(VaultError::Profile)?;
    Ok(fresh)
}

/// Puts a filled folder in the place of the profile. A crash half-way leaves no profile, which the next start restores.
pub(super) fn put(fresh: &Path, profile: &Path) -> Result<(), VaultError> {
    set_aside(profile)
        .and_then(|()| fs::rename(fresh, profile))
        .and_then(|()| match profile.parent() {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        })
        .map_err(VaultError::Profile)
}

/// Moves the profile aside, in place of what was aside before. Does nothing when there is none.
///
/// # Errors
/// When it cannot be moved.
pub fn set_aside(profile: &Path) -> io::Result<()> {
    if fs::symlink_metadata(profile).is_err() {
        return Ok(());
    }
    let aside = beside(profile, ASIDE);
    remove_one(&aside)?;
    fs::rename(profile, aside)
}

/// Removes a profile, and what was set aside or half unpacked beside it.
///
/// # Errors
/// When something cannot be removed.
pub fn remove(profile: &Path) -> io::Result<()> {
    for path in [profile.to_owned(), beside(profile, FRESH), beside(profile, ASIDE)] {
        remove_one(&path)?;
    }
    Ok(())
}

/// Removes a folder with everything in it, or whatever else is there, if anything is.
fn remove_one(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
