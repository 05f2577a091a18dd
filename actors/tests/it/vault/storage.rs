//! One suite for every storage.

use std::{
    io::{self, Read, Write},
    path::Path,
    sync::Arc,
};

use zaptor_actors::{
    domain::{AccountId, Clock, IdSource, SnapshotId},
    vault::{Directory, Name, Part, Storage},
};

fn name(account: u128, snapshot: u128, part: Part) -> Name {
    Name {
        account: AccountId::from_bits(account),
        snapshot: SnapshotId::from_bits(snapshot),
        part,
    }
}

fn put(storage: &dyn Storage, name: Name, text: &[u8]) {
    let length = storage.put(name, &mut |to| to.write_all(text)).unwrap();
    assert_eq!(length, text.len() as u64);
}

fn get(storage: &dyn Storage, name: Name) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    storage.get(name).unwrap()?.read_to_end(&mut text).unwrap();
    Some(text)
}

/// What every storage must do. It is empty at the beginning and at the end.
fn conforms(storage: &dyn Storage) {
    let (body, envelope) = (name(1, 7, Part::Body), name(1, 7, Part::Envelope));
    assert_eq!(get(storage, body), None);
    assert!(storage.list(body.account).unwrap().is_empty() && storage.accounts().unwrap().is_empty());
    storage.delete(body).unwrap();

    put(storage, body, b"first");
    put(storage, envelope, b"");
    let large: Vec<u8> = (0..3_000_000).map(|i| (i % 253) as u8).collect();
    put(storage, name(1, 3, Part::Body), &large);
    put(storage, name(2, 1, Part::Body), b"another account's");
    assert_eq!(get(storage, body).unwrap(), b"first");
    assert_eq!(get(storage, envelope).unwrap(), b"");
    assert_eq!(get(storage, name(1, 3, Part::Body)).unwrap(), large);
    assert_eq!(
        storage.list(body.account).unwrap(),
        [(name(1, 3, Part::Body), 3_000_000), (body, 5), (envelope, 0)]
    );
    assert_eq!(storage.accounts().unwrap(), [1, 2].map(AccountId::from_bits));

    // A reader keeps what it began with; others see the new one.
    let mut before = storage.get(body).unwrap().unwrap();
    put(storage, body, b"second");
    let mut text = Vec::new();
    before.read_to_end(&mut text).unwrap();
    assert_eq!(
        (text.as_slice(), get(storage, body).unwrap().as_slice()),
        (&b"first"[..], &b"second"[..])
    );

    // One that fails half-way is as if it had never been.
    let half = |to: &mut dyn Write| {
        to.write_all(&[0; 100_000])?;
        Err(io::Error::other("on purpose"))
    };
    for failing in [body, name(1, 8, Part::Body), name(3, 1, Part::Body)] {
        let failed = storage.put(failing, &mut |to| half(to)).unwrap_err();
        assert_eq!(failed.to_string(), "on purpose");
    }
    assert_eq!(get(storage, body).unwrap(), b"second");
    assert_eq!(get(storage, name(1, 8, Part::Body)), None);
    assert_eq!(storage.accounts().unwrap(), [1, 2].map(AccountId::from_bits));

    for gone in [
        body,
        envelope,
        name(1, 3, Part::Body),
        name(2, 1, Part::Body),
        body,
    ] {
        storage.delete(gone).unwrap();
        assert_eq!(get(storage, gone), None);
    }
    assert!(storage.list(body.account).unwrap().is_empty() && storage.accounts().unwrap().is_empty());
}

pub(super) fn directory(folder: &Path) -> Directory {
    Directory::open(folder, Arc::new(IdSource::random(Clock::system()))).unwrap()
}

#[test]
fn a_folder_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conforms(&directory(folder.path()));
    let left: Vec<_> = std::fs::read_dir(folder.path().join("partial"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_a_killed_process_left_half_written_goes_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    drop(directory(folder.path()));
    std::fs::write(folder.path().join("partial/req_x"), "half").unwrap();
    drop(directory(folder.path()));
    assert_eq!(
        std::fs::read_dir(folder.path().join("partial")).unwrap().count(),
        0
    );
}
