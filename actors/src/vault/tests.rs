//! The format: what goes in comes out, and nothing that was touched does.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod forged;

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::{
    VaultError, archive,
    envelope::{Envelope, Lock, Origin},
    keys::KeyRing,
    place::{self, Fresh},
    scratch,
    stream::{CHUNK, Opener, SALT, Sealer, StreamKey, TAG},
};
use crate::domain::{AccountId, Clock, IdSource, SnapshotId};

const ALICE: Origin = Origin {
    account: AccountId::from_bits(1),
    snapshot: SnapshotId::from_bits(2),
    salt: [3; SALT],
};
const BOB: Origin = Origin {
    account: AccountId::from_bits(9),
    ..ALICE
};

fn key() -> StreamKey {
    Zeroizing::new([7; 32])
}

fn ids() -> IdSource {
    IdSource::seeded(Clock::system(), 1)
}

fn seal(text: &[u8], origin: &Origin) -> Vec<u8> {
    let mut sealer = Sealer::new(Vec::new(), &key(), &origin.salt, &origin.belongs_to());
    sealer.write_all(text).unwrap();
    sealer.finish().unwrap()
}

fn open(sealed: &[u8], origin: &Origin) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    Opener::new(sealed, &key(), &origin.salt, &origin.belongs_to()).read_to_end(&mut text)?;
    Ok(text)
}

/// The construction as others build it: our chunks are the same, byte by byte.
fn plain_stream(text: &[u8], origin: &Origin) -> Vec<u8> {
    use aead_stream::EncryptorBE32;
    use chacha20poly1305::{XChaCha20Poly1305, aead::Payload};
    let mut chunks = EncryptorBE32::<XChaCha20Poly1305>::new((&*key()).into(), (&origin.salt).into());
    let belongs_to = origin.belongs_to();
    let payload = |msg| Payload {
        msg,
        aad: &belongs_to,
    };
    let mut sealed = Vec::new();
    let mut rest = text;
    while rest.len() > CHUNK {
        let (next, behind) = rest.split_at(CHUNK);
        sealed.extend(chunks.encrypt_next(payload(next)).unwrap());
        rest = behind;
    }
    sealed.extend(chunks.encrypt_last(payload(rest)).unwrap());
    sealed
}

#[test]
fn it_is_xchacha20_poly1305_in_the_stream_construction() {
    for length in [0, 1, 1_000, CHUNK, CHUNK + 1, 3 * CHUNK] {
        let text: Vec<u8> = (0..length).map(|i| (i % 239) as u8).collect();
        let origin = Origin {
            salt: std::array::from_fn(|i| i as u8 * 13),
            ..ALICE
        };
        let plain = plain_stream(&text, &origin);
        assert!(seal(&text, &origin) == plain, "{length}");
        assert!(open(&plain, &origin).unwrap() == text, "{length}");
    }
}

#[test]
fn lengths_around_the_chunk_come_back() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17] {
        let text: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let sealed = seal(&text, &ALICE);
        assert_eq!(
            sealed.len(),
            length + TAG * length.div_ceil(CHUNK).max(1),
            "{length}"
        );
        assert_eq!(open(&sealed, &ALICE).unwrap(), text, "{length}");
    }
}

/// What was done to a sealed stream of three chunks.
type Deed = fn(&mut Vec<u8>);

const WHOLE: usize = CHUNK + TAG;
const DEEDS: [(&str, Deed); 9] = [
    ("cut between two chunks", |sealed| sealed.truncate(WHOLE)),
    ("cut before the last chunk", |sealed| sealed.truncate(2 * WHOLE)),
    ("cut inside a chunk", |sealed| sealed.truncate(WHOLE + 100)),
    ("everything cut off", Vec::clear),
    ("two chunks exchanged", |sealed| {
        sealed[..2 * WHOLE].rotate_left(WHOLE)
    }),
    ("a chunk twice", |sealed| {
        let first = sealed[..WHOLE].to_vec();
        sealed.splice(0..0, first);
    }),
    ("the first chunk gone", |sealed| drop(sealed.drain(..WHOLE))),
    ("the last chunk gone from its place to the front", |sealed| {
        sealed.rotate_right(17 + TAG)
    }),
    ("something appended", |sealed| sealed.push(0)),
];

#[test]
fn no_deed_goes_unnoticed() {
    let text = vec![b'x'; 2 * CHUNK + 17];
    for (what, deed) in DEEDS {
        let mut sealed = seal(&text, &ALICE);
        deed(&mut sealed);
        assert!(open(&sealed, &ALICE).is_err(), "{what}");
    }
    assert!(open(&seal(&text, &ALICE), &BOB).is_err(), "another account's");
    let later = Origin {
        snapshot: SnapshotId::from_bits(3),
        ..ALICE
    };
    assert!(open(&seal(&text, &ALICE), &later).is_err(), "another snapshot's");
}

#[test]
fn a_broken_stream_never_comes_to_an_end() {
    let mut sealed = seal(&vec![1; 3 * CHUNK], &ALICE);
    sealed[WHOLE + 5] ^= 1;
    let mut opener = Opener::new(&sealed[..], &key(), &ALICE.salt, &ALICE.belongs_to());
    let mut text = vec![0; CHUNK];
    opener.read_exact(&mut text).unwrap();
    for _ in 0..3 {
        assert!(
            opener.read(&mut text).is_err(),
            "an end would say that this was all"
        );
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_small_stream_is_refused() {
    let sealed = seal(b"the link to a phone", &ALICE);
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&flipped, &ALICE).is_err(), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(open(&sealed[..length], &ALICE).is_err(), "cut at {length}");
    }
}

fn sealed_envelope(lock: &Lock<'_>) -> Vec<u8> {
    Envelope::seal(&ALICE, &key(), lock, &ids()).unwrap()
}

/// Opens an envelope; whose it says it is must be whose it is.
fn open_envelope(bytes: &[u8], lock: &Lock<'_>) -> Result<StreamKey, VaultError> {
    let envelope = Envelope::read(&mut &*bytes)?;
    envelope.open(lock)
}

fn ring() -> KeyRing {
    KeyRing::configured("00000000000000aa:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()
}

#[test]
fn every_flipped_bit_and_every_cut_of_an_envelope_is_refused() {
    let ring = ring();
    let lock = Lock::Ring(&ring);
    let bytes = sealed_envelope(&lock);
    assert_eq!(*open_envelope(&bytes, &lock).unwrap(), *key());
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open_envelope(&flipped, &lock).is_err(), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert!(open_envelope(&bytes[..length], &lock).is_err(), "cut at {length}");
    }
}

#[test]
fn a_passphrase_opens_what_it_locked_and_nothing_else() {
    let bytes = sealed_envelope(&Lock::Passphrase("correct horse"));
    assert_eq!(
        *open_envelope(&bytes, &Lock::Passphrase("correct horse")).unwrap(),
        *key()
    );
    let wrong = open_envelope(&bytes, &Lock::Passphrase("correct Horse"));
    assert!(matches!(wrong, Err(VaultError::Passphrase)));
    let ring = ring();
    assert!(matches!(
        open_envelope(&bytes, &Lock::Ring(&ring)),
        Err(VaultError::Damaged(_))
    ));
    let snapshot = sealed_envelope(&Lock::Ring(&ring));
    let as_export = open_envelope(&snapshot, &Lock::Passphrase("correct horse"));
    assert!(matches!(as_export, Err(VaultError::Damaged(_))));
}

#[test]
fn a_forged_envelope_cannot_ask_for_much_memory() {
    let mut bytes = sealed_envelope(&Lock::Passphrase("correct horse"));
    let memory = 8 + 2 + 16 + 16 + SALT;
    bytes[memory..memory + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    let opened = open_envelope(&bytes, &Lock::Passphrase("correct horse"));
    assert!(
        matches!(opened, Err(VaultError::Damaged(_))),
        "{:?}",
        opened.err()
    );
}

/// Every file below a folder with its content.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut next = vec![folder.to_owned()];
    while let Some(at) = next.pop() {
        for entry in fs::read_dir(at).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                next.push(entry.path());
            } else {
                let inside = entry.path().strip_prefix(folder).unwrap().to_owned();
                found.insert(inside, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

fn plant(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

fn packed(profile: &Path) -> Vec<u8> {
    archive::pack(profile, Vec::new(), 16).unwrap().0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_profile_comes_back_as_it_was(
        files in prop::collection::btree_map("[a-zé .-]{1,12}x(/[a-z]{1,90}){0,3}/f", prop::collection::vec(any::<u8>(), 0..70_000), 0..12)
    ) {
        let files: BTreeMap<PathBuf, Vec<u8>> = files.into_iter().map(|(path, content)| (path.into(), content)).collect();
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        plant(from.path(), &files);
        let (bytes, written) = archive::pack(from.path(), Vec::new(), 16).unwrap();
        let read = archive::unpack(&bytes[..], Some(to.path()), 16).unwrap();
        prop_assert_eq!(read, written);
        prop_assert_eq!(tree(to.path()), files);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(archive::unpack(&bytes[..], None, 16).is_err());
        prop_assert!(open_envelope(&bytes, &Lock::Ring(&ring())).is_err());
        prop_assert!(open(&bytes, &ALICE).is_err());
    }
}

#[test]
fn what_chromium_makes_anew_and_marks_of_running_ones_stay_behind() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        "Local State",
        "Default/Cache/data_1",
        "Default/Code Cache/js/x",
        "DevToolsActivePort",
    ];
    plant(folder.path(), &files.map(|path| (path.into(), vec![1])).into());
    std::os::unix::fs::symlink("host-4711", folder.path().join("SingletonLock")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("elsewhere")).unwrap();
    let to = tempfile::tempdir().unwrap();
    archive::unpack(&packed(folder.path())[..], Some(to.path()), 16).unwrap();
    assert_eq!(
        tree(to.path()).into_keys().collect::<Vec<_>>(),
        [PathBuf::from("Local State")]
    );
}

#[test]
fn a_profile_that_is_too_large_is_neither_packed_nor_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), &[("big".into(), vec![0; 2 << 20])].into());
    assert!(matches!(
        archive::pack(folder.path(), Vec::new(), 1),
        Err(VaultError::TooLarge(1))
    ));
    let bytes = archive::pack(folder.path(), Vec::new(), 2).unwrap().0;
    assert!(
        bytes.len() < 10_000,
        "zeros shrink: what is read must be counted, not what is stored"
    );
    assert!(matches!(
        archive::unpack(&bytes[..], None, 1),
        Err(VaultError::TooLarge(1))
    ));
}

#[test]
fn keys_are_read_from_text_or_refused_by_table() {
    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for (text, good) in [
        (format!("00000000000000aa:{KEY}"), true),
        (
            format!("# a comment\n00000000000000aa:{KEY}\n00000000000000ab:{KEY}\n"),
            true,
        ),
        (format!("00000000000000aa:{KEY}, 00000000000000ab:{KEY}"), true),
        (format!("00000000000000aa:{KEY},00000000000000aa:{KEY}"), false),
        (format!("aa:{KEY}"), false),
        (format!("00000000000000zz:{KEY}"), false),
        (KEY.to_owned(), false),
        ("00000000000000aa:AAEC".to_owned(), false),
        ("00000000000000aa:#".to_owned(), false),
        (String::new(), false),
    ] {
        let read = KeyRing::configured(&text);
        assert_eq!(read.is_ok(), good, "{text}");
        let shown = format!("{read:?}");
        assert!(!shown.contains("AAEC"), "a key was printed: {shown}");
    }
}

#[test]
fn a_ring_is_kept_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.keys");
    let ring = KeyRing::kept_in(&path, &ids()).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let rotated = ring.with_new_key(&IdSource::seeded(Clock::system(), 2)).unwrap();
    let names: Vec<_> = KeyRing::kept_in(&path, &ids()).unwrap().names().collect();
    assert_eq!((names.len(), names[1]), (2, ring.newest().0));
    rotated.without_unused(&[]).unwrap();
    let left: Vec<_> = KeyRing::kept_in(&path, &ids()).unwrap().names().collect();
    assert_eq!(left, [rotated.newest().0]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        KeyRing::kept_in(&path, &ids()),
        Err(VaultError::Keys(_))
    ));
}

#[test]
fn a_profile_is_put_in_place_of_whatever_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("acc");
    for round in 0..3 {
        let fresh = Fresh::beside(&profile).unwrap();
        fs::write(fresh.path().join("n"), round.to_string()).unwrap();
        fresh.put().unwrap();
        assert_eq!(fs::read_to_string(profile.join("n")).unwrap(), round.to_string());
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("acc.aside/n")).unwrap(),
        "1"
    );
    place::remove(&profile).unwrap();
    fs::write(&profile, "a file where a folder belongs").unwrap();
    Fresh::beside(&profile).unwrap().put().unwrap();
    assert!(profile.is_dir());
    place::remove(&profile).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_put_in_place_leaves_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("acc");
    for there in [None, Some("here")] {
        plant(
            folder.path(),
            &there
                .map(|text| ("acc/n".into(), text.into()))
                .into_iter()
                .collect(),
        );
        let before = tree(folder.path());
        let fresh = Fresh::beside(&profile).unwrap();
        // It can be moved nowhere.
        fs::remove_dir(fresh.path()).unwrap();
        assert!(matches!(fresh.put(), Err(VaultError::Profile(_))));
        assert_eq!(tree(folder.path()), before);
        let fresh = Fresh::beside(&profile).unwrap();
        fs::write(fresh.path().join("n"), "half a credential").unwrap();
        drop(fresh);
        assert_eq!(tree(folder.path()), before);
    }
}

#[test]
fn scratch_files_have_no_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = scratch::file(folder.path(), &ids()).unwrap();
    file.write_all(b"here").unwrap();
    scratch::rewind(&mut file).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(
        (text.as_str(), fs::read_dir(folder.path()).unwrap().count()),
        ("here", 0)
    );
}
