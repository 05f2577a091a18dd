//! `zaptor setup`: installs the browser that accounts need, on Debian and its kin.

use std::process::Command;

use serde_json::json;

use super::args;
use super::failure::Failure;
use super::printer::Printer;
use crate::config::{self, Config, Flags};

/// Installs what is missing and shows apt's own progress. Does nothing where all is there.
pub(super) fn run(setup: args::Setup, printer: Printer) -> Result<(), Failure> {
    let config = config::load(None, [], &Flags::default())
        .map_err(|error| Failure::Here(error.to_string()))?
        .config;
    let missing = missing(&config);
    if missing.is_empty() || setup.dry_run {
        if printer.is_json() {
            printer.line(&json!({ "missing": missing }).to_string())?;
        }
        printer.say(&match missing.as_slice() {
            [] => "Everything is there; `zaptor doctor` looks closer.".to_owned(),
            packages => format!("Would install: {}", packages.join(" ")),
        });
        return Ok(());
    }
    apt(&["update"], printer)?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&missing);
    if apt(&install, printer).is_err() && missing.contains(&HEADLESS_SHELL) {
        // An older Debian has the full browser alone.
        printer.say("The headless shell is not to be had here, taking the full browser.");
        apt(
            &[
                "install",
                "-y",
                "--no-install-recommends",
                "chromium",
                "chromium-driver",
            ],
            printer,
        )?;
    }
    match self::missing(&config).as_slice() {
        [] => Ok(()),
        still => Err(Failure::Here(format!("still missing: {}", still.join(" ")))),
    }
}

const HEADLESS_SHELL: &str = "chromium-headless-shell";

fn missing(config: &Config) -> Vec<&'static str> {
    let browser = config::browser(&config.engine)
        .is_none()
        .then_some(HEADLESS_SHELL);
    let driver = config::chromedriver(&config.engine)
        .is_none()
        .then_some("chromium-driver");
    browser.into_iter().chain(driver).collect()
}

/// Runs apt-get as root, itself or through sudo. Its progress is talk, so it goes to stderr.
fn apt(arguments: &[&str], printer: Printer) -> Result<(), Failure> {
    let root = rustix::process::geteuid().is_root();
    let mut words = if root {
        vec!["apt-get"]
    } else {
        vec!["sudo", "apt-get"]
    };
    words.extend(arguments);
    printer.say(&words.join(" "));
    let status = Command::new(words[0])
        .args(&words[1..])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(std::io::stderr())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Here(format!(
            "`{}` ended with {status}",
            words.join(" ")
        ))),
        Err(error) => {
            let as_root = format!("as root, run: apt-get {}", arguments.join(" "));
            Err(Failure::machine(
                format!("cannot run {}", words[0]),
                format!("{error}; {as_root}"),
            ))
        }
    }
}
