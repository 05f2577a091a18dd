//! Calls to the agent in the page, whichever way they go.

use std::{sync::Arc, time::Duration};

use fantoccini::Client;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::{
    cdp::{Cdp, CdpError},
    life::Life,
    webdriver::{self, ScriptError},
};

/// The way to the page.
pub(super) enum Channel {
    Cdp(Cdp),
    WebDriver(Client),
}

/// The page of a session.
pub(super) struct Page {
    pub(super) life: Arc<Life>,
    pub(super) channel: Channel,
    pub(super) command_timeout: Duration,
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
    /// No answer in time. The session is dead now.
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
    /// Whether the page tells events by itself; it has to be asked otherwise.
    pub(super) fn can_push(&self) -> bool {
        matches!(self.channel, Channel::Cdp(_))
    }

    /// Calls a command of the agent within the command deadline.
    pub(super) async fn call(&self, command: &'static str, order: &Value) -> Result<Value, CallError> {
        self.call_within(self.command_timeout, command, order).await
    }

    /// Calls a command of the agent. Past the deadline the session is given up: it dies.
    pub(super) async fn call_within(
        &self,
        deadline: Duration,
        command: &'static str,
        order: &Value,
    ) -> Result<Value, CallError> {
        let dead = || CallError::Dead(self.life.death().unwrap_or("closed").to_owned());
        let answer = tokio::select! {
            biased;
            () = self.life.over.cancelled() => return Err(dead()),
            answer = timeout(deadline, self.text(command, order.to_string())) => match answer {
                Ok(answer) => answer?,
                Err(_) => return Err(self.late(command, deadline)),
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
        if let Channel::Cdp(cdp) = &self.channel {
            let collected = cdp.run(
                "HeapProfiler.collectGarbage",
                Value::Object(serde_json::Map::new()),
            );
            // Only memory is at stake. A page that hangs is found out by the next command.
            let _ = timeout(self.command_timeout, collected).await;
        }
    }

    fn late(&self, command: &str, deadline: Duration) -> CallError {
        self.life.die(format!("no answer to {command} for {deadline:?}"));
        CallError::Late
    }

    async fn text(&self, command: &'static str, order: String) -> Result<String, CallError> {
        match &self.channel {
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
                webdriver::call(client, command, &order)
                    .await
                    .map_err(|error| match error {
                        ScriptError::Lost(detail) => CallError::Lost(detail),
                        ScriptError::TimedOut => self.late(command, self.command_timeout),
                        ScriptError::Dead(detail) => {
                            self.life.die(format!("browser gone ({detail})"));
                            CallError::Dead(detail)
                        }
                    })
            }
        }
    }
}
