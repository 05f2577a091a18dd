//! What the account measures and prepares on its machine: the size of its browser, the place of its profile.

use std::{io, path::Path};

use super::metrics;
use crate::{domain::AccountId, session::SessionError};

/// Measures the processes of an account's session, off the actors' threads. A process that ended meanwhile counts
/// nothing; an engine without processes leaves no figure.
pub(super) async fn measure(account: AccountId, processes: Vec<u32>) {
    if processes.is_empty() {
        return;
    }
    let count = processes.len();
    let bytes =
        tokio::task::spawn_blocking(move || processes.into_iter().filter_map(proportional_bytes).sum());
    if let Ok(bytes) = bytes.await {
        metrics::browser(account, count, bytes);
    }
}

/// The memory of a process with shared pages divided among those who share them.
fn proportional_bytes(process: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    parse_pss(&rollup)
}

fn parse_pss(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
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
    fn the_proportional_size_is_read_from_the_kernels_table() {
        let rollup =
            "55d0-7ffd ---p 00000000 00:00 0    [rollup]\nRss:  2048 kB\nPss:  1024 kB\nPss_Dirty:  10 kB\n";
        assert_eq!(parse_pss(rollup), Some(1_048_576));
        assert_eq!(parse_pss("Rss: 1 kB"), None);
        assert!(proportional_bytes(std::process::id()).unwrap() > 0);
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
