//! Browsers.

use serde::{Deserialize, Serialize};

/// `[engine]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// What serves an account that names no engine.
    pub kind: EngineKind,
    /// Path of the browser; empty: searched for.
    pub chromium_path: String,
    /// Path of chromedriver; empty: searched for.
    pub chromedriver_path: String,
    /// Folder with the scripts for the page; empty: searched for.
    pub agent_dir: String,
    /// Whether Chromium's own sandbox is used.
    pub chromium_sandbox: ChromiumSandbox,
    /// Accounts that share one chromedriver.
    pub accounts_per_driver: u16,
    /// From asking for a browser to a page that has loaded.
    pub start_timeout_ms: u32,
    /// One command to the page.
    pub command_timeout_ms: u32,
    /// How long WhatsApp's server may take to answer a probe.
    pub probe_timeout_ms: u32,
    /// How often a page is asked whether it does anything.
    pub heartbeat_interval_ms: u32,
    /// How long it may take to say so.
    pub heartbeat_timeout_ms: u32,
    /// From asking a browser to close until it is killed.
    pub close_timeout_ms: u32,
    /// Whether proxies of accounts may be on this machine or in private networks.
    pub proxies_in_private_networks: bool,
    /// Chromium's arguments, with their reasons.
    pub flags: Vec<BrowserFlag>,
}

/// What serves an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Chromium with WhatsApp Web.
    Browser,
    /// In-process, without a browser.
    Simulated,
}

/// One argument of Chromium.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserFlag {
    /// The argument as Chromium takes it.
    pub flag: String,
    /// When it is used.
    pub when: FlagUse,
    /// What it is for, and where it saves no memory, what it guards.
    pub what: String,
    /// MiB of proportional memory that it saves on the sandbox's page, of the first browser and of each further one, as
    /// `cargo bench --bench figures -- flags` measured it. Left out where nothing is to be saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saves_mib: Option<[f32; 2]>,
}

/// When an argument of Chromium is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlagUse {
    /// With every browser.
    Always,
    /// With chromium-headless-shell.
    HeadlessShell,
    /// With the full browser.
    Full,
    /// Where Chromium's own sandbox is off.
    Unlocked,
}

/// Whether Chromium's own sandbox is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChromiumSandbox {
    /// Wherever it can run on this machine.
    Auto,
    /// Yes; a browser that cannot start with it does not start.
    On,
    /// No.
    Off,
}

impl Engine {
    /// The arguments for a browser: the headless shell or the full one, with Chromium's sandbox (`locked`) or without.
    pub fn arguments(&self, headless_shell: bool, locked: bool) -> Vec<String> {
        let used = |flag: &&BrowserFlag| match flag.when {
            FlagUse::Always => true,
            FlagUse::HeadlessShell => headless_shell,
            FlagUse::Full => !headless_shell,
            FlagUse::Unlocked => !locked,
        };
        self.flags
            .iter()
            .filter(used)
            .map(|flag| flag.flag.clone())
            .collect()
    }
}
