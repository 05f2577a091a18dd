//! The journal, page by page. Whoever wants it live takes the stream.

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;
use zaptor_actors::{
    domain::event::{Event, EventType},
    journal::{self, EventFilter},
};

use super::accounts::check_named;
use crate::{
    api::{
        error::{Problem, ProblemBody},
        extract::Query,
    },
    auth::{Principal, Scope},
    edge::Edge,
};

/// An event, in the same form in the journal, the stream and webhooks.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventShape {
    #[schema(example = "evt_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    id: String,
    /// Its number in the tenant's journal: without gaps, in commit order.
    seq: i64,
    #[serde(rename = "type")]
    #[schema(example = "message.sent")]
    kind: String,
    tenant: String,
    account: Option<String>,
    /// Its number among the account's events.
    account_seq: Option<i64>,
    #[schema(format = DateTime)]
    timestamp: String,
    /// The particulars, by type.
    data: serde_json::Value,
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub(crate) struct Events {
    #[schema(value_type = Vec<EventShape>)]
    data: Vec<Event>,
    /// `after` of the next page; null at the end of the journal.
    next: Option<String>,
}

/// The tenant's events after a number, in order.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    params(("after" = Option<i64>, Query, description = "Events after this number; 0 by default"),
        ("types" = Option<String>, Query, description = "Of these types, between commas"),
        ("account" = Option<String>, Query, description = "About these accounts, between commas"),
        ("limit" = Option<u64>, Query)),
    responses((status = 200, body = Events), (status = 422, body = ProblemBody<'static>)))]
pub(crate) async fn list(
    edge: web::Data<Edge>,
    principal: Principal,
    mut query: Query,
) -> Result<web::Json<Events>, Problem> {
    principal.require(Scope::EventsRead)?;
    let limit = query.limit();
    let after = query
        .take::<i64>("after", "must be the number of an event")
        .unwrap_or(0);
    let filter = EventFilter {
        kinds: query.list::<EventType>("types", "must be types of events, between commas"),
        accounts: query.list("account", "must be ids of accounts, between commas"),
    };
    query.finish()?;
    check_named(&edge, &principal, filter.accounts.iter().copied()).await?;
    let reads = edge.platform.store.reads();
    let mut data = journal::read(reads, principal.tenant, after, &filter, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = data.len() > limit;
    data.truncate(limit);
    let next = data.last().filter(|_| more).map(|event| event.seq.to_string());
    Ok(web::Json(Events { data, next }))
}
