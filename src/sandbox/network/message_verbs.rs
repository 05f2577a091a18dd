//! What a page may say about messages that are there already, and about the chats they are in.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Network;
use super::changes::Actor;
use super::chat_id::ChatId;
use super::keeping::ChatChange;
use super::number::Number;
use super::state::{Arrival, Millis};
use super::verbs::ID_LIMIT;

/// Messages that one request may name.
const IDS: usize = 1_000;

/// Names a message of a chat.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    chat: String,
    id: String,
    from_me: bool,
    author: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(super) enum MessageVerb {
    Edit {
        #[serde(flatten)]
        target: Target,
        edit_id: String,
        body: String,
    },
    Revoke {
        #[serde(flatten)]
        target: Target,
        revoke_id: String,
    },
    React {
        #[serde(flatten)]
        target: Target,
        reaction_id: String,
        emoji: String,
    },
    Vote {
        #[serde(flatten)]
        target: Target,
        vote_id: String,
        options: Vec<String>,
    },
    Star {
        chat: String,
        ids: Vec<String>,
        star: bool,
    },
    Forget {
        chat: String,
        ids: Vec<String>,
    },
    History {
        chat: String,
        before: Option<String>,
        count: usize,
    },
    ChatSet {
        chat: String,
        #[serde(flatten)]
        change: ChatChange,
    },
    /// The person at the page has seen the chat, up to the last message that the page had.
    Seen {
        id: String,
        last: Option<String>,
    },
    /// A voice note was listened to, a status post was looked at.
    Played {
        chat: String,
        ids: Vec<String>,
        author: Option<String>,
    },
}

impl Network {
    /// Answers what a linked page is told.
    pub(super) fn obey_about_messages(&mut self, now: Millis, actor: Actor<'_>, verb: MessageVerb) -> Value {
        let outcome = match verb {
            MessageVerb::Edit { .. }
            | MessageVerb::Revoke { .. }
            | MessageVerb::React { .. }
            | MessageVerb::Vote { .. } => self.obey_change(now, actor, verb),
            verb => self.obey_keeping(now, actor, verb),
        };
        outcome.unwrap_or_else(|error| json!({"error": error}))
    }

    fn obey_change(
        &mut self,
        now: Millis,
        actor: Actor<'_>,
        verb: MessageVerb,
    ) -> Result<Value, &'static str> {
        let at = match verb {
            MessageVerb::Edit {
                target,
                edit_id,
                body,
            } => {
                let of = self.target(actor.person, &target, &edit_id)?;
                self.edit(now, actor, of, &edit_id, &body)?
            }
            MessageVerb::Revoke { target, revoke_id } => {
                let of = self.target(actor.person, &target, &revoke_id)?;
                self.revoke(now, actor, of, &revoke_id)?
            }
            MessageVerb::React {
                target,
                reaction_id,
                emoji,
            } => {
                let of = self.target(actor.person, &target, &reaction_id)?;
                self.react(now, actor, of, &reaction_id, &emoji)?
            }
            MessageVerb::Vote {
                target,
                vote_id,
                options,
            } => {
                let of = self.target(actor.person, &target, &vote_id)?;
                self.vote(now, actor, of, &vote_id, &options)?
            }
            _ => return Err("unknown"),
        };
        Ok(json!({"at": at / 1000}))
    }

    fn obey_keeping(
        &mut self,
        now: Millis,
        actor: Actor<'_>,
        verb: MessageVerb,
    ) -> Result<Value, &'static str> {
        match verb {
            MessageVerb::Star { chat, ids, star } => {
                self.star(actor, &chat_named(&chat)?, few(&ids)?, star);
            }
            MessageVerb::Forget { chat, ids } => self.forget(actor, &chat_named(&chat)?, few(&ids)?),
            MessageVerb::ChatSet { chat, change } => self.set_chat(actor, &chat_named(&chat)?, &change),
            MessageVerb::Seen { id, last } => {
                if let Ok(chat) = chat_named(&id)
                    && !self.see(now, actor, &chat, last.as_deref())
                {
                    // The page's last message is gone from the chat: then it has seen what is left.
                    self.see(now, actor, &chat, None);
                }
            }
            MessageVerb::Played { chat, ids, author } => {
                let chat = chat_named(&chat)?;
                let author = author.as_deref().and_then(Number::parse);
                for id in few(&ids)? {
                    self.play(now, actor, &chat, id, author.as_ref());
                }
            }
            MessageVerb::History { chat, before, count } => {
                return Ok(self.older(actor.person, &chat_named(&chat)?, before.as_deref(), count));
            }
            _ => return Err("unknown"),
        }
        Ok(json!({"ok": 1}))
    }

    /// The message that a page means, and that the account has. `deed` names what is done to it.
    fn target(&self, own: &Number, target: &Target, deed: &str) -> Result<Arrival, &'static str> {
        if deed.is_empty() || deed.len() > ID_LIMIT {
            return Err("bad-id");
        }
        let chat = chat_named(&target.chat)?;
        let author = target.author.as_deref().and_then(Number::parse);
        let writer = if target.from_me {
            Some(own)
        } else {
            author.as_ref().or(chat.person())
        };
        let found = self.state.find_of(own, &chat, &target.id, writer);
        found.ok_or("unknown-message")
    }
}

fn chat_named(text: &str) -> Result<ChatId, &'static str> {
    ChatId::parse(text).ok_or("bad-recipient")
}

fn few(ids: &[String]) -> Result<&[String], &'static str> {
    if ids.len() > IDS { Err("bad-id") } else { Ok(ids) }
}
