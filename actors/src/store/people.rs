//! Tenants, the people who sign in, and API keys. Secrets are stored as digests only.

use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Set, sea_query::Expr,
};

use super::{
    Reads, StoreError, Tx,
    entity::{api_keys, refresh_tokens, tenants, users, wallets},
    tx::parse,
};
use crate::domain::{KeyId, TenantId, Timestamp, Tokens, UserId};

/// A person who signs in.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Their id.
    pub id: UserId,
    /// Whose they are.
    pub tenant: TenantId,
    /// What they sign in with; lower case.
    pub email: String,
    /// `admin`, `client` or `api_user`.
    pub role: String,
    /// A PHC string (argon2id).
    pub password_hash: String,
    /// When they were shut out.
    pub disabled_at: Option<Timestamp>,
}

/// An API key without its secret.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// The first characters, to recognise it by.
    pub prefix: String,
    /// The digest of the whole key.
    pub key_hash: String,
    /// `live` or `test`.
    pub mode: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A refresh token as stored.
#[derive(Clone, Debug)]
pub struct RefreshRow {
    /// Whose login it carries on.
    pub user: UserId,
    /// The login that it belongs to.
    pub family: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was exchanged: a second exchange is theft.
    pub used_at: Option<Timestamp>,
    /// When its family was ended.
    pub revoked_at: Option<Timestamp>,
}

impl TryFrom<users::Model> for UserRow {
    type Error = StoreError;

    fn try_from(row: users::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(&row.id, "users.id")?,
            tenant: parse(&row.tenant_id, "users.tenant_id")?,
            email: row.email,
            role: row.role,
            password_hash: row.password_hash,
            disabled_at: row.disabled_at.map(Timestamp::from_millis),
        })
    }
}

impl TryFrom<api_keys::Model> for KeyRow {
    type Error = StoreError;

    fn try_from(row: api_keys::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse(&row.id, "api_keys.id")?,
            tenant: parse(&row.tenant_id, "api_keys.tenant_id")?,
            name: row.name,
            prefix: row.prefix,
            key_hash: row.key_hash,
            mode: row.mode,
            scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
            created_at: Timestamp::from_millis(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp::from_millis),
            revoked_at: row.revoked_at.map(Timestamp::from_millis),
        })
    }
}

/// Stores a new tenant with its empty wallet and journal.
///
/// # Errors
/// As the database says.
pub async fn create_tenant(
    tx: &Tx,
    tenant: TenantId,
    name: &str,
    low_threshold: Tokens,
    at: Timestamp,
) -> Result<(), StoreError> {
    let id = tenant.to_string();
    let row = tenants::ActiveModel {
        id: Set(id.clone()),
        name: Set(name.to_owned()),
        created_at: Set(at.millis()),
    };
    row.insert(tx.connection().await?).await?;
    let wallet = wallets::ActiveModel {
        tenant_id: Set(id.clone()),
        issued: Set(0),
        available: Set(0),
        held: Set(0),
        spent: Set(0),
        low_threshold: Set(low_threshold.0),
    };
    wallet.insert(tx.connection().await?).await?;
    tx.execute(
        "INSERT INTO journal_heads (tenant_id, seq) VALUES ($1, 0)",
        [id.into()],
    )
    .await?;
    Ok(())
}

/// Stores a new person.
///
/// # Errors
/// [`StoreError::Conflict`] when the email is taken.
pub async fn create_user(tx: &Tx, user: UserRow, at: Timestamp) -> Result<(), StoreError> {
    let row = users::ActiveModel {
        id: Set(user.id.to_string()),
        tenant_id: Set(user.tenant.to_string()),
        email: Set(user.email),
        role: Set(user.role),
        password_hash: Set(user.password_hash),
        created_at: Set(at.millis()),
        disabled_at: Set(None),
    };
    row.insert(tx.connection().await?).await?;
    Ok(())
}

/// Stores a new API key.
///
/// # Errors
/// As the database says.
pub async fn create_key(tx: &Tx, key: KeyRow) -> Result<(), StoreError> {
    let row = api_keys::ActiveModel {
        id: Set(key.id.to_string()),
        tenant_id: Set(key.tenant.to_string()),
        name: Set(key.name),
        prefix: Set(key.prefix),
        key_hash: Set(key.key_hash),
        mode: Set(key.mode),
        scopes: Set(key.scopes.join(" ")),
        created_at: Set(key.created_at.millis()),
        last_used_at: Set(None),
        revoked_at: Set(None),
    };
    row.insert(tx.connection().await?).await?;
    Ok(())
}

/// Revokes a key. Gives false when the tenant has no such live key.
///
/// # Errors
/// As the database says.
pub async fn revoke_key(tx: &Tx, tenant: TenantId, key: KeyId, at: Timestamp) -> Result<bool, StoreError> {
    use api_keys::{Column, Entity};
    let done = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(at.millis()))
        .filter(Column::Id.eq(key.to_string()))
        .filter(Column::TenantId.eq(tenant.to_string()))
        .filter(Column::RevokedAt.is_null())
        .exec(tx.connection().await?)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Notes when a key was last used.
///
/// # Errors
/// As the database says.
pub async fn note_key_used(tx: &Tx, key: KeyId, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE api_keys SET last_used_at = $2 WHERE id = $1",
        [key.to_string().into(), at.millis().into()],
    )
    .await?;
    Ok(())
}

/// Stores a refresh token's digest.
///
/// # Errors
/// As the database says.
pub async fn create_refresh_token(tx: &Tx, token_hash: String, token: RefreshRow) -> Result<(), StoreError> {
    let row = refresh_tokens::ActiveModel {
        token_hash: Set(token_hash),
        user_id: Set(token.user.to_string()),
        family: Set(token.family),
        expires_at: Set(token.expires_at.millis()),
        used_at: Set(None),
        revoked_at: Set(None),
    };
    row.insert(tx.connection().await?).await?;
    Ok(())
}

/// Marks a refresh token as used and gives it as it stood before, so that the caller sees whether it was used already.
///
/// # Errors
/// As the database says.
pub async fn use_refresh_token(
    tx: &Tx,
    token_hash: &str,
    at: Timestamp,
) -> Result<Option<RefreshRow>, StoreError> {
    let Some(row) = refresh_tokens::Entity::find_by_id(token_hash)
        .one(tx.connection().await?)
        .await?
    else {
        return Ok(None);
    };
    if row.used_at.is_none() {
        tx.execute(
            "UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL",
            [token_hash.into(), at.millis().into()],
        )
        .await?;
    }
    Ok(Some(RefreshRow {
        user: parse(&row.user_id, "refresh_tokens.user_id")?,
        family: row.family,
        expires_at: Timestamp::from_millis(row.expires_at),
        used_at: row.used_at.map(Timestamp::from_millis),
        revoked_at: row.revoked_at.map(Timestamp::from_millis),
    }))
}

/// Ends a login: every refresh token of the family.
///
/// # Errors
/// As the database says.
pub async fn revoke_family(tx: &Tx, family: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE refresh_tokens SET revoked_at = $2 WHERE family = $1 AND revoked_at IS NULL",
        [family.into(), at.millis().into()],
    )
    .await?;
    Ok(())
}

impl Reads {
    /// How many tenants there are: none means a first start.
    ///
    /// # Errors
    /// As the database says.
    pub async fn tenant_count(&self) -> Result<u64, StoreError> {
        Ok(tenants::Entity::find().count(self.connection()).await?)
    }

    /// Whether the tenant exists.
    ///
    /// # Errors
    /// As the database says.
    pub async fn tenant_exists(&self, tenant: TenantId) -> Result<bool, StoreError> {
        Ok(tenants::Entity::find_by_id(tenant.to_string())
            .one(self.connection())
            .await?
            .is_some())
    }

    /// The person with this email (lower case), enabled or not.
    ///
    /// # Errors
    /// As the database says.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserRow>, StoreError> {
        let row = users::Entity::find()
            .filter(users::Column::Email.eq(email))
            .one(self.connection())
            .await?;
        row.map(UserRow::try_from).transpose()
    }

    /// The person with this id.
    ///
    /// # Errors
    /// As the database says.
    pub async fn user(&self, user: UserId) -> Result<Option<UserRow>, StoreError> {
        let row = users::Entity::find_by_id(user.to_string())
            .one(self.connection())
            .await?;
        row.map(UserRow::try_from).transpose()
    }

    /// The key with this digest, revoked or not.
    ///
    /// # Errors
    /// As the database says.
    pub async fn key_by_hash(&self, key_hash: &str) -> Result<Option<KeyRow>, StoreError> {
        let row = api_keys::Entity::find()
            .filter(api_keys::Column::KeyHash.eq(key_hash))
            .one(self.connection())
            .await?;
        row.map(KeyRow::try_from).transpose()
    }

    /// The tenant's live keys, oldest first.
    ///
    /// # Errors
    /// As the database says.
    pub async fn keys(
        &self,
        tenant: TenantId,
        after: Option<KeyId>,
        limit: u64,
    ) -> Result<Vec<KeyRow>, StoreError> {
        let mut select = api_keys::Entity::find()
            .filter(api_keys::Column::TenantId.eq(tenant.to_string()))
            .filter(api_keys::Column::RevokedAt.is_null())
            .order_by_asc(api_keys::Column::Id)
            .limit(limit);
        if let Some(after) = after {
            select = select.filter(api_keys::Column::Id.gt(after.to_string()));
        }
        select
            .all(self.connection())
            .await?
            .into_iter()
            .map(KeyRow::try_from)
            .collect()
    }
}
