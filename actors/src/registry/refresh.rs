//! Snapshots of accounts that run for long, without anybody noticing: the browser of a quiet account stands still for some
//! milliseconds, while what has changed of its profile is copied; the copy is what the vault packs. One at a time.

use std::time::Duration;

use super::entry::{Entry, Office};
use crate::{
    account::CopyProfile,
    domain::AccountState,
    vault::{Vault, VaultError},
};

/// How often it is looked at most for an account whose turn it is.
const LOOK: Duration = Duration::from_secs(10);

/// Looks again and again for an account whose profile should be kept anew. Ends with the registry.
pub(super) async fn run(office: Office) {
    let interval = Duration::from_secs(office.settings.sweep_interval_seconds).min(LOOK);
    let Some(vault) = office.shared.vault.clone() else {
        return;
    };
    if office.shared.settings.refresh_snapshots_seconds == 0 {
        return;
    }
    loop {
        office.clock.sleep(interval).await;
        for entry in office.running.all() {
            match is_due(&office, &vault, &entry).await {
                Ok(true) => refresh(&office, &vault, &entry).await,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(target: "zaptor::registry", account = %entry.account(), %error,
                        "its snapshots cannot be looked at");
                }
            }
        }
    }
}

/// Whether the account is online and quiet, and its newest snapshot too old.
async fn is_due(office: &Office, vault: &Vault, entry: &Entry) -> Result<bool, VaultError> {
    let place = entry.place();
    let quiet = || place.standing.state() == AccountState::Online && entry.is_quiet();
    if !place.engine.keeps_profile() || !quiet() {
        return Ok(false);
    }
    let now = office.clock.now();
    let (since, limit) = match vault.list(entry.account()).await?.first() {
        Some(newest) => (newest.taken_at, office.shared.settings.refresh_snapshots_seconds),
        None => {
            let row = office.store.reads().account(place.tenant, place.account).await;
            // Without the database nobody knows how long; the next round asks again.
            let Ok(Some(row)) = row else { return Ok(false) };
            (row.since, office.settings.first_snapshot_seconds)
        }
    };
    Ok(now.since(since) >= Duration::from_secs(limit) && quiet())
}

async fn refresh(office: &Office, vault: &Vault, entry: &Entry) {
    let account = entry.account();
    entry.place().begin_keeping();
    if let Err(error) = keep(vault, entry).await {
        entry.place().note_change();
        tracing::warn!(target: "zaptor::registry", %account, %error, "no snapshot of its profile while it runs");
    }
    // The link may have ended meanwhile, with everything that was kept of it: this must not stay either.
    let ended = matches!(
        entry.place().standing.state(),
        AccountState::LoggedOut | AccountState::Banned
    );
    if (ended || office.running.find(account).is_none())
        && let Err(error) = vault.forget(account).await
    {
        tracing::error!(target: "zaptor::registry", %account, %error,
            "snapshots of an ended link could not be removed");
    }
}

async fn keep(vault: &Vault, entry: &Entry) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let place = entry.place();
    let copy = vault.begin_copy(&place.profile).await;
    let copy = copy.map_err(|error| told(&error))?;
    let address = entry.address().ok_or("it does not run")?;
    let copied = address.send(CopyProfile(copy)).await;
    let copy = copied
        .map_err(|error| told(&error))?
        .map_err(|error| told(&error))?;
    let snapshot = vault.take(place.account, copy.path()).await;
    let snapshot = snapshot.map_err(|error| told(&error))?;
    tracing::info!(target: "zaptor::registry", account = %place.account, snapshot = %snapshot.id,
        stored_bytes = snapshot.stored_bytes, "a snapshot of the profile was taken while its browser runs");
    // Removing a folder takes its time.
    let _ = tokio::task::spawn_blocking(move || drop(copy)).await;
    Ok(())
}
