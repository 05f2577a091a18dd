//! API keys: 32 random bytes behind a prefix that tells live from test. The database knows an HMAC of them only.
//!
//! A key that was seen good is trusted for [`TRUSTED_FOR`], so that a request costs no look-up and a revocation holds
//! everywhere within that time (on the node that revokes: at once). Halfway through, one request has the key read again
//! in the background, so that none ever waits for the database on a key that is in use.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use dashmap::DashMap;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zaptor_actors::{
    domain::{IdSource, KeyId, TenantId, Timestamp},
    store::people,
};

use super::{Auth, AuthError, Identity, Principal, Role, Scope, hex};

/// How long a key that was seen good is trusted without a look into the database.
const TRUSTED_FOR: Duration = Duration::from_secs(5);
const READ_AGAIN_AFTER: Duration = Duration::from_millis(2_500);
/// The last use is written down this often at most.
const NOTED_EVERY: Duration = Duration::from_secs(60);
/// Beyond this many, entries that are not trusted any more are forgotten.
const ENTRIES_SWEPT_FROM: usize = 10_000;
/// `zk_live_` and the first six characters: enough to recognise a key, too little to guess it.
const SHOWN: usize = 14;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMode {
    /// Everything.
    Live,
    /// Accounts of the sandbox only; never bills.
    Test,
}

impl KeyMode {
    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Live => "zk_live_",
            Self::Test => "zk_test_",
        }
    }
}

/// A key that was just made.
#[derive(Clone)]
pub struct NewKey {
    /// The key itself. Shown once.
    pub plain: String,
    /// Its first characters, for people to recognise it by.
    pub prefix: String,
    /// What the database keeps.
    pub hash: String,
}

/// Makes a key. `pepper` is the installation's secret for digests.
pub fn new_api_key(ids: &IdSource, pepper: &[u8; 32], mode: KeyMode) -> NewKey {
    let plain = format!("{}{}", mode.prefix(), BASE64.encode(ids.bytes::<32>()));
    NewKey {
        prefix: plain[..SHOWN].to_owned(),
        hash: hex(&digest(pepper, plain.as_bytes())),
        plain,
    }
}

/// HMAC-SHA-256 with the installation's pepper: who steals the database alone can try nothing.
pub(super) fn digest(pepper: &[u8; 32], secret: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(pepper).expect("HMAC takes a key of any length");
    mac.update(secret);
    mac.finalize().into_bytes().into()
}

struct Entry {
    principal: Principal,
    read_at: Instant,
    reading: AtomicBool,
    /// Milliseconds since 1970.
    noted_at: AtomicI64,
}

/// Keys that were seen good, by digest.
#[derive(Default)]
pub(super) struct KeyCache(DashMap<[u8; 32], Entry>);

enum Look {
    Trusted(Principal),
    /// Trusted, and it is this request's turn to have the key read again.
    Ageing(Principal),
    Unknown,
}

impl KeyCache {
    fn look(&self, digest: &[u8; 32], now: Instant) -> Look {
        let Some(entry) = self.0.get(digest) else {
            return Look::Unknown;
        };
        let age = now.saturating_duration_since(entry.read_at);
        if age >= TRUSTED_FOR {
            Look::Unknown
        } else if age >= READ_AGAIN_AFTER && !entry.reading.swap(true, Ordering::Relaxed) {
            Look::Ageing(entry.principal)
        } else {
            Look::Trusted(entry.principal)
        }
    }

    fn trust(&self, digest: [u8; 32], principal: Principal, read_at: Instant, last_used: i64) {
        if self.0.len() > ENTRIES_SWEPT_FROM {
            self.0
                .retain(|_, entry| read_at.saturating_duration_since(entry.read_at) < TRUSTED_FOR);
        }
        let noted_at = self.0.get(&digest).map_or(last_used, |entry| {
            entry.noted_at.load(Ordering::Relaxed).max(last_used)
        });
        let entry = Entry {
            principal,
            read_at,
            reading: AtomicBool::new(false),
            noted_at: AtomicI64::new(noted_at),
        };
        self.0.insert(digest, entry);
    }

    fn forget(&self, key: KeyId) {
        self.0
            .retain(|_, entry| entry.principal.identity != Identity::Key(key));
    }

    /// Whether this use shall be written down; true once a minute for each key.
    fn note_due(&self, digest: &[u8; 32], now: Timestamp) -> bool {
        self.0.get(digest).is_some_and(|entry| {
            let noted = entry.noted_at.load(Ordering::Relaxed);
            now.since(Timestamp::from_millis(noted)) >= NOTED_EVERY
                && entry
                    .noted_at
                    .compare_exchange(noted, now.millis(), Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
        })
    }
}

impl Auth {
    /// Who carries this key, when that is known without a look into the database: the way of nearly every request.
    pub fn trusted_key(&self, key: &str) -> Option<Principal> {
        let digest = digest(&self.0.settings.pepper, key.as_bytes());
        let principal = match self.0.keys.look(&digest, self.0.clock.instant()) {
            Look::Trusted(principal) => principal,
            Look::Ageing(principal) => {
                let auth = self.clone();
                tokio::spawn(async move {
                    if let Err(error @ AuthError::Store(_)) = auth.read_key(digest).await {
                        tracing::warn!(%error, "an API key could not be read again");
                    }
                });
                principal
            }
            Look::Unknown => return None,
        };
        self.note_use(&digest, principal);
        Some(principal)
    }

    /// Who carries this key.
    ///
    /// # Errors
    /// [`AuthError::Key`] when nobody has it or it was revoked; as the store says.
    pub async fn verify_key(&self, key: &str) -> Result<Principal, AuthError> {
        let digest = digest(&self.0.settings.pepper, key.as_bytes());
        let principal = self.read_key(digest).await?;
        self.note_use(&digest, principal);
        Ok(principal)
    }

    async fn read_key(&self, digest: [u8; 32]) -> Result<Principal, AuthError> {
        let read_at = self.0.clock.instant();
        let row = self.0.store.reads().key_by_hash(&hex(&digest)).await?;
        let Some(row) = row.filter(|row| row.revoked_at.is_none()) else {
            self.0.keys.0.remove(&digest);
            return Err(AuthError::Key);
        };
        let principal = Principal {
            tenant: row.tenant,
            identity: Identity::Key(row.id),
            role: Role::ApiUser,
            scopes: row
                .scopes
                .iter()
                .filter_map(|scope| scope.parse::<Scope>().ok())
                .collect(),
            key_mode: Some(if row.mode == "live" {
                KeyMode::Live
            } else {
                KeyMode::Test
            }),
        };
        let last_used = row.last_used_at.map_or(0, Timestamp::millis);
        self.0.keys.trust(digest, principal, read_at, last_used);
        Ok(principal)
    }

    fn note_use(&self, digest: &[u8; 32], principal: Principal) {
        let now = self.0.clock.now();
        let Identity::Key(key) = principal.identity else {
            return;
        };
        if !self.0.keys.note_due(digest, now) {
            return;
        }
        let store = self.0.store.clone();
        tokio::spawn(async move {
            let noted = store
                .write(move |tx| Box::pin(async move { people::note_key_used(tx, key, now).await }))
                .await;
            if let Err(error) = noted {
                tracing::warn!(%error, "the use of an API key could not be noted");
            }
        });
    }

    /// Revokes a key: on this node at once, on others within five seconds. Gives false when the tenant has no such key.
    ///
    /// # Errors
    /// As the store says.
    pub async fn revoke_key(&self, tenant: TenantId, key: KeyId) -> Result<bool, AuthError> {
        let now = self.0.clock.now();
        let revoked = self
            .0
            .store
            .write(move |tx| Box::pin(async move { people::revoke_key(tx, tenant, key, now).await }))
            .await?;
        self.0.keys.forget(key);
        Ok(revoked)
    }

    /// Whether a principal that was let in earlier would still be. Asked now and then for streams, which outlive a
    /// request.
    pub async fn still_good(&self, principal: &Principal) -> bool {
        match principal.identity {
            Identity::Key(key) => match self
                .0
                .store
                .reads()
                .keys(principal.tenant, None, u64::MAX >> 1)
                .await
            {
                Ok(keys) => keys.iter().any(|row| row.id == key),
                Err(_) => true,
            },
            Identity::User(user) => match self.user(principal.tenant, user).await {
                Ok(user) => user.is_some_and(|user| user.disabled_at.is_none()),
                Err(_) => true,
            },
        }
    }
}
