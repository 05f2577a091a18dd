//! What people do with a message that is there already: change it, take it back, react to it, vote in it.
//!
//! Each is done by a person, on the phone itself or on a page that it has linked, and all others who have the message
//! hear of it, each in the terms of their own chat. Done twice under the same id, it is done once.

use serde_json::{Value, json};

use super::Network;
use super::content::Kind;
use super::content_fields::TEXT_LIMIT;
use super::delivery::{raw_reaction, raw_vote};
use super::groups::Role;
use super::message::{Ack, Edit, Message, Reaction, Vote};
use super::number::Number;
use super::state::{Arrival, Millis, News};

/// How long a message can be edited, as on the real service.
const EDIT_MS: Millis = 15 * 60 * 1_000;

/// How long a message can be taken back: two days and twelve hours, as WhatsApp's FAQ says.
const REVOKE_MS: Millis = 60 * 60 * 60 * 1_000;

/// The longest reaction, in bytes: one emoji, however it is put together.
const EMOJI_LIMIT: usize = 64;

/// Somebody who acts, and the linked session on which; `None` is the phone itself.
#[derive(Clone, Copy)]
pub(super) struct Actor<'a> {
    pub(super) person: &'a Number,
    pub(super) session: Option<&'a str>,
}

impl Network {
    /// Puts another text in the place of an own one. Answers the moment, or why not, in the words that pages know.
    pub(super) fn edit(
        &mut self,
        now: Millis,
        actor: Actor<'_>,
        of: Arrival,
        edit_id: &str,
        text: &str,
    ) -> Result<Millis, &'static str> {
        let told = self.told_at(now);
        let message = self.standing(of)?;
        if let Some(edit) = message.edit.as_ref().filter(|edit| edit.id == edit_id) {
            return Ok(edit.at);
        }
        if &message.from != actor.person {
            return Err("not-yours");
        }
        if now.saturating_sub(message.at) > EDIT_MS {
            return Err("too-late");
        }
        if message.content.editable().is_none() || text.chars().count() > TEXT_LIMIT {
            return Err("bad-content");
        }
        let message = self.state.message_mut(of).ok_or("unknown-message")?;
        message.content.edit(text);
        message.edit = Some(Edit {
            id: edit_id.to_owned(),
            at: told,
        });
        let news = json!({"t": "edited", "editId": edit_id, "body": text, "at": told / 1000});
        self.announce(actor, of, &news);
        Ok(told)
    }

    /// Takes a message back for everyone: an own one, or as an admin that of another in the group.
    pub(super) fn revoke(
        &mut self,
        now: Millis,
        actor: Actor<'_>,
        of: Arrival,
        revoke_id: &str,
    ) -> Result<Millis, &'static str> {
        let told = self.told_at(now);
        let message = self.state.messages.get(&of).ok_or("unknown-message")?;
        if let Some(revoked) = message.revoked.as_ref().filter(|revoked| revoked.id == revoke_id) {
            return Ok(revoked.at);
        }
        let message = self.standing(of)?;
        if &message.from != actor.person {
            let group = message.to.group().ok_or("not-yours")?;
            let group = self.state.groups.get(group).ok_or("unknown-group")?;
            match group.role(actor.person) {
                None => return Err("not-a-member"),
                Some(Role::Member) => return Err("not-yours"),
                Some(_) => {}
            }
        }
        if now.saturating_sub(message.at) > REVOKE_MS {
            return Err("too-late");
        }
        let message = self.state.message_mut(of).ok_or("unknown-message")?;
        message.take_back(revoke_id.to_owned(), actor.person.clone(), told);
        let by = actor.person.pn();
        let news = json!({"t": "revoked", "revokeId": revoke_id, "by": by, "at": told / 1000});
        self.announce(actor, of, &news);
        Ok(told)
    }

    /// Reacts to a message, instead of how that person has reacted before. An empty emoji takes the reaction away.
    pub(super) fn react(
        &mut self,
        now: Millis,
        actor: Actor<'_>,
        of: Arrival,
        reaction_id: &str,
        emoji: &str,
    ) -> Result<Millis, &'static str> {
        if emoji.len() > EMOJI_LIMIT {
            return Err("bad-content");
        }
        let told = self.told_at(now);
        let message = self.standing(of)?;
        let reactions = &message.reactions;
        if let Some(known) = reactions
            .iter()
            .find(|known| known.id == reaction_id && &known.by == actor.person)
        {
            return Ok(known.at);
        }
        self.may_react(actor.person, message)?;
        let reaction = Reaction {
            id: reaction_id.to_owned(),
            by: actor.person.clone(),
            emoji: emoji.to_owned(),
            at: told,
        };
        let news = json!({"t": "reaction", "reaction": raw_reaction(&reaction)});
        let message = self.state.message_mut(of).ok_or("unknown-message")?;
        message.reactions.retain(|known| known.by != reaction.by);
        if !emoji.is_empty() {
            message.reactions.push(reaction);
        }
        self.announce(actor, of, &news);
        Ok(told)
    }

    /// Votes in a poll, instead of what that person has chosen before. No option takes the vote back.
    pub(super) fn vote(
        &mut self,
        now: Millis,
        actor: Actor<'_>,
        of: Arrival,
        vote_id: &str,
        options: &[String],
    ) -> Result<Millis, &'static str> {
        let told = self.told_at(now);
        let message = self.standing(of)?;
        if message.content.kind != Kind::Poll {
            return Err("not-a-poll");
        }
        if let Some(known) = message
            .votes
            .iter()
            .find(|known| known.id == vote_id && &known.by == actor.person)
        {
            return Ok(known.at);
        }
        self.may_react(actor.person, message)?;
        let vote = Vote {
            id: vote_id.to_owned(),
            by: actor.person.clone(),
            options: chosen(message, options)?,
            at: told,
        };
        let news = json!({"t": "vote", "vote": raw_vote(&vote)});
        let message = self.state.message_mut(of).ok_or("unknown-message")?;
        message.votes.retain(|known| known.by != vote.by);
        if !vote.options.is_empty() {
            message.votes.push(vote);
        }
        self.announce(actor, of, &news);
        Ok(told)
    }

    /// What the server's clock says.
    pub(super) fn told_at(&self, now: Millis) -> Millis {
        now.saturating_add(self.skew_ms(now))
    }

    /// A message that says something: not taken back, and no notice.
    fn standing(&self, of: Arrival) -> Result<&Message, &'static str> {
        let message = self.state.messages.get(&of);
        message
            .filter(|message| !message.content.is_hollow())
            .ok_or("unknown-message")
    }

    /// In a group one has to be in it still; whether only admins write does not matter.
    fn may_react(&self, person: &Number, message: &Message) -> Result<(), &'static str> {
        match self.may_write(person, &message.chat_of(person)) {
            Err("not-an-admin") | Ok(()) => Ok(()),
            refused => refused,
        }
    }

    /// Tells all who have the message, in the terms of their own chat: the sessions of its writer and of those whom it
    /// has reached. Not the session that did it: it has its answer.
    fn announce(&mut self, actor: Actor<'_>, of: Arrival, news: &Value) {
        self.touch();
        let Some(message) = self.state.messages.get(&of) else {
            return;
        };
        let reached = message
            .receipts
            .iter()
            .filter(|receipt| receipt.ack >= Ack::Delivered);
        let reached = reached
            .map(|receipt| &receipt.by)
            .filter(|person| **person != message.from);
        let audience = reached.chain([&message.from]);
        let with_sessions = audience.flat_map(|person| {
            let frame = frame_for(person, message, news);
            let sessions = self.state.sessions_of(person).into_iter();
            sessions.map(move |session| (session, frame.clone()))
        });
        let frames: Vec<(String, Value)> = with_sessions.collect();
        for (session, frame) in frames {
            if actor.session != Some(session.as_str()) {
                self.tell(&session, News::Frame(frame));
            }
        }
    }
}

/// Names of options that the poll has, each once.
fn chosen(poll: &Message, options: &[String]) -> Result<Vec<String>, &'static str> {
    let offered = poll.content.field("pollOptions").and_then(Value::as_array);
    let offered: Vec<&str> = offered
        .into_iter()
        .flatten()
        .filter_map(|option| option["name"].as_str())
        .collect();
    let mut chosen: Vec<String> = Vec::new();
    for option in options {
        if !offered.contains(&option.as_str()) {
            return Err("unknown-option");
        }
        if !chosen.contains(option) {
            chosen.push(option.clone());
        }
    }
    let most = poll
        .content
        .field("pollSelectableOptionsCount")
        .and_then(Value::as_u64);
    match most {
        Some(most) if most > 0 && chosen.len() as u64 > most => Err("bad-content"),
        _ => Ok(chosen),
    }
}

/// `news` about a message as one person's pages are told it.
fn frame_for(person: &Number, message: &Message, news: &Value) -> Value {
    let mut frame = news.clone();
    let own = person == &message.from;
    frame["chat"] = json!(message.chat_of(person).wid());
    frame["id"] = json!(message.id);
    frame["fromMe"] = json!(own);
    if message.needs_author() && !own {
        frame["author"] = json!(message.from.pn());
    }
    frame
}
