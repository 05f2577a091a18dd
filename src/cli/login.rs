//! `zaptor login`

use std::io::{self, BufRead, IsTerminal};
use std::process::{Command, Stdio};

use serde_json::json;

use super::args::{Login, Service};
use super::client::{Client, login_pass};
use super::credentials::{self, Credentials, Pass};
use super::failure::Failure;
use super::printer::{Printer, plain};

/// Signs in with email and password, or keeps an API key after trying it, and remembers it for the other commands.
pub(super) async fn run(login: Login, service: &Service, printer: Printer) -> Result<(), Failure> {
    let client = Client::new(service)?;
    let (pass, who) = match &service.api_key {
        Some(api_key) => {
            let me = client.get("/v1/auth/me", &[]).await?;
            (
                Pass::Key {
                    api_key: api_key.clone(),
                },
                plain(&me["id"]),
            )
        }
        None => with_password(login, &client, printer).await?,
    };
    let path = credentials::write(&Credentials {
        url: client.url().to_owned(),
        pass,
    })?;
    if printer.is_json() {
        printer.line(&json!({ "url": client.url(), "user": who }).to_string())?;
    }
    printer.say(&format!(
        "Signed in at {} as {who}; remembered in {}",
        client.url(),
        path.display()
    ));
    Ok(())
}

async fn with_password(login: Login, client: &Client, printer: Printer) -> Result<(Pass, String), Failure> {
    let email = match login.email {
        Some(email) => email,
        None => ask("Email: ", printer)?,
    };
    let password = if login.password_stdin {
        read_line()?
    } else {
        ask_secret("Password: ", printer)?
    };
    let body = json!({ "email": email, "password": password });
    let answer = client.post("/v1/auth/login", Some(&body)).await?;
    Ok((login_pass(&answer)?, email))
}

fn ask(question: &str, printer: Printer) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "nobody is here to ask; give --email and --password-stdin".to_owned(),
        ));
    }
    printer.say(question);
    read_line()
}

/// Asks without showing what is typed. The terminal is put back as it was even if reading fails.
fn ask_secret(question: &str, printer: Printer) -> Result<String, Failure> {
    let hidden = stty("-echo");
    let answer = ask(question, printer);
    if hidden {
        stty("echo");
    }
    answer
}

fn stty(argument: &str) -> bool {
    let status = Command::new("stty")
        .arg(argument)
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::machine("cannot read", error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
