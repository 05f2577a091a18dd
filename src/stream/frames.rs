//! WebSocket frames as bytes, header included.

use actix_http::ws::{CloseCode, CloseReason, OpCode, Parser};
use bytes::{Bytes, BytesMut};
use serde::Serialize;

/// Appends one text frame.
pub(super) fn put_text(buffer: &mut BytesMut, text: &[u8]) {
    Parser::write_message(buffer, text, OpCode::Text, true, false);
}

/// What the server says about the stream itself.
#[derive(Serialize)]
#[serde(tag = "control", rename_all = "snake_case")]
pub(super) enum Control<'a> {
    /// The replay has reached the end of the journal; from here on it is live.
    Ready { seq: i64 },
    /// The stream lives; everything up to `seq` was delivered (or was not asked for).
    Heartbeat { seq: i64 },
    /// The answer to `ping`.
    Pong,
    /// A frame of the client was not understood. The stream goes on.
    Error { code: &'a str, detail: &'a str },
}

pub(super) fn put_control(buffer: &mut BytesMut, control: &Control<'_>) {
    let text = serde_json::to_vec(control).unwrap_or_default();
    put_text(buffer, &text);
}

/// A protocol ping: whoever answers it with a pong is alive.
pub(super) fn put_ping(buffer: &mut BytesMut) {
    Parser::write_message(buffer, b"", OpCode::Ping, true, false);
}

pub(super) fn put_pong(buffer: &mut BytesMut, content: &[u8]) {
    Parser::write_message(buffer, content, OpCode::Pong, true, false);
}

/// Why a stream ends, as close codes (RFC 6455 and its registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Farewell {
    /// The client said goodbye.
    Normal = 1000,
    /// A frame that is none.
    Protocol = 1002,
    /// The credential is not good any more, or the client gave no sign of life.
    Policy = 1008,
    /// A frame larger than any that we understand.
    TooBig = 1009,
    /// The node stops: connect again.
    Restart = 1012,
    /// The reader is too slow, or the journal cannot be read now: connect again with the last number.
    TryAgain = 1013,
}

impl Farewell {
    const ALL: [Self; 6] = [
        Self::Normal,
        Self::Protocol,
        Self::Policy,
        Self::TooBig,
        Self::Restart,
        Self::TryAgain,
    ];

    pub(super) const fn code(self) -> u16 {
        self as u16
    }

    pub(super) fn of_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|farewell| farewell.code() == code)
    }

    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "",
            Self::Protocol => "not a WebSocket frame",
            Self::Policy => "signed out or silent",
            Self::TooBig => "frame too large",
            Self::Restart => "the node stops; connect again",
            Self::TryAgain => "connect again with ?after=",
        }
    }

    pub(super) fn frame(self) -> Bytes {
        let mut buffer = BytesMut::new();
        let reason = CloseReason {
            code: CloseCode::from(self.code()),
            description: Some(self.reason().to_owned()).filter(|reason| !reason.is_empty()),
        };
        Parser::write_close(&mut buffer, Some(reason), false);
        buffer.freeze()
    }
}
