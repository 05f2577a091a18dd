//! Whose session is opened next: opening one is the most expensive thing that an account does, and a machine has room
//! for so many browsers only. One desk for all accounts of a process, whatever opens them: the start of the process, a
//! restart after a pause, a wake, a person.
//!
//! Never more openings at a time than the rules say; never an opening that would overrun the memory budget, but the only
//! one; never one with less urgency before one with more that could be opened as well.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use super::{Gauges, Place, Shared};
use crate::{
    domain::Timestamp,
    outbox,
    store::{AccountRow, StoreError},
    supervision::Hold,
};

/// How many sessions may be opened, and how many may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningRules {
    /// Openings at a time; at least 1.
    pub at_once: usize,
    /// What all browsers together may take, in bytes.
    pub budget_bytes: u64,
}

/// How urgent an opening is. What is greater comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
    /// Whether messages wait to be sent by it.
    pub has_messages: bool,
    /// The account's own priority, 0 to 9.
    pub priority: u8,
    /// When it worked last.
    pub last_used: Option<Timestamp>,
}

impl Urgency {
    /// That of an account as it is stored.
    pub fn of(row: &AccountRow, has_messages: bool) -> Self {
        Self {
            has_messages,
            priority: row.settings.priority.unwrap_or_default(),
            last_used: row.last_round_trip_at,
        }
    }

    /// That of an account as it stands now.
    pub(super) async fn now(shared: &Shared, place: &Place) -> Result<Self, StoreError> {
        let reads = shared.store.reads();
        let has_messages = outbox::has_ready(reads, place.account, shared.clock.now()).await?;
        let row = reads.account(place.tenant, place.account).await?;
        Ok(row.map_or_else(Self::default, |row| Self::of(&row, has_messages)))
    }
}

/// Why an opening has to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Others are being opened.
    Turn,
    /// There is no room for another browser.
    Memory {
        /// What it is expected to take, in bytes.
        needs: u64,
        /// What is left of the budget, in bytes.
        free: u64,
    },
    /// What it shares with others has ended: told by the engine, not by the desk.
    Held(Hold),
}

/// What a session takes of the budget: what was measured, before that what is expected.
#[derive(Clone, Debug)]
pub struct Weight {
    /// What is expected, in bytes; 0 for engines without processes.
    pub expected: u64,
    /// Where it is measured.
    pub gauges: Arc<Gauges>,
}

impl Weight {
    fn bytes(&self) -> u64 {
        let measured = self.gauges.resources().map(|resources| resources.pss_bytes);
        measured.unwrap_or(self.expected)
    }
}

/// The desk. Cheap to clone.
#[derive(Clone)]
pub struct Openings(Arc<Inner>);

struct Inner {
    rules: OpeningRules,
    desk: Mutex<Desk>,
    short: watch::Sender<usize>,
}

#[derive(Default)]
struct Desk {
    last: u64,
    /// So many are about to ask: nobody passes before they have, or the first to come would be the first to pass.
    expected: usize,
    opening: usize,
    running: HashMap<u64, Weight>,
    /// The most urgent first, and among equals who came first.
    waiting: BTreeMap<(Reverse<Urgency>, u64), Waiting>,
}

struct Waiting {
    weight: Weight,
    answer: oneshot::Sender<Opening>,
    waits: watch::Sender<Option<Waits>>,
}

impl std::fmt::Debug for Openings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let desk = self.0.desk.lock();
        let (opening, running, waiting) = (desk.opening, desk.running.len(), desk.waiting.len());
        write!(
            f,
            "Openings({opening} opening, {running} running, {waiting} waiting)"
        )
    }
}

impl Openings {
    /// A desk that follows `rules`.
    pub fn new(rules: OpeningRules) -> Self {
        Self(Arc::new(Inner {
            rules: OpeningRules {
                at_once: rules.at_once.max(1),
                ..rules
            },
            desk: Mutex::default(),
            short: watch::Sender::new(0),
        }))
    }

    /// Waits until a session of this weight may be opened. `waits` is told what for. Giving up is allowed at any time.
    ///
    /// # Errors
    /// None that callers could mend: the desk never goes away while somebody waits.
    pub async fn admit(
        &self,
        urgency: Urgency,
        weight: Weight,
        waits: watch::Sender<Option<Waits>>,
    ) -> Option<Opening> {
        let (answer, admitted) = oneshot::channel();
        let key = {
            let mut desk = self.0.desk.lock();
            desk.last += 1;
            desk.expected = desk.expected.saturating_sub(1);
            let key = (Reverse(urgency), desk.last);
            let waiting = Waiting {
                weight,
                answer,
                waits,
            };
            desk.waiting.insert(key, waiting);
            key
        };
        let place = InLine { openings: self, key };
        self.review();
        let opening = admitted.await.ok();
        drop(place);
        opening
    }

    /// So many are about to ask together; nobody passes before they have asked. 0: nobody is waited for any more.
    pub fn expect(&self, count: usize) {
        self.0.desk.lock().expected = count;
        self.review();
    }

    /// How many wait for memory: told whenever it changes, for whoever can make room.
    pub fn short_of_memory(&self) -> watch::Receiver<usize> {
        self.0.short.subscribe()
    }

    /// Opens the door for whoever may pass now. Called by itself when something ends, and by the sampler when browsers
    /// have been measured.
    pub fn review(&self) {
        // Whoever gave up meanwhile gives an opening back, which takes the lock: never while it is held.
        let mut unwanted = Vec::new();
        let short = {
            let mut desk = self.0.desk.lock();
            loop {
                let next = desk.next(&self.0.rules);
                let Some(key) = next else { break };
                let Some(Waiting { weight, answer, .. }) = desk.waiting.remove(&key) else {
                    break;
                };
                desk.opening += 1;
                desk.running.insert(key.1, weight);
                let opening = Opening {
                    openings: self.clone(),
                    id: key.1,
                    opening: true,
                };
                unwanted.extend(answer.send(opening).err());
            }
            desk.tell(&self.0.rules)
        };
        self.0
            .short
            .send_if_modified(|told| std::mem::replace(told, short) != short);
        drop(unwanted);
    }
}

impl Desk {
    fn taken(&self) -> u64 {
        self.running.values().map(Weight::bytes).sum()
    }

    /// The first in line who fits. Whoever weighs something waits for those before who weigh something.
    fn next(&self, rules: &OpeningRules) -> Option<(Reverse<Urgency>, u64)> {
        if self.opening >= rules.at_once || self.expected > 0 {
            return None;
        }
        let free = rules.budget_bytes.saturating_sub(self.taken());
        let alone = self.running.values().all(|weight| weight.expected == 0);
        let mut blocked = false;
        for (key, waiting) in &self.waiting {
            let needs = waiting.weight.expected;
            if needs == 0 || (!blocked && (needs <= free || alone)) {
                return Some(*key);
            }
            blocked = true;
        }
        None
    }

    /// Tells everybody in line what they wait for; gives how many wait for memory.
    fn tell(&self, rules: &OpeningRules) -> usize {
        let free = rules.budget_bytes.saturating_sub(self.taken());
        let mut short = 0;
        for waiting in self.waiting.values() {
            let needs = waiting.weight.expected;
            let waits = if needs > free {
                short += 1;
                Waits::Memory { needs, free }
            } else {
                Waits::Turn
            };
            // How much is free changes all the time; what is waited for is news.
            waiting.waits.send_if_modified(|told| {
                let news = told.as_ref().map(std::mem::discriminant) != Some(std::mem::discriminant(&waits));
                *told = Some(waits);
                news
            });
        }
        short
    }
}

/// A place in line, given up when dropped.
struct InLine<'a> {
    openings: &'a Openings,
    key: (Reverse<Urgency>, u64),
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let left = self.openings.0.desk.lock().waiting.remove(&self.key);
        if left.is_some() {
            self.openings.review();
        }
    }
}

/// A session that may be opened, and then runs; dropped when it is closed.
pub struct Opening {
    openings: Openings,
    id: u64,
    opening: bool,
}

impl Opening {
    /// The session is open: the next one may begin. Its memory stays taken.
    pub fn opened(&mut self) {
        if std::mem::take(&mut self.opening) {
            self.openings.0.desk.lock().opening -= 1;
            self.openings.review();
        }
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opening({})", self.id)
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        {
            let mut desk = self.openings.0.desk.lock();
            desk.opening -= usize::from(self.opening);
            desk.running.remove(&self.id);
        }
        self.openings.review();
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use futures::FutureExt as _;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::AccountId;

    fn weight(expected: u64) -> Weight {
        Weight {
            expected,
            gauges: Arc::new(Gauges::new(AccountId::from_bits(0x0be1))),
        }
    }

    fn urgency(has_messages: bool, priority: u8, used: i64) -> Urgency {
        Urgency {
            has_messages,
            priority,
            last_used: Some(Timestamp::from_millis(used)),
        }
    }

    type Asked = (
        futures::future::BoxFuture<'static, Option<Opening>>,
        watch::Receiver<Option<Waits>>,
    );

    /// Asks, and stands in line at once.
    fn ask(openings: &Openings, urgency: Urgency, expected: u64) -> Asked {
        let (tell, waits) = watch::channel(None);
        let openings = openings.clone();
        let mut asked = async move { openings.admit(urgency, weight(expected), tell).await }.boxed();
        let first = asked.as_mut().now_or_never();
        let asked = match first {
            Some(answer) => async move { answer }.boxed(),
            None => asked,
        };
        (asked, waits)
    }

    fn answer(asked: &mut Asked) -> Option<Opening> {
        asked.0.as_mut().now_or_never().flatten()
    }

    #[test]
    fn messages_come_before_priority_and_priority_before_the_last_use() {
        let openings = Openings::new(OpeningRules {
            at_once: 1,
            budget_bytes: 0,
        });
        let mut first = ask(&openings, Urgency::default(), 0);
        let mut held = answer(&mut first).unwrap();
        let order = [
            urgency(true, 0, 1),
            urgency(false, 9, 1),
            urgency(false, 3, 7),
            urgency(false, 3, 5),
            Urgency::default(),
        ];
        let mut asked: Vec<Asked> = order.iter().rev().map(|who| ask(&openings, *who, 0)).collect();
        while let Some(mut most_urgent) = asked.pop() {
            assert_eq!(*most_urgent.1.borrow(), Some(Waits::Turn));
            held.opened();
            held = answer(&mut most_urgent).unwrap();
            assert!(asked.iter_mut().all(|other| answer(other).is_none()));
        }
    }

    #[test]
    fn what_does_not_fit_waits_for_memory_in_order_and_says_so() {
        let openings = Openings::new(OpeningRules {
            at_once: 5,
            budget_bytes: 100,
        });
        let mut first = ask(&openings, Urgency::default(), 150);
        let first = answer(&mut first).expect("alone, a browser always fits");
        let mut low = ask(&openings, urgency(false, 1, 0), 40);
        let mut high = ask(&openings, urgency(false, 2, 0), 70);
        let mut weightless = ask(&openings, Urgency::default(), 0);
        assert!(
            answer(&mut weightless).is_some(),
            "without processes there is nothing to wait for"
        );
        for asked in [&low, &high] {
            assert!(matches!(*asked.1.borrow(), Some(Waits::Memory { free: 0, .. })));
        }
        assert_eq!(*openings.short_of_memory().borrow(), 2);
        drop(first);
        let high = answer(&mut high).expect("the more urgent one");
        assert!(answer(&mut low).is_none());
        assert_eq!(*low.1.borrow(), Some(Waits::Memory { needs: 40, free: 30 }));
        drop(high);
        assert!(answer(&mut low).is_some());
        assert_eq!(*openings.short_of_memory().borrow(), 0);
    }

    #[test]
    fn those_who_are_expected_are_waited_for_so_that_the_most_urgent_is_first() {
        let openings = Openings::new(OpeningRules {
            at_once: 1,
            budget_bytes: 0,
        });
        openings.expect(2);
        let mut early = ask(&openings, urgency(false, 1, 0), 0);
        assert!(answer(&mut early).is_none());
        let mut late = ask(&openings, urgency(false, 2, 0), 0);
        let late = answer(&mut late).expect("the more urgent one");
        assert!(answer(&mut early).is_none());
        openings.expect(1);
        drop(late);
        assert!(answer(&mut early).is_none());
        openings.expect(0);
        assert!(
            answer(&mut early).is_some(),
            "who does not come is not waited for"
        );
    }

    #[test]
    fn whoever_gives_up_holds_up_nobody() {
        let openings = Openings::new(OpeningRules {
            at_once: 1,
            budget_bytes: 100,
        });
        let mut held = ask(&openings, Urgency::default(), 10);
        let held = answer(&mut held).unwrap();
        let gone = ask(&openings, urgency(true, 9, 9), 200);
        let mut next = ask(&openings, Urgency::default(), 10);
        drop(held);
        drop(gone);
        assert!(answer(&mut next).is_some(), "{openings:?}");
    }

    proptest! {
        #[test]
        fn neither_bound_is_ever_passed(
            at_once in 1_usize..5,
            steps in prop::collection::vec((any::<bool>(), 0_u8..10, 0_u64..60, 0_usize..8), 1..80),
        ) {
            let openings = Openings::new(OpeningRules { at_once, budget_bytes: 100 });
            let (mut asked, mut held): (Vec<Asked>, Vec<Opening>) = (Vec::new(), Vec::new());
            for (has_messages, priority, expected, which) in steps {
                match which {
                    0..4 => asked.push(ask(&openings, urgency(has_messages, priority, 0), expected)),
                    4 if !asked.is_empty() => drop(asked.swap_remove(which % asked.len())),
                    5 => held.iter_mut().for_each(Opening::opened),
                    _ if !held.is_empty() => drop(held.swap_remove(which % held.len())),
                    _ => {}
                }
                let mut waiting = Vec::new();
                for mut one in asked.drain(..) {
                    match answer(&mut one) {
                        Some(opening) => held.push(opening),
                        None => waiting.push(one),
                    }
                }
                asked = waiting;
                let desk = openings.0.desk.lock();
                prop_assert!(desk.opening <= at_once);
                let heavy = desk.running.values().filter(|weight| weight.expected > 0).count();
                prop_assert!(desk.taken() <= 100 || heavy <= 1);
                prop_assert_eq!(desk.running.len(), held.len());
            }
            drop(asked);
            drop(held);
            let desk = openings.0.desk.lock();
            prop_assert!(desk.opening == 0 && desk.running.is_empty() && desk.waiting.is_empty());
        }
    }
}
