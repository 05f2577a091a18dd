//! The first start of a data folder: the first tenant with its trial tokens, the first administrator, the first key.

use std::sync::Arc;

use zaptor_actors::{
    domain::{TenantId, Tokens},
    platform::Platform,
    store::people::{self, KeyRow, UserRow},
};

use super::ServeError;
use crate::{
    auth::{self, Auth, KeyMode, Role, Scopes},
    cli::Admin,
    config::Config,
};

/// What the first administrator signs in with.
const EMAIL: &str = "admin@zaptor.local";
/// Without letters and digits that look alike; 20 of them carry some 115 bits.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const PASSWORD_CHARS: usize = 20;

/// The way in, told once.
pub(super) struct First {
    pub(super) admin: Admin,
    pub(super) api_key: String,
}

/// Makes the first tenant unless there is one.
pub(super) async fn make_if_empty(
    config: &Config,
    platform: &Arc<Platform>,
    auth: &Auth,
) -> Result<Option<First>, ServeError> {
    let failed = |error: &dyn std::fmt::Display| ServeError::FirstStart(error.to_string());
    if platform
        .store
        .reads()
        .tenant_count()
        .await
        .map_err(|error| failed(&error))?
        > 0
    {
        return Ok(None);
    }
    let password = password(platform);
    let password_hash = auth::hash_password(&password)
        .await
        .map_err(|error| failed(&error))?;
    let key = auth.new_api_key(KeyMode::Live);
    let (tenant, now): (TenantId, _) = (platform.ids.next(), platform.clock.now());
    let user = UserRow {
        id: platform.ids.next(),
        tenant,
        email: EMAIL.to_owned(),
        role: Role::Admin.as_str().to_owned(),
        password_hash,
        disabled_at: None,
    };
    let row = KeyRow {
        id: platform.ids.next(),
        tenant,
        name: "First key".to_owned(),
        prefix: key.prefix.clone(),
        key_hash: key.hash.clone(),
        mode: KeyMode::Live.as_str().to_owned(),
        scopes: Scopes::of_keys().words().into_iter().map(str::to_owned).collect(),
        created_at: now,
        last_used_at: None,
        revoked_at: None,
    };
    let threshold = Tokens(config.billing.low_threshold.into());
    platform
        .store
        .write(move |tx| {
            Box::pin(async move {
                people::create_tenant(tx, tenant, "First tenant", threshold, now).await?;
                people::create_user(tx, user, now).await?;
                people::create_key(tx, row).await
            })
        })
        .await
        .map_err(|error| failed(&error))?;
    if config.billing.trial_tokens > 0 {
        let trial = Tokens(config.billing.trial_tokens.into());
        platform
            .top_up(tenant, trial, Some("Trial".to_owned()))
            .await
            .map_err(|error| failed(&error))?;
    }
    Ok(Some(First {
        admin: Admin {
            email: EMAIL.to_owned(),
            password: Some(password),
        },
        api_key: key.plain,
    }))
}

fn password(platform: &Platform) -> String {
    let letters = |byte: &u8| {
        // Bytes past the last whole round of the alphabet are thrown away: every letter is as likely as the others.
        let round = 256 / ALPHABET.len() * ALPHABET.len();
        (usize::from(*byte) < round).then(|| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
    };
    let mut password = String::with_capacity(PASSWORD_CHARS);
    while password.len() < PASSWORD_CHARS {
        let bytes: [u8; 32] = platform.ids.bytes();
        password.extend(
            bytes
                .iter()
                .filter_map(letters)
                .take(PASSWORD_CHARS - password.len()),
        );
    }
    password
}
