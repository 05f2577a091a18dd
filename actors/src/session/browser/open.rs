//! The way from a profile to a session that answers.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use fantoccini::{Client, error::CmdError};
use serde_json::{Map, Value, json};
use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    BrowserEngine, ChannelKind,
    asked::Asked,
    cdp::Cdp,
    events::{Forwarder, Intake},
    heartbeat::{self, Pulse},
    life::Life,
    media,
    page::{CallError, Channel, Page},
    persona, processes,
    relay::Relay,
    session::{BrowserSession, Deadlines},
    signs::Signs,
    upstream::Upstream,
    webdriver,
};
use crate::{
    domain::Clock,
    session::{AgentBuild, ProfileHold, ProxyTrouble, SessionError, SessionEvent, SessionSpec},
};

/// How often a page is asked whether its agent is there yet.
pub(super) const LOOK: Duration = Duration::from_millis(20);

/// A session that is not open yet: dropped, it leaves nothing running.
pub(super) struct Unfinished {
    life: Option<Arc<Life>>,
    runtime: Handle,
    clock: Clock,
    hold: ProfileHold,
}

impl Unfinished {
    /// The session is open and looks after itself.
    pub(super) fn finished(mut self) {
        self.life = None;
    }

    /// It was not opened: nothing of it is left afterwards.
    pub(super) async fn give_up(mut self) {
        if let Some(life) = self.life.take() {
            life.finish();
            life.kill();
            life.bury(&self.clock).await;
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(life) = self.life.take() {
            life.finish();
            life.kill();
            self.runtime
                .spawn(life.laid_to_rest(self.clock.clone(), self.hold.clone()));
        }
    }
}

/// The file of a profile that says to which site it belongs.
const SITE_FILE: &str = "zaptor-site";

/// Which WhatsApp a profile is for. A profile of one must never be opened on the other: it carries a link and its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Site {
    Real,
    Sandbox,
}

impl Site {
    fn word(self) -> &'static str {
        match self {
            Site::Real => "whatsapp",
            Site::Sandbox => "sandbox",
        }
    }

    /// Marks a profile that is opened for the first time; refuses one of the other site. One from before there were marks
    /// becomes a profile of this site.
    fn claim(self, profile: &Path) -> Result<(), SessionError> {
        let file = profile.join(SITE_FILE);
        let cannot = |error: std::io::Error| SessionError::Open(format!("{}: {error}", file.display()));
        match fs::read_to_string(&file) {
            Ok(mark) if mark.trim() == self.word() => Ok(()),
            Ok(mark) => Err(SessionError::Open(format!(
                "the profile {} belongs to `{}` and must not be opened on `{}`: start Zaptor on that one, or delete the \
                 account and create it anew",
                profile.display(),
                mark.trim(),
                self.word()
            ))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::write(&file, self.word()).map_err(cannot)
            }
            Err(error) => Err(cannot(error)),
        }
    }
}

/// Makes the profile's directory, closes it to everybody else, and frees it of marks that a dead browser left. Refuses
/// a profile that a browser runs on, and one that belongs to the other site.
pub(super) fn claim_profile(profile: &Path, site: Site) -> Result<PathBuf, SessionError> {
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => SessionError::Profile(error.to_string()),
        _ => SessionError::Open(format!("the profile directory: {error}")),
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(profile)
        .map_err(cannot)?;
    fs::set_permissions(profile, fs::Permissions::from_mode(0o700)).map_err(cannot)?;
    let profile = fs::canonicalize(profile).map_err(cannot)?;
    site.claim(&profile)?;
    if processes::of_profile(&profile).is_empty() {
        processes::unlock(&profile);
        Ok(profile)
    } else {
        Err(SessionError::Open(
            "the profile is in use by another browser".to_owned(),
        ))
    }
}

/// What chromedriver says when it is the profile that keeps a browser from starting, and where that was seen.
const PROFILE_REFUSALS: [(&str, &str); 2] = [
    (
        "cannot parse internal JSON template",
        "`Local State` or `Default/Preferences` is no JSON any more",
    ),
    (
        "cannot create default profile directory",
        "something else stands where `Default` belongs",
    ),
];

fn no_browser(detail: &str) -> SessionError {
    let refusal = PROFILE_REFUSALS.iter().find(|(says, _)| detail.contains(says));
    match refusal {
        Some((_, what)) => SessionError::Profile((*what).to_owned()),
        None => SessionError::Open(format!("no browser: {detail}")),
    }
}

fn failed(what: &str) -> impl FnOnce(CmdError) -> SessionError {
    let what = what.to_owned();
    move |error| SessionError::Open(format!("{what}: {error}"))
}

/// Has every later document begin with a script; gives the script's number.
pub(super) async fn inject(client: &Client, source: &str) -> Result<String, CmdError> {
    let added = webdriver::devtools(
        client,
        "Page.addScriptToEvaluateOnNewDocument",
        json!({ "source": source }),
    )
    .await?;
    Ok(added["identifier"].as_str().unwrap_or_default().to_owned())
}

impl BrowserEngine {
    pub(super) fn unfinished(&self, life: &Arc<Life>, hold: &ProfileHold) -> Unfinished {
        Unfinished {
            life: Some(Arc::clone(life)),
            runtime: self.runtime.clone(),
            clock: self.clock.clone(),
            hold: hold.clone(),
        }
    }

    /// Starts a browser, opens the page and waits until its agent answers.
    pub(super) async fn start(
        &self,
        spec: &SessionSpec,
        profile: &Path,
        life: &Arc<Life>,
        events: mpsc::Sender<SessionEvent>,
    ) -> Result<BrowserSession, SessionError> {
        let relay = self.relay(spec, profile).await?;
        let client = self.browser(spec, life, relay.as_ref()).await?;
        let dress = self.dress(spec, &client).await?;
        let build = self.programs.agent.current();
        let script = self.prepare(spec, &client, &build).await?;
        let (intake, pushed) = Intake::new();
        let (signs, told) = Signs::new();
        if let Some(relay) = &relay {
            relay.tell(&signs, &self.runtime);
        }
        let channel = self.channel(spec, &client, life, (&intake, &signs)).await?;
        client
            .goto(self.settings.page_url.as_str())
            .await
            .map_err(failed("the page"))?;
        let page = Arc::new(Page::new(
            Arc::clone(life),
            (Arc::clone(&intake), signs),
            channel,
            self.settings.command_timeout(),
        ));
        self.await_agent(&page).await?;
        let leaving = CancellationToken::new();
        let forwarder = Forwarder {
            page: Arc::clone(&page),
            intake: Arc::clone(&intake),
            pushed,
            events,
            leaving: leaving.clone(),
            told,
            clock: self.clock.clone(),
        };
        let forwarder = self.runtime.spawn(forwarder.run());
        let pulse = Pulse {
            interval: self.settings.heartbeat_interval(),
            patience: self.settings.heartbeat_timeout(),
        };
        self.runtime
            .spawn(heartbeat::watch(Arc::clone(&page), self.clock.clone(), pulse));
        intake.ask();
        tracing::debug!(account = %spec.account, browser = life.browser(), "page answers");
        Ok(BrowserSession {
            life: Arc::clone(life),
            page,
            client: Some(client),
            _relay: relay,
            runtime: self.runtime.clone(),
            hold: spec.hold.clone(),
            script,
            origin: self.page.origin().ascii_serialization(),
            clock: self.clock.clone(),
            forwarder: (leaving, forwarder),
            deadlines: self.deadlines(),
            probes: 0,
            address: self.settings.page_url.clone(),
            dress,
            build,
            buried: false,
        })
    }

    fn deadlines(&self) -> Deadlines {
        Deadlines {
            command: self.settings.command_timeout(),
            probe: self.settings.probe_timeout(),
            send: self.settings.send_timeout(),
            close: self.settings.close_timeout(),
        }
    }

    /// Makes the page look as the account wants it. Gives what another page in its place is told, but for the agent.
    async fn dress(
        &self,
        spec: &SessionSpec,
        client: &Client,
    ) -> Result<Vec<(&'static str, Value)>, SessionError> {
        let mut told = persona::put_on(client, &spec.settings).await?;
        let origin = self.page.origin().ascii_serialization();
        let options = media::options(&origin, spec.settings.downloads_media());
        let source = json!({ "source": options });
        told.push(("Page.addScriptToEvaluateOnNewDocument", source));
        Ok(told)
    }

    /// The way through the account's proxy, if it has one.
    async fn relay(&self, spec: &SessionSpec, profile: &Path) -> Result<Option<Relay>, SessionError> {
        let Some(proxy) = &spec.settings.proxy else {
            return Ok(None);
        };
        let upstream = Upstream::new(proxy, self.settings.proxies_in_private_networks)
            .ok_or_else(|| SessionError::Proxy(ProxyTrouble::Unreachable("it has no address".to_owned())))?;
        let page = self.page.host_str().unwrap_or_default();
        let port = self.page.port_or_known_default().unwrap_or(443);
        let relay = Relay::open(
            upstream,
            self.settings.ways(),
            (page, port),
            profile,
            (&self.runtime, &self.clock),
        );
        relay.await.map(Some)
    }

    /// Has chromedriver start the browser, and watches it from then on.
    async fn browser(
        &self,
        spec: &SessionSpec,
        life: &Arc<Life>,
        relay: Option<&Relay>,
    ) -> Result<Client, SessionError> {
        let driver = self.drivers.seat(life).await?;
        let asked = Asked {
            capabilities: self.capabilities(spec, life, relay),
            driver,
            life: Arc::clone(life),
            clock: self.clock.clone(),
            patience: self.settings.start_timeout(),
            hold: spec.hold.clone(),
        };
        let connecting = self.runtime.spawn(asked.client());
        let client = tokio::select! {
            () = life.over.cancelled() => Err("chromedriver ended".to_owned()),
            client = connecting => client.unwrap_or_else(|_| Err("the runtime of the engine has ended".to_owned())),
        }
        .map_err(|detail| no_browser(&detail))?;
        let pid = client
            .capabilities()
            .and_then(|all| all.get("goog:processID")?.as_u64())
            .and_then(|pid| u32::try_from(pid).ok())
            .or_else(|| life.processes().first().copied())
            .ok_or_else(|| SessionError::Open("the browser has ended at once".to_owned()))?;
        life.set_browser(pid);
        let life = Arc::clone(life);
        self.runtime.spawn(async move {
            tokio::select! {
                () = processes::ended(pid) => life.die("browser gone"),
                () = life.over.cancelled() => {}
            }
        });
        Ok(client)
    }

    fn capabilities(&self, spec: &SessionSpec, life: &Life, relay: Option<&Relay>) -> Map<String, Value> {
        let mut args = self.settings.arguments();
        args.extend(persona::arguments(&spec.settings));
        if let Some(relay) = relay {
            relay.point(&mut args);
        }
        args.extend(life.arguments());
        let script = self.settings.send_timeout().max(self.settings.command_timeout());
        let capabilities = json!({
            "pageLoadStrategy": "eager",
            "unhandledPromptBehavior": "ignore",
            "timeouts": {
                "script": script.as_millis(),
                "pageLoad": self.settings.start_timeout_ms,
            },
            "goog:chromeOptions": { "binary": self.programs.start, "args": args },
        });
        match capabilities {
            Value::Object(capabilities) => capabilities,
            _ => Map::new(),
        }
    }

    /// Puts wa-js and the agent before the page's own scripts, of this page and of every later one. Gives the number of
    /// what was put there.
    async fn prepare(
        &self,
        spec: &SessionSpec,
        client: &Client,
        build: &AgentBuild,
    ) -> Result<String, SessionError> {
        webdriver::devtools(client, "Page.enable", json!({}))
            .await
            .map_err(failed("Page.enable"))?;
        let origin = self.page.origin().ascii_serialization();
        // Of its own: it stays when the agent is replaced.
        inject(client, &media::options(&origin, spec.settings.downloads_media()))
            .await
            .map_err(failed("the agent's options"))?;
        inject(client, &build.injection(&origin))
            .await
            .map_err(failed("the agent"))
    }

    /// The way to the page: its own socket, or chromedriver where the settings say so or no socket can be had.
    async fn channel(
        &self,
        spec: &SessionSpec,
        client: &Client,
        life: &Arc<Life>,
        (intake, signs): (&Arc<Intake>, &Arc<Signs>),
    ) -> Result<Channel, SessionError> {
        if self.settings.channel == ChannelKind::WebDriver {
            return Ok(Channel::WebDriver(client.clone()));
        }
        let window = client.window().await.map_err(failed("the window"))?;
        let address = client
            .capabilities()
            .and_then(|all| all.get("goog:chromeOptions")?.get("debuggerAddress")?.as_str())
            .map(|address| address.replace("localhost", "127.0.0.1"));
        let Some(address) = address else {
            return Ok(Channel::WebDriver(client.clone()));
        };
        // chromedriver's handle of a window is the page's id in the DevTools protocol.
        let url = format!("ws://{address}/devtools/page/{}", String::from(window));
        let connecting = Cdp::connect(
            url,
            Arc::clone(life),
            (Arc::clone(intake), Arc::clone(signs)),
            self.clock.clone(),
            spec.settings.downloads_media(),
        );
        match self.runtime.spawn(connecting).await {
            Ok(Ok(cdp)) => Ok(Channel::Cdp(cdp)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "no socket to the browser; going through chromedriver, which is slow");
                Ok(Channel::WebDriver(client.clone()))
            }
            Err(_) => Err(SessionError::Open(
                "the runtime of the engine has ended".to_owned(),
            )),
        }
    }

    async fn await_agent(&self, page: &Page) -> Result<(), SessionError> {
        loop {
            if let Some(trouble) = page.signs.trouble() {
                return Err(SessionError::Open(trouble.to_string()));
            }
            match page.call("status", &json!({})).await {
                Err(CallError::Absent | CallError::Lost(_)) => {}
                // What it answers is the account's to judge.
                Ok(_) | Err(CallError::Refused(_)) => return Ok(()),
                Err(CallError::Late | CallError::Dead(_)) => {
                    let reason = page.life.death().unwrap_or("closed").to_owned();
                    return Err(SessionError::Open(reason));
                }
            }
            self.clock.sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn a_profile_stays_with_the_site_that_it_was_made_for() {
        let folder = tempfile::tempdir().unwrap();
        for (name, own, other) in [("a", Site::Sandbox, Site::Real), ("b", Site::Real, Site::Sandbox)] {
            let profile = folder.path().join(name);
            claim_profile(&profile, own).unwrap();
            claim_profile(&profile, own).unwrap();
            let refused = claim_profile(&profile, other).unwrap_err().to_string();
            let told = format!(
                "belongs to `{}` and must not be opened on `{}`",
                own.word(),
                other.word()
            );
            assert!(refused.contains(&told), "{refused}");
            claim_profile(&profile, own).unwrap();
        }
        // Whatever stands in the mark, it is not taken for a yes.
        fs::write(folder.path().join("a").join(SITE_FILE), "elsewhere").unwrap();
        claim_profile(&folder.path().join("a"), Site::Sandbox).unwrap_err();
    }
}
