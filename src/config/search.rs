//! Finds on this machine what the configuration leaves open: the browser, its driver, the scripts for the page.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::sections::{ChromiumSandbox, Engine};

/// Programs that are looked for, the best first. Debian's commands are shell scripts around the programs in /usr/lib,
/// which would outlive their script when that is killed, so those come before them.
const BROWSERS: [&str; 7] = [
    "/usr/lib/chromium/chromium-headless-shell",
    "chromium-headless-shell",
    "chrome-headless-shell",
    "/usr/lib/chromium/chromium",
    "chromium",
    "chromium-browser",
    "google-chrome",
];

/// A browser that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    /// Its program.
    pub path: PathBuf,
    /// Whether it is the headless shell, which takes other arguments than the full browser.
    pub headless_shell: bool,
}

/// The browser that the settings name, or the best one installed. Nothing if there is none; a path that is named is
/// given back even if nothing is there, so that the start fails with that name.
pub fn browser(engine: &Engine) -> Option<Browser> {
    let path = match engine.chromium_path.as_str() {
        "" => BROWSERS.iter().find_map(|name| program(name))?,
        named => PathBuf::from(named),
    };
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .replace('_', "-");
    Some(Browser {
        headless_shell: name.contains("headless-shell"),
        path,
    })
}

/// The chromedriver that the settings name, or the one installed.
pub fn chromedriver(engine: &Engine) -> Option<PathBuf> {
    match engine.chromedriver_path.as_str() {
        "" => program("chromedriver").or_else(|| program("/usr/lib/chromium/chromedriver")),
        named => Some(PathBuf::from(named)),
    }
}

/// Whether Chromium is to be started with its own sandbox: as the settings say, or as this machine can. Tries it out
/// by starting a process in a user namespace of its own, so it is asked once, at the start.
pub fn chromium_sandbox(engine: &Engine) -> bool {
    match engine.chromium_sandbox {
        ChromiumSandbox::On => true,
        ChromiumSandbox::Off => false,
        ChromiumSandbox::Auto => !rustix::process::geteuid().is_root() && user_namespaces_work(),
    }
}

fn user_namespaces_work() -> bool {
    let mut probe = Command::new("unshare");
    probe.args(["--user", "--map-root-user", "true"]);
    probe
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// The folder with the scripts for the page: the one that the settings name, else `agent` in the data folder, beside
/// the program or under /usr/share, else the one of the source tree that the program was built from.
pub fn agent_dir(engine: &Engine, data_dir: &Path) -> Option<PathBuf> {
    if !engine.agent_dir.is_empty() {
        return Some(PathBuf::from(&engine.agent_dir));
    }
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join("agent")));
    let places = [
        Some(data_dir.join("agent")),
        beside,
        Some(PathBuf::from("/usr/share/zaptor/agent")),
        Some(PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/actors/agent/dist"
        ))),
    ];
    places.into_iter().flatten().find(|place| place.is_dir())
}

/// The full path of a program in PATH, or the path itself if there is a file.
fn program(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        let path = PathBuf::from(name);
        return path.is_file().then_some(path);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::super::{Flags, load};
    use super::*;

    #[test]
    fn a_named_browser_is_taken_as_it_is() {
        let mut flags = Flags::default();
        flags.set("--test", "engine.chromium_path", "/opt/chrome-headless-shell");
        let engine = load(None, [], &flags).unwrap().config.engine;
        let expected = Browser {
            path: PathBuf::from("/opt/chrome-headless-shell"),
            headless_shell: true,
        };
        assert_eq!(browser(&engine), Some(expected));
    }

    #[test]
    fn arguments_fit_the_browser() {
        let engine = load(None, [], &Flags::default()).unwrap().config.engine;
        let has = |arguments: &[String], flag: &str| arguments.iter().any(|argument| argument == flag);
        let shell = engine.arguments(true, true);
        assert!(has(&shell, "--in-process-gpu") && !has(&shell, "--headless=new"));
        let full = engine.arguments(false, true);
        assert!(!has(&full, "--in-process-gpu") && has(&full, "--headless=new"));
        for flag in ["--no-sandbox", "--no-zygote"] {
            assert!(
                !has(&shell, flag) && has(&engine.arguments(true, false), flag),
                "{flag}"
            );
        }
    }
}
