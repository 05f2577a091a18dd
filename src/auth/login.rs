//! Signing in with a password, and carrying a login on with refresh tokens that change at every use.
//!
//! A refresh token is good once. One that comes back was stolen, or its thief was faster: either way the whole login
//! ends and the person signs in again.

use std::{net::IpAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use zaptor_actors::{
    domain::{Timestamp, UserId},
    store::people::{self, RefreshRow, UserRow},
};

use super::{Auth, AuthError, Role, api_key::digest, hex, password, throttle::Who};

/// The longest password that is looked at: hashing is work.
const PASSWORD_BYTES_MAX: usize = 1_024;

/// What a person gets for a password or a refresh token.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For the `Authorization` header.
    pub access_token: String,
    /// How long it is good.
    pub expires_in: Duration,
    /// Good once, for the next pair.
    pub refresh_token: String,
    /// Who signed in.
    pub user: UserRow,
}

/// How the exchange of a refresh token went, as seen inside the transaction.
enum Exchange {
    /// It is exchanged; the new one is stored.
    Done(UserId),
    /// It is not good; if it was used before, its family is ended by now.
    Refused,
}

impl Auth {
    /// Signs a person in.
    ///
    /// # Errors
    /// [`AuthError::Credentials`], [`AuthError::Throttled`], or as the store says.
    pub async fn log_in(
        &self,
        email: &str,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<Tokens, AuthError> {
        let email = email.trim().to_lowercase();
        let attempts = [Some(Who::Email(email.clone())), from.map(Who::Address)];
        for who in attempts.iter().flatten() {
            let now = self.0.clock.instant();
            self.0.throttle.take(who, now).map_err(AuthError::Throttled)?;
        }
        let user = self.0.store.reads().user_by_email(&email).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        if password.len() > PASSWORD_BYTES_MAX || !self.password_matches(password, hash).await? {
            return Err(AuthError::Credentials);
        }
        let user = user
            .filter(|user| user.disabled_at.is_none())
            .ok_or(AuthError::Credentials)?;
        for who in attempts.iter().flatten() {
            self.0.throttle.give_back(who);
        }
        let family = hex(&self.0.ids.bytes::<16>());
        let (refresh_token, hash) = self.new_refresh_token();
        let now = self.0.clock.now();
        let row = self.refresh_row(user.id, family, now);
        self.0
            .store
            .write(move |tx| Box::pin(async move { people::create_refresh_token(tx, hash, row).await }))
            .await?;
        self.tokens(user, refresh_token, now)
    }

    async fn password_matches(&self, password: &str, hash: Option<String>) -> Result<bool, AuthError> {
        let _place = self
            .0
            .checks
            .acquire()
            .await
            .map_err(|error| AuthError::Hashing(error.to_string()))?;
        password::matches(password.to_owned(), hash).await
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// # Errors
    /// [`AuthError::Refresh`] when it is unknown, expired, revoked or was used before; the last ends the whole login.
    pub async fn refresh(&self, token: &str) -> Result<Tokens, AuthError> {
        let now = self.0.clock.now();
        let used = self.refresh_hash(token);
        let (next_token, next_hash) = self.new_refresh_token();
        let auth = self.clone();
        let exchange = self
            .0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let Some(row) = people::use_refresh_token(tx, &used, now).await? else {
                        return Ok(Exchange::Refused);
                    };
                    if row.used_at.is_some() {
                        people::revoke_family(tx, &row.family, now).await?;
                        return Ok(Exchange::Refused);
                    }
                    if row.revoked_at.is_some() || row.expires_at <= now {
                        return Ok(Exchange::Refused);
                    }
                    let user = row.user;
                    people::create_refresh_token(tx, next_hash, auth.refresh_row(user, row.family, now))
                        .await?;
                    Ok(Exchange::Done(user))
                })
            })
            .await?;
        let Exchange::Done(user) = exchange else {
            return Err(AuthError::Refresh);
        };
        let user = self.0.store.reads().user(user).await?;
        // The next token of a person who was shut out is stored, but nobody ever learns it.
        let user = user
            .filter(|user| user.disabled_at.is_none())
            .ok_or(AuthError::Refresh)?;
        self.tokens(user, next_token, now)
    }

    /// Ends the login that this refresh token belongs to. An unknown token is no error: the login is over either way.
    ///
    /// # Errors
    /// As the store says.
    pub async fn log_out(&self, token: &str) -> Result<(), AuthError> {
        let now = self.0.clock.now();
        let hash = self.refresh_hash(token);
        self.0
            .store
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(row) = people::use_refresh_token(tx, &hash, now).await? {
                        people::revoke_family(tx, &row.family, now).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(())
    }

    fn tokens(&self, user: UserRow, refresh_token: String, now: Timestamp) -> Result<Tokens, AuthError> {
        let role: Role = user.role.parse().map_err(|()| AuthError::Credentials)?;
        Ok(Tokens {
            access_token: self.issue_access_token(&user, role, now)?,
            expires_in: self.0.settings.access_lifetime,
            refresh_token,
            user,
        })
    }

    fn refresh_row(&self, user: UserId, family: String, now: Timestamp) -> RefreshRow {
        RefreshRow {
            user,
            family,
            expires_at: now.after(self.0.settings.refresh_lifetime),
            used_at: None,
            revoked_at: None,
        }
    }

    fn new_refresh_token(&self) -> (String, String) {
        let token = format!("zr_{}", BASE64.encode(self.0.ids.bytes::<32>()));
        let hash = self.refresh_hash(&token);
        (token, hash)
    }

    fn refresh_hash(&self, token: &str) -> String {
        hex(&digest(&self.0.settings.pepper, token.as_bytes()))
    }
}
