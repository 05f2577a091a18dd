//! Snapshots of accounts that run for long: a profile is at rest only while no browser runs on it, so a quiet account is
//! closed in order and opened anew. One at a time: it costs each a few seconds, and its messages wait that long.

use std::time::Duration;

use super::entry::{Entry, Office};
use crate::{
    domain::AccountState,
    protocol::account::AccountError,
    vault::{Vault, VaultError},
};

/// Looks again and again for an account whose profile should be kept anew. Ends with the registry.
pub(super) async fn run(office: Office) {
    let interval = Duration::from_secs(office.settings.sweep_interval_seconds);
    let Some(vault) = office.shared.vault.clone() else {
        return;
    };
    if office.settings.refresh_snapshots_seconds == 0 {
        return;
    }
    loop {
        office.clock.sleep(interval).await;
        for entry in office.running.all() {
            match is_due(&office, &vault, &entry).await {
                Ok(true) => refresh(&office, &entry).await,
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
        Some(newest) => (newest.taken_at, office.settings.refresh_snapshots_seconds),
        None => {
            let row = office.store.reads().account(place.tenant, place.account).await;
            // Without the database nobody knows how long; the next round asks again.
            let Ok(Some(row)) = row else { return Ok(false) };
            (row.since, office.settings.first_snapshot_seconds)
        }
    };
    Ok(now.since(since) >= Duration::from_secs(limit) && quiet())
}

async fn refresh(office: &Office, entry: &Entry) {
    tracing::info!(target: "zaptor::registry", account = %entry.account(), "opened anew for a snapshot of its profile");
    reopen(office, entry).await;
}

/// Closes an account in order and opens it anew, if it still shall run.
pub(super) async fn reopen(office: &Office, entry: &Entry) {
    let done = async {
        entry.stop(office, true).await?;
        let place = entry.place();
        let row = office.store.reads().account(place.tenant, place.account).await;
        // Somebody may have stopped or deleted it meanwhile.
        if row.is_ok_and(|row| row.is_none_or(|row| !row.wanted)) {
            return Ok(());
        }
        entry.start(office).await
    };
    let done: Result<(), AccountError> = done.await;
    if let Err(error) = done {
        tracing::warn!(target: "zaptor::registry", account = %entry.account(), %error, "not opened anew");
    }
}
