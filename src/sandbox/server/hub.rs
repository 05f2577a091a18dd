//! Where the pure network meets the world: brings it the time, carries its effects to the pages' sockets, saves it.
//!
//! Invariants: effects go out in the order in which the network had them, because they go out under its lock; nobody
//! ever waits under that lock; a page that does not read is cut, never waited for.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use zaptor_actors::domain::clock::Clock;

use super::files::{snapshot, write_whole};
use crate::sandbox::network::{Effect, Millis, Network, SocketId};

/// Frames that may wait for one page. A page that is further behind is cut and may come again.
const WAITING_FRAMES: usize = 1_024;

/// Changes are gathered for this long before they are saved.
const SAVE_AFTER: Duration = Duration::from_millis(400);

/// Share of the time that saving may take: after a save that took one second, the next comes 20 seconds later.
const SAVE_REST: u32 = 20;

/// The network with its clock and its sockets, shared by all connections.
pub(super) struct Hub {
    inner: Mutex<Inner>,
    clock: Clock,
    wake: Notify,
    revision: watch::Sender<Revision>,
    saved: watch::Sender<u64>,
    stop: CancellationToken,
}

/// How far the network has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Revision {
    /// Of the last change.
    pub(super) any: u64,
    /// Of the last change that must be saved at once.
    pub(super) vital: u64,
}

struct Inner {
    network: Network,
    sockets: HashMap<SocketId, mpsc::Sender<String>>,
    /// The network's time never goes back, whatever the machine's clock does.
    now: Millis,
    /// When the ticker will look next.
    planned: Option<Millis>,
}

impl Hub {
    /// A hub for this network. Spawn [`Hub::tick`] and [`Hub::save`] beside it.
    pub(super) fn new(network: Network, clock: Clock, stop: CancellationToken) -> Arc<Hub> {
        let inner = Inner {
            network,
            sockets: HashMap::new(),
            now: 0,
            planned: None,
        };
        Arc::new(Hub {
            inner: Mutex::new(inner),
            clock,
            wake: Notify::new(),
            revision: watch::Sender::new(Revision::default()),
            saved: watch::Sender::new(0),
            stop,
        })
    }

    /// Gives the network one input, and carries out what follows from it.
    pub(super) fn act<T>(&self, input: impl FnOnce(&mut Network, Millis) -> T) -> T {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        inner.now = inner.now.max(self.clock.now().millis());
        let answer = input(&mut inner.network, inner.now);
        inner.carry_out();
        let due = inner.network.next_due();
        let sooner = due.is_some_and(|due| inner.planned.is_none_or(|planned| due < planned));
        let revision = Revision {
            any: inner.network.revision(),
            vital: inner.network.vital_revision(),
        };
        drop(guard);
        if sooner {
            self.wake.notify_one();
        }
        self.revision
            .send_if_modified(|known| std::mem::replace(known, revision) != revision);
        answer
    }

    /// Looks at the network without changing it.
    pub(super) fn look<T>(&self, view: impl FnOnce(&Network) -> T) -> T {
        view(&self.inner.lock().network)
    }

    /// A page connected: its name, and what it has to be told. The stream of frames ends when the page is cut.
    pub(super) fn connect(&self) -> (SocketId, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::channel(WAITING_FRAMES);
        let mut inner = self.inner.lock();
        let socket = inner.network.open();
        inner.sockets.insert(socket, sender);
        (socket, receiver)
    }

    /// A page sent a frame.
    pub(super) fn frame(&self, socket: SocketId, text: &str) {
        self.act(|network, now| network.frame(now, socket, text));
    }

    /// A page's connection ended.
    pub(super) fn disconnect(&self, socket: SocketId) {
        self.inner.lock().sockets.remove(&socket);
        self.act(|network, now| network.closed(now, socket));
    }

    /// Changes to watch, and the end of the sandbox.
    pub(super) fn watch(&self) -> (watch::Receiver<Revision>, CancellationToken) {
        (self.revision.subscribe(), self.stop.clone())
    }

    /// The clock of this sandbox.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Waits until everything that happened so far is on disk, at most for two seconds: then the answer to whoever
    /// waits is due all the same, and the saver has logged why.
    pub(super) async fn until_saved(&self) {
        let wanted = self.revision.borrow().vital;
        let mut saved = self.saved.subscribe();
        let arrived = saved.wait_for(|saved| *saved >= wanted);
        tokio::select! {
            _ = arrived => {}
            () = self.clock.sleep(Duration::from_secs(2)) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Lets the network's own time pass until the sandbox stops.
    pub(super) async fn tick(self: Arc<Hub>) {
        loop {
            let rest = {
                // The lock is not held while waiting: `act` wakes us when something is due sooner.
                let due = self.act(|network, now| {
                    network.advance(now);
                    network.next_due()
                });
                let mut inner = self.inner.lock();
                inner.planned = due;
                due.map(|due| Duration::from_millis(u64::try_from(due - inner.now).unwrap_or(0).max(1)))
            };
            let pause = async {
                match rest {
                    Some(rest) => self.clock.sleep(rest).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = pause => {}
                () = self.wake.notified() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Keeps the file up to date until the sandbox stops, and once more then.
    pub(super) async fn save(self: Arc<Hub>, file: PathBuf) {
        let mut changes = self.revision.subscribe();
        let mut rest = SAVE_AFTER;
        let mut vital = 0;
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.stop.cancelled() => break,
            }
            tokio::select! {
                _ = changes.wait_for(|revision| revision.vital > vital) => {}
                () = self.clock.sleep(rest) => {}
                () = self.stop.cancelled() => break,
            }
            vital = changes.borrow_and_update().vital;
            rest = self
                .save_now(&file)
                .await
                .saturating_mul(SAVE_REST)
                .max(SAVE_AFTER);
        }
        self.save_now(&file).await;
    }

    /// Saves once; answers how long the network was held up.
    async fn save_now(&self, file: &std::path::Path) -> Duration {
        let started = self.clock.instant();
        let (revision, bytes) = self.look(|network| (network.revision(), snapshot(network.state())));
        let took = self.clock.instant().duration_since(started);
        let file = file.to_owned();
        let written = tokio::task::spawn_blocking(move || write_whole(&file, &bytes)).await;
        match written {
            Ok(Ok(())) => {
                self.saved.send_replace(revision);
            }
            Ok(Err(error)) => tracing::error!(%error, "the sandbox cannot save its network"),
            Err(error) => tracing::error!(%error, "the sandbox could not finish saving"),
        }
        took
    }

    /// Cuts all pages; for the end.
    pub(super) fn cut_all(&self) {
        self.inner.lock().sockets.clear();
    }
}

impl Inner {
    fn carry_out(&mut self) {
        loop {
            let effects = self.network.take_effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Push(socket, frame) => self.push(socket, &frame.to_string()),
                    Effect::Close(socket) => {
                        self.sockets.remove(&socket);
                    }
                }
            }
        }
    }

    fn push(&mut self, socket: SocketId, frame: &str) {
        let Some(sender) = self.sockets.get(&socket) else {
            return;
        };
        if sender.try_send(frame.to_owned()).is_err() {
            tracing::warn!(socket, "a sandbox page does not read, cutting it");
            self.sockets.remove(&socket);
            self.network.closed(self.now, socket);
        }
    }
}
