//! Events: what happened, in the one published form that the journal, the stream and webhooks share.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{AccountId, EventId, TenantId, Timestamp};

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)?) => {
        /// The type of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventType { $($(#[$doc])* #[serde(rename = $text)] $variant),* }
        impl EventType {
            /// Every type.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }
        super::account::words!(EventType { $($variant = $text),* });
    };
}

event_types! {
    /// An account took another state.
    AccountStateChanged = "account.state_changed",
    /// A stage of a repair was begun, has helped or has failed.
    AccountRepair = "account.repair",
    /// A new pairing code is shown. The code itself is never in the journal: ask for the pairing.
    AccountPairing = "account.pairing",
    /// WhatsApp Web or the agent has changed: what the page lacks; nothing any more, where that is mended.
    AccountDrift = "account.drift",
    /// Other files of the agent were put into the account's page: kept, or put back.
    AccountAgentReloaded = "account.agent_reloaded",
    /// Messages had come in unnoticed; they are told now, marked as backfilled.
    AccountGapClosed = "account.gap_closed",
    /// Accepted; tokens are held.
    MessageQueued = "message.queued",
    /// WhatsApp's server has it; tokens are posted.
    MessageSent = "message.sent",
    /// The other phone has it.
    MessageDelivered = "message.delivered",
    /// It was read.
    MessageRead = "message.read",
    /// It was played.
    MessagePlayed = "message.played",
    /// Refused for good; tokens are released.
    MessageFailed = "message.failed",
    /// Cancelled; tokens are released.
    MessageCancelled = "message.cancelled",
    /// Expired; tokens are released.
    MessageExpired = "message.expired",
    /// Nobody can tell; tokens are released.
    MessageUnknown = "message.unknown",
    /// A message came in.
    MessageReceived = "message.received",
    /// The balance fell below the threshold.
    WalletLow = "wallet.low",
    /// A message was refused for want of tokens.
    WalletExhausted = "wallet.exhausted",
    /// Tokens were added.
    WalletTopup = "wallet.topup",
}

/// An event that is about to be appended: the journal gives it its numbers.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Whose journal.
    pub tenant: TenantId,
    /// The account it is about, if any.
    pub account: Option<AccountId>,
    /// What happened.
    pub kind: EventType,
    /// The particulars as JSON, and that as a JSON string: the form in which the writer takes it, made by whoever tells
    /// the event, because the writer is one for all.
    pub encoded: Box<RawValue>,
}

impl NewEvent {
    /// Encodes `data` once; every reader gets these bytes.
    ///
    /// # Panics
    /// Never for the plain structs that are events' particulars: they have string keys and no failing serialisers.
    pub fn new(tenant: TenantId, account: Option<AccountId>, kind: EventType, data: &impl Serialize) -> Self {
        let encoded = serde_json::to_string(data).and_then(|data| serde_json::value::to_raw_value(&data));
        Self {
            tenant,
            account,
            kind,
            encoded: encoded.expect("particulars of an event are plain data"),
        }
    }
}

/// An event as published.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its number in the tenant's journal: from 1, without gaps, in commit order.
    pub seq: i64,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Whose journal.
    pub tenant: TenantId,
    /// The account it is about, if any.
    pub account: Option<AccountId>,
    /// Its number among the account's events, if it is about one.
    pub account_seq: Option<i64>,
    /// When it was appended.
    pub timestamp: Timestamp,
    /// The particulars.
    pub data: Arc<RawValue>,
}

/// The particulars of every `message.…` event about a message of ours.
#[derive(Clone, Debug, Serialize)]
pub struct MessageEvent<'a> {
    /// The message.
    pub message: super::MessageId,
    /// Its id on WhatsApp.
    pub wa_message_id: &'a super::WaMessageId,
    /// The status it took.
    pub status: super::MessageStatus,
    /// The chat.
    pub chat: &'a super::Jid,
    /// The word of its type.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// What was held for it.
    pub cost: super::Tokens,
    /// Why, where a reason belongs to the status.
    pub cause: Option<&'a str>,
    /// The client's own word for it.
    pub callback_data: Option<&'a str>,
}

impl EventType {
    /// The event that tells of this status of a message of ours; `None` for the steps that are not told.
    pub const fn of_status(status: super::MessageStatus) -> Option<Self> {
        use super::MessageStatus as S;
        match status {
            S::Queued | S::Scheduled => Some(Self::MessageQueued),
            S::Sent => Some(Self::MessageSent),
            S::Delivered => Some(Self::MessageDelivered),
            S::Read => Some(Self::MessageRead),
            S::Played => Some(Self::MessagePlayed),
            S::Failed => Some(Self::MessageFailed),
            S::Cancelled => Some(Self::MessageCancelled),
            S::Expired => Some(Self::MessageExpired),
            S::Unknown => Some(Self::MessageUnknown),
            S::Sending | S::Received => None,
        }
    }
}
