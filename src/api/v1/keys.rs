//! API keys. People make them; a key is shown once.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{KeyId, Timestamp},
    store::{
        idempotency,
        people::{self, KeyRow},
    },
};

use crate::{
    api::{
        Page,
        error::{Flaw, Problem, ProblemBody},
        extract::{Body, Id, Query},
        idempotency::{Begin, begin, refused},
    },
    auth::{KeyMode, Principal, Scope, Scopes},
    edge::Edge,
};

const NAME_MAX: usize = 100;

/// An API key.
#[derive(Serialize, ToSchema)]
pub struct Key {
    #[schema(value_type = String, example = "key_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    id: KeyId,
    name: String,
    /// Its first characters, to recognise it by.
    #[schema(example = "zk_live_5wR2xk")]
    prefix: String,
    scopes: Vec<String>,
    /// `live` or `test`.
    mode: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// To the minute or so.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// The key itself: only in the answer that creates it, and not in a repeat of that answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl From<KeyRow> for Key {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            prefix: row.prefix,
            scopes: row.scopes,
            mode: row.mode,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            key: None,
        }
    }
}

/// Live or test.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Everything.
    #[default]
    Live,
    /// Accounts of the sandbox only; never bills.
    Test,
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What people call it, 1 to 100 characters.
    #[schema(example = "till")]
    name: String,
    /// What it may do: `messages:write`, `messages:read`, `accounts:write`, `accounts:read`, `wallet:read`,
    /// `events:read`, `webhooks:write`.
    scopes: Vec<String>,
    #[serde(default)]
    mode: Mode,
}

impl NewKey {
    fn check(&self) -> Result<Scopes, Problem> {
        let mut flaws = Vec::new();
        if !(1..=NAME_MAX).contains(&self.name.trim().chars().count()) {
            flaws.push(Flaw::new(
                "/name",
                "invalid_length",
                "must have 1 to 100 characters",
            ));
        }
        if self.scopes.is_empty() {
            let detail = format!(
                "must name at least one of {}",
                Scopes::of_keys().words().join(", ")
            );
            flaws.push(Flaw::new("/scopes", "invalid_length", detail));
        }
        let mut scopes = Vec::new();
        for (i, word) in self.scopes.iter().enumerate() {
            match word.parse::<Scope>() {
                Ok(scope) => scopes.push(scope),
                Err(()) => {
                    let detail = format!("must be one of {}", Scopes::of_keys().words().join(", "));
                    flaws.push(Flaw::new(format!("/scopes/{i}"), "invalid_value", detail));
                }
            }
        }
        if flaws.is_empty() {
            Ok(scopes.into_iter().collect())
        } else {
            Err(Problem::validation(flaws))
        }
    }
}

/// The tenant's keys, oldest first.
#[utoipa::path(get, path = "/v1/keys", tag = "keys",
    params(("limit" = Option<u64>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Page<Key>), (status = 403, body = ProblemBody<'static>)))]
pub(crate) async fn list(
    edge: web::Data<Edge>,
    principal: Principal,
    mut query: Query,
) -> Result<web::Json<Page<Key>>, Problem> {
    principal.require(Scope::KeysWrite)?;
    let limit = query.limit();
    let after = query.take::<KeyId>("after", "must be the cursor of the page before");
    query.finish()?;
    let rows = edge
        .platform
        .store
        .reads()
        .keys(principal.tenant, after, limit + 1)
        .await?;
    Ok(web::Json(Page::of(
        rows,
        limit,
        |row| row.id.to_string(),
        Key::from,
    )))
}

/// Makes a key. It is shown in this answer and never again.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = NewKey,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe; a repeat does not show the key")),
    responses((status = 201, body = Key), (status = 403, body = ProblemBody<'static>),
        (status = 422, body = ProblemBody<'static>)))]
pub(crate) async fn create(
    edge: web::Data<Edge>,
    request: HttpRequest,
    principal: Principal,
    body: Body<NewKey>,
) -> Result<HttpResponse, Problem> {
    principal.require(Scope::KeysWrite)?;
    let scopes = body.value.check()?;
    let first = match begin(&edge, &request, principal.tenant, &body.bytes).await? {
        Begin::Replay(answer) => return Ok(answer),
        Begin::Go(first) => first,
    };
    let platform = &edge.platform;
    let now = platform.clock.now();
    let mode = match body.value.mode {
        Mode::Live => KeyMode::Live,
        Mode::Test => KeyMode::Test,
    };
    let new = edge.auth.new_api_key(mode);
    let row = KeyRow {
        id: platform.ids.next(),
        tenant: principal.tenant,
        name: body.value.name.trim().to_owned(),
        prefix: new.prefix,
        key_hash: new.hash,
        mode: mode.as_str().to_owned(),
        scopes: scopes.words().into_iter().map(str::to_owned).collect(),
        created_at: now,
        last_used_at: None,
        revoked_at: None,
    };
    let mut answer = Key::from(row.clone());
    // The kept answer lacks the key: nothing in the database gives a key away.
    let kept = serde_json::to_string(&answer).map_err(|_| Problem::internal())?;
    let keyed = first.is_some();
    let record = first
        .as_ref()
        .map(|first| first.record(StatusCode::CREATED, kept, now));
    platform
        .store
        .write(move |tx| {
            Box::pin(async move {
                people::create_key(tx, row).await?;
                idempotency::keep(tx, record.as_slice(), now)
            })
        })
        .await
        .map_err(|error| refused(error, keyed))?;
    answer.key = Some(new.plain);
    Ok(HttpResponse::Created().json(answer))
}

/// Revokes a key; it is refused everywhere within five seconds.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys", params(("id" = String, Path)),
    responses((status = 204, description = "Revoked"), (status = 404, body = ProblemBody<'static>)))]
pub(crate) async fn revoke(
    edge: web::Data<Edge>,
    principal: Principal,
    Id(id): Id<KeyId>,
) -> Result<HttpResponse, Problem> {
    principal.require(Scope::KeysWrite)?;
    if edge.auth.revoke_key(principal.tenant, id).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Problem::not_found())
    }
}
