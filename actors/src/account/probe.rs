//! How an account's last probes went; and the place of its profile.

use std::{collections::VecDeque, io, path::Path};

use parking_lot::Mutex;

use crate::{domain::Timestamp, protocol::account::ProbeSeen, session::SessionError};

/// How many probes of an account are remembered.
const REMEMBERED: usize = 20;
/// How much of an error is remembered, in bytes.
const ERROR_MAX: usize = 200;

/// The last probes of an account on this node, over all its generations. In memory alone.
#[derive(Debug, Default)]
pub(super) struct Probes(Mutex<VecDeque<ProbeSeen>>);

impl Probes {
    pub(super) fn note(&self, at: Timestamp, answer: Result<u64, String>) {
        let (took_ms, error) = match answer {
            Ok(took_ms) => (Some(took_ms), None),
            Err(mut error) => {
                error.truncate(error.floor_char_boundary(ERROR_MAX));
                (None, Some(error))
            }
        };
        let mut seen = self.0.lock();
        seen.truncate(REMEMBERED - 1);
        seen.push_front(ProbeSeen { at, took_ms, error });
    }

    /// The newest first.
    pub(super) fn seen(&self) -> Vec<ProbeSeen> {
        self.0.lock().iter().cloned().collect()
    }
}

/// Makes the profile directory for its owner alone: whoever reads it is linked to the phone.
pub(super) async fn make_profile(profile: &Path) -> Result<(), SessionError> {
    let path = profile.to_owned();
    let made = tokio::task::spawn_blocking(move || make_private(&path)).await;
    made.unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                SessionError::Profile(error.to_string())
            }
            _ => SessionError::Open(format!("the profile directory cannot be made: {error}")),
        })
}

fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn the_last_probes_are_remembered_newest_first() {
        let probes = Probes::default();
        for n in 0..25_u64 {
            probes.note(Timestamp::from_millis(0), Ok(n));
        }
        probes.note(Timestamp::from_millis(1), Err("é".repeat(200)));
        let seen = probes.seen();
        assert_eq!(seen.len(), REMEMBERED);
        assert_eq!(seen[0].error.as_ref().unwrap().len(), ERROR_MAX);
        assert_eq!((seen[1].took_ms, seen[19].took_ms), (Some(24), Some(6)));
    }

    #[test]
    fn a_profile_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("profiles/acc_1");
        make_private(&profile).unwrap();
        make_private(&profile).unwrap();
        assert_eq!(
            std::fs::metadata(&profile).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
}
