//! `zaptor account …`

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use zaptor_actors::domain::{Clock, Timestamp};

use super::account_view::{in_full, many, one};
use super::args::{AccountCommand, CreateAccount};
use super::client::Client;
use super::failure::Failure;
use super::forensics;
use super::pairing;
use super::printer::{Printer, plain};
use super::profile;
use super::settings;

/// How long `create --pair` follows.
const PAIR_TIMEOUT: Duration = Duration::from_secs(300);

pub(super) async fn run(command: AccountCommand, client: &Client, printer: Printer) -> Result<(), Failure> {
    match command {
        AccountCommand::Create(new) => create(new, client, printer).await,
        AccountCommand::List => list(client, printer).await,
        AccountCommand::Show(which) => {
            let account = in_full_of(&which.account, client).await?;
            printer.data(&account, |account| in_full(account, now()))
        }
        AccountCommand::Set {
            which,
            settings,
            proxy,
            restart,
        } => settings::set(&which.account, (&settings, &proxy), restart, client, printer).await,
        AccountCommand::Pair {
            which,
            phone,
            timeout,
        } => {
            let patience = Duration::from_secs(timeout);
            pair(&which.account, phone.as_deref(), patience, client, printer).await
        }
        AccountCommand::Start(which) => act(&which.account, "start", client, printer).await,
        AccountCommand::Stop(which) => act(&which.account, "stop", client, printer).await,
        AccountCommand::Restart(which) => act(&which.account, "restart", client, printer).await,
        AccountCommand::Logout(which) => act(&which.account, "logout", client, printer).await,
        AccountCommand::Hibernate(which) => act(&which.account, "hibernate", client, printer).await,
        AccountCommand::Wake(which) => act(&which.account, "wake", client, printer).await,
        AccountCommand::Rm { which, yes } => remove(&which.account, yes, client, printer).await,
        AccountCommand::Snapshots { which, take, restore } => {
            profile::snapshots(&which.account, take, restore.as_deref(), client, printer).await
        }
        AccountCommand::Export {
            which,
            output,
            passphrase,
        } => profile::export(&which.account, output, &passphrase, client, printer).await,
        AccountCommand::Import {
            which,
            file,
            passphrase,
        } => profile::import(&which.account, &file, &passphrase, client, printer).await,
        AccountCommand::Forensics {
            which,
            bundle,
            screenshot,
        } => {
            forensics::run(
                &which.account,
                bundle.as_deref(),
                screenshot.as_deref(),
                client,
                printer,
            )
            .await
        }
        AccountCommand::Screenshot { which, output } => {
            screenshot(&which.account, &output, client, printer).await
        }
    }
}

async fn list(client: &Client, printer: Printer) -> Result<(), Failure> {
    let accounts = Value::from(client.accounts().await?);
    if printer.is_json() {
        return printer.data(&accounts, one);
    }
    let actors = client.get("/v1/system/actors", &[]).await?;
    printer.data(&accounts, |accounts| many(accounts, &actors["data"], now()))
}

fn now() -> Timestamp {
    Clock::system().now()
}

/// An account with its `health` and its newest forensic `bundle`; null without one.
async fn in_full_of(which: &str, client: &Client) -> Result<Value, Failure> {
    let id = client.account_id(which).await?;
    let path = format!("/v1/accounts/{id}");
    let mut account = client.get(&path, &[]).await?;
    account["health"] = client.get(&format!("{path}/health"), &[]).await?;
    let mut bundles = client.get(&format!("{path}/forensics"), &[]).await?;
    let newest = bundles["data"].get_mut(0).map(Value::take);
    account["bundle"] = newest.unwrap_or_default();
    Ok(account)
}

async fn create(new: CreateAccount, client: &Client, printer: Printer) -> Result<(), Failure> {
    let mut body = json!({ "name": new.name });
    if let Some(engine) = new.engine {
        body["engine"] = engine.into();
    }
    if !new.labels.is_empty() {
        body["labels"] = new.labels.into();
    }
    body["settings"] = settings::named(&new.settings, &new.proxy, printer)?;
    let account = client.post("/v1/accounts", Some(&body)).await?;
    printer.data(&account, one)?;
    let id = plain(&account["id"]);
    if !new.pair {
        printer.say(&format!("Link it with: zaptor account pair {id}"));
        return Ok(());
    }
    pairing::follow(&id, None, None, PAIR_TIMEOUT, client, printer).await
}

/// Shows codes and follows until the account is online; one that rests is started first.
async fn pair(
    which: &str,
    phone: Option<&str>,
    patience: Duration,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let id = client.account_id(which).await?;
    let rested = wake(&id, client).await?;
    pairing::follow(&id, rested.as_deref(), phone, patience, client, printer).await
}

/// Starts the account if it rests, for only what runs can show a code, and gives since when it rested.
async fn wake(id: &str, client: &Client) -> Result<Option<String>, Failure> {
    let account = client.get(&format!("/v1/accounts/{id}"), &[]).await?;
    let rests = matches!(
        account["state"].as_str(),
        Some("stopped" | "hibernated" | "logged_out")
    );
    if !rests {
        return Ok(None);
    }
    client.post(&format!("/v1/accounts/{id}/start"), None).await?;
    Ok(Some(plain(&account["since"])))
}

async fn act(which: &str, verb: &str, client: &Client, printer: Printer) -> Result<(), Failure> {
    let id = client.account_id(which).await?;
    let account = client.post(&format!("/v1/accounts/{id}/{verb}"), None).await?;
    printer.data(&account, one)
}

async fn remove(which: &str, yes: bool, client: &Client, printer: Printer) -> Result<(), Failure> {
    let id = client.account_id(which).await?;
    if !yes && !confirmed(&id, printer)? {
        return Err(Failure::Here("nothing was removed".to_owned()));
    }
    client.delete(&format!("/v1/accounts/{id}")).await?;
    printer.say(&format!("{id} is removed; its messages stay in the history"));
    Ok(())
}

fn confirmed(id: &str, printer: Printer) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage("nobody is here to confirm; add --yes".to_owned()));
    }
    printer.say(&format!(
        "This unlinks {id} from its phone and removes its browser profile. Type yes to go on:"
    ));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::machine("cannot read", error))?;
    Ok(answer.trim() == "yes")
}

async fn screenshot(which: &str, output: &Path, client: &Client, printer: Printer) -> Result<(), Failure> {
    let id = client.account_id(which).await?;
    let picture = client
        .get_bytes(&format!("/v1/accounts/{id}/screenshot"), "image/png")
        .await?;
    if output == Path::new("-") {
        return printer.bytes(&picture);
    }
    std::fs::write(output, picture).map_err(|error| Failure::machine(output.display(), error))?;
    printer.line(&output.display().to_string())
}
