//! What people do with messages on the phone itself.

use super::changes::Actor;
use super::chat_id::ChatId;
use super::content::Content;
use super::message::{Draft, Message};
use super::number::Number;
use super::reading::on_the_phone;
use super::state::{Arrival, Millis};
use super::{Network, Refusal};

impl Network {
    /// A phone sends something by itself, perhaps as an answer to the message `quoted`. Answers the WhatsApp id.
    pub(crate) fn send_from_phone(
        &mut self,
        now: Millis,
        from: &Number,
        to: &ChatId,
        content: &Content,
        quoted: Option<&str>,
    ) -> Result<String, Refusal> {
        self.advance(now);
        self.known_phone(from)?;
        if to.person() == Some(from) {
            return Err(Refusal::OwnNumber);
        }
        self.may_write(from, to).map_err(Refusal::of)?;
        if !self.knows_media(content.media_id()) {
            return Err(Refusal::UnknownMedia);
        }
        let content = match quoted {
            Some(id) => self.quoting(from, to, content.clone(), id)?,
            None => content.clone(),
        };
        let id = self.phone_message_id();
        let draft = Draft {
            id: id.clone(),
            to: to.clone(),
            content,
            automatic: false,
        };
        let told = self.told_at(now);
        self.accept(now, now, Message::new(told, from, draft, None));
        Ok(id)
    }

    /// A text from one person to another.
    #[cfg(test)]
    pub(crate) fn text_from_phone(
        &mut self,
        now: Millis,
        from: &Number,
        to: &Number,
        text: &str,
    ) -> Result<String, Refusal> {
        self.send_from_phone(now, from, &ChatId::from(to), &Content::text(text), None)
    }

    /// The content as an answer to a message of the chat, or to that person's status post.
    fn quoting(&self, own: &Number, chat: &ChatId, content: Content, id: &str) -> Result<Content, Refusal> {
        let post = || self.state.find_of(own, &ChatId::Status, id, Some(chat.person()?));
        let found = self.state.find_in_chat(own, chat, id).or_else(post);
        let quoted = found.and_then(|arrival| self.state.messages.get(&arrival));
        let quoted = quoted.ok_or(Refusal::UnknownMessage)?;
        let elsewhere =
            (quoted.to == ChatId::Status && chat != &ChatId::Status).then(|| ChatId::Status.wid());
        Ok(content.quoting(
            &quoted.id,
            &quoted.from.pn(),
            elsewhere.as_deref(),
            &quoted.content,
        ))
    }

    /// Sends a message of one chat on to another. Answers the new message's id.
    pub(crate) fn forward(
        &mut self,
        now: Millis,
        phone: &Number,
        chat: &ChatId,
        id: &str,
        to: &ChatId,
    ) -> Result<String, Refusal> {
        self.advance(now);
        let of = self.message_of(phone, chat, id)?;
        let message = self.state.messages.get(&of).ok_or(Refusal::UnknownMessage)?;
        if message.content.is_hollow() {
            return Err(Refusal::Denied("bad-content"));
        }
        let content = message.content.forwarded();
        self.send_from_phone(now, phone, to, &content, None)
    }

    /// Changes an own text or caption.
    pub(crate) fn edit_on_phone(
        &mut self,
        now: Millis,
        phone: &Number,
        chat: &ChatId,
        id: &str,
        text: &str,
    ) -> Result<(), Refusal> {
        self.deed(now, phone, chat, id, |network, actor, of, deed| {
            network.edit(now, actor, of, deed, text)
        })
    }

    /// Takes a message back for everyone.
    pub(crate) fn revoke_on_phone(
        &mut self,
        now: Millis,
        phone: &Number,
        chat: &ChatId,
        id: &str,
    ) -> Result<(), Refusal> {
        self.deed(now, phone, chat, id, |network, actor, of, deed| {
            network.revoke(now, actor, of, deed)
        })
    }

    /// Reacts to a message; an empty emoji takes the reaction away.
    pub(crate) fn react_on_phone(
        &mut self,
        now: Millis,
        phone: &Number,
        chat: &ChatId,
        id: &str,
        emoji: &str,
    ) -> Result<(), Refusal> {
        self.deed(now, phone, chat, id, |network, actor, of, deed| {
            network.react(now, actor, of, deed, emoji)
        })
    }

    /// Votes in a poll; no options take the vote back.
    pub(crate) fn vote_on_phone(
        &mut self,
        now: Millis,
        phone: &Number,
        chat: &ChatId,
        id: &str,
        options: &[String],
    ) -> Result<(), Refusal> {
        self.deed(now, phone, chat, id, |network, actor, of, deed| {
            network.vote(now, actor, of, deed, options)
        })
    }

    /// The phone's owner reads a chat: all of it, or up to one message; or listens to that message.
    pub(crate) fn read(
        &mut self,
        now: Millis,
        reader: &Number,
        chat: &ChatId,
        id: Option<&str>,
        played: bool,
    ) -> Result<(), Refusal> {
        self.advance(now);
        self.known_phone(reader)?;
        let reader = on_the_phone(reader);
        let found = match id.filter(|_| played) {
            Some(id) => self.play(now, reader, chat, id, None),
            None => self.see(now, reader, chat, id),
        };
        if found {
            Ok(())
        } else {
            Err(Refusal::UnknownMessage)
        }
    }

    fn deed(
        &mut self,
        now: Millis,
        phone: &Number,
        chat: &ChatId,
        id: &str,
        what: impl FnOnce(&mut Network, Actor<'_>, Arrival, &str) -> Result<Millis, &'static str>,
    ) -> Result<(), Refusal> {
        self.advance(now);
        let of = self.message_of(phone, chat, id)?;
        let deed = self.phone_message_id();
        what(self, on_the_phone(phone), of, &deed).map_err(Refusal::of)?;
        Ok(())
    }

    fn known_phone(&self, phone: &Number) -> Result<(), Refusal> {
        let known = self.state.phones.contains_key(phone);
        known.then_some(()).ok_or(Refusal::UnknownPhone)
    }

    fn message_of(&self, phone: &Number, chat: &ChatId, id: &str) -> Result<Arrival, Refusal> {
        self.known_phone(phone)?;
        let found = self.state.find_in_chat(phone, chat, id);
        found.ok_or(Refusal::UnknownMessage)
    }
}
