//! Tokens: the wallet, its entries, and topping it up.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zaptor_actors::{
    domain::{EntryId, MessageId, TenantId, Timestamp, Tokens},
    store::{LedgerRow, idempotency},
};

use crate::{
    api::{
        Page,
        error::{Flaw, Problem, ProblemBody},
        extract::{Body, Query},
        idempotency::{Begin, begin, refused},
    },
    auth::{Principal, Scope},
    edge::Edge,
};

const DAY_MILLIS: i64 = 24 * 3_600 * 1_000;
const TOPUP_MAX: i64 = 1_000_000_000_000;
const NOTE_MAX: usize = 200;

/// A tenant's tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct Wallet {
    /// Free to use.
    #[schema(value_type = i64)]
    available: Tokens,
    /// Held for messages on their way.
    #[schema(value_type = i64)]
    held: Tokens,
    /// Charged since midnight UTC.
    #[schema(value_type = i64)]
    spent_today: Tokens,
    /// Below this the event `wallet.low` is written.
    #[schema(value_type = i64)]
    low_threshold: Tokens,
}

/// A movement of tokens. Entries are never changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Entry {
    #[schema(value_type = String, example = "ent_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    id: EntryId,
    /// `top_up`, `hold`, `post` or `void`.
    kind: String,
    #[schema(value_type = i64)]
    amount: Tokens,
    /// The message it is for, if it is for one.
    #[schema(value_type = Option<String>)]
    message: Option<MessageId>,
    note: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<LedgerRow> for Entry {
    fn from(row: LedgerRow) -> Self {
        Self {
            id: row.id,
            message: row.transfer.parse().ok(),
            kind: row.kind,
            amount: row.amount,
            note: row.note,
            created_at: row.created_at,
        }
    }
}

/// Tokens to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopUp {
    /// 1 to 1,000,000,000,000.
    #[schema(example = 500)]
    amount: i64,
    /// Whose wallet; your own tenant's when it is not named.
    #[schema(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// For people; at most 200 characters.
    note: Option<String>,
}

/// A top-up and the wallet after it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TopUpAnswer {
    #[serde(flatten)]
    entry: Entry,
    wallet: Wallet,
}

async fn read(edge: &Edge, tenant: TenantId) -> Result<Wallet, Problem> {
    let reads = edge.platform.store.reads();
    let row = reads.wallet(tenant).await?.ok_or_else(Problem::not_found)?;
    let now = edge.platform.clock.now().millis();
    let midnight = Timestamp::from_millis(now - now.rem_euclid(DAY_MILLIS));
    Ok(Wallet {
        available: row.available,
        held: row.held,
        spent_today: reads.spent_since(tenant, midnight).await?,
        low_threshold: row.low_threshold,
    })
}

/// The tenant's tokens.
#[utoipa::path(get, path = "/v1/wallet", tag = "tokens", responses((status = 200, body = Wallet)))]
pub(crate) async fn show(edge: web::Data<Edge>, principal: Principal) -> Result<web::Json<Wallet>, Problem> {
    principal.require(Scope::WalletRead)?;
    Ok(web::Json(read(&edge, principal.tenant).await?))
}

/// The movements of the tenant's tokens, newest first.
#[utoipa::path(get, path = "/v1/wallet/entries", tag = "tokens",
    params(("limit" = Option<u64>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Page<Entry>)))]
pub(crate) async fn entries(
    edge: web::Data<Edge>,
    principal: Principal,
    mut query: Query,
) -> Result<web::Json<Page<Entry>>, Problem> {
    principal.require(Scope::WalletRead)?;
    let limit = query.limit();
    let after = query.take::<EntryId>("after", "must be the cursor of the page before");
    query.finish()?;
    let rows = edge
        .platform
        .store
        .reads()
        .ledger(principal.tenant, after, limit + 1)
        .await?;
    Ok(web::Json(Page::of(
        rows,
        limit,
        |row| row.id.to_string(),
        Entry::from,
    )))
}

impl TopUp {
    fn check(&self) -> Result<(), Problem> {
        let mut flaws = Vec::new();
        if !(1..=TOPUP_MAX).contains(&self.amount) {
            flaws.push(Flaw::new(
                "/amount",
                "invalid_value",
                "must be 1 to 1,000,000,000,000",
            ));
        }
        if self
            .note
            .as_ref()
            .is_some_and(|note| note.chars().count() > NOTE_MAX)
        {
            flaws.push(Flaw::new(
                "/note",
                "invalid_length",
                "must have 200 characters at most",
            ));
        }
        if flaws.is_empty() {
            Ok(())
        } else {
            Err(Problem::validation(flaws))
        }
    }
}

/// Adds tokens to a wallet. Administrators only.
#[utoipa::path(post, path = "/v1/wallet/topups", tag = "tokens", request_body = TopUp,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses((status = 201, body = TopUpAnswer), (status = 403, body = ProblemBody<'static>),
        (status = 422, body = ProblemBody<'static>)))]
pub(crate) async fn top_up(
    edge: web::Data<Edge>,
    request: HttpRequest,
    principal: Principal,
    body: Body<TopUp>,
) -> Result<HttpResponse, Problem> {
    principal.require_admin()?;
    body.value.check()?;
    let tenant = body.value.tenant.unwrap_or(principal.tenant);
    let platform = &edge.platform;
    if !platform.store.reads().tenant_exists(tenant).await? {
        return Err(Problem::flaw("/tenant", "not_found", "there is no such tenant"));
    }
    let first = match begin(&edge, &request, principal.tenant, &body.bytes).await? {
        Begin::Replay(answer) => return Ok(answer),
        Begin::Go(first) => first,
    };
    let keyed = first.is_some();
    let (ids, now) = (std::sync::Arc::clone(&platform.ids), platform.clock.now());
    let before = read(&edge, tenant).await?;
    let (amount, note) = (Tokens(body.value.amount), body.value.note);
    let text = platform
        .store
        .write(move |tx| {
            Box::pin(async move {
                let (id, balance) =
                    zaptor_actors::billing::add(tx, &ids, tenant, amount, note.clone(), now).await?;
                let entry = Entry {
                    id,
                    kind: "top_up".to_owned(),
                    amount,
                    message: None,
                    note,
                    created_at: now,
                };
                let wallet = Wallet {
                    available: balance.available,
                    held: balance.held,
                    ..before
                };
                let text = serde_json::to_string(&TopUpAnswer { entry, wallet }).unwrap_or_default();
                if let Some(first) = first {
                    let record = first.record(StatusCode::CREATED, text.clone(), now);
                    idempotency::keep(tx, &[record], now)?;
                }
                Ok(text)
            })
        })
        .await
        .map_err(|error| refused(error, keyed))?;
    Ok(HttpResponse::Created()
        .content_type("application/json")
        .body(text))
}
