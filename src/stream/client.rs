//! What clients say: frames put together, and the few words that they know.

use actix_http::ws::{OpCode, Parser, ProtocolError};
use bytes::BytesMut;
use serde::Deserialize;
use zaptor_actors::domain::{AccountId, event::EventType};

use super::frames::Farewell;

/// The largest frame and the largest message of several frames, in bytes.
const MESSAGE_MAX: usize = 16 * 1_024;

/// A client's word.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Word {
    /// Send these as well. The first one narrows a stream of everything to what it names.
    Subscribe {
        #[serde(default)]
        types: Vec<EventType>,
        #[serde(default)]
        accounts: Vec<AccountId>,
    },
    /// Send these no more.
    Unsubscribe {
        #[serde(default)]
        types: Vec<EventType>,
        #[serde(default)]
        accounts: Vec<AccountId>,
    },
    /// Everything up to this number has been dealt with. A sign of life; the client's cursor is its own.
    Ack {
        #[serde(rename = "seq")]
        _seq: i64,
    },
    /// Answer with a pong.
    Ping,
}

/// What came in.
#[derive(Debug)]
pub(super) enum Heard {
    Word(Word),
    /// A text that is none of the words: why.
    Nonsense(String),
    Ping(Vec<u8>),
    Pong,
    End(Farewell),
}

/// Puts a client's frames together.
#[derive(Default)]
pub(super) struct Ear {
    buffer: BytesMut,
    /// The frames so far of a message in several frames.
    begun: Option<Vec<u8>>,
}

impl Ear {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next thing that was said, if it is complete.
    pub(super) fn next(&mut self) -> Option<Heard> {
        loop {
            let (finished, code, payload) = match Parser::parse(&mut self.buffer, true, MESSAGE_MAX) {
                Ok(frame) => frame?,
                Err(ProtocolError::Overflow) => return Some(Heard::End(Farewell::TooBig)),
                Err(_) => return Some(Heard::End(Farewell::Protocol)),
            };
            let payload = payload.map(|payload| payload.to_vec()).unwrap_or_default();
            match code {
                OpCode::Ping => return Some(Heard::Ping(payload)),
                OpCode::Pong => return Some(Heard::Pong),
                OpCode::Close => return Some(Heard::End(Farewell::Normal)),
                OpCode::Bad => return Some(Heard::End(Farewell::Protocol)),
                OpCode::Text | OpCode::Binary => self.begun = Some(payload),
                OpCode::Continue => match &mut self.begun {
                    Some(begun) if begun.len() + payload.len() <= MESSAGE_MAX => {
                        begun.extend_from_slice(&payload)
                    }
                    Some(_) => return Some(Heard::End(Farewell::TooBig)),
                    None => return Some(Heard::End(Farewell::Protocol)),
                },
            }
            if finished && let Some(message) = self.begun.take() {
                return Some(match serde_json::from_slice(&message) {
                    Ok(word) => Heard::Word(word),
                    Err(error) => Heard::Nonsense(error.to_string()),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(ear: &mut Ear, text: &[u8], code: OpCode, finished: bool) {
        let mut bytes = BytesMut::new();
        Parser::write_message(&mut bytes, text, code, finished, true);
        ear.feed(&bytes);
    }

    #[test]
    fn words_by_table() {
        let mut ear = Ear::default();
        assert!(ear.next().is_none());
        say(&mut ear, br#"{"op":"ping"}"#, OpCode::Text, true);
        assert!(matches!(ear.next(), Some(Heard::Word(Word::Ping))));
        say(&mut ear, br#"{"op":"ack","seq":7}"#, OpCode::Text, true);
        assert!(matches!(ear.next(), Some(Heard::Word(Word::Ack { _seq: 7 }))));
        say(
            &mut ear,
            br#"{"op":"subscribe","types":["message.sent"]}"#,
            OpCode::Text,
            true,
        );
        assert!(matches!(ear.next(), Some(Heard::Word(Word::Subscribe { types, .. })) if types.len() == 1));
        for nonsense in [
            &b"{"[..],
            br#"{"op":"fly"}"#,
            br#"{"op":"subscribe","types":["x"]}"#,
        ] {
            say(&mut ear, nonsense, OpCode::Text, true);
            assert!(matches!(ear.next(), Some(Heard::Nonsense(_))));
        }
        say(&mut ear, b"x", OpCode::Ping, true);
        assert!(matches!(ear.next(), Some(Heard::Ping(content)) if content == b"x"));
        assert!(ear.next().is_none());
    }

    #[test]
    fn several_frames_make_one_word_and_have_a_bound() {
        let mut ear = Ear::default();
        say(&mut ear, br#"{"op":"#, OpCode::Text, false);
        assert!(ear.next().is_none());
        say(&mut ear, br#""ping"}"#, OpCode::Continue, true);
        assert!(matches!(ear.next(), Some(Heard::Word(Word::Ping))));
        say(&mut ear, &[b' '; MESSAGE_MAX], OpCode::Text, false);
        say(&mut ear, b"!", OpCode::Continue, true);
        assert!(matches!(ear.next(), Some(Heard::End(Farewell::TooBig))));
    }
}
