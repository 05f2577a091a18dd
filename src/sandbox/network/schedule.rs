//! What the network will do later, in the order in which it is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::{Deserialize, Serialize};

use super::number::Number;
use super::state::{Arrival, Millis};

/// Something that happens by itself when its time has come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Due {
    /// The server acknowledges a send on the socket that made it.
    Answer { socket: u64, rid: String, at: Millis },
    /// All to whom it goes get the message.
    Deliver(Arrival),
    /// One who was away gets it.
    DeliverTo(Arrival, Number),
    /// All who have it read it.
    Read(Arrival),
    /// One person reads it.
    ReadBy(Arrival, Number),
    /// A robot answers.
    Reply(Arrival),
    /// The next piece of history for a page.
    History(u64),
    /// A status post is over.
    Expire(Arrival),
    /// A fault strikes: its number among the planned ones.
    Strike(u64),
    /// The time of a "What's new" dialog is over: its session, and the fault that has opened it.
    ModalIgnored((String, u64)),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Entry {
    due: Millis,
    /// Entries of the same moment keep the order in which they were made.
    order: u64,
    what: Due,
}

/// A queue by time, then by order of entry.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Schedule {
    entries: BinaryHeap<Reverse<Entry>>,
    made: u64,
}

impl Schedule {
    /// Adds something for the moment `due`.
    pub(crate) fn add(&mut self, due: Millis, what: Due) {
        self.made += 1;
        self.entries.push(Reverse(Entry {
            due,
            order: self.made,
            what,
        }));
    }

    /// When the next thing is due.
    pub(crate) fn next(&self) -> Option<Millis> {
        self.entries.peek().map(|Reverse(entry)| entry.due)
    }

    /// Takes the next thing that is due at `now`, with its own moment.
    pub(crate) fn take(&mut self, now: Millis) -> Option<(Millis, Due)> {
        if self.next()? > now {
            return None;
        }
        self.entries.pop().map(|Reverse(entry)| (entry.due, entry.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_time_then_by_order_of_entry() {
        let mut schedule = Schedule::default();
        for (due, arrival) in [(30, 1), (10, 2), (30, 3), (20, 4)] {
            schedule.add(due, Due::Deliver(arrival));
        }
        assert_eq!(schedule.next(), Some(10));
        assert_eq!(schedule.take(5), None);
        let mut taken = Vec::new();
        while let Some((_, what)) = schedule.take(30) {
            taken.push(what);
        }
        assert_eq!(taken, [2, 4, 1, 3].map(Due::Deliver));
    }
}
