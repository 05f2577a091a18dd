//! The door of the event stream: who may listen, from where on, to what. What happens behind it is in `crate::stream`.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Serialize;
use utoipa::ToSchema;
use zaptor_actors::domain::{AccountId, Timestamp, event::EventType};

use super::accounts::{check_named, is_confined};
use crate::{
    api::{
        error::{Problem, ProblemBody},
        extract::Query,
    },
    auth::{Principal, Scope},
    edge::Edge,
    stream::{self, Selection},
};

/// Opens a stream once, within a minute.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ticket {
    ticket: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Makes a ticket for clients that cannot send headers with a WebSocket, such as browsers.
#[utoipa::path(post, path = "/v1/stream/tickets", tag = "events", responses((status = 200, body = Ticket)))]
pub(crate) async fn ticket(
    edge: web::Data<Edge>,
    principal: Principal,
) -> Result<web::Json<Ticket>, Problem> {
    principal.require(Scope::EventsRead)?;
    let (ticket, expires_at) = edge
        .tickets
        .issue(principal, &edge.platform.ids, &edge.platform.clock);
    Ok(web::Json(Ticket { ticket, expires_at }))
}

/// The live event stream: a WebSocket with the subprotocol `zaptor.v1`. Every event is one text frame. With `after` it
/// begins with the events after that number, then goes on live, without gap or repeat; without, it begins now.
#[utoipa::path(get, path = "/v1/stream", tag = "events",
    params(("after" = Option<i64>, Query, description = "Replay the events after this number first"),
        ("types" = Option<String>, Query, description = "Of these types, between commas"),
        ("account" = Option<String>, Query, description = "About these accounts, between commas"),
        ("ticket" = Option<String>, Query, description = "From POST /v1/stream/tickets, in place of a header")),
    responses((status = 101, description = "The stream begins"), (status = 401, body = ProblemBody<'static>),
        (status = 426, description = "Not a WebSocket request", body = ProblemBody<'static>)))]
pub(crate) async fn open(
    edge: web::Data<Edge>,
    request: HttpRequest,
    payload: web::Payload,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let principal = match query.text("ticket") {
        Some(ticket) => edge.tickets.redeem(&ticket, &edge.platform.clock).ok_or_else(|| {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "invalid_ticket",
                "The ticket is unknown, used or older than a minute. Get a new one from POST /v1/stream/tickets.",
            )
        })?,
        None => <Principal as actix_web::FromRequest>::extract(&request).await?,
    };
    principal.require(Scope::EventsRead)?;
    let after = query.take::<i64>("after", "must be the number of an event");
    let types = query.list::<EventType>("types", "must be types of events, between commas");
    let accounts = query.list::<AccountId>("account", "must be ids of accounts, between commas");
    query.finish()?;
    check_named(&edge, &principal, accounts.iter().copied()).await?;
    if edge.hub.is_closing() {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "This node is stopping. Connect again in a moment.",
        )
        .retry_after(std::time::Duration::from_secs(1)));
    }
    let fence = is_confined(&edge, &principal).then(|| accounts.clone());
    let selection = Selection::of(types, accounts).within(fence);
    let opened = stream::open(&edge.hub, &request, payload, principal, selection, after).await?;
    opened.ok_or_else(|| {
        Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "websocket_required",
            "This is a WebSocket. Connect with a WebSocket client, or read GET /v1/events.",
        )
    })
}
