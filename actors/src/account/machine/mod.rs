//! What an account does next: a pure state machine, one for each generation. No clock, no chance, no I/O: inputs go in,
//! effects come out, and the actor carries them out in their order.
//!
//! ```text
//!              TookOver            CodeShown             Linked
//!  TakingOver ──────────▶ Opening ───────────▶ Unlinked ────────▶ Syncing
//!                            │  Ready              │ Ready           │ Ready
//!                            ▼                     ▼                 ▼
//!                          Proving ◀─────────────────────────────────┘
//!                            │ Proven (of the very probe that was asked for last)
//!                            ▼
//!              ┌───────── Recovering ── Recovered ──▶ Serving
//!              │ probe failed, connection lost          │ probe failed, connection lost
//!              ▼                                        ▼
//!           Doubting ◀──────────────────────────────────┘
//!              │ Proven ▶ Recovering              failed too often ▶ Repairing
//!
//!  any phase with a page: Tested, something vital is missing ▶ Drifted; Tested, nothing is ▶ Proving (or Opening, unlinked)
//!  Opening and all that is linked: Trouble, PageSilent ▶ Repairing; Ready ▶ Doubting, CodeShown ▶ Unlinked
//!  Repairing: Replace ▶ ended, a new generation follows
//!  Opening: ProfileDamaged, or a code on a profile that was kept ▶ ended; the next generation begins with a snapshot
//!  any phase: LoggedOut, Stop, Park ▶ Ending (wind down)      Died, Stale, a fatal answer ▶ ended at once
//! ```
//!
//! | phase | account state that is said |
//! |---|---|
//! | `TakingOver` | what the last generation left |
//! | `Opening` | `starting` |
//! | `Unlinked` | `pairing` |
//! | `Syncing` | `syncing` |
//! | `Proving` | `syncing` |
//! | `Recovering` | `online` |
//! | `Serving` | `online` |
//! | `Doubting` | `degraded` |
//! | `Drifted` | `degraded` |
//! | `Repairing` | `degraded` |
//! | `Ending` | `stopped`, `restarting`, `hibernated`, `logged_out` |
//! | `Ended` | what was said before |
//!
//! `restarting` and `failed` after a death are said by the obituary, since a dead actor says nothing.
//!
//! Never: `online` on a page that lacks what sending or receiving needs; `online` without the answer to the newest probe; anything said, sent or opened before the epoch is known;
//! anything but the end after the epoch is lost.

mod drift;
mod evidence;
mod linking;
mod mending;
mod network;
#[cfg(test)]
mod published;
#[cfg(test)]
mod tests;
mod words;

pub use evidence::{Dated, Evidence};
pub use words::{Effect, End, Input, Phase, Rules, Say, Woken};

use self::linking::{OTHER_ENDED, RIGHT_PHONE, TYPED};
use self::mending::{opened_all_the_same, person_asked};
use super::repair::Trigger;
use crate::{
    domain::{AccountState, SelfTest},
    session::{Identity, ProxyTrouble},
};

/// One generation of an account.
#[derive(Clone, Debug)]
pub struct Machine {
    rules: Rules,
    phase: Phase,
    state: AccountState,
    epoch: Option<i64>,
    probes: u64,
    awaited: Option<u64>,
    ticket: u64,
    failures: u32,
    codes: u32,
    refreshes: u32,
    idle: bool,
    passkey: bool,
    fresh: bool,
    foreign: bool,
    /// The page has no network, and no code of its may be shown.
    unreachable: bool,
    /// A stop that came before the epoch was known.
    stopping: Option<Input>,
    woken: Option<Woken>,
    restorable: bool,
    /// What the page lacks and the account cannot do without: the self-test, and the names.
    drift: Option<(SelfTest, Vec<String>)>,
    /// Why the account's proxy lets nobody through, as long as it does not.
    proxy: Option<ProxyTrouble>,
}

const LOST: &str = "the browser's profile had lost its link to the phone";
const SILENT: &str = "the page answers and says nothing";
const LINK_AGAIN: &str = "Start the account and scan the code again";

impl Machine {
    /// A generation that knows nothing yet. `state` is where the last one left the account.
    pub const fn new(rules: Rules, state: AccountState) -> Self {
        Self {
            rules,
            phase: Phase::TakingOver,
            state,
            epoch: None,
            probes: 0,
            awaited: None,
            ticket: 0,
            failures: 0,
            codes: 0,
            refreshes: 0,
            idle: false,
            passkey: false,
            fresh: false,
            foreign: false,
            unreachable: false,
            stopping: None,
            woken: None,
            restorable: false,
            drift: None,
            proxy: None,
        }
    }

    /// The same, of an account that was parked, with the reason for which it is opened.
    #[must_use]
    pub fn woken(self, woken: Option<Woken>) -> Self {
        Self { woken, ..self }
    }

    /// Where the generation stands.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The account state that was said last.
    pub const fn state(&self) -> AccountState {
        self.state
    }

    /// The epoch, once it is known and as long as it is ours.
    pub const fn epoch(&self) -> Option<i64> {
        self.epoch
    }

    /// The epoch under which messages may be sent now.
    pub const fn serving(&self) -> Option<i64> {
        match self.phase {
            Phase::Serving => self.epoch,
            _ => None,
        }
    }

    /// Whether the page gave up showing codes.
    pub const fn codes_idle(&self) -> bool {
        self.idle
    }

    /// Whether another number than the account's is linked; its link is being ended.
    pub const fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// Whether a phone has linked the page and nobody knows yet which.
    pub const fn is_nobody_yet(&self) -> bool {
        self.fresh && matches!(self.phase, Phase::Syncing)
    }

    /// Takes an input; gives what has to be done, in order.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = match (self.phase, input) {
            (Phase::Ended, _) => Vec::new(),
            (Phase::TakingOver, input) => self.taking_over(input),
            (_, Input::Stale) => self.end("stale", "another owner took the account over"),
            (_, Input::StoreStalled) => self.end("store_stalled", "the database takes no more writes"),
            (Phase::Ending, _) => Vec::new(),
            (_, stop @ (Input::Stop { .. } | Input::Park { .. })) => self.stop(stop),
            (_, Input::Died { reason }) => self.gone("session_died", reason),
            (_, Input::OpenFailed { reason }) => self.gone("open_failed", reason),
            (_, Input::NoWay(trouble)) => self.end(trouble.as_str(), &trouble.to_string()),
            (_, Input::Replace { reason }) => self.end("repair", &reason),
            (_, Input::Trouble { trigger, detail }) => self.trouble(trigger, detail),
            (_, Input::OverLimit { reason }) => self.gone("memory_over_limit", reason),
            (Phase::Opening, input @ (Input::NoRoom { .. } | Input::Held(_))) => words::waits(&input),
            (_, Input::ProfileDamaged { reason }) => self.profile_damaged(&reason),
            (_, Input::TakenAlong { reason }) => self.taken_along(reason),
            (Phase::Opening, Input::ProfileReady { done, restorable }) => {
                self.restorable = restorable;
                let Some(done) = done else { return Vec::new() };
                let evidence = self.began(Some(done.clone()));
                vec![Effect::Say(Say::because(AccountState::Starting, done, evidence))]
            }
            (Phase::Opening, Input::CodeShown | Input::CodesIdle) if self.restorable => {
                self.repair("profile_lost", LOST.to_owned(), true, Trigger::ProfileLost)
            }
            (Phase::Opening, Input::PageSilent) => self.trouble(Trigger::PageSilent, SILENT.to_owned()),
            (Phase::Repairing, Input::PersonAsked { detail }) => vec![person_asked(detail)],
            (Phase::Opening, Input::PersonAsked { detail }) => vec![opened_all_the_same(detail)],
            (_, Input::LoggedOut { reason }) => self.logged_out(&reason),
            // It is on its way out.
            (_, Input::Ready(_) | Input::OtherNumber | Input::CodeWanted) if self.foreign => Vec::new(),
            // A page that shows a code is linked to nobody.
            (_, Input::CodeShown | Input::PhoneCodeShown | Input::CodesIdle) if self.foreign => {
                self.logged_out("a code is shown")
            }
            (_, Input::OtherNumber) => self.other_number(),
            (_, Input::PhoneCodeShown) if self.phase == Phase::Unlinked => self.code_shown(TYPED),
            (_, Input::PasskeyAsked) => self.passkey_asked(),
            (_, input @ (Input::CodeShown | Input::CodesIdle | Input::CodeWanted)) => self.pairing(&input),
            (_, Input::Linked) => self.linked(),
            (_, Input::Ready(who)) => self.ready(who),
            (_, Input::Tested(test)) => self.tested(test),
            (_, Input::Connection { up }) => self.connection(up),
            (_, Input::Proxy(trouble)) => self.proxy(trouble),
            (phase, Input::ProbeDue { ticket }) if ticket == self.ticket && phase.is_ready() => {
                vec![self.probe()]
            }
            (Phase::Drifted, Input::Proven { probe, .. }) if self.awaited == Some(probe) => {
                self.answered_drifted()
            }
            (_, Input::Proven { probe, took_ms }) if self.awaited == Some(probe) => {
                self.proven(probe, took_ms)
            }
            (_, Input::ProbeFailed { probe, reason }) if self.awaited == Some(probe) => {
                self.unproven(&reason)
            }
            (Phase::Recovering, Input::Recovered) => {
                self.phase = Phase::Serving;
                vec![Effect::Ready]
            }
            _ => Vec::new(),
        };
        self.blame_proxy(&mut effects);
        self.note_state(&effects);
        effects
    }

    fn note_state(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Say(say) | Effect::WindDown { say, .. } = effect {
                self.state = say.state;
            }
        }
    }

    fn taking_over(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::TookOver { epoch } => {
                self.epoch = Some(epoch);
                if let Some(stop) = self.stopping.take() {
                    return self.stop(stop);
                }
                self.phase = Phase::Opening;
                let evidence = self.began(None);
                let why = self.woken.as_ref().map(|woken| woken.opening.as_str());
                let why = why.unwrap_or("a session is being opened");
                let say = Say::because(AccountState::Starting, why, evidence);
                vec![Effect::Say(say), Effect::Open]
            }
            Input::TakeOverFailed { reason } => self.end("store_failed", &reason),
            Input::AccountGone => {
                self.phase = Phase::Ended;
                vec![Effect::End(End::Finished("the account was deleted".to_owned()))]
            }
            stop @ (Input::Stop { .. } | Input::Park { .. }) => {
                self.stopping = Some(stop);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn end(&mut self, kind: &'static str, reason: &str) -> Vec<Effect> {
        let was_ready = self.phase.is_ready();
        self.phase = Phase::Ended;
        self.epoch = None;
        let mut effects = Vec::new();
        // After a loss of the epoch the dispatcher listens to the new owner.
        if was_ready && kind != "stale" {
            effects.push(Effect::Unready);
        }
        effects.push(Effect::End(End::Failed(kind, reason.to_owned())));
        effects
    }

    fn stop(&mut self, stop: Input) -> Vec<Effect> {
        let (state, reason, evidence) = match stop {
            Input::Park { reason, evidence } => (AccountState::Hibernated, reason, evidence),
            Input::Stop {
                restart: Some(restart),
            } => {
                let (reason, asked) = words::restart(restart);
                (AccountState::Restarting, reason, Evidence::Asked { asked })
            }
            _ => {
                let asked = Evidence::Asked { asked: "stop" };
                (AccountState::Stopped, "stopped by request".to_owned(), asked)
            }
        };
        self.wind_down(Say::because(state, reason.clone(), evidence), false, &reason)
    }

    fn logged_out(&mut self, reason: &str) -> Vec<Effect> {
        if std::mem::take(&mut self.foreign) {
            let evidence = Evidence::page("other_number");
            let say = Say::because(AccountState::LoggedOut, OTHER_ENDED, evidence).asking(RIGHT_PHONE);
            return self.wind_down(say, true, OTHER_ENDED);
        }
        let evidence = Evidence::Page {
            page: "logged_out",
            detail: Some(reason.to_owned()),
        };
        let reason = format!("the link to the phone was ended ({reason})");
        let say = Say::because(AccountState::LoggedOut, reason.clone(), evidence).asking(LINK_AGAIN);
        self.wind_down(say, true, &reason)
    }

    fn wind_down(&mut self, say: Say, give_up: bool, reason: &str) -> Vec<Effect> {
        self.phase = Phase::Ending;
        self.awaited = None;
        vec![
            Effect::Unready,
            Effect::ForgetCode,
            Effect::WindDown {
                say,
                give_up,
                end: End::Finished(reason.to_owned()),
            },
        ]
    }

    fn linked(&mut self) -> Vec<Effect> {
        if !matches!(self.phase, Phase::Opening | Phase::Unlinked | Phase::Repairing) {
            return Vec::new();
        }
        self.phase = Phase::Syncing;
        self.refreshes = 0;
        self.passkey = false;
        self.fresh = true;
        let evidence = Evidence::page("linked");
        let say = Say::because(AccountState::Syncing, network::LOADING, evidence);
        vec![Effect::ForgetCode, Effect::Say(say)]
    }

    fn ready(&mut self, who: Identity) -> Vec<Effect> {
        let mut effects = self.leave_ready();
        if self.drift.is_some() {
            effects.push(Effect::ForgetCode);
            effects.extend(self.drifted());
            for effect in &mut effects {
                if let Effect::Say(say) = effect {
                    say.identity = Some(who.clone());
                }
            }
            return effects;
        }
        self.failures = 0;
        if self.phase == Phase::Repairing {
            // Degraded until it is proven: a repair is not over because a page says so.
            self.phase = Phase::Doubting;
            let (why, evidence) = (
                "the page is back; the connection is being proven",
                Evidence::page("ready"),
            );
            let say = Say::because(AccountState::Degraded, why, evidence);
            let say = Effect::Say(Say {
                identity: Some(who),
                ..say
            });
            effects.extend([Effect::ForgetCode, say, self.probe()]);
            return effects;
        }
        self.phase = Phase::Proving;
        let (why, evidence) = ("ready; the connection is being proven", Evidence::page("ready"));
        let say = Say::because(AccountState::Syncing, why, evidence);
        effects.extend([
            Effect::ForgetCode,
            Effect::Say(Say {
                identity: Some(who),
                ..say
            }),
            self.probe(),
        ]);
        effects
    }

    fn proven(&mut self, probe: u64, round_trip_ms: u64) -> Vec<Effect> {
        self.awaited = None;
        self.failures = 0;
        let evidence = Evidence::RoundTrip { round_trip_ms, probe };
        let mut effects = Vec::new();
        if matches!(self.phase, Phase::Proving | Phase::Doubting) {
            self.phase = Phase::Recovering;
            effects.push(Effect::Say(Say {
                state: AccountState::Online,
                reason: self.woken.as_ref().and_then(|woken| woken.online.clone()),
                action: None,
                identity: None,
                evidence: evidence.clone(),
            }));
            effects.extend([Effect::NoteRoundTrip(evidence), Effect::Recover]);
        } else {
            effects.push(Effect::NoteRoundTrip(evidence));
        }
        effects.push(self.later(false));
        effects
    }

    fn unproven(&mut self, reason: &str) -> Vec<Effect> {
        self.failures += 1;
        if self.proxy.is_some() && self.phase == Phase::Doubting {
            // It has been said, and no repair opens a proxy.
            self.awaited = None;
            return vec![self.later(false)];
        }
        if self.failures >= self.rules.probe_failures {
            let reason = format!("{} probes in a row failed; the last: {reason}", self.failures);
            return self.trouble(Trigger::NoRoundTrip, reason);
        }
        let evidence = Evidence::Missed {
            missed_probes: self.failures,
            last_error: reason.to_owned(),
        };
        if self.phase == Phase::Drifted {
            self.awaited = None;
            return vec![self.later(false)];
        }
        self.doubt(reason, evidence)
    }

    fn doubt(&mut self, reason: &str, evidence: Evidence) -> Vec<Effect> {
        let mut effects = self.leave_ready();
        self.phase = Phase::Doubting;
        let say = Say::because(AccountState::Degraded, reason, evidence)
            .asking("Nothing yet: the proof is tried again, and a new session is opened if it keeps failing");
        effects.extend([Effect::Say(say), self.later(true)]);
        effects
    }

    /// What leaving a phase in which messages may be sent asks for. Whatever a probe still on its way proves is void.
    fn leave_ready(&mut self) -> Vec<Effect> {
        self.awaited = None;
        match self.phase {
            Phase::Recovering | Phase::Serving => vec![Effect::Unready],
            _ => Vec::new(),
        }
    }

    fn probe(&mut self) -> Effect {
        self.probes += 1;
        self.awaited = Some(self.probes);
        // The appointment that was made is void: this probe's answer makes the next one.
        self.ticket += 1;
        Effect::Probe { probe: self.probes }
    }

    /// The evidence of a generation that has just begun.
    fn began(&self, profile: Option<String>) -> Evidence {
        Evidence::Began {
            epoch: self.epoch.unwrap_or_default(),
            profile,
        }
    }

    fn later(&mut self, soon: bool) -> Effect {
        self.ticket += 1;
        Effect::ProbeLater {
            ticket: self.ticket,
            soon,
        }
    }
}
