//! What the account prepares on its machine: the place of its profile.

use std::{io, path::Path};

use crate::session::SessionError;

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
