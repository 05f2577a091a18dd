//! A profile's folder as one stream, and back: tar, compressed with zstd. One file is open at a time and none is held in
//! memory; only files and folders with plain paths are taken or made.
//!
//! Whoever knows the format can forge an archive, for an import. So what is read is bounded piece by piece, before it is
//! read: never more than the files' own bytes and 6 KiB for each entry, never one piece of any length in memory, and never
//! anything behind the end.

use std::{
    ffi::OsString,
    fs,
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::{
        ffi::OsStringExt as _,
        fs::{DirBuilderExt as _, OpenOptionsExt as _},
    },
    path::{Component, Path, PathBuf},
};

use zstd::stream::{read::Decoder, write::Encoder};

use super::{VaultError, leave_out::leaves_out};

/// Fast, and close to what is possible with databases.
const LEVEL: i32 = 3;
/// The largest window that is written and read, as a power of two: it bounds the memory of both, to 8 MiB.
const WINDOW_LOG: u32 = 23;
/// Files and folders of one profile at most.
const ENTRIES_MAX: u64 = 200_000;
/// The longest path of an entry that does not fit into its header, in bytes: Linux opens none that is longer (PATH_MAX, with
/// the zero behind it), so none was ever packed.
const LONG_PATH_MAX: u64 = 4_096;
/// What stands behind the zero block that ends a tar, in bytes: a second one, and nothing else.
const TAIL: u64 = 512;
const MIB: u64 = 1 << 20;

/// What an archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Files.
    pub files: u64,
    /// Folders below the profile's own.
    pub folders: u64,
    /// The files' length together, in bytes.
    pub bytes: u64,
}

impl Contents {
    fn add_file(&mut self, bytes: u64, mib_max: u64) -> Result<(), VaultError> {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > mib_max.saturating_mul(MIB) {
            return Err(VaultError::TooLarge(mib_max));
        }
        self.few()
    }

    fn add_folder(&mut self) -> Result<(), VaultError> {
        self.folders += 1;
        self.few()
    }

    fn few(self) -> Result<(), VaultError> {
        if self.files + self.folders > ENTRIES_MAX {
            return Err(damaged(format!(
                "it has more than {ENTRIES_MAX} files and folders"
            )));
        }
        Ok(())
    }
}

fn damaged(what: impl Into<String>) -> VaultError {
    VaultError::Damaged(what.into())
}

/// Writes the profile to `to`; gives what it holds. Nothing may change in it meanwhile: what does is an error.
pub(super) fn pack<W: Write>(profile: &Path, to: W, mib_max: u64) -> Result<(W, Contents), VaultError> {
    let mut encoder = Encoder::new(to, LEVEL).map_err(VaultError::writing)?;
    encoder.window_log(WINDOW_LOG).map_err(VaultError::writing)?;
    let mut packing = Packing {
        tar: tar::Builder::new(BufWriter::new(encoder)),
        profile,
        contents: Contents::default(),
        mib_max,
    };
    packing.folder(Path::new(""))?;
    let contents = packing.contents;
    let written = packing
        .tar
        .into_inner()
        .and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error))
        .and_then(Encoder::finish);
    Ok((written.map_err(VaultError::writing)?, contents))
}

struct Packing<'a, W: Write> {
    tar: tar::Builder<BufWriter<Encoder<'static, W>>>,
    profile: &'a Path,
    contents: Contents,
    mib_max: u64,
}

impl<W: Write> Packing<'_, W> {
    /// In the order of names, so that equal profiles make equal streams.
    fn folder(&mut self, inside: &Path) -> Result<(), VaultError> {
        let mut entries = fs::read_dir(self.profile.join(inside))
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(VaultError::Profile)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = inside.join(entry.file_name());
            let kind = entry.file_type().map_err(VaultError::Profile)?;
            if leaves_out(&path) {
                continue;
            }
            if kind.is_dir() {
                self.contents.add_folder()?;
                let mut header = header(tar::EntryType::Directory, 0);
                self.append(&mut header, &path, io::empty())?;
                self.folder(&path)?;
            } else if kind.is_file() {
                self.file(&path)?;
            }
            // Links, sockets and pipes are marks of running programs.
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), VaultError> {
        let file = fs::File::open(self.profile.join(path)).map_err(VaultError::Profile)?;
        let length = file.metadata().map_err(VaultError::Profile)?.len();
        self.contents.add_file(length, self.mib_max)?;
        let mut header = header(tar::EntryType::Regular, length);
        let whole = Whole {
            file,
            missing: length,
        };
        self.append(&mut header, path, whole)
    }

    fn append(&mut self, header: &mut tar::Header, path: &Path, data: impl Read) -> Result<(), VaultError> {
        self.tar
            .append_data(header, path, data)
            .map_err(VaultError::writing)
    }
}

fn header(kind: tar::EntryType, length: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(length);
    header.set_mode(if kind.is_dir() { 0o700 } else { 0o600 });
    header.set_mtime(0);
    header
}

/// Exactly as much of a file as it had when it was opened.
struct Whole {
    file: fs::File,
    missing: u64,
}

impl Read for Whole {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = into
            .len()
            .min(usize::try_from(self.missing).unwrap_or(usize::MAX));
        if count == 0 {
            return Ok(0);
        }
        let read = self.file.read(&mut into[..count]).map_err(VaultError::Profile)?;
        if read == 0 {
            let changed = io::Error::other("a file became shorter while it was read");
            return Err(VaultError::Profile(changed).into());
        }
        self.missing -= read as u64;
        Ok(read)
    }
}

/// Reads an archive to its end; writes what it holds into `into`, which is an empty folder, or nowhere.
pub(super) fn unpack<R: Read>(from: R, into: Option<&Path>, mib_max: u64) -> Result<Contents, VaultError> {
    let mut decoder = Decoder::new(from).map_err(VaultError::reading)?;
    decoder.window_log_max(WINDOW_LOG).map_err(VaultError::reading)?;
    let mut contents = Contents::default();
    let mut archive = tar::Archive::new(decoder.single_frame());
    let mut long_path = None;
    // Raw, or the library would itself read into memory what stands before an entry, whatever its length.
    for entry in archive.entries().map_err(VaultError::reading)?.raw(true) {
        let mut entry = entry.map_err(VaultError::reading)?;
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() && long_path.is_none() {
            long_path = Some(read_long_path(&mut entry)?);
            continue;
        }
        let path = match long_path.take() {
            Some(path) => plain(&path)?,
            None => plain(&entry.path().map_err(VaultError::reading)?)?,
        };
        match kind {
            // One with a length would have it read and left out, uncounted.
            tar::EntryType::Directory if entry.size() == 0 => {
                contents.add_folder()?;
                if let Some(folder) = into {
                    make_one(&folder.join(path)).map_err(cannot_make)?;
                }
            }
            tar::EntryType::Regular => {
                contents.add_file(entry.size(), mib_max)?;
                match into {
                    Some(folder) => make_file(&folder.join(path), &mut entry)?,
                    None => drop(io::copy(&mut entry, &mut io::sink()).map_err(VaultError::reading)?),
                }
            }
            _ => return Err(damaged("it holds something that is neither file nor folder")),
        }
    }
    if long_path.is_some() {
        return Err(damaged("it ends with the path of nothing"));
    }
    // Only the end of the stream says that nothing was cut off.
    let mut decoder = archive.into_inner();
    let tail = io::copy(&mut decoder.by_ref().take(TAIL + 1), &mut io::sink());
    let mut rest: BufReader<R> = decoder.finish();
    let behind = io::copy(&mut rest.by_ref().take(1), &mut io::sink());
    if tail.map_err(VaultError::reading)? > TAIL || behind.map_err(VaultError::reading)? > 0 {
        return Err(damaged("something stands behind its end"));
    }
    Ok(contents)
}

/// The path of the entry behind this one: as GNU's tar and ours write it, with a zero at its end.
fn read_long_path(entry: &mut tar::Entry<'_, impl Read>) -> Result<PathBuf, VaultError> {
    if entry.size() > LONG_PATH_MAX {
        return Err(damaged(format!(
            "a path in it has more than {LONG_PATH_MAX} bytes"
        )));
    }
    let mut path = Vec::new();
    entry.read_to_end(&mut path).map_err(VaultError::reading)?;
    path.pop_if(|last| *last == 0);
    Ok(OsString::from_vec(path).into())
}

/// A path that stays where it is put.
fn plain(path: &Path) -> Result<PathBuf, VaultError> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if path.components().next().is_some() && path.components().all(plain) {
        Ok(path.to_owned())
    } else {
        Err(damaged("a path in it leads elsewhere"))
    }
}

/// Why an entry could not be made in an empty folder: for some reasons the archive itself is to blame.
fn cannot_make(error: io::Error) -> VaultError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            damaged("something in it has no folder before it")
        }
        io::ErrorKind::AlreadyExists => damaged("a path in it stands twice"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => damaged("a path in it is none"),
        _ => VaultError::Profile(error),
    }
}

/// Makes a folder, and none above it: a short path could ask for thousands that nobody counts.
fn make_one(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

fn make_file(path: &Path, from: &mut impl Read) -> Result<(), VaultError> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(cannot_make)?;
    let mut piece = vec![0; 64 * 1_024];
    loop {
        let read = from.read(&mut piece).map_err(VaultError::reading)?;
        if read == 0 {
            return Ok(());
        }
        file.write_all(&piece[..read]).map_err(VaultError::Profile)?;
    }
}
