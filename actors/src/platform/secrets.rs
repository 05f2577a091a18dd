//! The keys of an installation: one root, from which every use gets a key of its own.

use std::{
    fs::OpenOptions,
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::domain::IdSource;

/// The shortest root secret that a person may give.
const SECRET_MIN_CHARS: usize = 32;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A configured secret is too short to be one.
    #[error(
        "auth.signing_secret needs at least {SECRET_MIN_CHARS} characters: leave it empty, and one is made"
    )]
    TooShort,
    /// The file cannot be read or written.
    #[error("the secret file cannot be used: {0}")]
    File(#[from] std::io::Error),
}

/// Keys derived from one root; different labels give unrelated keys. Never printed.
#[derive(Clone)]
pub struct Secrets {
    root: [u8; 32],
    /// Configured, and so perhaps that of several nodes.
    shared: bool,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// From a secret that a person configured (several nodes share it).
    ///
    /// # Errors
    /// [`SecretError::TooShort`].
    pub fn configured(secret: &str) -> Result<Self, SecretError> {
        if secret.chars().count() < SECRET_MIN_CHARS {
            return Err(SecretError::TooShort);
        }
        Ok(Self {
            root: Sha256::digest(secret.as_bytes()).into(),
            shared: true,
        })
    }

    /// From the file `secret.key` of the data folder, made at the first start with mode 0600.
    ///
    /// # Errors
    /// [`SecretError::File`].
    pub fn kept_in(data_dir: &Path, ids: &IdSource) -> Result<Self, SecretError> {
        let path = data_dir.join("secret.key");
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
        {
            Ok(mut file) => {
                let root = ids.bytes();
                file.write_all(&root)?;
                file.sync_all()?;
                Ok(Self { root, shared: false })
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let mut root = [0; 32];
                std::fs::File::open(&path)?.read_exact(&mut root)?;
                Ok(Self { root, shared: false })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether other nodes may have it, too.
    pub(super) const fn is_shared(&self) -> bool {
        self.shared
    }

    /// The key for one use.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.root).expect("HMAC takes a key of any length");
        mac.update(label.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;
    use crate::domain::Clock;

    #[test]
    fn the_file_is_made_once_and_labels_are_apart() {
        let folder = tempfile::tempdir().unwrap();
        let ids = IdSource::random(Clock::system());
        let first = Secrets::kept_in(folder.path(), &ids).unwrap();
        let second = Secrets::kept_in(folder.path(), &ids).unwrap();
        assert_eq!(first.derive("a"), second.derive("a"));
        assert_ne!(first.derive("a"), first.derive("b"));
        assert!(matches!(Secrets::configured("short"), Err(SecretError::TooShort)));
    }
}
