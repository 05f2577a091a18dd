//! Where snapshots lie: named objects behind a trait. A local folder now; an object storage can join, and the suite in
//! `tests/it/vault` holds both to the same behaviour.

use std::{
    fmt, fs,
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::domain::{AccountId, IdSource, SnapshotId, ids::RequestKind};

/// The name of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Whose.
    pub account: AccountId,
    /// Which snapshot.
    pub snapshot: SnapshotId,
    /// Which part of it.
    pub part: Part,
}

/// A part of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The profile, encrypted. Written first, never changed.
    Body,
    /// Its key, locked. Written once the body was read back whole: a snapshot without it does not count. Locked anew
    /// when the ring rotates.
    Envelope,
}

impl Part {
    const ALL: [Self; 2] = [Self::Body, Self::Envelope];

    const fn suffix(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Envelope => "envelope",
        }
    }
}

/// Writes an object's content. An error takes the whole object back.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// Keeps objects. Called from threads that may block.
pub trait Storage: Send + Sync + fmt::Debug + 'static {
    /// Keeps what `fill` writes under `name`, in place of what was there; gives its length. All or nothing: whatever
    /// ends it half-way, the old object stays whole, and a reader sees the old one or the new one.
    ///
    /// # Errors
    /// Those of `fill` as they are, and the storage's own.
    fn put(&self, name: Name, fill: Fill<'_>) -> io::Result<u64>;

    /// The object's content, from its beginning; nothing when there is none. One that is replaced meanwhile is read on
    /// as it was.
    ///
    /// # Errors
    /// The storage's own.
    fn get(&self, name: Name) -> io::Result<Option<Box<dyn Read + Send>>>;

    /// The account's objects with their lengths, in the order of their names.
    ///
    /// # Errors
    /// The storage's own.
    fn list(&self, account: AccountId) -> io::Result<Vec<(Name, u64)>>;

    /// The accounts that have objects.
    ///
    /// # Errors
    /// The storage's own.
    fn accounts(&self) -> io::Result<Vec<AccountId>>;

    /// Removes the object for good, if it is there.
    ///
    /// # Errors
    /// The storage's own.
    fn delete(&self, name: Name) -> io::Result<()>;
}

/// Where half-written objects lie, beside the accounts' folders.
const PARTIAL: &str = "partial";

/// A storage in a folder of this machine: a folder for each account, a file for each object. One process at a time.
pub struct Directory {
    folder: PathBuf,
    ids: Arc<IdSource>,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directory({})", self.folder.display())
    }
}

impl Directory {
    /// Makes the folder where it is missing, for its owner alone, and removes what a process that was killed left
    /// half-written.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: &Path, ids: Arc<IdSource>) -> io::Result<Self> {
        let partial = folder.join(PARTIAL);
        make_private(folder)?;
        if let Err(error) = fs::remove_dir_all(&partial)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        make_private(&partial)?;
        let folder = folder.to_owned();
        Ok(Self { folder, ids })
    }

    fn path(&self, name: Name) -> PathBuf {
        self.account_folder(name.account)
            .join(format!("{}.{}", name.snapshot, name.part.suffix()))
    }

    fn account_folder(&self, account: AccountId) -> PathBuf {
        self.folder.join(account.to_string())
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// What was renamed or removed in a folder stays so over a power cut.
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Removes a half-written file, unless it was moved to its place.
struct Aside(Option<PathBuf>);

impl Drop for Aside {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What stays is removed at the next start.
            let _ = fs::remove_file(path);
        }
    }
}

impl Storage for Directory {
    fn put(&self, name: Name, fill: Fill<'_>) -> io::Result<u64> {
        let aside = self
            .folder
            .join(PARTIAL)
            .join(self.ids.next::<RequestKind>().to_string());
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&aside)?;
        let mut guard = Aside(Some(aside.clone()));
        fill(&mut file)?;
        file.sync_all()?;
        let length = file.metadata()?.len();
        let folder = self.account_folder(name.account);
        if !folder.is_dir() {
            make_private(&folder)?;
            sync_folder(&self.folder)?;
        }
        fs::rename(&aside, self.path(name))?;
        guard.0 = None;
        sync_folder(&folder)?;
        Ok(length)
    }

    fn get(&self, name: Name) -> io::Result<Option<Box<dyn Read + Send>>> {
        match fs::File::open(self.path(name)) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, account: AccountId) -> io::Result<Vec<(Name, u64)>> {
        let entries = match fs::read_dir(self.account_folder(account)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            if let Some(name) = name_of(account, &entry.file_name().to_string_lossy()) {
                found.push((name, entry.metadata()?.len()));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn accounts(&self) -> io::Result<Vec<AccountId>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            found.extend(entry?.file_name().to_string_lossy().parse::<AccountId>());
        }
        found.sort_unstable();
        Ok(found)
    }

    fn delete(&self, name: Name) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
        let folder = self.account_folder(name.account);
        // With its last object the account's folder goes; while it holds others, it cannot.
        if fs::remove_dir(&folder).is_ok() {
            return sync_folder(&self.folder);
        }
        sync_folder(&folder)
    }
}

fn name_of(account: AccountId, file: &str) -> Option<Name> {
    let (snapshot, suffix) = file.split_once('.')?;
    Some(Name {
        account,
        snapshot: snapshot.parse().ok()?,
        part: Part::ALL.into_iter().find(|part| part.suffix() == suffix)?,
    })
}
