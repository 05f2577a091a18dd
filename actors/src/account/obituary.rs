//! What is said of a generation that ended without a word of its own: a dead actor writes nothing.
//!
//! Never here: the end of a generation written after what was said of the account later, such as that it was stopped or
//! parked meanwhile. It would be `restarting` for ever, and nothing would restart it.

use std::future::Future;

use tokio::sync::watch;

use super::{
    Place, Shared, events,
    machine::{Evidence, Say},
    writing,
};
use crate::{
    domain::{AccountState, HibernationCause},
    journal,
    session::ProxyTrouble,
    supervision::{Exit, Next},
};

/// The ends of an account's generations that are known and not written yet.
#[derive(Debug)]
pub(super) struct Obituaries(watch::Sender<usize>);

impl Default for Obituaries {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

/// One of them.
struct Unwritten(Place);

impl Unwritten {
    fn begin(place: &Place) -> Self {
        place.obituaries.0.send_modify(|open| *open += 1);
        Self(place.clone())
    }
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        self.0.obituaries.0.send_modify(|open| *open -= 1);
    }
}

impl Place {
    /// Completes once every end that is known is written. Whoever says something of the account after an end waits for it.
    pub async fn ends_written(&self) {
        let mut open = self.obituaries.0.subscribe();
        // Fails only without a sender, which lives as long as this place.
        let _ = open.wait_for(|open| *open == 0).await;
    }
}

/// Writes and publishes how a generation ended: `restarting` or `failed` with the reason. Called by the registry when
/// supervision reports the end; known from the call on, written by what it gives. Written under the dead generation's
/// epoch, so that it is refused once the next one has taken over; an end in good order has written its state itself.
pub fn record_end(
    shared: Shared,
    place: Place,
    generation: u64,
    exit: Exit,
    next: Next,
) -> impl Future<Output = ()> + Send {
    let (unwritten, epoch) = (Unwritten::begin(&place), place.standing.epoch());
    async move {
        shared.say_unready(place.account);
        if let Some(say) = last_words(&place, generation, &exit, next) {
            record(&shared, &place, say, (generation, epoch)).await;
        }
        drop(unwritten);
    }
}

fn last_words(place: &Place, generation: u64, exit: &Exit, next: Next) -> Option<Say> {
    let evidence = Evidence::Exit {
        exit: exit.to_string(),
        generation,
    };
    let asked = ProxyTrouble::action(exit.kind());
    Some(match next {
        Next::Restart { .. } => Say {
            action: asked.map(str::to_owned),
            ..Say::because(AccountState::Restarting, exit.to_string(), evidence)
        },
        Next::Failed { retry_after } => Say {
            action: Some(
                asked
                    .unwrap_or("Look at the reason; a restart by hand tries again at once")
                    .to_owned(),
            ),
            ..Say::because(
                AccountState::Failed,
                format!("{exit}; tried again in {} s", retry_after.as_secs().max(1)),
                evidence,
            )
        },
        Next::Rest if exit.is_normal() => return None,
        Next::Rest => match place.parking() {
            // It ended by itself just when it was put to sleep: it sleeps all the same, and opens anew when it is woken.
            Some(reason) => {
                let reason = format!("{reason}; its session had ended: {exit}");
                Say::because(AccountState::Hibernated, reason, evidence)
            }
            None => Say::because(AccountState::Stopped, exit.to_string(), evidence),
        },
    })
}

/// Writes and publishes that an account without a living generation was stopped. Called by the registry.
pub async fn record_stop(shared: &Shared, place: &Place) {
    let evidence = Evidence::Asked { asked: "stop" };
    let say = Say::because(AccountState::Stopped, "stopped by request", evidence);
    record(shared, place, say, (0, place.standing.epoch())).await;
}

/// Writes and publishes that an account without a living generation is parked. Called by the registry.
pub async fn record_parked(shared: &Shared, place: &Place, why: HibernationCause, reason: &str) {
    let say = Say::because(AccountState::Hibernated, reason, place.parked(why));
    record(shared, place, say, (0, place.standing.epoch())).await;
}

async fn record(shared: &Shared, place: &Place, say: Say, (generation, epoch): (u64, i64)) {
    let (own, at, told) = (shared.clone(), place.clone(), say.clone());
    let written = shared
        .store
        .write(move |tx| {
            Box::pin(async move {
                let now = own.clock.now();
                let from = writing::say_in(tx, &at, epoch, &told, now).await?;
                writing::repair_in(tx, &at, epoch).await?;
                if let Some(from) = from {
                    let event = events::state_changed(at.tenant, at.account, from, &told, now);
                    journal::append(tx, &own.ids, now, &[event]).await?;
                }
                Ok(from)
            })
        })
        .await;
    match written {
        Ok(Some(from)) => {
            let now = shared.clock.now();
            place.mending.note_state(now, say.state, say.reason.as_deref());
            place.standing.set_state(say.state, epoch);
            tracing::warn!(target: "zaptor::account", account = %place.account, from = %from, to = %say.state,
                reason = say.reason.as_deref(), generation, epoch, "account state");
        }
        Ok(None) => {}
        Err(error) => {
            tracing::error!(target: "zaptor::account", account = %place.account, generation, epoch, %error,
                "the end of a generation could not be written");
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use std::{sync::Arc, time::Duration};

    use futures::FutureExt as _;

    use super::*;
    use crate::{
        account::{OpeningRules, Openings, Settings},
        domain::{AccountId, AccountSettings, Clock, EngineKind, IdSource, TenantId, Timestamp, Tokens},
        forensics::Forensics,
        session::simulated::{self, SimulatedEngine},
        store::{self, AccountRow, Store, accounts, people},
    };

    const BACKS_OFF: Next = Next::Restart {
        after: Duration::from_secs(1),
    };

    struct Scene {
        shared: Shared,
        place: Place,
        _folder: tempfile::TempDir,
    }

    async fn create(store: &Store, tenant: TenantId, id: AccountId, at: Timestamp) {
        let new = accounts::NewAccount {
            id,
            tenant,
            name: "Shop".to_owned(),
            engine: EngineKind::Simulated,
            labels: Vec::new(),
            settings: AccountSettings::default(),
            proxy_password: None,
            at,
        };
        let written = store.write(move |tx| {
            Box::pin(async move {
                people::create_tenant(tx, tenant, "Test", Tokens(1), at).await?;
                accounts::create(tx, new).await
            })
        });
        written.await.unwrap();
    }

    /// A real database with one account.
    async fn scene() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let settings = store::Settings {
            url: format!("sqlite://{}/z.db", folder.path().display()),
            ..store::Settings::default()
        };
        let store = Store::open(&settings, |_| {}).await.unwrap();
        let clock = Clock::manual(Timestamp::from_millis(1_000_000));
        let ids = Arc::new(IdSource::seeded(clock.clone(), 1));
        let (tenant, account) = (ids.next(), ids.next());
        create(&store, tenant, account, clock.now()).await;
        let row = store.reads().account(tenant, account).await.unwrap().unwrap();
        let engine = SimulatedEngine::new(simulated::Settings::default(), clock.clone());
        let place = Place::new(&row, Arc::new(engine), folder.path().join("profile"));
        let shared = Shared {
            forensics: Forensics::new(folder.path().join("forensics"), Arc::clone(&ids)),
            store,
            clock,
            ids,
            settings: Arc::new(Settings::default()),
            node: "node".into(),
            openings: Openings::new(OpeningRules {
                at_once: 1,
                budget_bytes: u64::MAX,
            }),
            vault: None,
            round_trips: Arc::default(),
            ready: Arc::new(|| None),
            unready: Arc::new(|| None),
        };
        Scene {
            shared,
            place,
            _folder: folder,
        }
    }

    impl Scene {
        fn dies(&self, generation: u64) -> impl Future<Output = ()> + Send + use<> {
            record_end(
                self.shared.clone(),
                self.place.clone(),
                generation,
                Exit::Panicked,
                BACKS_OFF,
            )
        }

        async fn row(&self) -> AccountRow {
            let (tenant, account) = (self.place.tenant, self.place.account);
            let row = self.shared.store.reads().account(tenant, account).await;
            row.unwrap().unwrap()
        }

        async fn take_over(&self) -> i64 {
            let account = self.place.account;
            let write = self
                .shared
                .store
                .write(move |tx| Box::pin(accounts::take_over(tx, account)));
            write.await.unwrap()
        }
    }

    #[actix::test]
    async fn an_end_counts_from_the_moment_it_is_known_until_it_is_written() {
        let scene = scene().await;
        let (first, second) = (scene.dies(1), scene.dies(2));
        assert!(scene.place.ends_written().now_or_never().is_none(), "known");
        first.await;
        assert!(scene.place.ends_written().now_or_never().is_none(), "one is left");
        second.await;
        scene.place.ends_written().await;
        assert_eq!(scene.row().await.state, AccountState::Restarting);
        // What is said now is said after it.
        record_parked(&scene.shared, &scene.place, HibernationCause::Idle, "parked").await;
        assert_eq!(scene.row().await.state, AccountState::Hibernated);
        assert_eq!(scene.place.standing.state(), AccountState::Hibernated);
        drop(scene.dies(3));
        scene.place.ends_written().await;
    }

    #[actix::test]
    async fn an_end_that_is_written_late_changes_nothing_for_the_next_generation() {
        let scene = scene().await;
        let late = scene.dies(1);
        let epoch = scene.take_over().await;
        scene.place.standing.set_epoch(epoch);
        scene.place.standing.set_state(AccountState::Online, epoch);
        let before = scene.row().await.state;
        late.await;
        assert_eq!(scene.row().await.state, before);
        scene
            .place
            .standing
            .set_state(AccountState::Restarting, epoch - 1);
        assert_eq!(scene.place.standing.state(), AccountState::Online);
    }
}
