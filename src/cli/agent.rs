//! `zaptor agent …`

use std::time::Duration;

use comfy_table::Table;
use serde_json::{Value, json};
use zaptor_actors::domain::Clock;

use super::args::AgentCommand;
use super::client::Client;
use super::failure::Failure;
use super::printer::{Printer, facts, plain};

/// How often an exchange is looked at.
const LOOK: Duration = Duration::from_millis(500);

const STATUS: &str = "/v1/system/agent";

pub(super) async fn run(command: AgentCommand, client: &Client, printer: Printer) -> Result<(), Failure> {
    match command {
        AgentCommand::Status => printer.data(&client.get(STATUS, &[]).await?, table),
        AgentCommand::Reload { canary, accounts } => reload(canary, accounts, client, printer).await,
    }
}

async fn reload(
    canary: Option<String>,
    accounts: Vec<String>,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let mut order = json!({ "accounts": [] });
    for account in accounts {
        let id = client.account_id(&account).await?;
        if let Some(named) = order["accounts"].as_array_mut() {
            named.push(id.into());
        }
    }
    if let Some(canary) = canary {
        order["canary"] = client.account_id(&canary).await?.into();
    }
    let clock = Clock::system();
    let mut status = client.post("/v1/system/agent/reload", Some(&order)).await?;
    while status["reload"]["ended_at"].is_null() {
        clock.sleep(LOOK).await;
        status = client.get(STATUS, &[]).await?;
    }
    printer.data(&status, table)?;
    match status["reload"]["state"].as_str() {
        Some("done") => Ok(()),
        _ => Err(Failure::Here(format!(
            "the files were not taken over: {}",
            plain(&status["reload"]["why"])
        ))),
    }
}

fn table(status: &Value) -> Table {
    let (current, reload) = (&status["current"], &status["reload"]);
    let pages = status["pages"].as_array().into_iter().flatten();
    let pages: Vec<String> = pages
        .map(|page| format!("{} × {}", plain(&page["accounts"]), plain(&page["build"])))
        .collect();
    let failed = reload["failed"].as_array().into_iter().flatten();
    let failed: Vec<String> = failed
        .map(|failure| format!("{}: {}", plain(&failure["account"]), plain(&failure["why"])))
        .collect();
    let count = reload["reloaded"].as_array().map(|done| done.len().to_string());
    facts([
        ("build", plain(&current["build"])),
        ("version", plain(&current["version"])),
        ("wa_js", plain(&current["wa_js"])),
        ("sha256", plain(&current["sha256"])),
        ("folder", plain(&status["folder"])),
        ("pages", pages.join("\n")),
        ("reload", plain(&reload["state"])),
        ("reload_build", plain(&reload["files"]["build"])),
        ("canary", plain(&reload["canary"])),
        ("reloaded", count.unwrap_or_default()),
        ("failed", failed.join("\n")),
        ("why", plain(&reload["why"])),
        ("action", plain(&reload["action"])),
    ])
}
