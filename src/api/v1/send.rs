//! `POST /v1/messages`: one parse, one submission, one answer that was rendered in the commit.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use prometheus::{Histogram, register_histogram};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zaptor_actors::{
    dispatcher::{Accepted, Answer, Submit},
    domain::{
        AccountId, Content, Jid, MessageId, MessageStatus, Priority, Timestamp, Tokens, WaMessageId,
        message::{TEXT_MAX_CHARS, Text},
    },
};

use super::{accounts::find_for, messages::Recipient};
use crate::{
    api::{
        error::{Flaw, Outcome, Problem, ProblemBody},
        extract::{Body, Query},
        idempotency::{key_of, replayed},
    },
    auth::{KeyMode, Principal, Scope},
    edge::Edge,
};

const CALLBACK_MAX: usize = 512;
/// Types of the Cloud API's message object that this version does not send.
const LATER: [&str; 14] = [
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "poll",
    "reaction",
    "edit",
    "delete",
    "forward",
    "interactive",
    "template",
];

static ACCEPT_DURATION: LazyLock<Histogram> = LazyLock::new(|| {
    register_histogram!(
        "zaptor_accept_duration_seconds",
        "From a validated message to its commit.",
        vec![
            0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5
        ]
    )
    .expect("the metric is registered once, under a name of its own")
});

/// A text.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextBody {
    /// 1 to 65,536 characters.
    #[schema(example = "Olá")]
    body: String,
    /// Whether the first link may show a preview.
    #[serde(default)]
    preview_url: bool,
}

/// What a message says.
#[derive(Serialize, ToSchema)]
pub(crate) struct Written {
    /// `text`.
    #[serde(rename = "type")]
    kind: String,
    text: Option<TextBody>,
}

/// What a message answers to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    #[schema(value_type = String)]
    #[expect(
        dead_code,
        reason = "replies are refused with a sentence of their own in this version"
    )]
    message_id: MessageId,
}

/// A message to send: the Cloud API's message object, with the account that sends it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessage {
    #[schema(value_type = String, example = "acc_01JD8ZK7X4M4T2Q6W9B3N5C8VF")]
    account: AccountId,
    /// A phone number with its country code, digits only, or a WhatsApp address.
    #[schema(example = "5511987654321")]
    to: String,
    /// `text`, which is also what it is when it is not named.
    #[serde(rename = "type")]
    #[schema(example = "text")]
    kind: Option<String>,
    text: Option<TextBody>,
    context: Option<Context>,
    /// Not before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    send_at: Option<Timestamp>,
    /// Not after this time: then it ends as `expired` and its tokens are free again.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// `high`, `normal` (the default) or `low`.
    #[schema(value_type = Option<String>)]
    priority: Option<Priority>,
    /// Comes back with every event of the message; at most 512 characters.
    callback_data: Option<String>,
    /// Taken from clients of the Cloud API and ignored.
    #[expect(dead_code, reason = "taken and ignored")]
    messaging_product: Option<String>,
    /// Taken from clients of the Cloud API and ignored.
    #[expect(dead_code, reason = "taken and ignored")]
    recipient_type: Option<String>,
}

/// The wallet after the hold.
#[derive(Serialize, ToSchema)]
pub(crate) struct Balance {
    #[schema(value_type = i64)]
    available: Tokens,
    #[schema(value_type = i64)]
    held: Tokens,
}

/// A message that was accepted: it is stored, its tokens are held, its event is written.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedMessage {
    #[schema(value_type = String)]
    id: MessageId,
    #[schema(value_type = String)]
    wa_message_id: WaMessageId,
    /// `queued` or `scheduled`.
    #[schema(value_type = String)]
    status: MessageStatus,
    #[schema(value_type = String)]
    account: AccountId,
    to: Recipient,
    #[schema(value_type = i64)]
    cost: Tokens,
    balance: Balance,
}

/// What a message would cost and when it would go, without sending it.
#[derive(Serialize, ToSchema)]
pub(crate) struct DryRun {
    dry_run: bool,
    #[schema(value_type = String)]
    status: MessageStatus,
    to: Recipient,
    #[schema(value_type = i64)]
    cost: Tokens,
    balance: Balance,
    /// When it would go out at the earliest.
    #[schema(value_type = String, format = DateTime)]
    earliest_at: Timestamp,
    /// Why it would be refused; empty when it would be accepted.
    refusals: Vec<DryRefusal>,
}

/// One reason for which a message would be refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct DryRefusal {
    code: &'static str,
    detail: String,
}

fn render(accepted: &Accepted) -> String {
    let answer = AcceptedMessage {
        id: accepted.id,
        wa_message_id: accepted.wa_id.clone(),
        status: accepted.status,
        account: accepted.account,
        to: Recipient {
            input: accepted.recipient.clone(),
            jid: accepted.chat.clone(),
        },
        cost: accepted.cost,
        balance: Balance {
            available: accepted.balance.available,
            held: accepted.balance.held,
        },
    };
    serde_json::to_string(&answer).unwrap_or_default()
}

/// Everything about the message that can be said without the database.
fn check(new: NewMessage, principal: &Principal, now: Timestamp) -> Result<Submit, Problem> {
    let mut flaws = Vec::new();
    let chat = Jid::parse(&new.to)
        .map_err(|error| flaws.push(Flaw::new("/to", "invalid_recipient", error.to_string())))
        .ok();
    let content = content(new.kind.as_deref(), new.text, &mut flaws);
    if new.context.is_some() {
        let detail = "replies are not sent by this version; leave context out";
        flaws.push(Flaw::new("/context", "unsupported", detail));
    }
    if let Some(expires_at) = new.expires_at
        && expires_at <= new.send_at.unwrap_or(now).max(now)
    {
        let detail = "must lie in the future, and after send_at";
        flaws.push(Flaw::new("/expires_at", "invalid_value", detail));
    }
    if new
        .callback_data
        .as_ref()
        .is_some_and(|data| data.chars().count() > CALLBACK_MAX)
    {
        flaws.push(Flaw::new(
            "/callback_data",
            "invalid_length",
            "must have 512 characters at most",
        ));
    }
    match (chat, content, flaws.is_empty()) {
        (Some(chat), Some(content), true) => Ok(Submit {
            tenant: principal.tenant,
            account: new.account,
            recipient: new.to,
            chat,
            content,
            priority: new.priority.unwrap_or_default(),
            send_at: new.send_at,
            expires_at: new.expires_at,
            callback_data: new.callback_data,
            billed: principal.key_mode != Some(KeyMode::Test),
            idempotency: None,
            render,
        }),
        _ => Err(Problem::validation(flaws).outcome(Outcome::NotSent)),
    }
}

fn content(kind: Option<&str>, text: Option<TextBody>, flaws: &mut Vec<Flaw>) -> Option<Content> {
    let kind = kind.unwrap_or("text");
    if kind != "text" {
        flaws.push(if LATER.contains(&kind) {
            Flaw::new("/type", "unsupported", "this version sends text only")
        } else {
            Flaw::new("/type", "invalid_value", "must be text")
        });
        return None;
    }
    let Some(text) = text else {
        flaws.push(Flaw::new(
            "/text",
            "missing_field",
            "a message of type text needs text.body",
        ));
        return None;
    };
    // Bytes first: counting characters is only needed near the limit.
    let too_long = text.body.len() > TEXT_MAX_CHARS && text.body.chars().count() > TEXT_MAX_CHARS;
    if text.body.is_empty() || too_long {
        let detail = "must have 1 to 65,536 characters";
        flaws.push(Flaw::new("/text/body", "invalid_length", detail));
        return None;
    }
    Some(Content::Text {
        text: Text {
            body: text.body,
            preview_url: text.preview_url,
        },
    })
}

/// Accepts a message. 202 is answered only after message, token hold and event are committed together. An account that
/// is not online is no refusal: the message waits, with the reason in its timeline.
#[utoipa::path(post, path = "/v1/messages", tag = "messages", request_body = NewMessage,
    params(("dry_run" = Option<bool>, Query, description = "Answers what would happen and changes nothing"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe; kept for 24 h")),
    responses((status = 202, body = AcceptedMessage), (status = 200, description = "The answer of a dry run", body = DryRun),
        (status = 402, description = "`insufficient_tokens`", body = ProblemBody<'static>),
        (status = 404, description = "No such account", body = ProblemBody<'static>),
        (status = 409, description = "`idempotency_in_progress`", body = ProblemBody<'static>),
        (status = 413, body = ProblemBody<'static>), (status = 422, body = ProblemBody<'static>),
        (status = 503, description = "`busy`; see Retry-After", body = ProblemBody<'static>)))]
pub(crate) async fn send(
    edge: web::Data<Edge>,
    request: HttpRequest,
    principal: Principal,
    body: Body<NewMessage>,
) -> Result<HttpResponse, Problem> {
    principal.require(Scope::MessagesWrite)?;
    let clock = &edge.platform.clock;
    let begun = clock.instant();
    let mut submit = check(body.value, &principal, clock.now())?;
    if !request.query_string().is_empty() && dry_run(request.query_string())? {
        return rehearse(&edge, &principal, submit).await;
    }
    submit.idempotency = key_of(&request, &body.bytes)?;
    if principal.key_mode == Some(KeyMode::Test) {
        find_for(&edge, &principal, submit.account).await?;
    }
    let answer = edge.platform.intake.submit(submit).await?;
    ACCEPT_DURATION.observe(clock.instant().saturating_duration_since(begun).as_secs_f64());
    Ok(match answer {
        Answer::Accepted { body, .. } => HttpResponse::Accepted()
            .content_type("application/json")
            .body(body),
        Answer::Replayed { status, body } => {
            replayed(StatusCode::from_u16(status).unwrap_or(StatusCode::ACCEPTED), body)
        }
    })
}

fn dry_run(query: &str) -> Result<bool, Problem> {
    let mut query = Query::of(query);
    let dry_run = query.take("dry_run", "must be true or false");
    query.finish()?;
    Ok(dry_run.unwrap_or(false))
}

async fn rehearse(edge: &Edge, principal: &Principal, submit: Submit) -> Result<HttpResponse, Problem> {
    let platform = &edge.platform;
    let account = find_for(edge, principal, submit.account).await?;
    let price = platform.intake.quote(submit.tenant, &submit.content).await?;
    let cost = if submit.billed { price } else { Tokens::ZERO };
    let wallet = platform.store.reads().wallet(submit.tenant).await?;
    let (available, held) = wallet.map_or_else(Default::default, |wallet| (wallet.available, wallet.held));
    let mut refusals = Vec::new();
    if available < cost {
        refusals.push(DryRefusal {
            code: "insufficient_tokens",
            detail: format!("The message costs {cost} and {available} are available."),
        });
    }
    let now = platform.clock.now();
    let scheduled = submit.send_at.is_some_and(|at| at > now);
    tracing::debug!(target: "zaptor::api", account = %account.id, "a message was rehearsed");
    Ok(HttpResponse::Ok().json(DryRun {
        dry_run: true,
        status: if scheduled {
            MessageStatus::Scheduled
        } else {
            MessageStatus::Queued
        },
        to: Recipient {
            input: submit.recipient,
            jid: submit.chat,
        },
        cost,
        balance: Balance { available, held },
        earliest_at: submit.send_at.unwrap_or(now).max(now),
        refusals,
    }))
}
