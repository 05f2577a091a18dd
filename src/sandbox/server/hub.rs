//! Where the pure network meets the world: brings it the time, hands its effects to the scribe, keeps it.
//!
//! Invariants: effects go out in the order in which the network had them; nobody ever waits under the network's lock, and
//! nothing that grows with what the network holds is done under it; nobody hears of an input before it is written down.

use std::collections::HashMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use zaptor_actors::domain::clock::Clock;

use super::SandboxError;
use super::cuts::Cuts;
use super::journal::{Journal, LogNumber, image};
use super::media::MediaStore;
use super::scribe::{Desk, Job, Kept, Turn};
use crate::sandbox::network::{Input, Millis, Network, Rules, SocketId, inputs};

/// What is written reaches the disk itself within this time; a killed process needs none of it.
const SYNC_AFTER: Duration = Duration::from_millis(400);

/// A log of this many bytes is folded into the image: some 60,000 messages, or a second of the next start.
const FOLD_AT: u64 = 16 * 1024 * 1024;

/// The network with its clock and its sockets, shared by all connections.
pub(super) struct Hub {
    inner: Mutex<Inner>,
    desk: Arc<Desk>,
    journal: Journal,
    media: MediaStore,
    fetches: Mutex<HashMap<String, u64>>,
    clock: Clock,
    wake: Notify,
    revision: watch::Sender<u64>,
    stop: CancellationToken,
    scribe: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    network: Network,
    /// The network's time never goes back, whatever the machine's clock does.
    now: Millis,
    /// Inputs so far.
    inputs: u64,
    /// When the ticker will look next.
    planned: Option<Millis>,
    /// The log that is being written.
    log: LogNumber,
}

impl Hub {
    /// The hub of the network that was left in `folder`, or of an empty one, started under these rules. Spawn
    /// [`Hub::tick`] and [`Hub::keep`] beside it.
    pub(super) fn open(
        folder: &Path,
        rules: Rules,
        clock: Clock,
        stop: CancellationToken,
    ) -> Result<Arc<Hub>, SandboxError> {
        let journal = Journal::in_folder(folder);
        let found = journal.recover(LogNumber::MAX)?;
        let log = found.next_log;
        // Every run begins with a whole image: a new version of the network need not understand old inputs for long.
        journal.put_image(&image(&found.network, found.now, log), log)?;
        let media = MediaStore::open(folder.join("media"), &found.network.media().hashes())?;
        let desk = Desk::new(journal.begin_log(log)?, clock.clone());
        let inner = Inner {
            network: found.network,
            now: found.now,
            inputs: 0,
            planned: None,
            log,
        };
        let hub = Arc::new(Hub {
            inner: Mutex::new(inner),
            desk,
            journal,
            media,
            fetches: Mutex::default(),
            clock,
            wake: Notify::new(),
            revision: watch::Sender::new(0),
            stop,
            scribe: Mutex::new(None),
        });
        let cut = Arc::downgrade(&hub);
        let scribe = hub.desk.open(move |socket| {
            if let Some(hub) = Weak::upgrade(&cut) {
                hub.put(&inputs::Closed { socket });
            }
        });
        *hub.scribe.lock() = Some(scribe.map_err(|source| SandboxError::DataDir {
            path: folder.to_owned(),
            source,
        })?);
        hub.act(inputs::Boot { rules });
        Ok(hub)
    }

    /// Gives the network one input. What follows from it goes out once it is written down; the answer is given at once.
    pub(super) fn act<I: Input>(&self, input: I) -> I::Answer {
        self.desk.wait_for_room();
        self.put(&input)
    }

    fn put<I: Input>(&self, input: &I) -> I::Answer {
        let written = input.written();
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        inner.now = inner.now.max(self.clock.now().millis());
        let vital_before = inner.network.vital_revision();
        let answer = input.apply(&mut inner.network, inner.now);
        inner.inputs += 1;
        self.desk.put(Job::Keep(Kept {
            at: inner.now,
            input: written,
            effects: inner.network.take_effects(),
            vital: inner.network.vital_revision() > vital_before,
        }));
        let due = inner.network.next_due();
        let sooner = due.is_some_and(|due| inner.planned.is_none_or(|planned| due < planned));
        let revision = inner.network.revision();
        drop(guard);
        if sooner {
            self.wake.notify_one();
        }
        self.revision
            .send_if_modified(|known| std::mem::replace(known, revision) != revision);
        answer
    }

    /// A page has asked for this file.
    pub(super) fn count_fetch(&self, media: &str) {
        *self.fetches.lock().entry(media.to_owned()).or_default() += 1;
    }

    /// How often pages have asked for this file since the start.
    pub(super) fn fetches(&self, media: &str) -> u64 {
        self.fetches.lock().get(media).copied().unwrap_or_default()
    }

    /// Looks at the network without changing it.
    pub(super) fn look<T>(&self, view: impl FnOnce(&Network) -> T) -> T {
        view(&self.inner.lock().network)
    }

    /// As [`Hub::look`], for a view that depends on what time it is.
    pub(super) fn look_now<T>(&self, view: impl FnOnce(&Network, Millis) -> T) -> T {
        let inner = self.inner.lock();
        view(&inner.network, inner.now.max(self.clock.now().millis()))
    }

    /// A page connected from `peer`: its name, and what it has to be told. The stream of frames ends when the page is
    /// cut.
    pub(super) fn connect(&self, peer: Option<SocketAddr>) -> (SocketId, mpsc::Receiver<String>) {
        let socket = self.act(inputs::Open {});
        (socket, self.desk.seat(socket, peer))
    }

    /// A page sent a frame.
    pub(super) fn frame(&self, socket: SocketId, text: &str) {
        if let Some(text) = self.desk.cuts().hold_said(socket, text.to_owned()) {
            self.act(inputs::Frame { socket, text });
        }
    }

    /// Lines that are cut.
    pub(super) fn cuts(&self) -> &Cuts {
        self.desk.cuts()
    }

    /// Gives browsers their network back in time, until the sandbox stops.
    pub(super) async fn mend_lines(self: Arc<Hub>) {
        let say = |socket, text: &str| {
            let text = text.to_owned();
            self.act(inputs::Frame { socket, text });
        };
        let tell = |socket, frame| {
            if !self.desk.hand(socket, frame) {
                self.disconnect(socket);
            }
        };
        tokio::select! {
            () = self.desk.cuts().mend(say, tell) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// A page's connection ended.
    pub(super) fn disconnect(&self, socket: SocketId) {
        self.desk.unseat(socket);
        self.act(inputs::Closed { socket });
    }

    /// Changes to watch, and the end of the sandbox.
    pub(super) fn watch(&self) -> (watch::Receiver<u64>, CancellationToken) {
        (self.revision.subscribe(), self.stop.clone())
    }

    /// Where the bytes of its media lie.
    pub(super) fn media(&self) -> &MediaStore {
        &self.media
    }

    /// The clock of this sandbox.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Waits until everything that happened so far would survive a power cut, at most for two seconds: then the answer
    /// to whoever waits is due all the same, and the scribe has logged why.
    pub(super) async fn until_saved(&self) {
        self.until(self.desk.saved()).await;
    }

    /// Waits until what followed from everything so far has gone out, as long as [`Hub::until_saved`] does at most: whoever
    /// has ordered a fault finds it in force.
    pub(super) async fn until_carried_out(&self) {
        self.until(self.desk.carried_out()).await;
    }

    async fn until(&self, mut count: watch::Receiver<u64>) {
        let wanted = self.inner.lock().inputs;
        let arrived = count.wait_for(|count| *count >= wanted);
        tokio::select! {
            _ = arrived => {}
            () = self.clock.sleep(Duration::from_secs(2)) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Lets the network's own time pass until the sandbox stops.
    pub(super) async fn tick(self: Arc<Hub>) {
        loop {
            let rest = self.until_due();
            // Nothing is written down for a moment in which nothing happens.
            if rest.is_some_and(|rest| rest.is_zero()) {
                self.act(inputs::Advance {});
                continue;
            }
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

    /// How long it is until something is due; [`Hub::put`] wakes the ticker when something is due sooner.
    fn until_due(&self) -> Option<Duration> {
        let mut inner = self.inner.lock();
        let now = inner.now.max(self.clock.now().millis());
        inner.planned = inner.network.next_due();
        let rest = inner.planned? - now;
        Some(Duration::from_millis(u64::try_from(rest).unwrap_or(0)))
    }

    /// Brings the log to the disk, and folds it into the image when it has grown, until the sandbox stops.
    pub(super) async fn keep(self: Arc<Hub>) {
        let mut changes = self.revision.subscribe();
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.stop.cancelled() => return,
            }
            tokio::select! {
                () = self.clock.sleep(SYNC_AFTER) => {}
                () = self.stop.cancelled() => return,
            }
            changes.mark_unchanged();
            let hub = Arc::clone(&self);
            // A task that panicked has said so itself, and the log is whole without it.
            let _ = tokio::task::spawn_blocking(move || hub.tidy_up()).await;
        }
    }

    fn tidy_up(&self) {
        let outcome = if self.desk.is_broken() {
            self.mend()
        } else if self.desk.log_bytes() >= FOLD_AT {
            self.fold()
        } else {
            self.desk.sync();
            Ok(())
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "the sandbox cannot save its network");
        }
    }

    /// Makes a new image from what is on disk: the running network goes on meanwhile, in a new log.
    fn fold(&self) -> Result<(), SandboxError> {
        let next = self.inner.lock().log + 1;
        let log = self.journal.begin_log(next)?;
        self.turn_to(&mut self.inner.lock(), next, log, false);
        // The scribe comes to it in order; until then the old log is not complete.
        if !self.desk.until_turned(next) {
            return Ok(());
        }
        let found = self.journal.recover(next)?;
        self.journal
            .put_image(&image(&found.network, found.now, next), next)
    }

    /// Makes a new image of the running network, because the log has a hole and cannot give it. This once the network
    /// waits for the disk: an image that does not meet its log would be worse.
    fn mend(&self) -> Result<(), SandboxError> {
        let mut inner = self.inner.lock();
        let next = inner.log + 1;
        self.journal
            .put_image(&image(&inner.network, inner.now, next), next)?;
        let log = self.journal.begin_log(next)?;
        self.turn_to(&mut inner, next, log, true);
        tracing::info!("the sandbox's memory is whole again");
        Ok(())
    }

    /// From the next input on everything goes to another log.
    fn turn_to(&self, inner: &mut Inner, number: LogNumber, log: File, heals: bool) {
        inner.log = number;
        self.desk.put(Job::TurnTo(Turn { number, log, heals }));
    }

    /// Cuts all pages; for the end.
    pub(super) fn cut_all(&self) {
        self.desk.unseat_all();
    }

    /// The end: writes what still waits, and a last image. Nothing may come in any more.
    pub(super) fn close(&self) {
        self.desk.close();
        if let Some(scribe) = self.scribe.lock().take() {
            // A scribe that panicked has said so itself; what it wrote stays.
            let _ = scribe.join();
        }
        let inner = self.inner.lock();
        let next = inner.log + 1;
        let bytes = image(&inner.network, inner.now, next);
        if let Err(error) = self.journal.put_image(&bytes, next) {
            tracing::error!(%error, "the sandbox cannot save its network");
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // A sandbox that nobody stopped leaves its log; the thread ends with it.
        self.desk.close();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use std::fs::OpenOptions;

    use serde_json::{Value, json};

    use super::*;
    use crate::sandbox::network::Number;

    fn hub(folder: &Path) -> Arc<Hub> {
        let rules = Rules {
            seed: 1,
            sync_ms: 0,
            ref_ms: 100,
        };
        Hub::open(folder, rules, Clock::system(), CancellationToken::new()).unwrap()
    }

    fn new_phone(hub: &Hub, digits: &str) {
        let phone = Number::parse(digits).unwrap();
        hub.act(inputs::CreatePhone { phone, name: None }).unwrap();
    }

    /// What a process that is killed now would find again, once the scribe has written what it was given.
    fn on_disk(hub: &Hub, folder: &Path) -> Value {
        let (socket, mut frames) = hub.connect(None);
        hub.frame(socket, r#"{"t":"hello","v":"2.3000.1"}"#);
        assert!(frames.blocking_recv().unwrap().contains("welcome"));
        json!(
            Journal::in_folder(folder)
                .recover(LogNumber::MAX)
                .unwrap()
                .network
        )
    }

    fn alive(hub: &Hub) -> Value {
        hub.look(|network| json!(network))
    }

    #[test]
    fn what_is_folded_into_the_image_is_what_the_network_holds() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(folder.path());
        for round in 0..3 {
            new_phone(&hub, &format!("551190000000{round}"));
            hub.fold().unwrap();
            new_phone(&hub, &format!("551190000001{round}"));
            assert_eq!(on_disk(&hub, folder.path()), alive(&hub));
        }
        let entries = std::fs::read_dir(folder.path()).unwrap().flatten();
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        assert_eq!(files.count(), 2, "one image and one log");
    }

    #[test]
    fn a_disk_that_fails_stops_nobody_and_is_made_good() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(folder.path());
        new_phone(&hub, "5511900000001");
        let before = on_disk(&hub, folder.path());
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        hub.turn_to(&mut hub.inner.lock(), 1, full, false);
        new_phone(&hub, "5511900000002");
        assert_eq!(
            on_disk(&hub, folder.path()),
            before,
            "pages are told, nothing is kept"
        );
        assert!(hub.desk.is_broken());
        hub.tidy_up();
        new_phone(&hub, "5511900000003");
        assert_eq!(on_disk(&hub, folder.path()), alive(&hub));
        assert!(!hub.desk.is_broken());
    }

    #[test]
    fn a_page_that_does_not_read_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let hub = hub(folder.path());
        let (socket, mut frames) = hub.connect(None);
        // Requests without an end, whose answers nobody takes.
        for _ in 0..4_000 {
            hub.frame(socket, r#"{"t":"refs"}"#);
        }
        let mut heard = 0;
        while frames.blocking_recv().is_some() {
            heard += 1;
        }
        assert!((1..4_000).contains(&heard), "{heard}");
    }
}
