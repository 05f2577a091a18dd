//! A WhatsApp message: its content, its status, its id on WhatsApp.

use std::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Jid, MessageId, account::words};

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From an account of ours to WhatsApp.
    Outbound,
    /// From WhatsApp to an account of ours.
    Inbound,
}
words!(Direction { Outbound = "outbound", Inbound = "inbound" });

/// Who goes first within an account: interactive before bulk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// A person waits for it.
    High,
    /// The default.
    #[default]
    Normal,
    /// Bulk.
    Low,
}
words!(Priority { High = "high", Normal = "normal", Low = "low" });

impl Priority {
    /// The lane of the outbox: the smaller goes first.
    pub const fn lane(self) -> i16 {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 9,
        }
    }
}

/// Where a message stands. It only moves forward: see [`MessageStatus::can_become`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// Waits for its time.
    Scheduled,
    /// Accepted and waiting in the outbox.
    Queued,
    /// Handed to the engine; not yet acknowledged.
    Sending,
    /// WhatsApp's server has it.
    Sent,
    /// The other phone has it.
    Delivered,
    /// The other person has seen it.
    Read,
    /// The other person has played it (audio).
    Played,
    /// Came in from WhatsApp.
    Received,
    /// It was refused for good; nothing was charged.
    Failed,
    /// Cancelled before it was sent.
    Cancelled,
    /// Its time ran out before it could be sent.
    Expired,
    /// Nobody can tell whether it was sent; nothing was charged.
    Unknown,
}
words!(MessageStatus {
    Scheduled = "scheduled",
    Queued = "queued",
    Sending = "sending",
    Sent = "sent",
    Delivered = "delivered",
    Read = "read",
    Played = "played",
    Received = "received",
    Failed = "failed",
    Cancelled = "cancelled",
    Expired = "expired",
    Unknown = "unknown",
});

impl MessageStatus {
    const fn rank(self) -> u8 {
        match self {
            Self::Scheduled => 0,
            Self::Queued => 1,
            Self::Sending => 2,
            Self::Sent => 3,
            Self::Delivered => 4,
            Self::Read => 5,
            Self::Played => 6,
            Self::Received | Self::Failed | Self::Cancelled | Self::Expired | Self::Unknown => 9,
        }
    }

    /// Whether a message in this status may take `next`. Acks only rise; failure, cancel, expiry and unknown end only
    /// what WhatsApp's server does not have yet; nothing follows an end.
    pub const fn can_become(self, next: Self) -> bool {
        match next {
            Self::Failed | Self::Unknown => self.rank() <= Self::Sending.rank(),
            Self::Cancelled | Self::Expired => self.rank() <= Self::Queued.rank(),
            Self::Received => false,
            _ => self.rank() < next.rank(),
        }
    }

    /// Whether the outbox is done with the message: sent or ended.
    pub const fn is_settled(self) -> bool {
        self.rank() >= Self::Sent.rank()
    }
}

/// A plain text message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// 1 to 65,536 characters (the limit of WhatsApp's own text box).
    pub body: String,
    /// Whether the first link may show a preview.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preview_url: bool,
}

/// What a message is that Zaptor cannot read yet: it is told of, so that nobody overlooks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsupported {
    /// WhatsApp Web's own word for its type, for example `image`; at most 64 characters.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What a message says, in the shape of the Cloud API's message object: `{"type":"text","text":{"body":"…"}}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Text.
    Text {
        /// The text.
        text: Text,
    },
    /// Something else that came in; never goes out.
    Unsupported {
        /// What it is.
        unsupported: Unsupported,
    },
}

/// The longest text, in characters.
pub const TEXT_MAX_CHARS: usize = 65_536;

impl Content {
    /// A text without link preview.
    pub fn text(body: impl Into<String>) -> Self {
        Self::Text {
            text: Text {
                body: body.into(),
                preview_url: false,
            },
        }
    }

    /// Something that came in and is no text. `kind` is WhatsApp Web's word for it.
    pub fn unsupported(kind: impl Into<String>) -> Self {
        let kind: String = kind.into();
        Self::Unsupported {
            unsupported: Unsupported {
                kind: kind.chars().take(64).collect(),
            },
        }
    }

    /// The word of the type, as in the contract and the price book.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Unsupported { .. } => "unsupported",
        }
    }
}

// What people write to one another never stands in a debug print.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text } => write!(f, "Text({} characters)", text.body.chars().count()),
            Self::Unsupported { unsupported } => write!(f, "Unsupported({})", unsupported.kind),
        }
    }
}

/// The id that a message has on WhatsApp. The sender chooses it; ours is fixed when the message is accepted, so that
/// every attempt carries the same one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WaMessageId(String);

impl WaMessageId {
    /// Takes an id that came from WhatsApp.
    pub fn from_wire(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id of an outbound message: `3EB0` as WhatsApp Web writes it, then 18 hexadecimal digits of
    /// HMAC-SHA256(secret, message id). The secret keeps others from guessing ids.
    pub fn of(secret: &[u8], message: MessageId) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
        mac.update(&message.bits().to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let mut id = String::with_capacity(22);
        id.push_str("3EB0");
        for byte in &digest[..9] {
            use fmt::Write as _;
            let _ = write!(id, "{byte:02X}");
        }
        Self(id)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WaMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message as it goes to the engine.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The id on WhatsApp, fixed at acceptance.
    pub id: WaMessageId,
    /// Where to.
    pub chat: Jid,
    /// What.
    pub content: Content,
}

/// How far WhatsApp has acknowledged a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ack {
    /// Only the page has it.
    Pending,
    /// WhatsApp's server has it.
    Server,
    /// The other phone has it.
    Device,
    /// It was read.
    Read,
    /// It was played.
    Played,
}

impl Ack {
    /// The status that a message has once this ack came in; `None` while only the page has it.
    pub const fn status(self) -> Option<MessageStatus> {
        match self {
            Self::Pending => None,
            Self::Server => Some(MessageStatus::Sent),
            Self::Device => Some(MessageStatus::Delivered),
            Self::Read => Some(MessageStatus::Read),
            Self::Played => Some(MessageStatus::Played),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_only_moves_forward_and_nothing_follows_an_end() {
        use MessageStatus as S;
        let all = [
            S::Scheduled,
            S::Queued,
            S::Sending,
            S::Sent,
            S::Delivered,
            S::Read,
            S::Played,
        ];
        let ends = [S::Failed, S::Cancelled, S::Expired, S::Unknown, S::Received];
        for (i, from) in all.iter().enumerate() {
            for (j, to) in all.iter().enumerate() {
                assert_eq!(from.can_become(*to), i < j, "{from} → {to}");
            }
        }
        for end in ends {
            assert!(
                all.iter().chain(&ends).all(|next| !end.can_become(*next)),
                "{end} is an end"
            );
        }
        assert!(S::Sending.can_become(S::Unknown) && !S::Sent.can_become(S::Unknown));
        assert!(S::Queued.can_become(S::Cancelled) && !S::Sending.can_become(S::Cancelled));
    }

    #[test]
    fn a_whatsapp_id_is_fixed_by_secret_and_message() {
        let id = WaMessageId::of(b"secret", MessageId::from_bits(5));
        assert_eq!(id, WaMessageId::of(b"secret", MessageId::from_bits(5)));
        assert_ne!(id, WaMessageId::of(b"other", MessageId::from_bits(5)));
        assert!(id.as_str().starts_with("3EB0") && id.as_str().len() == 22);
    }

    #[test]
    fn a_debug_print_does_not_show_the_text() {
        assert_eq!(format!("{:?}", Content::text("secret")), "Text(6 characters)");
    }
}
