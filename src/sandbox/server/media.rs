//! Where the bytes of pictures, videos, voices and files lie: one file for each content, named by its hash.
//!
//! Invariants: a file is whole or absent; a file is there before the network knows of it, and goes only after the network
//! has forgotten it and that is on disk; what a killed process left half done is gone after the next start.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use super::SandboxError;
use super::hub::Hub;
use super::thumbnail::{self, Look};
use crate::sandbox::network::{MediaDraft, MediaEntry, MediaHash, MediaKind, inputs};

/// What all media of a sandbox may take on disk, in bytes.
const STORE_LIMIT: u64 = 1024 * 1024 * 1024;

/// Uploads at a time; the others wait for their turn.
const UPLOADS: usize = 64;

/// Pictures that are looked at at a time: each may take [`thumbnail::MEMORY_LIMIT`].
const LOOKS: usize = 2;

/// An upload of which nothing comes for this long has ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is too large is still taken from the wire up to this many bytes, so that its sender hears why it is refused.
const HEARD_OUT: u64 = 256 * 1024 * 1024;

/// Bytes read from a file at a time.
const PIECE: usize = 64 * 1024;

/// Files that are not whole yet are called that, and a number.
const UNFINISHED: &str = "upload.";

/// Why media is not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum MediaError {
    /// More bytes than this kind may have.
    #[error("larger than {limit} bytes")]
    TooLarge { limit: u64 },
    /// Nothing came.
    #[error("there is nothing in it")]
    Empty,
    /// The sender stopped in the middle.
    #[error("the upload ended before it was whole")]
    Broken,
    /// The disk refuses.
    #[error("it cannot be stored: {0}")]
    Disk(#[from] io::Error),
}

/// The folder of media.
pub(super) struct MediaStore {
    folder: PathBuf,
    /// What it may take on disk, in bytes.
    limit: AtomicU64,
    uploads: AtomicU64,
    turns: Semaphore,
    looks: Arc<Semaphore>,
    /// Held while a file comes in or goes, so that none goes that has just become known.
    moving: Mutex<()>,
}

/// A file that is whole and has no name yet; dropped without one, it is removed.
struct Unfinished {
    path: PathBuf,
    hash: MediaHash,
    size: u64,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Moved to its place, or never begun: both are fine.
        let _ = fs::remove_file(&self.path);
    }
}

impl MediaStore {
    /// The store in `folder`, rid of what `known` does not name.
    pub(super) fn open(folder: PathBuf, known: &BTreeSet<MediaHash>) -> Result<MediaStore, SandboxError> {
        let failed = |source| SandboxError::DataDir {
            path: folder.clone(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(failed)?;
        for entry in fs::read_dir(&folder).map_err(failed)?.flatten() {
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            let stray = MediaHash::from_hex(name).is_some_and(|hash| !known.contains(&hash));
            // Whatever else lies there is not ours to remove.
            if stray || name.starts_with(UNFINISHED) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(MediaStore {
            folder,
            limit: AtomicU64::new(STORE_LIMIT),
            uploads: AtomicU64::new(0),
            turns: Semaphore::new(UPLOADS),
            looks: Arc::new(Semaphore::new(LOOKS)),
            moving: Mutex::new(()),
        })
    }

    fn path_of(&self, hash: &MediaHash) -> PathBuf {
        self.folder.join(hash.hex())
    }

    /// The file of some content, open for reading.
    pub(super) async fn read(&self, hash: &MediaHash) -> io::Result<tokio::fs::File> {
        tokio::fs::File::open(self.path_of(hash)).await
    }

    /// A part of some content, open for reading.
    pub(super) async fn read_part(&self, hash: &MediaHash, part: Range<u64>) -> io::Result<Part> {
        let mut file = self.read(hash).await?;
        file.seek(io::SeekFrom::Start(part.start)).await?;
        Ok(file.take(part.end - part.start))
    }

    fn begin(&self) -> PathBuf {
        let number = self.uploads.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("{UNFINISHED}{number}"))
    }
}

impl Hub {
    /// Takes in what somebody uploads, piece by piece: never more than a piece of it is in memory. `announced` is how
    /// large its sender says that it is. Answers once the network knows it and that would survive a power cut.
    pub(super) async fn upload<E>(
        &self,
        kind: Option<MediaKind>,
        mimetype: &str,
        announced: Option<u64>,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<MediaEntry, MediaError> {
        // Closed is what nobody does to it.
        let _turn = self
            .media()
            .turns
            .acquire()
            .await
            .map_err(|_| MediaError::Broken)?;
        let limit = kind.unwrap_or(MediaKind::Document).rule().limit;
        // Of what will be too large nothing is kept.
        let kept = if announced.is_some_and(|size| size > limit) {
            0
        } else {
            limit
        };
        let path = self.media().begin();
        let unfinished = self.receive(path, kept, body).await?;
        if unfinished.size > limit {
            return Err(MediaError::TooLarge { limit });
        }
        self.keep_media(unfinished, kind, mimetype).await
    }

    /// Stores media that is in memory already. Without a kind it gets that of its type.
    pub(super) async fn put_media(
        &self,
        kind: Option<MediaKind>,
        mimetype: &str,
        bytes: Bytes,
    ) -> Result<MediaEntry, MediaError> {
        let whole = futures::stream::iter([Ok::<Bytes, io::Error>(bytes)]);
        self.upload(kind, mimetype, None, whole).await
    }

    /// The media of this id, if the network knows it.
    pub(super) fn find_media(&self, id: &str) -> Option<MediaEntry> {
        self.look(|network| network.media().get(id).cloned())
    }

    /// What a picture looks like: its size and a thumbnail. `None` if it is no picture, or one that nobody should open.
    pub(super) async fn look_at(&self, entry: &MediaEntry) -> Option<Look> {
        let turn = Arc::clone(&self.media().looks).acquire_owned().await.ok()?;
        let path = self.media().path_of(&entry.what.hash);
        let look = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            thumbnail::look(&path)
        });
        // Whatever a decoder does with strange bytes must not reach further than this picture.
        look.await.ok().flatten()
    }

    /// Takes in a body and writes down up to `kept` bytes of it.
    async fn receive<E>(
        &self,
        path: PathBuf,
        kept: u64,
        mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Unfinished, MediaError> {
        let mut unfinished = Unfinished {
            path,
            hash: MediaHash([0; 32]),
            size: 0,
        };
        let mut file = open_new(&unfinished.path).await?;
        let mut hash = Sha256::new();
        loop {
            let piece = tokio::select! {
                piece = body.next() => piece,
                () = self.clock().sleep(PATIENCE) => return Err(MediaError::Broken),
            };
            let Some(piece) = piece else { break };
            let piece = piece.map_err(|_| MediaError::Broken)?;
            unfinished.size += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            if unfinished.size > HEARD_OUT {
                break;
            }
            if unfinished.size <= kept {
                hash.update(&piece);
                file.write_all(&piece).await?;
            }
        }
        if unfinished.size == 0 {
            return Err(MediaError::Empty);
        }
        file.flush().await?;
        file.sync_data().await?;
        unfinished.hash = MediaHash(hash.finalize().into());
        Ok(unfinished)
    }

    async fn keep_media(
        &self,
        unfinished: Unfinished,
        kind: Option<MediaKind>,
        mimetype: &str,
    ) -> Result<MediaEntry, MediaError> {
        let draft = MediaDraft {
            hash: unfinished.hash,
            kind: kind.unwrap_or_else(|| MediaKind::of(mimetype, unfinished.size)),
            mimetype: mimetype.to_owned(),
            size: unfinished.size,
        };
        let limit = self.media().limit.load(Ordering::Relaxed);
        let put = {
            let _moving = self.media().moving.lock();
            fs::rename(&unfinished.path, self.media().path_of(&draft.hash))?;
            self.act(inputs::PutMedia { draft, limit })
        };
        // Its id is told only once it is kept, and what made room for it goes only then.
        self.until_saved().await;
        for hash in put.dropped {
            self.drop_media(&hash);
        }
        Ok(put.entry)
    }

    /// Removes bytes that nothing leads to, unless they have been stored anew meanwhile.
    fn drop_media(&self, hash: &MediaHash) {
        let _moving = self.media().moving.lock();
        if self.look(|network| network.media().leads_to(hash)) {
            return;
        }
        if let Err(error) = fs::remove_file(self.media().path_of(hash))
            && error.kind() != ErrorKind::NotFound
        {
            // The next start tries again.
            tracing::warn!(%error, "the sandbox cannot remove old media");
        }
    }
}

async fn open_new(path: &Path) -> io::Result<tokio::fs::File> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).await
}

/// A part of a file.
pub(super) type Part = tokio::io::Take<tokio::fs::File>;

/// Its content, piece by piece.
pub(super) fn pieces(file: Part) -> impl Stream<Item = io::Result<Bytes>> {
    futures::stream::try_unfold(file, |mut file| async move {
        let mut piece = bytes::BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        Ok((read > 0).then(|| (piece.freeze(), file)))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use std::convert::Infallible;

    use tokio_util::sync::CancellationToken;
    use zaptor_actors::domain::clock::{Clock, Timestamp};

    use super::*;
    use crate::sandbox::network::Rules;

    fn hub_on(folder: &Path, clock: Clock) -> Arc<Hub> {
        let rules = Rules {
            seed: 1,
            sync_ms: 0,
            ref_ms: 100,
        };
        Hub::open(folder, rules, clock, CancellationToken::new()).unwrap()
    }

    /// A hub whose journal is kept by a task of its own, as in a sandbox.
    fn hub(folder: &Path) -> Arc<Hub> {
        let hub = hub_on(folder, Clock::system());
        actix_rt::spawn(Arc::clone(&hub).keep());
        hub
    }

    fn run(test: impl Future<Output = ()>) {
        actix_rt::System::new().block_on(test);
    }

    async fn content(hub: &Hub, entry: &MediaEntry) -> Vec<u8> {
        let file = hub
            .media()
            .read_part(&entry.what.hash, 0..u64::MAX)
            .await
            .unwrap();
        let pieces: Vec<Bytes> = pieces(file).map(Result::unwrap).collect().await;
        pieces.concat()
    }

    fn files(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder.join("media")).unwrap().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_comes_in_pieces_is_whole_and_found_again() {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let hub = hub(folder.path());
            let pieces =
                [b"one".as_slice(), b"", b" two"].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
            let body = futures::stream::iter(pieces);
            let entry = hub
                .upload(Some(MediaKind::Document), "text/plain", None, body)
                .await
                .unwrap();
            assert_eq!((entry.what.size, entry.id.len()), (7, 32));
            assert_eq!(content(&hub, &entry).await, b"one two");
            assert_eq!(hub.find_media(&entry.id), Some(entry.clone()));
            let again = hub
                .put_media(Some(MediaKind::Document), "text/plain", Bytes::from("one two"))
                .await
                .unwrap();
            assert_eq!(again.id, entry.id);
            assert_eq!(files(folder.path()), [entry.what.hash.hex()]);
        });
    }

    #[test]
    fn bad_uploads_leave_nothing_behind() {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let hub = hub(folder.path());
            let large = Bytes::from(vec![7; 1024 * 1024 + 1]);
            let sticker = Some(MediaKind::Sticker);
            assert!(matches!(
                hub.put_media(sticker, "image/webp", large).await,
                Err(MediaError::TooLarge { limit: 1_048_576 })
            ));
            assert!(matches!(
                hub.put_media(sticker, "image/webp", Bytes::new()).await,
                Err(MediaError::Empty)
            ));
            let torn = futures::stream::iter([Ok(Bytes::from("x")), Err(())]);
            assert!(matches!(
                hub.upload(sticker, "image/webp", None, torn).await,
                Err(MediaError::Broken)
            ));
            assert_eq!(files(folder.path()), [""; 0]);
        });
    }

    #[test]
    fn an_upload_that_stalls_is_given_up() {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let clock = Clock::manual(Timestamp::from_millis(1_800_000_000_000));
            let hub = hub_on(folder.path(), clock.clone());
            let stalls = futures::stream::pending::<Result<Bytes, ()>>();
            let upload = hub.upload(None, "image/png", None, stalls);
            let leap = async {
                loop {
                    clock.leap(PATIENCE);
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                outcome = upload => assert!(matches!(outcome, Err(MediaError::Broken))),
                () = leap => {}
            }
            assert_eq!(files(folder.path()), [""; 0]);
        });
    }

    #[test]
    fn a_start_removes_what_was_left_half_done() {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let first = hub(folder.path());
            let entry = first
                .put_media(None, "text/plain", Bytes::from("kept"))
                .await
                .unwrap();
            let media = folder.path().join("media");
            fs::write(media.join("upload.3"), "half").unwrap();
            fs::write(media.join("0".repeat(64)), "nobody knows it").unwrap();
            fs::write(media.join("README"), "not ours").unwrap();
            drop(first);
            // A second one beside the first, as after a kill: nothing was closed.
            let again = hub_on(folder.path(), Clock::system());
            assert_eq!(content(&again, &entry).await, b"kept");
            let mut expected = vec!["README".to_owned(), entry.what.hash.hex()];
            expected.sort();
            assert_eq!(files(folder.path()), expected);
        });
    }

    #[test]
    fn a_full_store_lets_the_oldest_go() {
        run(async {
            let folder = tempfile::tempdir().unwrap();
            let hub = hub(folder.path());
            hub.media().limit.store(3 * 4096, Ordering::Relaxed);
            let mut kept = Vec::new();
            for content in ["a", "b", "c", "d"] {
                kept.push(
                    hub.put_media(None, "text/plain", Bytes::from(content))
                        .await
                        .unwrap(),
                );
            }
            assert_eq!(hub.find_media(&kept[0].id), None);
            assert_eq!(content(&hub, &kept[3]).await, b"d");
            let known = hub.look(|network| network.media().hashes());
            assert_eq!(files(folder.path()).len(), known.len());
        });
    }
}
