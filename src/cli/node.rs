//! `zaptor up`, `serve`, `sandbox` and `migrate`: from flags to settings, from settings to a running node.

use serde_json::json;

use super::args::{Node, SandboxArguments, Up};
use super::credentials::{self, Credentials, Pass};
use super::failure::Failure;
use super::printer::Printer;
use super::serve_options::{Mode, Ready, ServeOptions};
use super::stop_signal::stop_signal;
use crate::config::{self, Config, Effective, Flags};
use crate::{sandbox, serve, telemetry};

/// The flags of `node` as settings.
pub(super) fn flags(node: &Node) -> Flags {
    let mut flags = Flags::default();
    if let Some(folder) = &node.data_dir {
        flags.set("--data-dir", "data.dir", folder.to_string_lossy().into_owned());
    }
    if let Some(host) = &node.host {
        flags.set("--host", "server.host", host.clone());
    }
    if let Some(port) = node.port {
        flags.set("--port", "server.port", port);
    }
    if let Some(url) = &node.sandbox_url {
        flags.set("--sandbox-url", "sandbox.url", url.clone());
        flags.set("--sandbox-url", "sandbox.enabled", true);
    }
    flags
}

/// The settings that hold for a command with these flags.
pub(super) fn effective(node: &Node, flags: Flags) -> Result<Effective, Failure> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    config::load(node.config.as_deref(), environment, &flags)
        .map_err(|error| Failure::Usage(error.to_string()))
}

/// `zaptor up`
pub(super) fn up(up: Up, printer: Printer) -> Result<(), Failure> {
    let mut flags = flags(&up.node);
    if up.no_sandbox {
        flags.set("--no-sandbox", "sandbox.enabled", false);
        flags.set("--no-sandbox", "sandbox.url", "");
    } else {
        flags.set("up", "sandbox.enabled", true);
    }
    if let Some(port) = up.sandbox_port {
        flags.set("--sandbox-port", "sandbox.port", port);
    }
    let config = effective(&up.node, flags)?.config;
    start(config, Mode::Up, Box::new(move |ready| welcome(&ready, printer)))
}

/// `zaptor serve`
pub(super) fn serve(node: Node, printer: Printer) -> Result<(), Failure> {
    let config = effective(&node, flags(&node))?.config;
    let tell = move |ready: Ready| {
        if printer.is_json() {
            let _ = printer.line(&json!(ready).to_string());
        } else {
            printer.say(&format!("Zaptor serves {}", ready.url));
        }
    };
    start(config, Mode::Serve, Box::new(tell))
}

fn start(config: Config, mode: Mode, on_ready: Box<dyn FnOnce(Ready) + Send>) -> Result<(), Failure> {
    telemetry::start(&config.telemetry).map_err(|error| Failure::machine("logging", error))?;
    let options = ServeOptions {
        config,
        mode,
        on_ready,
    };
    serve::run(options).map_err(|error| Failure::Here(error.to_string()))
}

/// `zaptor migrate`
pub(super) fn migrate(node: Node, printer: Printer) -> Result<(), Failure> {
    let config = effective(&node, flags(&node))?.config;
    telemetry::start(&config.telemetry).map_err(|error| Failure::machine("logging", error))?;
    let migrated = serve::migrate(&config).map_err(|error| Failure::Here(error.to_string()))?;
    if printer.is_json() {
        printer.line(&json!({ "migrations": migrated }).to_string())
    } else {
        printer.line(&match migrated {
            0 => "The database is up to date.".to_owned(),
            ran => format!("{ran} migrations ran; the database is up to date."),
        })
    }
}

/// `zaptor sandbox`: runs until it is asked to stop.
pub(super) fn sandbox(arguments: SandboxArguments, printer: Printer) -> Result<(), Failure> {
    let settings = effective(&Node::default(), Flags::default())?.config;
    telemetry::start(&settings.telemetry).map_err(|error| Failure::machine("logging", error))?;
    actix_web::rt::System::new().block_on(run_sandbox(arguments, settings.sandbox.sync_ms, printer))
}

async fn run_sandbox(arguments: SandboxArguments, sync_ms: u32, printer: Printer) -> Result<(), Failure> {
    let settings = sandbox::Settings {
        port: arguments.port,
        seed: arguments.seed,
        sync_ms: sync_ms.into(),
        ..sandbox::Settings::in_dir(&arguments.data_dir)
    };
    let asked_to_stop = stop_signal().map_err(|error| Failure::machine("signals", error))?;
    let sandbox = sandbox::start(settings)
        .await
        .map_err(|error| Failure::Here(error.to_string()))?;
    let info = sandbox.info();
    if printer.is_json() {
        printer.line(&json!(info).to_string())?;
    } else {
        printer.line(&format!(
            "\n  Sandbox phones   {}/_/\n\n  Any Chromium finds it at https://web.whatsapp.com with\n    {}\n",
            info.sandbox_url,
            info.chromium_args.iter().map(|argument| format!("'{argument}'")).collect::<Vec<_>>().join(" \\\n    "),
        ))?;
    }
    asked_to_stop.await;
    sandbox.stop().await;
    Ok(())
}

/// What `up` prints once it is ready: one line for programs; for people the addresses, the way in (once) and what to
/// try next. The key is also left for the other commands.
fn welcome(ready: &Ready, printer: Printer) {
    let remembered = ready.api_key.as_ref().map(|api_key| {
        let pass = Pass::Key {
            api_key: api_key.clone(),
        };
        credentials::write(&Credentials {
            url: ready.url.clone(),
            pass,
        })
    });
    // Whoever started us may have closed our output: the node runs on without it.
    if printer.is_json() {
        let _ = printer.line(&json!(ready).to_string());
    } else {
        let _ = printer.line(&greeting(ready));
    }
    match remembered {
        Some(Ok(path)) => printer.say(&format!(
            "The key is remembered in {} for the commands.",
            path.display()
        )),
        Some(Err(failure)) => printer.failure(&failure),
        None => {}
    }
}

fn greeting(ready: &Ready) -> String {
    let mut lines = vec![String::new(), format!("  Zaptor is up     {}", ready.url)];
    if let Some(url) = &ready.sandbox_url {
        lines.push(format!("  Sandbox phones   {url}/_/"));
    }
    if let Some(admin) = &ready.admin {
        let password = admin.password.as_deref().unwrap_or("(as on the first start)");
        lines.push(format!("  Sign in          {}  {password}", admin.email));
    }
    if let Some(key) = &ready.api_key {
        lines.push(format!("  API key          {key}"));
        lines.push("  Password and key are shown this once.".to_owned());
    }
    let program = program();
    lines.extend([
        String::new(),
        "  Try next:".to_owned(),
        format!("    {program} account create Shop --pair"),
        format!("    {program} send --to 5511987654321 --text \"Hello\" --wait"),
        format!("    {program} tail"),
        String::new(),
    ]);
    lines.join("\n")
}

/// How this program was called, so that what we print can be typed.
fn program() -> String {
    std::env::args()
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "zaptor".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::serve_options::Admin;
    use super::*;

    fn ready(first: bool) -> Ready {
        Ready {
            url: "http://127.0.0.1:7880".to_owned(),
            sandbox_url: Some("http://127.0.0.1:7881".to_owned()),
            admin: Some(Admin {
                email: "admin@zaptor.local".to_owned(),
                password: first.then(|| "pass".to_owned()),
            }),
            api_key: first.then(|| "zk_test_x".to_owned()),
        }
    }

    #[test]
    fn the_first_line_for_programs_is_as_promised() {
        assert_eq!(
            json!(ready(true)),
            json!({
                "url": "http://127.0.0.1:7880",
                "sandbox_url": "http://127.0.0.1:7881",
                "admin": { "email": "admin@zaptor.local", "password": "pass" },
                "api_key": "zk_test_x",
            })
        );
        let later = json!(ready(false));
        assert!(later.get("api_key").is_none() && later["admin"].get("password").is_none());
    }

    #[test]
    fn the_greeting_shows_the_key_once() {
        assert!(greeting(&ready(true)).contains("zk_test_x"));
        assert!(!greeting(&ready(false)).contains("API key"));
    }
}
