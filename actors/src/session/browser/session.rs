//! A live session in a browser.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use fantoccini::Client;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{runtime::Handle, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    events::{Inbound, identity, looked_up},
    life::Life,
    page::{CallError, Page},
    processes,
    relay::Relay,
    replace,
    still::Still,
    webdriver,
};
use crate::{
    domain::{Clock, Content, Jid, Phone, Timestamp, WaMessageId, message::Outgoing},
    session::{
        AgentBuild, Ending, InboundBatch, InboundKey, InboundList, LookUp, PageStatus, PhoneCode,
        PhoneCodeError, ProfileHold, REJECTED, SendError, Session, SessionError, StillWork, Vitals, not_done,
    },
};

/// By how much the page gives up earlier than we do: a page that answers late is no dead page.
const MARGIN: Duration = Duration::from_secs(2);

/// After so many probes an account that nothing else happens to has its page tidied. Each leaves some garbage behind, which
/// Chromium lets pile up: some 4 MiB in a day of them; tidying takes the page some 20 ms.
const TIDY_AFTER: u32 = 60;

/// How long a page that is being closed may take to tell what it has taken in; it takes some milliseconds.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The deadlines of a session.
#[derive(Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) command: Duration,
    /// How long the server may take to answer a probe.
    pub(super) probe: Duration,
    pub(super) send: Duration,
    pub(super) close: Duration,
}

pub(super) struct BrowserSession {
    pub(super) life: Arc<Life>,
    pub(super) page: Arc<Page>,
    pub(super) client: Option<Client>,
    /// The way through the account's proxy; it ends with the session.
    pub(super) _relay: Option<Relay>,
    pub(super) runtime: Handle,
    pub(super) hold: ProfileHold,
    /// The number of the script that every document begins with.
    pub(super) script: String,
    /// The origin of the page.
    pub(super) origin: String,
    pub(super) clock: Clock,
    /// Carries the page's events until it is told to leave.
    pub(super) forwarder: (CancellationToken, JoinHandle<()>),
    pub(super) deadlines: Deadlines,
    /// Probes that were answered.
    pub(super) probes: u32,
    /// Where the page lives.
    pub(super) address: String,
    /// How a new page is made to look before it goes there.
    pub(super) dress: Vec<(&'static str, Value)>,
    /// What is put before the scripts of a new page.
    pub(super) build: Arc<AgentBuild>,
    /// It was closed, and nothing of it is left.
    pub(super) buried: bool,
}

#[derive(Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Status {
    Loading,
    Unlinked,
    Syncing,
    Ready {
        phone: String,
        push_name: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Outcome {
    Sent,
    Rejected { code: String, detail: String },
    NotSent { detail: String },
    Unknown { detail: String },
}

/// What asking for a code to be typed has brought.
#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Asked {
    Code { code: String, expires_at_ms: i64 },
    Number { detail: String },
    TooMany { detail: String },
}

/// Reads where the page stands; a page without an agent is loading.
async fn status(page: &Page) -> Result<PageStatus, CallError> {
    let answer = match page.call("status", &json!({})).await {
        Err(CallError::Absent | CallError::Lost(_)) => return Ok(PageStatus::Loading),
        answer => answer?,
    };
    match read(answer)? {
        Status::Loading => Ok(PageStatus::Loading),
        Status::Unlinked => Ok(PageStatus::Unlinked),
        Status::Syncing => Ok(PageStatus::Syncing),
        Status::Ready { phone, push_name } => identity(&phone, push_name)
            .map(PageStatus::Ready)
            .ok_or_else(|| CallError::Refused("the linked number is none".to_owned())),
    }
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, CallError> {
    serde_json::from_value(answer).map_err(|error| CallError::Refused(format!("the agent's answer: {error}")))
}

fn error(command: &'static str, after: Duration, error: CallError) -> SessionError {
    let detail = match error {
        CallError::Late => format!("the page gave no answer for {after:?}"),
        CallError::Dead(reason) => return SessionError::Dead(reason),
        CallError::Absent => "the page is still loading".to_owned(),
        CallError::Refused(detail) | CallError::Lost(detail) => detail,
    };
    SessionError::Refused { command, detail }
}

/// The words for rejections that the contract knows.
fn rejection(code: &str) -> &'static str {
    match code {
        "not_on_whatsapp" => "not_on_whatsapp",
        _ => REJECTED,
    }
}

impl BrowserSession {
    /// How long the page may take for a command, in milliseconds.
    fn patience(&self) -> u64 {
        millis(self.deadlines.command.saturating_sub(MARGIN))
    }

    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        command: &'static str,
        order: Value,
    ) -> Result<T, SessionError> {
        let after = self.deadlines.command;
        self.page
            .call(command, &order)
            .await
            .and_then(read)
            .map_err(|failed| error(command, after, failed))
    }
}

#[async_trait]
impl Session for BrowserSession {
    async fn status(&mut self) -> Result<PageStatus, SessionError> {
        status(&self.page)
            .await
            .map_err(|failed| error("status", self.deadlines.command, failed))
    }

    async fn probe(&mut self) -> Result<Duration, SessionError> {
        #[derive(Deserialize)]
        struct Probed {
            took_ms: u64,
        }
        let longest = millis(self.deadlines.probe);
        let order = json!({ "deadline_ms": self.patience().min(longest) });
        let Probed { took_ms } = self.ask("probe", order).await?;
        self.probes = self.probes.wrapping_add(1);
        if self.probes.is_multiple_of(TIDY_AFTER) {
            let page = Arc::clone(&self.page);
            self.runtime.spawn(async move { page.collect_garbage().await });
        }
        Ok(Duration::from_millis(took_ms))
    }

    async fn send(&mut self, message: &Outgoing) -> Result<(), SendError> {
        let after = self.deadlines.send;
        let Content::Text { text } = &message.content else {
            return Err(SendError::Rejected {
                code: REJECTED,
                detail: format!(
                    "a message of the type `{}` cannot be sent",
                    message.content.kind()
                ),
            });
        };
        let order = json!({
            "chat": message.chat.as_str(),
            "id": message.id.as_str(),
            "text": text.body,
            "preview": text.preview_url,
            "deadline_ms": millis(after.saturating_sub(MARGIN)),
        });
        self.life
            .alive()
            .map_err(|dead| SendError::NotSent(dead.to_string()))?;
        let answer = self.page.call_within(after, "send", &order).await.and_then(read);
        match answer {
            Ok(Outcome::Sent) => Ok(()),
            Ok(Outcome::Rejected { code, detail }) => Err(SendError::Rejected {
                code: rejection(&code),
                detail,
            }),
            Ok(Outcome::NotSent { detail }) | Err(CallError::Refused(detail)) => {
                Err(SendError::NotSent(detail))
            }
            Err(CallError::Absent) => Err(SendError::NotSent("the page is still loading".to_owned())),
            Ok(Outcome::Unknown { detail }) => Err(SendError::Unknown(SessionError::Refused {
                command: "send",
                detail,
            })),
            Err(failed) => Err(SendError::Unknown(error("send", after, failed))),
        }
    }

    async fn look_up(&mut self, chat: &Jid, id: &WaMessageId) -> Result<LookUp, SessionError> {
        #[derive(Deserialize)]
        struct Looked {
            found: Option<i8>,
        }
        let order = json!({ "chat": chat.as_str(), "id": id.as_str() });
        let Looked { found } = self.ask("look_up", order).await?;
        Ok(looked_up(found))
    }

    async fn look_up_many(&mut self, messages: &[(Jid, WaMessageId)]) -> Result<Vec<LookUp>, SessionError> {
        #[derive(Deserialize)]
        struct Looked {
            found: Vec<Option<i8>>,
        }
        let asked = messages
            .iter()
            .map(|(chat, id)| json!({ "chat": chat.as_str(), "id": id.as_str() }));
        let order = json!({ "messages": asked.collect::<Vec<Value>>(), "deadline_ms": self.patience() });
        let Looked { found } = self.ask("look_up_many", order).await?;
        let found = found.into_iter().take(messages.len());
        Ok(found.map(looked_up).collect())
    }

    async fn inbound_since(&mut self, since: Timestamp, most: usize) -> Result<InboundList, SessionError> {
        #[derive(Deserialize)]
        struct Seen {
            key: String,
            id: String,
            sent_at_s: i64,
        }
        #[derive(Deserialize)]
        struct List {
            messages: Vec<Seen>,
            more: bool,
        }
        let order = json!({
            "since_s": since.millis().div_euclid(1_000),
            "most": most,
            "deadline_ms": self.patience(),
        });
        let List { messages, more } = self.ask("inbound_since", order).await?;
        let messages = messages.into_iter().map(|seen| InboundKey {
            key: seen.key,
            id: WaMessageId::from_wire(seen.id),
            sent_at: Timestamp::from_millis(seen.sent_at_s.saturating_mul(1_000)),
        });
        Ok(InboundList {
            messages: messages.collect(),
            more,
        })
    }

    async fn fetch_inbound(&mut self, keys: &[InboundKey]) -> Result<InboundBatch, SessionError> {
        #[derive(Deserialize)]
        struct Fetched {
            messages: Vec<Inbound>,
            answered: usize,
        }
        let asked: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
        let Fetched { messages, answered } = self.ask("fetch_inbound", json!({ "keys": asked })).await?;
        if answered == 0 && !keys.is_empty() {
            // Whoever asks for the rest would ask for ever.
            return Err(SessionError::Refused {
                command: "fetch_inbound",
                detail: "the agent says nothing of any message".to_owned(),
            });
        }
        Ok(InboundBatch {
            messages: messages.into_iter().filter_map(Inbound::message).collect(),
            answered: answered.min(keys.len()),
        })
    }

    async fn replace_agent(&mut self, build: &Arc<AgentBuild>) -> Result<(), SessionError> {
        replace::replace_agent(self, build).await
    }

    async fn refresh_pairing(&mut self) -> Result<(), SessionError> {
        self.ask::<Value>("refresh_pairing", json!({})).await.map(drop)
    }

    async fn pair_by_phone(&mut self, phone: &Phone) -> Result<PhoneCode, PhoneCodeError> {
        let order = json!({ "phone": phone.as_str() });
        Ok(match self.ask("pair_by_phone", order).await? {
            Asked::Code { code, expires_at_ms } => PhoneCode {
                code,
                expires_at: Timestamp::from_millis(expires_at_ms),
            },
            Asked::Number { detail } => return Err(PhoneCodeError::Number(detail)),
            Asked::TooMany { detail } => return Err(PhoneCodeError::TooMany(detail)),
        })
    }

    async fn log_out(&mut self) -> Result<(), SessionError> {
        self.ask::<Value>("log_out", json!({})).await.map(drop)
    }

    async fn screenshot(&mut self) -> Result<Vec<u8>, SessionError> {
        self.life.alive()?;
        if self.page.can_push() {
            return self.picture(false).await;
        }
        let after = self.deadlines.command;
        let client = self
            .client
            .clone()
            .ok_or_else(|| SessionError::Dead("closed".to_owned()))?;
        let taken = tokio::select! {
            () = self.life.over.cancelled() => return Err(self.life.alive().err().unwrap_or_else(|| SessionError::Dead("closed".to_owned()))),
            taken = timeout(after, webdriver::screenshot(&client)) => taken,
        };
        match taken {
            Ok(Ok(png)) => Ok(png),
            Ok(Err(failed)) => Err(SessionError::Refused {
                command: "screenshot",
                detail: failed.to_string(),
            }),
            Err(_) => {
                self.life.die(format!("no answer to screenshot for {after:?}"));
                Err(SessionError::Deadline {
                    command: "screenshot",
                    after,
                })
            }
        }
    }

    async fn stand_still(&mut self, work: StillWork) -> Result<(), SessionError> {
        self.life.alive()?;
        let still = Still::hold(|| self.life.processes(), &self.clock).await;
        let still = still.ok_or_else(|| std::io::Error::other("the browser does not stand still"));
        let still = still.map_err(not_done)?;
        let done = tokio::task::spawn_blocking(work).await;
        drop(still);
        done.unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(not_done)
    }

    async fn veiled_screenshot(&mut self) -> Result<Vec<u8>, SessionError> {
        self.picture(true).await
    }

    async fn dismiss_modal(&mut self) -> Result<(), SessionError> {
        self.dismiss().await
    }

    async fn reload(&mut self) -> Result<(), SessionError> {
        self.load_anew().await
    }

    async fn new_page(&mut self) -> Result<(), SessionError> {
        self.another_page().await
    }

    fn console(&self) -> Vec<String> {
        self.page.signs.console()
    }

    fn processes(&self) -> Vec<u32> {
        self.life.processes()
    }

    fn vitals(&self) -> Vitals {
        self.life.vitals()
    }

    async fn close(mut self: Box<Self>) -> Ending {
        let lived = self.life.alive().is_ok();
        let (leaving, forwarder) = &mut self.forwarder;
        leaving.cancel();
        let _ = timeout(LAST_WORDS, forwarder).await;
        self.life.finish();
        let mut ending = Ending::Killed;
        if let (Some(client), Some(browser)) = (self.client.take(), self.life.browser()) {
            let orderly = async {
                // The browser writes its profile before it ends.
                let asked = client.close().await;
                processes::ended(browser).await;
                asked.is_ok()
            };
            if timeout(self.deadlines.close, orderly).await == Ok(true) && lived {
                ending = Ending::Orderly;
            }
        }
        self.life.kill();
        self.life.bury(&self.clock).await;
        self.buried = true;
        ending
    }
}

impl Drop for BrowserSession {
    fn drop(&mut self) {
        // Not closed, or not to the end: nobody is left to wait for it.
        self.life.finish();
        if !self.buried {
            self.life.kill();
            let rest = Arc::clone(&self.life).laid_to_rest(self.clock.clone(), self.hold.clone());
            self.runtime.spawn(rest);
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
