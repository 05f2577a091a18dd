//! A profile's folder as one stream, and back: tar, compressed with zstd. One file is open at a time and none is held in
//! memory; only files and folders with plain paths are taken or made.

use std::{
    fs,
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
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
const MIB: u64 = 1 << 20;

/// What an archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Files.
    pub files: u64,
    /// Their length together, in bytes.
    pub bytes: u64,
}

impl Contents {
    fn add(&mut self, bytes: u64, mib_max: u64) -> Result<(), VaultError> {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > mib_max.saturating_mul(MIB) {
            return Err(VaultError::TooLarge(mib_max));
        }
        if self.files > ENTRIES_MAX {
            return Err(VaultError::Damaged(format!(
                "it has more than {ENTRIES_MAX} files"
            )));
        }
        Ok(())
    }
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
        self.contents.add(length, self.mib_max)?;
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
    for entry in archive.entries().map_err(VaultError::reading)? {
        let mut entry = entry.map_err(VaultError::reading)?;
        let path = plain(&entry.path().map_err(VaultError::reading)?)?;
        match entry.header().entry_type() {
            tar::EntryType::Directory => {
                if let Some(folder) = into {
                    make_folder(&folder.join(path)).map_err(VaultError::Profile)?;
                }
            }
            tar::EntryType::Regular => {
                contents.add(entry.size(), mib_max)?;
                match into {
                    Some(folder) => make_file(&folder.join(path), &mut entry)?,
                    None => drop(io::copy(&mut entry, &mut io::sink()).map_err(VaultError::reading)?),
                }
            }
            _ => {
                return Err(VaultError::Damaged(
                    "it holds something that is neither file nor folder".to_owned(),
                ));
            }
        }
    }
    // Only the end of the stream says that nothing was cut off.
    let mut decoder = archive.into_inner();
    io::copy(&mut decoder, &mut io::sink()).map_err(VaultError::reading)?;
    let mut rest: BufReader<R> = decoder.finish();
    match io::copy(&mut rest, &mut io::sink()).map_err(VaultError::reading)? {
        0 => Ok(contents),
        _ => Err(VaultError::Damaged("something stands behind its end".to_owned())),
    }
}

/// A path that stays where it is put.
fn plain(path: &Path) -> Result<PathBuf, VaultError> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if path.components().next().is_some() && path.components().all(plain) {
        Ok(path.to_owned())
    } else {
        Err(VaultError::Damaged("a path in it leads elsewhere".to_owned()))
    }
}

pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn make_file(path: &Path, from: &mut impl Read) -> Result<(), VaultError> {
    if let Some(folder) = path.parent() {
        make_folder(folder).map_err(VaultError::Profile)?;
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(VaultError::Profile)?;
    let mut piece = vec![0; 64 * 1_024];
    loop {
        let read = from.read(&mut piece).map_err(VaultError::reading)?;
        if read == 0 {
            return Ok(());
        }
        file.write_all(&piece[..read]).map_err(VaultError::Profile)?;
    }
}
