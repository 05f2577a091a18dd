//! One commit of the intake: idempotency, holds, messages, outbox rows and events, a handful of statements however many
//! messages.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use prometheus::{Histogram, histogram_opts, register_histogram};

use super::{Accepted, Answer, IdempotencyKey, Refusal, Submit, intake::IntakeParts};
use crate::{
    domain::{
        MessageId, TenantId, Timestamp, Tokens, WaMessageId,
        event::{EventType, MessageEvent, NewEvent},
    },
    journal,
    ledger::{self, Balance, Hold},
    outbox::{self, NewMessage},
    store::{
        StoreError, Tx,
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

/// A submission with the ids that were minted at the door and its price.
pub(super) struct Item {
    pub(super) id: MessageId,
    pub(super) wa_id: WaMessageId,
    pub(super) cost: Tokens,
    pub(super) submit: Submit,
}

pub(super) struct Batch<'a> {
    parts: &'a IntakeParts,
    items: &'a [Item],
    now: Timestamp,
    results: Vec<Option<Result<Answer, Refusal>>>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(parts: &'a IntakeParts, items: &'a [Item], now: Timestamp) -> Self {
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
            .filter_map(|item| Some((item.submit.tenant, item.submit.idempotency.as_ref()?.key.as_str())))
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let known = idempotency::find_many(tx, &keys, self.now).await?;
        let mut seen = HashSet::new();
        for (item, result) in self.items.iter().zip(&mut self.results) {
            let Some(IdempotencyKey { key, fingerprint }) = &item.submit.idempotency else {
                continue;
            };
            let owned = (item.submit.tenant, key.as_str());
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

    /// One guarded hold per tenant; when it does not fit, as many messages as the wallet carries, in their order.
    async fn hold(&mut self, tx: &Tx) -> Result<Vec<(usize, Balance)>, StoreError> {
        let mut tenants: HashMap<TenantId, Vec<usize>> = HashMap::new();
        for (i, item) in self.items.iter().enumerate() {
            if self.results[i].is_none() {
                tenants.entry(item.submit.tenant).or_default().push(i);
            }
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
        let expiry = self.parts.settings.default_expiry;
        let mut messages = Vec::with_capacity(accepted.len());
        let mut events = Vec::with_capacity(accepted.len());
        let mut holds: HashMap<TenantId, Vec<Hold>> = HashMap::new();
        for &(i, _) in accepted {
            let Item {
                id,
                wa_id,
                cost,
                submit,
            } = &self.items[i];
            let starts = submit.send_at.unwrap_or(self.now).max(self.now);
            let default_expiry = starts.after(expiry);
            let message = NewMessage {
                id: *id,
                tenant: submit.tenant,
                account: submit.account,
                wa_id: wa_id.clone(),
                chat: submit.chat.clone(),
                recipient: submit.recipient.clone(),
                content: submit.content.clone(),
                priority: submit.priority,
                cost: *cost,
                callback_data: submit.callback_data.clone(),
                send_at: submit.send_at,
                expires_at: Some(submit.expires_at.unwrap_or(default_expiry)),
            };
            events.push(queued_event(&message, self.now));
            messages.push(message);
            if *cost > Tokens::ZERO {
                holds.entry(submit.tenant).or_default().push(Hold {
                    message: *id,
                    amount: *cost,
                });
            }
        }
        outbox::accept(tx, &messages, self.now)?;
        for (tenant, holds) in holds {
            ledger::record_holds(tx, &self.parts.ids, tenant, &holds, self.now)?;
        }
        journal::append(tx, &self.parts.ids, self.now, &events).await
    }

    fn render(&mut self, accepted: Vec<(usize, Balance)>) -> Vec<IdempotencyRecord> {
        let keep_for = self.parts.settings.keep_answers;
        let mut records = Vec::new();
        for (i, balance) in accepted {
            let Item {
                id,
                wa_id,
                cost,
                submit,
            } = &self.items[i];
            let accepted = Accepted {
                id: *id,
                wa_id: wa_id.clone(),
                status: outbox::first_status(submit.send_at, self.now),
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

fn queued_event(message: &NewMessage, now: Timestamp) -> NewEvent {
    let particulars = MessageEvent {
        message: message.id,
        wa_message_id: &message.wa_id,
        status: outbox::first_status(message.send_at, now),
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
