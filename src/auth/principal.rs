//! Roles, scopes, and who is asking.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use zaptor_actors::domain::{KeyId, TenantId, UserId};

use super::{AuthError, KeyMode};

/// What a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the installation: everything, all tenants.
    Admin,
    /// Owns a tenant: its accounts, messages, wallet, webhooks, users and keys.
    Client,
    /// Technical: messages, events and reads.
    ApiUser,
}

impl Role {
    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Client => "client",
            Self::ApiUser => "api_user",
        }
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Admin, Self::Client, Self::ApiUser]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(())
    }
}

/// One thing that a credential may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scope {
    /// Send and cancel messages.
    MessagesWrite,
    /// Read messages and their status.
    MessagesRead,
    /// Create, link, restart and delete accounts.
    AccountsWrite,
    /// See accounts and their state.
    AccountsRead,
    /// See tokens and entries.
    WalletRead,
    /// Read and stream events.
    EventsRead,
    /// Set up webhooks.
    WebhooksWrite,
    /// Make and revoke API keys. No key can carry it: only people have it.
    KeysWrite,
}

impl Scope {
    /// What a key may carry, in the order of the documentation.
    pub const OF_KEYS: [Self; 7] = [
        Self::MessagesWrite,
        Self::MessagesRead,
        Self::AccountsWrite,
        Self::AccountsRead,
        Self::WalletRead,
        Self::EventsRead,
        Self::WebhooksWrite,
    ];

    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessagesWrite => "messages:write",
            Self::MessagesRead => "messages:read",
            Self::AccountsWrite => "accounts:write",
            Self::AccountsRead => "accounts:read",
            Self::WalletRead => "wallet:read",
            Self::EventsRead => "events:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::KeysWrite => "keys:write",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::OF_KEYS
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or(())
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    /// Everything that a key may carry: what the first key of a tenant gets.
    pub fn of_keys() -> Self {
        Scope::OF_KEYS.into_iter().collect()
    }

    /// What people of this role may do.
    pub fn of_role(role: Role) -> Self {
        match role {
            Role::Admin | Role::Client => Self(Self::of_keys().0 | Scope::KeysWrite.bit()),
            Role::ApiUser => [
                Scope::MessagesWrite,
                Scope::MessagesRead,
                Scope::AccountsRead,
                Scope::WalletRead,
                Scope::EventsRead,
            ]
            .into_iter()
            .collect(),
        }
    }

    /// Whether this one is in it.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The words.
    pub fn words(self) -> Vec<&'static str> {
        Scope::OF_KEYS
            .into_iter()
            .chain([Scope::KeysWrite])
            .filter(|scope| self.contains(*scope))
            .map(Scope::as_str)
            .collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | scope.bit()))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.words()).finish()
    }
}

/// Behind a request stands a person or a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A person who signed in.
    User(UserId),
    /// A program with a key.
    Key(KeyId),
}

/// Who is asking, and what they may do.
#[derive(Clone, Copy, Debug)]
pub struct Principal {
    /// For which tenant.
    pub tenant: TenantId,
    /// The person or the key.
    pub identity: Identity,
    /// The role; keys are technical.
    pub role: Role,
    /// What they may do.
    pub scopes: Scopes,
    /// Of a key: live or test.
    pub key_mode: Option<KeyMode>,
}

impl Principal {
    /// Goes on only with this scope.
    ///
    /// # Errors
    /// [`AuthError::Scope`] without it.
    pub const fn require(&self, scope: Scope) -> Result<(), AuthError> {
        if self.scopes.contains(scope) {
            Ok(())
        } else {
            Err(AuthError::Scope(scope))
        }
    }

    /// Goes on only for an administrator.
    ///
    /// # Errors
    /// [`AuthError::Role`] for everybody else.
    pub fn require_admin(&self) -> Result<(), AuthError> {
        if self.role == Role::Admin {
            Ok(())
        } else {
            Err(AuthError::Role(Role::Admin))
        }
    }
}
