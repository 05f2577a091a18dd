//! What the browser engine is told, and what it refuses to be told.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;

/// Settings of the browser engine. Every key may be left out; an empty path is searched for.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The browser's program. Empty: chromium-headless-shell where installed, else chromium.
    pub chromium_path: PathBuf,
    /// chromedriver's program, of the browser's version. Empty: searched in PATH.
    pub chromedriver_path: PathBuf,
    /// The folder with `wa.js` and `agent.js`. Empty: `actors/agent/dist` in the working directory, `agent` beside the
    /// program, then `/usr/share/zaptor/agent`.
    pub agent_dir: PathBuf,
    /// The page to open.
    pub page_url: String,
    /// How many accounts share one chromedriver, and die with it; at least 1.
    pub accounts_per_driver: u16,
    /// How many browsers may be starting at the same time; at least 1. Waiting for a place is not part of the deadline.
    pub concurrent_starts: u16,
    /// How commands reach the page.
    pub channel: ChannelKind,
    /// From asking for a browser to an agent that answers, in milliseconds.
    pub start_timeout_ms: u64,
    /// One command to the page, in milliseconds; past it the browser is killed.
    pub command_timeout_ms: u64,
    /// One send, in milliseconds, server ack included; past it the browser is killed. The page gives up 2 s earlier.
    pub send_timeout_ms: u64,
    /// From asking the browser to close until it is killed, in milliseconds.
    pub close_timeout_ms: u64,
    /// The browser's arguments.
    pub flags: Vec<Flag>,
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

/// One argument of the browser.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// The argument as Chromium takes it.
    pub flag: String,
    /// When it is used.
    pub when: FlagUse,
    /// What it is for.
    pub what: String,
}

/// When an argument of the browser is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlagUse {
    /// With every browser.
    Always,
    /// With the headless shell.
    HeadlessShell,
    /// With the full browser.
    Full,
    /// When Zaptor runs as root.
    Root,
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
        for Flag { flag, .. } in &self.flags {
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
    pub(super) fn arguments(&self, headless_shell: bool, root: bool) -> Vec<String> {
        let mut arguments: Vec<String> = self
            .flags
            .iter()
            .filter(|flag| match flag.when {
                FlagUse::Always => true,
                FlagUse::HeadlessShell => headless_shell,
                FlagUse::Full => !headless_shell,
                FlagUse::Root => root,
            })
            .map(|flag| flag.flag.clone())
            .collect();
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

    pub(super) fn start_timeout(&self) -> Duration {
        Duration::from_millis(self.start_timeout_ms)
    }

    pub(super) fn command_timeout(&self) -> Duration {
        Duration::from_millis(self.command_timeout_ms)
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
            agent_dir: PathBuf::new(),
            page_url: "https://web.whatsapp.com/".to_owned(),
            accounts_per_driver: 4,
            concurrent_starts: 2,
            channel: ChannelKind::Cdp,
            start_timeout_ms: 60_000,
            command_timeout_ms: 20_000,
            send_timeout_ms: 30_000,
            close_timeout_ms: 5_000,
            flags: DEFAULT_FLAGS
                .iter()
                .map(|&(flag, when, what)| Flag {
                    flag: flag.to_owned(),
                    when,
                    what: what.to_owned(),
                })
                .collect(),
            sandbox: None,
        }
    }
}

/// What every browser needs to run unseen in little memory; a configured list replaces it.
const DEFAULT_FLAGS: [(&str, FlagUse, &str); 17] = [
    ("--headless=new", FlagUse::Full, "no window"),
    (
        "--no-sandbox",
        FlagUse::Root,
        "Chromium's own sandbox refuses root",
    ),
    ("--disable-gpu", FlagUse::Always, "nobody looks at the page"),
    ("--in-process-gpu", FlagUse::HeadlessShell, "saves a process"),
    (
        "--no-zygote",
        FlagUse::HeadlessShell,
        "saves two processes that only fork others",
    ),
    (
        "--enable-features=NetworkServiceInProcess2",
        FlagUse::HeadlessShell,
        "saves the network process",
    ),
    (
        "--renderer-process-limit=1",
        FlagUse::Always,
        "one page, one renderer",
    ),
    (
        "--disable-site-isolation-trials",
        FlagUse::Always,
        "no renderer for each frame",
    ),
    (
        "--disable-features=IsolateOrigins,site-per-process,Translate,BackForwardCache,MediaRouter,OptimizationHints,\
         AudioServiceOutOfProcess,SpareRendererForSitePerProcess,PaintHolding",
        FlagUse::Always,
        "no spare renderer, no services that nobody uses",
    ),
    ("--disable-extensions", FlagUse::Always, "no process for them"),
    (
        "--disable-crash-reporter",
        FlagUse::Always,
        "deaths are noticed without it",
    ),
    (
        "--disable-dev-shm-usage",
        FlagUse::Always,
        "containers give it too little",
    ),
    (
        "--disable-background-timer-throttling",
        FlagUse::Always,
        "an unseen page keeps its timers",
    ),
    (
        "--disable-renderer-backgrounding",
        FlagUse::Always,
        "an unseen page keeps its priority",
    ),
    (
        "--disable-hang-monitor",
        FlagUse::Always,
        "our own deadlines decide",
    ),
    ("--mute-audio", FlagUse::Always, "no audio device"),
    ("--window-size=800,600", FlagUse::Always, "small buffers"),
];

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    fn flag(flag: &str) -> Settings {
        let mut settings = Settings::default();
        settings.flags[0].flag = flag.to_owned();
        settings
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
            settings.arguments(false, true)[0].contains("proxy"),
            "for the real site it may be needed"
        );
        settings.sandbox = Some(access);
        assert!(!settings.arguments(false, true)[0].contains("proxy"));
        let (with, without) = (
            settings.arguments(true, true),
            Settings::default().arguments(true, true),
        );
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
        let settings = Settings::default();
        let has = |root: bool, flag: &str| settings.arguments(true, root).iter().any(|found| found == flag);
        assert!(has(true, "--no-zygote") && has(true, "--no-sandbox"));
        assert!(!has(false, "--no-zygote") && !has(false, "--no-sandbox"));
        assert!(
            settings
                .arguments(false, true)
                .contains(&"--headless=new".to_owned())
        );
    }
}
