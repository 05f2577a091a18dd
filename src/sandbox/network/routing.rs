//! Who gets what: to whom a message goes, and who may write there.

use super::Network;
use super::chat_id::{ChatId, GroupId};
use super::content::Content;
use super::groups::GroupRefusal;
use super::message::{Draft, Message};
use super::number::Number;
use super::state::{Arrival, Millis, News};

impl Network {
    /// To whom a message goes: one person, all others of a group, or all phones that may see a status post.
    pub(super) fn recipients(&self, from: &Number, to: &ChatId) -> Vec<Number> {
        match to {
            ChatId::Person(person) if self.has_blocked(person, from) => Vec::new(),
            ChatId::Person(person) => vec![person.clone()],
            ChatId::Group(group) => {
                let participants = self
                    .state
                    .groups
                    .get(group)
                    .map(|group| group.participants.keys());
                let others = participants
                    .into_iter()
                    .flatten()
                    .filter(|person| *person != from);
                others.cloned().collect()
            }
            ChatId::Status => {
                let others = self.state.phones.keys().filter(|person| *person != from);
                let friends = others
                    .filter(|person| !self.has_blocked(person, from) && !self.has_blocked(from, person));
                friends.cloned().collect()
            }
        }
    }

    /// Whether `from` may write to that chat; the error is what a page is told.
    pub(super) fn may_write(&self, from: &Number, to: &ChatId) -> Result<(), &'static str> {
        match to {
            ChatId::Person(person) if !person.is_on_whatsapp() => Err("not-on-whatsapp"),
            ChatId::Group(id) => {
                let group = self.state.groups.get(id).ok_or("unknown-group")?;
                group.may_write(from).map_err(GroupRefusal::word)
            }
            ChatId::Person(_) | ChatId::Status => Ok(()),
        }
    }

    /// Whether `person` wants to hear nothing from `other`.
    pub(super) fn has_blocked(&self, person: &Number, other: &Number) -> bool {
        let phone = self.state.phones.get(person);
        phone.is_some_and(|phone| phone.blocked.contains(other))
    }

    /// Writes a notice of what `by` has done into the group's chat on the phones of `audience`, and tells their pages.
    /// It is there at once, and nobody acknowledges it.
    pub(super) fn post_notice(
        &mut self,
        now: Millis,
        group: &GroupId,
        by: &Number,
        notice: Content,
        audience: &[Number],
    ) -> Arrival {
        let draft = Draft {
            id: self.phone_message_id(),
            to: ChatId::Group(group.clone()),
            content: notice,
            automatic: true,
        };
        let arrival = self.state.remember(Message::new(now, by, draft, None));
        for person in audience {
            self.state
                .file(person, ChatId::Group(group.clone()), arrival, false);
            for session in self.state.sessions_of(person) {
                self.tell(&session, News::Message(arrival));
            }
        }
        self.touch();
        arrival
    }
}
