//! Real actors that really panic.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test panics where it fails, and its children on purpose"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, Arbiter, AsyncContext as _, Context, Handler,
    Message, MessageResult, WrapFuture as _,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Change, ChildId, ChildSpec, ChildState, Exit, Life, Next, Observe, RestartClass, Retire, Revive,
    Settings, Slot, Supervise, Supervisor, starter,
};
use crate::domain::{Clock, IdSource, Timestamp};

const PATIENCE: Duration = Duration::from_secs(20);

/// A child that ends in every way there is.
struct Probe {
    life: Life,
    panics_left_in_started: Arc<AtomicU32>,
    dirty: u32,
}

#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "u32")]
enum Do {
    Touch,
    Panic,
    PanicInFuture,
    Finish,
    Fail,
    EndWithGroup,
    StopSilently,
    StopArbiter,
}

/// Gives the generation and its token.
#[derive(Message)]
#[rtype(result = "(u64, CancellationToken)")]
struct Who;

impl Actor for Probe {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        let left = &self.panics_left_in_started;
        if left.load(Ordering::SeqCst) > 0 {
            left.fetch_sub(1, Ordering::SeqCst);
            panic!("in started, on purpose");
        }
        self.life.mark_healthy();
    }
}

impl Handler<Do> for Probe {
    type Result = u32;

    fn handle(&mut self, what: Do, ctx: &mut Context<Self>) -> u32 {
        match what {
            Do::Touch => self.dirty += 1,
            Do::Panic => panic!("in a handler, on purpose"),
            Do::PanicInFuture => {
                let later = async {}.into_actor(self);
                ctx.spawn(later.map(|(), _, _| panic!("in a future, on purpose")));
            }
            Do::Finish => {
                self.life.finish("done");
                ctx.stop();
            }
            Do::Fail => {
                self.life.fail("test", "gave up");
                ctx.stop();
            }
            Do::EndWithGroup => {
                self.life.end_with_group("what it shares has ended");
                ctx.stop();
            }
            Do::StopSilently => ctx.stop(),
            Do::StopArbiter => drop(Arbiter::current().stop()),
        }
        self.dirty
    }
}

impl Handler<Who> for Probe {
    type Result = MessageResult<Who>;
    fn handle(&mut self, _: Who, _: &mut Context<Self>) -> Self::Result {
        MessageResult((self.life.generation(), self.life.token()))
    }
}

struct House {
    supervisor: Addr<Supervisor>,
    clock: Clock,
}

struct Kid {
    id: ChildId,
    slot: Slot<Probe>,
    changes: mpsc::UnboundedReceiver<Change>,
}

impl House {
    fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_millis(0));
        let chance = Arc::new(IdSource::seeded(clock.clone(), 3));
        let settings = Settings {
            arbiters: 2,
            ..Settings::default()
        };
        let supervisor = Supervisor::start_with(settings, clock.clone(), chance).unwrap();
        Self { supervisor, clock }
    }

    async fn kid(&self, class: RestartClass, panics_in_started: u32) -> Kid {
        let slot = Slot::default();
        let (told, changes) = mpsc::unbounded_channel();
        let left = Arc::new(AtomicU32::new(panics_in_started));
        let make = move |life| Probe {
            life,
            panics_left_in_started: Arc::clone(&left),
            dirty: 0,
        };
        let spec = ChildSpec {
            name: "probe",
            class,
            start: starter(slot.clone(), make),
            listener: Box::new(move |change| drop(told.send(change.clone()))),
        };
        let id = ChildId::fresh();
        self.supervisor.send(Supervise(id, spec)).await.unwrap();
        Kid { id, slot, changes }
    }

    /// Lets the pause that `next` announces go by.
    fn skip(&self, next: Next) {
        let (Next::Restart { after } | Next::Failed { retry_after: after }) = next else {
            panic!("nothing follows")
        };
        self.clock.leap(after + Duration::from_millis(1));
    }

    async fn state(&self, id: ChildId) -> ChildState {
        let tree = self.supervisor.send(Observe).await.unwrap();
        tree.iter().find(|report| report.child == id).unwrap().state
    }
}

impl House {
    async fn restarts(&self, id: ChildId) -> u64 {
        let tree = self.supervisor.send(Observe).await.unwrap();
        tree.iter().find(|report| report.child == id).unwrap().restarts
    }
}

impl Kid {
    async fn change(&mut self) -> Change {
        timeout(PATIENCE, self.changes.recv()).await.unwrap().unwrap()
    }

    async fn started(&mut self) -> u64 {
        match self.change().await {
            Change::Started { generation } => generation,
            other @ Change::Down { .. } => panic!("{other:?}"),
        }
    }

    async fn down(&mut self) -> (u64, Exit, Next) {
        match self.change().await {
            Change::Down {
                generation,
                exit,
                next,
            } => (generation, exit, next),
            other @ Change::Started { .. } => panic!("{other:?}"),
        }
    }

    async fn tell(&self, what: Do) -> Option<u32> {
        self.slot.get().unwrap().send(what).await.ok()
    }

    async fn who(&self) -> (u64, CancellationToken) {
        self.slot.get().unwrap().send(Who).await.unwrap()
    }
}

#[actix::test]
async fn every_way_to_end_is_reported_and_followed_by_a_fresh_value() {
    let house = House::new();
    let mut kid = house.kid(RestartClass::Permanent, 0).await;
    let ways = [
        (Do::Panic, Exit::Panicked),
        (Do::PanicInFuture, Exit::Panicked),
        (Do::Finish, Exit::Finished("done".to_owned())),
        (
            Do::Fail,
            Exit::Failed {
                kind: "test",
                detail: "gave up".to_owned(),
            },
        ),
        (Do::StopSilently, Exit::Silent),
    ];
    for (n, (way, expected)) in (1..).zip(ways) {
        assert_eq!(kid.started().await, n);
        assert_eq!(
            kid.tell(Do::Touch).await,
            Some(1),
            "a fresh value has seen nothing yet"
        );
        let (generation, token) = kid.who().await;
        assert_eq!(generation, n);
        kid.tell(way).await;
        let (ended, exit, next) = kid.down().await;
        assert_eq!((ended, exit), (n, expected));
        assert!(
            token.is_cancelled(),
            "what the generation left behind is told to end"
        );
        house.skip(next);
    }
    assert_eq!(kid.started().await, 6);
}

#[actix::test]
async fn a_panic_in_started_is_followed_by_a_restart() {
    let house = House::new();
    let mut kid = house.kid(RestartClass::Transient, 1).await;
    assert_eq!(kid.started().await, 1);
    let (generation, exit, next) = kid.down().await;
    assert_eq!((generation, exit), (1, Exit::Panicked));
    house.skip(next);
    assert_eq!(kid.started().await, 2);
    assert_eq!(kid.who().await.0, 2);
}

#[actix::test]
async fn siblings_on_the_same_thread_and_on_others_live_on() {
    let house = House::new();
    let (mut dying, same, other) = (
        house.kid(RestartClass::Transient, 0).await,
        house.kid(RestartClass::Transient, 0).await,
        house.kid(RestartClass::Transient, 0).await,
    );
    for sibling in [&same, &other] {
        assert_eq!(sibling.tell(Do::Touch).await, Some(1));
    }
    dying.started().await;
    dying.tell(Do::Panic).await;
    dying.down().await;
    for sibling in [&same, &other] {
        assert_eq!(sibling.tell(Do::Touch).await, Some(2));
        assert_eq!(house.state(sibling.id).await, ChildState::Running);
    }
    assert_eq!(house.state(dying.id).await, ChildState::BackingOff);
}

#[actix::test]
async fn the_end_of_a_thread_is_seen_and_its_children_move_to_a_new_one() {
    let house = House::new();
    let mut first = house.kid(RestartClass::Transient, 0).await;
    let mut elsewhere = house.kid(RestartClass::Transient, 0).await;
    let mut with_first = house.kid(RestartClass::Transient, 0).await;
    for kid in [&mut first, &mut elsewhere, &mut with_first] {
        kid.started().await;
        kid.who().await;
    }
    first.tell(Do::StopArbiter).await;
    for kid in [&mut first, &mut with_first] {
        let (_, exit, next) = kid.down().await;
        assert_eq!(exit, Exit::ArbiterEnded);
        house.skip(next);
    }
    for kid in [&mut first, &mut with_first] {
        assert_eq!(kid.started().await, 2);
        assert_eq!(kid.who().await.0, 2);
    }
    assert_eq!(elsewhere.who().await.0, 1);
}

#[actix::test]
async fn a_crash_loop_is_called_failed_and_still_tried_again() {
    let house = House::new();
    let mut kid = house.kid(RestartClass::Transient, 7).await;
    for generation in 1..=5 {
        assert_eq!(kid.started().await, generation);
        let (_, exit, next) = kid.down().await;
        assert_eq!(exit, Exit::Panicked);
        assert!(matches!(next, Next::Restart { .. }), "{next:?}");
        house.skip(next);
    }
    for generation in 6..=7 {
        assert_eq!(kid.started().await, generation);
        let (_, _, next) = kid.down().await;
        assert!(matches!(next, Next::Failed { .. }), "{next:?}");
        assert_eq!(house.state(kid.id).await, ChildState::Failed);
        house.skip(next);
    }
    assert_eq!(kid.started().await, 8);
    assert_eq!(kid.who().await.0, 8);
    house.clock.leap(Duration::from_secs(60));
    kid.tell(Do::Fail).await;
    let (_, _, next) = kid.down().await;
    assert!(
        matches!(next, Next::Restart { .. }),
        "a healthy minute forgives: {next:?}"
    );
}

#[actix::test]
async fn an_end_with_the_group_is_followed_by_a_restart_soon_and_spends_nothing() {
    let house = House::new();
    let mut kid = house.kid(RestartClass::Transient, 0).await;
    for generation in 1..=20 {
        assert_eq!(kid.started().await, generation);
        kid.tell(Do::EndWithGroup).await;
        let (_, exit, next) = kid.down().await;
        assert_eq!(exit.kind(), "group_ended");
        let base = Settings::default().backoff().base;
        assert!(
            matches!(next, Next::Restart { after } if after <= base),
            "{next:?}"
        );
        house.skip(next);
    }
    assert_eq!(house.restarts(kid.id).await, 0);
    for generation in 21..=25 {
        assert_eq!(kid.started().await, generation);
        kid.tell(Do::Fail).await;
        let (_, _, next) = kid.down().await;
        assert!(
            matches!(next, Next::Restart { .. }),
            "its budget is whole: {next:?}"
        );
        house.skip(next);
    }
    assert_eq!(kid.started().await, 26);
    assert_eq!(house.restarts(kid.id).await, 5);
}

#[actix::test]
async fn a_transient_child_rests_when_it_has_finished_and_a_temporary_one_always() {
    let house = House::new();
    let mut transient = house.kid(RestartClass::Transient, 0).await;
    transient.started().await;
    transient.tell(Do::Finish).await;
    assert_eq!(transient.down().await.2, Next::Rest);
    let mut temporary = house.kid(RestartClass::Temporary, 0).await;
    temporary.started().await;
    temporary.tell(Do::Panic).await;
    assert_eq!(temporary.down().await.2, Next::Rest);
    assert_eq!(house.state(temporary.id).await, ChildState::Stopped);
}

#[actix::test]
async fn a_retired_child_is_waited_for_and_only_revived_by_command() {
    let house = House::new();
    let mut kid = house.kid(RestartClass::Permanent, 0).await;
    kid.started().await;
    kid.who().await;
    let down = house.supervisor.send(Retire(kid.id)).await.unwrap();
    kid.tell(Do::Panic).await;
    timeout(PATIENCE, down).await.unwrap().unwrap();
    assert_eq!(kid.down().await.2, Next::Rest);
    let again = house.supervisor.send(Retire(kid.id)).await.unwrap();
    timeout(PATIENCE, again).await.unwrap().unwrap();
    house.clock.leap(Duration::from_secs(3_600));
    assert_eq!(house.state(kid.id).await, ChildState::Stopped);
    assert!(house.supervisor.send(Revive(kid.id)).await.unwrap());
    assert_eq!(kid.started().await, 2);
    assert_eq!(house.state(kid.id).await, ChildState::Running);
}

#[actix::test]
async fn a_listener_that_panics_costs_its_child_nothing_and_nobody_else() {
    let house = House::new();
    let other = house.kid(RestartClass::Transient, 0).await;
    let (slot, heard) = (Slot::<Probe>::default(), Arc::new(AtomicU32::new(0)));
    let (counted, left) = (Arc::clone(&heard), Arc::new(AtomicU32::new(0)));
    let make = move |life| Probe {
        life,
        panics_left_in_started: Arc::clone(&left),
        dirty: 0,
    };
    let spec = ChildSpec {
        name: "probe",
        class: RestartClass::Transient,
        start: starter(slot.clone(), make),
        listener: Box::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            panic!("in a listener, on purpose");
        }),
    };
    let id = ChildId::fresh();
    house.supervisor.send(Supervise(id, spec)).await.unwrap();
    let _ = slot.get().unwrap().send(Do::Panic).await;
    // Its end is heard of by now or soon; a retirement is answered once it is down.
    let down = house.supervisor.send(Retire(id)).await.unwrap();
    timeout(PATIENCE, down).await.unwrap().unwrap();
    assert!(
        heard.load(Ordering::SeqCst) >= 2,
        "it heard of the start and of the end"
    );
    assert!(house.supervisor.send(Revive(id)).await.unwrap());
    assert_eq!(slot.get().unwrap().send(Do::Touch).await.unwrap(), 1);
    assert_eq!(other.tell(Do::Touch).await, Some(1));
    assert_eq!(other.who().await.0, 1);
}
