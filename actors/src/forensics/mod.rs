//! F2: forensics. What was tried and seen when an account was repaired, kept in files of the data folder: the newest few of
//! each account, for its owner alone.
//!
//! This room never redacts: whoever puts something here has made it free of codes, numbers, names and texts before. It
//! never keeps more than its bounds, and never fails a repair: a bundle that cannot be written is one that is missing.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::domain::{AccountId, BundleId, IdSource, Timestamp};

/// How many bundles of an account are kept.
pub const KEPT: usize = 10;
/// The largest bundle with its picture, in bytes.
pub const BYTES_MAX: usize = 1 << 20;
/// How many lines of a page's console a bundle holds.
pub const CONSOLE_LINES: usize = 100;
/// The largest record without its picture that is read back, in bytes.
const RECORD_MAX: u64 = 256 << 10;

/// What was tried and seen in one repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When the trouble was noticed.
    pub at: Timestamp,
    /// The word of what was wrong.
    pub trigger: String,
    /// What was wrong, for people.
    pub detail: String,
    /// What was tried, in order.
    pub stages: Vec<StageTried>,
    /// How it ended.
    pub ended: Ended,
    /// The account's last states before and in the repair, the oldest first.
    pub states: Vec<StateSeen>,
    /// The last lines of the page's console, redacted, the oldest first.
    pub console: Vec<String>,
    /// Why there is no picture of the page; nothing where there is one.
    #[serde(default)]
    pub no_picture: Option<String>,
}

/// One stage of a repair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTried {
    /// Its word.
    pub stage: String,
    /// When it began.
    pub began_at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// `helped` or `failed`; `begun` where the repair ended in its middle.
    pub outcome: String,
    /// Why it did not help, for people.
    pub detail: Option<String>,
}

/// How a repair ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// A round trip was proven again.
    Repaired,
    /// Every stage was tried; a person was asked.
    GaveUp,
    /// Something else ended it: a stop, a link that was ended, a new link.
    Overtaken,
}

/// A state that the account had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateSeen {
    /// When it was said.
    pub at: Timestamp,
    /// Its word.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
}

/// A bundle as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Which. Later ones are greater.
    pub id: BundleId,
    /// What was tried and seen.
    pub record: Record,
    /// Whether there is a picture of the page, taken with everything hidden that anybody wrote or could scan.
    pub has_screenshot: bool,
    /// What it takes on the disk, in bytes.
    pub bytes: u64,
}

/// Where bundles are kept. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Forensics {
    folder: Arc<Path>,
    ids: Arc<IdSource>,
}

impl Forensics {
    /// Bundles in `folder`, which is made when the first one is kept.
    pub fn new(folder: PathBuf, ids: Arc<IdSource>) -> Self {
        Self {
            folder: folder.into(),
            ids,
        }
    }

    fn folder_of(&self, account: AccountId) -> PathBuf {
        self.folder.join(account.to_string())
    }

    /// Keeps a bundle, and removes those that are too many. A picture that makes it too large is left out.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub async fn keep(
        &self,
        account: AccountId,
        record: Record,
        picture: Option<Vec<u8>>,
    ) -> io::Result<BundleId> {
        let (folder, id) = (self.folder_of(account), self.ids.next());
        in_the_background(move || keep(&folder, id, record, picture).map(|()| id)).await
    }

    /// The account's bundles, the newest first. What cannot be read is passed over.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn list(&self, account: AccountId) -> io::Result<Vec<Bundle>> {
        let folder = self.folder_of(account);
        in_the_background(move || {
            let ids = ids_in(&folder)?;
            Ok(ids.into_iter().filter_map(|id| read(&folder, id).ok()).collect())
        })
        .await
    }

    /// One bundle of the account; nothing when it has none of this id.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn find(&self, account: AccountId, id: BundleId) -> io::Result<Option<Bundle>> {
        let folder = self.folder_of(account);
        in_the_background(move || or_none(read(&folder, id))).await
    }

    /// Its picture, as PNG; nothing where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn picture(&self, account: AccountId, id: BundleId) -> io::Result<Option<Vec<u8>>> {
        let path = picture_path(&self.folder_of(account), id);
        in_the_background(move || or_none(fs::read(path))).await
    }

    /// Removes everything of an account.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn forget(&self, account: AccountId) -> io::Result<()> {
        let folder = self.folder_of(account);
        in_the_background(move || or_none(fs::remove_dir_all(folder)).map(drop)).await
    }
}

async fn in_the_background<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn or_none<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn record_path(folder: &Path, id: BundleId) -> PathBuf {
    folder.join(format!("{id}.json"))
}

fn picture_path(folder: &Path, id: BundleId) -> PathBuf {
    folder.join(format!("{id}.png"))
}

/// The ids of the folder, the newest first.
fn ids_in(folder: &Path) -> io::Result<Vec<BundleId>> {
    let Some(entries) = or_none(fs::read_dir(folder))? else {
        return Ok(Vec::new());
    };
    let mut ids: Vec<BundleId> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".json")?.parse().ok())
        .collect();
    ids.sort_unstable_by(|one, other| other.cmp(one));
    Ok(ids)
}

fn read(folder: &Path, id: BundleId) -> io::Result<Bundle> {
    let path = record_path(folder, id);
    let size = fs::metadata(&path)?.len();
    if size > RECORD_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let record = serde_json::from_slice(&fs::read(path)?)?;
    let picture = or_none(fs::metadata(picture_path(folder, id)))?;
    Ok(Bundle {
        id,
        record,
        has_screenshot: picture.is_some(),
        bytes: size + picture.map_or(0, |picture| picture.len()),
    })
}

fn keep(folder: &Path, id: BundleId, mut record: Record, picture: Option<Vec<u8>>) -> io::Result<()> {
    let surplus = record.console.len().saturating_sub(CONSOLE_LINES);
    record.console.drain(..surplus);
    let room = BYTES_MAX.saturating_sub(serde_json::to_vec(&record)?.len());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // The picture first: a record that is there is whole.
    match picture {
        Some(picture) if picture.len() <= room => write(&picture_path(folder, id), &picture)?,
        Some(picture) => {
            record.no_picture = Some(format!("it takes {} bytes, which is too much", picture.len()));
        }
        None => {}
    }
    write(&record_path(folder, id), &serde_json::to_vec(&record)?)?;
    for old in ids_in(folder)?.into_iter().skip(KEPT) {
        or_none(fs::remove_file(record_path(folder, old)))?;
        or_none(fs::remove_file(picture_path(folder, old)))?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::domain::Clock;

    fn record(trigger: &str) -> Record {
        Record {
            at: Timestamp::from_millis(1),
            trigger: trigger.to_owned(),
            detail: "no answer".to_owned(),
            stages: vec![StageTried {
                stage: "reload_page".to_owned(),
                began_at: Timestamp::from_millis(2),
                took_ms: 1_200,
                outcome: "helped".to_owned(),
                detail: None,
            }],
            ended: Ended::Repaired,
            states: Vec::new(),
            console: (0..150).map(|n| format!("line {n}")).collect(),
            no_picture: None,
        }
    }

    #[tokio::test]
    async fn the_newest_ten_are_kept_for_their_owner_alone_until_the_account_goes() {
        let home = tempfile::tempdir().unwrap();
        let ids = Arc::new(IdSource::random(Clock::system()));
        let forensics = Forensics::new(home.path().join("forensics"), Arc::clone(&ids));
        let (account, other): (AccountId, AccountId) = (ids.next(), ids.next());
        assert!(forensics.list(account).await.unwrap().is_empty());
        for n in 0..12 {
            let picture = (n % 2 == 0).then(|| vec![n; 1_000]);
            let kept = forensics.keep(account, record(&n.to_string()), picture);
            kept.await.unwrap();
        }
        let kept = forensics.list(account).await.unwrap();
        let triggers: Vec<&str> = kept.iter().map(|bundle| bundle.record.trigger.as_str()).collect();
        assert_eq!(triggers, ["11", "10", "9", "8", "7", "6", "5", "4", "3", "2"]);
        assert!(!kept[0].has_screenshot && kept[1].has_screenshot);
        assert_eq!(kept[0].record.console.len(), CONSOLE_LINES);
        assert_eq!(kept[0].record.console[0], "line 50", "the last lines stay");
        let folder = home.path().join("forensics").join(account.to_string());
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            15,
            "nothing of the others is left"
        );
        for file in fs::read_dir(&folder).unwrap() {
            let mode = file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let found = forensics.find(account, kept[1].id).await.unwrap().unwrap();
        assert_eq!(found, kept[1]);
        assert_eq!(
            forensics.picture(account, kept[1].id).await.unwrap(),
            Some(vec![10; 1_000])
        );
        assert_eq!(forensics.picture(account, kept[0].id).await.unwrap(), None);
        assert_eq!(
            forensics.find(other, kept[0].id).await.unwrap(),
            None,
            "it is another's"
        );
        forensics.forget(account).await.unwrap();
        assert!(forensics.list(account).await.unwrap().is_empty() && !folder.exists());
    }

    #[tokio::test]
    async fn a_picture_that_is_too_large_is_left_out() {
        let home = tempfile::tempdir().unwrap();
        let ids = Arc::new(IdSource::random(Clock::system()));
        let forensics = Forensics::new(home.path().to_owned(), Arc::clone(&ids));
        let account: AccountId = ids.next();
        let kept = forensics.keep(account, record("modal"), Some(vec![0; BYTES_MAX]));
        let id = kept.await.unwrap();
        let bundle = forensics.find(account, id).await.unwrap().unwrap();
        assert!(!bundle.has_screenshot && bundle.bytes < BYTES_MAX as u64);
        assert!(bundle.record.no_picture.unwrap().contains("too much"));
    }
}
