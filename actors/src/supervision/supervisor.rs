//! The supervising actor: children by number, each with its factory, its state and its record.

use std::{
    collections::BTreeMap,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Instant,
};

use actix::{
    Actor, ActorFutureExt as _, Addr, Arbiter, ArbiterHandle, AsyncContext as _, Context, Handler, Message,
    MessageResult, WrapFuture as _,
};
use tokio::sync::oneshot;

use super::{
    Change, ChildId, ChildReport, ChildSpec, ChildState, Exit, Life, Next, Record, Settings, Verdict,
};
use crate::domain::{Clock, IdSource, Timestamp};

/// Take this child on under a fresh number and start it. The number is the asker's, so that it knows its child even
/// where it does not live to hear an answer.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Supervise(pub ChildId, pub ChildSpec);

/// Do not restart this child any more. Ends nothing: the child is told by whoever knows it. The receiver completes once
/// the child is down (at once when it is, or when it is not known).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "oneshot::Receiver<()>")]
pub struct Retire(pub ChildId);

/// Start this child at once, if it does not run, with a fresh budget. Gives whether it is known.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "bool")]
pub struct Revive(pub ChildId);

/// Drop this child from the tree; one that still runs is not restarted.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Forget(pub ChildId);

/// The tree as data, in the order of the children's numbers.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Vec<ChildReport>")]
pub struct Observe;

/// One child as data; nothing when it is not known.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<ChildReport>")]
pub struct ObserveOne(pub ChildId);

/// The guard of a child reports its end.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct ChildDown {
    pub(super) child: ChildId,
    pub(super) generation: u64,
    pub(super) exit: Option<Exit>,
    pub(super) healthy: bool,
}

struct Child {
    spec: ChildSpec,
    state: ChildState,
    retired: bool,
    generation: u64,
    restarts: u64,
    started_at: Instant,
    place: usize,
    thread: Option<ArbiterHandle>,
    record: Record,
    last_exit: Option<(Exit, Timestamp)>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Child {
    /// Tells the listener. Its panic is its own: the supervisor has others to look after.
    fn tell(&self, change: &Change) {
        if catch_unwind(AssertUnwindSafe(|| (self.spec.listener)(change))).is_err() {
            tracing::error!(target: "zaptor::supervision", name = self.spec.name, ?change, "a listener panicked");
        }
    }

    fn report(&self, child: ChildId) -> ChildReport {
        ChildReport {
            child,
            name: self.spec.name,
            class: self.spec.class,
            state: self.state,
            generation: self.generation,
            restarts: self.restarts,
            last_exit: self.last_exit.clone(),
        }
    }
}

/// Supervises children, one for one, and owns the threads that they run on. Ends them with itself.
pub struct Supervisor {
    settings: Settings,
    clock: Clock,
    chance: Arc<IdSource>,
    arbiters: Vec<Arbiter>,
    children: BTreeMap<ChildId, Child>,
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Supervisor({} children)", self.children.len())
    }
}

impl Supervisor {
    /// Starts a supervisor on the current arbiter, and its threads. `chance` gives the jitter.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start_with(settings: Settings, clock: Clock, chance: Arc<IdSource>) -> io::Result<Addr<Self>> {
        let threads = match settings.arbiters {
            0 => thread::available_parallelism().map_or(2, usize::from),
            given => given,
        };
        let arbiters = (0..threads)
            .map(|_| Arbiter::try_new())
            .collect::<io::Result<_>>()?;
        let supervisor = Self {
            settings,
            clock,
            chance,
            arbiters,
            children: BTreeMap::new(),
        };
        Ok(supervisor.start())
    }

    /// The thread for a child; one that ended is replaced, so that its children have somewhere to go.
    fn arbiter(&mut self, place: usize) -> ArbiterHandle {
        if !self.arbiters[place].handle().alive()
            && let Ok(fresh) = Arbiter::try_new()
        {
            self.arbiters[place] = fresh;
        }
        self.arbiters[place].handle()
    }

    fn launch(&mut self, id: ChildId, follows_death: bool, ctx: &Context<Self>) {
        let Some(place) = self.children.get(&id).map(|child| child.place) else {
            return;
        };
        let arbiter = self.arbiter(place);
        let now = self.clock.instant();
        let Some(child) = self.children.get_mut(&id) else {
            return;
        };
        child.generation += 1;
        child.state = ChildState::Running;
        child.started_at = now;
        child.thread = Some(arbiter.clone());
        let life = Life::new(id, child.generation, follows_death, ctx.address().downgrade());
        // A generation that cannot be begun is one that ended: its guard reports it.
        if catch_unwind(AssertUnwindSafe(|| (child.spec.start)(&arbiter, life))).is_err() {
            tracing::error!(target: "zaptor::supervision", name = child.spec.name, "a child could not be begun");
        }
        let generation = child.generation;
        child.tell(&Change::Started { generation });
    }

    fn launch_after(
        &self,
        id: ChildId,
        (generation, counts): (u64, bool),
        after: std::time::Duration,
        ctx: &mut Context<Self>,
    ) {
        let pause = self.clock.sleep(after).into_actor(self);
        ctx.spawn(pause.map(move |(), this, ctx| {
            let due = this.children.get_mut(&id).filter(|child| {
                child.generation == generation
                    && matches!(child.state, ChildState::BackingOff | ChildState::Failed)
            });
            if let Some(child) = due {
                child.restarts += u64::from(counts);
                this.launch(id, counts, ctx);
            }
        }));
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        for arbiter in &self.arbiters {
            arbiter.stop();
        }
    }
}

impl Handler<Supervise> for Supervisor {
    type Result = ();

    fn handle(&mut self, Supervise(id, spec): Supervise, ctx: &mut Context<Self>) {
        let child = Child {
            spec,
            state: ChildState::Stopped,
            retired: false,
            generation: 0,
            restarts: 0,
            started_at: self.clock.instant(),
            place: usize::try_from(id.0).unwrap_or(0) % self.arbiters.len(),
            thread: None,
            record: Record::default(),
            last_exit: None,
            waiting: Vec::new(),
        };
        self.children.insert(id, child);
        self.launch(id, false, ctx);
    }
}

impl Handler<ChildDown> for Supervisor {
    type Result = ();

    fn handle(&mut self, down: ChildDown, ctx: &mut Context<Self>) {
        let (now, at) = (self.clock.instant(), self.clock.now());
        let fraction = self.chance.fraction();
        let rules = (self.settings.budget(), self.settings.backoff());
        let Some(child) = self.children.get_mut(&down.child) else {
            return;
        };
        if child.generation != down.generation || child.state != ChildState::Running {
            return;
        }
        let exit = down.exit.unwrap_or_else(|| {
            let alive = child.thread.as_ref().is_some_and(ArbiterHandle::alive);
            if alive { Exit::Silent } else { Exit::ArbiterEnded }
        });
        child.last_exit = Some((exit.clone(), at));
        let counts = exit.is_its_own();
        let next = if child.retired || !child.spec.class.restarts(&exit) {
            Next::Rest
        } else if !exit.is_its_own() {
            // Its group has a budget and pauses of its own; chance keeps its members from coming back in step.
            let after = self.settings.backoff().pause(0, fraction);
            Next::Restart { after }
        } else {
            let lived = now.saturating_duration_since(child.started_at);
            match child.record.judge(now, lived, down.healthy, rules, fraction) {
                Verdict::Restart { after } => Next::Restart { after },
                Verdict::Fail { retry_after } => Next::Failed { retry_after },
            }
        };
        let pause = match next {
            Next::Rest => None,
            Next::Restart { after } => Some((ChildState::BackingOff, after)),
            Next::Failed { retry_after } => Some((ChildState::Failed, retry_after)),
        };
        child.state = pause.map_or(ChildState::Stopped, |(state, _)| state);
        let change = Change::Down {
            generation: down.generation,
            exit,
            next,
        };
        // The listener first: whoever waited for the end finds that it is known.
        child.tell(&change);
        for waiting in child.waiting.drain(..) {
            let _ = waiting.send(());
        }
        if let Some((_, after)) = pause {
            self.launch_after(down.child, (down.generation, counts), after, ctx);
        }
    }
}

impl Handler<Retire> for Supervisor {
    type Result = MessageResult<Retire>;

    fn handle(&mut self, Retire(id): Retire, _: &mut Context<Self>) -> Self::Result {
        let (down, is_down) = oneshot::channel();
        match self.children.get_mut(&id) {
            Some(child) if child.state == ChildState::Running => {
                child.retired = true;
                child.waiting.push(down);
            }
            Some(child) => {
                child.retired = true;
                child.state = ChildState::Stopped;
                let _ = down.send(());
            }
            None => drop(down.send(())),
        }
        MessageResult(is_down)
    }
}

impl Handler<Revive> for Supervisor {
    type Result = bool;

    fn handle(&mut self, Revive(id): Revive, ctx: &mut Context<Self>) -> bool {
        let Some(child) = self.children.get_mut(&id) else {
            return false;
        };
        child.retired = false;
        child.record = Record::default();
        if child.state != ChildState::Running {
            self.launch(id, false, ctx);
        }
        true
    }
}

impl Handler<Forget> for Supervisor {
    type Result = ();

    fn handle(&mut self, Forget(id): Forget, _: &mut Context<Self>) {
        self.children.remove(&id);
    }
}

impl Handler<Observe> for Supervisor {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Context<Self>) -> Self::Result {
        let report = |(id, child): (&ChildId, &Child)| child.report(*id);
        MessageResult(self.children.iter().map(report).collect())
    }
}

impl Handler<ObserveOne> for Supervisor {
    type Result = MessageResult<ObserveOne>;

    fn handle(&mut self, ObserveOne(id): ObserveOne, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.children.get(&id).map(|child| child.report(id)))
    }
}
