//! A process that is killed while it writes a snapshot: the ones before stay whole, and the new one counts or does not.
//! Each kill falls into a known step of the storage, at which the victim says so and stands still.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use zaptor_actors::{
    domain::{AccountId, Clock, IdSource},
    vault::{Directory, Fill, KeyRing, Name, Part, Settings, Storage, Vault},
};

use super::{ALICE, open, write_profile};

/// Tells the victim where to work.
const FOLDER: &str = "VAULT_VICTIM_FOLDER";
/// Tells it where to stand still.
const STEP: &str = "VAULT_VICTIM_STEP";
/// What the victim's profile holds, beside small files, and does not compress: many chunks.
const NOISE: u64 = 2_000_000;
/// How many snapshots are kept.
const KEPT: usize = 3;

/// Where it is killed, in the order in which a snapshot is taken: which one is the newest then, and how many there are.
const STEPS: [(&str, &str, usize); 12] = [
    ("body: begun", "old 2", 3),
    ("body: 1 chunk", "old 2", 3),
    ("body: 12 chunks", "old 2", 3),
    ("body: written", "old 2", 3),
    ("body: in its place", "old 2", 3),
    ("body: read back", "old 2", 3),
    ("envelope: begun", "old 2", 3),
    ("envelope: half", "old 2", 3),
    ("envelope: written", "old 2", 3),
    ("envelope: in its place", "new", 4),
    ("envelope: an old one is gone", "new", 3),
    ("body: an old one is gone", "new", 3),
];

/// A storage that stands still at one step for ever, so that its process can be killed there.
#[derive(Debug)]
struct Scripted {
    inner: Directory,
    step: String,
}

const fn word(part: Part) -> &'static str {
    match part {
        Part::Body => "body",
        Part::Envelope => "envelope",
    }
}

impl Scripted {
    fn at(&self, part: Part, what: &str) {
        if self.step == format!("{}: {what}", word(part)) {
            eprintln!("standing still");
            loop {
                std::thread::park();
            }
        }
    }
}

/// Counts what is written, one write for each chunk; an envelope is one, and is written in two.
struct Counted<'a> {
    to: &'a mut dyn Write,
    script: &'a Scripted,
    part: Part,
    chunks: usize,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part == Part::Envelope {
            let half = bytes.len() / 2;
            self.to.write_all(&bytes[..half])?;
            self.script.at(self.part, "half");
            self.to.write_all(&bytes[half..])?;
            return Ok(bytes.len());
        }
        let written = self.to.write(bytes)?;
        self.chunks += 1;
        let plural = if self.chunks == 1 { "" } else { "s" };
        self.script
            .at(self.part, &format!("{} chunk{plural}", self.chunks));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Storage for Scripted {
    fn put(&self, name: Name, fill: Fill<'_>) -> io::Result<u64> {
        let part = name.part;
        let length = self.inner.put(name, &mut |to| {
            self.at(part, "begun");
            fill(&mut Counted {
                to,
                script: self,
                part,
                chunks: 0,
            })?;
            self.at(part, "written");
            Ok(())
        })?;
        self.at(part, "in its place");
        Ok(length)
    }

    fn get(&self, name: Name) -> io::Result<Option<Box<dyn Read + Send>>> {
        let found = self.inner.get(name)?;
        self.at(name.part, "read back");
        Ok(found)
    }

    fn list(&self, account: AccountId) -> io::Result<Vec<(Name, u64)>> {
        self.inner.list(account)
    }

    fn accounts(&self) -> io::Result<Vec<AccountId>> {
        self.inner.accounts()
    }

    fn delete(&self, name: Name) -> io::Result<()> {
        self.inner.delete(name)?;
        self.at(name.part, "an old one is gone");
        Ok(())
    }
}

fn scripted(folder: &Path, step: String) -> Vault {
    let ids = Arc::new(IdSource::random(Clock::system()));
    let inner = Directory::open(&folder.join("vault"), Arc::clone(&ids)).unwrap();
    let ring = KeyRing::kept_in(&folder.join("vault.keys"), &ids).unwrap();
    let storage = Arc::new(Scripted { inner, step });
    Vault::new(Settings::default(), storage, ring, folder.join("scratch"), ids)
}

/// Takes one snapshot, and stands still in it. Does nothing when it is run like a test.
#[tokio::test]
async fn victim() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let vault = scripted(&folder, std::env::var(STEP).unwrap());
    vault.take(ALICE, &folder.join("profile")).await.unwrap();
    eprintln!("the step never came");
}

/// Runs the victim up to this step, and kills it there.
fn kill_at(folder: &Path, step: &str) {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "vault::crash::victim", "--nocapture"])
        .env(FOLDER, folder)
        .env(STEP, step)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(victim.stderr.take().unwrap()).lines();
    let stands = told.any(|line| line.unwrap() == "standing still");
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert!(stands, "the victim comes as far as `{step}`");
}

fn write_noisy_profile(profile: &Path, text: &str) {
    write_profile(profile, text);
    // A xorshift: nothing that could be packed smaller.
    let mut state = 1_u64;
    let noise = (0..NOISE).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    fs::write(profile.join("Default/store"), noise.collect::<Vec<u8>>()).unwrap();
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_put_leaves_the_one_before_whole() {
    for (step, newest, count) in STEPS {
        let home = tempfile::tempdir().unwrap();
        let (folder, profile) = (home.path(), home.path().join("profile"));
        let vault = open(folder);
        for n in 0..KEPT {
            write_profile(&profile, &format!("old {n}"));
            vault.take(ALICE, &profile).await.unwrap();
        }
        drop(vault);
        write_noisy_profile(&profile, "new");
        kill_at(folder, step);

        let vault = open(folder);
        let partial = fs::read_dir(folder.join("vault/partial")).unwrap().count();
        assert_eq!(partial, 0, "{step}: nothing half-written stays");
        let known = vault.list(ALICE).await.unwrap();
        assert_eq!(known.len(), count, "{step}: {known:?}");
        let (place, mut says) = (folder.join("restored"), Vec::new());
        for snapshot in &known {
            vault.restore(ALICE, Some(snapshot.id), &place).await.unwrap();
            says.push(fs::read_to_string(place.join("Default/link")).unwrap());
        }
        assert_eq!(says[0], newest, "{step}: {says:?}");
        vault.take(ALICE, &profile).await.unwrap();
        let kept = fs::read_dir(folder.join("vault").join(ALICE.to_string()));
        assert_eq!(kept.unwrap().count(), 2 * KEPT, "{step}: what never counted goes");
    }
}
