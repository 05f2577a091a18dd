//! `zaptor account snapshots|export|import`, `zaptor vault …`

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use comfy_table::Table;
use serde_json::{Value, json};

use super::args::{PassphraseFrom, VaultCommand};
use super::asking::{ask_secret, read_line};
use super::client::Client;
use super::failure::Failure;
use super::printer::{Printer, facts, plain, table};

/// The header in which the passphrase goes.
const PASSPHRASE: &str = "Zaptor-Passphrase";

/// Lists, takes or puts back.
pub(super) async fn snapshots(
    which: &str,
    take: bool,
    restore: Option<&str>,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let id = client.account_id(which).await?;
    let path = format!("/v1/accounts/{id}/profile");
    if let Some(snapshot) = restore {
        let body = json!({ "snapshot": snapshot });
        let restored = client.post(&format!("{path}/restore"), Some(&body)).await?;
        return printer.data(&restored, |restored| {
            facts(["snapshot", "taken_at"].map(|name| (name, plain(&restored[name]))))
        });
    }
    if take {
        let taken = client.post(&format!("{path}/snapshots"), None).await?;
        return printer.data(&taken, one);
    }
    let mut page = client.get(&format!("{path}/snapshots"), &[]).await?;
    printer.data(&page["data"].take(), many)
}

fn one(snapshot: &Value) -> Table {
    facts(["id", "taken_at", "stored_bytes"].map(|name| (name, plain(&snapshot[name]))))
}

fn many(snapshots: &Value) -> Table {
    let mut rows = table(["ID", "TAKEN", "BYTES"]);
    for snapshot in snapshots.as_array().into_iter().flatten() {
        rows.add_row(["id", "taken_at", "stored_bytes"].map(|name| plain(&snapshot[name])));
    }
    rows
}

/// Writes the profile to a file for its owner alone. A file that is there already is not written over.
pub(super) async fn export(
    which: &str,
    output: Option<PathBuf>,
    from: &PassphraseFrom,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let id = client.account_id(which).await?;
    let output = output.unwrap_or_else(|| PathBuf::from(format!("{id}.zaptor-profile")));
    let passphrase = passphrase(from, true, printer)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&output)
        .map_err(|error| Failure::machine(output.display(), error))?;
    let path = format!("/v1/accounts/{id}/profile/export");
    let done = client.get_into(&path, (PASSPHRASE, &passphrase), &mut file).await;
    if let Err(failure) = done {
        // Half a file is none.
        let _ = fs::remove_file(&output);
        return Err(failure);
    }
    printer.say("Whoever has this file and its passphrase has the link to the phone. Never run both accounts at once.");
    printer.line(&output.display().to_string())
}

pub(super) async fn import(
    which: &str,
    file: &Path,
    from: &PassphraseFrom,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let id = client.account_id(which).await?;
    let bytes = fs::read(file).map_err(|error| Failure::machine(file.display(), error))?;
    let passphrase = passphrase(from, false, printer)?;
    let path = format!("/v1/accounts/{id}/profile/import");
    let taken = client.post_bytes(&path, (PASSPHRASE, &passphrase), bytes).await?;
    printer.say(&format!(
        "Its browser looks and goes as the other one did; a proxy's password did not come along.\n\
         Start it with: zaptor account start {id}"
    ));
    printer.data(&taken, one)
}

/// Asked for twice where a slip of the finger would lock a file for good.
fn passphrase(from: &PassphraseFrom, twice: bool, printer: Printer) -> Result<String, Failure> {
    if from.passphrase_stdin {
        return read_line();
    }
    let otherwise = "give --passphrase-stdin";
    let first = ask_secret("Passphrase (12 characters at least): ", otherwise, printer)?;
    if twice && ask_secret("Once more: ", otherwise, printer)? != first {
        return Err(Failure::Here(
            "the two passphrases differ; nothing was done".to_owned(),
        ));
    }
    Ok(first)
}

/// `zaptor vault`
pub(super) async fn vault(command: VaultCommand, client: &Client, printer: Printer) -> Result<(), Failure> {
    let VaultCommand::Rotate = command;
    let done = client.post("/v1/system/vault/rotate", None).await?;
    printer.data(&done, |done| {
        facts(["locked_anew", "failed", "keys"].map(|name| (name, plain(&done[name]))))
    })
}
