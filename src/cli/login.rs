//! `zaptor login`

use serde_json::json;

use super::args::{Login, Service};
use super::asking::{ask, ask_secret, read_line};
use super::client::{Client, login_pass};
use super::credentials::{self, Credentials, Pass};
use super::failure::Failure;
use super::printer::{Printer, plain};

/// What to do where nobody can be asked.
const OTHERWISE: &str = "give --email and --password-stdin";

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
        None => ask("Email: ", OTHERWISE, printer)?,
    };
    let password = if login.password_stdin {
        read_line()?
    } else {
        ask_secret("Password: ", OTHERWISE, printer)?
    };
    let body = json!({ "email": email, "password": password });
    let answer = client.post("/v1/auth/login", Some(&body)).await?;
    Ok((login_pass(&answer)?, email))
}
