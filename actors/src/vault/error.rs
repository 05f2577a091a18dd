//! Why the vault could not do as told.

use std::io;

use super::keys::KeyName;

/// Why the vault could not do as told. No text of it holds a key or a passphrase.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The storage cannot be read or written.
    #[error("the vault's storage failed: {0}")]
    Storage(io::Error),
    /// The profile cannot be read, or cannot be put in place.
    #[error("the profile failed: {0}")]
    Profile(io::Error),
    /// It was damaged, cut off, or belongs to another account.
    #[error("not a whole snapshot of this account: {0}")]
    Damaged(String),
    /// It is locked with a key that is not in the ring.
    #[error("the key {0} is not in the ring")]
    NoKey(KeyName),
    /// The passphrase does not open it: it is another one, or the file was damaged.
    #[error("the passphrase does not open this file, or the file was damaged")]
    Passphrase,
    /// The account has no such snapshot, or none that is whole.
    #[error("there is no such snapshot")]
    NotFound,
    /// There is no profile to take a snapshot of.
    #[error("there is no profile yet")]
    NoProfile,
    /// The profile is larger than the settings allow.
    #[error("the profile has more than {0} MiB")]
    TooLarge(u64),
    /// The key ring cannot be read, written, or understood.
    #[error("the vault's keys cannot be used: {0}")]
    Keys(String),
    /// The process ends.
    #[error("the vault is closed")]
    Closed,
}

impl VaultError {
    /// What failed while a sealed stream was read: its content, or the storage below it.
    pub(super) fn reading(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(error) => match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
                    Self::Damaged(error.to_string())
                }
                _ => Self::Storage(error),
            },
        }
    }

    /// What failed while a stream was written: the profile below it says so itself.
    pub(super) fn writing(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Storage)
    }
}

/// To be carried through [`io::Write`] and [`io::Read`], and taken out by [`VaultError::reading`] or
/// [`VaultError::writing`].
impl From<VaultError> for io::Error {
    fn from(error: VaultError) -> Self {
        Self::other(error)
    }
}
