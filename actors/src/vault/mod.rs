//! F2: the vault. Browser profiles as encrypted snapshots: taken, listed, restored, exported, imported, and locked anew
//! when the keys rotate.
//!
//! ```text
//!  profile ─▶ tar ─▶ zstd ─▶ chunks under a key of their own ─▶ storage: <snapshot>.body
//!                                          └── locked with the newest key of the ring ─▶ <snapshot>.envelope
//! ```
//!
//! A profile is a credential: whoever has it is linked to the phone. This room never packs one that a browser writes to
//! (its callers hold the profile, or have the browser stand still while a copy is made), never holds a whole one in
//! memory, never counts a snapshot that it has not read back, never removes an older one before that, and never prints a
//! key or a passphrase.

mod archive;
mod copy;
mod envelope;
mod error;
mod inner;
mod keys;
mod leave_out;
mod place;
mod scratch;
mod storage;
mod stream;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;
use tokio::sync::{Semaphore, watch};
use zeroize::Zeroizing;

pub use archive::Contents;
pub use copy::{ProfileCopy, remove_left_copies};
pub use error::VaultError;
pub use keys::{KeyName, KeyRing};
pub use place::{remove as remove_profile, set_aside as set_profile_aside};
pub use storage::{Directory, Fill, Name, Part, Storage};

use self::inner::Inner;
use crate::domain::{AccountId, IdSource, SnapshotId, Timestamp};

/// Profiles that are packed or unpacked at the same time: it costs processor time and some 20 MiB each.
const AT_ONCE: usize = 2;

/// Settings of the vault. Every key may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many whole snapshots of an account are kept. 1 to 100.
    pub keep: usize,
    /// The largest profile that is taken or restored, in MiB before compression. 16 to 65,536.
    pub profile_mib_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keep: 3,
            profile_mib_max: 1_024,
        }
    }
}

/// A snapshot that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Which. Later ones are greater.
    pub id: SnapshotId,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// What it takes in the storage, in bytes.
    pub stored_bytes: u64,
}

/// What a restoration did.
#[derive(Debug)]
pub struct Restored {
    /// The snapshot that is in place now.
    pub id: SnapshotId,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Newer ones that were not whole, and why.
    pub passed_over: Vec<(SnapshotId, VaultError)>,
}

/// What a rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Snapshots whose key was locked anew.
    pub locked_anew: u64,
    /// Snapshots that could not be: their key is missing, they are damaged, or they could not be read.
    pub failed: u64,
    /// Keys in the ring now; 0 as long as the rotation has not ended.
    pub keys: u64,
}

/// The vault. One per process, shared; cheap to clone.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
    places: Arc<Semaphore>,
    busy: watch::Sender<usize>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({:?})", self.inner)
    }
}

/// Keeps [`Vault::settled`] waiting while it lives.
pub struct Busy(watch::Sender<usize>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Busy")
    }
}

impl Vault {
    /// A vault on a storage. `scratch` is a folder for files without a name, on a disk with room for a profile.
    pub fn new(
        settings: Settings,
        storage: Arc<dyn Storage>,
        ring: KeyRing,
        scratch: PathBuf,
        ids: Arc<IdSource>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner::new(settings, storage, ring, scratch, ids)),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            busy: watch::Sender::new(0),
        }
    }

    /// The largest profile that is taken or restored, in bytes before compression.
    pub fn profile_bytes_max(&self) -> u64 {
        self.inner.profile_bytes_max()
    }

    /// Says that something will be taken or restored soon.
    pub fn busy(&self) -> Busy {
        self.busy.send_modify(|count| *count += 1);
        Busy(self.busy.clone())
    }

    /// Completes once nothing is under way.
    pub async fn settled(&self) {
        // The sender lives as long as this vault.
        let _ = self.busy.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Takes a snapshot of a profile on which no browser runs, reads it back, and only then removes what is older than
    /// the number that is kept.
    ///
    /// # Errors
    /// See [`VaultError`]; the older ones are then all there.
    pub async fn take(&self, account: AccountId, profile: &Path) -> Result<Snapshot, VaultError> {
        let profile = profile.to_owned();
        self.work(move |inner| inner.take(account, &profile)).await
    }

    /// Begins a copy of a profile on which a browser runs; it is finished while that stands still.
    ///
    /// # Errors
    /// [`VaultError::Profile`].
    pub async fn begin_copy(&self, profile: &Path) -> Result<ProfileCopy, VaultError> {
        let profile = profile.to_owned();
        self.quick(move |inner| inner.begin_copy(&profile)).await
    }

    /// The account's snapshots, the newest first.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn list(&self, account: AccountId) -> Result<Vec<Snapshot>, VaultError> {
        self.quick(move |inner| inner.list(account)).await
    }

    /// Puts a snapshot in the place of the profile: the one that is named, or the newest that is whole. The profile that
    /// was there is set aside beside it until the next time. Nothing is changed before the snapshot was read to its end.
    ///
    /// # Errors
    /// [`VaultError::NotFound`] when there is no whole one, and the others.
    pub async fn restore(
        &self,
        account: AccountId,
        which: Option<SnapshotId>,
        profile: &Path,
    ) -> Result<Restored, VaultError> {
        let profile = profile.to_owned();
        self.work(move |inner| inner.restore(account, which, &profile))
            .await
    }

    /// Removes every snapshot of an account: it was deleted, or its link was ended.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn forget(&self, account: AccountId) -> Result<(), VaultError> {
        self.quick(move |inner| inner.keep_newest(account, 0)).await
    }

    /// Packs a profile into a file of its own that only `passphrase` opens. The file has no name: it is gone with its
    /// handle. It stands at its beginning.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub async fn export(
        &self,
        account: AccountId,
        profile: &Path,
        passphrase: Zeroizing<String>,
    ) -> Result<std::fs::File, VaultError> {
        let profile = profile.to_owned();
        self.work(move |inner| inner.export(account, &profile, &passphrase))
            .await
    }

    /// A file without a name that takes an upload, to be given to [`Vault::import`].
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub async fn inbox(&self) -> Result<std::fs::File, VaultError> {
        self.quick(|inner| inner.scratch()).await
    }

    /// Puts an exported profile, of this account or of another, in the place of this account's, and takes a snapshot of
    /// it. Nothing is changed before the file was read to its end and the snapshot is whole.
    ///
    /// # Errors
    /// See [`VaultError`]; the profile and its snapshots are then what they were.
    pub async fn import(
        &self,
        account: AccountId,
        file: std::fs::File,
        passphrase: Zeroizing<String>,
        profile: &Path,
    ) -> Result<Snapshot, VaultError> {
        let profile = profile.to_owned();
        self.work(move |inner| inner.import(account, file, &passphrase, &profile))
            .await
    }

    /// Whether its keys were configured; otherwise they lie in this node's data folder, and no other node has them.
    pub fn ring_is_configured(&self) -> bool {
        self.inner.ring_is_configured()
    }

    /// For each key of the ring one of another use, by the ring's names, the newest first.
    pub fn keys_for(&self, purpose: &str) -> Vec<(KeyName, Zeroizing<[u8; 32]>)> {
        self.inner.derived(purpose)
    }

    /// Puts a new key in front of the ring and locks every snapshot's key anew with it. Snapshots may be taken and restored
    /// meanwhile. Then whatever else hangs on the ring's keys changes to the newest, and [`Vault::end_rotation`] follows.
    ///
    /// # Errors
    /// [`VaultError::Keys`] or [`VaultError::Storage`]; whatever was locked before can be opened then, too.
    pub async fn begin_rotation(&self) -> Result<Rotation, VaultError> {
        self.quick(Inner::begin_rotation).await
    }

    /// Drops the keys that no snapshot is locked with any more and that are not among `others`; none while there is a
    /// snapshot of which that cannot be read. Gives how many are left.
    ///
    /// # Errors
    /// As for [`Vault::begin_rotation`].
    pub async fn end_rotation(&self, others: Vec<KeyName>) -> Result<u64, VaultError> {
        self.quick(move |inner| inner.end_rotation(&others)).await
    }

    /// Something that costs time: some at once.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let busy = self.busy();
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.map_err(|_| VaultError::Closed)?;
        self.quick(move |inner| {
            // In the thread itself: it works on when nobody waits for it any more.
            let _held = (busy, place);
            work(inner)
        })
        .await
    }

    async fn quick<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .unwrap_or(Err(VaultError::Closed))
    }
}
