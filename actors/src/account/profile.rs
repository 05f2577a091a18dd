//! The account's browser profile between two sessions: repaired before one is opened, kept after one has ended in order.
//! Both happen in the session task, which holds the profile.
//!
//! | what was seen | what is done before the next session |
//! |---|---|
//! | no profile, but a snapshot | the newest whole snapshot is put there |
//! | the browser does not start on it | the same; without a whole snapshot it is set aside and a new one is begun |
//! | the browser starts on it, but shows a code, or nothing at all | the same, if there is a snapshot; else a phone is asked for |
//!
//! Once a snapshot was put there and did not help, the next trouble is not answered by the same one: a phone is asked for.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use parking_lot::Mutex;

use super::{Place, Settings, metrics};
use crate::{
    domain::Clock,
    session::{Ending, PageStatus, Session, SessionError},
    vault::{self, Vault, VaultError},
};

/// How long a page may take to say whether it is linked, before it is closed.
const ASK: Duration = Duration::from_secs(2);

/// Whether a profile may hold something that its newest snapshot does not: messages or acks that came or went, a new link,
/// other settings, another agent, or somebody who had the profile in hand. A browser that was only opened and closed again
/// changes caches and counters alone. In memory: nobody knows what the last process saw, so the first one counts.
pub(super) struct Unkept(AtomicBool);

impl Default for Unkept {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Place {
    /// The profile may hold something from now on that no snapshot does.
    pub fn note_change(&self) {
        self.unkept.0.store(true, Ordering::Relaxed);
    }

    /// Whatever comes from now on is not in the snapshot that is being taken. Gives whether it will hold anything new;
    /// where it fails, [`Place::note_change`] takes that back.
    pub fn begin_keeping(&self) -> bool {
        self.unkept.0.swap(false, Ordering::Relaxed)
    }
}

/// What the next session does about the profile. Lives as long as the account's place: over all its generations.
#[derive(Default)]
pub(super) struct Repair(Mutex<Trouble>);

#[derive(Default)]
struct Trouble {
    /// What is wrong with the profile, and whether a browser can run on it at all.
    seen: Option<(String, bool)>,
    /// The snapshots were tried, and no round trip has been proven since.
    tried: bool,
}

impl Repair {
    /// Something is wrong with the profile; the next session sees to it. `usable`: a phone can be linked with it.
    pub(super) fn ask_for(&self, what: String, usable: bool) {
        self.0.lock().seen = Some((what, usable));
    }

    /// The same where nobody has said what is wrong: the profile may be good, and is only replaced by a snapshot.
    pub(super) fn ask_unless_asked(&self, what: &str) {
        let mut trouble = self.0.lock();
        if trouble.seen.is_none() {
            trouble.seen = Some((what.to_owned(), true));
        }
    }

    /// A round trip was proven: whatever was done has helped.
    pub(super) fn has_worked(&self) {
        self.0.lock().tried = false;
    }
}

/// What was done with the profile before the session is opened, and what could be done if it does not serve.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Prepared {
    /// What was done, for people; nothing where nothing had to be.
    pub(super) done: Option<String>,
    /// Whether there is a snapshot that has not been tried.
    pub(super) restorable: bool,
}

/// The vault, for accounts whose engine keeps profiles.
fn vault_of<'a>(vault: Option<&'a Vault>, place: &Place) -> Option<&'a Vault> {
    vault.filter(|_| place.engine.keeps_profile())
}

/// Repairs the profile where that was asked for, and where there is none although there is a snapshot.
pub(super) async fn prepare(vault: Option<&Vault>, place: &Place) -> Result<Prepared, SessionError> {
    let Some(vault) = vault_of(vault, place) else {
        return Ok(Prepared::default());
    };
    let (seen, tried) = {
        let trouble = place.repair.0.lock();
        (trouble.seen.clone(), trouble.tried)
    };
    let why = match seen {
        Some(seen) => Some(seen),
        None if is_missing(&place.profile).await => Some(("the browser's profile was gone".to_owned(), true)),
        None => None,
    };
    let done = match why {
        Some((why, usable)) => repair(vault, place, (&why, usable), tried).await?,
        None => None,
    };
    place.repair.0.lock().seen = None;
    let kept = vault.list(place.account).await.unwrap_or_else(|error| {
        // A profile that may be good is not kept from opening by a vault that is not.
        tracing::error!(target: "zaptor::account", account = %place.account, %error, "the vault cannot be read");
        Vec::new()
    });
    let restorable = !kept.is_empty() && !place.repair.0.lock().tried;
    Ok(Prepared { done, restorable })
}

async fn repair(
    vault: &Vault,
    place: &Place,
    (why, usable): (&str, bool),
    tried: bool,
) -> Result<Option<String>, SessionError> {
    if !tried {
        // Whatever comes of it: it is not tried again before a round trip was proven.
        match vault.restore(place.account, None, &place.profile).await {
            Ok(restored) => {
                place.repair.0.lock().tried = true;
                place.note_change();
                metrics::profile("restored");
                tracing::warn!(target: "zaptor::account", account = %place.account, why, snapshot = %restored.id,
                    taken_at = %restored.taken_at, "a profile was restored");
                let taken = restored.taken_at;
                return Ok(Some(format!(
                    "{why}; the snapshot from {taken} was put in its place"
                )));
            }
            Err(VaultError::NotFound) => place.repair.0.lock().tried = true,
            Err(error) => return Err(failed(&error)),
        }
    }
    if is_missing(&place.profile).await {
        return Ok(None);
    }
    if usable {
        return Ok(Some(format!("{why}, and no whole snapshot of it is left")));
    }
    let profile = place.profile.clone();
    let moved = tokio::task::spawn_blocking(move || vault::set_profile_aside(&profile)).await;
    match moved {
        Ok(Ok(())) => {
            metrics::profile("set_aside");
            tracing::warn!(target: "zaptor::account", account = %place.account, why, "a profile was set aside");
            Ok(Some(format!(
                "{why}, and no whole snapshot of it is left; a new profile was begun"
            )))
        }
        Ok(Err(error)) => Err(SessionError::Open(format!(
            "the damaged profile cannot be set aside: {error}"
        ))),
        Err(error) => Err(SessionError::Open(error.to_string())),
    }
}

fn failed(error: &VaultError) -> SessionError {
    SessionError::Open(format!("the profile cannot be restored: {error}"))
}

/// Whether there is no profile, or an empty one.
async fn is_missing(profile: &Path) -> bool {
    let profile = profile.to_owned();
    let missing = tokio::task::spawn_blocking(move || match std::fs::read_dir(&profile) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    });
    missing.await.unwrap_or(false)
}

/// Whether the session's profile is worth a snapshot: one without a link would push out those that have it.
pub(super) async fn is_linked(session: &mut dyn Session, clock: &Clock) -> bool {
    tokio::select! {
        status = session.status() => matches!(status, Ok(PageStatus::Ready(_))),
        () = clock.sleep(ASK) => false,
    }
}

/// Whether there is no snapshot, or only one that is too old however little has happened: keys and lists that WhatsApp Web
/// renews by itself change without a word.
async fn is_due(vault: &Vault, place: &Place, settings: &Settings, clock: &Clock) -> bool {
    let limit = settings.refresh_snapshots_seconds;
    match vault.list(place.account).await {
        Ok(kept) => kept.first().is_none_or(|newest| {
            limit > 0 && clock.now().since(newest.taken_at) >= Duration::from_secs(limit)
        }),
        Err(_) => true,
    }
}

/// Takes a snapshot of a linked profile whose session ended in order, unless the newest one is as good. A failure costs
/// nothing but the snapshot.
pub(super) async fn keep(vault: &Vault, place: &Place, settings: &Settings, clock: &Clock) {
    let account = place.account;
    if !place.begin_keeping() && !is_due(vault, place, settings, clock).await {
        return metrics::profile("unchanged");
    }
    match vault.take(account, &place.profile).await {
        Ok(snapshot) => {
            metrics::profile("kept");
            tracing::info!(target: "zaptor::account", %account, snapshot = %snapshot.id,
                stored_bytes = snapshot.stored_bytes, "a snapshot of the profile was taken");
        }
        Err(error) => {
            place.note_change();
            metrics::profile("not_kept");
            tracing::error!(target: "zaptor::account", %account, %error, "no snapshot of the profile could be taken");
        }
    }
}

/// The vault for a session that ended, if its profile is to be kept.
pub(super) fn wants_keeping<'a>(
    vault: Option<&'a Vault>,
    place: &Place,
    linked: bool,
    ending: Option<Ending>,
) -> Option<&'a Vault> {
    vault_of(vault, place).filter(|_| linked && ending == Some(Ending::Orderly))
}
