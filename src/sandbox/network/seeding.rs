//! Chats that were never written, so that a page finds a past: invented from the network's seed.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::chat_id::ChatId;
use super::content::Content;
use super::message::{Ack, Draft, Message};
use super::number::Number;
use super::state::{CHAT_KEPT, Millis};
use super::{Network, Refusal};

const DAY_MS: Millis = 24 * 60 * 60 * 1_000;

/// What people say to one another.
const PHRASES: [&str; 16] = [
    "Good morning!",
    "Are you coming tomorrow?",
    "Yes, at nine.",
    "Could you send me the address?",
    "Thank you so much",
    "Your order is on its way.",
    "Tudo bem?",
    "Tudo, e você?",
    "Qual é o valor do frete?",
    "Vou confirmar e já te aviso.",
    "Perfeito, obrigada!",
    "Nos vemos el lunes.",
    "¿A qué hora abren?",
    "We open at eight.",
    "I will call you later 📞",
    "Great 👍",
];

/// How much past to invent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    pub(crate) messages: usize,
    pub(crate) chats: usize,
    /// It began that many days ago.
    pub(crate) days: u32,
}

impl Network {
    /// Invents chats of a phone with people who are no phones here, all of them read. Pages see them when they are
    /// linked or loaded anew. Answers how many chats and messages there are.
    pub(crate) fn seed_history(
        &mut self,
        now: Millis,
        owner: &Number,
        past: &Past,
    ) -> Result<(usize, usize), Refusal> {
        self.advance(now);
        if !self.state.phones.contains_key(owner) {
            return Err(Refusal::UnknownPhone);
        }
        let chats = past.chats.clamp(1, past.messages.max(1));
        let peers: Vec<Number> = (0..chats).map(|_| self.invent_number(owner)).collect();
        let span = Millis::from(past.days.max(1)) * DAY_MS;
        let step = span / Millis::try_from(past.messages.max(1)).unwrap_or(Millis::MAX);
        for turn in 0..past.messages {
            // Everybody has said something; beyond that some write more than others.
            let lively = self.chance.random_range(0..chats);
            let peer = peers
                .get(turn)
                .unwrap_or(&peers[self.chance.random_range(0..=lively)]);
            let later = step * Millis::try_from(turn).unwrap_or(0) + self.chance.random_range(0..step.max(1));
            self.invent_message(now - span + later, owner, &peer.clone());
        }
        self.touch();
        Ok((chats, past.messages))
    }

    fn invent_message(&mut self, at: Millis, owner: &Number, peer: &Number) {
        let (from, to) = if self.chance.random() {
            (owner, peer)
        } else {
            (peer, owner)
        };
        let phrase = PHRASES[self.chance.random_range(0..PHRASES.len())];
        let draft = Draft {
            id: self.phone_message_id(),
            to: ChatId::from(to),
            content: Content::text(phrase),
            automatic: true,
        };
        let mut message = Message::new(at, from, draft, None);
        message.address(vec![to.clone()]);
        message.raise(to, Ack::Read, at);
        let arrival = self.state.remember(message);
        self.state.file(owner, ChatId::from(peer), arrival, false);
    }

    /// Somebody with whom the phone has not written yet.
    fn invent_number(&mut self, owner: &Number) -> Number {
        loop {
            let digits = format!(
                "55{}9{:08}",
                self.chance.random_range(11..=99),
                self.chance.random_range(0..100_000_000)
            );
            let invented = Number::parse(&digits).filter(Number::is_on_whatsapp);
            let fresh = invented.filter(|number| {
                let own = self.state.phones.get(owner);
                let written = own.is_some_and(|phone| phone.chats.contains_key(&ChatId::from(number)));
                !written && !self.state.phones.contains_key(number)
            });
            if let Some(number) = fresh {
                return number;
            }
        }
    }
}

/// The most that one request may invent.
pub(crate) const MOST_MESSAGES: usize = CHAT_KEPT;
