//! A copy of a profile on which a browser runs, as it was at one moment. It is made in two passes: the first while the
//! browser works, the second, of what has changed since, while it stands still. So it stands still for some milliseconds,
//! however large the profile is.
//!
//! Such a copy is what a killed browser leaves: the databases of a profile (LevelDB, SQLite) write ahead, and come back
//! from that. It is a credential as the profile is: for its owner alone, and gone with its handle.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::leave_out::leaves_out;
use crate::domain::{IdSource, ids::RequestKind};

/// What the folders of copies begin with.
const PREFIX: &str = "copy-";

/// A file whose time of change is not older than this at the first pass may change again without another time: kernels
/// stamp files in steps of some milliseconds.
const COARSE: Duration = Duration::from_secs(2);

/// A copy that is being made, or is whole.
#[derive(Debug)]
pub struct ProfileCopy {
    profile: PathBuf,
    folder: PathBuf,
    /// What was copied last of each file: its length and its time of change.
    seen: HashMap<PathBuf, (u64, SystemTime)>,
    /// The files that this pass has found.
    met: HashSet<PathBuf>,
    /// When the first pass began, by the clock of the files.
    began: SystemTime,
}

impl ProfileCopy {
    /// The first pass, into a folder of its own below `scratch`.
    ///
    /// # Errors
    /// When something can be neither read nor written; what vanishes meanwhile is no error.
    pub(super) fn begin(profile: &Path, scratch: &Path, ids: &IdSource) -> io::Result<Self> {
        let folder = scratch.join(format!("{PREFIX}{}", ids.next::<RequestKind>()));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let began = fs::metadata(&folder)?.modified()?;
        let mut copy = Self {
            profile: profile.to_owned(),
            folder,
            seen: HashMap::new(),
            met: HashSet::new(),
            began,
        };
        copy.pass(Path::new(""))?;
        Ok(copy)
    }

    /// The second pass: nothing may change in the profile meanwhile.
    ///
    /// # Errors
    /// When something can be neither read nor written: the copy is worth nothing then.
    pub fn finish(&mut self) -> io::Result<()> {
        let settled = self.began.checked_sub(COARSE).unwrap_or(SystemTime::UNIX_EPOCH);
        let before: Vec<PathBuf> = self.seen.keys().cloned().collect();
        self.seen.retain(|_, (_, changed)| *changed < settled);
        self.met.clear();
        self.pass(Path::new(""))?;
        for gone in before.iter().filter(|path| !self.met.contains(*path)) {
            remove(fs::remove_file(self.folder.join(gone)))?;
        }
        Ok(())
    }

    /// Where the copy is.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Copies every file that is not known as it is now.
    fn pass(&mut self, inside: &Path) -> io::Result<()> {
        let entries = match fs::read_dir(self.profile.join(inside)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let path = inside.join(entry.file_name());
            if leaves_out(&path) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let made = fs::DirBuilder::new().mode(0o700).create(self.folder.join(&path));
                if made
                    .as_ref()
                    .is_err_and(|error| error.kind() != ErrorKind::AlreadyExists)
                {
                    return made;
                }
                self.pass(&path)?;
            } else if kind.is_file() {
                self.file(path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf) -> io::Result<()> {
        let mut from = match fs::File::open(self.profile.join(&path)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        let about = from.metadata()?;
        let now = (about.len(), about.modified()?);
        self.met.insert(path.clone());
        if self.seen.get(&path) == Some(&now) {
            return Ok(());
        }
        let mut to = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.folder.join(&path))?;
        io::copy(&mut from, &mut to)?;
        self.seen.insert(path, now);
        Ok(())
    }
}

fn remove(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

impl Drop for ProfileCopy {
    fn drop(&mut self) {
        if let Err(error) = remove(fs::remove_dir_all(&self.folder)) {
            tracing::error!(target: "zaptor::vault", %error, "a copy of a profile could not be removed");
        }
    }
}

/// Removes what a process that was killed has left of copies.
///
/// # Errors
/// When a folder can be neither read nor removed.
pub fn remove_left_copies(scratch: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(scratch) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::domain::Clock;

    fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let mut next = vec![folder.to_owned()];
        while let Some(at) = next.pop() {
            for entry in fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    next.push(path);
                } else {
                    let name = path.strip_prefix(folder).unwrap().display().to_string();
                    files.push((name, fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }

    #[test]
    fn the_copy_is_the_profile_at_the_second_pass_whatever_changed_since_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let (profile, scratch) = (folder.path().join("p"), folder.path().join("run"));
        fs::create_dir_all(profile.join("Default/IndexedDB")).unwrap();
        let write = |name: &str, text: &str| fs::write(profile.join(name), text).unwrap();
        write("Local State", "{}");
        write("Default/IndexedDB/000001.log", "one");
        write("Default/IndexedDB/gone.ldb", "gone");
        write("SingletonLock", "a mark of the running browser");
        let ids = IdSource::seeded(Clock::system(), 1);
        let mut copy = ProfileCopy::begin(&profile, &scratch, &ids).unwrap();
        // The same length, and perhaps the same time of change.
        write("Default/IndexedDB/000001.log", "two");
        fs::remove_file(profile.join("Default/IndexedDB/gone.ldb")).unwrap();
        fs::create_dir_all(profile.join("Default/Local Storage")).unwrap();
        write("Default/Local Storage/new", "new");
        copy.finish().unwrap();
        fs::remove_file(profile.join("SingletonLock")).unwrap();
        assert_eq!(tree(copy.path()), tree(&profile));
        assert_eq!(copy.path().metadata().unwrap().permissions().mode() & 0o077, 0);
        drop(copy);
        assert_eq!(
            fs::read_dir(&scratch).unwrap().count(),
            0,
            "it is gone with its handle"
        );
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        remove_left_copies(&folder.path().join("none")).unwrap();
        fs::create_dir_all(folder.path().join("copy-req_1/Default")).unwrap();
        fs::create_dir_all(folder.path().join("tmp")).unwrap();
        remove_left_copies(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
