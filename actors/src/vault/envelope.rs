//! What stands before a sealed stream: whose it is, and its key, locked with a key of the ring or with a passphrase.
//!
//! ```text
//! magic 8 · version 1 · lock 1 · account 16 · snapshot 16 · salt 19
//! lock 1, the ring:        name of the key 8                               · nonce 24 · locked key 48
//! lock 2, a passphrase:    memory 4 · passes 4 · lanes 4 · salt 16         · nonce 24 · locked key 48
//! ```
//!
//! Numbers are big-endian. Everything before the nonce is associated data of the locked key; magic, version, account,
//! snapshot and salt are associated data of every chunk of the stream. The lock can be replaced without the stream.

use std::io::Read;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::{
    VaultError,
    keys::{KeyName, KeyRing},
    stream::{SALT, StreamKey},
};
use crate::domain::{AccountId, IdSource, SnapshotId};

const MAGIC: &[u8; 8] = b"ZAPVAULT";
const VERSION: u8 = 1;
const BY_RING: u8 = 1;
const BY_PASSPHRASE: u8 = 2;
const NONCE: usize = 24;
const LOCKED: usize = 48;

/// What a passphrase costs: RFC 9106's second recommendation for memory, three passes, one lane.
const COST: Cost = Cost {
    memory_kib: 65_536,
    passes: 3,
    lanes: 1,
};
/// What a file may ask for at most, or a forged one would eat the machine.
const COST_MAX: Cost = Cost {
    memory_kib: 262_144,
    passes: 10,
    lanes: 4,
};

#[derive(Clone, Copy)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// What a stream is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) account: AccountId,
    pub(super) snapshot: SnapshotId,
    pub(super) salt: [u8; SALT],
}

impl Origin {
    /// The associated data of every chunk.
    pub(super) fn belongs_to(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(self.account.bits().to_be_bytes());
        bytes.extend(self.snapshot.bits().to_be_bytes());
        bytes.extend(self.salt);
        bytes
    }
}

/// With what a stream's key is locked.
pub(super) enum Lock<'a> {
    Ring(&'a KeyRing),
    Passphrase(&'a str),
}

/// An envelope that was read; its stream's key is still locked.
pub(super) struct Envelope {
    pub(super) origin: Origin,
    by: By,
    /// Everything before the nonce.
    head: Vec<u8>,
    nonce: [u8; NONCE],
    locked: [u8; LOCKED],
}

enum By {
    Ring(KeyName),
    Passphrase(Cost, [u8; 16]),
}

impl Envelope {
    /// Locks the key of a stream; gives the envelope's bytes.
    pub(super) fn seal(
        origin: &Origin,
        key: &StreamKey,
        lock: &Lock<'_>,
        ids: &IdSource,
    ) -> Result<Vec<u8>, VaultError> {
        let (by, locking) = match lock {
            Lock::Ring(ring) => {
                let (name, secret) = ring.newest();
                (By::Ring(name), secret.clone())
            }
            Lock::Passphrase(phrase) => {
                let salt = ids.bytes();
                (By::Passphrase(COST, salt), stretch(phrase, COST, &salt)?)
            }
        };
        let nonce: [u8; NONCE] = ids.bytes();
        let mut bytes = head(origin, &by);
        let payload = Payload {
            msg: key.as_slice(),
            aad: &bytes,
        };
        let locked = XChaCha20Poly1305::new((&*locking).into())
            .encrypt((&nonce).into(), payload)
            .map_err(|_| VaultError::Damaged("the key could not be locked".to_owned()))?;
        bytes.extend(nonce);
        bytes.extend(locked);
        Ok(bytes)
    }

    /// Reads an envelope and not a byte more.
    pub(super) fn read(from: &mut dyn Read) -> Result<Self, VaultError> {
        let magic: [u8; 8] = take(from)?;
        let [version, lock] = take(from)?;
        if &magic != MAGIC {
            return Err(VaultError::Damaged("it does not begin like one".to_owned()));
        }
        if version != VERSION {
            return Err(VaultError::Damaged(format!(
                "its version is {version}, not {VERSION}"
            )));
        }
        let origin = Origin {
            account: AccountId::from_bits(u128::from_be_bytes(take(from)?)),
            snapshot: SnapshotId::from_bits(u128::from_be_bytes(take(from)?)),
            salt: take(from)?,
        };
        let by = match lock {
            BY_RING => By::Ring(KeyName(u64::from_be_bytes(take(from)?))),
            BY_PASSPHRASE => {
                let cost = Cost {
                    memory_kib: u32::from_be_bytes(take(from)?),
                    passes: u32::from_be_bytes(take(from)?),
                    lanes: u32::from_be_bytes(take(from)?),
                };
                By::Passphrase(cost, take(from)?)
            }
            _ => return Err(VaultError::Damaged(format!("it has a lock of the kind {lock}"))),
        };
        Ok(Self {
            head: head(&origin, &by),
            origin,
            by,
            nonce: take(from)?,
            locked: take(from)?,
        })
    }

    /// The key of the ring with which it is locked, if it is one.
    pub(super) fn locked_by(&self) -> Option<KeyName> {
        match self.by {
            By::Ring(name) => Some(name),
            By::Passphrase(..) => None,
        }
    }

    /// Unlocks the key of the stream.
    pub(super) fn open(&self, lock: &Lock<'_>) -> Result<StreamKey, VaultError> {
        let (locking, refused) = match (&self.by, lock) {
            (By::Ring(name), Lock::Ring(ring)) => {
                let secret = ring.find(*name).ok_or(VaultError::NoKey(*name))?;
                (
                    secret.clone(),
                    VaultError::Damaged("its key does not open".to_owned()),
                )
            }
            (By::Passphrase(cost, salt), Lock::Passphrase(phrase)) => {
                (stretch(phrase, *cost, salt)?, VaultError::Passphrase)
            }
            (By::Ring(_), Lock::Passphrase(_)) => {
                let what = "it is a snapshot, and no export with a passphrase";
                return Err(VaultError::Damaged(what.to_owned()));
            }
            (By::Passphrase(..), Lock::Ring(_)) => {
                let what = "it is an export with a passphrase, and no snapshot";
                return Err(VaultError::Damaged(what.to_owned()));
            }
        };
        let payload = Payload {
            msg: &self.locked,
            aad: &self.head,
        };
        let key = XChaCha20Poly1305::new((&*locking).into()).decrypt((&self.nonce).into(), payload);
        let key = Zeroizing::new(key.map_err(|_| refused)?);
        let key: [u8; 32] = key
            .as_slice()
            .try_into()
            .map_err(|_| VaultError::Damaged("its key is none".to_owned()))?;
        Ok(Zeroizing::new(key))
    }
}

fn head(origin: &Origin, by: &By) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    bytes.push(match by {
        By::Ring(_) => BY_RING,
        By::Passphrase(..) => BY_PASSPHRASE,
    });
    bytes.extend(origin.account.bits().to_be_bytes());
    bytes.extend(origin.snapshot.bits().to_be_bytes());
    bytes.extend(origin.salt);
    match by {
        By::Ring(name) => bytes.extend(name.0.to_be_bytes()),
        By::Passphrase(cost, salt) => {
            for number in [cost.memory_kib, cost.passes, cost.lanes] {
                bytes.extend(number.to_be_bytes());
            }
            bytes.extend(salt);
        }
    }
    bytes
}

fn take<const N: usize>(from: &mut dyn Read) -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map_err(VaultError::reading)?;
    Ok(bytes)
}

/// Argon2id: slow and large on purpose, since a passphrase can be guessed.
fn stretch(phrase: &str, cost: Cost, salt: &[u8; 16]) -> Result<StreamKey, VaultError> {
    let Cost {
        memory_kib,
        passes,
        lanes,
    } = cost;
    let modest = memory_kib <= COST_MAX.memory_kib && passes <= COST_MAX.passes && lanes <= COST_MAX.lanes;
    let params = modest
        .then(|| Params::new(memory_kib, passes, lanes, Some(32)).ok())
        .flatten()
        .ok_or_else(|| VaultError::Damaged("it asks for too much to open it".to_owned()))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(phrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| VaultError::Passphrase)?;
    Ok(key)
}
