//! The vault's work, on threads that may block.

use std::{
    fmt, fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::RwLock;
use zeroize::Zeroizing;

use super::{
    Contents, KeyName, KeyRing, Name, Part, ProfileCopy, Restored, Rotation, Settings, Snapshot, Storage,
    VaultError, archive,
    envelope::{Envelope, Lock, Origin},
    place::Fresh,
    scratch,
    stream::{Opener, Sealer, StreamKey},
};
use crate::domain::{AccountId, IdSource, SnapshotId};

pub(super) struct Inner {
    settings: Settings,
    storage: Arc<dyn Storage>,
    /// Held for reading while an envelope is written or removed, for writing while the keys change.
    ring: RwLock<KeyRing>,
    ids: Arc<IdSource>,
    /// Where exports wait for their reader, without a name.
    scratch: PathBuf,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.storage)
    }
}

impl Inner {
    pub(super) fn new(
        settings: Settings,
        storage: Arc<dyn Storage>,
        ring: KeyRing,
        scratch: PathBuf,
        ids: Arc<IdSource>,
    ) -> Self {
        Self {
            settings,
            storage,
            ring: RwLock::new(ring),
            ids,
            scratch,
        }
    }

    pub(super) fn profile_bytes_max(&self) -> u64 {
        self.settings.profile_mib_max << 20
    }

    /// A file without a name.
    pub(super) fn begin_copy(&self, profile: &Path) -> Result<ProfileCopy, VaultError> {
        ProfileCopy::begin(profile, &self.scratch, &self.ids).map_err(VaultError::Profile)
    }

    pub(super) fn scratch(&self) -> Result<fs::File, VaultError> {
        scratch::file(&self.scratch, &self.ids)
    }

    /// What a new stream is of, and its key. Later than every other of the account, also when the clock stepped back.
    fn origin(&self, account: AccountId) -> Result<(Origin, StreamKey), VaultError> {
        let newest = self.list(account)?.first().map_or(0, |newest| newest.id.bits());
        let next: SnapshotId = self.ids.next();
        let origin = Origin {
            account,
            snapshot: SnapshotId::from_bits(next.bits().max(newest + 1)),
            salt: self.ids.bytes(),
        };
        Ok((origin, Zeroizing::new(self.ids.bytes())))
    }

    pub(super) fn take(&self, account: AccountId, profile: &Path) -> Result<Snapshot, VaultError> {
        let taken = self.add(account, profile)?;
        self.keep_newest(account, self.settings.keep.max(1))?;
        Ok(taken)
    }

    /// Takes a snapshot and reads it back; older ones stay.
    fn add(&self, account: AccountId, profile: &Path) -> Result<Snapshot, VaultError> {
        let (origin, key) = self.origin(account)?;
        let name = |part| Name {
            account,
            snapshot: origin.snapshot,
            part,
        };
        let mut packed = Contents::default();
        let mut fill = |to: &mut dyn Write| {
            packed = self.seal(profile, to, &origin, &key)?;
            Ok(())
        };
        let body = self.storage.put(name(Part::Body), &mut fill);
        let body = body.map_err(VaultError::writing)?;
        let whole = self.verify(name(Part::Body), &origin, &key, packed);
        let envelope = whole.and_then(|()| {
            let ring = self.ring.read();
            let bytes = Envelope::seal(&origin, &key, &Lock::Ring(&ring), &self.ids)?;
            self.storage
                .put(name(Part::Envelope), &mut |to| to.write_all(&bytes))
                .map_err(VaultError::Storage)
        });
        let envelope = envelope.inspect_err(|_| {
            // A body that does not count; what cannot be removed now goes with the next snapshot.
            let _ = self.storage.delete(name(Part::Body));
        })?;
        Ok(Snapshot {
            id: origin.snapshot,
            taken_at: origin.snapshot.made_at(),
            stored_bytes: body + envelope,
        })
    }

    /// Writes a profile as a sealed stream.
    fn seal(
        &self,
        profile: &Path,
        to: impl Write,
        origin: &Origin,
        key: &StreamKey,
    ) -> Result<Contents, VaultError> {
        if !profile.is_dir() {
            return Err(VaultError::NoProfile);
        }
        let sealer = Sealer::new(to, key, &origin.salt, &origin.belongs_to());
        let (sealer, contents) = archive::pack(profile, sealer, self.settings.profile_mib_max)?;
        if contents.files == 0 {
            return Err(VaultError::NoProfile);
        }
        sealer.finish().map_err(VaultError::writing)?;
        Ok(contents)
    }

    /// Reads a stream to its end, and what it holds into a folder or nowhere.
    fn unseal(
        &self,
        from: impl Read,
        into: Option<&Path>,
        origin: &Origin,
        key: &StreamKey,
    ) -> Result<Contents, VaultError> {
        let opener = Opener::new(from, key, &origin.salt, &origin.belongs_to());
        archive::unpack(opener, into, self.settings.profile_mib_max)
    }

    fn verify(
        &self,
        body: Name,
        origin: &Origin,
        key: &StreamKey,
        packed: Contents,
    ) -> Result<(), VaultError> {
        let from = self.get(body)?;
        let read = self.unseal(from, None, origin, key)?;
        if read == packed {
            Ok(())
        } else {
            Err(VaultError::Damaged(
                "what was read back is not what was written".to_owned(),
            ))
        }
    }

    fn get(&self, name: Name) -> Result<Box<dyn Read + Send>, VaultError> {
        let found = self.storage.get(name).map_err(VaultError::Storage)?;
        found.ok_or(VaultError::NotFound)
    }

    pub(super) fn list(&self, account: AccountId) -> Result<Vec<Snapshot>, VaultError> {
        let objects = self.storage.list(account).map_err(VaultError::Storage)?;
        let counts = |snapshot| {
            let parts = objects.iter().filter(|(name, _)| name.snapshot == snapshot);
            (parts.clone().count() == 2).then(|| parts.map(|(_, length)| length).sum::<u64>())
        };
        let mut ids: Vec<SnapshotId> = objects.iter().map(|(name, _)| name.snapshot).collect();
        ids.dedup();
        let snapshots = ids.into_iter().rev().filter_map(|id| {
            Some(Snapshot {
                id,
                taken_at: id.made_at(),
                stored_bytes: counts(id)?,
            })
        });
        Ok(snapshots.collect())
    }

    /// Removes all but the newest `keep` snapshots, and whatever never became one. The key goes first: without it, what
    /// is left of the rest can never be read again.
    pub(super) fn keep_newest(&self, account: AccountId, keep: usize) -> Result<(), VaultError> {
        let kept: Vec<SnapshotId> = self
            .list(account)?
            .into_iter()
            .take(keep)
            .map(|snapshot| snapshot.id)
            .collect();
        let mut objects = self.storage.list(account).map_err(VaultError::Storage)?;
        objects.retain(|(name, _)| !kept.contains(&name.snapshot));
        objects.sort_by_key(|(name, _)| name.part != Part::Envelope);
        let _ring = self.ring.read();
        for (name, _) in objects {
            self.storage.delete(name).map_err(VaultError::Storage)?;
        }
        Ok(())
    }

    pub(super) fn restore(
        &self,
        account: AccountId,
        which: Option<SnapshotId>,
        profile: &Path,
    ) -> Result<Restored, VaultError> {
        let known = self.list(account)?.into_iter().map(|snapshot| snapshot.id);
        let candidates: Vec<SnapshotId> = known.filter(|id| which.is_none_or(|only| only == *id)).collect();
        let mut passed_over = Vec::new();
        for id in candidates {
            let fresh = Fresh::beside(profile)?;
            match self.restore_into(account, id, fresh.path()) {
                Ok(_) => {
                    fresh.put()?;
                    return Ok(Restored {
                        id,
                        taken_at: id.made_at(),
                        passed_over,
                    });
                }
                Err(error @ (VaultError::Damaged(_) | VaultError::NoKey(_) | VaultError::NotFound))
                    if which.is_none() =>
                {
                    tracing::warn!(target: "zaptor::vault", %account, snapshot = %id, %error, "a snapshot is not whole");
                    passed_over.push((id, error));
                }
                Err(error) => return Err(error),
            }
        }
        Err(VaultError::NotFound)
    }

    fn restore_into(&self, account: AccountId, id: SnapshotId, fresh: &Path) -> Result<Contents, VaultError> {
        let name = |part| Name {
            account,
            snapshot: id,
            part,
        };
        let (origin, key) = self.unlock(name(Part::Envelope))?;
        self.unseal(self.get(name(Part::Body))?, Some(fresh), &origin, &key)
    }

    fn unlock(&self, name: Name) -> Result<(Origin, StreamKey), VaultError> {
        // Read under the lock: a rotation may be about to replace it and to drop its key.
        let ring = self.ring.read();
        let envelope = read_envelope(&*self.storage, name)?;
        let key = envelope.open(&Lock::Ring(&ring))?;
        Ok((envelope.origin, key))
    }

    pub(super) fn export(
        &self,
        account: AccountId,
        profile: &Path,
        passphrase: &str,
    ) -> Result<fs::File, VaultError> {
        let (origin, key) = self.origin(account)?;
        let mut file = self.scratch()?;
        let envelope = Envelope::seal(&origin, &key, &Lock::Passphrase(passphrase), &self.ids)?;
        file.write_all(&envelope).map_err(VaultError::Storage)?;
        self.seal(profile, io::BufWriter::new(&file), &origin, &key)?;
        scratch::rewind(&mut file)?;
        Ok(file)
    }

    pub(super) fn import(
        &self,
        account: AccountId,
        mut file: fs::File,
        passphrase: &str,
        profile: &Path,
    ) -> Result<Snapshot, VaultError> {
        scratch::rewind(&mut file)?;
        let envelope = Envelope::read(&mut file)?;
        let key = envelope.open(&Lock::Passphrase(passphrase))?;
        let fresh = Fresh::beside(profile)?;
        self.unseal(file, Some(fresh.path()), &envelope.origin, &key)?;
        // First, since it may fail: the profile has just taken its room on the disk.
        let taken = self.add(account, fresh.path())?;
        fresh.put().inspect_err(|_| self.take_back(account, taken.id))?;
        if let Err(error) = self.keep_newest(account, self.settings.keep.max(1)) {
            tracing::warn!(target: "zaptor::vault", %account, %error,
                "older snapshots than are kept could not be removed; they go with the next one");
        }
        Ok(taken)
    }

    /// Removes a snapshot of what did not become the account's profile: it would be put back as its newest.
    fn take_back(&self, account: AccountId, snapshot: SnapshotId) {
        let _ring = self.ring.read();
        for part in [Part::Envelope, Part::Body] {
            let name = Name {
                account,
                snapshot,
                part,
            };
            if let Err(error) = self.storage.delete(name) {
                tracing::warn!(target: "zaptor::vault", %account, %snapshot, %error,
                    "a snapshot of a profile that could not be put in place could not be removed");
            }
        }
    }

    pub(super) fn ring_is_configured(&self) -> bool {
        self.ring.read().is_configured()
    }

    pub(super) fn derived(&self, purpose: &str) -> Vec<(KeyName, StreamKey)> {
        self.ring.read().derived(purpose)
    }

    pub(super) fn begin_rotation(&self) -> Result<Rotation, VaultError> {
        let mut done = Rotation::default();
        {
            let mut ring = self.ring.write();
            *ring = ring.with_new_key(&self.ids)?;
        }
        for account in self.storage.accounts().map_err(VaultError::Storage)? {
            for snapshot in self.list(account)? {
                let name = Name {
                    account,
                    snapshot: snapshot.id,
                    part: Part::Envelope,
                };
                match self.lock_anew(name) {
                    Ok(true) => done.locked_anew += 1,
                    // Removed meanwhile, or locked with the new key already.
                    Ok(false) | Err(VaultError::NotFound) => {}
                    Err(error) => {
                        tracing::warn!(target: "zaptor::vault", %account, snapshot = %snapshot.id, %error,
                            "the key of a snapshot could not be locked anew");
                        done.failed += 1;
                    }
                }
            }
        }
        Ok(done)
    }

    pub(super) fn end_rotation(&self, others: &[KeyName]) -> Result<u64, VaultError> {
        let mut ring = self.ring.write();
        let used = [&self.keys_in_use(&ring)?[..], others].concat();
        *ring = ring.without_unused(&used)?;
        Ok(ring.names().count() as u64)
    }

    /// Gives whether there was anything to do. Nobody writes or removes an envelope meanwhile.
    fn lock_anew(&self, name: Name) -> Result<bool, VaultError> {
        let ring = self.ring.write();
        let envelope = read_envelope(&*self.storage, name)?;
        if envelope.locked_by() == Some(ring.newest().0) {
            return Ok(false);
        }
        let key = envelope.open(&Lock::Ring(&ring))?;
        let bytes = Envelope::seal(&envelope.origin, &key, &Lock::Ring(&ring), &self.ids)?;
        self.storage
            .put(name, &mut |to| to.write_all(&bytes))
            .map_err(VaultError::Storage)?;
        Ok(true)
    }

    /// The keys that a snapshot may be locked with. Of an envelope that cannot be read nobody knows with which, and it may be
    /// read again later: then it is all of them. The caller holds the ring for writing, so none is on its way.
    fn keys_in_use(&self, ring: &KeyRing) -> Result<Vec<KeyName>, VaultError> {
        let mut used = Vec::new();
        for account in self.storage.accounts().map_err(VaultError::Storage)? {
            for (name, _) in self.storage.list(account).map_err(VaultError::Storage)? {
                if name.part != Part::Envelope {
                    continue;
                }
                match read_envelope(&*self.storage, name) {
                    Ok(read) => used.extend(read.locked_by()),
                    Err(error) => {
                        tracing::warn!(target: "zaptor::vault", %account, snapshot = %name.snapshot, %error,
                            "no key is dropped: which one a snapshot is locked with cannot be read");
                        return Ok(ring.names().collect());
                    }
                }
            }
        }
        used.sort_unstable_by_key(|name| name.0);
        used.dedup();
        Ok(used)
    }
}

/// Reads an envelope and checks that it is of the snapshot and the account in whose place it lies.
fn read_envelope(storage: &dyn Storage, name: Name) -> Result<Envelope, VaultError> {
    let found = storage.get(name).map_err(VaultError::Storage)?;
    let mut from = found.ok_or(VaultError::NotFound)?;
    let envelope = Envelope::read(&mut from)?;
    if (envelope.origin.account, envelope.origin.snapshot) != (name.account, name.snapshot) {
        return Err(VaultError::Damaged("it belongs elsewhere".to_owned()));
    }
    let mut behind = [0];
    match from.read(&mut behind).map_err(VaultError::reading)? {
        0 => Ok(envelope),
        _ => Err(VaultError::Damaged("something stands behind its end".to_owned())),
    }
}
