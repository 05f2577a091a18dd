//! What the browser engine is told, and what it refuses to be told.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

use super::relay::Ways;
use crate::supervision;

/// Settings of the browser engine. Every key may be left out; an empty path is searched for.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The browser's program. Empty: chromium-headless-shell where installed, else chromium.
    pub chromium_path: PathBuf,
    /// chromedriver's program, of the browser's version. Empty: searched in PATH.
    pub chromedriver_path: PathBuf,
    /// This program, which is started once more to guard each chromedriver and to start each browser (see
    /// [`super::stand_in`]). Empty: drivers run unguarded, and what a killed Zaptor leaves is ended at its next start.
    pub guard: PathBuf,
    /// What a browser may hold at most, in bytes, where the kernel holds it to that: in a cgroup of its own.
    pub memory_max_bytes: Option<u64>,
    /// What a browser is expected to take until it has been measured, in bytes.
    pub footprint_bytes: u64,
    /// The folder with `wa.js` and `agent.js`. Empty: `actors/agent/dist` in the working directory, `agent` beside the
    /// program, then `/usr/share/zaptor/agent`.
    pub agent_dir: PathBuf,
    /// The page to open.
    pub page_url: String,
    /// How many accounts share one chromedriver, and die with it; at least 1.
    pub accounts_per_driver: u16,
    /// How often a chromedriver, with the accounts on it, may end within a window, and how soon the next one is started;
    /// the same for all of them together. Threads are of no concern here.
    pub supervision: supervision::Settings,
    /// How many browsers may be starting at the same time; at least 1. Waiting for a place is not part of the deadline.
    pub concurrent_starts: u16,
    /// How commands reach the page.
    pub channel: ChannelKind,
    /// From asking for a browser to an agent that answers, in milliseconds.
    pub start_timeout_ms: u64,
    /// One command to the page, in milliseconds; past it the page is in trouble.
    pub command_timeout_ms: u64,
    /// How long WhatsApp's server may take to answer a probe, in milliseconds; less than a command. Past it the probe
    /// has failed, and the session lives on.
    pub probe_timeout_ms: u64,
    /// How often a page is asked whether it does anything, in milliseconds.
    pub heartbeat_interval_ms: u64,
    /// How long it may take to say so, in milliseconds; past it the page is in trouble.
    pub heartbeat_timeout_ms: u64,
    /// One send, in milliseconds, server ack included; past it the browser is killed. The page gives up 2 s earlier.
    pub send_timeout_ms: u64,
    /// From asking the browser to close until it is killed, in milliseconds.
    pub close_timeout_ms: u64,
    /// Whether an account's proxy may be on this machine or in a private network.
    pub proxies_in_private_networks: bool,
    /// The browser's arguments, those that fit it: which these are is the configuration's business, and told in one
    /// place, `config/default.toml`. Empty: a browser as it comes.
    pub flags: Vec<String>,
    /// Access to the simulated WhatsApp. Never read from a file: whoever has it cannot reach the real site.
    #[serde(skip)]
    pub sandbox: Option<SandboxAccess>,
}

/// How commands reach the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// One socket of the DevTools protocol per account: fast, and events are pushed.
    #[default]
    Cdp,
    /// Through chromedriver alone: slow, one thing at a time, and events are polled.
    WebDriver,
}

/// What lets a browser reach the simulated WhatsApp, and nothing else.
#[derive(Clone, Debug)]
pub struct SandboxAccess {
    chromium_args: Vec<String>,
}

/// Arguments that decide whom the browser trusts or who commands it: never a matter of configuration. Their beginnings,
/// without the dashes.
const OURS: [&str; 9] = [
    "ignore-certificate-errors",
    "allow-insecure-localhost",
    "unsafely-treat-insecure-origin",
    "disable-web-security",
    "host-resolver-rules",
    "host-rules",
    "user-data-dir",
    "remote-debugging",
    "remote-allow-origins",
];

const HOSTS: &str = "--host-resolver-rules=";
const KEYS: &str = "--ignore-certificate-errors-spki-list=";

/// What keeps a browser on the sandbox beside the host rules, which neither a proxy nor WebRTC's datagrams ask: Chromium
/// takes proxies from the environment, and sends datagrams to addresses that a page names. The headless shell and the full
/// browser call the same thing by two names.
const CONFINING: [&str; 3] = [
    "--proxy-server=direct://",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
];

/// Settings that contradict what the engine promises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A flag that the engine alone may set.
    #[error("the flag {0} cannot be configured: it decides whom the browser trusts or who commands it")]
    Flag(String),
    /// Arguments of a sandbox that would let the browser out.
    #[error(
        "the sandbox's arguments must be host rules that end in nowhere (MAP * ~NOTFOUND), a list of keys, and what keeps \
         proxies and datagrams away: {0}"
    )]
    Sandbox(String),
    /// A page address that is none.
    #[error("page_url `{0}` is not an https address")]
    Page(String),
}

impl SandboxAccess {
    /// Takes the arguments that the sandbox publishes: host rules that map every other host to nowhere, and the keys of
    /// its certificate. Anything else is refused. What confines a browser further is added if it is missing.
    pub fn new(mut chromium_args: Vec<String>) -> Result<Self, SettingsError> {
        for argument in &chromium_args {
            let confined = argument
                .strip_prefix(HOSTS)
                .is_some_and(|rules| rules.contains("MAP * ~NOTFOUND"));
            if !confined && !argument.starts_with(KEYS) && !CONFINING.contains(&argument.as_str()) {
                return Err(SettingsError::Sandbox(argument.clone()));
            }
        }
        if !chromium_args.iter().any(|argument| argument.starts_with(HOSTS)) {
            return Err(SettingsError::Sandbox("no host rules".to_owned()));
        }
        for confining in CONFINING {
            if !chromium_args.iter().any(|argument| argument == confining) {
                chromium_args.push(confining.to_owned());
            }
        }
        Ok(Self { chromium_args })
    }
}

impl Settings {
    /// Refuses what contradicts the engine's promises. Called once, when the engine is made.
    pub(super) fn check(&self) -> Result<url::Url, SettingsError> {
        for flag in &self.flags {
            // Chromium takes one dash for two, and does not mind spaces around.
            let name = flag.trim().trim_start_matches('-');
            if OURS.iter().any(|ours| name.starts_with(ours)) {
                return Err(SettingsError::Flag(flag.clone()));
            }
        }
        url::Url::parse(&self.page_url)
            .ok()
            .filter(|page| page.scheme() == "https" && page.has_host())
            .ok_or_else(|| SettingsError::Page(self.page_url.clone()))
    }

    /// The arguments for a browser.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = self.flags.clone();
        // Chromium's own sandbox lives from the zygote: with it on, the one cannot go without the other.
        if !arguments.iter().any(|argument| argument == "--no-sandbox") {
            arguments.retain(|argument| argument != "--no-zygote");
        }
        if let Some(sandbox) = &self.sandbox {
            // A proxy looks names up by itself, and a script for proxies counts more than our own word.
            arguments.retain(|argument| !argument.trim_start_matches('-').starts_with("proxy-"));
            arguments.extend(sandbox.chromium_args.iter().cloned());
        }
        arguments
    }

    /// Where a browser with a proxy may go.
    pub(super) fn ways(&self) -> Ways {
        let Some(sandbox) = &self.sandbox else {
            return Ways::Web;
        };
        let rules = sandbox
            .chromium_args
            .iter()
            .find_map(|argument| argument.strip_prefix(HOSTS));
        Ways::of_rules(rules.unwrap_or_default())
    }

    pub(super) fn start_timeout(&self) -> Duration {
        Duration::from_millis(self.start_timeout_ms)
    }

    pub(super) fn command_timeout(&self) -> Duration {
        Duration::from_millis(self.command_timeout_ms)
    }

    pub(super) fn probe_timeout(&self) -> Duration {
        Duration::from_millis(self.probe_timeout_ms)
    }

    pub(super) fn heartbeat_interval(&self) -> Duration {
        Duration::from_millis(self.heartbeat_interval_ms)
    }

    pub(super) fn heartbeat_timeout(&self) -> Duration {
        Duration::from_millis(self.heartbeat_timeout_ms)
    }

    pub(super) fn send_timeout(&self) -> Duration {
        Duration::from_millis(self.send_timeout_ms)
    }

    pub(super) fn close_timeout(&self) -> Duration {
        Duration::from_millis(self.close_timeout_ms)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            chromium_path: PathBuf::new(),
            chromedriver_path: PathBuf::new(),
            guard: PathBuf::new(),
            memory_max_bytes: None,
            footprint_bytes: 0,
            agent_dir: PathBuf::new(),
            page_url: "https://web.whatsapp.com/".to_owned(),
            accounts_per_driver: 4,
            supervision: supervision::Settings::default(),
            concurrent_starts: 2,
            channel: ChannelKind::Cdp,
            start_timeout_ms: 60_000,
            probe_timeout_ms: 3_500,
            command_timeout_ms: 20_000,
            heartbeat_interval_ms: 2_000,
            heartbeat_timeout_ms: 6_000,
            send_timeout_ms: 30_000,
            close_timeout_ms: 5_000,
            flags: Vec::new(),
            proxies_in_private_networks: false,
            sandbox: None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    fn flag(flag: &str) -> Settings {
        Settings {
            flags: vec![flag.to_owned()],
            ..Settings::default()
        }
    }

    #[test]
    fn whom_the_browser_trusts_cannot_be_configured() {
        Settings::default().check().unwrap();
        for refused in [
            "--ignore-certificate-errors",
            "--ignore-certificate-errors-spki-list=AAAA",
            "--host-resolver-rules=MAP * 127.0.0.1",
            "--user-data-dir=/tmp",
            "--remote-debugging-port=9222",
            "-host-resolver-rules=MAP * 127.0.0.1",
            " --ignore-certificate-errors",
            "--host-rules=MAP * 127.0.0.1",
            "--disable-web-security",
            "--allow-insecure-localhost",
        ] {
            assert!(
                matches!(flag(refused).check(), Err(SettingsError::Flag(_))),
                "{refused}"
            );
        }
        let refused: Result<Settings, _> = serde_json::from_str(r#"{"sandbox":{"chromium_args":[]}}"#);
        assert!(refused.is_err() || refused.unwrap().sandbox.is_none());
    }

    #[test]
    fn a_sandbox_lets_nothing_out() {
        let rules =
            "--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:4443, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1";
        let keys = "--ignore-certificate-errors-spki-list=AAAA";
        let access = SandboxAccess::new(vec![rules.to_owned(), keys.to_owned()]).unwrap();
        let mut settings = flag("--proxy-pac-url=http://127.0.0.1/");
        assert!(
            settings.arguments()[0].contains("proxy"),
            "for the real site it may be needed"
        );
        settings.sandbox = Some(access);
        assert!(!settings.arguments()[0].contains("proxy"));
        let (with, without) = (settings.arguments(), Settings::default().arguments());
        for argument in [rules, keys].iter().chain(&CONFINING) {
            assert!(with.iter().any(|given| given == argument), "{argument}");
            assert!(
                !without.iter().any(|given| given == argument),
                "{argument} on the real site"
            );
        }
        let all = CONFINING.map(str::to_owned).into_iter().chain([rules.to_owned()]);
        SandboxAccess::new(all.collect()).unwrap();
        for refused in [
            vec![keys],
            vec![rules, "--ignore-certificate-errors"],
            vec![rules, "--no-sandbox"],
            vec!["--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:4443"],
        ] {
            let refused: Vec<String> = refused.into_iter().map(str::to_owned).collect();
            assert!(SandboxAccess::new(refused.clone()).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn the_zygote_only_goes_where_chromiums_sandbox_is_off() {
        let has_no_zygote = |flags: &[&str]| {
            let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
            let settings = Settings {
                flags,
                ..Settings::default()
            };
            settings.arguments().contains(&"--no-zygote".to_owned())
        };
        assert!(has_no_zygote(&["--no-sandbox", "--no-zygote"]));
        assert!(!has_no_zygote(&["--no-zygote"]));
    }
}
