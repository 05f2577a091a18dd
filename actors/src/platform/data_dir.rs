//! The folder of everything that a node keeps.

use std::{
    fs::{DirBuilder, File, Permissions, TryLockError},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use super::PlatformError;

/// The data folder, taken: no other Zaptor uses it while this value lives. The lock ends with the process, however that
/// ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder where it is missing, gives it to its owner alone (browser profiles are credentials), and locks
    /// it.
    ///
    /// # Errors
    /// [`PlatformError::InUse`] when another Zaptor has it, [`PlatformError::DataDir`] when it cannot be used.
    pub fn take(path: &Path) -> Result<Self, PlatformError> {
        let failed = |error| PlatformError::DataDir {
            path: path.to_owned(),
            error,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)?;
        // Absolute: browsers are started with it, and whoever looks for their orphans compares it.
        let path = path.canonicalize().map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(PlatformError::InUse(path)),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Where it is, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_for_one_and_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let taken = DataDir::take(&path).unwrap();
        assert!(matches!(DataDir::take(&path), Err(PlatformError::InUse(_))));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(taken);
        DataDir::take(&path).unwrap();
    }
}
