//! One write of the scribe: operations as data, and what they do inside a transaction.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Serialize;

use super::{
    Place, Shared,
    events::{self, PairingShown},
    gap::Closed,
    inbound,
    machine::{Evidence, Say},
    outbound,
    repair::dossier::Shown,
    scribe::{GiveBack, Settle},
};
use crate::{
    domain::{
        AccountState, AgentReport, MessageId, Timestamp, WaMessageId,
        event::{EventType, NewEvent},
        message::Ack,
    },
    journal,
    outbox::{self, InboundFields, Outcome},
    store::{
        StateChange, StoreError, Tx, accounts, pages,
        round_trips::{self, RoundTrip},
    },
};

/// One write, as data: it may have to be run again.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Say(Say),
    Pairing(PairingShown),
    RoundTrip(Evidence),
    Linked(Timestamp),
    Tested(Box<AgentReport>),
    Compared(Closed),
    /// Several of what follows, of which only the number that changed something matters.
    Together(Vec<Self>),
    Repair(Option<Shown>, Option<Attempt>),
    /// `settles`: the message is still `sending` under our epoch, so that any ack proves that it was sent.
    Acked {
        id: WaMessageId,
        ack: Ack,
        settles: Option<MessageId>,
    },
    Received {
        fields: InboundFields,
        sent_at: Timestamp,
    },
    Settle(Settle),
    GiveBack(GiveBack),
}

/// What became of one attempt of a repair.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Attempt {
    pub(super) stage: &'static str,
    pub(super) attempt: u32,
    pub(super) trigger: &'static str,
    pub(super) outcome: &'static str,
}

/// Whether an operation found what it wanted to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Yes; for a state, the one before.
    Changed(Option<AccountState>),
    /// So many of several.
    Stored(usize),
    /// No.
    Unchanged,
    /// The database refused it.
    Refused,
}

impl Op {
    /// Whether finding nothing to change may mean that the epoch is lost.
    pub(super) const fn is_guarded(&self) -> bool {
        matches!(self, Self::Say(_) | Self::Settle(_) | Self::GiveBack(_))
    }
}

/// The operations of one write, with what they need.
pub(super) struct Job {
    pub(super) shared: Shared,
    pub(super) place: Place,
    pub(super) epoch: i64,
    pub(super) ops: Arc<Vec<Op>>,
}

impl Job {
    pub(super) fn run(self, tx: &Tx) -> BoxFuture<'_, Result<Vec<Done>, StoreError>> {
        Box::pin(async move {
            let now = self.shared.clock.now();
            let mut done = Vec::with_capacity(self.ops.len());
            let mut told = Vec::new();
            for op in self.ops.iter() {
                done.push(self.apply(tx, op, now, &mut told).await?);
            }
            journal::append(tx, &self.shared.ids, now, &told).await?;
            Ok(done)
        })
    }

    async fn apply(
        &self,
        tx: &Tx,
        op: &Op,
        now: Timestamp,
        told: &mut Vec<NewEvent>,
    ) -> Result<Done, StoreError> {
        let (tenant, account) = (self.place.tenant, self.place.account);
        let ids = &self.shared.ids;
        let before = told.len();
        match op {
            Op::Say(say) => {
                let from = say_in(tx, &self.place, self.epoch, say, now).await?;
                told.extend(from.map(|from| events::state_changed(tenant, account, from, say, now)));
                return Ok(from.map_or(Done::Unchanged, |from| Done::Changed(Some(from))));
            }
            Op::Pairing(shown) => told.push(events::pairing(tenant, account, shown)),
            Op::RoundTrip(evidence) => {
                let proof = RoundTrip {
                    account,
                    epoch: self.epoch,
                    at: now,
                    evidence: encoded(evidence, now),
                };
                round_trips::note_round_trips(tx, &[proof]).await?;
                return Ok(Done::Changed(None));
            }
            Op::Linked(_) | Op::Tested(_) | Op::Compared(_) | Op::Repair(..) => {
                return self.note_page(tx, op, told).await;
            }
            Op::Together(ops) => {
                let mut stored = 0;
                for op in ops {
                    let done = Box::pin(self.apply(tx, op, now, told)).await?;
                    stored += usize::from(matches!(done, Done::Changed(_)));
                }
                return Ok(Done::Stored(stored));
            }
            Op::Acked { id, ack, settles } => {
                if let Some(message) = settles {
                    let writer = outbound::Writer {
                        shared: &self.shared,
                        epoch: self.epoch,
                        now,
                    };
                    told.extend(writer.settle(tx, *message, &Outcome::Sent).await?);
                }
                told.extend(inbound::acknowledge(tx, account, id, *ack, now).await?);
            }
            Op::Received { fields, sent_at } => {
                let stored = outbox::receive(tx, ids, tenant, account, fields, now).await?;
                told.extend(stored.map(|id| events::received((tenant, account), id, fields, *sent_at)));
            }
            Op::Settle(settle) => self.settle(tx, settle, now, told).await?,
            Op::GiveBack(back) => {
                let given =
                    outbox::give_back(tx, back.message, self.epoch, &back.cause, back.run_at, now).await?;
                return Ok(if given {
                    Done::Changed(None)
                } else {
                    Done::Unchanged
                });
            }
        }
        Ok(if told.len() > before {
            Done::Changed(None)
        } else {
            Done::Unchanged
        })
    }
}

/// Evidence as the database keeps it.
pub(super) fn encoded(evidence: &Evidence, now: Timestamp) -> Option<String> {
    serde_json::to_string(&evidence.at(now)).ok()
}

impl Job {
    async fn settle(
        &self,
        tx: &Tx,
        settle: &Settle,
        now: Timestamp,
        told: &mut Vec<NewEvent>,
    ) -> Result<(), StoreError> {
        let writer = outbound::Writer {
            shared: &self.shared,
            epoch: self.epoch,
            now,
        };
        let settled = writer.settle(tx, settle.message, &settle.outcome).await?;
        let ack = settle.ack.filter(|_| settled.is_some());
        told.extend(settled);
        if let Some(ack) = ack {
            told.extend(inbound::acknowledge(tx, self.place.account, &settle.wa_id, ack, now).await?);
        }
        Ok(())
    }

    /// Writes what is known of the account's page.
    async fn note_page(&self, tx: &Tx, op: &Op, told: &mut Vec<NewEvent>) -> Result<Done, StoreError> {
        let (tenant, account) = (self.place.tenant, self.place.account);
        match op {
            Op::Linked(at) => pages::begin_comparing(tx, account, self.epoch, *at).await?,
            Op::Tested(report) => return self.note_agent(tx, report, told).await,
            Op::Compared(closed) => {
                if let Some(until) = closed.until {
                    pages::note_compared(tx, account, self.epoch, until).await?;
                }
                told.extend(events::gap_closed(tenant, account, closed));
            }
            Op::Repair(shown, attempt) => {
                let shown = shown.as_ref().and_then(|shown| serde_json::to_string(shown).ok());
                // What a generation tried last is told even where the next one has taken over since: it happened.
                accounts::note_repair(tx, account, self.epoch, shown).await?;
                let event = |attempt| NewEvent::new(tenant, Some(account), EventType::AccountRepair, attempt);
                told.extend(attempt.as_ref().map(event));
            }
            _ => {}
        }
        Ok(Done::Changed(None))
    }

    /// Writes what the agent said of itself; tells of it where what is missing has changed.
    async fn note_agent(
        &self,
        tx: &Tx,
        report: &AgentReport,
        told: &mut Vec<NewEvent>,
    ) -> Result<Done, StoreError> {
        let (tenant, account) = (self.place.tenant, self.place.account);
        let Some(before) = pages::note_agent(tx, account, self.epoch, report).await? else {
            return Ok(Done::Unchanged);
        };
        let lacked = before.map(|before| before.test.missing).unwrap_or_default();
        if lacked != report.test.missing {
            told.push(events::drift(tenant, account, &report.test));
        }
        Ok(Done::Changed(None))
    }
}

/// Writes a state under an epoch; gives the state before, or nothing when the epoch is stale or nothing would change.
pub(super) async fn say_in(
    tx: &Tx,
    place: &Place,
    epoch: i64,
    say: &Say,
    now: Timestamp,
) -> Result<Option<AccountState>, StoreError> {
    let change = StateChange {
        state: say.state,
        reason: say.reason.clone(),
        action: say.action.clone(),
        phone: say.identity.as_ref().map(|who| Some(who.phone.clone())),
        push_name: say.identity.as_ref().and_then(|who| who.push_name.clone()),
        evidence: encoded(&say.evidence, now),
        at: now,
    };
    accounts::change_state(tx, place.account, epoch, &change).await
}

/// Writes where a repair stands, for a generation that is dead.
pub(super) async fn repair_in(tx: &Tx, place: &Place, epoch: i64) -> Result<(), StoreError> {
    let shown = place.mending.shown();
    let shown = shown.and_then(|shown| serde_json::to_string(&shown).ok());
    accounts::note_repair(tx, place.account, epoch, shown).await
}
