//! What the session reports: acks and messages for the scribe, everything else for the machine.

use std::sync::Arc;

use actix::{Context, StreamHandler};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Account,
    inbound::{self, Chunk},
    machine::Input,
    repair::Trigger,
    scribe::{Data, Entry},
};
use crate::session::SessionEvent;

impl Account {
    fn hear(&mut self, event: SessionEvent, ctx: &mut Context<Self>) {
        let input = match event {
            SessionEvent::Pairing { code, expires_at } => {
                if !self.codes.arrive(code, expires_at, self.shared.clock.now()) {
                    return;
                }
                Input::CodeShown
            }
            SessionEvent::PhoneCode(code) => return self.phone_code(code, ctx),
            SessionEvent::PasskeyAsked => Input::PasskeyAsked,
            SessionEvent::PairingIdle if !self.codes.idle(self.shared.clock.now()) => return,
            SessionEvent::PairingIdle => Input::CodesIdle,
            SessionEvent::Linked => {
                // What was said before this phone was linked is history, not news.
                let at = self.shared.clock.now();
                self.note(Entry::Linked(at), ctx);
                self.expect_sync(ctx);
                Input::Linked
            }
            SessionEvent::Ready(who) => {
                self.caught_up = false;
                return self.heard_who(who, ctx);
            }
            SessionEvent::Connection { up } => Input::Connection { up },
            SessionEvent::Proxy(trouble) => Input::Proxy(trouble),
            SessionEvent::LoggedOut { reason } => Input::LoggedOut { reason },
            SessionEvent::Died { reason } => Input::Died { reason },
            SessionEvent::Tested(test) => return self.tested(test, ctx),
            SessionEvent::Unresponsive { detail } => {
                let trigger = Trigger::PageUnresponsive;
                Input::Trouble { trigger, detail }
            }
            SessionEvent::Crashed => {
                let (trigger, detail) = (Trigger::PageCrashed, "the page crashed".to_owned());
                Input::Trouble { trigger, detail }
            }
            SessionEvent::Modal { what } => {
                let (trigger, detail) = (Trigger::Modal, format!("the page is covered ({what})"));
                Input::Trouble { trigger, detail }
            }
            SessionEvent::Acked { .. } | SessionEvent::Received(_) => return,
        };
        self.input(input, ctx);
    }

    fn note_data(&mut self, data: Vec<Data>, permit: &Arc<OwnedSemaphorePermit>, ctx: &mut Context<Self>) {
        let data = self.ours(data, ctx);
        if !data.is_empty() {
            self.note(Entry::Data(data, Some(Arc::clone(permit))), ctx);
        }
    }
}

impl StreamHandler<Chunk> for Account {
    fn handle(&mut self, chunk: Chunk, ctx: &mut Context<Self>) {
        let mut data: Vec<Data> = Vec::new();
        let now = self.shared.clock.now();
        for event in chunk.events {
            if matches!(
                event,
                SessionEvent::Acked { .. } | SessionEvent::Received(_) | SessionEvent::Linked
            ) {
                self.place.note_change();
            }
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
                    self.note_data(std::mem::take(&mut data), &chunk.permit, ctx);
                    self.hear(other, ctx);
                }
            }
        }
        self.note_data(data, &chunk.permit, ctx);
    }

    fn finished(&mut self, ctx: &mut Context<Self>) {
        // Before the session is open, the answer to opening it says more.
        if self.opened {
            let reason = "the session ended without a word".to_owned();
            self.input(Input::Died { reason }, ctx);
        }
    }
}
