//! Tickets: a stream's credential for clients that can send nothing but an address. Good once, for a minute, on the node
//! that gave it.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use dashmap::DashMap;
use sha2::{Digest as _, Sha256};
use zaptor_actors::domain::{Clock, IdSource, Timestamp};

use crate::auth::Principal;

const GOOD_FOR: Duration = Duration::from_secs(60);
/// Beyond this many, those whose time is over are forgotten.
const SWEPT_FROM: usize = 1_000;

struct Entry {
    principal: Principal,
    expires_at: Timestamp,
}

/// The tickets that were given and not used. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tickets(Arc<DashMap<[u8; 32], Entry>>);

impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets")
    }
}

impl Tickets {
    /// Gives a ticket that stands for `principal`.
    pub fn issue(&self, principal: Principal, ids: &IdSource, clock: &Clock) -> (String, Timestamp) {
        let now = clock.now();
        if self.0.len() > SWEPT_FROM {
            self.0.retain(|_, entry| entry.expires_at > now);
        }
        let ticket = format!("zt_{}", BASE64.encode(ids.bytes::<32>()));
        let expires_at = now.after(GOOD_FOR);
        self.0.insert(
            digest(&ticket),
            Entry {
                principal,
                expires_at,
            },
        );
        (ticket, expires_at)
    }

    /// Takes a ticket; it is gone then.
    pub fn redeem(&self, ticket: &str, clock: &Clock) -> Option<Principal> {
        let (_, entry) = self.0.remove(&digest(ticket))?;
        (entry.expires_at > clock.now()).then_some(entry.principal)
    }
}

fn digest(ticket: &str) -> [u8; 32] {
    Sha256::digest(ticket.as_bytes()).into()
}
