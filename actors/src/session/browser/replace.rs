//! Other agent's files for a page that runs: put in place of the old ones, and the page loaded anew.

use std::sync::Arc;

use fantoccini::Client;
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::{
    open::{LOOK, inject},
    page::CallError,
    session::BrowserSession,
    webdriver,
};
use crate::session::{AgentBuild, SessionError};

const COMMAND: &str = "replace_agent";

fn refused(detail: impl Into<String>) -> SessionError {
    SessionError::Refused {
        command: COMMAND,
        detail: detail.into(),
    }
}

/// Puts the files in, loads the page anew and waits until their agent answers.
pub(super) async fn replace_agent(
    session: &mut BrowserSession,
    build: &Arc<AgentBuild>,
) -> Result<(), SessionError> {
    session.life.alive()?;
    let client = session
        .client
        .clone()
        .ok_or_else(|| SessionError::Dead("closed".to_owned()))?;
    let after = session.deadlines.command;
    let life = Arc::clone(&session.life);
    let done = tokio::select! {
        () = life.over.cancelled() => Err(life.alive().err().unwrap_or_else(|| SessionError::Dead("closed".to_owned()))),
        done = timeout(after, swap(session, &client, build)) => done.unwrap_or(Err(SessionError::Deadline { command: COMMAND, after })),
    };
    if let Err(SessionError::Deadline { .. }) = &done {
        session.life.die(format!("no answer to {COMMAND} for {after:?}"));
    }
    done
}

async fn swap(
    session: &mut BrowserSession,
    client: &Client,
    build: &Arc<AgentBuild>,
) -> Result<(), SessionError> {
    let source = build.injection(&session.origin);
    compiles(client, &source).await?;
    let script = inject(client, &source)
        .await
        .map_err(|error| refused(error.to_string()))?;
    let old = std::mem::replace(&mut session.script, script);
    session.build = Arc::clone(build);
    for (method, params) in [
        (
            "Page.removeScriptToEvaluateOnNewDocument",
            json!({ "identifier": old }),
        ),
        ("Page.reload", json!({})),
    ] {
        webdriver::devtools(client, method, params)
            .await
            .map_err(|error| refused(format!("{method}: {error}")))?;
    }
    await_build(session, build.id()).await
}

/// Has the browser read the script without running it.
async fn compiles(client: &Client, source: &str) -> Result<(), SessionError> {
    let params = json!({ "expression": source, "sourceURL": "", "persistScript": false });
    let answer = webdriver::devtools(client, "Runtime.compileScript", params)
        .await
        .map_err(|error| refused(error.to_string()))?;
    match answer.pointer("/exceptionDetails") {
        None => Ok(()),
        Some(details) => {
            let what = details
                .pointer("/exception/description")
                .and_then(|text| text.as_str())
                .unwrap_or("a syntax error");
            let line = details["lineNumber"].as_u64().unwrap_or_default();
            Err(refused(format!(
                "the files are no program: {what} (line {line} of both together)"
            )))
        }
    }
}

/// Waits for the new page's agent. The old page may still answer for a moment.
async fn await_build(session: &BrowserSession, id: &str) -> Result<(), SessionError> {
    #[derive(Deserialize)]
    struct Here {
        build: String,
    }
    loop {
        match session.page.call("build", &json!({})).await {
            Ok(answer) => {
                let here: Result<Here, _> = serde_json::from_value(answer);
                if here.is_ok_and(|here| here.build == id) {
                    return Ok(());
                }
            }
            // No agent yet, or one that does not know the question: the old one.
            Err(CallError::Absent | CallError::Lost(_) | CallError::Refused(_)) => {}
            Err(CallError::Late | CallError::Dead(_)) => {
                session.life.alive()?;
                return Err(SessionError::Dead("closed".to_owned()));
            }
        }
        session.clock.sleep(LOOK).await;
    }
}
