//! F4: billing. Prices messages and warns when tokens run low. Holding, posting and voiding happen in the `ledger`,
//! inside the transaction of whoever accepts or settles a message.
//!
//! This room never refuses a message: it says what one costs; the wallet refuses.

use std::{collections::HashMap, sync::Arc};

use actix::{Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, WrapFuture as _};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        Clock, EntryId, IdSource, TenantId, Timestamp, Tokens,
        event::{EventType, NewEvent},
    },
    journal, ledger,
    ledger::Balance,
    protocol::billing::{BalanceMoved, Quote},
    store::{Store, StoreError, Tx},
    supervision::Life,
};

/// The price book and its neighbours.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Tokens for a text message; 0 is free.
    pub price_text: i64,
    /// Below this many tokens a tenant is warned, once until the next top-up.
    pub low_threshold: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            price_text: 1,
            low_threshold: 100,
        }
    }
}

impl Settings {
    /// What a message of this type costs.
    pub fn price(&self, kind: &str) -> Tokens {
        match kind {
            "text" => Tokens(self.price_text),
            // A type without a price of its own costs what a text costs: nothing goes out for free by mistake.
            _ => Tokens(self.price_text),
        }
    }
}

/// The particulars of `wallet.low`, `wallet.exhausted` and `wallet.topup`.
#[derive(Serialize)]
struct Particulars {
    available: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
}

/// What a tenant was warned of since its last top-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Warned {
    low: bool,
    exhausted: bool,
}

/// The actor.
pub struct Billing {
    settings: Settings,
    store: Store,
    ids: Arc<IdSource>,
    clock: Clock,
    warned: HashMap<TenantId, Warned>,
    _life: Life,
}

impl Billing {
    /// A fresh value for one generation of the actor.
    pub fn new(settings: Settings, store: Store, ids: Arc<IdSource>, clock: Clock, life: Life) -> Self {
        Self {
            settings,
            store,
            ids,
            clock,
            warned: HashMap::new(),
            _life: life,
        }
    }

    /// Which warning this balance calls for, if it was not given yet.
    fn warning(&mut self, moved: &BalanceMoved) -> Option<EventType> {
        let threshold = Tokens(self.settings.low_threshold);
        let warned = self.warned.entry(moved.tenant).or_default();
        if moved.available >= threshold {
            *warned = Warned::default();
        }
        if moved.refused.is_some() && !warned.exhausted {
            warned.exhausted = true;
            return Some(EventType::WalletExhausted);
        }
        if moved.available < threshold && !warned.low {
            warned.low = true;
            return Some(EventType::WalletLow);
        }
        None
    }
}

impl Actor for Billing {
    type Context = Context<Self>;
}

impl Handler<Quote> for Billing {
    type Result = actix::MessageResult<Quote>;

    fn handle(&mut self, quote: Quote, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(self.settings.price(quote.kind))
    }
}

impl Handler<BalanceMoved> for Billing {
    type Result = ();

    fn handle(&mut self, moved: BalanceMoved, ctx: &mut Self::Context) {
        let Some(kind) = self.warning(&moved) else { return };
        let particulars = Particulars {
            available: moved.available.0,
            threshold: (kind == EventType::WalletLow).then_some(self.settings.low_threshold),
            needed: moved.refused.map(|needed| needed.0),
            amount: None,
        };
        let event = NewEvent::new(moved.tenant, None, kind, &particulars);
        let (store, ids, now) = (self.store.clone(), Arc::clone(&self.ids), self.clock.now());
        let warn = async move {
            store
                .write(move |tx| Box::pin(async move { journal::append(tx, &ids, now, &[event]).await }))
                .await
        };
        ctx.spawn(warn.into_actor(self).map(move |done, billing, _| {
            if let Err(error) = done {
                tracing::warn!(target: "zaptor::billing", tenant = %moved.tenant, %error, "a wallet warning was not written");
                billing.warned.remove(&moved.tenant);
            }
        }));
    }
}

/// Adds tokens and tells so, in one commit. Called at the first start for the trial.
///
/// # Errors
/// As [`add`].
pub async fn top_up(
    store: &Store,
    ids: &Arc<IdSource>,
    clock: &Clock,
    tenant: TenantId,
    amount: Tokens,
    note: Option<String>,
) -> Result<(EntryId, Balance), StoreError> {
    let (ids, now) = (Arc::clone(ids), clock.now());
    store
        .write(move |tx| Box::pin(async move { add(tx, &ids, tenant, amount, note, now).await }))
        .await
}

/// Adds tokens and tells so, in the caller's transaction. Called by the edge for admins, together with the record of the
/// answer.
///
/// # Errors
/// [`StoreError::Conflict`] when the tenant does not exist or `amount` is not positive.
pub async fn add(
    tx: &Tx,
    ids: &IdSource,
    tenant: TenantId,
    amount: Tokens,
    note: Option<String>,
    now: Timestamp,
) -> Result<(EntryId, Balance), StoreError> {
    let (entry, balance) = ledger::top_up(tx, ids, tenant, amount, note, now).await?;
    let particulars = Particulars {
        available: balance.available.0,
        threshold: None,
        needed: None,
        amount: Some(amount.0),
    };
    let event = NewEvent::new(tenant, None, EventType::WalletTopup, &particulars);
    journal::append(tx, ids, now, &[event]).await?;
    Ok((entry, balance))
}
