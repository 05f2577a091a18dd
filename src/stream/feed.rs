//! What a socket has to be told next: pages of the journal while it is behind, frames of the ring once it is not.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use zaptor_actors::{domain::event::Event, journal, store::StoreError};

use super::{
    frames::{self, Control},
    hub::{DELIVERED, Seat},
    ring::Batch,
    selection::Selection,
};

/// Events that a socket reads from the journal at once.
const PAGE: u64 = 200;

/// A page that is being read, with the number that the journal had reached before: everything up to there is in it.
struct Reading {
    reached: i64,
    page: BoxFuture<'static, Result<Vec<Event>, StoreError>>,
}

/// A socket's cursor through the journal.
pub(super) struct Feed {
    selection: Selection,
    cursor: i64,
    reading: Option<Reading>,
    said_ready: bool,
}

impl Feed {
    pub(super) fn new(selection: Selection, cursor: i64) -> Self {
        Self {
            selection,
            cursor,
            reading: None,
            said_ready: false,
        }
    }

    /// Everything up to this number was given out, or was not asked for.
    pub(super) fn cursor(&self) -> i64 {
        self.cursor
    }

    /// Changes what is asked for, from the cursor on.
    pub(super) fn select(&mut self, change: impl FnOnce(&mut Selection)) {
        change(&mut self.selection);
        // A page read under the old selection may lack what the new one asks for.
        self.reading = None;
    }

    /// The next bytes to write.
    pub(super) fn poll(&mut self, seat: &Seat, context: &mut Context<'_>) -> Poll<Result<Bytes, StoreError>> {
        loop {
            let (batch, behind) = {
                let ring = seat.tail.ring.read();
                let covered = self.reading.is_none() && ring.covers(self.cursor);
                (
                    ring.after(self.cursor).filter(|_| covered),
                    (!covered).then(|| ring.head()),
                )
            };
            let (bytes, count) = if let Some(reached) = behind {
                ready!(self.poll_page(seat, reached, context))?
            } else if let Some(batch) = batch {
                let picked = batch.pick(self.cursor, &self.selection);
                self.cursor = self.cursor.max(batch.last());
                picked
            } else {
                seat.line.caught_up();
                if self.said_ready {
                    return Poll::Pending;
                }
                self.said_ready = true;
                let mut bytes = BytesMut::with_capacity(64);
                frames::put_control(&mut bytes, &Control::Ready { seq: self.cursor });
                (bytes.freeze(), 0)
            };
            seat.line.moved(self.cursor);
            if !bytes.is_empty() {
                DELIVERED.inc_by(count as u64);
                return Poll::Ready(Ok(bytes));
            }
        }
    }

    fn poll_page(
        &mut self,
        seat: &Seat,
        reached: i64,
        context: &mut Context<'_>,
    ) -> Poll<Result<(Bytes, usize), StoreError>> {
        let reading = self.reading.get_or_insert_with(|| {
            let (hub, tenant) = (Arc::clone(&seat.hub), seat.tail.tenant);
            let (cursor, hint) = (self.cursor, self.selection.hint());
            let page = async move { journal::read(hub.store.reads(), tenant, cursor, &hint, PAGE).await };
            Reading {
                reached,
                page: Box::pin(page),
            }
        });
        let events = ready!(reading.page.as_mut().poll(context));
        let reached = reading.reached;
        self.reading = None;
        let events = events?;
        let last = events.last().map_or(self.cursor, |event| event.seq);
        let from = self.cursor;
        // A page that is not full holds all there was: what lies between its last event and `reached` is not asked for.
        let full = events.len() as u64 == PAGE;
        self.cursor = if full { last } else { last.max(reached) };
        if events.is_empty() {
            return Poll::Ready(Ok((Bytes::new(), 0)));
        }
        Poll::Ready(Ok(Batch::of(&events).pick(from, &self.selection)))
    }
}
