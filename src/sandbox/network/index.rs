//! What is derived from the network's state so that nothing has to be searched for. Never written down.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::chat_id::GroupId;
use super::groups::Group;
use super::message::Message;
use super::number::Number;
use super::state::{Arrival, Link};

/// Ways to find messages and sessions.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Each WhatsApp id with those who used it; nearly always one.
    by_id: HashMap<String, Vec<(Number, Arrival)>>,
    sessions: BTreeMap<Number, BTreeSet<String>>,
    tokens: HashMap<String, String>,
    /// Messages whose receipts wait, by the session that sent them.
    muted: HashMap<String, BTreeSet<Arrival>>,
    /// The groups that each person is in.
    groups: HashMap<Number, BTreeSet<GroupId>>,
}

impl Index {
    /// A message is there now.
    pub(super) fn add(&mut self, arrival: Arrival, message: &Message) {
        let known = self.by_id.entry(message.id.clone()).or_default();
        known.push((message.from.clone(), arrival));
        if message.muted {
            self.mute(arrival, message);
        }
    }

    /// A message is forgotten.
    pub(super) fn remove(&mut self, arrival: Arrival, message: &Message) {
        if let Some(known) = self.by_id.get_mut(&message.id) {
            known.retain(|(_, known)| *known != arrival);
            if known.is_empty() {
                self.by_id.remove(&message.id);
            }
        }
        if let Some(muted) = message
            .session
            .as_ref()
            .and_then(|session| self.muted.get_mut(session))
        {
            muted.remove(&arrival);
        }
    }

    /// All messages of this id, oldest first.
    pub(super) fn of_id(&self, id: &str) -> &[(Number, Arrival)] {
        self.by_id.get(id).map_or(&[], Vec::as_slice)
    }

    /// Whether the receipts of a message wait may have changed.
    pub(super) fn mute(&mut self, arrival: Arrival, message: &Message) {
        let Some(session) = &message.session else {
            return;
        };
        let muted = self.muted.entry(session.clone()).or_default();
        if message.muted {
            muted.insert(arrival);
        } else {
            muted.remove(&arrival);
        }
        if muted.is_empty() {
            self.muted.remove(session);
        }
    }

    /// The messages of this session whose receipts wait.
    pub(super) fn muted_for(&self, session: &str) -> Vec<Arrival> {
        let muted = self.muted.get(session);
        muted
            .map(|muted| muted.iter().copied().collect())
            .unwrap_or_default()
    }

    /// Other people may be in a group than were before.
    pub(super) fn group(&mut self, id: &GroupId, before: Option<&Group>, after: &Group) {
        let gone = before.into_iter().flat_map(|before| before.participants.keys());
        for person in gone.filter(|person| !after.participants.contains_key(person)) {
            if let Some(groups) = self.groups.get_mut(person) {
                groups.remove(id);
            }
        }
        for person in after.participants.keys() {
            self.groups.entry(person.clone()).or_default().insert(id.clone());
        }
    }

    /// The groups that somebody is in, by their ids.
    pub(super) fn groups_of(&self, person: &Number) -> Vec<GroupId> {
        let groups = self.groups.get(person);
        groups
            .map(|groups| groups.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// A session has begun.
    pub(super) fn link(&mut self, session: &str, link: &Link) {
        self.tokens.insert(link.token.clone(), session.to_owned());
        let sessions = self.sessions.entry(link.phone.clone()).or_default();
        sessions.insert(session.to_owned());
    }

    /// A session has ended.
    pub(super) fn unlink(&mut self, session: &str, link: &Link) {
        self.tokens.remove(&link.token);
        if let Some(sessions) = self.sessions.get_mut(&link.phone) {
            sessions.remove(session);
        }
    }

    /// The session a token belongs to.
    pub(super) fn session_of(&self, token: &str) -> Option<&String> {
        self.tokens.get(token)
    }

    /// The sessions of a phone, by name.
    pub(super) fn sessions_of(&self, phone: &Number) -> Vec<String> {
        let sessions = self.sessions.get(phone);
        sessions
            .map(|sessions| sessions.iter().cloned().collect())
            .unwrap_or_default()
    }
}
