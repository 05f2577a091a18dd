//! A message as the server has it, and everything that people do with it afterwards.

use serde::{Deserialize, Serialize};

use super::chat_id::ChatId;
use super::content::Content;
use super::number::Number;
use super::state::Millis;

/// How far a message came, as WhatsApp counts it. Only ever rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub(crate) enum Ack {
    /// The server has it.
    Server,
    /// The other phone has it.
    Delivered,
    /// The other person has seen it.
    Read,
    /// The other person has listened to it.
    Played,
}

impl From<Ack> for u8 {
    fn from(ack: Ack) -> u8 {
        match ack {
            Ack::Server => 1,
            Ack::Delivered => 2,
            Ack::Read => 3,
            Ack::Played => 4,
        }
    }
}

impl TryFrom<u8> for Ack {
    type Error = String;

    fn try_from(number: u8) -> Result<Ack, String> {
        match number {
            1 => Ok(Ack::Server),
            2 => Ok(Ack::Delivered),
            3 => Ok(Ack::Read),
            4 => Ok(Ack::Played),
            other => Err(format!("{other} is no ack")),
        }
    }
}

/// How far a message came on one device of a person: the phone itself, or a page that it has linked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeviceReceipt {
    /// The session; `None` is the phone itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<String>,
    pub(crate) ack: Ack,
    pub(crate) at: Millis,
}

/// How far a message came with one of those to whom it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) by: Number,
    pub(crate) ack: Ack,
    /// When it came so far.
    pub(crate) at: Millis,
    /// Kept only where a page is linked; otherwise the phone itself is the one device.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) devices: Vec<DeviceReceipt>,
}

impl Receipt {
    /// This device of the person has it so far; a device never falls back.
    pub(super) fn on_device(&mut self, session: Option<&str>, ack: Ack, at: Millis) {
        // The phone has had it before it had a page: that was the one device then.
        if self.devices.is_empty() && self.ack >= Ack::Delivered && session.is_some() {
            self.devices.push(DeviceReceipt {
                session: None,
                ack: self.ack,
                at: self.at,
            });
        }
        let known = self
            .devices
            .iter_mut()
            .find(|device| device.session.as_deref() == session);
        match known {
            Some(device) if device.ack < ack => (device.ack, device.at) = (ack, at),
            Some(_) => {}
            None => self.devices.push(DeviceReceipt {
                session: session.map(str::to_owned),
                ack,
                at,
            }),
        }
    }
}

/// The latest edit: the id of the edit itself, and when it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Edit {
    pub(crate) id: String,
    pub(crate) at: Millis,
}

/// Who took the message back for everyone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Revoked {
    pub(crate) id: String,
    pub(crate) by: Number,
    pub(crate) at: Millis,
}

/// One person's reaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reaction {
    pub(crate) id: String,
    pub(crate) by: Number,
    pub(crate) emoji: String,
    pub(crate) at: Millis,
}

/// What one person has chosen in a poll.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Vote {
    pub(crate) id: String,
    pub(crate) by: Number,
    pub(crate) options: Vec<String>,
    pub(crate) at: Millis,
}

/// A message as the server has it; one for all who are in the chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) from: Number,
    pub(crate) to: ChatId,
    pub(crate) content: Content,
    pub(crate) at: Millis,
    /// The linked session that sent it; `None`: the phone itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<String>,
    /// How often this id arrived.
    pub(crate) times: u32,
    /// How far it came with all of those to whom it goes: the lowest of their receipts.
    pub(crate) ack: Ack,
    /// Of each to whom it goes, by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) receipts: Vec<Receipt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) edit: Option<Edit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revoked: Option<Box<Revoked>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reactions: Vec<Reaction>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) votes: Vec<Vote>,
    /// Left out of the history that pages get (fault `forget_message`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) forgotten: bool,
    /// Its receipts wait until the sender's page comes anew or asks again (fault `drop_ack`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) muted: bool,
    /// A robot wrote it; robots do not answer robots.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) automatic: bool,
}

/// What someone wants to send.
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) to: ChatId,
    pub(super) content: Content,
    pub(super) automatic: bool,
}

impl Message {
    /// A message the server has just got.
    pub(super) fn new(now: Millis, from: &Number, draft: Draft, session: Option<String>) -> Message {
        Message {
            id: draft.id,
            from: from.clone(),
            to: draft.to,
            content: draft.content,
            at: now,
            session,
            times: 1,
            ack: Ack::Server,
            receipts: Vec::new(),
            edit: None,
            revoked: None,
            reactions: Vec::new(),
            votes: Vec::new(),
            forgotten: false,
            muted: false,
            automatic: draft.automatic,
        }
    }

    /// The chat in which this phone has it.
    pub(crate) fn chat_of(&self, owner: &Number) -> ChatId {
        match &self.to {
            ChatId::Person(_) if owner != &self.from => ChatId::Person(self.from.clone()),
            to => to.clone(),
        }
    }

    /// Whether one has to be told who wrote: the chat alone does not say it.
    pub(crate) fn needs_author(&self) -> bool {
        self.to.person().is_none()
    }

    /// It goes to these; in the order of their numbers.
    pub(super) fn address(&mut self, mut recipients: Vec<Number>) {
        recipients.sort_unstable();
        recipients.dedup();
        let at = self.at;
        let waits = |by| Receipt {
            by,
            ack: Ack::Server,
            at,
            devices: Vec::new(),
        };
        self.receipts = recipients.into_iter().map(waits).collect();
    }

    /// How far it came with one person.
    pub(crate) fn receipt(&self, by: &Number) -> Option<&Receipt> {
        let place = self
            .receipts
            .binary_search_by(|receipt| receipt.by.cmp(by))
            .ok()?;
        self.receipts.get(place)
    }

    pub(super) fn receipt_mut(&mut self, by: &Number) -> Option<&mut Receipt> {
        let place = self
            .receipts
            .binary_search_by(|receipt| receipt.by.cmp(by))
            .ok()?;
        self.receipts.get_mut(place)
    }

    /// It comes further with one person. Answers whether it did: it never falls back.
    pub(super) fn raise(&mut self, by: &Number, ack: Ack, at: Millis) -> bool {
        let Some(receipt) = self.receipt_mut(by) else {
            return false;
        };
        if receipt.ack >= ack {
            return false;
        }
        (receipt.ack, receipt.at) = (ack, at);
        let lowest = self.receipts.iter().map(|receipt| receipt.ack).min();
        self.ack = self.ack.max(lowest.unwrap_or(self.ack));
        true
    }

    /// What belongs to it is gone, too, when it is taken back.
    pub(super) fn take_back(&mut self, id: String, by: Number, at: Millis) {
        self.content = Content::revoked();
        self.revoked = Some(Box::new(Revoked { id, by, at }));
        self.edit = None;
        self.reactions.clear();
        self.votes.clear();
    }
}
