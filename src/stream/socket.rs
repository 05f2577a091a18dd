//! A socket: the body of the answer that upgraded the connection. It is polled when there is room to write, so its pace
//! is the peer's pace.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{Error, web};
use bytes::{Bytes, BytesMut};
use futures::Stream;

use super::{
    client::{Ear, Heard, Word},
    feed::Feed,
    frames::{self, Control, Farewell},
    hub::Seat,
    selection::Selection,
};

/// Chunks taken from the client in one turn: a chatty one does not starve its own stream.
const CHUNKS_PER_TURN: usize = 16;
/// Answers that may wait while the peer does not read; a client that asks for more is ended.
const ANSWERS_MAX: usize = 64 * 1_024;

pub(super) struct Socket {
    seat: Seat,
    feed: Feed,
    payload: Pin<Box<web::Payload>>,
    ear: Ear,
    answers: BytesMut,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ending(Farewell),
    Over,
}

impl Socket {
    pub(super) fn new(seat: Seat, selection: Selection, cursor: i64, payload: web::Payload) -> Self {
        Self {
            seat,
            feed: Feed::new(selection, cursor),
            payload: Box::pin(payload),
            ear: Ear::default(),
            answers: BytesMut::new(),
            state: State::Open,
        }
    }

    fn listen(&mut self, context: &mut Context<'_>) {
        for _ in 0..CHUNKS_PER_TURN {
            match self.payload.as_mut().poll_next(context) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(chunk))) => {
                    self.seat.line.heard(self.seat.hub.now());
                    self.ear.feed(&chunk);
                    while self.state == State::Open
                        && let Some(heard) = self.ear.next()
                    {
                        self.answer(heard);
                    }
                }
                // The peer is gone: nobody is left to be told.
                Poll::Ready(Some(Err(_)) | None) => {
                    self.state = State::Over;
                    return;
                }
            }
            if self.state != State::Open {
                return;
            }
        }
        context.waker().wake_by_ref();
    }

    fn answer(&mut self, heard: Heard) {
        match heard {
            Heard::Word(Word::Subscribe { types, accounts }) => {
                self.feed.select(|selection| selection.add(&types, &accounts));
            }
            Heard::Word(Word::Unsubscribe { types, accounts }) => {
                self.feed.select(|selection| selection.remove(&types, &accounts));
            }
            Heard::Word(Word::Ack { .. }) | Heard::Pong => {}
            Heard::Word(Word::Ping) => frames::put_control(&mut self.answers, &Control::Pong),
            Heard::Nonsense(detail) => {
                let error = Control::Error {
                    code: "invalid_frame",
                    detail: &detail,
                };
                frames::put_control(&mut self.answers, &error);
            }
            Heard::Ping(content) => frames::put_pong(&mut self.answers, &content),
            Heard::End(farewell) => self.state = State::Ending(farewell),
        }
        if self.answers.len() > ANSWERS_MAX {
            self.state = State::Ending(Farewell::Policy);
        }
    }
}

impl Stream for Socket {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let socket = self.get_mut();
        socket.seat.line.wait(context.waker());
        if socket.state == State::Open {
            socket.listen(context);
        }
        if let (State::Open, Some(farewell)) = (socket.state, socket.seat.line.farewell()) {
            socket.state = State::Ending(farewell);
        }
        match socket.state {
            State::Over => return Poll::Ready(None),
            State::Ending(farewell) => {
                socket.state = State::Over;
                return Poll::Ready(Some(Ok(farewell.frame())));
            }
            State::Open => {}
        }
        if socket.seat.line.take_heartbeat() {
            let seq = socket.feed.cursor();
            frames::put_control(&mut socket.answers, &Control::Heartbeat { seq });
            frames::put_ping(&mut socket.answers);
        }
        if !socket.answers.is_empty() {
            return Poll::Ready(Some(Ok(socket.answers.split().freeze())));
        }
        socket.feed.poll(&socket.seat, context).map(|bytes| match bytes {
            Ok(bytes) => Some(Ok(bytes)),
            Err(error) => {
                tracing::warn!(target: "zaptor::stream", %error, "a stream ended: the journal cannot be read");
                socket.state = State::Over;
                Some(Ok(Farewell::TryAgain.frame()))
            }
        })
    }
}
