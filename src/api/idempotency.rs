//! `Idempotency-Key`: the same key and the same request get the first answer again; the key never makes a thing happen
//! twice.
//!
//! Messages bring their key to the intake, which keeps the answer in the commit of the message. The other calls use
//! [`begin`]: an answer that stands is replayed; two requests at once with the same key cannot both go on.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use dashmap::DashSet;
use sha2::{Digest as _, Sha256};
use zaptor_actors::{
    dispatcher::IdempotencyKey,
    domain::{TenantId, Timestamp},
    store::{StoreError, idempotency::IdempotencyRecord},
};

use super::error::Problem;
use crate::edge::Edge;

const HEADER: &str = "Idempotency-Key";
const KEY_MAX: usize = 255;
const KEPT_FOR: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// Keys whose first request is being answered by this node right now.
pub(crate) type InFlight = Arc<DashSet<(TenantId, String)>>;

/// The client's key, if it sent one, with the digest that tells its request from others.
pub(super) fn key_of(request: &HttpRequest, body: &[u8]) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(key) = request.headers().get(HEADER) else {
        return Ok(None);
    };
    let visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    let Some(key) = key
        .to_str()
        .ok()
        .filter(|key| visible && (1..=KEY_MAX).contains(&key.len()))
    else {
        return Err(Problem::flaw(
            "/header/Idempotency-Key",
            "invalid_value",
            "must be 1 to 255 visible ASCII characters",
        ));
    };
    let mut digest = Sha256::new();
    for part in [request.method().as_str(), " ", request.path(), "\n"] {
        digest.update(part);
    }
    digest.update(body);
    let fingerprint = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Some(IdempotencyKey {
        key: key.to_owned(),
        fingerprint,
    }))
}

/// A request with a key, the first of its kind, while it is being answered.
pub(super) struct First {
    tenant: TenantId,
    key: IdempotencyKey,
    in_flight: InFlight,
}

impl Drop for First {
    fn drop(&mut self) {
        self.in_flight.remove(&(self.tenant, self.key.key.clone()));
    }
}

impl First {
    /// The record to keep, in the transaction of the change itself.
    pub(super) fn record(&self, status: StatusCode, body: String, now: Timestamp) -> IdempotencyRecord {
        IdempotencyRecord {
            tenant: self.tenant,
            key: self.key.key.clone(),
            fingerprint: self.key.fingerprint.clone(),
            status: i32::from(status.as_u16()),
            body,
            expires_at: now.after(KEPT_FOR),
        }
    }
}

/// How a request with a key goes on.
pub(super) enum Begin {
    /// It does what it asks for; with a key, its answer is to be kept.
    Go(Option<First>),
    /// It came before: this is the first answer.
    Replay(HttpResponse),
}

/// Looks whether the request came before.
///
/// # Errors
/// 422 when the key came with another request, 409 while the first one is being answered.
pub(super) async fn begin(
    edge: &Edge,
    request: &HttpRequest,
    tenant: TenantId,
    body: &[u8],
) -> Result<Begin, Problem> {
    let Some(key) = key_of(request, body)? else {
        return Ok(Begin::Go(None));
    };
    if !edge.in_flight.insert((tenant, key.key.clone())) {
        return Err(Problem::idempotency_in_progress());
    }
    let first = First {
        tenant,
        key,
        in_flight: Arc::clone(&edge.in_flight),
    };
    let now = edge.platform.clock.now();
    let kept = edge
        .platform
        .store
        .reads()
        .idempotency_record(tenant, &first.key.key, now)
        .await?;
    match kept {
        None => Ok(Begin::Go(Some(first))),
        Some(record) if record.fingerprint == first.key.fingerprint => {
            let status = u16::try_from(record.status).ok();
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            Ok(Begin::Replay(replayed(
                status.unwrap_or(StatusCode::OK),
                record.body,
            )))
        }
        Some(_) => Err(Problem::idempotency_key_reused()),
    }
}

/// The first answer again.
pub(super) fn replayed(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(("Idempotent-Replayed", "true"))
        .content_type("application/json")
        .body(body)
}

/// A refused write of a request with a key: another node was faster with the same key.
pub(super) fn refused(error: StoreError, keyed: bool) -> Problem {
    match error {
        StoreError::Conflict(_) if keyed => Problem::idempotency_in_progress(),
        error => error.into(),
    }
}
