//! The vault on a real folder: what is kept, what comes back, what a crash, a flipped bit or a rotation may not spoil.

mod crash;
mod faults;
mod storage;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use zaptor_actors::{
    domain::{AccountId, Clock, IdSource, Timestamp},
    vault::{Directory, KeyRing, Settings, Vault, VaultError},
};
use zeroize::Zeroizing;

const ALICE: AccountId = AccountId::from_bits(1);
const BOB: AccountId = AccountId::from_bits(2);

/// A vault in a folder of its own.
struct House {
    folder: tempfile::TempDir,
    vault: Vault,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = open(folder.path());
        Self { folder, vault }
    }

    fn profile(&self, account: AccountId) -> PathBuf {
        self.folder.path().join("profiles").join(account.to_string())
    }

    /// Writes a profile that says `text`, and takes a snapshot of it.
    async fn keep(&self, account: AccountId, text: &str) {
        write_profile(&self.profile(account), text);
        self.vault.take(account, &self.profile(account)).await.unwrap();
    }

    /// What the profile says.
    fn says(&self, account: AccountId) -> String {
        fs::read_to_string(self.profile(account).join("Default/link")).unwrap()
    }

    /// The stored files with this suffix, the newest last.
    fn stored(&self, account: AccountId, suffix: &str) -> Vec<PathBuf> {
        let folder = self.folder.path().join("vault").join(account.to_string());
        let files = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = files.filter(|path| path.extension().unwrap() == suffix).collect();
        files.sort();
        files
    }
}

/// Opens the vault of a folder, as the next process would.
fn open(folder: &Path) -> Vault {
    open_with(folder, IdSource::random(Clock::system()))
}

fn open_with(folder: &Path, ids: IdSource) -> Vault {
    let ids = Arc::new(ids);
    let storage = Directory::open(&folder.join("vault"), Arc::clone(&ids)).unwrap();
    let ring = KeyRing::kept_in(&folder.join("vault.keys"), &ids).unwrap();
    Vault::new(
        Settings::default(),
        Arc::new(storage),
        ring,
        folder.join("scratch"),
        ids,
    )
}

fn write_profile(profile: &Path, text: &str) {
    fs::create_dir_all(profile.join("Default/Cache")).unwrap();
    fs::write(profile.join("Local State"), "{}").unwrap();
    fs::write(profile.join("Default/link"), text).unwrap();
    fs::write(profile.join("Default/Cache/data_1"), vec![1; 100_000]).unwrap();
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn the_newest_few_are_kept_and_the_newest_comes_back() {
    let house = House::new();
    for n in 0..5 {
        house.keep(ALICE, &format!("link {n}")).await;
    }
    house.keep(BOB, "another").await;
    let kept = house.vault.list(ALICE).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(
        kept.windows(2)
            .all(|pair| pair[0].id > pair[1].id && pair[0].taken_at >= pair[1].taken_at)
    );
    assert!(kept[0].stored_bytes < 2_000, "a cache was kept: {kept:?}");
    fs::remove_dir_all(house.profile(ALICE)).unwrap();
    let restored = house
        .vault
        .restore(ALICE, None, &house.profile(ALICE))
        .await
        .unwrap();
    assert_eq!(
        (restored.id, house.says(ALICE)),
        (kept[0].id, "link 4".to_owned())
    );
    let older = house
        .vault
        .restore(ALICE, Some(kept[2].id), &house.profile(ALICE))
        .await
        .unwrap();
    assert_eq!((older.id, house.says(ALICE)), (kept[2].id, "link 2".to_owned()));
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(house.profile(ALICE)), 0o700);
    assert_eq!(mode(house.profile(ALICE).join("Default/link")), 0o600);
    house.vault.forget(ALICE).await.unwrap();
    assert!(house.vault.list(ALICE).await.unwrap().is_empty() && house.stored(ALICE, "body").is_empty());
    let gone = house.vault.restore(ALICE, None, &house.profile(ALICE)).await;
    assert!(matches!(gone, Err(VaultError::NotFound)));
    assert_eq!(house.says(ALICE), "link 2", "what was there stays there");
    assert_eq!(house.vault.list(BOB).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_that_is_not_whole_is_passed_over_and_says_why_when_named() {
    for (what, suffix) in [("body", "body"), ("envelope", "envelope")] {
        let house = House::new();
        house.keep(ALICE, "good").await;
        house.keep(ALICE, "bad").await;
        flip(&house.stored(ALICE, suffix)[1], 70);
        let newest = house.vault.list(ALICE).await.unwrap()[0].id;
        let named = house
            .vault
            .restore(ALICE, Some(newest), &house.profile(ALICE))
            .await;
        assert!(
            matches!(named, Err(VaultError::Damaged(_) | VaultError::NoKey(_))),
            "{what}: {named:?}"
        );
        assert_eq!(house.says(ALICE), "bad", "nothing was changed");
        let restored = house
            .vault
            .restore(ALICE, None, &house.profile(ALICE))
            .await
            .unwrap();
        assert_eq!(
            (restored.passed_over.len(), restored.passed_over[0].0),
            (1, newest),
            "{what}"
        );
        assert_eq!(house.says(ALICE), "good");
    }
}

#[tokio::test]
async fn another_accounts_snapshot_is_refused_in_this_ones_place() {
    let house = House::new();
    house.keep(ALICE, "alice").await;
    house.keep(BOB, "bob").await;
    for suffix in ["body", "envelope"] {
        let from = house.stored(BOB, suffix).remove(0);
        let to = house.stored(ALICE, suffix)[0].with_file_name(from.file_name().unwrap());
        fs::copy(from, to).unwrap();
    }
    assert_eq!(house.vault.list(ALICE).await.unwrap().len(), 2);
    let restored = house
        .vault
        .restore(ALICE, None, &house.profile(ALICE))
        .await
        .unwrap();
    assert_eq!(
        (restored.passed_over.len(), house.says(ALICE)),
        (1, "alice".to_owned())
    );
}

#[tokio::test]
async fn a_snapshot_of_nothing_takes_nothing_away() {
    let house = House::new();
    house.keep(ALICE, "good").await;
    fs::remove_dir_all(house.profile(ALICE)).unwrap();
    for _ in 0..4 {
        let taken = house.vault.take(ALICE, &house.profile(ALICE)).await;
        assert!(matches!(taken, Err(VaultError::NoProfile)), "{taken:?}");
        fs::create_dir_all(house.profile(ALICE).join("Default")).unwrap();
    }
    assert_eq!(
        (
            house.vault.list(ALICE).await.unwrap().len(),
            house.stored(ALICE, "body").len()
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn an_export_goes_to_another_account_of_another_house() {
    let (here, there) = (House::new(), House::new());
    write_profile(&here.profile(ALICE), "moving");
    let phrase = |text: &str| Zeroizing::new(text.to_owned());
    let file = here
        .vault
        .export(ALICE, &here.profile(ALICE), phrase("correct horse"))
        .await
        .unwrap();
    there.keep(BOB, "old").await;
    let place = there.profile(BOB);
    let copy = file.try_clone().unwrap();
    let wrong = there
        .vault
        .import(BOB, copy, phrase("battery staple"), &place)
        .await;
    assert!(matches!(wrong, Err(VaultError::Passphrase)));
    assert_eq!(there.says(BOB), "old");
    let taken = there
        .vault
        .import(BOB, file, phrase("correct horse"), &there.profile(BOB))
        .await
        .unwrap();
    assert_eq!(
        (there.says(BOB), there.vault.list(BOB).await.unwrap()[0].id),
        ("moving".to_owned(), taken.id)
    );
    let inside = fs::read_dir(there.folder.path().join("profiles"))
        .unwrap()
        .count();
    assert_eq!(inside, 2, "the profile and the one that was set aside");
}

#[tokio::test]
async fn keys_rotate_while_snapshots_are_taken_and_restored() {
    let house = House::new();
    for account in 10..20 {
        house.keep(AccountId::from_bits(account), "before").await;
    }
    let bodies = house.stored(AccountId::from_bits(10), "body");
    let untouched = fs::read(&bodies[0]).unwrap();
    let key_file = house.folder.path().join("vault.keys");
    let first_keys = fs::read_to_string(&key_file).unwrap();
    let traffic = async {
        for n in 0..20 {
            house.keep(ALICE, &format!("link {n}")).await;
            house
                .vault
                .restore(ALICE, None, &house.profile(ALICE))
                .await
                .unwrap();
            assert_eq!(house.says(ALICE), format!("link {n}"));
        }
    };
    let rotations = async {
        for _ in 0..5 {
            let mut done = house.vault.begin_rotation().await.unwrap();
            done.keys = house.vault.end_rotation(Vec::new()).await.unwrap();
            assert_eq!(
                (done.failed, done.keys),
                (0, 1),
                "nothing is locked with an old key any more: {done:?}"
            );
            assert!(done.locked_anew >= 10);
        }
    };
    futures::join!(traffic, rotations);
    assert_eq!(
        fs::read(&bodies[0]).unwrap(),
        untouched,
        "what is encrypted stays as it is"
    );
    let keys = fs::read_to_string(&key_file).unwrap();
    let first_key = first_keys.lines().last().unwrap();
    assert!(!keys.contains(first_key), "a key that opens nothing stayed");
    let next = open(house.folder.path());
    for account in 10..20 {
        let account = AccountId::from_bits(account);
        next.restore(account, None, &house.profile(account))
            .await
            .unwrap();
        assert_eq!(house.says(account), "before");
    }
    fs::write(&key_file, first_keys).unwrap();
    let old = open(house.folder.path());
    let locked = old.restore(ALICE, None, &house.profile(ALICE)).await;
    assert!(
        matches!(locked, Err(VaultError::NotFound)),
        "the first key opens nothing any more: {locked:?}"
    );
}

#[tokio::test]
async fn settled_waits_for_what_is_under_way() {
    let house = House::new();
    let busy = house.vault.busy();
    let mut settled = Box::pin(house.vault.settled());
    assert!(futures::poll!(&mut settled).is_pending());
    house.keep(ALICE, "x").await;
    assert!(futures::poll!(&mut settled).is_pending());
    drop(busy);
    settled.await;
}

#[tokio::test]
async fn a_clock_that_stepped_back_makes_no_snapshot_an_old_one() {
    let house = House::new();
    let at = |millis| {
        let clock = Clock::manual(Timestamp::from_millis(millis));
        open_with(house.folder.path(), IdSource::random(clock))
    };
    write_profile(&house.profile(ALICE), "x");
    let before = at(2_000_000).take(ALICE, &house.profile(ALICE)).await.unwrap();
    let after = at(1_000_000).take(ALICE, &house.profile(ALICE)).await.unwrap();
    assert!(after.id > before.id);
    assert_eq!(house.vault.list(ALICE).await.unwrap()[0].id, after.id);
}
