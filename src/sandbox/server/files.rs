//! The sandbox's data directory: one owner at a time, files that are whole or absent, readable by their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::SandboxError;
use crate::sandbox::network::State;

/// Goes up when a snapshot of the version before can no longer be read.
const FORMAT: u32 = 1;

/// A data directory that this process owns until it is dropped.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

#[derive(Deserialize)]
struct Snapshot {
    format: u32,
    state: State,
}

#[derive(Serialize)]
struct SnapshotOf<'a> {
    format: u32,
    state: &'a State,
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

    /// Where the network is kept.
    pub(super) fn snapshot_file(&self) -> PathBuf {
        self.path.join("network.json")
    }

    /// The network as it was left, or an empty one.
    pub(super) fn load(&self) -> Result<State, SandboxError> {
        let path = self.snapshot_file();
        let Some(bytes) = read_if_there(&path)? else {
            return Ok(State::default());
        };
        let damaged = |why: String| SandboxError::Snapshot {
            path: path.clone(),
            why,
        };
        let snapshot: Snapshot =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if snapshot.format != FORMAT {
            return Err(damaged(format!(
                "it has format {}, this version reads {FORMAT}",
                snapshot.format
            )));
        }
        Ok(snapshot.state)
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

/// The bytes of a snapshot.
pub(super) fn snapshot(state: &State) -> Vec<u8> {
    serde_json::to_vec(&SnapshotOf {
        format: FORMAT,
        state,
    })
    .expect("plain data with string keys")
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

    #[test]
    fn a_damaged_snapshot_is_said_aloud() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        assert_eq!(dir.load().unwrap().boots, 0);
        let mut state = State::default();
        state.boots = 7;
        write_whole(&dir.snapshot_file(), &snapshot(&state)).unwrap();
        assert_eq!(dir.load().unwrap().boots, 7);
        for damage in ["{", r#"{"format":99,"state":{}}"#] {
            write_whole(&dir.snapshot_file(), damage.as_bytes()).unwrap();
            assert!(
                matches!(dir.load(), Err(SandboxError::Snapshot { .. })),
                "{damage}"
            );
        }
    }
}
