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

/// A folder beside the profile, to be filled and put in its place. What is in it may be a credential, so it never outlives
/// its use: it is removed when it is dropped without having been put there.
pub(super) struct Fresh<'a> {
    path: PathBuf,
    profile: &'a Path,
}

impl<'a> Fresh<'a> {
    /// Makes it, empty.
    pub(super) fn beside(profile: &'a Path) -> Result<Self, VaultError> {
        let path = beside(profile, FRESH);
        remove_one(&path)
            .and_then(|()| fs::DirBuilder::new().recursive(true).mode(0o700).create(&path))
            .map_err(VaultError::Profile)?;
        Ok(Self { path, profile })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in the place of the profile; when that fails, the profile is what it was. A crash half-way leaves no profile,
    /// which the next start restores.
    pub(super) fn put(self) -> Result<(), VaultError> {
        let replaces = fs::symlink_metadata(self.profile).is_ok();
        set_aside(self.profile).map_err(VaultError::Profile)?;
        let put = fs::rename(&self.path, self.profile).and_then(|()| match self.profile.parent() {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        });
        put.map_err(|error| {
            // Where it was not moved there, there is nothing to move back.
            let _ = fs::rename(self.profile, &self.path);
            if replaces {
                let _ = fs::rename(beside(self.profile, ASIDE), self.profile);
            }
            VaultError::Profile(error)
        })
    }
}

impl Drop for Fresh<'_> {
    fn drop(&mut self) {
        // What stays is removed when the account is deleted, or with the next one.
        let _ = remove_one(&self.path);
    }
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
