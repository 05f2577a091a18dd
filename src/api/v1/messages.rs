//! Messages as they stand: lists, one with its timeline, cancel. Sending is next door.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use zaptor_actors::{
    dispatcher::Cancel,
    domain::{
        AccountId, Content, Direction, Jid, MessageId, MessageStatus, Priority, Timestamp, Tokens,
        WaMessageId,
    },
    store::messages::{MessageFilter, MessageRow, StepRow},
};

use super::accounts::{check_named, find_for};
use crate::{
    api::{
        Page,
        error::{Problem, ProblemBody},
        extract::{Id, Query},
    },
    auth::{KeyMode, Principal, Scope},
    edge::Edge,
};

/// A recipient: as the client wrote it, and as WhatsApp addresses it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recipient {
    #[schema(example = "5511987654321")]
    pub(super) input: String,
    #[schema(value_type = String, example = "5511987654321@c.us")]
    pub(super) jid: Jid,
}

/// Why a message ended without being sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageError {
    code: String,
    detail: String,
}

/// A step of a message's way.
#[derive(Serialize, ToSchema)]
pub(crate) struct Step {
    #[schema(value_type = String, example = "sent")]
    status: MessageStatus,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// 0 before the first attempt.
    attempt: i32,
    node: Option<String>,
    cause: Option<String>,
}

impl From<StepRow> for Step {
    fn from(row: StepRow) -> Self {
        Self {
            status: row.status,
            at: row.at,
            attempt: row.attempt,
            node: row.node,
            cause: row.cause,
        }
    }
}

/// A message, either way.
#[derive(Serialize, ToSchema)]
pub struct Message {
    #[schema(value_type = String, example = "msg_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    id: MessageId,
    /// Its id on WhatsApp, the same for every attempt.
    #[schema(value_type = String, example = "3EB0A1B2C3D4E5F6071829")]
    wa_message_id: WaMessageId,
    #[schema(value_type = String)]
    account: AccountId,
    /// `outbound` or `inbound`.
    #[schema(value_type = String)]
    direction: Direction,
    /// `scheduled`, `queued`, `sending`, `sent`, `delivered`, `read`, `played`, `failed`, `cancelled`, `expired`,
    /// `unknown`, or `received` for what came in.
    #[schema(value_type = String)]
    status: MessageStatus,
    /// What it says, under the name of its type: `{"type":"text","text":{"body":"…"}}`.
    #[serde(flatten)]
    #[schema(value_type = super::send::Written)]
    content: Content,
    /// Who wrote it (inbound).
    from: Option<String>,
    /// Whom it is for (outbound).
    to: Option<Recipient>,
    /// The chat that it belongs to.
    #[schema(value_type = String)]
    chat: Jid,
    sender_name: Option<String>,
    /// Whether it came in unnoticed and was found later, for example after a crash of the browser (inbound).
    backfilled: bool,
    /// Tokens held for it, or charged.
    #[schema(value_type = i64)]
    cost: Tokens,
    #[schema(value_type = String)]
    priority: Priority,
    #[schema(value_type = Option<String>, format = DateTime)]
    send_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    callback_data: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    error: Option<MessageError>,
    /// Its way, step by step; only when one message is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Vec<Step>>,
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        let chat = row.chat.clone();
        Self {
            id: row.id,
            wa_message_id: row.wa_id,
            account: row.account,
            direction: row.direction,
            status: row.status,
            content: row.content,
            from: row.sender.map(|sender| match sender.phone() {
                Some(phone) => phone.to_string(),
                None => sender.to_string(),
            }),
            to: row.recipient.map(|input| Recipient { input, jid: chat }),
            chat: row.chat,
            sender_name: row.sender_name,
            backfilled: row.backfilled,
            cost: row.cost,
            priority: row.priority,
            send_at: row.send_at,
            expires_at: row.expires_at,
            callback_data: row.callback_data,
            created_at: row.created_at,
            updated_at: row.updated_at,
            error: row.error.map(|(code, detail)| MessageError { code, detail }),
            timeline: None,
        }
    }
}

/// The step that no table holds: how the message began is in the message itself.
fn first_step(row: &MessageRow) -> Step {
    let scheduled = row.send_at.is_some_and(|at| at > row.created_at);
    let status = match row.direction {
        Direction::Inbound => MessageStatus::Received,
        Direction::Outbound if scheduled => MessageStatus::Scheduled,
        Direction::Outbound => MessageStatus::Queued,
    };
    Step {
        status,
        at: row.created_at,
        attempt: 0,
        node: None,
        cause: row.waits.clone(),
    }
}

/// The tenant's messages, newest first.
#[utoipa::path(get, path = "/v1/messages", tag = "messages",
    params(("account" = Option<String>, Query), ("chat" = Option<String>, Query, description = "A number or a JID"),
        ("to" = Option<String>, Query, description = "The same as `chat`"),
        ("status" = Option<String>, Query), ("direction" = Option<String>, Query),
        ("limit" = Option<u64>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = Page<Message>), (status = 422, body = ProblemBody<'static>)))]
pub(crate) async fn list(
    edge: web::Data<Edge>,
    principal: Principal,
    mut query: Query,
) -> Result<web::Json<Page<Message>>, Problem> {
    principal.require(Scope::MessagesRead)?;
    let limit = query.limit();
    let address = "must be a phone number or a WhatsApp address";
    let chat = query.take("chat", address);
    let filter = MessageFilter {
        account: query.take("account", "must be an account's id"),
        chat: query.take("to", address).or(chat),
        status: query.take("status", "must be one of the statuses of a message"),
        direction: query.take("direction", "must be outbound or inbound"),
        after: query.take("after", "must be the cursor of the page before"),
    };
    query.finish()?;
    check_named(&edge, &principal, filter.account).await?;
    let rows = edge
        .platform
        .store
        .reads()
        .messages(principal.tenant, &filter, limit + 1)
        .await?;
    Ok(web::Json(Page::of(
        rows,
        limit,
        |row| row.id.to_string(),
        Message::from,
    )))
}

/// One message with its timeline.
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = Message), (status = 404, body = ProblemBody<'static>)))]
pub(crate) async fn show(
    edge: web::Data<Edge>,
    principal: Principal,
    Id(id): Id<MessageId>,
) -> Result<web::Json<Message>, Problem> {
    principal.require(Scope::MessagesRead)?;
    Ok(web::Json(read(&edge, &principal, id).await?))
}

async fn read(edge: &Edge, principal: &Principal, id: MessageId) -> Result<Message, Problem> {
    let reads = edge.platform.store.reads();
    let row = reads
        .message(principal.tenant, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    if principal.key_mode == Some(KeyMode::Test) {
        find_for(edge, principal, row.account).await?;
    }
    let steps = reads.steps(id).await?;
    let first = first_step(&row);
    let mut message = Message::from(row);
    message.timeline = Some(
        std::iter::once(first)
            .chain(steps.into_iter().map(Step::from))
            .collect(),
    );
    Ok(message)
}

/// Cancels a message that is not being sent yet; its tokens are free again.
#[utoipa::path(delete, path = "/v1/messages/{id}", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = Message), (status = 404, body = ProblemBody<'static>),
        (status = 409, description = "`too_late`: it is past cancelling", body = ProblemBody<'static>)))]
pub(crate) async fn cancel(
    edge: web::Data<Edge>,
    principal: Principal,
    Id(id): Id<MessageId>,
) -> Result<HttpResponse, Problem> {
    principal.require(Scope::MessagesWrite)?;
    if principal.key_mode == Some(KeyMode::Test) {
        // The same refusals as for reading it.
        read(&edge, &principal, id).await?;
    }
    match edge.platform.cancel_message(principal.tenant, id).await? {
        // Whoever repeats a cancel finds it cancelled: that is what they asked for.
        Cancel::Done | Cancel::TooLate(MessageStatus::Cancelled) => {
            Ok(HttpResponse::Ok().json(read(&edge, &principal, id).await?))
        }
        Cancel::NotFound => Err(Problem::not_found()),
        Cancel::TooLate(status) => Err(Problem::conflict(
            "too_late",
            format!("The message is {status}; only what is scheduled or queued can be cancelled."),
        )),
    }
}
