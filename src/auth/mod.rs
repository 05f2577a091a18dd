//! Who may do what: passwords, access and refresh tokens, API keys, roles and scopes.
//!
//! This room never sees an HTTP request and never keeps a secret in a form from which it could be read back: passwords
//! are argon2id hashes, refresh tokens and API keys are digests. A request that carries a good key does not touch the
//! database.

mod access_token;
mod api_key;
mod hs256;
mod login;
mod password;
mod principal;
mod throttle;

use std::{sync::Arc, time::Duration};

use zaptor_actors::{
    domain::{Clock, IdSource, TenantId, Timestamp, UserId},
    store::{Store, StoreError, people::UserRow},
};

pub use access_token::TokenFlaw;
pub use api_key::{KeyMode, NewKey, new_api_key};
pub use hs256::install_crypto;
pub use login::Tokens;
pub use password::{hash_password, hash_password_blocking};
pub use principal::{Identity, Principal, Role, Scope, Scopes};

use access_token::AccessTokens;
use api_key::KeyCache;
use throttle::Throttle;

/// What the room needs to be told. Secrets are bytes; lifetimes come from the configuration.
#[derive(Clone)]
pub struct Settings {
    /// Signs access tokens; at least 32 bytes.
    pub signing_secret: Vec<u8>,
    /// An earlier signing secret whose tokens are still taken, while a rotation is under way.
    pub previous_secret: Option<Vec<u8>>,
    /// Keys the digests of API keys and refresh tokens.
    pub pepper: [u8; 32],
    /// Life of an access token.
    pub access_lifetime: Duration,
    /// Life of a refresh token.
    pub refresh_lifetime: Duration,
}

/// Why a credential was not taken. None of the texts repeats the credential.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthError {
    /// There was none.
    #[error("no credential was given")]
    Missing,
    /// An access token that is not (any more) good.
    #[error("the access token is not good: {0}")]
    Token(#[from] TokenFlaw),
    /// A key that nobody has, or that was revoked.
    #[error("the API key is unknown or revoked")]
    Key,
    /// A refresh token that is unknown, expired, revoked or was used before.
    #[error("the refresh token is not good any more")]
    Refresh,
    /// Email and password do not belong together, or the person was shut out.
    #[error("email or password is wrong")]
    Credentials,
    /// Too many attempts; the next one makes sense after this time.
    #[error("too many attempts")]
    Throttled(Duration),
    /// The credential is good but does not allow this.
    #[error("the scope {} is missing", .0.as_str())]
    Scope(Scope),
    /// The credential is good but belongs to a role that does not allow this.
    #[error("the role {} is needed", .0.as_str())]
    Role(Role),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be hashed or checked (never the visitor's fault).
    #[error("the password could not be checked: {0}")]
    Hashing(String),
}

/// Checks and issues credentials. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    ids: Arc<IdSource>,
    settings: Settings,
    tokens: AccessTokens,
    keys: KeyCache,
    throttle: Throttle,
    /// Each password check takes 19 MiB and a processor: never more at once than this.
    checks: tokio::sync::Semaphore,
}

const CHECKS_AT_ONCE: usize = 4;

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

impl Auth {
    /// Sets the room up; called once by the composition, and by tests.
    pub fn new(settings: Settings, store: Store, clock: Clock, ids: Arc<IdSource>) -> Self {
        install_crypto();
        let tokens = AccessTokens::new(&settings.signing_secret, settings.previous_secret.as_deref());
        Self(Arc::new(Inner {
            store,
            clock,
            ids,
            settings,
            tokens,
            keys: KeyCache::default(),
            throttle: Throttle::default(),
            checks: tokio::sync::Semaphore::new(CHECKS_AT_ONCE),
        }))
    }

    /// Makes an API key. The plain key is shown to its owner once and forgotten.
    pub fn new_api_key(&self, mode: KeyMode) -> NewKey {
        new_api_key(&self.0.ids, &self.0.settings.pepper, mode)
    }

    /// Who carries this access token. Reads nothing but the token.
    ///
    /// # Errors
    /// [`AuthError::Token`] with what is wrong with it.
    pub fn verify_access_token(&self, token: &str) -> Result<Principal, AuthError> {
        Ok(self.0.tokens.verify(token, self.0.clock.now())?)
    }

    fn issue_access_token(&self, user: &UserRow, role: Role, now: Timestamp) -> Result<String, AuthError> {
        let lifetime = self.0.settings.access_lifetime;
        Ok(self
            .0
            .tokens
            .issue(user.id, user.tenant, role, now, lifetime, &self.0.ids)?)
    }

    /// The person behind a principal, if it is one that still exists.
    ///
    /// # Errors
    /// As the store says.
    pub async fn user(&self, tenant: TenantId, user: UserId) -> Result<Option<UserRow>, AuthError> {
        let row = self.0.store.reads().user(user).await?;
        Ok(row.filter(|row| row.tenant == tenant))
    }
}

/// A digest as the database keeps it.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests;
