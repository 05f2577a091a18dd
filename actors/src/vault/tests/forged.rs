//! Archives that nobody of ours would write: each is refused before it costs anything.

use std::{
    fs,
    io::{self, Read, Write as _},
    path::Path,
};

use tar::EntryType;

use super::super::{VaultError, archive};

/// How much of a forged archive may be read until it is refused, in bytes: what the decoder reads ahead, and some.
const SOON: usize = 1 << 20;
/// Where it says that it has no more: whoever comes so far reads it all.
const ENDLESS: usize = 16 * SOON;

fn header(kind: EntryType, path: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    header
}

/// A whole archive of these blocks, with the end of a tar.
fn archive_of(blocks: &[&[u8]]) -> Vec<u8> {
    let tar = [&blocks.concat()[..], &[0; 1_024]].concat();
    zstd::encode_all(&tar[..], 1).unwrap()
}

/// An archive that begins with `tar` and goes on with zeros that take as much room in it as outside.
struct Endless {
    begin: io::Cursor<Vec<u8>>,
    zeros: io::Cursor<Vec<u8>>,
    given: usize,
}

impl Endless {
    fn after(tar: &[u8]) -> Self {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.write_all(tar).unwrap();
        encoder.flush().unwrap();
        // A block as RFC 8878 has it (3.1.1.2): its length, that it is raw, and that it is not the last one.
        let length: u32 = 64 * 1_024;
        let mut block = (length << 3).to_le_bytes()[..3].to_vec();
        block.resize(block.len() + length as usize, 0);
        Self {
            begin: io::Cursor::new(encoder.get_ref().clone()),
            zeros: io::Cursor::new(block),
            given: 0,
        }
    }
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given > ENDLESS {
            return Err(io::Error::other("it was read on and on"));
        }
        let mut read = self.begin.read(into)?;
        if read == 0 {
            if self.zeros.position() == self.zeros.get_ref().len() as u64 {
                self.zeros.set_position(0);
            }
            read = self.zeros.read(into)?;
        }
        self.given += read;
        Ok(read)
    }
}

#[test]
fn nothing_is_written_outside_the_profile() {
    for (kind, path, link) in [
        (EntryType::Regular, "../out", ""),
        (EntryType::Regular, "/tmp/out", ""),
        (EntryType::Regular, "a/../../out", ""),
        (EntryType::Directory, "..", ""),
        (EntryType::Symlink, "link", "/etc"),
        (EntryType::Link, "link", "/etc/passwd"),
        (EntryType::Fifo, "pipe", ""),
        (EntryType::Char, "device", ""),
    ] {
        let to = tempfile::tempdir().unwrap();
        let into = to.path().join("profile");
        fs::create_dir(&into).unwrap();
        let mut header = header(kind, path, 0);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        let unpacked = archive::unpack(&archive_of(&[header.as_bytes()])[..], Some(&into), 16);
        assert!(matches!(unpacked, Err(VaultError::Damaged(_))), "{path}");
        assert_eq!(
            fs::read_dir(&into).unwrap().count() + fs::read_dir(&to).unwrap().count(),
            1,
            "{path}"
        );
    }
}

#[test]
fn nothing_of_any_length_is_read_into_memory_or_left_out_uncounted() {
    // The greatest size that a header's twelve digits hold.
    const SIZE: u64 = 0o77_777_777_777;
    for (kind, what) in [
        (EntryType::GNULongName, "a long path"),
        (EntryType::GNULongLink, "a long link"),
        (EntryType::XHeader, "extensions of one entry"),
        (EntryType::XGlobalHeader, "extensions of all"),
        (EntryType::GNUSparse, "a file with holes"),
        (EntryType::Directory, "a folder with a length"),
        (EntryType::Regular, "a file"),
        (EntryType::new(b'?'), "nobody knows what"),
    ] {
        let mut forged = Endless::after(header(kind, "x", SIZE).as_bytes());
        let unpacked = archive::unpack(&mut forged, None, 16);
        match kind {
            EntryType::Regular => assert!(matches!(unpacked, Err(VaultError::TooLarge(16))), "{what}"),
            _ => assert!(matches!(unpacked, Err(VaultError::Damaged(_))), "{what}"),
        }
        assert!(forged.given < SOON, "{what}: {} bytes were read", forged.given);
    }
}

#[test]
fn nothing_is_read_behind_the_end() {
    let tar = [header(EntryType::Regular, "x", 0).as_bytes(), &[0; 1_024][..]].concat();
    let mut forged = Endless::after(&tar);
    let unpacked = archive::unpack(&mut forged, None, 16);
    assert!(matches!(unpacked, Err(VaultError::Damaged(_))), "{unpacked:?}");
    assert!(forged.given < SOON, "{} bytes were read", forged.given);
}

#[test]
fn folders_count_like_files() {
    let folder = header(EntryType::Directory, "x", 0).as_bytes().to_vec();
    let file = header(EntryType::Regular, "x", 0).as_bytes().to_vec();
    let few = archive::unpack(&archive_of(&[&folder, &file])[..], None, 16).unwrap();
    assert_eq!((few.folders, few.files), (1, 1));
    let many = archive::unpack(&archive_of(&[&file, &folder.repeat(200_000)])[..], None, 16);
    assert!(matches!(many, Err(VaultError::Damaged(_))), "{many:?}");
}

#[test]
fn a_tree_that_is_none_is_refused_and_no_folder_is_made_for_a_path_alone() {
    let (folder, file) = (EntryType::Directory, EntryType::Regular);
    for entries in [
        &[(file, "a/b/c")][..],
        &[(folder, "a/b")],
        &[(file, "a"), (file, "a/b")],
        &[(file, "a"), (file, "a")],
        &[(folder, "a"), (folder, "a")],
        &[(folder, "a"), (file, "a")],
        &[(EntryType::GNULongName, "a")],
        &[
            (EntryType::GNULongName, "a"),
            (EntryType::GNULongName, "b"),
            (file, "c"),
        ],
        &[(EntryType::GNULongName, "the path is empty"), (file, "a")],
    ] {
        let to = tempfile::tempdir().unwrap();
        let headers: Vec<tar::Header> = entries
            .iter()
            .map(|(kind, path)| header(*kind, path, 0))
            .collect();
        let blocks: Vec<&[u8]> = headers.iter().map(|header| &header.as_bytes()[..]).collect();
        let unpacked = archive::unpack(&archive_of(&blocks)[..], Some(to.path()), 16);
        assert!(
            matches!(unpacked, Err(VaultError::Damaged(_))),
            "{entries:?}: {unpacked:?}"
        );
        assert!(fs::read_dir(to.path()).unwrap().count() <= 1, "{entries:?}");
    }
}

/// What was packed before and what is packed now stays readable, to the longest path that a file can have.
#[test]
fn a_long_path_of_our_own_comes_back() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // A header holds 100 bytes; longer paths stand before it.
    for length in [99, 100, 101, 255, 256, 1_000, 3_900] {
        let mut path = String::new();
        while path.len() + 52 < length {
            path += &format!("{}/", "n".repeat(50));
        }
        path += &"x".repeat(length - path.len());
        assert_eq!(path.len(), length);
        fs::create_dir_all(from.path().join(Path::new(&path).parent().unwrap())).unwrap();
        fs::write(from.path().join(&path), length.to_string()).unwrap();
    }
    let (bytes, written) = archive::pack(from.path(), Vec::new(), 16).unwrap();
    assert_eq!(archive::unpack(&bytes[..], Some(to.path()), 16).unwrap(), written);
    assert_eq!(super::tree(to.path()), super::tree(from.path()));
    assert_eq!(super::tree(to.path()).len(), 7);
}
