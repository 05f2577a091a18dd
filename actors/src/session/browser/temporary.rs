//! Where browsers put what they need for the moment: below the data folder, one room for each driver and in it one folder
//! for each browser, so that what a killed one leaves behind is found and removed.

use std::{
    env, fs,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    io,
    os::unix::{ffi::OsStrExt as _, fs::DirBuilderExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// The longest path at which Chromium still finds room for its sockets: an address of a socket takes 107 bytes
/// (unix(7)), and it adds `/d<pid>-<n>/b<n>/org.chromium.Chromium.XXXXXX/SingletonSocket`.
const LONGEST: usize = 107 - 72;

/// The rooms of one data folder.
#[derive(Debug)]
pub(super) struct Temporary {
    base: PathBuf,
    rooms: AtomicU32,
}

/// Where the rooms of a data folder are. `data_dir` is canonical.
pub(super) fn base(data_dir: &Path) -> PathBuf {
    let below = data_dir.join("run/tmp");
    if below.as_os_str().as_bytes().len() <= LONGEST {
        return below;
    }
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(data_dir);
    let own = rustix::process::getuid().as_raw();
    env::temp_dir().join(format!("zaptor-{own}-{hash:016x}"))
}

impl Temporary {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self {
            base: base(data_dir),
            rooms: AtomicU32::new(0),
        }
    }

    /// Makes a room of its own for a driver.
    pub(super) fn room(&self) -> io::Result<PathBuf> {
        let mut builder = fs::DirBuilder::new();
        builder.mode(0o700).recursive(true).create(&self.base)?;
        let n = self.rooms.fetch_add(1, Ordering::Relaxed);
        let room = self.base.join(format!("d{}-{n}", std::process::id()));
        builder.recursive(false).create(&room)?;
        Ok(room)
    }

    /// Removes everything. Called when nothing runs in the rooms any more.
    pub(super) fn clear(&self) {
        // Most times the guards have done it.
        let _ = fs::remove_dir_all(&self.base);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn a_socket_fits_below_every_base() {
        let short = base(Path::new("/var/lib/zaptor"));
        assert_eq!(short, Path::new("/var/lib/zaptor/run/tmp"));
        let long = base(&Path::new("/srv").join("x".repeat(100)));
        assert!(long.starts_with(env::temp_dir()), "{long:?}");
        assert_ne!(long, base(&Path::new("/srv").join("y".repeat(100))));
    }

    #[test]
    fn rooms_are_for_one_and_for_their_owner_and_go_together() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let temporary = Temporary::new(folder.path());
        let rooms = [temporary.room().unwrap(), temporary.room().unwrap()];
        assert_ne!(rooms[0], rooms[1]);
        assert_eq!(rooms[0].metadata().unwrap().permissions().mode() & 0o777, 0o700);
        temporary.clear();
        assert!(!rooms[1].exists());
    }
}
