//! The words of the machine: phases, inputs, effects.

use super::Evidence;
use crate::{
    account::repair::Trigger,
    domain::{AccountState, SelfTest},
    protocol::account::Restart,
    session::{Identity, ProxyTrouble},
    supervision::Hold,
};

/// What the machine is told about patience.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// So many failed probes in a row, and the session is given up.
    pub probe_failures: u32,
    /// So often codes are renewed without anybody asking for them.
    pub pairing_refreshes: u32,
}

/// Where the generation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The epoch is being raised.
    TakingOver,
    /// The engine opens a session, or the page still loads.
    Opening,
    /// The page waits for a phone.
    Unlinked,
    /// Linked; chats are loading.
    Syncing,
    /// Ready by the page's own word; a probe is on its way.
    Proving,
    /// Proven; what older epochs left in doubt is being looked up.
    Recovering,
    /// Proven and settled: messages may be sent.
    Serving,
    /// The last proof failed.
    Doubting,
    /// The page lacks what sending or receiving needs.
    Drifted,
    /// The page is being mended.
    Repairing,
    /// The session is being closed in good order.
    Ending,
    /// Over.
    Ended,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The epoch was raised, and is ours.
    TookOver {
        /// Its number.
        epoch: i64,
    },
    /// The store could not raise the epoch.
    TakeOverFailed {
        /// Why.
        reason: String,
    },
    /// The account does not exist any more.
    AccountGone,
    /// The profile is ready for a session to be opened on it.
    ProfileReady {
        /// What had to be done for that, for people.
        done: Option<String>,
        /// Whether there is a snapshot that has not been tried.
        restorable: bool,
    },
    /// The session cannot be opened yet: there is no room for it.
    NoRoom {
        /// What it is expected to take, in bytes.
        needs: u64,
        /// What is left, in bytes.
        free: u64,
    },
    /// The session cannot be opened yet: what it shares with others has ended, and is started again after a pause.
    Held(Hold),
    /// What the session shares with others has ended, and the session with it.
    TakenAlong {
        /// How, for people.
        reason: String,
    },
    /// Its browser takes more memory than it may.
    OverLimit {
        /// By how much, for people.
        reason: String,
    },
    /// The engine could not open a session because of the profile.
    ProfileDamaged {
        /// What is wrong with it.
        reason: String,
    },
    /// The session has been open for long and the page says nothing.
    PageSilent,
    /// The engine could not open a session: the account's proxy is of no use. No other browser would help, and no other
    /// profile.
    NoWay(ProxyTrouble),
    /// The engine could not open a session.
    OpenFailed {
        /// Why.
        reason: String,
    },
    /// A pairing code is shown.
    CodeShown,
    /// A code that is typed on a phone is shown.
    PhoneCodeShown,
    /// The page asks for a passkey while it waits to be linked.
    PasskeyAsked,
    /// The page gave up showing codes.
    CodesIdle,
    /// Somebody asks for a code.
    CodeWanted,
    /// A phone has linked the page.
    Linked,
    /// The page says that it is ready.
    Ready(Identity),
    /// The agent has tested the page: a new one, or one in which something has changed.
    Tested(SelfTest),
    /// The page says that it is ready, for another number than this account's.
    OtherNumber,
    /// The page lost or regained its connection.
    Connection {
        /// Whether it is up.
        up: bool,
    },
    /// The way through the account's proxy has closed, or is open again.
    Proxy(Option<ProxyTrouble>),
    /// The link was ended.
    LoggedOut {
        /// The page's word for it.
        reason: String,
    },
    /// The session is dead, by its own word or by the answer to a command.
    Died {
        /// Why.
        reason: String,
    },
    /// The time for a probe has come.
    ProbeDue {
        /// The appointment, as given with [`Effect::ProbeLater`].
        ticket: u64,
    },
    /// A round trip was proven.
    Proven {
        /// By which probe.
        probe: u64,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// A probe failed, the session may still be good.
    ProbeFailed {
        /// Which.
        probe: u64,
        /// Why.
        reason: String,
    },
    /// Something is wrong with the page; the session lives.
    Trouble {
        /// What.
        trigger: Trigger,
        /// The same for people.
        detail: String,
    },
    /// Repair asks for another session.
    Replace {
        /// Why.
        reason: String,
    },
    /// Repair has tried everything.
    PersonAsked {
        /// What the last attempt came to.
        detail: String,
    },
    /// What was in doubt has been looked up, as far as possible.
    Recovered,
    /// Stop.
    Stop {
        /// Why a new generation follows, if one does.
        restart: Option<Restart>,
    },
    /// Close the session and rest until there is something to do: the account is parked.
    Park {
        /// Why, for people.
        reason: String,
        /// What that rests on.
        evidence: Evidence,
    },
    /// Somebody else has raised the epoch.
    Stale,
    /// The store takes no more writes.
    StoreStalled,
}

/// Why a parked account is opened, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Woken {
    /// Said while it opens.
    pub opening: String,
    /// Said once it is online, where that is for a moment only.
    pub online: Option<String>,
}

/// A state to be written and published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Say {
    /// The state.
    pub state: AccountState,
    /// Why.
    pub reason: Option<String>,
    /// What is asked of the user.
    pub action: Option<String>,
    /// Who is linked, where it is learned.
    pub identity: Option<Identity>,
    /// What it rests on.
    pub evidence: Evidence,
}

impl Say {
    /// A state with its reason and what it rests on, and nothing asked of the user.
    pub fn because(state: AccountState, reason: impl Into<String>, evidence: Evidence) -> Self {
        Self {
            state,
            reason: Some(reason.into()),
            action: None,
            identity: None,
            evidence,
        }
    }

    pub(super) fn asking(self, action: &str) -> Self {
        Self {
            action: Some(action.to_owned()),
            ..self
        }
    }
}

/// How a generation ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Wanted: nothing follows by itself.
    Finished(String),
    /// A new generation follows.
    Failed(&'static str, String),
    /// A new generation follows, and this one is not to blame.
    WithGroup(String),
}

/// What the actor has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Open a session.
    Open,
    /// Have the next generation see to the profile before it opens a session.
    Repair {
        /// What is wrong with it, for people.
        seen: String,
        /// Whether a phone could be linked with it all the same.
        usable: bool,
    },
    /// Have what is wrong repaired.
    Mend {
        /// What is wrong.
        trigger: Trigger,
        /// The same for people.
        detail: String,
    },
    /// Write and publish a state.
    Say(Say),
    /// Publish that a code is shown.
    Announce {
        /// The how-manieth of this pairing.
        attempt: u32,
    },
    /// The code that was shown is void.
    ForgetCode,
    /// End the link on WhatsApp's side, then come back with [`Input::LoggedOut`].
    EndLink,
    /// Have the page show codes again.
    RefreshCodes,
    /// Ask for a round trip now.
    Probe {
        /// Its number: only the newest one's answer counts.
        probe: u64,
    },
    /// Come back with [`Input::ProbeDue`]; an older appointment is void.
    ProbeLater {
        /// The appointment.
        ticket: u64,
        /// Soon, since the last proof failed; or at the usual interval.
        soon: bool,
    },
    /// Write that a round trip was proven just now.
    NoteRoundTrip(Evidence),
    /// Look up what is in doubt, then come back with [`Input::Recovered`].
    Recover,
    /// Tell the dispatcher that the lane may run.
    Ready,
    /// Tell the dispatcher that it may not.
    Unready,
    /// Close the session in good order, write the last state, then end.
    WindDown {
        /// The last state.
        say: Say,
        /// Whether what is in doubt can never be looked up again.
        give_up: bool,
        /// How it ends.
        end: End,
    },
    /// End at once; the session is closed behind it.
    End(End),
}

impl Phase {
    /// Every phase, in the order in which a good life passes through them.
    pub const ALL: [Self; 12] = [
        Self::TakingOver,
        Self::Opening,
        Self::Unlinked,
        Self::Syncing,
        Self::Proving,
        Self::Recovering,
        Self::Serving,
        Self::Doubting,
        Self::Drifted,
        Self::Repairing,
        Self::Ending,
        Self::Ended,
    ];

    /// The account states that are said in it; none where what was said before stays.
    pub const fn says(self) -> &'static [AccountState] {
        use AccountState as S;
        match self {
            Self::TakingOver | Self::Ended => &[],
            Self::Opening => &[S::Starting],
            Self::Unlinked => &[S::Pairing],
            Self::Syncing | Self::Proving => &[S::Syncing],
            Self::Recovering | Self::Serving => &[S::Online],
            Self::Doubting | Self::Drifted | Self::Repairing => &[S::Degraded],
            Self::Ending => &[S::Stopped, S::Restarting, S::Hibernated, S::LoggedOut],
        }
    }

    /// Whether the page has said that it is ready.
    pub(super) const fn is_ready(self) -> bool {
        matches!(
            self,
            Self::Proving | Self::Recovering | Self::Serving | Self::Doubting | Self::Drifted
        )
    }
}

const MIB: u64 = 1 << 20;

/// Why a session is closed to be opened anew, for people and in a word.
pub(super) fn restart(why: Restart) -> (String, &'static str) {
    match why {
        Restart::Asked => ("closed, to be opened anew".to_owned(), "restart"),
        Restart::Memory { bytes, limit_bytes } => {
            let reason = format!(
                "its browser took {} MiB of memory, more than the soft limit of {} MiB; it is opened anew while there is \
                 nothing to do",
                bytes / MIB,
                limit_bytes / MIB
            );
            (reason, "memory_over_soft_limit")
        }
    }
}

/// What is said while a session cannot be opened yet.
pub(super) fn waits(input: &Input) -> Vec<Effect> {
    match input {
        Input::NoRoom { needs, free } => vec![Effect::Say(no_room(*needs, *free))],
        Input::Held(hold) => vec![Effect::Say(held(hold))],
        _ => Vec::new(),
    }
}

/// What is said while there is no room for another browser.
fn no_room(needs: u64, free: u64) -> Say {
    let evidence = Evidence::Memory {
        waits_for: "memory",
        needs_bytes: needs,
        free_bytes: free,
    };
    let reason = format!(
        "waits for memory: another browser takes some {} MiB, and {} MiB of the budget are free",
        needs / MIB,
        free / MIB
    );
    Say::because(AccountState::Starting, reason, evidence)
        .asking("Nothing: it starts when there is room. Stop or hibernate other accounts, or raise resources.budget_mib")
}

/// What is said while what the session shares with others may not be started again.
fn held(hold: &Hold) -> Say {
    let evidence = Evidence::Ended {
        waits_for: hold.what,
        ended_times: hold.ends,
        within_seconds: hold.within.as_secs(),
        last_exit: hold.last.clone(),
    };
    let say = Say::because(AccountState::Starting, format!("waits: {hold}"), evidence);
    if hold.escalated {
        return say.asking(
            "Run `zaptor doctor`, and see whether engine.chromedriver_path names a chromedriver that fits the browser and \
             whether the machine has memory left; it is tried again by itself",
        );
    }
    say
}
