//! Finds the programs and scripts that a session is made of.

use std::{
    env, fs, io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Settings;
use crate::session::{AgentFiles, SessionError};

/// The programs' own files come first: what Debian puts into PATH are shell scripts around them, one process more each.
const SHELLS: [&str; 3] = [
    "/usr/lib/chromium/chromium-headless-shell",
    "chromium-headless-shell",
    "chrome-headless-shell",
];
const BROWSERS: [&str; 4] = [
    "/usr/lib/chromium/chromium",
    "chromium",
    "google-chrome-stable",
    "google-chrome",
];
const DRIVERS: [&str; 2] = ["chromedriver", "/usr/lib/chromium/chromedriver"];

/// Everything that is looked for once, when the engine is made.
pub(super) struct Programs {
    pub(super) browser: PathBuf,
    /// What chromedriver is told to start: the browser itself, or this program as the start of it.
    pub(super) start: PathBuf,
    pub(super) chromedriver: PathBuf,
    pub(super) agent: Arc<AgentFiles>,
}

impl Programs {
    /// Finds the programs. `data_dir` takes the starter that the headless shell needs, and the agent's files in use.
    pub(super) fn find(settings: &Settings, data_dir: &Path) -> Result<Self, SessionError> {
        let found = first(&settings.chromium_path, &[&SHELLS[..], &BROWSERS[..]].concat());
        let browser = found.ok_or_else(|| missing("chromium-headless-shell or chromium", "chromium_path"))?;
        let chromedriver = first(&settings.chromedriver_path, &DRIVERS)
            .ok_or_else(|| missing("chromedriver (Debian: chromium-driver)", "chromedriver_path"))?;
        let headless_shell = browser
            .file_name()
            .is_some_and(|name| name.to_string_lossy().contains("headless-shell"));
        let browser = if headless_shell {
            starter(&browser, data_dir)
                .map_err(|error| SessionError::Open(format!("the headless shell's starter: {error}")))?
        } else {
            browser
        };
        let start = if settings.guard.as_os_str().is_empty() {
            browser.clone()
        } else {
            start_link(&settings.guard, data_dir)
                .map_err(|error| SessionError::Open(format!("the browsers' start: {error}")))?
        };
        Ok(Self {
            browser,
            start,
            chromedriver,
            agent: Arc::new(agent(&settings.agent_dir, data_dir)?),
        })
    }
}

/// The agent's files; what is in use is kept in `data_dir`.
fn agent(configured: &Path, data_dir: &Path) -> Result<AgentFiles, SessionError> {
    let folder = agent_dir(configured)?;
    AgentFiles::open(folder, data_dir.join("run/agent")).map_err(|error| {
        let mend = "run `npm run build` in actors/agent, or set agent_dir";
        SessionError::Open(format!("the agent's files: {error}; {mend}"))
    })
}

fn missing(what: &str, key: &str) -> SessionError {
    SessionError::Open(format!("{what} is not installed; install it, or set {key}"))
}

/// The configured path, or the first of `names` that exists: as it stands, or in PATH.
fn first(configured: &Path, names: &[&str]) -> Option<PathBuf> {
    if !configured.as_os_str().is_empty() {
        return configured.is_file().then(|| configured.to_owned());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    names.iter().find_map(|name| {
        if name.starts_with('/') {
            return Some(PathBuf::from(name)).filter(|file| file.is_file());
        }
        env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

/// The configured folder, whatever is in it: those files that served last are in the data folder. Or the first of the
/// usual places that has both files.
fn agent_dir(configured: &Path) -> Result<PathBuf, SessionError> {
    if !configured.as_os_str().is_empty() {
        return Ok(configured.to_owned());
    }
    let beside = env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join("agent")));
    let usual = [
        Some(PathBuf::from("actors/agent/dist")),
        beside,
        Some(PathBuf::from("/usr/share/zaptor/agent")),
    ];
    let has_both = |folder: &PathBuf| folder.join("wa.js").is_file() && folder.join("agent.js").is_file();
    usual.into_iter().flatten().find(has_both).ok_or_else(|| {
        SessionError::Open(
            "wa.js and agent.js are nowhere; run `npm run build` in actors/agent, or set agent_dir"
                .to_owned(),
        )
    })
}

/// The program under the name by which it starts browsers: a link in `data_dir`, made anew because it may lead to a
/// process by its number.
fn start_link(program: &Path, data_dir: &Path) -> io::Result<PathBuf> {
    let folder = data_dir.join("run");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)?;
    let link = fs::canonicalize(&folder)?.join(super::guard::BROWSER);
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(program, &link)?;
    Ok(link)
}

/// The headless shell opens no page unless it is given an address, and chromedriver gives it none: it would wait for a
/// page for a minute and give up. Arguments that are no switches cannot be configured, so a starter adds the address.
/// It becomes the browser (`exec`), so it costs no process.
fn starter(browser: &Path, data_dir: &Path) -> io::Result<PathBuf> {
    use std::io::Write as _;
    let folder = data_dir.join("run");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)?;
    let path = fs::canonicalize(&folder)?.join("headless-shell");
    let quoted = browser.display().to_string().replace('\'', r"'\''");
    let text = format!("#!/bin/sh\nexec '{quoted}' \"$@\" about:blank\n");
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(path);
    }
    // Written aside and moved into place: a browser that is just starting never reads half of it.
    let fresh = path.with_extension(std::process::id().to_string());
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o700)
        .open(&fresh)?;
    file.write_all(text.as_bytes())?;
    drop(file);
    fs::rename(&fresh, &path)?;
    Ok(path)
}
