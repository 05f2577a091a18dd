//! Answers kept for repeated requests: the same key and the same body get the first answer again.

use sea_orm::QueryResult;
use serde::Serialize;

use super::{Reads, StoreError, Tx, parsed};
use crate::domain::{TenantId, Timestamp};

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdempotencyRecord {
    /// Whose key it is.
    pub tenant: TenantId,
    /// The client's key, 1 to 255 visible characters.
    pub key: String,
    /// A digest of method, path and body.
    pub fingerprint: String,
    /// The HTTP status of the answer.
    pub status: i32,
    /// The body of the answer, byte for byte.
    pub body: String,
    /// When the record may be forgotten (milliseconds since 1970).
    #[serde(serialize_with = "as_millis")]
    pub expires_at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn as_millis<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(time.millis())
}

fn record(tenant: TenantId, row: &QueryResult) -> Result<IdempotencyRecord, StoreError> {
    Ok(IdempotencyRecord {
        tenant,
        key: row.try_get("", "idem_key")?,
        fingerprint: row.try_get("", "fingerprint")?,
        status: row.try_get("", "status")?,
        body: row.try_get("", "body")?,
        expires_at: Timestamp::from_millis(row.try_get("", "expires_at")?),
    })
}

const FIND: &str = "SELECT idem_key, fingerprint, status, body, expires_at FROM idempotency_records
    WHERE tenant_id = $1 AND idem_key = $2 AND expires_at > $3";

/// Finds a record inside a write, where no other write can slip in between.
///
/// # Errors
/// As the database says.
pub async fn find(
    tx: &Tx,
    tenant: TenantId,
    key: &str,
    now: Timestamp,
) -> Result<Option<IdempotencyRecord>, StoreError> {
    let row = tx
        .one(FIND, [tenant.to_string().into(), key.into(), now.millis().into()])
        .await?;
    row.map(|row| record(tenant, &row)).transpose()
}

#[derive(Serialize)]
struct Key<'a> {
    tenant: TenantId,
    key: &'a str,
}

/// Finds the records of many keys inside a write, in one statement.
///
/// # Errors
/// As the database says.
pub async fn find_many(
    tx: &Tx,
    keys: &[(TenantId, &str)],
    now: Timestamp,
) -> Result<Vec<IdempotencyRecord>, StoreError> {
    let keys: Vec<Key<'_>> = keys.iter().map(|&(tenant, key)| Key { tenant, key }).collect();
    let json = serde_json::to_string(&keys).map_err(|error| StoreError::Failed(error.to_string()))?;
    let each = tx.dialect().each();
    let sql = format!(
        "SELECT tenant_id, idem_key, fingerprint, status, body, expires_at FROM idempotency_records
         WHERE expires_at > $2 AND (tenant_id, idem_key) IN (SELECT e.value->>'tenant', e.value->>'key' FROM {each})"
    );
    let rows = tx.all(sql, [json.into(), now.millis().into()]).await?;
    rows.iter()
        .map(|row| record(parsed(row, "tenant_id")?, row))
        .collect()
}

/// Keeps answers; an expired record of the same key gives way.
///
/// # Errors
/// [`StoreError::Conflict`] when a live record of the same key stands (written by another node).
pub fn keep(tx: &Tx, records: &[IdempotencyRecord], now: Timestamp) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let json = serde_json::to_string(records).map_err(|error| StoreError::Failed(error.to_string()))?;
    let each = tx.dialect().each();
    tx.defer(
        format!(
            "DELETE FROM idempotency_records WHERE expires_at <= $2 AND (tenant_id, idem_key) IN
             (SELECT e.value->>'tenant', e.value->>'key' FROM {each})"
        ),
        [json.as_str().into(), now.millis().into()],
    );
    tx.defer(
        format!(
            "INSERT INTO idempotency_records (tenant_id, idem_key, fingerprint, status, body, expires_at)
             SELECT e.value->>'tenant', e.value->>'key', e.value->>'fingerprint', CAST(e.value->>'status' AS INTEGER),
                    e.value->>'body', CAST(e.value->>'expires_at' AS BIGINT) FROM {each}"
        ),
        [json.into()],
    );
    Ok(())
}

/// Forgets records whose time is over, at most `limit`. Gives how many.
///
/// # Errors
/// As the database says.
pub async fn forget_expired(tx: &Tx, now: Timestamp, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM idempotency_records WHERE (tenant_id, idem_key) IN
         (SELECT tenant_id, idem_key FROM idempotency_records WHERE expires_at <= $1 LIMIT $2)",
        [now.millis().into(), limit.into()],
    )
    .await
}

impl Reads {
    /// Finds a record outside a write: the cheap first look.
    ///
    /// # Errors
    /// As the database says.
    pub async fn idempotency_record(
        &self,
        tenant: TenantId,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let rows = self
            .all(FIND, [tenant.to_string().into(), key.into(), now.millis().into()])
            .await?;
        rows.first().map(|row| record(tenant, row)).transpose()
    }
}
