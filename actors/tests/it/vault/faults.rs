//! A storage that fails in the middle of something: nothing is lost by it, and nothing changed.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read},
    path::Path,
    sync::{Arc, Mutex},
};

use zaptor_actors::{
    domain::{AccountId, Clock, IdSource},
    vault::{Directory, Fill, KeyRing, Name, Part, Settings, Storage, Vault, VaultError},
};
use zeroize::Zeroizing;

use super::{ALICE, BOB, House, write_profile};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Put,
    Get,
    Delete,
}

/// Fails the next so many calls of one kind for one part, and works otherwise.
#[derive(Debug)]
struct Failing {
    inner: Directory,
    next: Mutex<Option<(Call, Part, u32)>>,
}

impl Failing {
    fn fails(&self, call: Call, part: Part, times: u32) {
        *self.next.lock().unwrap() = Some((call, part, times));
    }

    fn at(&self, call: Call, name: Name) -> io::Result<()> {
        match &mut *self.next.lock().unwrap() {
            Some((which, part, left)) if (*which, *part) == (call, name.part) && *left > 0 => {
                *left -= 1;
                // As the kernel says that there are too many open files.
                Err(io::Error::from_raw_os_error(24))
            }
            _ => Ok(()),
        }
    }
}

impl Storage for Failing {
    fn put(&self, name: Name, fill: Fill<'_>) -> io::Result<u64> {
        self.at(Call::Put, name)?;
        self.inner.put(name, fill)
    }

    fn get(&self, name: Name) -> io::Result<Option<Box<dyn Read + Send>>> {
        self.at(Call::Get, name)?;
        self.inner.get(name)
    }

    fn list(&self, account: AccountId) -> io::Result<Vec<(Name, u64)>> {
        self.inner.list(account)
    }

    fn accounts(&self) -> io::Result<Vec<AccountId>> {
        self.inner.accounts()
    }

    fn delete(&self, name: Name) -> io::Result<()> {
        self.at(Call::Delete, name)?;
        self.inner.delete(name)
    }
}

/// A house whose storage can be made to fail.
fn house() -> (House, Arc<Failing>) {
    let folder = tempfile::tempdir().unwrap();
    let ids = Arc::new(IdSource::random(Clock::system()));
    let inner = Directory::open(&folder.path().join("vault"), Arc::clone(&ids)).unwrap();
    let storage = Arc::new(Failing {
        inner,
        next: Mutex::new(None),
    });
    let ring = KeyRing::kept_in(&folder.path().join("vault.keys"), &ids).unwrap();
    let kept: Arc<dyn Storage> = Arc::clone(&storage) as _;
    let scratch = folder.path().join("scratch");
    let vault = Vault::new(Settings::default(), kept, ring, scratch, ids);
    (House { folder, vault }, storage)
}

/// What the key ring of a folder holds.
fn keys(folder: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(folder.join("vault.keys")).unwrap();
    let keys = text.lines().filter(|line| !line.starts_with('#'));
    keys.map(str::to_owned).collect()
}

#[tokio::test]
async fn no_key_is_dropped_while_a_snapshot_cannot_be_read() {
    for unreadable in ["the storage fails", "the envelope was damaged"] {
        let (house, storage) = house();
        house.keep(ALICE, "kept").await;
        let (folder, envelope) = (house.folder.path(), house.stored(ALICE, "envelope").remove(0));
        let (before, whole) = (keys(folder), fs::read(&envelope).unwrap());
        match unreadable {
            // When it is to be locked anew, and when its key is looked for.
            "the storage fails" => storage.fails(Call::Get, Part::Envelope, 2),
            _ => fs::write(&envelope, &whole[..whole.len() / 2]).unwrap(),
        }
        let done = house.vault.begin_rotation().await.unwrap();
        assert_eq!((done.locked_anew, done.failed), (0, 1), "{unreadable}");
        assert_eq!(
            house.vault.end_rotation(Vec::new()).await.unwrap(),
            2,
            "{unreadable}"
        );
        assert!(keys(folder).is_superset(&before), "{unreadable}");

        // As it was, or put back by somebody who has a copy.
        fs::write(&envelope, whole).unwrap();
        let next = super::open(folder);
        next.restore(ALICE, None, &house.profile(ALICE)).await.unwrap();
        assert_eq!(house.says(ALICE), "kept", "{unreadable}");
        let done = next.begin_rotation().await.unwrap();
        assert_eq!((done.locked_anew, done.failed), (1, 0), "{unreadable}");
        assert_eq!(next.end_rotation(Vec::new()).await.unwrap(), 1, "{unreadable}");
        assert!(keys(folder).is_disjoint(&before), "{unreadable}");
    }
}

/// What lies beside a profile, by name.
fn beside(profile: &Path) -> Vec<String> {
    let inside = fs::read_dir(profile.parent().unwrap()).unwrap();
    let mut names: Vec<String> = inside
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_import_that_fails_changes_nothing() {
    let (there, _) = house();
    write_profile(&there.profile(BOB), "moving");
    let phrase = || Zeroizing::new("correct horse".to_owned());
    for (call, part) in [
        (Call::Put, Part::Body),
        (Call::Get, Part::Body),
        (Call::Put, Part::Envelope),
    ] {
        let (house, storage) = house();
        house.keep(ALICE, "old").await;
        let (profile, known) = (house.profile(ALICE), house.vault.list(ALICE).await.unwrap());
        let export = async || {
            let profile = there.profile(BOB);
            there.vault.export(BOB, &profile, phrase()).await.unwrap()
        };
        storage.fails(call, part, 1);
        let imported = house
            .vault
            .import(ALICE, export().await, phrase(), &profile)
            .await;
        let what = format!("{call:?} {part:?}");
        assert!(
            matches!(imported, Err(VaultError::Storage(_))),
            "{what}: {imported:?}"
        );
        assert_eq!(house.says(ALICE), "old", "{what}");
        assert_eq!(beside(&profile), [ALICE.to_string()], "{what}");
        assert_eq!(house.vault.list(ALICE).await.unwrap(), known, "{what}");
        let again = house
            .vault
            .import(ALICE, export().await, phrase(), &profile)
            .await;
        assert_eq!(
            (house.says(ALICE), again.is_ok()),
            ("moving".to_owned(), true),
            "{what}"
        );
    }
}

#[tokio::test]
async fn an_import_is_done_where_only_older_snapshots_stay() {
    let (house, storage) = house();
    let profile = house.profile(ALICE);
    for n in 0..3 {
        house.keep(ALICE, &format!("old {n}")).await;
    }
    let phrase = || Zeroizing::new("correct horse".to_owned());
    write_profile(&house.profile(BOB), "moving");
    let file = house
        .vault
        .export(BOB, &house.profile(BOB), phrase())
        .await
        .unwrap();
    storage.fails(Call::Delete, Part::Envelope, 1);
    let taken = house.vault.import(ALICE, file, phrase(), &profile).await.unwrap();
    assert_eq!(house.says(ALICE), "moving");
    let known = house.vault.list(ALICE).await.unwrap();
    assert_eq!((known.len(), known[0].id), (4, taken.id));
}

#[tokio::test]
async fn nothing_half_unpacked_stays_where_no_snapshot_is_whole() {
    let (house, _) = house();
    for n in 0..2 {
        house.keep(ALICE, &format!("link {n}")).await;
    }
    let profile = house.profile(ALICE);
    for body in house.stored(ALICE, "body") {
        super::flip(&body, usize::MAX);
    }
    let newest = house.vault.list(ALICE).await.unwrap()[0].id;
    for which in [None, Some(newest)] {
        let restored = house.vault.restore(ALICE, which, &profile).await;
        assert!(restored.is_err(), "{restored:?}");
        assert_eq!(beside(&profile), [ALICE.to_string()], "{which:?}");
        assert_eq!(house.says(ALICE), "link 1", "{which:?}");
    }
}
