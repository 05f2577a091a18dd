//! Things that go wrong on purpose: which there are, and when they strike.
//!
//! A fault either waits for something (the next messages of a page, the next loads of the page) or strikes at a moment.
//! What it does then stands in `strikes`. What the real service does in each case, and who reported it, is told in the
//! sandbox's README.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::delivery::after;
use super::number::Number;
use super::schedule::Due;
use super::state::Millis;
use super::{Network, Refusal};

/// How late a `late_ack` is if nobody says.
pub(super) const LATE_MS: u64 = 10_000;

/// Faults that may stand at a time; a script that forgets to count cannot fill the memory.
const STANDING_LIMIT: usize = 1_000;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// The page loses its connection; new ones are refused for `for_ms` if given.
    SocketDrop,
    /// The phone logs its pages out.
    Logout,
    /// The next messages are taken and delivered, but the page that sent them hears nothing: no
    /// acknowledgement, no receipts, until it connects anew or sends the same id again.
    DropAck,
    /// The next messages are acknowledged `after_ms` late.
    LateAck,
    /// The next messages are taken and delivered, but missing from the history pages get.
    ForgetMessage,
    /// The next messages are refused with error 463: too many first contacts (reach-out timelock).
    #[serde(rename = "reject_463")]
    Reject463,
    /// The next messages are refused with error 429.
    RateLimit,
    /// The network of the page's browser is cut for `for_ms`: nothing comes, nothing goes, nothing closes.
    NetworkCut,
    /// The page's renderer dies.
    PageCrash,
    /// The page's main thread does nothing for `for_ms`.
    PageHang,
    /// Every frame from and to the page waits a second, for `for_ms`.
    PageSlow,
    /// The codes of pages that wait to be linked are void, and no new ones come by themselves.
    QrExpire,
    /// Pages that wait to be linked ask for the passkey of the phone's owner, for `for_ms` (a minute).
    Passkey,
    /// A "What's new" dialog; a page that does not dismiss it within `for_ms` (five minutes) is unlinked.
    Modal,
    /// The page is told that its version is too old, and loses its connection for `for_ms`.
    UpdateRequired,
    /// WhatsApp bans the phone: its pages are cut off and it links none any more.
    Ban,
    /// The next loads of the page lack the named module.
    ModuleMissing,
    /// On the next loads of the page the named module goes by another name.
    ModuleRenamed,
    /// The server's clock is `skew_ms` off.
    ClockSkew,
}

/// What a fault waits for, or needs to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// The next messages that a page sends.
    Message,
    /// The next loads of the page, whoever loads it.
    Load,
    /// A moment.
    Moment,
    /// A length of time, for the whole network.
    While,
}

impl FaultKind {
    /// All kinds, by the name the control API uses.
    pub(crate) const NAMES: [(&'static str, FaultKind); 19] = [
        ("socket_drop", FaultKind::SocketDrop),
        ("logout", FaultKind::Logout),
        ("drop_ack", FaultKind::DropAck),
        ("late_ack", FaultKind::LateAck),
        ("forget_message", FaultKind::ForgetMessage),
        ("reject_463", FaultKind::Reject463),
        ("rate_limit", FaultKind::RateLimit),
        ("network_cut", FaultKind::NetworkCut),
        ("page_crash", FaultKind::PageCrash),
        ("page_hang", FaultKind::PageHang),
        ("page_slow", FaultKind::PageSlow),
        ("qr_expire", FaultKind::QrExpire),
        ("passkey", FaultKind::Passkey),
        ("modal", FaultKind::Modal),
        ("update_required", FaultKind::UpdateRequired),
        ("ban", FaultKind::Ban),
        ("module_missing", FaultKind::ModuleMissing),
        ("module_renamed", FaultKind::ModuleRenamed),
        ("clock_skew", FaultKind::ClockSkew),
    ];

    /// The kind of that name.
    pub(crate) fn named(name: &str) -> Option<FaultKind> {
        FaultKind::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    }

    /// Its name in the control API.
    pub(crate) fn name(self) -> &'static str {
        FaultKind::NAMES
            .iter()
            .find(|(_, known)| *known == self)
            .map_or("", |(name, _)| name)
    }

    /// What it waits for.
    pub(crate) fn nature(self) -> Nature {
        match self {
            FaultKind::DropAck
            | FaultKind::LateAck
            | FaultKind::ForgetMessage
            | FaultKind::Reject463
            | FaultKind::RateLimit => Nature::Message,
            FaultKind::ModuleMissing | FaultKind::ModuleRenamed => Nature::Load,
            FaultKind::ClockSkew => Nature::While,
            _ => Nature::Moment,
        }
    }

    /// Whether it can be aimed at a page that nobody has linked yet.
    pub(crate) fn hits_unlinked(self) -> bool {
        matches!(
            self,
            FaultKind::SocketDrop
                | FaultKind::NetworkCut
                | FaultKind::PageCrash
                | FaultKind::PageHang
                | FaultKind::PageSlow
                | FaultKind::Modal
        )
    }
}

/// One fault as it is ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// Whose pages it hits; `None`: everybody's.
    pub(crate) phone: Option<Number>,
    /// Instead of a phone: the page that shows this QR code now, and which nobody has linked yet.
    #[serde(default)]
    pub(crate) code: Option<String>,
    /// How often it strikes; `None`: once, or without end where it lasts for `for_ms`.
    pub(crate) count: Option<u32>,
    /// When it begins, from now; for `late_ack` how late the acknowledgement is.
    pub(crate) after_ms: Option<u64>,
    /// How long it lasts, where it lasts.
    pub(crate) for_ms: Option<u64>,
    /// With which probability it strikes each time, 0 to 1, drawn from the network's seed.
    pub(crate) probability: f64,
    /// The module that drifts.
    pub(crate) module: Option<String>,
    /// How far the server's clock is ahead; negative: behind.
    pub(crate) skew_ms: i64,
}

impl Fault {
    /// A fault that hits once and at once.
    #[cfg(test)]
    pub(crate) fn of(kind: FaultKind, phone: &Number) -> Fault {
        Fault {
            kind,
            phone: Some(phone.clone()),
            code: None,
            count: None,
            after_ms: None,
            for_ms: None,
            probability: 1.0,
            module: None,
            skew_ms: 0,
        }
    }
}

/// A fault that waits or lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// Its number; never given twice.
    pub(crate) id: u64,
    pub(crate) fault: Fault,
    /// From this moment.
    pub(crate) from: Millis,
    /// Until this one.
    pub(crate) until: Option<Millis>,
    /// Strikes that are left; `None`: no end but `until`.
    pub(crate) left: Option<u32>,
}

impl Standing {
    fn is_over(&self, now: Millis) -> bool {
        self.left == Some(0) || self.until.is_some_and(|until| until <= now)
    }

    fn hits(&self, now: Millis, phone: Option<&Number>) -> bool {
        let aimed = self.fault.phone.is_none() || self.fault.phone.as_ref() == phone;
        aimed && self.from <= now && !self.is_over(now)
    }
}

/// A change of the page's modules, as a page is told at its load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Drift {
    pub(crate) module: String,
    /// Its new name; `None`: it is gone.
    pub(crate) renamed: Option<String>,
}

impl Network {
    /// Plans a fault. Answers its number.
    pub(crate) fn fault(&mut self, now: Millis, fault: &Fault) -> Result<u64, Refusal> {
        self.advance(now);
        if fault
            .phone
            .as_ref()
            .is_some_and(|phone| !self.state.phones.contains_key(phone))
        {
            return Err(Refusal::UnknownPhone);
        }
        if fault
            .code
            .as_ref()
            .is_some_and(|code| self.showing(now, code).is_none())
        {
            return Err(Refusal::UnknownCode);
        }
        self.state.faults.retain(|standing| !standing.is_over(now));
        if self.state.faults.len() + self.state.planned.len() >= STANDING_LIMIT {
            return Err(Refusal::TooManyFaults);
        }
        self.state.faults_planned += 1;
        let id = self.state.faults_planned;
        // A late acknowledgement is late by `after_ms`; everything else begins then.
        let delay = match fault.kind {
            FaultKind::LateAck => 0,
            _ => fault.after_ms.unwrap_or(0),
        };
        let from = after(now, delay);
        if fault.kind.nature() == Nature::Moment {
            self.state.planned.insert(id, fault.clone());
            self.state.schedule.add(from, Due::Strike(id));
        } else {
            let lasts = fault.for_ms.map(|for_ms| after(from, for_ms));
            let left = match (fault.count, lasts) {
                (None, None) if fault.kind.nature() != Nature::While => Some(1),
                (count, _) => count,
            };
            self.state.faults.push(Standing {
                id,
                fault: fault.clone(),
                from,
                until: lasts,
                left,
            });
        }
        self.touch();
        self.advance(now);
        Ok(id)
    }

    /// The faults that wait or last, with their numbers: those whose moment is to come, then those that wait for a
    /// message or a load, or last.
    pub(crate) fn faults(&self) -> Vec<(u64, &Fault, Option<u32>)> {
        let planned = self.state.planned.iter().map(|(id, fault)| (*id, fault, None));
        let standing = self.state.faults.iter();
        planned
            .chain(standing.map(|standing| (standing.id, &standing.fault, standing.left)))
            .collect()
    }

    /// Ends all faults that wait or last, refused connections among them. Bans stay, and a page that was told to hang, to be
    /// slow or to show something does so for its time.
    pub(crate) fn clear_faults(&mut self, now: Millis) {
        self.advance(now);
        self.state.faults.clear();
        self.state.planned.clear();
        self.state.barred.clear();
        self.touch();
    }

    /// What happens to the message that this phone's page sends now; uses the fault up.
    pub(super) fn spring(&mut self, now: Millis, phone: &Number) -> Option<Fault> {
        self.use_up(now, Nature::Message, Some(phone)).pop()
    }

    /// A page loads: what has drifted in it. Answers the changes of its modules.
    pub(crate) fn load_page(&mut self, now: Millis) -> Vec<Drift> {
        self.advance(now);
        let struck = self.use_up(now, Nature::Load, None);
        let drift = |fault: Fault| {
            let module = fault.module?;
            let renamed = (fault.kind == FaultKind::ModuleRenamed).then(|| format!("{module}Next"));
            Some(Drift { module, renamed })
        };
        struck.into_iter().filter_map(drift).collect()
    }

    /// How far the server's clock is off now.
    pub(super) fn skew_ms(&self, now: Millis) -> i64 {
        let skews = self.state.faults.iter();
        skews
            .filter(|standing| standing.fault.kind.nature() == Nature::While && standing.hits(now, None))
            .map(|standing| standing.fault.skew_ms)
            .sum()
    }

    /// The faults of that nature that strike now; of those that wait for a message only the first.
    fn use_up(&mut self, now: Millis, nature: Nature, phone: Option<&Number>) -> Vec<Fault> {
        let mut struck = Vec::new();
        for standing in &mut self.state.faults {
            if standing.fault.kind.nature() != nature || !standing.hits(now, phone) {
                continue;
            }
            // A certain fault draws no chance, so that adding one does not change the rest of a seeded run.
            if standing.fault.probability < 1.0 && self.chance.random::<f64>() >= standing.fault.probability {
                continue;
            }
            standing.left = standing.left.map(|left| left - 1);
            struck.push(standing.fault.clone());
            if nature == Nature::Message {
                break;
            }
        }
        self.state.faults.retain(|standing| !standing.is_over(now));
        struck
    }
}
