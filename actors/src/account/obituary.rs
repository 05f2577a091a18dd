//! What is said of a generation that ended without a word of its own: a dead actor writes nothing.

use super::{
    Place, Shared, events,
    machine::{Evidence, Say},
    writing,
};
use crate::{
    domain::{AccountState, HibernationCause},
    journal,
    session::ProxyTrouble,
    supervision::{Exit, Next},
};

/// Writes and publishes how a generation ended: `restarting` or `failed` with the reason. Called by the registry when
/// supervision reports the end. Written under the dead generation's epoch, so that it is refused once the next one
/// has taken over; an end in good order has written its state itself.
pub async fn record_end(shared: Shared, place: Place, generation: u64, exit: Exit, next: Next) {
    shared.say_unready(place.account);
    let evidence = Evidence::Exit {
        exit: exit.to_string(),
        generation,
    };
    let asked = ProxyTrouble::action(exit.kind());
    let say = match next {
        Next::Restart { .. } => Say {
            action: asked.map(str::to_owned),
            ..Say::because(AccountState::Restarting, exit.to_string(), evidence)
        },
        Next::Failed { retry_after } => Say {
            action: Some(
                asked
                    .unwrap_or("Look at the reason; a restart by hand tries again at once")
                    .to_owned(),
            ),
            ..Say::because(
                AccountState::Failed,
                format!("{exit}; tried again in {} s", retry_after.as_secs().max(1)),
                evidence,
            )
        },
        Next::Rest if exit.is_normal() => return,
        Next::Rest => match place.parking() {
            // It ended by itself just when it was put to sleep: it sleeps all the same, and opens anew when it is woken.
            Some(reason) => {
                let reason = format!("{reason}; its session had ended: {exit}");
                Say::because(AccountState::Hibernated, reason, evidence)
            }
            None => Say::because(AccountState::Stopped, exit.to_string(), evidence),
        },
    };
    record(&shared, &place, say, generation).await;
}

/// Writes and publishes that an account without a living generation was stopped. Called by the registry.
pub async fn record_stop(shared: &Shared, place: &Place) {
    let evidence = Evidence::Asked { asked: "stop" };
    let say = Say::because(AccountState::Stopped, "stopped by request", evidence);
    record(shared, place, say, 0).await;
}

/// Writes and publishes that an account without a living generation is parked. Called by the registry.
pub async fn record_parked(shared: &Shared, place: &Place, why: HibernationCause, reason: &str) {
    let evidence = place.parked(why);
    record(
        shared,
        place,
        Say::because(AccountState::Hibernated, reason, evidence),
        0,
    )
    .await;
}

async fn record(shared: &Shared, place: &Place, say: Say, generation: u64) {
    let epoch = place.standing.epoch();
    let (own, at, told) = (shared.clone(), place.clone(), say.clone());
    let written = shared
        .store
        .write(move |tx| {
            Box::pin(async move {
                let now = own.clock.now();
                let from = writing::say_in(tx, &at, epoch, &told, now).await?;
                writing::repair_in(tx, &at, epoch).await?;
                if let Some(from) = from {
                    let event = events::state_changed(at.tenant, at.account, from, &told, now);
                    journal::append(tx, &own.ids, now, &[event]).await?;
                }
                Ok(from)
            })
        })
        .await;
    match written {
        Ok(Some(from)) => {
            let now = shared.clock.now();
            place.mending.note_state(now, say.state, say.reason.as_deref());
            place.standing.set_state(say.state, epoch);
            tracing::warn!(target: "zaptor::account", account = %place.account, from = %from, to = %say.state,
                reason = say.reason.as_deref(), generation, epoch, "account state");
        }
        Ok(None) => {}
        Err(error) => {
            tracing::error!(target: "zaptor::account", account = %place.account, generation, epoch, %error,
                "the end of a generation could not be written");
        }
    }
}
