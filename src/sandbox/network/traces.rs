//! What has changed lately, so that an onlooker looks there alone: the cost of a change must not grow with what the
//! network holds. Never written down.

use std::collections::{HashSet, VecDeque};

use super::chat_id::{ChatId, GroupId};
use super::number::Number;
use super::state::Arrival;

/// Traces kept. An onlooker who comes later than that looks at everything anew.
const KEPT: usize = 4_096;

/// Where something has changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trace {
    /// A message, wherever it stands.
    Message(Arrival),
    /// A phone's chat: messages have come at its end, or what else belongs to it is not as it was.
    Chat(Number, ChatId),
    /// A phone's chat in any other way: messages have come before others, or have gone.
    Remade(Number, ChatId),
    /// All chats of a phone in any way.
    Chats(Number),
    /// A phone: who it is, what it has linked, whether that is connected.
    Phone(Number),
    /// A group: what it is called, who is in it.
    Group(GroupId),
    /// Somebody begins or stops to type there: the chat as the one who types addresses it.
    Typing(ChatId, Number),
    /// The pages that wait for a phone.
    Pages,
}

/// The latest traces, each with its place in the order of all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traces {
    kept: VecDeque<Trace>,
    gone: u64,
}

impl Traces {
    /// Something changes there.
    pub(super) fn leave(&mut self, trace: Trace) {
        self.kept.push_back(trace);
        if self.kept.len() > KEPT {
            self.kept.pop_front();
            self.gone += 1;
        }
    }

    /// How many there were so far.
    pub(crate) fn mark(&self) -> u64 {
        self.gone + self.kept.len() as u64
    }

    /// Those after the first `mark`, each once; `None` where some of them are not kept any more.
    pub(crate) fn since(&self, mark: u64) -> Option<Vec<&Trace>> {
        let skipped = usize::try_from(mark.checked_sub(self.gone)?).ok()?;
        let mut known = HashSet::new();
        let fresh = self.kept.iter().skip(skipped);
        Some(fresh.filter(|trace| known.insert(*trace)).collect())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use super::*;

    #[test]
    fn each_trace_is_told_once_and_late_comers_are_told_that_they_are_late() {
        let mut traces = Traces::default();
        let begin = traces.mark();
        for _ in 0..3 {
            traces.leave(Trace::Message(7));
            traces.leave(Trace::Pages);
        }
        assert_eq!(traces.since(begin).unwrap(), [&Trace::Message(7), &Trace::Pages]);
        let mark = traces.mark();
        assert!(traces.since(mark).unwrap().is_empty());
        for arrival in 0..KEPT as u64 {
            traces.leave(Trace::Message(arrival));
        }
        assert_eq!(traces.since(mark).unwrap().len(), KEPT);
        assert_eq!(traces.since(mark - 1), None);
        assert_eq!(traces.mark(), mark + KEPT as u64);
    }
}
