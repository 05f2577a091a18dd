//! How an account is put to sleep and woken. Both hold the lock under which it is started and stopped, so that a wake
//! which comes while it is being parked opens it as soon as it is closed, and two wakes open it once.
//!
//! ```text
//!             park: nothing waits to be sent           wake
//!  online ──────────────────────────────▶ hibernated ───────▶ starting ─▶ online
//!     ▲                                       ▲ quiet again       │
//!     │ wake by request: what is meant is      └───────────────────┘ for a message, or to look for messages:
//!     └ lifted, it stays awake                                       what is meant is kept
//! ```
//!
//! Never here: a message lost between the look at the outbox and the closed session. The pump tells of what waits as long
//! as it waits, and whoever parked an account looks once more when it sleeps.

use std::time::Duration;

use super::{
    entry::{Entry, Office},
    metrics,
};
use crate::{
    account::{self, Stand, Woken},
    domain::{AccountState, Hibernation, HibernationCause, Timestamp},
    outbox,
    protocol::account::{AccountError, Park},
    store::{AccountRow, StoreError, accounts},
    supervision::{ChildId, Retire},
};

/// A wake that takes longer than this says nothing about the next one.
const WAKE_MAX: Duration = Duration::from_secs(600);

/// Why an account is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waking {
    /// A message waits to be sent, or one is in doubt.
    Message,
    /// The time of a message comes in a moment.
    Schedule,
    /// It is time to look for messages.
    Rotation,
    /// Somebody asks for it; it stays awake.
    Asked,
    /// It is to be logged out; it stays awake if that fails.
    LogOut,
}

impl Waking {
    const fn opening(self) -> &'static str {
        match self {
            Self::Message => "woken to send what waits",
            Self::Schedule => "woken ahead of a message whose time comes",
            Self::Rotation => "woken to look for messages that came in meanwhile",
            Self::Asked => "woken by request",
            Self::LogOut => "woken to be logged out",
        }
    }

    /// The word in metrics.
    const fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Schedule => "schedule",
            Self::Rotation => "rotation",
            Self::Asked => "asked",
            Self::LogOut => "log_out",
        }
    }

    /// Whether it is not meant to sleep any more.
    const fn lifts(self) -> bool {
        matches!(self, Self::Asked | Self::LogOut)
    }
}

/// Where an account stands after it was asked to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parked {
    /// It sleeps.
    Asleep,
    /// Something waits to be sent first.
    Later,
}

/// What the registry knows of an account's sleep.
#[derive(Debug, Default)]
pub(super) struct Sleep {
    /// As stored.
    hibernation: Option<Hibernation>,
    /// Its own settings, as stored; nothing where the node's hold.
    own: OwnSettings,
    /// It is being closed for it.
    parking: bool,
    /// The epoch under which it slept when it was woken last.
    woken_from: Option<i64>,
    /// Something works on it in the background: a visit, a wake, a parking.
    busy: bool,
    /// How long its last wake on this node took, until it was proven online.
    wake_took: Option<Duration>,
}

/// What an account's settings say of its sleep, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnSettings {
    pub(super) hibernate_after: Option<u32>,
    pub(super) wake_every: Option<u32>,
}

impl OwnSettings {
    fn of(row: &AccountRow) -> Self {
        Self {
            hibernate_after: row.settings.hibernate_after_s,
            wake_every: row.settings.wake_every_s,
        }
    }
}

/// Held while something works on an account's sleep in the background: one at a time.
pub(super) struct Busy(Entry);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.sleep().busy = false;
    }
}

/// Held while an account is being closed to be parked.
struct Closing<'a>(&'a Entry);

impl<'a> Closing<'a> {
    fn begin(entry: &'a Entry, reason: &str) -> Self {
        entry.sleep().parking = true;
        entry.place().set_parking(Some(reason.to_owned()));
        Self(entry)
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.sleep().parking = false;
        self.0.place().set_parking(None);
    }
}

fn reason(why: HibernationCause) -> &'static str {
    match why {
        HibernationCause::Idle => "parked: there was nothing to do",
        HibernationCause::Asked => "parked by request",
        HibernationCause::Memory => {
            "parked: the machine's memory ran short and this account had the least to do"
        }
    }
}

/// Says why an account cannot be parked, if it cannot.
fn refusal(row: &AccountRow, state: AccountState) -> Option<AccountError> {
    use AccountState as S;
    let text = match state {
        S::Stopped => "stopped, which takes no memory either; start it first if it should wake by itself",
        S::LoggedOut => "logged out: link it again first",
        S::Banned => "banned; it has no session that could be parked",
        S::Failed => "failed: look at its reason, and restart it first",
        S::Pairing => "pairing: scan the code first, or stop it",
        _ if !row.wanted => "about to stop",
        _ if row.phone.is_none() => "not linked yet: only a linked account can be parked",
        _ => return None,
    };
    Some(AccountError::WrongState(format!("the account is {text}")))
}

fn failed(error: &StoreError) -> AccountError {
    AccountError::Session(error.to_string())
}

impl Entry {
    /// Takes over what is stored.
    pub(super) fn adopt(&self, row: &AccountRow) {
        let mut sleep = self.sleep();
        sleep.hibernation = row.hibernation;
        sleep.own = OwnSettings::of(row);
    }

    pub(super) fn own_settings(&self) -> OwnSettings {
        self.sleep().own
    }

    /// Takes changed settings over: one that sleeps is looked after at its new interval from now on, and is woken where it
    /// is not to sleep by itself any more.
    pub(super) async fn resettle(&self, office: &Office) -> Result<(), AccountError> {
        let own = OwnSettings::of(&self.row(office).await?);
        let before = std::mem::replace(&mut self.sleep().own, own);
        self.place().note_change();
        let meant = self.hibernation().filter(|_| self.sleeps());
        let Some(meant) = meant.filter(|_| own != before) else {
            return Ok(());
        };
        if meant.why == HibernationCause::Idle && !office.settings.hibernation.lets_sleep(self) {
            return self.wake(office, Waking::Asked).await;
        }
        let _locked = self.child().lock().await;
        if own.wake_every == before.wake_every || !self.sleeps() {
            return Ok(());
        }
        let wake_at = self.next_visit(office, office.clock.now());
        self.intend(office, Some(Hibernation { wake_at, ..meant })).await
    }

    /// What is meant to hold of its sleep.
    pub(super) fn hibernation(&self) -> Option<Hibernation> {
        self.sleep().hibernation
    }

    /// Whether it is to look for messages now, or was to.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let at = self.hibernation().and_then(|meant| meant.wake_at);
        at.is_some_and(|at| at <= now)
    }

    /// Makes an appointment for one that sleeps and has none: its wake came to nothing.
    pub(super) fn appoint(&self, office: &Office, now: Timestamp) {
        let slept_under = self.place().standing.watch().borrow().said_under;
        let next = self.next_visit(office, now);
        let mut sleep = self.sleep();
        if sleep.busy || sleep.woken_from == Some(slept_under) {
            return;
        }
        if let Some(meant) = &mut sleep.hibernation {
            meant.wake_at = meant.wake_at.or(next);
        }
    }

    pub(super) fn sleeps(&self) -> bool {
        self.place().standing.state() == AccountState::Hibernated
    }

    /// Whether a message that waits has to wake it.
    pub(super) fn needs_waking(&self) -> bool {
        self.sleeps() || self.sleep().parking
    }

    /// Takes it for work in the background; nothing while something else works on it.
    pub(super) fn occupy(&self) -> Option<Busy> {
        let taken = std::mem::replace(&mut self.sleep().busy, true);
        (!taken).then(|| Busy(self.clone()))
    }

    /// Stores what is meant to hold of its sleep.
    pub(super) async fn intend(
        &self,
        office: &Office,
        hibernation: Option<Hibernation>,
    ) -> Result<(), AccountError> {
        if self.hibernation() == hibernation {
            return Ok(());
        }
        let account = self.account();
        let written = office
            .store
            .write(move |tx| Box::pin(accounts::set_hibernation(tx, account, hibernation)));
        written.await.map_err(|error| failed(&error))?;
        self.sleep().hibernation = hibernation;
        Ok(())
    }

    /// The account as it is stored now.
    pub(super) async fn row(&self, office: &Office) -> Result<AccountRow, AccountError> {
        let place = self.place();
        let row = office.store.reads().account(place.tenant, place.account).await;
        row.map_err(|error| failed(&error))?
            .ok_or_else(|| AccountError::WrongState("there is no such account".to_owned()))
    }

    /// Whether it has something to send until then.
    pub(super) async fn has_work(&self, office: &Office, by: Timestamp) -> Result<bool, AccountError> {
        let found = outbox::has_work(office.store.reads(), self.account(), by).await;
        found.map_err(|error| failed(&error))
    }

    /// Puts the account to sleep, unless something waits to be sent. One that was asked to sleep does so later then.
    pub(super) async fn park(&self, office: &Office, why: HibernationCause) -> Result<Parked, AccountError> {
        let child = self.child().lock().await;
        if office.running.is_closed() {
            return Err(AccountError::NotRunning);
        }
        let (row, now) = (self.row(office).await?, office.clock.now());
        let asked = why == HibernationCause::Asked;
        let mut meant = match row.hibernation {
            Some(meant) if asked => Hibernation { why, ..meant },
            Some(meant) => meant,
            None => Hibernation {
                since: now,
                wake_at: None,
                why,
            },
        };
        if self.sleeps() {
            meant.wake_at = meant.wake_at.or_else(|| self.next_visit(office, now));
            self.intend(office, Some(meant)).await?;
            return Ok(Parked::Asleep);
        }
        if let Some(refusal) = refusal(&row, self.place().standing.state()) {
            return Err(refusal);
        }
        // One that sleeps by itself need not, when it would be woken in a moment.
        let settings = &office.settings.hibernation;
        let by = if asked {
            now
        } else {
            now.after(settings.linger().max(settings.lead(self.wake_took())))
        };
        if self.has_work(office, by).await? {
            if asked {
                meant.wake_at = None;
                self.intend(office, Some(meant)).await?;
            }
            return Ok(Parked::Later);
        }
        meant.wake_at = self.next_visit(office, now);
        self.intend(office, Some(meant)).await?;
        self.close(office, *child, meant.why).await?;
        drop(child);
        // Whatever came while it was being closed.
        if self.has_work(office, office.clock.now()).await? {
            self.wake(office, Waking::Message).await?;
        }
        Ok(Parked::Asleep)
    }

    /// When a parked account is looked after next, spread so that accounts which were parked together are not woken
    /// together.
    fn next_visit(&self, office: &Office, now: Timestamp) -> Option<Timestamp> {
        let every = office.settings.hibernation.wake_every(self)?;
        Some(now.after(every.mul_f64(0.9 + 0.2 * office.shared.ids.fraction())))
    }

    async fn close(
        &self,
        office: &Office,
        child: Option<ChildId>,
        why: HibernationCause,
    ) -> Result<(), AccountError> {
        let reason = reason(why);
        let closing = Closing::begin(self, reason);
        if let Some(id) = child {
            let down = office.supervisor.send(Retire(id)).await;
            let down = down.map_err(|_| AccountError::NotRunning)?;
            if let Some(account) = self.address() {
                let reason = reason.to_owned();
                account.do_send(Park { why, reason });
            }
            let limit = Duration::from_secs(
                office.settings.stop_deadline_seconds + office.shared.settings.send_deadline_seconds,
            );
            self.ended(office, down, limit).await?;
        }
        let said = self.say_parked(office, why).await;
        self.sleep().woken_from = None;
        drop(closing);
        said
    }

    /// Says that the account is parked where nothing that lives has said so.
    pub(super) async fn say_parked(
        &self,
        office: &Office,
        why: HibernationCause,
    ) -> Result<(), AccountError> {
        match self.place().standing.state() {
            AccountState::Hibernated => return Ok(()),
            // The link has ended while it was being closed.
            AccountState::LoggedOut | AccountState::Banned => return self.intend(office, None).await,
            _ => account::record_parked(&office.shared, self.place(), why, reason(why)).await,
        }
        if self.sleeps() {
            return Ok(());
        }
        let text = "it could not be written that the account sleeps; it is tried again by itself";
        Err(AccountError::Session(text.to_owned()))
    }

    /// Opens a parked account. Does nothing for one that is awake but lift what is meant, where the waking does.
    pub(super) async fn wake(&self, office: &Office, waking: Waking) -> Result<(), AccountError> {
        let mut child = self.child().lock().await;
        if office.running.is_closed() {
            return Err(AccountError::NotRunning);
        }
        let slept_under = self.place().standing.watch().borrow().said_under;
        let under_way = self.sleep().woken_from == Some(slept_under);
        let row = self.row(office).await?;
        let over = row.hibernation.is_some_and(|meant| match meant.why {
            // One that was parked for others' sake is tried again: it stays awake unless memory is still short.
            HibernationCause::Memory => waking == Waking::Rotation,
            HibernationCause::Idle => !office.settings.hibernation.lets_sleep(self),
            HibernationCause::Asked => false,
        });
        let lifts = waking.lifts() || over;
        if lifts {
            self.intend(office, None).await?;
        }
        if !self.sleeps() || under_way {
            return Ok(());
        }
        if !row.wanted {
            let text = "the account was stopped; start it with POST /v1/accounts/{id}/start";
            return Err(AccountError::WrongState(text.to_owned()));
        }
        if let Some(meant) = row.hibernation.filter(|_| !lifts) {
            self.intend(
                office,
                Some(Hibernation {
                    wake_at: None,
                    ..meant
                }),
            )
            .await?;
        }
        self.place().wake_with(Woken {
            opening: waking.opening().to_owned(),
            online: (!lifts).then(|| waking.opening().to_owned()),
        });
        self.start_locked(office, &mut child).await?;
        self.sleep().woken_from = Some(slept_under);
        self.time_wake(office, waking, slept_under);
        Ok(())
    }

    /// How long its last wake took, until it was proven online; nothing before the first one on this node.
    pub(super) fn wake_took(&self) -> Option<Duration> {
        self.sleep().wake_took
    }

    /// Notes how long it takes until the account is proven online, if it comes to that before it rests again.
    fn time_wake(&self, office: &Office, waking: Waking, slept_under: i64) {
        metrics::woken(waking.word());
        let (entry, clock) = (self.clone(), office.clock.clone());
        let begun = clock.instant();
        actix::spawn(async move {
            let mut standing = entry.place().standing.watch();
            let over = |stand: &Stand| {
                stand.said_under > slept_under
                    && !matches!(stand.state, AccountState::Starting | AccountState::Syncing)
            };
            let online = tokio::select! {
                stand = standing.wait_for(over) => stand.is_ok_and(|stand| stand.state == AccountState::Online),
                () = clock.sleep(WAKE_MAX) => false,
            };
            if online {
                let took = clock.instant().duration_since(begun);
                metrics::online_after(took);
                entry.sleep().wake_took = Some(took);
            }
        });
    }
}
