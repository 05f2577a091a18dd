//! What the session reports: acks and messages for the scribe, everything else for the machine.

use actix::{Context, StreamHandler};

use super::{
    Account,
    inbound::{self, Chunk},
    machine::Input,
    scribe::{Data, Entry},
};
use crate::session::SessionEvent;

impl Account {
    fn hear(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        let input = match event {
            SessionEvent::Pairing { code, expires_at } => {
                self.codes.arrive(code, expires_at);
                Input::CodeShown
            }
            SessionEvent::PairingIdle => Input::CodesIdle,
            SessionEvent::Linked => {
                // What was said before this phone was linked is history, not news.
                let at = self.shared.clock.now();
                self.note(Entry::Linked(at), ctx);
                self.expect_sync(ctx);
                Input::Linked
            }
            SessionEvent::Ready(who) => Input::Ready(who),
            SessionEvent::Connection { up } => Input::Connection { up },
            SessionEvent::LoggedOut { reason } => Input::LoggedOut { reason },
            SessionEvent::Died { reason } => Input::Died { reason },
            SessionEvent::Tested(test) => return self.tested(test, ctx),
            SessionEvent::Acked { .. } | SessionEvent::Received(_) => return,
        };
        self.input(input, ctx);
    }
}

impl StreamHandler<Chunk> for Account {
    fn handle(&mut self, chunk: Chunk, ctx: &mut Context<Self>) {
        let mut data: Vec<Data> = Vec::new();
        let now = self.shared.clock.now();
        for event in chunk.events {
            match event {
                SessionEvent::Acked { id, ack } => {
                    self.place.activity.hear_now(now);
                    data.push(Data::Acked { id, ack });
                }
                SessionEvent::Received(message) => {
                    self.place.activity.use_now(now);
                    data.push(inbound::received(message, false));
                }
                other => {
                    // What came before is written before.
                    if !data.is_empty() {
                        self.note(
                            Entry::Data(std::mem::take(&mut data), Some(chunk.permit.clone())),
                            ctx,
                        );
                    }
                    self.hear(other, ctx);
                }
            }
        }
        if !data.is_empty() {
            self.note(Entry::Data(data, Some(chunk.permit)), ctx);
        }
    }

    fn finished(&mut self, ctx: &mut Context<Self>) {
        // Before the session is open, the answer to opening it says more.
        if self.opened {
            let reason = "the session ended without a word".to_owned();
            self.input(Input::Died { reason }, ctx);
        }
    }
}
