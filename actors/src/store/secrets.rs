//! Secrets of accounts, sealed with a key that is not in the database: XChaCha20-Poly1305, with the account and the name of
//! the secret as associated data, so that one put in another's place is refused. Before the text stands the name of its key
//! in the vault's ring and a colon; without one it is the installation's own.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
use sea_orm::EntityTrait as _;
use zeroize::Zeroizing;

use super::{Reads, Store, StoreError, Tx, entity, tx::parse};
use crate::domain::{AccountId, IdSource, Timestamp, settings::Secret};

/// What the password of an account's proxy is called.
pub const PROXY_PASSWORD: &str = "proxy_password";

const NONCE: usize = 24;

/// The keys of all secrets. Wiped when they are dropped.
#[derive(Default)]
pub struct SealingKeys {
    /// Whether what is sealed now is sealed with the ring's newest key; otherwise with the installation's own.
    pub by_ring: bool,
    /// Those of the vault's ring by their names, the newest first.
    pub ring: Vec<(String, Zeroizing<[u8; 32]>)>,
    /// The installation's own.
    pub own: Zeroizing<[u8; 32]>,
}

impl SealingKeys {
    fn newest(&self) -> (&str, &[u8; 32]) {
        let first = self.ring.first().filter(|_| self.by_ring);
        first.map_or(("", &*self.own), |(name, key)| (name.as_str(), &**key))
    }

    fn find(&self, name: &str) -> Option<&[u8; 32]> {
        if name.is_empty() {
            return Some(&self.own);
        }
        let found = self.ring.iter().find(|(other, _)| other == name);
        found.map(|(_, key)| &**key)
    }

    fn open(&self, account: AccountId, name: &str, sealed: &str) -> Option<Secret> {
        let (key, text) = sealed.split_once(':').unwrap_or(("", sealed));
        let bytes = STANDARD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: &belongs_to(account, name),
        };
        let cipher = XChaCha20Poly1305::new(self.find(key)?.into());
        let opened = cipher.decrypt(nonce.into(), payload).ok()?;
        Some(Secret::new(String::from_utf8(opened).ok()?))
    }

    fn seal(&self, ids: &IdSource, account: AccountId, name: &str, secret: &Secret) -> Option<String> {
        let nonce: [u8; NONCE] = ids.bytes();
        let payload = Payload {
            msg: secret.reveal().as_bytes(),
            aad: &belongs_to(account, name),
        };
        let (key, secret) = self.newest();
        let sealed = XChaCha20Poly1305::new(secret.into())
            .encrypt((&nonce).into(), payload)
            .ok()?;
        let text = STANDARD.encode([&nonce[..], &sealed].concat());
        Some(if key.is_empty() {
            text
        } else {
            format!("{key}:{text}")
        })
    }
}

/// A secret as it is kept.
#[derive(Clone, Debug)]
pub struct Sealed {
    name: &'static str,
    text: String,
}

/// What sealing all secrets anew came to.
#[derive(Debug, Default)]
pub struct SealedAnew {
    /// So many were sealed with the newest key.
    pub anew: u64,
    /// So many could not be opened, and stay as they are.
    pub failed: u64,
    /// The keys of the ring that secrets are sealed with now.
    pub still_used: Vec<String>,
}

fn belongs_to(account: AccountId, name: &str) -> Vec<u8> {
    format!("{account} {name}").into_bytes()
}

impl Store {
    /// With which keys secrets are sealed and opened from now on; said before accounts run, and when the ring has turned.
    pub fn seal_with(&self, keys: SealingKeys) {
        *self.keys.write() = keys;
    }

    /// Seals a secret for this account.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub fn seal(
        &self,
        ids: &IdSource,
        account: AccountId,
        name: &'static str,
        secret: &Secret,
    ) -> Result<Sealed, StoreError> {
        let text = self.keys.read().seal(ids, account, name, secret);
        let text = text.ok_or_else(|| StoreError::Failed("a secret cannot be sealed".to_owned()))?;
        Ok(Sealed { name, text })
    }

    /// A secret of an account; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it was sealed with another key, or for somebody else.
    pub async fn secret(&self, account: AccountId, name: &'static str) -> Result<Option<Secret>, StoreError> {
        let Some(sealed) = self.reads().sealed(account, name).await? else {
            return Ok(None);
        };
        let opened = self.keys.read().open(account, name, &sealed);
        let unreadable = || StoreError::Unreadable(format!("secrets.{name}: it was sealed with another key"));
        opened.map(Some).ok_or_else(unreadable)
    }

    /// Seals every secret anew that is not sealed with the newest key. One that is changed meanwhile is left to whoever
    /// changes it.
    ///
    /// # Errors
    /// As the database says; then some are sealed anew, and all can be opened as before.
    pub async fn seal_anew(&self, ids: &IdSource) -> Result<SealedAnew, StoreError> {
        let mut done = SealedAnew::default();
        for (account, name, sealed) in self.reads().all_sealed().await? {
            let fresh = {
                let keys = self.keys.read();
                if key_of(&sealed) == keys.newest().0 {
                    continue;
                }
                let opened = keys.open(account, &name, &sealed);
                opened.and_then(|secret| keys.seal(ids, account, &name, &secret))
            };
            match fresh {
                Some(fresh) => done.anew += self.exchange(account, name, sealed, fresh).await?,
                None => done.failed += 1,
            }
        }
        let left = self.reads().all_sealed().await?.into_iter();
        done.still_used = left.map(|(_, _, sealed)| key_of(&sealed).to_owned()).collect();
        Ok(done)
    }

    async fn exchange(
        &self,
        account: AccountId,
        name: String,
        before: String,
        after: String,
    ) -> Result<u64, StoreError> {
        let exchange = "UPDATE secrets SET sealed = $4 WHERE account_id = $1 AND name = $2 AND sealed = $3";
        self.write(move |tx| {
            let values = [
                account.to_string().into(),
                name.into(),
                before.into(),
                after.into(),
            ];
            Box::pin(async move { tx.execute(exchange, values).await })
        })
        .await
    }
}

impl Reads {
    /// All secrets as they are kept: whose, what it is called, and its sealed text.
    ///
    /// # Errors
    /// As the database says.
    async fn all_sealed(&self) -> Result<Vec<(AccountId, String, String)>, StoreError> {
        let rows = entity::secrets::Entity::find().all(self.connection()).await?;
        let read = |row: entity::secrets::Model| {
            let account = parse(&row.account_id, "secrets.account_id")?;
            Ok((account, row.name, row.sealed))
        };
        rows.into_iter().map(read).collect()
    }

    /// A secret as it is kept.
    ///
    /// # Errors
    /// As the database says.
    async fn sealed(&self, account: AccountId, name: &str) -> Result<Option<String>, StoreError> {
        let row = entity::secrets::Entity::find_by_id((account.to_string(), name.to_owned()));
        Ok(row.one(self.connection()).await?.map(|row| row.sealed))
    }
}

/// The name of the key that a text was sealed with; empty for the installation's own.
fn key_of(sealed: &str) -> &str {
    sealed.split_once(':').map_or("", |(key, _)| key)
}

/// Keeps a secret in the place of the one that there was.
pub(super) async fn keep(
    tx: &Tx,
    account: AccountId,
    sealed: Sealed,
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO secrets (account_id, name, sealed, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id, name) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at",
        [
            account.to_string().into(),
            sealed.name.into(),
            sealed.text.into(),
            at.millis().into(),
        ],
    )
    .await?;
    Ok(())
}

/// Forgets a secret.
pub(super) async fn forget(tx: &Tx, account: AccountId, name: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM secrets WHERE account_id = $1 AND name = $2",
        [account.to_string().into(), name.into()],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;
    use crate::domain::Clock;

    fn keys(ring: &[u8]) -> SealingKeys {
        let ring = ring
            .iter()
            .map(|n| (format!("{n:016x}"), Zeroizing::new([*n; 32])));
        SealingKeys {
            by_ring: true,
            ring: ring.collect(),
            own: [9; 32].into(),
        }
    }

    #[test]
    fn a_secret_is_opened_with_its_own_key_wherever_that_stands_in_the_ring() {
        let ids = IdSource::seeded(Clock::system(), 1);
        let (ana, bia) = (AccountId::from_bits(1), AccountId::from_bits(2));
        let secret = Secret::new("hunter2".to_owned());
        let seal = |ring: &[u8]| keys(ring).seal(&ids, ana, "word", &secret).unwrap();
        let (before_rings, first) = (seal(&[]), seal(&[1]));
        for (sealed, ring, opens) in [
            (&before_rings, &[][..], true),
            (&before_rings, &[2, 1], true),
            (&first, &[1], true),
            (&first, &[2, 1], true),
            (&first, &[2], false),
            (&first, &[], false),
        ] {
            let opened = keys(ring).open(ana, "word", sealed);
            assert_eq!(opened, opens.then(|| secret.clone()), "{ring:?}");
            assert_eq!(keys(ring).open(bia, "word", sealed), None, "another account's");
            assert_eq!(keys(ring).open(ana, "other", sealed), None, "another name's");
        }
        let apart = SealingKeys {
            by_ring: false,
            ..keys(&[1])
        };
        let sealed = apart.seal(&ids, ana, "word", &secret).unwrap();
        assert_eq!(
            keys(&[2]).open(ana, "word", &sealed),
            Some(secret.clone()),
            "another node's ring"
        );
    }
}
