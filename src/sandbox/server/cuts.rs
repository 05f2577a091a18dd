//! Browsers whose network is cut (fault `network_cut`): what their pages say waits and what they are told waits, new
//! connections hear nothing, and nothing closes. When the time is over everything goes on in its order, as after a
//! cable was put back.
//!
//! A browser is found as in `renderer`, on Linux and on this machine; one that takes its place on the same profile has no
//! network either. Elsewhere only the page's own connection is cut.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web;
use parking_lot::Mutex;
use tokio::sync::Notify;
use zaptor_actors::domain::clock::Clock;

use super::hub::Hub;
use super::renderer;
use crate::sandbox::network::SocketId;

/// Frames of one page that may wait in each direction. More is lost, and the page's connection with it.
const HELD_FRAMES: usize = 2_048;

/// One cut.
struct Cut {
    until: Instant,
    /// Whose it is, once that was found.
    user: Option<String>,
    /// What the page has said meanwhile.
    said: Vec<String>,
    /// What it was to be told.
    told: Vec<String>,
}

/// All that are cut now.
pub(super) struct Cuts {
    clock: Clock,
    cuts: Mutex<HashMap<SocketId, Cut>>,
    changed: Notify,
}

impl Cuts {
    pub(super) fn new(clock: Clock) -> Cuts {
        Cuts {
            clock,
            cuts: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Cuts the line of this page and of its whole browser. A line that is cut already stays so at least as long.
    pub(super) fn begin(&self, socket: SocketId, peer: Option<SocketAddr>, for_ms: u64) {
        let until = self.clock.instant() + Duration::from_millis(for_ms);
        {
            let mut cuts = self.cuts.lock();
            let cut = cuts.entry(socket).or_insert(Cut {
                until,
                user: None,
                said: Vec::new(),
                told: Vec::new(),
            });
            cut.until = cut.until.max(until);
        }
        self.changed.notify_one();
        // The page is silent already; looking for its browser takes a while.
        let user = peer.and_then(renderer::user_of);
        tracing::info!(
            socket,
            for_ms,
            "cut the network of the browser behind a sandbox page"
        );
        if let Some(cut) = self.cuts.lock().get_mut(&socket) {
            cut.user = user;
        }
    }

    /// Keeps what a page says, if its line is cut. Gives it back otherwise.
    pub(super) fn hold_said(&self, socket: SocketId, frame: String) -> Option<String> {
        self.hold(socket, frame, |cut| &mut cut.said)
    }

    /// Keeps what a page is to be told, if its line is cut. Gives it back otherwise.
    pub(super) fn hold_told(&self, socket: SocketId, frame: String) -> Option<String> {
        self.hold(socket, frame, |cut| &mut cut.told)
    }

    fn hold(
        &self,
        socket: SocketId,
        frame: String,
        side: fn(&mut Cut) -> &mut Vec<String>,
    ) -> Option<String> {
        let mut cuts = self.cuts.lock();
        let Some(cut) = cuts.get_mut(&socket) else {
            return Some(frame);
        };
        let held = side(cut);
        if held.len() < HELD_FRAMES {
            held.push(frame);
        }
        None
    }

    /// The page's connection is gone, and what was on its way with it.
    pub(super) fn forget(&self, socket: SocketId) {
        if let Some(cut) = self.cuts.lock().get_mut(&socket) {
            // The browser itself stays without a network as long as was said.
            cut.said.clear();
            cut.told.clear();
        }
    }

    /// Whether nothing is cut: the usual case, in which nobody looks for anything.
    fn is_quiet(&self) -> bool {
        self.cuts.lock().is_empty()
    }

    /// When this user has a network again.
    fn until(&self, user: Option<&str>) -> Option<Instant> {
        let cuts = self.cuts.lock();
        let own = cuts
            .values()
            .filter(|cut| user.is_some() && cut.user.as_deref() == user);
        own.map(|cut| cut.until).max()
    }

    /// Gives lines back when their time has come, until the sandbox stops. `say` brings the network what a page has said
    /// meanwhile, `tell` brings the page what it was to be told.
    pub(super) async fn mend(&self, say: impl Fn(SocketId, &str), tell: impl Fn(SocketId, String)) {
        loop {
            let next = self.cuts.lock().values().map(|cut| cut.until).min();
            let pause = async {
                match next {
                    Some(next) => {
                        let rest = next.saturating_duration_since(self.clock.instant());
                        self.clock.sleep(rest).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = pause => self.release(&say, &tell),
                () = self.changed.notified() => {}
            }
        }
    }

    fn release(&self, say: &impl Fn(SocketId, &str), tell: &impl Fn(SocketId, String)) {
        let now = self.clock.instant();
        let due: Vec<SocketId> = {
            let cuts = self.cuts.lock();
            let due = cuts.iter().filter(|(_, cut)| cut.until <= now);
            due.map(|(socket, _)| *socket).collect()
        };
        for socket in due {
            // What the page says while the first of it is brought comes behind it.
            loop {
                let said = match self.cuts.lock().get_mut(&socket) {
                    Some(cut) => std::mem::take(&mut cut.said),
                    None => Vec::new(),
                };
                if said.is_empty() {
                    break;
                }
                said.iter().for_each(|frame| say(socket, frame));
            }
            let cut = self.cuts.lock().remove(&socket);
            for frame in cut.into_iter().flat_map(|cut| cut.told) {
                tell(socket, frame);
            }
        }
    }
}

/// A request of a browser without a network waits until it has one.
pub(super) async fn keep(
    hub: web::Data<Arc<Hub>>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let cuts = hub.cuts();
    if !cuts.is_quiet()
        && let Some(peer) = request.peer_addr()
    {
        // A failed look is a browser that nobody knows.
        let user = web::block(move || renderer::user_of(peer)).await.ok().flatten();
        while let Some(until) = cuts.until(user.as_deref()) {
            let rest = until.saturating_duration_since(cuts.clock.instant());
            cuts.clock.sleep(rest.max(Duration::from_millis(1))).await;
        }
    }
    next.call(request).await
}
