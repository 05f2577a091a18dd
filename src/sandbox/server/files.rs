//! The sandbox's data directory: one owner at a time, files that are whole or absent, readable by their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::SandboxError;

/// A data directory that this process owns until it is dropped.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if need be and locks it.
    pub(super) fn open(path: &Path) -> Result<DataDir, SandboxError> {
        let failed = |source| SandboxError::DataDir {
            path: path.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(failed)?;
        let lock_file = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(lock_file)
            .map_err(failed)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| SandboxError::InUse {
            path: path.to_owned(),
        })?;
        Ok(DataDir {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The directory itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The TLS port of last time.
    pub(super) fn last_tls_port(&self) -> Option<u16> {
        let text = fs::read_to_string(self.path.join("tls_port")).ok()?;
        text.trim().parse().ok()
    }

    /// Remembers the TLS port for next time.
    pub(super) fn keep_tls_port(&self, port: u16) -> Result<(), SandboxError> {
        write_whole(&self.path.join("tls_port"), port.to_string().as_bytes())
    }
}

/// The content of a file; `None` if there is no such file.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, SandboxError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SandboxError::DataDir {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Writes a file so that a reader finds the old content or the new one, never a part, also after a power cut.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SandboxError> {
    let write = || {
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let draft = path.with_extension("new");
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|source| SandboxError::DataDir {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        assert!(matches!(
            DataDir::open(folder.path()),
            Err(SandboxError::InUse { .. })
        ));
        drop(first);
        DataDir::open(folder.path()).unwrap();
    }
}
