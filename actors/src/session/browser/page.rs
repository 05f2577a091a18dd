//! Calls to the agent in the page, whichever way they go.

use std::{sync::Arc, time::Duration};

use fantoccini::Client;
use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::{
    cdp::{Cdp, CdpError},
    events::Intake,
    life::Life,
    signs::{Signs, Trouble},
    webdriver::{self, ScriptError},
};

/// After which a page is asked anew whether its agent is there.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// How long the browser itself may take to say that it lives, once its page did not.
const BROWSER_PATIENCE: Duration = Duration::from_secs(1);

/// The way to the page.
#[derive(Clone)]
pub(super) enum Channel {
    Cdp(Cdp),
    WebDriver(Client),
}

/// The page of a session.
pub(super) struct Page {
    pub(super) life: Arc<Life>,
    pub(super) signs: Arc<Signs>,
    pub(super) command_timeout: Duration,
    intake: Arc<Intake>,
    channel: RwLock<Channel>,
}

/// Why a call brought no answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// The agent is not on the page yet.
    Absent,
    /// The agent refused.
    Refused(String),
    /// The page was replaced or the socket broke while it ran; nobody can tell what became of it.
    Lost(String),
    /// No answer in time. The page is in trouble now.
    Late,
    /// The session is dead.
    Dead(String),
}

/// How the agent answers.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Ok(Value),
    Refused(String),
    Absent,
}

impl Page {
    pub(super) fn new(
        life: Arc<Life>,
        (intake, signs): (Arc<Intake>, Arc<Signs>),
        channel: Channel,
        command_timeout: Duration,
    ) -> Self {
        Self {
            life,
            signs,
            command_timeout,
            intake,
            channel: RwLock::new(channel),
        }
    }

    /// The way to the page that shows now.
    pub(super) fn channel(&self) -> Channel {
        self.channel.read().clone()
    }

    /// Another page shows from now on.
    pub(super) fn replace(&self, channel: Channel) {
        *self.channel.write() = channel;
    }

    /// Has the page asked for events that nobody has heard of.
    pub(super) fn ask_for_events(&self) {
        self.intake.ask();
    }

    /// Whether the agent is on the page, asked past whatever is wrong with it.
    pub(super) async fn has_agent(&self, cdp: &Cdp) -> bool {
        let there = cdp.evaluate("globalThis.__zaptor ? 'there' : 'absent'".to_owned());
        // A question to a process that is just being killed is never answered: asked again soon, it goes to the next one.
        matches!(timeout(ASK_AGAIN, there).await, Ok(Ok(answer)) if answer == "there")
    }

    /// Whether the page tells events by itself; it has to be asked otherwise.
    pub(super) fn can_push(&self) -> bool {
        matches!(*self.channel.read(), Channel::Cdp(_))
    }

    /// Calls a command of the agent within the command deadline.
    pub(super) async fn call(&self, command: &'static str, order: &Value) -> Result<Value, CallError> {
        self.call_within(self.command_timeout, command, order).await
    }

    /// Calls a command of the agent. Past the deadline the page is in trouble, and the account hears of it. A page in
    /// trouble is not called at all; a call that is under way when trouble comes is lost.
    pub(super) async fn call_within(
        &self,
        deadline: Duration,
        command: &'static str,
        order: &Value,
    ) -> Result<Value, CallError> {
        let dead = || CallError::Dead(self.life.death().unwrap_or("closed").to_owned());
        if self.signs.trouble().is_some() && self.life.alive().is_ok() {
            return Err(CallError::Absent);
        }
        let answer = tokio::select! {
            biased;
            () = self.life.over.cancelled() => return Err(dead()),
            trouble = self.signs.troubled() => return Err(CallError::Lost(trouble.to_string())),
            answer = timeout(deadline, self.text(command, order.to_string())) => match answer {
                Ok(answer) => answer?,
                Err(_) => return Err(self.late(command, deadline).await),
            },
        };
        match serde_json::from_str(&answer) {
            Ok(Answer::Ok(value)) => Ok(value),
            Ok(Answer::Refused(detail)) => Err(CallError::Refused(detail)),
            Ok(Answer::Absent) => Err(CallError::Absent),
            Err(_) => Err(CallError::Refused("the agent's answer cannot be read".to_owned())),
        }
    }

    /// Has the page give back the memory of what it no longer needs. Chromium by itself lets it pile up until somebody
    /// else asks for it; with many accounts on a machine that is too late.
    pub(super) async fn collect_garbage(&self) {
        if let Channel::Cdp(cdp) = self.channel() {
            let collected = cdp.run(
                "HeapProfiler.collectGarbage",
                Value::Object(serde_json::Map::new()),
            );
            // Only memory is at stake. A page that hangs is found out by the next command.
            let _ = timeout(self.command_timeout, collected).await;
        }
    }

    /// A page that gives no answer is in trouble; a browser that gives none either is dead.
    pub(super) async fn late(&self, command: &'static str, deadline: Duration) -> CallError {
        let browser_answers = match self.channel() {
            Channel::Cdp(cdp) => {
                let asked = cdp.run("Browser.getVersion", Value::Object(serde_json::Map::new()));
                timeout(BROWSER_PATIENCE, asked).await.is_ok()
            }
            Channel::WebDriver(_) => false,
        };
        if browser_answers {
            self.signs.report(Trouble::Silent(command, deadline));
            return CallError::Late;
        }
        let reason = format!("no answer to {command} for {deadline:?}");
        self.life.die(reason.clone());
        CallError::Dead(reason)
    }

    async fn text(&self, command: &'static str, order: String) -> Result<String, CallError> {
        match self.channel() {
            Channel::Cdp(cdp) => {
                // JSON text is also a JavaScript literal.
                let expression = format!(
                    "globalThis.__zaptor ? __zaptor.call({}, {}) : '\"absent\"'",
                    Value::from(command),
                    Value::from(order)
                );
                cdp.evaluate(expression).await.map_err(|error| match error {
                    CdpError::Lost(detail) => CallError::Lost(detail),
                    CdpError::Refused(detail) => CallError::Refused(detail),
                })
            }
            Channel::WebDriver(client) => {
                let error = match webdriver::call(&client, command, &order).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                };
                Err(match error {
                    ScriptError::Lost(detail) => CallError::Lost(detail),
                    ScriptError::TimedOut => self.late(command, self.command_timeout).await,
                    ScriptError::Dead(detail) => {
                        self.life.die(format!("browser gone ({detail})"));
                        CallError::Dead(detail)
                    }
                })
            }
        }
    }
}
