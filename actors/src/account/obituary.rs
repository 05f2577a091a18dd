//! What is said of a generation that ended without a word of its own: a dead actor writes nothing.
//!
//! Never here: the end of a generation written after what was said of the account later, such as that it was stopped or
//! parked meanwhile, or before what that generation had said itself. The account would be called what it is not for ever,
//! and nothing would change that.

use std::{future::Future, sync::Arc, time::Duration};

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
    store::StoreError,
    supervision::{Exit, Next},
};

/// How long the last words of a dead generation may take: its scribe tries a store that does not answer a few times more.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How long it is waited after each time that a state could not be written.
const TRIES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

/// How much is known of and not written yet. Cheap to clone; all clones count the same.
#[derive(Clone, Debug)]
pub(super) struct Unwritten(Arc<watch::Sender<usize>>);

impl Default for Unwritten {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Unwritten {
    /// One more, as long as this lives.
    pub(super) fn begin(&self) -> OneMore {
        self.0.send_modify(|open| *open += 1);
        OneMore(self.clone())
    }

    async fn none(&self) {
        let mut open = self.0.subscribe();
        // Fails only without a sender, which lives as long as this.
        let _ = open.wait_for(|open| *open == 0).await;
    }
}

/// See [`Unwritten::begin`].
pub(super) struct OneMore(Unwritten);

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.0.send_modify(|open| *open -= 1);
    }
}

impl Place {
    /// Completes once every end that is known is written. Whoever says something of the account after an end waits for it.
    pub async fn ends_written(&self) {
        self.ends.none().await;
    }

    /// Whether every end that is known is written.
    pub fn all_written(&self) -> bool {
        *self.ends.0.borrow() == 0
    }
}

/// Writes and publishes how a generation ended: `restarting` or `failed` with the reason, or `stopped` where it is not meant
/// to run any more. Called by the registry when
/// supervision reports the end; known from the call on, written by what it gives. Written under the dead generation's
/// epoch, so that it is refused once the next one has taken over; an end in good order has written its state itself.
pub fn record_end(
    shared: Shared,
    place: Place,
    generation: u64,
    exit: Exit,
    next: Next,
) -> impl Future<Output = ()> + Send {
    let (unwritten, epoch) = (place.ends.begin(), place.standing.epoch());
    let said = place.words.lock().clone();
    // Shown from now on, however long it takes until it can be written.
    let held = last_words(&place, generation, &exit, next, true)
        .map(|say| shared.spoken.hold(place.account, &say, epoch, shared.clock.now()));
    async move {
        shared.say_unready(place.account);
        // What it had said before is written first, or would be written over this.
        tokio::select! {
            () = said.none() => {}
            () = shared.clock.sleep(LAST_WORDS) => {}
        }
        // Only of one that is not started anew is there anything to ask.
        let wanted = next != Next::Rest || is_wanted(&shared, &place).await;
        if let Some(say) = last_words(&place, generation, &exit, next, wanted) {
            record(&shared, &place, say, (generation, epoch)).await;
        }
        drop((unwritten, held));
    }
}

/// Whether the account is meant to run. Where that cannot be read it is taken to be: of an account that says that it starts
/// anew and does not, the registry sets right what it says; it never looks at one that says that it is stopped.
async fn is_wanted(shared: &Shared, place: &Place) -> bool {
    match shared.store.reads().account(place.tenant, place.account).await {
        Ok(row) => row.is_some_and(|row| row.wanted),
        Err(_) => true,
    }
}

fn last_words(place: &Place, generation: u64, exit: &Exit, next: Next, wanted: bool) -> Option<Say> {
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
            // It ended by itself while it was closed to be opened anew, or nobody was left to open it: the registry does.
            None if wanted => Say::because(AccountState::Restarting, exit.to_string(), evidence),
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

/// Writes and publishes a state for an account that has no living generation to say it (`generation` 0), or for one that
/// is dead; again and again for a while where the store does not answer.
async fn record(shared: &Shared, place: &Place, say: Say, (generation, mut epoch): (u64, i64)) {
    let held = shared.spoken.hold(place.account, &say, epoch, shared.clock.now());
    for pause in TRIES {
        let error = match write(shared, place, &say, epoch).await {
            Ok(Some(from)) => {
                took_place(shared, place, &say, epoch);
                tracing::warn!(target: "zaptor::account", account = %place.account, from = %from, to = %say.state,
                    reason = say.reason.as_deref(), generation, epoch, "account state");
                return;
            }
            Ok(None) => match shared.store.reads().account(place.tenant, place.account).await {
                Ok(Some(row)) if row.state == say.state && row.epoch == epoch => {
                    return took_place(shared, place, &say, epoch);
                }
                // A generation took over, and ended before it knew that it had.
                Ok(Some(row)) if row.epoch > epoch && generation == 0 => {
                    epoch = row.epoch;
                    place.standing.set_epoch(epoch);
                    continue;
                }
                Ok(_) => return,
                Err(error) => error,
            },
            Err(error) => error,
        };
        tracing::error!(target: "zaptor::account", account = %place.account, to = %say.state, generation, epoch, %error,
            "a state could not be written");
        if !matches!(error, StoreError::Unavailable(_) | StoreError::Uncertain(_)) {
            break;
        }
        shared.clock.sleep(pause).await;
    }
    held.stay();
}

/// Gives the state before, or nothing when the epoch is stale or nothing would change.
async fn write(
    shared: &Shared,
    place: &Place,
    say: &Say,
    epoch: i64,
) -> Result<Option<AccountState>, StoreError> {
    let (own, at, told) = (shared.clone(), place.clone(), say.clone());
    let written = shared.store.write(move |tx| {
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
    });
    written.await
}

fn took_place(shared: &Shared, place: &Place, say: &Say, epoch: i64) {
    let now = shared.clock.now();
    place.mending.note_state(now, say.state, say.reason.as_deref());
    place.standing.set_state(say.state, epoch);
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use std::{sync::Arc, time::Duration};

    use futures::FutureExt as _;

    use super::*;
    use crate::{
        account::{OpeningRules, Openings, Settings, Spoken, scribe},
        domain::{Clock, IdSource, Timestamp},
        forensics::Forensics,
        session::simulated::{self, SimulatedEngine},
        store::{AccountRow, accounts, stage},
    };

    const BACKS_OFF: Next = Next::Restart {
        after: Duration::from_secs(1),
    };

    struct Scene {
        shared: Shared,
        place: Place,
        _folder: tempfile::TempDir,
    }

    /// A real database with one account.
    async fn scene() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_millis(1_000_000));
        let ids = Arc::new(IdSource::seeded(clock.clone(), 1));
        let (tenant, account) = (ids.next(), ids.next());
        let store = stage::with_account(folder.path(), tenant, account, clock.now()).await;
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
            spoken: Spoken::default(),
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
            self.dies_before(generation, BACKS_OFF)
        }

        fn dies_before(&self, generation: u64, next: Next) -> impl Future<Output = ()> + Send + use<> {
            let (shared, place) = (self.shared.clone(), self.place.clone());
            record_end(shared, place, generation, Exit::Panicked, next)
        }

        async fn want(&self, wanted: bool) {
            let (tenant, account) = (self.place.tenant, self.place.account);
            let store = &self.shared.store;
            let write = store.write(move |tx| Box::pin(accounts::set_wanted(tx, tenant, account, wanted)));
            write.await.unwrap();
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
    async fn one_that_is_not_started_anew_is_stopped_only_if_that_is_meant() {
        for (wanted, state) in [(true, AccountState::Restarting), (false, AccountState::Stopped)] {
            let scene = scene().await;
            scene.want(wanted).await;
            scene.dies_before(1, Next::Rest).await;
            assert_eq!(scene.row().await.state, state, "wanted: {wanted}");
        }
    }

    #[actix::test]
    async fn what_a_generation_said_before_its_end_is_not_written_after_it() {
        let scene = scene().await;
        let (open, gate) = tokio::sync::oneshot::channel::<()>();
        let gate = Arc::new(tokio::sync::Mutex::new(Some(gate)));
        let store = scene.shared.store.clone();
        let busy = tokio::spawn(async move {
            let wait = store.write(move |_| {
                let gate = Arc::clone(&gate);
                Box::pin(async move {
                    if let Some(gate) = gate.lock().await.take() {
                        let _ = gate.await;
                    }
                    Ok(())
                })
            });
            wait.await
        });
        let stamp = scribe::Stamp {
            epoch: 0,
            generation: 1,
        };
        let ended = tokio_util::sync::CancellationToken::new();
        let task = scribe::start(&scene.shared, &scene.place, stamp, &[], ended.clone());
        for state in [AccountState::Syncing, AccountState::Degraded] {
            let said = Say::because(state, "said", Evidence::Asked { asked: "test" });
            assert!(task.handle.note(scribe::Entry::Say(said)));
            tokio::task::yield_now().await;
        }
        drop(task.handle);
        ended.cancel();
        let end = tokio::spawn(scene.dies(1));
        tokio::task::yield_now().await;
        open.send(()).unwrap();
        busy.await.unwrap().unwrap();
        end.await.unwrap();
        task.done.await.unwrap();
        assert_eq!(scene.row().await.state, AccountState::Restarting);
        assert_eq!(scene.place.standing.state(), AccountState::Restarting);
    }

    #[actix::test]
    async fn a_state_is_written_though_a_generation_took_over_without_knowing_it() {
        let scene = scene().await;
        let epoch = scene.take_over().await;
        assert_ne!(scene.place.standing.epoch(), epoch);
        record_parked(&scene.shared, &scene.place, HibernationCause::Idle, "parked").await;
        assert_eq!(scene.row().await.state, AccountState::Hibernated);
        assert_eq!(scene.place.standing.state(), AccountState::Hibernated);
        assert_eq!(scene.place.standing.epoch(), epoch);
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
