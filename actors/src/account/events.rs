//! The published particulars of an account's events.

use serde::Serialize;

use super::{
    gap::Closed,
    machine::{Dated, Say},
};
use crate::{
    domain::{
        AccountId, AccountState, Lack, MessageId, MessageStatus, PairingMethod, SelfTest, TenantId,
        Timestamp, Tokens,
        event::{EventType, NewEvent},
    },
    outbox::{InboundFields, Settled},
};

/// The particulars of `account.state_changed`. Also written by whoever creates an account.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StateSaid<'a> {
    /// The state before; none for a new account.
    pub from: Option<AccountState>,
    /// The state.
    pub to: AccountState,
    /// Why.
    pub reason: Option<&'a str>,
    /// What is asked of the user.
    pub action: Option<&'a str>,
    /// What it rests on; nothing for a new account.
    pub evidence: Option<Dated<'a>>,
}

pub(super) fn state_changed(
    tenant: TenantId,
    account: AccountId,
    from: AccountState,
    say: &Say,
    at: Timestamp,
) -> NewEvent {
    let data = StateSaid {
        from: Some(from),
        to: say.state,
        reason: say.reason.as_deref(),
        action: say.action.as_deref(),
        evidence: Some(say.evidence.at(at)),
    };
    NewEvent::new(tenant, Some(account), EventType::AccountStateChanged, &data)
}

/// A pairing code is shown; the code itself is nobody's who only listens.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct PairingShown {
    pub(super) method: PairingMethod,
    pub(super) attempt: u32,
    pub(super) expires_at: Timestamp,
}

pub(super) fn pairing(tenant: TenantId, account: AccountId, shown: &PairingShown) -> NewEvent {
    NewEvent::new(tenant, Some(account), EventType::AccountPairing, shown)
}

#[derive(Serialize)]
struct Drifted<'a> {
    agent: &'a str,
    build: &'a str,
    wa_js: Option<&'a str>,
    whatsapp_web: Option<&'a str>,
    missing: &'a [Lack],
}

/// The event that tells what a page lacks; with nothing missing, that it is mended.
pub(super) fn drift(tenant: TenantId, account: AccountId, test: &SelfTest) -> NewEvent {
    let data = Drifted {
        agent: &test.version,
        build: &test.build,
        wa_js: test.wa_js.as_deref(),
        whatsapp_web: test.whatsapp_web.as_deref(),
        missing: &test.missing,
    };
    NewEvent::new(tenant, Some(account), EventType::AccountDrift, &data)
}

#[derive(Serialize)]
struct GapClosed {
    found: usize,
    since: Timestamp,
}

/// The event that tells how many messages had come in unnoticed; none where there were none.
pub(super) fn gap_closed(tenant: TenantId, account: AccountId, closed: &Closed) -> Option<NewEvent> {
    let data = GapClosed {
        found: closed.found,
        since: closed.since?,
    };
    Some(NewEvent::new(
        tenant,
        Some(account),
        EventType::AccountGapClosed,
        &data,
    ))
}

#[derive(Serialize)]
struct MessageMoved<'a> {
    message: MessageId,
    wa_message_id: &'a str,
    status: MessageStatus,
    chat: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    cost: Tokens,
    cause: Option<&'a str>,
    callback_data: Option<&'a str>,
}

/// The event that tells of a settled or acknowledged message; `None` for a status that has none.
pub(super) fn message_moved(settled: &Settled, cause: Option<&str>) -> Option<NewEvent> {
    let kind = match settled.status {
        MessageStatus::Sent => EventType::MessageSent,
        MessageStatus::Delivered => EventType::MessageDelivered,
        MessageStatus::Read => EventType::MessageRead,
        MessageStatus::Played => EventType::MessagePlayed,
        MessageStatus::Failed => EventType::MessageFailed,
        MessageStatus::Unknown => EventType::MessageUnknown,
        _ => return None,
    };
    let data = MessageMoved {
        message: settled.message,
        wa_message_id: settled.wa_id.as_str(),
        status: settled.status,
        chat: settled.chat.as_str(),
        kind: &settled.kind,
        cost: settled.cost,
        cause,
        callback_data: settled.callback_data.as_deref(),
    };
    Some(NewEvent::new(settled.tenant, Some(settled.account), kind, &data))
}

#[derive(Serialize)]
struct Received<'a> {
    message: MessageId,
    wa_message_id: &'a str,
    chat: &'a str,
    from: &'a str,
    #[serde(flatten)]
    content: &'a crate::domain::Content,
    sender_name: Option<&'a str>,
    sent_at: Timestamp,
    /// Told later than it came in: it was found in the page's store.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    backfilled: bool,
}

pub(super) fn received(
    (tenant, account): (TenantId, AccountId),
    message: MessageId,
    fields: &InboundFields,
    sent_at: Timestamp,
) -> NewEvent {
    // As in the contract: a writer whose address shows a phone is named by the phone.
    let phone = fields.from.phone();
    let data = Received {
        message,
        wa_message_id: fields.wa_id.as_str(),
        chat: fields.chat.as_str(),
        from: phone
            .as_ref()
            .map_or(fields.from.as_str(), |phone| phone.as_str()),
        content: &fields.content,
        sender_name: fields.sender_name.as_deref(),
        sent_at,
        backfilled: fields.backfilled,
    };
    NewEvent::new(tenant, Some(account), EventType::MessageReceived, &data)
}
