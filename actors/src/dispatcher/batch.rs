//! One commit of the intake: idempotency, holds, messages, outbox rows and events, a handful of statements however many
//! messages.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
    time::Duration,
};

use prometheus::{Histogram, histogram_opts, register_histogram};

use super::{Accepted, Answer, IdempotencyKey, Refusal, Submit, intake::IntakeParts};
use crate::{
    domain::{
        AccountId, MessageId, MessageStatus, TenantId, Timestamp, Tokens, WaMessageId,
        event::{EventType, MessageEvent, NewEvent},
    },
    journal,
    ledger::{self, Balance, Hold},
    outbox::{self, NewMessage},
    store::{
        StoreError, Tx, accounts,
        idempotency::{self, IdempotencyRecord},
    },
};

static BATCH_SIZE: LazyLock<Histogram> = LazyLock::new(|| {
    register_histogram!(histogram_opts!(
        "zaptor_intake_batch_messages",
        "Messages that one commit of the intake took together",
        vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]
    ))
    .expect("the name is registered once")
});

/// Counts a batch.
pub(super) fn observe_size(messages: usize) {
    #[expect(clippy::cast_precision_loss, reason = "a batch is far smaller than 2^52")]
    BATCH_SIZE.observe(messages as f64);
}

/// A submission with the ids that were minted at the door.
pub(super) struct Item {
    pub(super) id: MessageId,
    pub(super) wa_id: WaMessageId,
    pub(super) submit: Submit,
}

/// A submission with its price and everything that can be made of it before the commit.
pub(super) struct Prepared {
    item: Item,
    cost: Tokens,
    status: MessageStatus,
    row: outbox::Row,
    event: NewEvent,
}

impl Prepared {
    pub(super) fn new(
        item: Item,
        cost: Tokens,
        default_expiry: Duration,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let submit = &item.submit;
        let status = outbox::first_status(submit.send_at, now);
        let starts = submit.send_at.unwrap_or(now).max(now);
        let message = NewMessage {
            id: item.id,
            tenant: submit.tenant,
            account: submit.account,
            wa_id: item.wa_id.clone(),
            chat: submit.chat.clone(),
            recipient: submit.recipient.clone(),
            content: submit.content.clone(),
            priority: submit.priority,
            cost,
            callback_data: submit.callback_data.clone(),
            send_at: submit.send_at,
            expires_at: Some(submit.expires_at.unwrap_or(starts.after(default_expiry))),
        };
        Ok(Self {
            row: outbox::Row::new(&message, now)?,
            event: queued_event(&message, status),
            cost,
            status,
            item,
        })
    }

    pub(super) const fn tenant(&self) -> TenantId {
        self.item.submit.tenant
    }

    const fn whose(&self) -> (TenantId, AccountId) {
        (self.item.submit.tenant, self.item.submit.account)
    }
}

pub(super) struct Batch<'a> {
    parts: &'a IntakeParts,
    items: &'a [Prepared],
    now: Timestamp,
    results: Vec<Option<Result<Answer, Refusal>>>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(parts: &'a IntakeParts, items: &'a [Prepared], now: Timestamp) -> Self {
        Self {
            parts,
            items,
            now,
            results: items.iter().map(|_| None).collect(),
        }
    }

    /// Accepts what can be accepted; the order of the results is that of the items.
    pub(super) async fn accept(mut self, tx: &Tx) -> Result<Vec<Result<Answer, Refusal>>, StoreError> {
        self.answer_repeats(tx).await?;
        self.refuse_strangers(tx).await?;
        let accepted = self.hold(tx).await?;
        self.store(tx, &accepted).await?;
        let records = self.render(accepted);
        idempotency::keep(tx, &records, self.now)?;
        let unanswered = || {
            Err(Refusal::Store(StoreError::Failed(
                "a submission was not looked at".to_owned(),
            )))
        };
        Ok(self
            .results
            .into_iter()
            .map(|result| result.unwrap_or_else(unanswered))
            .collect())
    }

    async fn answer_repeats(&mut self, tx: &Tx) -> Result<(), StoreError> {
        let keys: Vec<(TenantId, &str)> = self
            .items
            .iter()
            .filter_map(|one| Some((one.tenant(), one.item.submit.idempotency.as_ref()?.key.as_str())))
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let known = idempotency::find_many(tx, &keys, self.now).await?;
        let mut seen = HashSet::new();
        for (one, result) in self.items.iter().zip(&mut self.results) {
            let Some(IdempotencyKey { key, fingerprint }) = &one.item.submit.idempotency else {
                continue;
            };
            let owned = (one.tenant(), key.as_str());
            if let Some(record) = known
                .iter()
                .find(|record| (record.tenant, record.key.as_str()) == owned)
            {
                *result = Some(if record.fingerprint == *fingerprint {
                    let status = u16::try_from(record.status).unwrap_or(202);
                    Ok(Answer::Replayed {
                        status,
                        body: record.body.clone(),
                    })
                } else {
                    Err(Refusal::IdempotencyKeyReused)
                });
            } else if !seen.insert(owned) {
                // The first one of this batch is being answered in this very commit.
                *result = Some(Err(Refusal::IdempotencyInProgress));
            }
        }
        Ok(())
    }

    /// Refuses what is for an account that the tenant does not have. Asked here and nowhere before: an account that is
    /// deleted takes nothing from that moment on.
    async fn refuse_strangers(&mut self, tx: &Tx) -> Result<(), StoreError> {
        let asked: HashSet<(TenantId, AccountId)> = self.unanswered().map(|(_, one)| one.whose()).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let existing = accounts::existing(tx, &asked).await?;
        let strange = |(i, one): (usize, &Prepared)| (!existing.contains(&one.whose())).then_some(i);
        for i in self.unanswered().filter_map(strange).collect::<Vec<_>>() {
            self.results[i] = Some(Err(Refusal::NoSuchAccount));
        }
        Ok(())
    }

    fn unanswered(&self) -> impl Iterator<Item = (usize, &'a Prepared)> {
        let answers = self.items.iter().zip(&self.results).enumerate();
        answers.filter_map(|(i, (one, answer))| answer.is_none().then_some((i, one)))
    }

    /// One guarded hold per tenant; when it does not fit, as many messages as the wallet carries, in their order.
    async fn hold(&mut self, tx: &Tx) -> Result<Vec<(usize, Balance)>, StoreError> {
        let mut tenants: HashMap<TenantId, Vec<usize>> = HashMap::new();
        for (i, one) in self.unanswered() {
            tenants.entry(one.tenant()).or_default().push(i);
        }
        // One order for all nodes, so that two commits never wait for each other in a circle.
        let mut tenants: Vec<_> = tenants.into_iter().collect();
        tenants.sort_by_key(|(tenant, _)| *tenant);
        let mut accepted = Vec::with_capacity(self.items.len());
        for (tenant, wanted) in tenants {
            let total: Tokens = wanted.iter().map(|&i| self.items[i].cost).sum();
            if let Some(after) = ledger::reserve(tx, tenant, total).await? {
                let before = Balance {
                    available: after.available + total,
                    held: after.held - total,
                };
                self.running_balances(before, &wanted, &mut accepted);
            } else {
                let Some(before) = ledger::balance(tx, tenant).await? else {
                    wanted
                        .iter()
                        .for_each(|&i| self.results[i] = Some(Err(Refusal::NoSuchAccount)));
                    continue;
                };
                let fitting = self.refuse_what_does_not_fit(before.available, &wanted);
                let total = fitting.iter().map(|&i| self.items[i].cost).sum();
                ledger::reserve(tx, tenant, total).await?.ok_or_else(|| {
                    StoreError::Conflict("the wallet moved within a transaction".to_owned())
                })?;
                self.running_balances(before, &fitting, &mut accepted);
            }
        }
        accepted.sort_by_key(|(i, _)| *i);
        Ok(accepted)
    }

    fn refuse_what_does_not_fit(&mut self, mut available: Tokens, wanted: &[usize]) -> Vec<usize> {
        let mut fitting = Vec::new();
        for &i in wanted {
            let needed = self.items[i].cost;
            if needed <= available {
                available = available - needed;
                fitting.push(i);
            } else {
                self.results[i] = Some(Err(Refusal::InsufficientTokens { needed, available }));
            }
        }
        fitting
    }

    fn running_balances(&self, mut balance: Balance, order: &[usize], into: &mut Vec<(usize, Balance)>) {
        for &i in order {
            balance.available = balance.available - self.items[i].cost;
            balance.held = balance.held + self.items[i].cost;
            into.push((i, balance));
        }
    }

    async fn store(&self, tx: &Tx, accepted: &[(usize, Balance)]) -> Result<(), StoreError> {
        if accepted.is_empty() {
            return Ok(());
        }
        let accepted = || accepted.iter().map(|&(i, _)| &self.items[i]);
        let mut holds: HashMap<TenantId, Vec<Hold>> = HashMap::new();
        for one in accepted().filter(|one| one.cost > Tokens::ZERO) {
            holds.entry(one.tenant()).or_default().push(Hold {
                message: one.item.id,
                amount: one.cost,
            });
        }
        outbox::accept(tx, accepted().map(|one| &one.row), self.now);
        for (tenant, holds) in holds {
            ledger::record_holds(tx, &self.parts.ids, tenant, &holds, self.now)?;
        }
        journal::append(tx, &self.parts.ids, self.now, accepted().map(|one| &one.event)).await
    }

    fn render(&mut self, accepted: Vec<(usize, Balance)>) -> Vec<IdempotencyRecord> {
        let keep_for = self.parts.settings.keep_answers;
        let mut records = Vec::new();
        for (i, balance) in accepted {
            let Prepared {
                item: Item { id, wa_id, submit },
                cost,
                status,
                ..
            } = &self.items[i];
            let accepted = Accepted {
                id: *id,
                wa_id: wa_id.clone(),
                status: *status,
                account: submit.account,
                recipient: submit.recipient.clone(),
                chat: submit.chat.clone(),
                cost: *cost,
                balance,
            };
            let body = (submit.render)(&accepted);
            if let Some(IdempotencyKey { key, fingerprint }) = &submit.idempotency {
                records.push(IdempotencyRecord {
                    tenant: submit.tenant,
                    key: key.clone(),
                    fingerprint: fingerprint.clone(),
                    status: 202,
                    body: body.clone(),
                    expires_at: self.now.after(keep_for),
                });
            }
            self.results[i] = Some(Ok(Answer::Accepted { accepted, body }));
        }
        records
    }
}

fn queued_event(message: &NewMessage, status: MessageStatus) -> NewEvent {
    let particulars = MessageEvent {
        message: message.id,
        wa_message_id: &message.wa_id,
        status,
        chat: &message.chat,
        kind: message.content.kind(),
        cost: message.cost,
        cause: None,
        callback_data: message.callback_data.as_deref(),
    };
    NewEvent::new(
        message.tenant,
        Some(message.account),
        EventType::MessageQueued,
        &particulars,
    )
}
