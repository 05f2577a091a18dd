//! `zaptor doctor`: what this machine lacks, and how to mend it. It changes nothing.

use std::fs;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

use super::args::Node;
use super::failure::Failure;
use super::node;
use super::printer::{Printer, table};
use crate::config::{self, Config};

/// How long a program may take to print its version, or a server to accept a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the page reads, see `engine.agent_dir`.
const AGENT_FILES: [&str; 2] = ["wa.js", "agent.js"];
/// A browser with WhatsApp Web takes some hundreds of MiB.
const MEMORY_MIN_MIB: u64 = 1024;

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// It works, but not well.
    Warning,
    /// It does not work.
    Bad,
}

fn ok(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        check,
        verdict: Verdict::Ok,
        detail: detail.into(),
    }
}

fn warning(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        check,
        verdict: Verdict::Warning,
        detail: detail.into(),
    }
}

fn bad(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        check,
        verdict: Verdict::Bad,
        detail: detail.into(),
    }
}

pub(super) fn run(node: Node, printer: Printer) -> Result<(), Failure> {
    let config = node::effective(&node, node::flags(&node))?.config;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::machine("cannot start", error))?;
    let findings = runtime.block_on(look(&config));
    printer.data(&json!(findings), |_| {
        let mut rows = table(["CHECK", "", "DETAIL"]);
        for finding in &findings {
            let verdict = match finding.verdict {
                Verdict::Ok => "ok",
                Verdict::Warning => "warning",
                Verdict::Bad => "BAD",
            };
            rows.add_row([finding.check, verdict, &finding.detail]);
        }
        rows
    })?;
    match findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Bad)
        .count()
    {
        0 => Ok(()),
        count => Err(Failure::Here(format!(
            "{count} of {} checks failed",
            findings.len()
        ))),
    }
}

async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = browser(config).await;
    findings.push(browser_sandbox(config));
    findings.push(agent(config));
    findings.push(data_dir(&config.data.dir));
    findings.push(database(config).await);
    if !config.bus.redis_url.is_empty() {
        findings.push(server("redis", &config.bus.redis_url, 6379).await);
    }
    findings.push(port(
        "port",
        SocketAddr::new(config.server.host, config.server.port),
    ));
    if config.sandbox.enabled && config.sandbox.url.is_empty() {
        findings.push(port(
            "sandbox port",
            SocketAddr::from(([127, 0, 0, 1], config.sandbox.port)),
        ));
    }
    findings.push(memory());
    findings
}

/// The browser, its driver, and whether their versions fit.
async fn browser(config: &Config) -> Vec<Finding> {
    let mend = "`zaptor setup` installs it, or name it in engine.";
    let browser = match config::browser(&config.engine) {
        Some(browser) => Some((version(&browser.path).await, browser)),
        None => None,
    };
    let driver = match config::chromedriver(&config.engine) {
        Some(path) => Some((version(&path).await, path)),
        None => None,
    };
    let browser_finding = match &browser {
        None => bad("browser", format!("there is no Chromium; {mend}chromium_path")),
        Some((Err(why), browser)) => bad("browser", format!("{}: {why}", browser.path.display())),
        Some((Ok(version), browser)) if browser.headless_shell => {
            ok("browser", format!("{} {version}", browser.path.display()))
        }
        Some((Ok(version), browser)) => {
            let advice = "chromium-headless-shell would take half the memory";
            warning(
                "browser",
                format!("{} {version}; {advice}", browser.path.display()),
            )
        }
    };
    let driver_finding = match (&driver, &browser) {
        (None, _) => bad(
            "driver",
            format!("there is no chromedriver; {mend}chromedriver_path"),
        ),
        (Some((Err(why), path)), _) => bad("driver", format!("{}: {why}", path.display())),
        (Some((Ok(driver), path)), Some((Ok(browser), _))) if major(driver) != major(browser) => {
            let detail = format!("{} {driver} does not fit the browser's {browser}", path.display());
            bad("driver", format!("{detail}; install both from one source"))
        }
        (Some((Ok(version), path)), _) => ok("driver", format!("{} {version}", path.display())),
    };
    vec![browser_finding, driver_finding]
}

/// Whether the page is locked away from this machine.
fn browser_sandbox(config: &Config) -> Finding {
    let check = "browser sandbox";
    if config::chromium_sandbox(&config.engine) {
        return ok(check, "on: the page is locked away from this machine");
    }
    // A container is a lock of its own; elsewhere the page has the rights of the user who runs Zaptor.
    if Path::new("/.dockerenv").exists() {
        return ok(
            check,
            "off: it cannot run in this container, which takes its place",
        );
    }
    let mend = "run Zaptor as a user that is not root, on a kernel that gives it user namespaces";
    warning(
        check,
        format!("off: the page could reach what this user can; {mend}"),
    )
}

/// The number in what a program prints as its version.
async fn version(program: &Path) -> Result<String, String> {
    let output = Command::new(program).arg("--version").kill_on_drop(true).output();
    match timeout(PATIENCE, output).await {
        Err(_) => Err(format!(
            "did not tell its version within {} s",
            PATIENCE.as_secs()
        )),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(output)) => number(&String::from_utf8_lossy(&output.stdout)).ok_or_else(|| {
            format!(
                "told no version: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )
        }),
    }
}

/// The first word that looks like a version.
fn number(text: &str) -> Option<String> {
    let is_version = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
    text.split_whitespace().find(is_version).map(str::to_owned)
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

fn agent(config: &Config) -> Finding {
    let Some(folder) = config::agent_dir(&config.engine, &config.data.dir) else {
        let mend = "build them with `make setup`, or name their folder in engine.agent_dir";
        return bad("agent", format!("the scripts for the page are nowhere; {mend}"));
    };
    let missing: Vec<&str> = AGENT_FILES
        .into_iter()
        .filter(|name| !folder.join(name).is_file())
        .collect();
    if missing.is_empty() {
        ok("agent", folder.display().to_string())
    } else {
        bad(
            "agent",
            format!("{} lacks {}", folder.display(), missing.join(" and ")),
        )
    }
}

fn data_dir(folder: &Path) -> Finding {
    let shown = folder.display();
    let Ok(metadata) = fs::metadata(folder) else {
        return ok("data folder", format!("{shown} is made at the first start"));
    };
    let mode = metadata.permissions().mode() & 0o777;
    if !metadata.is_dir() {
        bad(
            "data folder",
            format!("{shown} is not a folder; name another in data.dir"),
        )
    } else if tempfile_in(folder).is_err() {
        bad(
            "data folder",
            format!("{shown} cannot be written to; give it to the user who runs Zaptor"),
        )
    } else if mode & 0o077 != 0 {
        bad(
            "data folder",
            format!("{shown} is open to others ({mode:o}); chmod 700 {shown}"),
        )
    } else {
        ok("data folder", shown.to_string())
    }
}

/// Writes a file there and takes it away again.
fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    fs::write(&probe, b"")?;
    fs::remove_file(probe)
}

async fn database(config: &Config) -> Finding {
    let url = &config.store.url;
    if url.starts_with("postgres") {
        return server("database", url, 5432).await;
    }
    match url
        .strip_prefix("sqlite://")
        .map(|path| path.split('?').next().unwrap_or_default())
    {
        None => ok("database", "SQLite in the data folder"),
        Some(path) => match Path::new(path).parent() {
            Some(folder) if folder.is_dir() => ok("database", path.to_owned()),
            _ => bad(
                "database",
                format!("the folder of {path} is missing; make it, or mend store.url"),
            ),
        },
    }
}

/// Whether somebody listens at the address. Its password is never shown.
async fn server(check: &'static str, url: &str, default_port: u16) -> Finding {
    let Ok(url) = Url::parse(url) else {
        return bad(check, "its address cannot be read");
    };
    let (host, port) = (
        url.host_str().unwrap_or("localhost").to_owned(),
        url.port().unwrap_or(default_port),
    );
    match timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await {
        Ok(Ok(_)) => ok(check, format!("{host}:{port} accepts connections")),
        Ok(Err(error)) => bad(check, format!("{host}:{port}: {error}; is it running?")),
        Err(_) => bad(check, format!("{host}:{port} does not answer")),
    }
}

fn port(check: &'static str, address: SocketAddr) -> Finding {
    if address.port() == 0 {
        return ok(check, "a free one is taken");
    }
    match TcpListener::bind(address) {
        Ok(_) => ok(check, format!("{address} is free")),
        Err(error) if is_ours(address) => warning(
            check,
            format!("{address}: {error}; perhaps by a Zaptor that runs"),
        ),
        Err(error) => bad(
            check,
            format!("{address}: {error}; choose another, or 0 for a free one"),
        ),
    }
}

/// Whether something accepts connections there, as a running Zaptor would.
fn is_ours(address: SocketAddr) -> bool {
    let Some(address) = address.to_socket_addrs().ok().and_then(|mut all| all.next()) else {
        return false;
    };
    std::net::TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

fn memory() -> Finding {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib: Option<u64> = available.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    match kib.map(|kib| kib / 1024) {
        None => warning("memory", "cannot be read on this machine"),
        Some(mib) if mib < MEMORY_MIN_MIB => warning(
            "memory",
            format!("{mib} MiB are available; one account takes some hundreds"),
        ),
        Some(mib) => ok("memory", format!("{mib} MiB are available")),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_print() {
        let driver =
            number("ChromeDriver 156.0.8078.79 (a21ce95c24ce-refs/branch-heads/8078@{#1704})").unwrap();
        let browser = number("Chromium 156.0.8078.1 built on Debian GNU/Linux 12 (bookworm)").unwrap();
        assert_eq!((major(&driver), major(&browser)), ("156", "156"));
        assert_eq!(number("no version here"), None);
    }

    #[test]
    fn a_folder_that_is_open_to_others_is_bad() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(data_dir(folder.path()).verdict, Verdict::Ok);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(data_dir(folder.path()).verdict, Verdict::Bad);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_taken_port_is_told_from_a_free_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(port("port", address).verdict, Verdict::Warning);
        drop(listener);
        assert_eq!(port("port", address).verdict, Verdict::Ok);
    }
}
