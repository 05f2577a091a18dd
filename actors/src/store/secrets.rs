//! Secrets of accounts, sealed with a key that is not in the database: XChaCha20-Poly1305, with the account and the name of
//! the secret as associated data, so that one put in another's place is refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::{Store, StoreError, Tx};
use crate::domain::{AccountId, IdSource, Timestamp, settings::Secret};

/// What the password of an account's proxy is called.
pub const PROXY_PASSWORD: &str = "proxy_password";

const NONCE: usize = 24;

/// The key of all secrets. Wiped when it is dropped.
pub(super) type SealingKey = Zeroizing<[u8; 32]>;

/// A secret as it is kept.
#[derive(Clone, Debug)]
pub struct Sealed {
    name: &'static str,
    text: String,
}

fn belongs_to(account: AccountId, name: &str) -> Vec<u8> {
    format!("{account} {name}").into_bytes()
}

impl Store {
    fn sealing_key(&self) -> Result<XChaCha20Poly1305, StoreError> {
        let key = self.key.get();
        let key = key.ok_or_else(|| StoreError::Failed("there is no key for secrets".to_owned()))?;
        Ok(XChaCha20Poly1305::new((&**key).into()))
    }

    /// With which key secrets are sealed; said once, before accounts run.
    pub fn seal_with(&self, key: [u8; 32]) {
        let _ = self.key.set(key.into());
    }

    /// Seals a secret for this account.
    ///
    /// # Errors
    /// [`StoreError::Failed`] without a key.
    pub fn seal(
        &self,
        ids: &IdSource,
        account: AccountId,
        name: &'static str,
        secret: &Secret,
    ) -> Result<Sealed, StoreError> {
        let nonce: [u8; NONCE] = ids.bytes();
        let payload = Payload {
            msg: secret.reveal().as_bytes(),
            aad: &belongs_to(account, name),
        };
        let sealed = self
            .sealing_key()?
            .encrypt((&nonce).into(), payload)
            .map_err(|_| StoreError::Failed("a secret cannot be sealed".to_owned()))?;
        let text = STANDARD.encode([&nonce[..], &sealed].concat());
        Ok(Sealed { name, text })
    }

    /// A secret of an account; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it was sealed with another key, or for somebody else.
    pub async fn secret(&self, account: AccountId, name: &'static str) -> Result<Option<Secret>, StoreError> {
        let Some(text) = self.reads().sealed(account, name).await? else {
            return Ok(None);
        };
        let unreadable = || StoreError::Unreadable(format!("secrets.{name}: it was sealed with another key"));
        let bytes = STANDARD.decode(text).map_err(|_| unreadable())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or_else(unreadable)?;
        let payload = Payload {
            msg: sealed,
            aad: &belongs_to(account, name),
        };
        let opened = self.sealing_key()?.decrypt(nonce.into(), payload);
        let opened = opened.map_err(|_| unreadable())?;
        Ok(Some(Secret::new(
            String::from_utf8(opened).map_err(|_| unreadable())?,
        )))
    }
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
