//! What the network knows of one account: its link, its messages, and the session on the line.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use tokio::sync::oneshot;

use super::{Cure, Fault, PageFault, line::Line};
use crate::{
    domain::{Jid, Lack, Phone, SelfTest, Timestamp, WaMessageId, message::Ack},
    session::{
        Identity, InboundKey, InboundList, InboundMessage, LookUp, PageStatus, PhoneCode, SessionEvent,
    },
};

/// A message that the account sent.
pub(super) struct Stored {
    pub(super) chat: Jid,
    pub(super) ack: Ack,
    /// How often it was sent: 1, unless somebody sent it twice, or the server refused it.
    pub(super) times: u32,
    /// Whether the server refused it.
    pub(super) given_up: bool,
}

/// One account as the network sees it. Outlives its sessions, as a phone outlives a browser.
#[derive(Default)]
pub(super) struct Member {
    pub(super) linked: Option<Identity>,
    pub(super) line: Option<Arc<Line>>,
    pub(super) synced: bool,
    pub(super) offline: bool,
    pub(super) code: Option<String>,
    /// The code that is to be typed on the phone of this number.
    pub(super) phone_code: Option<(PhoneCode, Phone)>,
    /// Counts every code ever shown, so that the timer of an earlier one is void.
    pub(super) codes_shown: u64,
    /// How many more are shown before the page gives up.
    pub(super) codes_left: u32,
    pub(super) fault: Option<Fault>,
    /// What is wrong with the page, and what mends it.
    pub(super) page: Option<(PageFault, Cure)>,
    pub(super) answers: HashMap<WaMessageId, oneshot::Sender<()>>,
    /// What the page lacks, over all sessions.
    pub(super) lacks: Vec<Lack>,
    /// Whose files the page says it has, once some were put in.
    pub(super) build: Option<String>,
    /// Whether the page takes messages in without a word.
    pub(super) mute: bool,
    /// What came in and is in the page's store, oldest first.
    inbound: VecDeque<InboundMessage>,
    messages: HashMap<WaMessageId, Stored>,
    order: VecDeque<WaMessageId>,
    forgotten: HashSet<WaMessageId>,
    waiting: Vec<SessionEvent>,
}

impl Member {
    pub(super) fn status(&self) -> PageStatus {
        match &self.linked {
            None => PageStatus::Unlinked,
            Some(who) if self.synced => PageStatus::Ready(who.clone()),
            Some(_) => PageStatus::Syncing,
        }
    }

    /// Whether `number` is the line in use.
    pub(super) fn has_line(&self, number: u64) -> bool {
        self.line.as_ref().is_some_and(|line| line.number == number)
    }

    pub(super) fn emit(&self, event: SessionEvent) {
        if let Some(line) = &self.line {
            line.emit(event);
        }
    }

    /// Gives the event to a session that is ready, or to the next one that becomes so.
    pub(super) fn emit_when_synced(&mut self, event: SessionEvent) {
        if self.synced && !self.offline && self.line.is_some() {
            self.emit(event);
        } else {
            self.waiting.push(event);
        }
    }

    /// Gives a session that has become ready what it missed.
    pub(super) fn catch_up(&mut self) {
        for event in std::mem::take(&mut self.waiting) {
            self.emit(event);
        }
    }

    /// Takes a session off the line: nothing of it is left but the link and the messages.
    pub(super) fn hang_up(&mut self) {
        self.line = None;
        self.synced = false;
        self.offline = false;
        self.code = None;
        self.phone_code = None;
        self.build = None;
        self.fault = None;
        self.page = None;
        self.answers.clear();
    }

    /// Something goes wrong with the page; its session hears of it.
    pub(super) fn trouble_page(&mut self, what: PageFault, cured_by: Cure) {
        self.page = Some((what, cured_by));
        if what != PageFault::Modal {
            // Whoever waits for an answer of this page hears nothing more of it.
            self.answers.clear();
        }
        self.emit(match what {
            PageFault::Hang => SessionEvent::Unresponsive {
                detail: "the page gave no answer to the heartbeat".to_owned(),
            },
            PageFault::Crash => SessionEvent::Crashed,
            PageFault::Modal => SessionEvent::Modal {
                what: "dialog".to_owned(),
            },
        });
    }

    /// Tries to mend the page; gives whether it is well.
    pub(super) fn mend_page(&mut self, by: Cure) -> bool {
        self.page = self.page.take().filter(|(_, cure)| *cure > by);
        self.page.is_none()
    }

    pub(super) fn unlink(&mut self) {
        self.linked = None;
        self.synced = false;
        self.waiting.clear();
        self.inbound.clear();
    }

    /// Notes a send; gives whether the network sees the id for the first time.
    pub(super) fn store(&mut self, id: &WaMessageId, chat: &Jid, bound: usize) -> bool {
        if let Some(known) = self.messages.get_mut(id) {
            known.times += 1;
            return false;
        }
        self.keep(id, chat, (1, false), bound);
        true
    }

    /// The server refuses a message: it stays in the page's store.
    pub(super) fn give_up(&mut self, id: &WaMessageId, chat: &Jid, bound: usize) {
        if !self.messages.contains_key(id) {
            self.keep(id, chat, (0, true), bound);
        }
    }

    pub(super) fn has_given_up(&self, id: &WaMessageId) -> bool {
        self.messages.get(id).is_some_and(|stored| stored.given_up)
    }

    fn keep(&mut self, id: &WaMessageId, chat: &Jid, (times, given_up): (u32, bool), bound: usize) {
        let stored = Stored {
            chat: chat.clone(),
            ack: Ack::Pending,
            times,
            given_up,
        };
        self.messages.insert(id.clone(), stored);
        self.order.push_back(id.clone());
        while self.order.len() > bound.max(1) {
            if let Some(oldest) = self.order.pop_front() {
                self.messages.remove(&oldest);
                self.forgotten.remove(&oldest);
            }
        }
    }

    pub(super) fn acknowledge(&mut self, id: &WaMessageId, ack: Ack) {
        if let Some(stored) = self.messages.get_mut(id) {
            stored.ack = stored.ack.max(ack);
        }
        if ack == Ack::Server
            && let Some(answer) = self.answers.remove(id)
        {
            let _ = answer.send(());
        }
        self.emit_when_synced(SessionEvent::Acked { id: id.clone(), ack });
    }

    /// What the page's store has of a message; a forgotten one is only missing from the page.
    pub(super) fn found(&self, chat: &Jid, id: &WaMessageId) -> LookUp {
        match self.messages.get(id) {
            Some(stored) if stored.chat != *chat || self.forgotten.contains(id) => LookUp::NotFound,
            Some(stored) if stored.given_up => LookUp::GivenUp,
            Some(stored) => LookUp::Found(stored.ack),
            None => LookUp::NotFound,
        }
    }

    pub(super) fn forget(&mut self, id: WaMessageId) {
        self.forgotten.insert(id);
    }

    pub(super) fn times_sent(&self, id: &WaMessageId) -> u32 {
        self.messages.get(id).map_or(0, |stored| stored.times)
    }

    /// Every remembered id with the number of times it was sent, oldest first.
    pub(super) fn deliveries(&self) -> Vec<(WaMessageId, u32)> {
        self.order
            .iter()
            .map(|id| (id.clone(), self.times_sent(id)))
            .collect()
    }

    /// Takes a message in, as far as the store's `bound` allows; tells of it, unless the page is mute.
    pub(super) fn receive(&mut self, message: InboundMessage, bound: usize) {
        self.inbound.push_back(message.clone());
        if self.inbound.len() > bound.max(1) {
            self.inbound.pop_front();
        }
        if !self.mute {
            self.emit_when_synced(SessionEvent::Received(message));
        }
    }

    /// What came in since a moment, to the second, as the real store has it.
    pub(super) fn inbound_since(&self, since: Timestamp, most: usize) -> InboundList {
        let second = |at: Timestamp| at.millis().div_euclid(1_000);
        let fits = |message: &&InboundMessage| second(message.sent_at) >= second(since);
        let keys = self.inbound.iter().filter(fits).map(|message| InboundKey {
            key: message.id.as_str().to_owned(),
            id: message.id.clone(),
            sent_at: Timestamp::from_millis(second(message.sent_at) * 1_000),
        });
        let mut messages: Vec<InboundKey> = keys.take(most.saturating_add(1)).collect();
        let more = messages.len() > most;
        messages.truncate(most);
        InboundList { messages, more }
    }

    pub(super) fn inbound(&self, key: &InboundKey) -> Option<InboundMessage> {
        self.inbound.iter().find(|message| message.id == key.id).cloned()
    }

    /// What the agent of a real page would tell of itself.
    pub(super) fn self_test(&self) -> SelfTest {
        SelfTest {
            build: self.build.clone().unwrap_or_else(|| "simulated".to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            wa_js: None,
            whatsapp_web: None,
            missing: self.lacks.clone(),
            linked: self.linked.is_some(),
        }
    }

    /// Whether the page lacks something that this is needed for.
    pub(super) fn lacks(&self, purpose: &str) -> bool {
        self.lacks
            .iter()
            .any(|lack| lack.needed_for.iter().any(|word| word == purpose))
    }
}

/// Whether a number has no WhatsApp on the simulated network: those that begin with 5500000.
pub(super) fn is_unknown(phone: &Phone) -> bool {
    phone.as_str().starts_with("5500000")
}
