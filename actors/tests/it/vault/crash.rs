//! A process that is killed while it writes a snapshot: the one before stays whole.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use super::{ALICE, open, write_profile};

/// Tells the victim where to work.
const FOLDER: &str = "VAULT_VICTIM_FOLDER";
/// How often it is killed.
const KILLS: u64 = 12;

/// Takes one snapshot after the other until it is killed. Does nothing when it is run like a test.
#[tokio::test]
async fn victim() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let vault = open(&folder);
    for n in 0_u64.. {
        let profile = folder.join("profile");
        write_profile(&profile, &format!("link {n}"));
        // Large enough, and not to be compressed, so that most kills fall into the writing.
        let noise: Vec<u8> = (0..2_000_000_u64)
            .map(|i| (i.wrapping_mul(n + 0x9E37_79B9) >> 7) as u8)
            .collect();
        fs::write(profile.join("Default/store"), noise).unwrap();
        vault.take(ALICE, &profile).await.unwrap();
        eprintln!("taken {n}");
    }
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "a kill at any moment is the point of it"
)]
async fn a_kill_in_the_middle_of_a_put_leaves_the_one_before_whole() {
    let folder = tempfile::tempdir().unwrap();
    for kill in 0..KILLS {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "vault::crash::victim", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(victim.stderr.take().unwrap()).lines();
        // From the second round on there is one from before; the first has to come that far.
        assert!(
            told.any(|line| line.unwrap().starts_with("taken ")),
            "the victim works"
        );
        std::thread::sleep(Duration::from_millis(kill * 17 % 120));
        victim.kill().unwrap();
        victim.wait().unwrap();

        let vault = open(folder.path());
        let known = vault.list(ALICE).await.unwrap();
        assert!(!known.is_empty() && known.len() <= 4, "{known:?}");
        for snapshot in known {
            let place = folder.path().join("restored");
            vault.restore(ALICE, Some(snapshot.id), &place).await.unwrap();
            assert!(
                fs::read_to_string(place.join("Default/link"))
                    .unwrap()
                    .starts_with("link ")
            );
            assert_eq!(
                fs::metadata(place.join("Default/store")).unwrap().len(),
                2_000_000
            );
        }
        let partial = fs::read_dir(folder.path().join("vault/partial")).unwrap().count();
        assert_eq!(partial, 0, "nothing half-written stays");
    }
}
