//! Patience, intervals and bounds of accounts.

use std::time::Duration;

use serde::Deserialize;

use super::{machine::Rules, repair::Stage};

/// Settings of accounts. Every key may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How often an online account proves a round trip to WhatsApp's server, in seconds. 1 to 3,600.
    pub probe_interval_seconds: u64,
    /// How often a degraded account tries to prove it, in seconds. 1 to 3,600.
    pub probe_interval_degraded_seconds: u64,
    /// How often what the page has received is compared with what was told of, in seconds, beside every time that the
    /// account comes online. 10 to 86,400.
    pub gap_check_interval_seconds: u64,
    /// So many failed probes in a row, and the session is replaced. 1 to 100.
    pub probe_failures: u32,
    /// How long opening a session may take, in seconds. 1 to 600. Longer than the engine's own deadline.
    pub open_deadline_seconds: u64,
    /// How long any command but a send may take, in seconds. 1 to 600. Longer than the engine's own deadline.
    pub command_deadline_seconds: u64,
    /// How long a send may take, in seconds. 1 to 600. Longer than the engine's own deadline.
    pub send_deadline_seconds: u64,
    /// How long closing a session may take, in seconds. 1 to 600.
    pub close_deadline_seconds: u64,
    /// How long a stop waits for a send in flight, in seconds; after that it is in doubt. 0 to 600.
    pub stop_grace_seconds: u64,
    /// How many commands may wait for the session. 1 to 1,000.
    pub command_queue: usize,
    /// How often a message that the page holds back is looked up again, in milliseconds. 10 to 60,000.
    pub look_up_interval_ms: u64,
    /// How long such a message holds up the lane before the lane runs on without it, in seconds. 1 to 3,600.
    pub look_up_patience_seconds: u64,
    /// A message in doubt for so long becomes `unknown`, in seconds; its tokens are released. 10 to 86,400.
    pub unknown_after_seconds: u64,
    /// The ceiling of the first pause before a message that was surely not sent is tried again, in milliseconds; it
    /// doubles with every attempt. 1 to 60,000.
    pub retry_base_ms: u64,
    /// The longest such pause, in seconds. 1 to 3,600.
    pub retry_cap_seconds: u64,
    /// How often pairing codes are renewed without anybody asking for one. 0 to 1,000.
    pub pairing_refreshes: u32,
    /// How old the newest snapshot of a profile may become, in seconds, before another is taken although nothing was
    /// seen to change; 0: any age.
    pub refresh_snapshots_seconds: u64,
    /// Repair.
    pub repair: RepairSettings,
    /// How long somebody who asks for a pairing code waits until one is shown, in seconds. 1 to 60.
    pub pairing_wait_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            probe_interval_seconds: 6,
            probe_interval_degraded_seconds: 5,
            gap_check_interval_seconds: 300,
            probe_failures: 6,
            open_deadline_seconds: 90,
            command_deadline_seconds: 30,
            send_deadline_seconds: 60,
            close_deadline_seconds: 15,
            stop_grace_seconds: 5,
            command_queue: 64,
            look_up_interval_ms: 500,
            look_up_patience_seconds: 10,
            unknown_after_seconds: 900,
            retry_base_ms: 1_000,
            retry_cap_seconds: 60,
            pairing_refreshes: 5,
            refresh_snapshots_seconds: 86_400,
            repair: RepairSettings::default(),
            pairing_wait_seconds: 10,
        }
    }
}

/// Deadlines and budgets of repair. Every key may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepairSettings {
    /// How long a page may say nothing after it was opened, in seconds. 1 to 600.
    pub silence_seconds: u64,
    /// How long closing what covers a page may take until a round trip is proven, in seconds. 1 to 600.
    pub dismiss_modal_seconds: u64,
    /// The same for loading it anew.
    pub reload_page_seconds: u64,
    /// The same for another page.
    pub new_page_seconds: u64,
    /// The same for another browser.
    pub new_browser_seconds: u64,
    /// The same for a snapshot of the profile.
    pub restore_profile_seconds: u64,
    /// How often each stage is tried. 1 to 10.
    pub attempts: u32,
    /// How often the page is loaded anew after everything was tried, in seconds. 1 to 3,600.
    pub retry_seconds: u64,
    /// How long ago a stage may have begun, in seconds, for the next process to go on with the repair. 0 to 86,400.
    pub remember_seconds: u64,
}

impl Default for RepairSettings {
    fn default() -> Self {
        Self {
            silence_seconds: 10,
            dismiss_modal_seconds: 5,
            reload_page_seconds: 20,
            new_page_seconds: 20,
            new_browser_seconds: 60,
            restore_profile_seconds: 60,
            attempts: 1,
            retry_seconds: 10,
            remember_seconds: 3_600,
        }
    }
}

impl RepairSettings {
    pub(super) const fn silence(&self) -> Duration {
        Duration::from_secs(self.silence_seconds)
    }

    pub(super) const fn retry(&self) -> Duration {
        Duration::from_secs(self.retry_seconds)
    }

    pub(super) const fn remember(&self) -> Duration {
        Duration::from_secs(self.remember_seconds)
    }

    /// How long a stage may take until a round trip is proven. Asking a person takes as long as it takes.
    pub(super) const fn deadline(&self, stage: Stage) -> Duration {
        Duration::from_secs(match stage {
            Stage::DismissModal => self.dismiss_modal_seconds,
            Stage::ReloadPage => self.reload_page_seconds,
            Stage::NewPage => self.new_page_seconds,
            Stage::NewBrowser => self.new_browser_seconds,
            Stage::RestoreProfile => self.restore_profile_seconds,
            Stage::AskUser => u64::MAX,
        })
    }
}

impl Settings {
    pub(super) const fn rules(&self) -> Rules {
        Rules {
            probe_failures: self.probe_failures,
            pairing_refreshes: self.pairing_refreshes,
        }
    }

    pub(super) const fn probe_interval(&self, soon: bool) -> Duration {
        Duration::from_secs(if soon {
            self.probe_interval_degraded_seconds
        } else {
            self.probe_interval_seconds
        })
    }

    pub(super) const fn unknown_after(&self) -> Duration {
        Duration::from_secs(self.unknown_after_seconds)
    }

    /// The pause before attempt `attempt + 1`: anywhere in the upper half below a ceiling that doubles.
    pub(super) fn retry_pause(&self, attempt: i32, fraction: f64) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(20);
        let ceiling = Duration::from_millis(self.retry_base_ms)
            .saturating_mul(1 << doublings)
            .min(Duration::from_secs(self.retry_cap_seconds));
        ceiling / 2 + (ceiling / 2).mul_f64(fraction.clamp(0.0, 1.0))
    }
}
