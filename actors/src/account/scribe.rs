//! Writes what a generation says and hears, in order, many in one write. It outlives its actor by what is queued: a
//! panic loses nothing that was said before it.
//!
//! Every write carries the generation's epoch. A write that changes nothing is checked against the stored epoch, and a
//! lost epoch is reported to the actor, which ends.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    Place, Shared,
    events::PairingShown,
    gap::Closed,
    machine::{Evidence, Say},
    obituary::{OneMore, Unwritten},
    recovery::Doubt,
    repair::dossier::Shown,
    spoken::{Held, Spoken},
    writing::{Attempt, Done, Job, Op},
};
use crate::{
    domain::{AccountId, AccountState, AgentReport, Clock, MessageId, Timestamp, WaMessageId, message::Ack},
    outbox::{InboundFields, Outcome},
    store::StoreError,
};

/// How many entries may wait. The actor's own are few and the session's data is held back at the stream, so a full
/// queue means that the store has stalled: the generation then ends.
const QUEUE: usize = 1_024;
/// How many entries one write takes together.
const BATCH: usize = 128;
/// How often a write is tried again after its generation has ended.
const LAST_TRIES: u32 = 3;

/// Something to be written.
pub(super) enum Entry {
    /// A state.
    Say(Say),
    /// A code is shown.
    Pairing(PairingShown),
    /// A round trip was proven now.
    RoundTrip(Evidence),
    /// Where a repair stands, and what became of an attempt.
    Repair(Option<Shown>, Option<Attempt>),
    /// Acks and messages from the session; the permit, where they came by the stream, lets it go on once they are
    /// committed.
    Data(Vec<Data>, Option<Arc<OwnedSemaphorePermit>>),
    /// From now on an ack of this id settles the message.
    Watch { wa_id: WaMessageId, message: MessageId },
    /// A phone was linked now.
    Linked(Timestamp),
    /// The agent has tested a page.
    Tested(AgentReport),
    /// Messages that the page had told nobody of, oldest first; answers how many of them were new.
    Backfill(Vec<Data>, oneshot::Sender<usize>),
    /// The page's store was compared with ours.
    Compared(Closed),
    /// A send has ended.
    Settle(Settle, oneshot::Sender<Settlement>),
    /// A message was surely not sent.
    GiveBack(GiveBack, oneshot::Sender<bool>),
}

/// What the session reports about messages.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Acked {
        id: WaMessageId,
        ack: Ack,
    },
    Received {
        fields: InboundFields,
        sent_at: Timestamp,
    },
}

/// How a send ended.
#[derive(Clone, Debug)]
pub(super) struct Settle {
    pub(super) message: MessageId,
    pub(super) wa_id: WaMessageId,
    pub(super) outcome: Outcome,
    /// A later ack that is known already.
    pub(super) ack: Option<Ack>,
}

/// A message that waits for its next attempt.
#[derive(Clone, Debug)]
pub(super) struct GiveBack {
    pub(super) message: MessageId,
    pub(super) wa_id: WaMessageId,
    pub(super) cause: String,
    pub(super) run_at: Timestamp,
}

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    /// Committed now.
    Done,
    /// It had been settled before (an ack was faster).
    Before,
    /// The epoch is lost, or the store refused: whoever owns the row now looks it up.
    Refused,
}

/// The way to the scribe. Cheap to clone; the scribe ends when the last one is dropped.
#[derive(Clone)]
pub(super) struct ScribeHandle {
    entries: mpsc::Sender<Queued>,
    words: Unwritten,
    spoken: Spoken,
    account: AccountId,
    epoch: i64,
    clock: Clock,
}

/// An entry in the queue; a state counts as unwritten, and is what is said of the account, until it is taken over.
struct Queued(Entry, Option<(OneMore, Held)>);

impl From<Entry> for Queued {
    fn from(entry: Entry) -> Self {
        Self(entry, None)
    }
}

impl ScribeHandle {
    /// Queues an entry without waiting; gives false when the store has stalled.
    pub(super) fn note(&self, entry: Entry) -> bool {
        let word = match &entry {
            Entry::Say(say) => {
                let held = self.spoken.hold(self.account, say, self.epoch, self.clock.now());
                Some((self.words.begin(), held))
            }
            _ => None,
        };
        self.entries.try_send(Queued(entry, word)).is_ok()
    }

    /// From now on an ack of this id settles the message.
    pub(super) async fn watch(&self, wa_id: WaMessageId, message: MessageId) {
        let _ = self.entries.send(Entry::Watch { wa_id, message }.into()).await;
    }

    /// Settles a message; answers once it is committed.
    pub(super) async fn settle(&self, settle: Settle) -> Settlement {
        let (answer, answered) = oneshot::channel();
        let _ = self.entries.send(Entry::Settle(settle, answer).into()).await;
        answered.await.unwrap_or(Settlement::Refused)
    }

    /// Stores messages that the page had told nobody of; gives how many of them were new, once they are committed.
    pub(super) async fn backfill(&self, data: Vec<Data>) -> usize {
        let (answer, answered) = oneshot::channel();
        let _ = self.entries.send(Entry::Backfill(data, answer).into()).await;
        answered.await.unwrap_or(0)
    }

    /// Puts a message back; gives whether it was still ours to put back.
    pub(super) async fn give_back(&self, back: GiveBack) -> bool {
        let (answer, answered) = oneshot::channel();
        let _ = self.entries.send(Entry::GiveBack(back, answer).into()).await;
        answered.await.unwrap_or(false)
    }
}

/// What the actor holds of its scribe.
pub(super) struct ScribeTask {
    pub(super) handle: ScribeHandle,
    /// Completes when the epoch is found lost.
    pub(super) stale: oneshot::Receiver<()>,
    /// Completes when everything is written.
    pub(super) done: oneshot::Receiver<()>,
}

/// Starts a scribe for one generation on the current arbiter. `adopted` is what older epochs left in doubt.
pub(super) fn start(
    shared: &Shared,
    place: &Place,
    stamp: Stamp,
    adopted: &[Doubt],
    token: CancellationToken,
) -> ScribeTask {
    let (entries, waiting) = mpsc::channel(QUEUE);
    let (tell_stale, stale) = oneshot::channel();
    let (tell_done, done) = oneshot::channel();
    let words = Unwritten::default();
    *place.words.lock() = words.clone();
    let scribe = Scribe {
        shared: shared.clone(),
        place: place.clone(),
        stamp,
        token,
        stale: Some(tell_stale),
        sending: adopted
            .iter()
            .map(|doubt| (doubt.outgoing.id.clone(), doubt.message))
            .collect(),
    };
    tokio::spawn(async move {
        scribe.run(waiting).await;
        let _ = tell_done.send(());
    });
    ScribeTask {
        handle: ScribeHandle {
            entries,
            words,
            spoken: shared.spoken.clone(),
            account: place.account,
            epoch: stamp.epoch,
            clock: shared.clock.clone(),
        },
        stale,
        done,
    }
}

/// Under which numbers a generation writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub(super) epoch: i64,
    pub(super) generation: u64,
}

enum Answer {
    None,
    Stored(oneshot::Sender<usize>),
    Settlement(oneshot::Sender<Settlement>),
    Back(oneshot::Sender<bool>),
}

struct Scribe {
    shared: Shared,
    place: Place,
    stamp: Stamp,
    token: CancellationToken,
    stale: Option<oneshot::Sender<()>>,
    /// Messages that are `sending` under our epoch, by their WhatsApp id.
    sending: HashMap<WaMessageId, MessageId>,
}

impl Scribe {
    async fn run(mut self, mut waiting: mpsc::Receiver<Queued>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            let (mut ops, mut answers, mut permits) = (Vec::new(), Vec::new(), Vec::new());
            let mut words = Vec::new();
            for Queued(entry, word) in batch.drain(..) {
                words.extend(word);
                self.plan(entry, &mut ops, &mut answers, &mut permits);
            }
            if ops.is_empty() {
                continue;
            }
            let ops = Arc::new(ops);
            let done = self.commit(&ops).await;
            for ((op, done), answer) in ops.iter().zip(done).zip(answers) {
                self.conclude(op, done, answer).await;
            }
            // Only now may the stream bring more, and an end be written.
            drop((permits, words));
        }
    }

    fn plan(
        &mut self,
        entry: Entry,
        ops: &mut Vec<Op>,
        answers: &mut Vec<Answer>,
        permits: &mut Vec<Arc<OwnedSemaphorePermit>>,
    ) {
        let (op, answer) = match entry {
            Entry::Watch { wa_id, message } => {
                self.sending.insert(wa_id, message);
                return;
            }
            Entry::Data(data, permit) => {
                permits.extend(permit);
                for item in data {
                    if let Some(op) = self.plan_data(item) {
                        ops.push(op);
                        answers.push(Answer::None);
                    }
                }
                return;
            }
            Entry::Say(say) => (Op::Say(say), Answer::None),
            Entry::Pairing(shown) => (Op::Pairing(shown), Answer::None),
            Entry::RoundTrip(evidence) => (Op::RoundTrip(evidence), Answer::None),
            Entry::Linked(at) => (Op::Linked(at), Answer::None),
            Entry::Tested(report) => (Op::Tested(Box::new(report)), Answer::None),
            Entry::Compared(closed) => (Op::Compared(closed), Answer::None),
            Entry::Backfill(data, answer) => {
                let ops = data.into_iter().filter_map(|item| self.plan_data(item));
                (Op::Together(ops.collect()), Answer::Stored(answer))
            }
            Entry::Repair(shown, attempt) => (Op::Repair(shown, attempt), Answer::None),
            Entry::Settle(settle, answer) => (Op::Settle(settle), Answer::Settlement(answer)),
            Entry::GiveBack(back, answer) => (Op::GiveBack(back), Answer::Back(answer)),
        };
        ops.push(op);
        answers.push(answer);
    }

    fn plan_data(&self, data: Data) -> Option<Op> {
        match data {
            Data::Acked {
                ack: Ack::Pending, ..
            } => None,
            Data::Acked { id, ack } => {
                let settles = self.sending.get(&id).copied();
                (settles.is_some() || ack > Ack::Server).then_some(Op::Acked { id, ack, settles })
            }
            Data::Received { fields, sent_at } => Some(Op::Received { fields, sent_at }),
        }
    }

    /// Writes all, or each alone when they do not go together; gives what became of each.
    async fn commit(&self, ops: &Arc<Vec<Op>>) -> Vec<Done> {
        if let Ok(done) = self.write(Arc::clone(ops)).await {
            return done;
        }
        let mut all = Vec::with_capacity(ops.len());
        for op in ops.iter() {
            match self.write(Arc::new(vec![op.clone()])).await {
                Ok(done) => all.extend(done),
                Err(error) => {
                    tracing::error!(target: "zaptor::account", account = %self.place.account, epoch = self.stamp.epoch,
                        generation = self.stamp.generation, %error, "a write was refused and is given up");
                    all.push(Done::Refused);
                }
            }
        }
        all
    }

    /// Writes, again and again while the store is not available; after the generation's end only a few times more.
    async fn write(&self, ops: Arc<Vec<Op>>) -> Result<Vec<Done>, StoreError> {
        let mut pause = Duration::from_millis(50);
        let mut last_tries = LAST_TRIES;
        loop {
            let job = Job {
                shared: self.shared.clone(),
                place: self.place.clone(),
                epoch: self.stamp.epoch,
                ops: Arc::clone(&ops),
            };
            let error = match self.shared.store.write(move |tx| job.run(tx)).await {
                Ok(done) => return Ok(done),
                Err(error @ (StoreError::Unavailable(_) | StoreError::Uncertain(_))) => error,
                Err(error) => return Err(error),
            };
            if self.token.is_cancelled() {
                last_tries -= 1;
                if last_tries == 0 {
                    return Err(error);
                }
            }
            self.shared.clock.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    async fn conclude(&mut self, op: &Op, done: Done, answer: Answer) {
        let changed = matches!(done, Done::Changed(_));
        let settled_before = match op {
            Op::Settle(settle) => !self.sending.contains_key(&settle.wa_id),
            _ => false,
        };
        if !changed && !settled_before && op.is_guarded() {
            self.check_epoch().await;
        }
        match op {
            Op::Say(say) => {
                if let Done::Changed(Some(from)) = done {
                    self.said(from, say);
                }
            }
            Op::Acked { id, .. } if changed => drop(self.sending.remove(id)),
            Op::Settle(Settle { wa_id, .. }) | Op::GiveBack(GiveBack { wa_id, .. }) if changed => {
                self.sending.remove(wa_id);
            }
            _ => {}
        }
        match answer {
            Answer::None => {}
            Answer::Stored(answer) => {
                let stored = match done {
                    Done::Stored(stored) => stored,
                    _ => 0,
                };
                let _ = answer.send(stored);
            }
            Answer::Back(answer) => drop(answer.send(changed)),
            Answer::Settlement(answer) => {
                let settlement = match (changed, settled_before) {
                    (true, _) => Settlement::Done,
                    (false, true) => Settlement::Before,
                    (false, false) => Settlement::Refused,
                };
                let _ = answer.send(settlement);
            }
        }
    }

    fn said(&self, from: AccountState, say: &Say) {
        self.place.standing.set_state(say.state, self.stamp.epoch);
        tracing::info!(target: "zaptor::account", account = %self.place.account, from = %from, to = %say.state,
            reason = say.reason.as_deref(), generation = self.stamp.generation, epoch = self.stamp.epoch,
            "account state");
    }

    /// Tells the actor when somebody else has raised the epoch. A store that does not answer proves nothing.
    async fn check_epoch(&mut self) {
        let row = self
            .shared
            .store
            .reads()
            .account(self.place.tenant, self.place.account)
            .await;
        let lost = match row {
            Ok(row) => row.is_none_or(|row| row.epoch != self.stamp.epoch),
            Err(_) => false,
        };
        if lost && let Some(stale) = self.stale.take() {
            let _ = stale.send(());
        }
    }
}
