//! The intake: whoever submits a message prices and prepares it; one task commits together whatever waits and answers
//! everyone. A lone submission waits for nobody; many share one fsync.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use dashmap::DashMap;
use futures::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use super::{
    Answer, Refusal, Settings, Submit,
    batch::{Batch, Item, Prepared},
};
use crate::{
    domain::{Clock, Content, IdSource, TenantId, Tokens, WaMessageId},
    protocol::{
        Line,
        billing::{BalanceMoved, Quote},
    },
    store::{Store, StoreError},
};

/// How long a client is told to wait when the queue is full.
const BUSY_RETRY: Duration = Duration::from_secs(1);
/// How long pricing may take before a submission is refused: billing restarts within milliseconds.
const QUOTE_DEADLINE: Duration = Duration::from_secs(2);
const QUOTE_RETRY: Duration = Duration::from_millis(20);
/// For how long a price holds that billing told: a new price list is in force a second later at most.
const PRICE_KEPT: Duration = Duration::from_secs(1);

/// What the intake is made of.
pub struct IntakeParts {
    /// How it works.
    pub settings: Settings,
    /// Where it commits.
    pub store: Store,
    /// Where its ids come from.
    pub ids: Arc<IdSource>,
    /// Its time.
    pub clock: Clock,
    /// Keeps others from guessing WhatsApp ids.
    pub wa_secret: [u8; 32],
    /// Prices messages.
    pub quote: Line<Quote>,
    /// Hears of balances.
    pub balance_moved: Line<BalanceMoved>,
}

/// The door through which every message comes. Cheap to clone; lives as long as one clone does.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
    parts: Arc<IntakeParts>,
    prices: Arc<DashMap<(TenantId, &'static str), Price>>,
}

struct Waiting {
    item: Prepared,
    answer: oneshot::Sender<Result<Answer, Refusal>>,
}

/// A price and when it was told.
type Price = (Tokens, Instant);

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Intake")
    }
}

impl Intake {
    /// Starts its task beside the store's writer, for whom it mostly waits.
    pub fn start(parts: IntakeParts) -> Self {
        let (queue, waiting) = mpsc::channel(parts.settings.intake_queue.max(1));
        let parts = Arc::new(parts);
        parts.store.spawn(serve(Arc::clone(&parts), waiting));
        Self {
            queue,
            parts,
            prices: Arc::default(),
        }
    }

    /// Submits a message; answers after the commit.
    ///
    /// # Errors
    /// See [`Refusal`]: whatever it says, nothing was stored.
    pub async fn submit(&self, submit: Submit) -> Result<Answer, Refusal> {
        let price = if submit.billed {
            self.price(submit.tenant, submit.content.kind()).await?
        } else {
            Tokens::ZERO
        };
        let id = self.parts.ids.next();
        let wa_id = WaMessageId::of(&self.parts.wa_secret, id);
        let expiry = self.parts.settings.default_expiry;
        let item = Prepared::new(Item { id, wa_id, submit }, price, expiry, self.parts.clock.now())?;
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(Waiting { item, answer })
            .map_err(|_| Refusal::Busy {
                retry_after: BUSY_RETRY,
            })?;
        answered
            .await
            .map_err(|_| Refusal::Store(StoreError::Unavailable("the intake is closing".to_owned())))?
    }

    /// What a message would cost.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when billing does not answer.
    pub async fn quote(&self, tenant: TenantId, content: &Content) -> Result<Tokens, Refusal> {
        self.price(tenant, content.kind()).await
    }

    /// The price of a message of this kind, asked of billing once a second at most for each tenant and kind.
    async fn price(&self, tenant: TenantId, kind: &'static str) -> Result<Tokens, Refusal> {
        let now = self.parts.clock.instant();
        if let Some(known) = self.prices.get(&(tenant, kind))
            && now.saturating_duration_since(known.1) < PRICE_KEPT
        {
            return Ok(known.0);
        }
        let price = ask_price(&self.parts, tenant, kind).await?;
        self.prices.insert((tenant, kind), (price, now));
        Ok(price)
    }

    /// How many submissions wait now, for metrics.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

/// Takes what is submitted until nobody can submit any more. A panic costs the submissions that were in hand: their
/// clients hear that nothing is known and repeat with their keys; those that wait are taken next.
async fn serve(parts: Arc<IntakeParts>, mut waiting: mpsc::Receiver<Waiting>) {
    loop {
        let drained = AssertUnwindSafe(drain(&parts, &mut waiting)).catch_unwind().await;
        if drained.is_ok() {
            return;
        }
        tracing::error!(target: "zaptor::dispatcher", "the intake panicked and goes on");
    }
}

/// Commits whatever waits, and answers.
async fn drain(parts: &Arc<IntakeParts>, waiting: &mut mpsc::Receiver<Waiting>) {
    let most = parts.settings.intake_batch_max.max(1);
    let mut taken = Vec::with_capacity(most);
    while waiting.recv_many(&mut taken, most).await > 0 {
        let (items, answers): (Vec<Prepared>, Vec<_>) = taken
            .drain(..)
            .map(|Waiting { item, answer }| (item, answer))
            .unzip();
        crate::dispatcher::batch::observe_size(items.len());
        let items = Arc::new(items);
        let results = commit(parts, &items).await;
        // Answered before anybody else hears of it: what was committed is told whatever happens next.
        let moved = balances(&items, &results);
        for (answer, result) in answers.into_iter().zip(results) {
            let _ = answer.send(result);
        }
        tell_balances(parts, moved);
    }
}

/// Asks billing. A billing actor that has just died is back within milliseconds.
async fn ask_price(parts: &IntakeParts, tenant: TenantId, kind: &'static str) -> Result<Tokens, Refusal> {
    let give_up = parts.clock.instant() + QUOTE_DEADLINE;
    while parts.clock.instant() < give_up {
        if let Some(billing) = (parts.quote)()
            && let Ok(price) = billing.send(Quote { tenant, kind }).await
        {
            return Ok(price);
        }
        parts.clock.sleep(QUOTE_RETRY).await;
    }
    Err(Refusal::Busy {
        retry_after: BUSY_RETRY,
    })
}

async fn commit(parts: &Arc<IntakeParts>, items: &Arc<Vec<Prepared>>) -> Vec<Result<Answer, Refusal>> {
    let now = parts.clock.now();
    match write(parts, Arc::clone(items), 0..items.len(), now).await {
        // One bad apple (a key that another node used a moment ago) must not refuse its neighbours: one by one.
        Err(StoreError::Conflict(_)) if items.len() > 1 => {
            let mut results = Vec::with_capacity(items.len());
            for i in 0..items.len() {
                match write(parts, Arc::clone(items), i..i + 1, now).await {
                    Ok(one) => results.extend(one),
                    Err(error) => results.push(Err(Refusal::Store(error))),
                }
            }
            results
        }
        Err(error) => items.iter().map(|_| Err(Refusal::Store(error.clone()))).collect(),
        Ok(results) => results,
    }
}

async fn write(
    parts: &Arc<IntakeParts>,
    items: Arc<Vec<Prepared>>,
    range: std::ops::Range<usize>,
    now: crate::domain::Timestamp,
) -> Result<Vec<Result<Answer, Refusal>>, StoreError> {
    let context = Arc::clone(parts);
    parts
        .store
        .write(move |tx| Box::pin(async move { Batch::new(&context, &items[range], now).accept(tx).await }))
        .await
}

fn tell_balances(parts: &IntakeParts, moved: Vec<BalanceMoved>) {
    if let Some(billing) = (parts.balance_moved)() {
        moved.into_iter().for_each(|moved| billing.do_send(moved));
    }
}

/// The newest balance of each tenant, and the newest that was too small.
fn balances(items: &[Prepared], results: &[Result<Answer, Refusal>]) -> Vec<BalanceMoved> {
    let mut last: Vec<BalanceMoved> = Vec::new();
    for (item, result) in items.iter().zip(results) {
        let tenant = item.tenant();
        let moved = match result {
            Ok(Answer::Accepted { accepted, .. }) => BalanceMoved {
                tenant,
                available: accepted.balance.available,
                refused: None,
            },
            Err(Refusal::InsufficientTokens { needed, available }) => BalanceMoved {
                tenant,
                available: *available,
                refused: Some(*needed),
            },
            _ => continue,
        };
        match last
            .iter_mut()
            .find(|known| known.tenant == tenant && known.refused.is_some() == moved.refused.is_some())
        {
            Some(known) => *known = moved,
            None => last.push(moved),
        }
    }
    last
}
