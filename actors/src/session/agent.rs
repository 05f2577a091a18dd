//! The agent's files: read from a folder, checked, and put into pages only once they have proven themselves.
//!
//! New sessions get the files that are in use. Others in the folder are looked at when somebody asks for it; they are in
//! use once a session has worked with them ([`AgentFiles::accept`]), and are never taken again once one has not
//! ([`AgentFiles::refuse`]). What is in use is kept in the data folder as well, for a start at which the folder has only
//! files that were refused, or half of a copy.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::Clock;

/// The agent's way of speaking that this program understands: `protocol` in `actors/agent/package.json`.
pub const PROTOCOL: u32 = 3;

const WA_JS: &str = "wa.js";
const AGENT: &str = "agent.js";
/// Where refused builds are written down.
const REFUSED: &str = "refused.json";
/// How many refusals are remembered; the folder has one set of files at a time.
const REFUSALS: usize = 100;

/// The largest file that is taken, in bytes. wa-js has half a megabyte, the agent some twenty kilobytes.
const LARGEST: u64 = 8 << 20;
/// How long files must not have changed to be taken.
const STABLE: Duration = Duration::from_millis(300);
/// How many digits of the checksum name a build.
const ID_DIGITS: usize = 16;

/// wa-js and the agent, checked, as they go into a page together.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentBuild {
    /// SHA-256 over both files, in hexadecimal.
    pub sha256: String,
    /// The agent's version, from its first line.
    pub version: String,
    /// The version of wa-js, from its first lines.
    pub wa_js: String,
    wa_text: String,
    agent_text: String,
}

impl std::fmt::Debug for AgentBuild {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "AgentBuild({} {}, wa-js {})",
            self.id(),
            self.version,
            self.wa_js
        )
    }
}

impl AgentBuild {
    /// The build's name: the first 16 digits of its checksum. The page's agent reports it.
    pub fn id(&self) -> &str {
        &self.sha256[..ID_DIGITS]
    }

    /// Checks two texts.
    fn of(wa_text: String, agent_text: String) -> Result<Self, AgentError> {
        let banner = |text: &str, before: &str| -> Option<String> {
            let head: String = text.chars().take(1_000).collect();
            let rest = head.split_once(before)?.1;
            Some(rest.split_once("*/")?.0.trim().to_owned())
        };
        let bad = |file: &'static str, what: &str| AgentError::Unfit {
            file,
            what: what.to_owned(),
        };
        let wa_js = banner(&wa_text, "/*! wppconnect-team/wa-js v")
            .ok_or_else(|| bad(WA_JS, "its first lines do not say which version of wa-js it is"))?;
        let head = banner(&agent_text, "/*! zaptor-agent ").ok_or_else(|| {
            bad(
                AGENT,
                "its first line does not say which version of the agent it is",
            )
        })?;
        if !agent_text.trim_end().ends_with("/*! zaptor-agent end */") {
            return Err(bad(AGENT, "it has no end: half of it is missing"));
        }
        let (version, protocol) = head
            .split_once(" protocol ")
            .ok_or_else(|| bad(AGENT, "its first line names no protocol"))?;
        if protocol.parse() != Ok(PROTOCOL) {
            let what =
                format!("it speaks protocol {protocol}, and this Zaptor speaks {PROTOCOL}: they do not fit");
            return Err(bad(AGENT, &what));
        }
        let mut hash = Sha256::new();
        for text in [&wa_text, &agent_text] {
            hash.update(text.len().to_be_bytes());
            hash.update(text.as_bytes());
        }
        Ok(Self {
            sha256: hexadecimal(&hash.finalize()),
            version: version.to_owned(),
            wa_js,
            wa_text,
            agent_text,
        })
    }

    /// What is put before the scripts of the page at `origin`. Frames and other origins never get it.
    pub(crate) fn injection(&self, origin: &str) -> String {
        let (origin, id) = (
            serde_json::Value::from(origin),
            serde_json::Value::from(self.id()),
        );
        format!(
            "if (window === window.top && location.origin === {origin}) {{\n\
             window.WPPConfig = {{ disableGoogleAnalytics: true }};\n\
             globalThis.__zaptorBuild = {id};\n{}\n;{}\n}}",
            self.wa_text, self.agent_text
        )
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Why files are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {error}")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        error: String,
    },
    /// A file is not what it should be.
    #[error("{file} is not taken: {what}")]
    Unfit {
        /// Which.
        file: &'static str,
        /// Why.
        what: String,
    },
    /// The files changed while they were read.
    #[error("the files are being written; try again once they are whole")]
    Unstable,
    /// These very files have failed before.
    #[error("these files ({id}) were tried and failed: {why}")]
    Refused {
        /// Which build.
        id: String,
        /// How they failed.
        why: String,
    },
    /// What is in use could not be kept in the data folder.
    #[error("the files in use could not be kept in {path}: {error}")]
    NotKept {
        /// Where.
        path: String,
        /// Why.
        error: String,
    },
}

/// The agent's files of an engine. Shared by all its sessions.
#[derive(Debug)]
pub struct AgentFiles {
    folder: PathBuf,
    kept: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    current: Arc<AgentBuild>,
    /// What was found in the folder last and is not in use.
    candidate: Option<Arc<AgentBuild>>,
    refused: BTreeMap<String, String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Refusals(BTreeMap<String, String>);

impl AgentFiles {
    /// Opens the files in `folder` for use, or those kept in `kept` where they do not serve. Makes `kept`.
    ///
    /// # Errors
    /// When neither place has files that serve; the error is about `folder`.
    pub fn open(folder: PathBuf, kept: PathBuf) -> Result<Self, AgentError> {
        let refused = fs::read(kept.join(REFUSED))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Refusals>(&bytes).ok())
            .unwrap_or_default()
            .0;
        let fresh = read(&folder).and_then(|build| not_refused(build, &refused));
        let current = match fresh {
            Ok(build) => build,
            Err(error) => match read(&kept) {
                Ok(build) => {
                    tracing::warn!(target: "zaptor::session", %error, kept = build.id(),
                        "the agent's files are not taken; those that served last are");
                    build
                }
                Err(_) => return Err(error),
            },
        };
        let files = Self {
            folder,
            kept,
            state: Mutex::new(State {
                current: Arc::new(current),
                candidate: None,
                refused,
            }),
        };
        // So that a later start has something to fall back on, if by then the folder holds files that were refused.
        let current = files.current();
        if let Err(error) = files.keep(&current) {
            tracing::warn!(target: "zaptor::session", %error, "the agent's files in use could not be kept");
        }
        Ok(files)
    }

    /// The files that new sessions get.
    pub fn current(&self) -> Arc<AgentBuild> {
        Arc::clone(&self.state.lock().current)
    }

    /// The folder that is looked into.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Looks into the folder for files that have not been tried; takes a moment, to be sure that nobody is writing them.
    /// Gives what is in use where nothing has changed.
    ///
    /// # Errors
    /// [`AgentError`] for files that cannot be tried.
    pub async fn look(&self, clock: &Clock) -> Result<Arc<AgentBuild>, AgentError> {
        let before = stamps(&self.folder)?;
        clock.sleep(STABLE).await;
        let build = read(&self.folder)?;
        if stamps(&self.folder)? != before {
            return Err(AgentError::Unstable);
        }
        let mut state = self.state.lock();
        if build == *state.current {
            return Ok(Arc::clone(&state.current));
        }
        let build = Arc::new(not_refused(build, &state.refused)?);
        state.candidate = Some(Arc::clone(&build));
        Ok(build)
    }

    /// The files of this name, if they are in use or were found in the folder last.
    pub fn find(&self, id: &str) -> Option<Arc<AgentBuild>> {
        let state = self.state.lock();
        let known = [Some(&state.current), state.candidate.as_ref()];
        known
            .into_iter()
            .flatten()
            .find(|build| build.id() == id)
            .cloned()
    }

    /// These files have worked: new sessions get them, and they are kept in the data folder.
    ///
    /// # Errors
    /// [`AgentError::NotKept`]; they are in use all the same, as long as this process lives.
    pub fn accept(&self, build: &Arc<AgentBuild>) -> Result<(), AgentError> {
        self.state.lock().current = Arc::clone(build);
        self.keep(build).map_err(|error| AgentError::NotKept {
            path: self.kept.display().to_string(),
            error: error.to_string(),
        })
    }

    /// These files have failed: they are not taken again, not after a restart either. `why` is for people.
    pub fn refuse(&self, build: &AgentBuild, why: &str) {
        let mut state = self.state.lock();
        if build == &*state.current {
            return;
        }
        state.refused.insert(build.sha256.clone(), why.to_owned());
        while state.refused.len() > REFUSALS {
            state.refused.pop_first();
        }
        let text = serde_json::to_vec(&state.refused).unwrap_or_default();
        drop(state);
        if let Err(error) = self.write(REFUSED, &text) {
            tracing::warn!(target: "zaptor::session", %error, "a refusal of agent's files could not be written down");
        }
    }

    fn keep(&self, build: &AgentBuild) -> io::Result<()> {
        self.write(WA_JS, build.wa_text.as_bytes())?;
        self.write(AGENT, build.agent_text.as_bytes())
    }

    /// Written aside and moved into place: whoever reads it has all of it or what was there before.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        use io::Write as _;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.kept)?;
        let fresh = self.kept.join(format!("{name}.new"));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(fresh, self.kept.join(name))
    }
}

fn not_refused(build: AgentBuild, refused: &BTreeMap<String, String>) -> Result<AgentBuild, AgentError> {
    match refused.get(&build.sha256) {
        Some(why) => Err(AgentError::Refused {
            id: build.id().to_owned(),
            why: why.clone(),
        }),
        None => Ok(build),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> AgentError {
    AgentError::Unreadable {
        path: path.display().to_string(),
        error: error.to_string(),
    }
}

/// What tells a changed file: its size and the time of its last change.
fn stamps(folder: &Path) -> Result<Vec<(u64, Option<std::time::SystemTime>)>, AgentError> {
    let stamp = |name: &str| {
        let path = folder.join(name);
        let about = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        Ok((about.len(), about.modified().ok()))
    };
    [WA_JS, AGENT].into_iter().map(stamp).collect()
}

fn read(folder: &Path) -> Result<AgentBuild, AgentError> {
    let text = |name: &'static str| {
        let path = folder.join(name);
        let size = fs::metadata(&path)
            .map_err(|error| unreadable(&path, &error))?
            .len();
        if size > LARGEST {
            let what = format!("it has {size} bytes, more than {LARGEST}");
            return Err(AgentError::Unfit { file: name, what });
        }
        fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))
    };
    AgentBuild::of(text(WA_JS)?, text(AGENT)?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    const WA: &str = "/*! licence */\n/*! wppconnect-team/wa-js v4.6.0 */\n(() => {})();";

    fn agent(version: &str) -> String {
        format!(
            "/*! zaptor-agent {version} protocol {PROTOCOL} */\n(() => {{}})();\n/*! zaptor-agent end */\n"
        )
    }

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let place = Self {
                folder: tempfile::tempdir().unwrap(),
            };
            fs::create_dir(place.dir()).unwrap();
            place.put(WA, &agent("1.0.0"));
            place
        }

        fn dir(&self) -> PathBuf {
            self.folder.path().join("agent")
        }

        fn put(&self, wa: &str, agent: &str) {
            fs::write(self.dir().join(WA_JS), wa).unwrap();
            fs::write(self.dir().join(AGENT), agent).unwrap();
        }

        fn open(&self) -> Result<AgentFiles, AgentError> {
            AgentFiles::open(self.dir(), self.folder.path().join("kept"))
        }
    }

    #[tokio::test]
    async fn new_files_are_used_only_once_they_have_worked() {
        let place = Place::new();
        let files = place.open().unwrap();
        let first = files.current();
        assert_eq!(
            (&*first.version, &*first.wa_js, first.id().len()),
            ("1.0.0", "4.6.0", 16)
        );
        place.put(WA, &agent("1.1.0"));
        let fresh = files.look(&Clock::system()).await.unwrap();
        assert_eq!(fresh.version, "1.1.0");
        assert_eq!(files.current(), first, "looking changes nothing");
        files.accept(&fresh).unwrap();
        assert_eq!(files.current(), fresh);
    }

    #[tokio::test]
    async fn files_that_failed_are_never_taken_again_not_after_a_restart_either() {
        let place = Place::new();
        let files = place.open().unwrap();
        let first = files.current();
        files.accept(&first).unwrap();
        place.put(WA, &agent("6.6.6"));
        let bad = files.look(&Clock::system()).await.unwrap();
        files.refuse(&bad, "no round trip");
        let again = files.look(&Clock::system()).await.unwrap_err();
        assert!(
            matches!(&again, AgentError::Refused { why, .. } if why == "no round trip"),
            "{again}"
        );
        let reopened = place.open().unwrap();
        assert_eq!(reopened.current(), first, "what was kept serves");
        reopened.refuse(&first, "what is in use is not refused");
        assert_eq!(place.open().unwrap().current(), first);
    }

    #[test]
    fn files_that_are_not_whole_or_not_ours_are_not_taken() {
        let whole = agent("1.0.0");
        let other = whole.replace(&format!("protocol {PROTOCOL}"), "protocol 1");
        let cases = [
            (
                WA.replace("wppconnect-team/wa-js v", "x"),
                whole.clone(),
                "which version of wa-js",
            ),
            (WA.to_owned(), "hello".to_owned(), "which version of the agent"),
            (
                WA.to_owned(),
                whole[..whole.len() - 10].to_owned(),
                "half of it is missing",
            ),
            (WA.to_owned(), other, "do not fit"),
        ];
        for (wa, agent, says) in cases {
            let error = AgentBuild::of(wa, agent).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let place = Place::new();
        let large = vec![b' '; usize::try_from(LARGEST).unwrap() + 1];
        fs::write(place.dir().join(WA_JS), large).unwrap();
        assert!(place.open().unwrap_err().to_string().contains("more than"));
        fs::remove_file(place.dir().join(WA_JS)).unwrap();
        assert!(matches!(place.open(), Err(AgentError::Unreadable { .. })));
    }

    #[test]
    fn the_page_is_told_which_files_it_got_and_other_origins_get_none() {
        let build = AgentBuild::of(WA.to_owned(), agent("1.0.0")).unwrap();
        let script = build.injection("https://web.whatsapp.com");
        assert!(
            script.starts_with(
                "if (window === window.top && location.origin === \"https://web.whatsapp.com\") {"
            )
        );
        assert!(script.contains(&format!("__zaptorBuild = \"{}\"", build.id())));
        assert!(script.ends_with('}'));
    }
}
