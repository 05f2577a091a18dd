//! Proofs of round trips that change nothing but their time: thousands of accounts prove one every half a minute, and a
//! commit for each would be all that an idle node does. They are gathered for a moment and written together.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::Shared;
use crate::{
    domain::AccountId,
    store::round_trips::{self, RoundTrip},
};

/// For how long proofs are gathered: what the API shows is late by as much.
const GATHER: Duration = Duration::from_secs(1);
/// After which a writer that was never heard of again is replaced.
const OVERDUE: Duration = Duration::from_secs(30);

/// The proofs that wait. A proof that is lost with the process is followed by the next one.
#[derive(Default)]
pub(crate) struct RoundTrips(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    newest: HashMap<AccountId, RoundTrip>,
    /// Since when somebody is about to write them.
    writer: Option<Instant>,
}

impl RoundTrips {
    /// Notes a proof of an account that stays online. The first one in an empty room takes all to the store.
    pub(super) fn note(shared: &Shared, proof: RoundTrip) {
        let now = shared.clock.instant();
        {
            let mut waiting = shared.round_trips.0.lock();
            waiting.newest.insert(proof.account, proof);
            let busy = waiting
                .writer
                .is_some_and(|since| now.duration_since(since) < OVERDUE);
            if busy {
                return;
            }
            waiting.writer = Some(now);
        }
        let shared = shared.clone();
        tokio::spawn(async move {
            shared.clock.sleep(GATHER).await;
            shared.round_trips.write(&shared).await;
        });
    }

    async fn write(&self, shared: &Shared) {
        let proofs: Arc<Vec<RoundTrip>> = {
            let mut waiting = self.0.lock();
            waiting.writer = None;
            Arc::new(std::mem::take(&mut waiting.newest).into_values().collect())
        };
        let written = shared.store.write(move |tx| {
            let proofs = Arc::clone(&proofs);
            Box::pin(async move { round_trips::note_round_trips(tx, &proofs).await })
        });
        if let Err(error) = written.await {
            tracing::warn!(target: "zaptor::account", %error, "when round trips were proven is not written this time");
        }
    }
}
