//! The events that a tenant's sockets share: encoded once, kept until the ring is full.

use std::{collections::VecDeque, sync::Arc};

use bytes::{Bytes, BytesMut};
use zaptor_actors::domain::{
    AccountId,
    event::{Event, EventType},
};

use super::{frames, selection::Selection};

/// Where an event's frame ends, and what a selection asks of it.
struct Mark {
    seq: i64,
    kind: EventType,
    account: Option<AccountId>,
    end: usize,
}

/// Events that were read together: their frames, one after the other, ready to be written.
pub(super) struct Batch {
    last: i64,
    frames: Bytes,
    marks: Vec<Mark>,
}

impl Batch {
    /// Encodes events (at least one, in order).
    pub(super) fn of(events: &[Event]) -> Self {
        let mut frames = BytesMut::with_capacity(events.len() * 512);
        let mut text = Vec::with_capacity(512);
        let mut marks = Vec::with_capacity(events.len());
        for event in events {
            text.clear();
            // Plain data into memory: this cannot fail.
            if serde_json::to_writer(&mut text, event).is_ok() {
                frames::put_text(&mut frames, &text);
            }
            marks.push(Mark {
                seq: event.seq,
                kind: event.kind,
                account: event.account,
                end: frames.len(),
            });
        }
        Self {
            last: events.last().map_or(0, |event| event.seq),
            frames: frames.freeze(),
            marks,
        }
    }

    /// The number of its last event.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    /// The frames after `cursor` that pass, and how many they are. Copies nothing when they lie side by side.
    pub(super) fn pick(&self, cursor: i64, selection: &Selection) -> (Bytes, usize) {
        let from = self.marks.partition_point(|mark| mark.seq <= cursor);
        if selection.is_everything() {
            return (self.frames.slice(self.start(from)..), self.marks.len() - from);
        }
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut count = 0;
        for (i, mark) in self.marks.iter().enumerate().skip(from) {
            if !selection.passes(mark.kind, mark.account) {
                continue;
            }
            count += 1;
            match runs.last_mut() {
                Some((_, end)) if *end == self.start(i) => *end = mark.end,
                _ => runs.push((self.start(i), mark.end)),
            }
        }
        let bytes = match runs.as_slice() {
            [] => Bytes::new(),
            [(start, end)] => self.frames.slice(*start..*end),
            runs => {
                let mut bytes = BytesMut::with_capacity(runs.iter().map(|(start, end)| end - start).sum());
                runs.iter()
                    .for_each(|(start, end)| bytes.extend_from_slice(&self.frames[*start..*end]));
                bytes.freeze()
            }
        };
        (bytes, count)
    }

    fn start(&self, i: usize) -> usize {
        i.checked_sub(1).map_or(0, |before| self.marks[before].end)
    }
}

/// The newest events, without gaps: everything after `start`, up to and including `head`.
pub(super) struct Ring {
    start: i64,
    head: i64,
    batches: VecDeque<Arc<Batch>>,
    events: usize,
    events_max: usize,
}

impl Ring {
    /// An empty ring that begins after `head`.
    pub(super) fn new(head: i64, events_max: usize) -> Self {
        Self {
            start: head,
            head,
            batches: VecDeque::new(),
            events: 0,
            events_max,
        }
    }

    /// Whether the ring has everything after `cursor`.
    pub(super) fn covers(&self, cursor: i64) -> bool {
        cursor >= self.start
    }

    /// The number of the newest event.
    pub(super) fn head(&self) -> i64 {
        self.head
    }

    /// Adds the next events and drops the oldest that do not fit any more.
    pub(super) fn push(&mut self, batch: Arc<Batch>) {
        self.head = batch.last;
        self.events += batch.marks.len();
        self.batches.push_back(batch);
        while self.events > self.events_max && self.batches.len() > 1 {
            if let Some(oldest) = self.batches.pop_front() {
                self.events -= oldest.marks.len();
                self.start = oldest.last;
            }
        }
    }

    /// The first batch that reaches beyond `cursor`.
    pub(super) fn after(&self, cursor: i64) -> Option<Arc<Batch>> {
        let i = self.batches.partition_point(|batch| batch.last <= cursor);
        self.batches.get(i).cloned()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use serde_json::value::RawValue;
    use zaptor_actors::domain::{EventId, TenantId, Timestamp};

    use super::*;

    fn event(seq: i64, kind: EventType) -> Event {
        Event {
            id: EventId::from_bits(seq.unsigned_abs().into()),
            seq,
            kind,
            tenant: TenantId::from_bits(1),
            account: Some(AccountId::from_bits(u128::from(seq.unsigned_abs() % 2))),
            account_seq: None,
            timestamp: Timestamp::from_millis(0),
            data: Arc::from(RawValue::from_string("{}".to_owned()).unwrap()),
        }
    }

    fn batch(range: std::ops::RangeInclusive<i64>) -> Batch {
        let kind = |seq| {
            if seq % 3 == 0 {
                EventType::MessageRead
            } else {
                EventType::MessageSent
            }
        };
        Batch::of(&range.map(|seq| event(seq, kind(seq))).collect::<Vec<_>>())
    }

    /// The numbers in a run of text frames, each shorter than 64 KiB.
    fn numbers(mut bytes: &[u8]) -> Vec<i64> {
        let mut numbers = Vec::new();
        while let [0x81, length, rest @ ..] = bytes {
            let (length, rest) = match length {
                126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
                short => (usize::from(*short), rest),
            };
            let event: Event = serde_json::from_slice(&rest[..length]).unwrap();
            numbers.push(event.seq);
            bytes = &rest[length..];
        }
        assert!(bytes.is_empty());
        numbers
    }

    #[test]
    fn a_pick_begins_after_the_cursor_and_keeps_what_passes() {
        let batch = batch(1..=9);
        let all = Selection::of(vec![], vec![]);
        assert_eq!(numbers(&batch.pick(0, &all).0), (1..=9).collect::<Vec<_>>());
        assert_eq!(numbers(&batch.pick(4, &all).0), [5, 6, 7, 8, 9]);
        assert!(batch.pick(9, &all).0.is_empty());
        let read = Selection::of(vec![EventType::MessageRead], vec![]);
        let (bytes, count) = batch.pick(3, &read);
        assert_eq!((numbers(&bytes), count), (vec![6, 9], 2));
        let odd = Selection::of(vec![], vec![AccountId::from_bits(1)]);
        assert_eq!(numbers(&batch.pick(6, &odd).0), [7, 9]);
        assert!(
            batch
                .pick(0, &Selection::of(vec![EventType::WalletLow], vec![]))
                .0
                .is_empty()
        );
    }

    #[test]
    fn a_full_ring_drops_its_oldest_and_knows_it() {
        let mut ring = Ring::new(10, 6);
        assert!(ring.covers(10) && !ring.covers(9));
        for range in [11..=13, 14..=16, 17..=19] {
            ring.push(Arc::new(batch(range)));
        }
        assert!(!ring.covers(12) && ring.covers(13));
        assert_eq!(
            (ring.after(13).unwrap().last(), ring.after(16).unwrap().last()),
            (16, 19)
        );
        assert!(ring.after(19).is_none());
        assert_eq!(ring.head(), 19);
    }
}
