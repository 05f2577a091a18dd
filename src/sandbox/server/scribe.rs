//! The thread that writes down what happened, and only then lets anybody hear of it.
//!
//! The network puts each input with its effects into a queue, under its own lock and so in order. Here they are taken as
//! many as wait, written with one call, and then the effects go out to the pages. The network never waits for a disk, and
//! no page ever hears of something that a killed process would not remember.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{mpsc, watch};

use super::cuts::Cuts;
use super::journal::{self, LogNumber};
use super::renderer;
use crate::sandbox::network::{Effect, Millis, SocketId};
use zaptor_actors::domain::clock::Clock;

/// Frames that may wait for one page: twice as many receipts as a message to the largest group has at one moment. A page
/// that is further behind is cut and may come again.
const WAITING_FRAMES: usize = 2_048;

/// Inputs that may wait to be written. Beyond it whoever brings more waits: the disk has stalled, and without it nothing
/// may be told.
const WAITING_INPUTS: usize = 50_000;

/// One thing to do, in order.
pub(super) enum Job {
    /// Write an input down, then carry out what follows from it.
    Keep(Kept),
    /// Go on in another log.
    TurnTo(Turn),
}

/// From here on another log holds what happens.
pub(super) struct Turn {
    pub(super) number: LogNumber,
    pub(super) log: File,
    /// The image beneath it holds all that the log before has missed.
    pub(super) heals: bool,
}

/// An input that has happened.
pub(super) struct Kept {
    pub(super) at: Millis,
    /// Its written form.
    pub(super) input: String,
    pub(super) effects: Vec<Effect>,
    /// Must survive a power cut, too, before anybody hears of it.
    pub(super) vital: bool,
}

/// What the scribe shares with the network's side.
pub(super) struct Desk {
    queue: Mutex<Queue>,
    filled: Condvar,
    room: Condvar,
    turned: Condvar,
    pages: Mutex<HashMap<SocketId, Page>>,
    cuts: Cuts,
    log: Mutex<Arc<File>>,
    log_bytes: AtomicU64,
    /// The log has a hole since a write failed: only a new image can heal it.
    broken: AtomicBool,
    /// Inputs written so far.
    written: AtomicU64,
    /// Inputs that a power cut cannot take any more.
    saved: watch::Sender<u64>,
    /// Inputs whose effects have gone out.
    carried_out: watch::Sender<u64>,
}

/// A page that is connected.
struct Page {
    frames: mpsc::Sender<String>,
    /// The other end of its connection.
    peer: Option<SocketAddr>,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    closed: bool,
    /// The last log that was turned to.
    log: LogNumber,
}

impl Desk {
    /// A desk whose inputs go to `log`.
    pub(super) fn new(log: File, clock: Clock) -> Arc<Desk> {
        Arc::new(Desk {
            queue: Mutex::default(),
            filled: Condvar::new(),
            room: Condvar::new(),
            turned: Condvar::new(),
            pages: Mutex::default(),
            cuts: Cuts::new(clock),
            log: Mutex::new(Arc::new(log)),
            log_bytes: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            written: AtomicU64::new(0),
            saved: watch::Sender::new(0),
            carried_out: watch::Sender::new(0),
        })
    }

    /// Starts the thread. `cut` is told of each page that does not read.
    pub(super) fn open(
        self: &Arc<Desk>,
        cut: impl Fn(SocketId) + Send + 'static,
    ) -> std::io::Result<JoinHandle<()>> {
        let desk = Arc::clone(self);
        std::thread::Builder::new()
            .name("sandbox-scribe".to_owned())
            .spawn(move || desk.work(&cut))
    }

    /// Waits until there is room for more.
    pub(super) fn wait_for_room(&self) {
        let mut queue = self.queue.lock();
        while queue.jobs.len() >= WAITING_INPUTS && !queue.closed {
            self.room.wait(&mut queue);
        }
    }

    /// Adds a job; never waits.
    pub(super) fn put(&self, job: Job) {
        self.queue.lock().jobs.push(job);
        self.filled.notify_one();
    }

    /// Waits until the log before this one is complete. Answers whether it is: a desk that closes turns to nothing.
    pub(super) fn until_turned(&self, number: LogNumber) -> bool {
        let mut queue = self.queue.lock();
        while queue.log < number && !queue.closed {
            self.turned.wait(&mut queue);
        }
        queue.log >= number
    }

    /// No more jobs come: the thread ends when it has done those that wait.
    pub(super) fn close(&self) {
        self.queue.lock().closed = true;
        self.filled.notify_one();
        self.room.notify_all();
        self.turned.notify_all();
    }

    /// A page that may be told something from now on. The stream of frames ends when the page is cut.
    pub(super) fn seat(&self, socket: SocketId, peer: Option<SocketAddr>) -> mpsc::Receiver<String> {
        let (frames, receiver) = mpsc::channel(WAITING_FRAMES);
        self.pages.lock().insert(socket, Page { frames, peer });
        receiver
    }

    /// This page hears nothing more.
    pub(super) fn unseat(&self, socket: SocketId) {
        self.pages.lock().remove(&socket);
        self.cuts.forget(socket);
    }

    /// Lines that are cut.
    pub(super) fn cuts(&self) -> &Cuts {
        &self.cuts
    }

    /// Hands a page a frame that was held up. Answers whether there was room for it.
    pub(super) fn hand(&self, socket: SocketId, frame: String) -> bool {
        let page = self.pages.lock();
        page.get(&socket)
            .is_none_or(|page| page.frames.try_send(frame).is_ok())
    }

    /// No page hears anything more.
    pub(super) fn unseat_all(&self) {
        self.pages.lock().clear();
    }

    /// Bytes of the present log.
    pub(super) fn log_bytes(&self) -> u64 {
        self.log_bytes.load(Ordering::Relaxed)
    }

    /// Whether the log has a hole.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Inputs that a power cut cannot take any more.
    pub(super) fn saved(&self) -> watch::Receiver<u64> {
        self.saved.subscribe()
    }

    /// Inputs whose effects have gone out: pages were told, lines are cut, renderers ended.
    pub(super) fn carried_out(&self) -> watch::Receiver<u64> {
        self.carried_out.subscribe()
    }

    /// Brings what is written to the disk itself. May take long; nobody waits for it here.
    pub(super) fn sync(&self) {
        let written = self.written.load(Ordering::Acquire);
        if written == *self.saved.borrow() || self.is_broken() {
            return;
        }
        let log = Arc::clone(&self.log.lock());
        self.synced(log.sync_data(), written);
    }

    fn synced(&self, outcome: std::io::Result<()>, written: u64) {
        match outcome {
            Ok(()) => {
                self.saved.send_if_modified(|saved| {
                    let further = written > *saved;
                    *saved = written.max(*saved);
                    further
                });
            }
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&self, error: &std::io::Error) {
        if !self.broken.swap(true, Ordering::AcqRel) {
            tracing::error!(%error, "the sandbox cannot write its log: what happens now may be forgotten");
        }
    }

    fn work(&self, cut: &impl Fn(SocketId)) {
        let mut bytes = Vec::new();
        while let Some(jobs) = self.take() {
            let mut told = Vec::new();
            for job in jobs {
                match job {
                    Job::Keep(kept) => {
                        journal::append(&mut bytes, kept.at, &kept.input);
                        told.push(kept);
                    }
                    Job::TurnTo(turn) => {
                        self.write(&mut bytes, &mut told, cut);
                        self.turn_to(turn);
                    }
                }
            }
            self.write(&mut bytes, &mut told, cut);
        }
    }

    fn take(&self) -> Option<Vec<Job>> {
        let mut queue = self.queue.lock();
        while queue.jobs.is_empty() {
            if queue.closed {
                return None;
            }
            self.filled.wait(&mut queue);
        }
        self.room.notify_all();
        Some(std::mem::take(&mut queue.jobs))
    }

    /// Writes `bytes`, then carries out the effects of the inputs that they hold. Leaves both empty.
    fn write(&self, bytes: &mut Vec<u8>, told: &mut Vec<Kept>, cut: &impl Fn(SocketId)) {
        let count = u64::try_from(told.len()).unwrap_or(u64::MAX);
        let vital = told.iter().any(|kept| kept.vital);
        if !self.is_broken() && !bytes.is_empty() {
            let log = Arc::clone(&self.log.lock());
            match (&*log).write_all(bytes) {
                Ok(()) => {
                    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    self.log_bytes.fetch_add(length, Ordering::Relaxed);
                }
                Err(error) => self.fail(&error),
            }
        }
        let written = self.written.fetch_add(count, Ordering::AcqRel) + count;
        if vital && !self.is_broken() {
            let log = Arc::clone(&self.log.lock());
            self.synced(log.sync_data(), written);
        }
        bytes.clear();
        for effect in told.drain(..).flat_map(|kept| kept.effects) {
            match effect {
                Effect::Push(socket, frame) => self.push(socket, frame.to_string(), cut),
                Effect::Close(socket) => self.unseat(socket),
                Effect::Crash(socket) => self.crash(socket),
                Effect::Cut(socket, for_ms) => {
                    let peer = self.pages.lock().get(&socket).and_then(|page| page.peer);
                    self.cuts.begin(socket, peer, for_ms);
                }
            }
        }
        self.carried_out.send_replace(written);
    }

    fn turn_to(&self, turn: Turn) {
        let before = std::mem::replace(&mut *self.log.lock(), Arc::new(turn.log));
        self.log_bytes.store(0, Ordering::Relaxed);
        if turn.heals {
            self.broken.store(false, Ordering::Release);
        } else if !self.is_broken() {
            let written = self.written.load(Ordering::Acquire);
            self.synced(before.sync_data(), written);
        }
        self.queue.lock().log = turn.number;
        self.turned.notify_all();
    }

    fn crash(&self, socket: SocketId) {
        let peer = self.pages.lock().get(&socket).and_then(|page| page.peer);
        let ended = peer.map_or(0, renderer::end_behind);
        tracing::info!(socket, ended, "ended the renderers behind a sandbox page");
    }

    fn push(&self, socket: SocketId, frame: String, cut: &impl Fn(SocketId)) {
        let Some(frame) = self.cuts.hold_told(socket, frame) else {
            return;
        };
        if !self.hand(socket, frame) {
            tracing::warn!(socket, "a sandbox page does not read, cutting it");
            self.unseat(socket);
            cut(socket);
        }
    }
}
