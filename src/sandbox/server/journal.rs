//! The network's memory on disk: an image of the whole, and after it a log of every input since.
//!
//! Inputs are appended as they come, one JSON line each, which costs the same however much the network holds. Playing
//! the log upon the image gives the network back, because it is a pure function of its inputs. When the log has grown, a
//! new one is begun, and image and old log become a new image; the running network is not asked for that.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::SandboxError;
use super::files::{read_if_there, write_whole};
use crate::sandbox::network::{AnyInput, Millis, Network};

/// Goes up when what the version before has written can no longer be read.
const FORMAT: u32 = 3;

/// The number of a log. Each is larger than the one before; they are never used twice.
pub(super) type LogNumber = u64;

/// Where image and logs lie.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    folder: PathBuf,
}

/// The network as it was left.
pub(super) struct Recovered {
    pub(super) network: Network,
    /// Its time: it must not go back.
    pub(super) now: Millis,
    /// The first log that was not read.
    pub(super) next_log: LogNumber,
}

/// Only looked at to tell the format.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Deserialize)]
struct Image {
    now: Millis,
    next_log: LogNumber,
    network: Network,
}

#[derive(Serialize)]
struct ImageOf<'a> {
    format: u32,
    now: Millis,
    next_log: LogNumber,
    network: &'a Network,
}

/// One line of a log.
#[derive(Deserialize)]
struct Line {
    at: Millis,
    #[serde(rename = "do")]
    input: AnyInput,
}

/// Writes one line of a log to `log`: an input in its written form, and its moment.
pub(super) fn append(log: &mut Vec<u8>, at: Millis, input: &str) {
    log.extend_from_slice(b"{\"at\":");
    log.extend_from_slice(at.to_string().as_bytes());
    log.extend_from_slice(b",\"do\":");
    log.extend_from_slice(input.as_bytes());
    log.extend_from_slice(b"}\n");
}

/// The bytes of an image, with which the log `next_log` begins.
pub(super) fn image(network: &Network, now: Millis, next_log: LogNumber) -> Vec<u8> {
    serde_json::to_vec(&ImageOf {
        format: FORMAT,
        now,
        next_log,
        network,
    })
    .expect("plain data with string keys")
}

impl Journal {
    /// The journal of a data directory.
    pub(super) fn in_folder(folder: &Path) -> Journal {
        Journal {
            folder: folder.to_owned(),
        }
    }

    fn image_file(&self) -> PathBuf {
        self.folder.join("network.json")
    }

    fn log_file(&self, number: LogNumber) -> PathBuf {
        self.folder.join(format!("network.{number}.log"))
    }

    /// The network as it was left, from the image and the logs before `until`; an empty one if nothing was.
    ///
    /// A last line that is not whole is what a crash leaves behind: nobody has heard of it, and it is passed over.
    pub(super) fn recover(&self, until: LogNumber) -> Result<Recovered, SandboxError> {
        let mut found = self.read_image()?;
        loop {
            let path = self.log_file(found.next_log);
            if found.next_log >= until || !path.exists() {
                return Ok(found);
            }
            let next = fs::metadata(self.log_file(found.next_log + 1));
            let is_last = next.map_or(true, |next| next.len() == 0);
            replay(&path, is_last, &mut found)?;
            found.next_log += 1;
        }
    }

    fn read_image(&self) -> Result<Recovered, SandboxError> {
        let path = self.image_file();
        let Some(bytes) = read_if_there(&path)? else {
            return Ok(Recovered {
                network: Network::blank(),
                now: 0,
                next_log: 1,
            });
        };
        let bad = |why: String| damaged(&path, why);
        let head: Head = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
        if head.format != FORMAT {
            return Err(bad(format!(
                "it has format {}, this version reads {FORMAT}",
                head.format
            )));
        }
        let image: Image = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
        Ok(Recovered {
            network: image.network.revived(),
            now: image.now,
            next_log: image.next_log,
        })
    }

    /// Puts an image in the place of the one before and of all logs that it covers.
    pub(super) fn put_image(&self, bytes: &[u8], next_log: LogNumber) -> Result<(), SandboxError> {
        write_whole(&self.image_file(), bytes)?;
        self.forget_logs(next_log)
    }

    /// Removes the logs before `next_log`. One that stays behind does no harm: the image says where to begin.
    fn forget_logs(&self, next_log: LogNumber) -> Result<(), SandboxError> {
        let failed = |source| failed(&self.folder, source);
        for entry in fs::read_dir(&self.folder).map_err(failed)?.flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| {
                let digits = name.strip_prefix("network.")?.strip_suffix(".log")?;
                digits.parse::<LogNumber>().ok()
            });
            if number.is_some_and(|number| number < next_log) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Begins an empty log.
    pub(super) fn begin_log(&self, number: LogNumber) -> Result<File, SandboxError> {
        let path = self.log_file(number);
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| failed(&path, source))?;
        // The name must outlive a power cut as well as the content.
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| failed(&self.folder, source))?;
        Ok(file)
    }
}

/// Plays one log upon what was found so far.
fn replay(path: &Path, is_last: bool, found: &mut Recovered) -> Result<(), SandboxError> {
    let mut reader = BufReader::new(File::open(path).map_err(|source| failed(path, source))?);
    let mut text = Vec::new();
    let mut torn: Option<(usize, String)> = None;
    for number in 1_usize.. {
        text.clear();
        let read = reader
            .read_until(b'\n', &mut text)
            .map_err(|source| failed(path, source))?;
        if read == 0 {
            break;
        }
        match serde_json::from_slice::<Line>(&text) {
            // Something whole after something broken: this is no torn end.
            Ok(_) if let Some((line, why)) = torn => {
                return Err(damaged(path, format!("line {line}: {why}")));
            }
            Ok(line) => {
                found.now = found.now.max(line.at);
                line.input.replay(&mut found.network, found.now);
                // Whoever was to hear of it has.
                found.network.take_effects();
            }
            Err(error) => torn = torn.or(Some((number, error.to_string()))),
        }
    }
    match torn {
        Some((line, why)) if !is_last => Err(damaged(path, format!("line {line}: {why}"))),
        Some((line, _)) => {
            tracing::warn!(
                line,
                "the sandbox's log ends in the middle of a line, as after a crash"
            );
            Ok(())
        }
        None => Ok(()),
    }
}

fn damaged(path: &Path, why: String) -> SandboxError {
    SandboxError::Snapshot {
        path: path.to_owned(),
        why,
    }
}

fn failed(path: &Path, source: std::io::Error) -> SandboxError {
    SandboxError::DataDir {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test panics where it fails")]
    use std::io::Write as _;

    use super::*;
    use crate::sandbox::network::{Input, Number, Rules, inputs};

    fn rules() -> Rules {
        Rules {
            seed: 1,
            sync_ms: 0,
            ref_ms: 100,
        }
    }

    fn phone(digits: &str) -> inputs::CreatePhone {
        inputs::CreatePhone {
            phone: Number::parse(digits).unwrap(),
            name: None,
        }
    }

    fn lines(inputs: &[String]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (at, input) in (100..).zip(inputs) {
            append(&mut bytes, at, input);
        }
        bytes
    }

    fn phones(found: &Recovered) -> usize {
        found.network.phones().len()
    }

    /// A folder with a log of a start and two phones, as bytes.
    fn two_phones() -> (tempfile::TempDir, Journal, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::in_folder(folder.path());
        let boot = inputs::Boot { rules: rules() }.written();
        let log = lines(&[
            boot,
            phone("5511900000001").written(),
            phone("5511900000002").written(),
        ]);
        journal.begin_log(1).unwrap().write_all(&log).unwrap();
        (folder, journal, log)
    }

    #[test]
    fn an_empty_folder_is_an_empty_network() {
        let folder = tempfile::tempdir().unwrap();
        let found = Journal::in_folder(folder.path()).recover(LogNumber::MAX).unwrap();
        assert_eq!((phones(&found), found.next_log), (0, 1));
    }

    #[test]
    fn logs_are_played_upon_the_image_and_forgotten_with_the_next() {
        let (_folder, journal, _) = two_phones();
        let found = journal.recover(LogNumber::MAX).unwrap();
        assert_eq!((phones(&found), found.now, found.next_log), (2, 102, 2));
        journal
            .put_image(&image(&found.network, found.now, 2), 2)
            .unwrap();
        assert!(!journal.log_file(1).exists());
        let more = lines(&[phone("5511900000003").written()]);
        journal.begin_log(2).unwrap().write_all(&more).unwrap();
        let found = journal.recover(LogNumber::MAX).unwrap();
        assert_eq!((phones(&found), found.next_log), (3, 3));
        assert_eq!(found.now, 102, "time does not go back");
        let earlier = journal.recover(2).unwrap();
        assert_eq!((phones(&earlier), earlier.next_log), (2, 2));
    }

    #[test]
    fn a_log_may_end_anywhere() {
        let (_folder, journal, log) = two_phones();
        let whole_lines = |length: usize| log[..length].iter().filter(|byte| **byte == b'\n').count();
        for length in 0..=log.len() {
            journal.begin_log(1).unwrap().write_all(&log[..length]).unwrap();
            let found = journal.recover(LogNumber::MAX).unwrap();
            // A line that misses only its break is whole.
            let expected = [whole_lines(length), whole_lines((length + 1).min(log.len()))];
            let seen = phones(&found);
            assert!(
                expected.iter().any(|lines| lines.saturating_sub(1) == seen),
                "{length}: {seen}"
            );
        }
    }

    #[test]
    fn damage_is_said_aloud() {
        let (_folder, journal, log) = two_phones();
        let complaint = || match journal.recover(LogNumber::MAX) {
            Err(SandboxError::Snapshot { why, .. }) => why,
            other => panic!("{:?}", other.map(|found| phones(&found))),
        };
        let mut broken = log.clone();
        broken[2] = b'#';
        journal.begin_log(1).unwrap().write_all(&broken).unwrap();
        assert!(complaint().starts_with("line 1:"), "{}", complaint());
        journal
            .begin_log(1)
            .unwrap()
            .write_all(&log[..log.len() - 5])
            .unwrap();
        journal.begin_log(2).unwrap();
        assert_eq!(
            phones(&journal.recover(LogNumber::MAX).unwrap()),
            1,
            "the log after it is empty"
        );
        journal
            .begin_log(2)
            .unwrap()
            .write_all(&lines(&[phone("5511900000004").written()]))
            .unwrap();
        assert!(complaint().starts_with("line 3:"), "{}", complaint());
        for (bytes, expected) in [
            (&b"{"[..], "EOF"),
            (br#"{"format":1,"state":{}}"#, "it has format 1"),
            (
                br#"{"format":3,"now":1,"next_log":1,"network":{}}"#,
                "missing field",
            ),
        ] {
            write_whole(&journal.image_file(), bytes).unwrap();
            assert!(complaint().contains(expected), "{}", complaint());
        }
    }
}
