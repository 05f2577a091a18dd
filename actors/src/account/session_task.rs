//! The task that owns the session: one command in flight, each within its deadline. It ends when its generation does,
//! and never without closing the session.

mod commands;
mod mend;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Opening, Place, Settings, Shared, Urgency, Waits, Weight, metrics, probe,
    profile::{self, Prepared},
};
use crate::{
    domain::{AccountSettings, Clock, Jid, Phone, Timestamp, WaMessageId, message::Outgoing},
    session::{
        AgentBuild, Ending, InboundBatch, InboundKey, InboundList, LookUp, PageStatus, PhoneCode,
        PhoneCodeError, ProfileHold, ProxyTrouble, SendError, Session, SessionError, SessionEvent,
        SessionSpec, StillWork,
    },
    store::secrets::PROXY_PASSWORD,
    vault::Vault,
};

/// How long a session may stand still; what it does meanwhile takes milliseconds.
const STILL_SECONDS: u64 = 2;
/// How long a veiled picture may take; a page that hangs has none.
const SEE: Duration = Duration::from_secs(2);

/// What the session is told. Each answer goes to who asked; an asker that left is no error.
enum Command {
    Probe(oneshot::Sender<Result<Duration, SessionError>>),
    Send(Box<Outgoing>, oneshot::Sender<Result<(), SendError>>),
    LookUp(Jid, WaMessageId, oneshot::Sender<Result<LookUp, SessionError>>),
    LookUpMany(
        Vec<(Jid, WaMessageId)>,
        oneshot::Sender<Result<Vec<LookUp>, SessionError>>,
    ),
    InboundSince(
        Timestamp,
        usize,
        oneshot::Sender<Result<InboundList, SessionError>>,
    ),
    FetchInbound(
        Vec<InboundKey>,
        oneshot::Sender<Result<InboundBatch, SessionError>>,
    ),
    ReplaceAgent(Arc<AgentBuild>, oneshot::Sender<Result<(), SessionError>>),
    RefreshPairing(oneshot::Sender<Result<(), SessionError>>),
    PairByPhone(Phone, oneshot::Sender<Result<PhoneCode, PhoneCodeError>>),
    LogOut(oneshot::Sender<Result<(), SessionError>>),
    Screenshot(oneshot::Sender<Result<Vec<u8>, SessionError>>),
    StandStill(StillWork, oneshot::Sender<Result<(), SessionError>>),
    Status(oneshot::Sender<Result<PageStatus, SessionError>>),
    Mend(Mend, Duration, oneshot::Sender<Result<(), SessionError>>),
    See(oneshot::Sender<Result<Seen, SessionError>>),
}

/// What a session can do about its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mend {
    Dismiss,
    Reload,
    NewPage,
}

/// The page's console, and a veiled picture or why there is none.
pub(super) type Seen = (Vec<String>, Result<Vec<u8>, String>);

/// The way to the session. Cheap to clone. When the last one is dropped, the task finishes what waits and closes.
#[derive(Clone)]
pub(super) struct SessionHandle {
    commands: mpsc::Sender<Command>,
}

fn gone() -> SessionError {
    SessionError::Dead("the session has ended".to_owned())
}

impl SessionHandle {
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, SessionError>>) -> Command,
    ) -> Result<T, SessionError> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Proves a round trip; gives the time it took.
    pub(super) async fn probe(&self) -> Result<Duration, SessionError> {
        self.ask(Command::Probe).await
    }

    /// Sends. A message that never reached the session is [`SendError::NotSent`]; one whose answer was lost is in doubt.
    pub(super) async fn send(&self, message: Outgoing) -> Result<(), SendError> {
        let (answer, answered) = oneshot::channel();
        let command = Command::Send(Box::new(message), answer);
        let unsent = |_| SendError::NotSent("the session has ended".to_owned());
        self.commands.send(command).await.map_err(unsent)?;
        answered.await.map_err(|_| SendError::Unknown(gone()))?
    }

    pub(super) async fn look_up(&self, chat: Jid, id: WaMessageId) -> Result<LookUp, SessionError> {
        self.ask(|answer| Command::LookUp(chat, id, answer)).await
    }

    pub(super) async fn look_up_many(
        &self,
        messages: Vec<(Jid, WaMessageId)>,
    ) -> Result<Vec<LookUp>, SessionError> {
        self.ask(|answer| Command::LookUpMany(messages, answer)).await
    }

    pub(super) async fn inbound_since(
        &self,
        since: Timestamp,
        most: usize,
    ) -> Result<InboundList, SessionError> {
        self.ask(|answer| Command::InboundSince(since, most, answer))
            .await
    }

    pub(super) async fn fetch_inbound(&self, keys: Vec<InboundKey>) -> Result<InboundBatch, SessionError> {
        self.ask(|answer| Command::FetchInbound(keys, answer)).await
    }

    /// Puts other agent's files into the page and loads it anew.
    pub(super) async fn replace_agent(&self, build: Arc<AgentBuild>) -> Result<(), SessionError> {
        self.ask(|answer| Command::ReplaceAgent(build, answer)).await
    }

    pub(super) async fn refresh_pairing(&self) -> Result<(), SessionError> {
        self.ask(Command::RefreshPairing).await
    }

    pub(super) async fn pair_by_phone(&self, phone: Phone) -> Result<PhoneCode, PhoneCodeError> {
        let (answer, answered) = oneshot::channel();
        let command = Command::PairByPhone(phone, answer);
        self.commands.send(command).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    pub(super) async fn log_out(&self) -> Result<(), SessionError> {
        self.ask(Command::LogOut).await
    }

    /// Does this while nothing of the session writes to its profile.
    pub(super) async fn stand_still(&self, work: StillWork) -> Result<(), SessionError> {
        self.ask(|answer| Command::StandStill(work, answer)).await
    }

    pub(super) async fn status(&self) -> Result<PageStatus, SessionError> {
        self.ask(Command::Status).await
    }

    /// Does something about the page, within `limit`.
    pub(super) async fn mend(&self, by: Mend, limit: Duration) -> Result<(), SessionError> {
        self.ask(|answer| Command::Mend(by, limit, answer)).await
    }

    /// What the page has written, and what it looks like with everything hidden that somebody wrote or could scan.
    pub(super) async fn see(&self) -> Result<Seen, SessionError> {
        self.ask(Command::See).await
    }

    pub(super) async fn screenshot(&self) -> Result<Vec<u8>, SessionError> {
        self.ask(Command::Screenshot).await
    }
}

/// What the actor holds of a session that is being opened or is open.
pub(super) struct SessionTask {
    pub(super) handle: SessionHandle,
    pub(super) events: mpsc::Receiver<SessionEvent>,
    /// What was done with the profile before; dropped without an answer when it did not come to that.
    pub(super) prepared: oneshot::Receiver<Prepared>,
    /// What it waits for before it may be opened.
    pub(super) waits: watch::Receiver<Option<Waits>>,
    /// Whether it could be opened. Dropped without an answer when it was cancelled before.
    pub(super) opened: oneshot::Receiver<Result<(), SessionError>>,
    /// Completes once the session is closed. Its profile is free once it has been kept.
    pub(super) closed: oneshot::Receiver<()>,
}

/// Starts the task on the current arbiter. `token` ends it, whatever it does.
pub(super) fn start(
    place: &Place,
    generation: u64,
    shared: &Shared,
    token: CancellationToken,
) -> SessionTask {
    let (commands, waiting) = mpsc::channel(shared.settings.command_queue.max(1));
    let (sender, events) = mpsc::channel(crate::session::EVENT_QUEUE);
    let (tell_prepared, prepared) = oneshot::channel();
    let (tell_opened, opened) = oneshot::channel();
    let (tell_closed, closed) = oneshot::channel();
    let (tell_waits, waits) = watch::channel(None);
    let task = Task {
        spec: SessionSpec {
            account: place.account,
            generation,
            profile: place.profile.clone(),
            settings: AccountSettings::default(),
            hold: ProfileHold::default(),
        },
        place: place.clone(),
        settings: Arc::clone(&shared.settings),
        clock: shared.clock.clone(),
        vault: shared.vault.clone(),
        shared: shared.clone(),
        token,
    };
    let tell = Tell {
        events: sender,
        prepared: tell_prepared,
        waits: tell_waits,
        opened: tell_opened,
        closed: tell_closed,
    };
    tokio::spawn(task.run(waiting, tell));
    SessionTask {
        handle: SessionHandle { commands },
        events,
        prepared,
        waits,
        opened,
        closed,
    }
}

/// What the task tells; whatever it drops is told as well.
struct Tell {
    events: mpsc::Sender<SessionEvent>,
    prepared: oneshot::Sender<Prepared>,
    waits: watch::Sender<Option<Waits>>,
    opened: oneshot::Sender<Result<(), SessionError>>,
    closed: oneshot::Sender<()>,
}

struct Task {
    spec: SessionSpec,
    place: Place,
    settings: Arc<Settings>,
    clock: Clock,
    vault: Option<Vault>,
    shared: Shared,
    token: CancellationToken,
}

/// Why a command has no answer of the session.
enum Cut {
    Deadline(Duration),
    Cancelled,
}

impl Cut {
    fn of(self, command: &'static str) -> SessionError {
        match self {
            Self::Deadline(after) => SessionError::Deadline { command, after },
            Self::Cancelled => gone(),
        }
    }
}

impl Task {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>, tell: Tell) {
        // Held until the session is closed and the profile kept, and by the engine until nothing of a session that was given
        // up can come any more: two browsers never share one, and none is copied under a browser.
        self.spec.hold = match self.profile().await {
            Ok(guard) => ProfileHold::new(guard),
            Err(Cut::Cancelled) => return,
            Err(Cut::Deadline(after)) => return drop(tell.opened.send(Err(in_use(after)))),
        };
        let prepared = match profile::prepare(self.vault.as_ref(), &self.place).await {
            Ok(prepared) => prepared,
            Err(error) => return drop(tell.opened.send(Err(error))),
        };
        let _ = tell.prepared.send(prepared);
        let opened = self.open_when_due(tell.events, tell.waits).await;
        let (session, mut opening, started) = match opened {
            Ok(opened) => opened,
            Err(Some(error)) => return drop(tell.opened.send(Err(error))),
            // Nobody waits for it any more.
            Err(None) => return,
        };
        metrics::opened(self.clock.instant().duration_since(started).as_secs_f64());
        self.place.gauges.opened(self.spec.generation, session.vitals());
        opening.iter_mut().for_each(Opening::opened);
        let _ = tell.opened.send(Ok(()));
        let (mut session, lost) = self.serve(session, &mut commands).await;
        drop(refuse_rest(commands));
        let linked = !lost && profile::is_linked(session.as_mut(), &self.clock).await;
        let ending = self.close(session).await;
        self.place.gauges.closed();
        drop(opening);
        if let Some(vault) = profile::wants_keeping(self.vault.as_ref(), &self.place, linked, ending) {
            // Nobody waits for it but the end of the process and whoever wants the profile next.
            let _busy = vault.busy();
            let _ = tell.closed.send(());
            profile::keep(vault, &self.place, &self.settings, &self.clock).await;
        }
    }

    /// Opens the session, once there is room for it and the engine has what it needs. Gives when the opening began, too.
    async fn open_when_due(
        &self,
        events: mpsc::Sender<SessionEvent>,
        waits: watch::Sender<Option<Waits>>,
    ) -> Result<(Box<dyn Session>, Option<Opening>, Instant), Option<SessionError>> {
        loop {
            let opening = match self.admitted(waits.clone()).await {
                Ok(opening) => opening,
                Err(Cut::Cancelled) => return Err(None),
                Err(cut) => return Err(Some(cut.of("open"))),
            };
            let started = self.clock.instant();
            let opened = self
                .bounded(self.settings.open_deadline_seconds, self.open(events.clone()))
                .await;
            let hold = match opened {
                Ok(Ok(session)) => return Ok((session, opening, started)),
                Ok(Err(SessionError::Held(hold))) => hold,
                Ok(Err(error)) => return Err(Some(error)),
                Err(cut) => return Err(Some(cut.of("open"))),
            };
            // Nobody else waits for it meanwhile.
            drop(opening);
            let pause = self.clock.sleep(hold.retry_in);
            waits.send_replace(Some(Waits::Held(hold)));
            tokio::select! {
                biased;
                () = self.token.cancelled() => return Err(None),
                () = pause => {}
            }
        }
    }

    /// Waits until it may be opened, as long as that takes; an engine whose sessions cost nothing asks nobody.
    async fn admitted(&self, waits: watch::Sender<Option<Waits>>) -> Result<Option<Opening>, Cut> {
        let engine = &self.place.engine;
        if engine.is_light() {
            return Ok(None);
        }
        let admitted = async {
            // Without the database nobody can tell; the opening will say so.
            let urgency = Urgency::now(&self.shared, &self.place).await.unwrap_or_default();
            let weight = Weight {
                expected: engine.footprint_bytes(),
                gauges: Arc::clone(&self.place.gauges),
            };
            self.shared.openings.admit(urgency, weight, waits).await
        };
        tokio::select! {
            biased;
            () = self.token.cancelled() => Err(Cut::Cancelled),
            opening = admitted => opening.map(Some).ok_or(Cut::Cancelled),
        }
    }

    async fn close(&self, session: Box<dyn Session>) -> Option<Ending> {
        let limit = Duration::from_secs(self.settings.close_deadline_seconds);
        tokio::select! {
            ending = session.close() => Some(ending),
            () = self.clock.sleep(limit) => {
                tracing::warn!(target: "zaptor::account", account = %self.spec.account, generation = self.spec.generation,
                    "the session did not close in time; it was dropped");
                None
            }
        }
    }

    async fn profile(&self) -> Result<OwnedMutexGuard<()>, Cut> {
        let lock = Arc::clone(&self.place.profile_lock);
        self.bounded(self.settings.open_deadline_seconds, Box::pin(lock.lock_owned()))
            .await
    }

    fn open(
        &self,
        events: mpsc::Sender<SessionEvent>,
    ) -> BoxFuture<'static, Result<Box<dyn Session>, SessionError>> {
        let (engine, mut spec) = (Arc::clone(&self.place.engine), self.spec.clone());
        let (store, tenant) = (self.shared.store.clone(), self.place.tenant);
        Box::pin(async move {
            // As they are now: whoever has changed them has not told this generation.
            let settings = store.reads().account_settings(tenant, spec.account).await;
            spec.settings = settings.map_err(|error| SessionError::Open(error.to_string()))?;
            if let Some(proxy) = spec.settings.proxy.as_mut().filter(|proxy| proxy.has_password) {
                let kept = store.secret(spec.account, PROXY_PASSWORD).await;
                proxy.password = kept.map_err(|error| {
                    SessionError::Proxy(ProxyTrouble::Refused(format!(
                        "its password cannot be read ({error})"
                    )))
                })?;
            }
            probe::make_profile(&spec.profile).await?;
            engine.open(spec, events).await
        })
    }

    /// Waits for `work`, at most `seconds` and only as long as the generation lives.
    async fn bounded<T>(&self, seconds: u64, work: BoxFuture<'_, T>) -> Result<T, Cut> {
        let limit = Duration::from_secs(seconds);
        tokio::select! {
            biased;
            () = self.token.cancelled() => Err(Cut::Cancelled),
            done = work => Ok(done),
            () = self.clock.sleep(limit) => Err(Cut::Deadline(limit)),
        }
    }

    /// Carries out commands until there will be no more, one was fatal, or the generation ended. Gives whether the
    /// session is lost.
    async fn serve(
        &self,
        mut session: Box<dyn Session>,
        commands: &mut mpsc::Receiver<Command>,
    ) -> (Box<dyn Session>, bool) {
        loop {
            let command = tokio::select! {
                biased;
                () = self.token.cancelled() => return (session, false),
                command = commands.recv() => command,
            };
            let Some(command) = command else {
                return (session, false);
            };
            if self.carry_out(session.as_mut(), command).await {
                return (session, true);
            }
        }
    }
}

fn in_use(after: Duration) -> SessionError {
    SessionError::Open(format!(
        "the profile is still in use after {after:?}: an earlier browser has not ended, or a snapshot of it is being made or put \
         back"
    ))
}

fn give<T>(answer: oneshot::Sender<Result<T, SessionError>>, result: Result<T, SessionError>) -> bool {
    let lost = result.as_ref().is_err_and(SessionError::is_fatal);
    let _ = answer.send(result);
    lost
}

/// Sends that were never begun are surely not sent; everything else that waits hears that the session is gone.
fn refuse_rest(mut commands: mpsc::Receiver<Command>) -> mpsc::Receiver<Command> {
    commands.close();
    while let Ok(command) = commands.try_recv() {
        if let Command::Send(_, answer) = command {
            let _ = answer.send(Err(SendError::NotSent(
                "the session ended before its turn".to_owned(),
            )));
        }
    }
    commands
}
