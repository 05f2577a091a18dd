//! Settings of accounts: `KEY=VALUE` in, and a proxy whose password is never on the command line.

use serde_json::{Map, Value, json};

use super::args::ProxyFrom;
use super::asking::{ask_secret, read_line};
use super::client::Client;
use super::failure::Failure;
use super::printer::Printer;

/// `zaptor account set`.
pub(super) async fn set(
    which: &str,
    (settings, proxy): (&[String], &ProxyFrom),
    restart: bool,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let settings = named(settings, proxy, printer)?;
    let id = client.account_id(which).await?;
    let body = json!({ "settings": settings, "restart": restart });
    let account = client.patch(&format!("/v1/accounts/{id}"), &body).await?;
    printer.data(&account, super::account_view::one)?;
    if account["settings_take_effect"] == "next_session" {
        printer.say(&format!(
            "The session that runs keeps its settings; open a new one with: zaptor account restart {id}"
        ));
    }
    Ok(())
}

/// What is named on the command line, and the proxy with its password, as the API takes it.
pub(super) fn named(pairs: &[String], from: &ProxyFrom, printer: Printer) -> Result<Value, Failure> {
    let mut settings = parse(pairs)?;
    let Some(url) = &from.proxy else {
        return Ok(settings);
    };
    let mut proxy = json!({ "url": url });
    if let Some(name) = &from.proxy_user {
        proxy["username"] = name.as_str().into();
        let password = if from.proxy_password_stdin {
            read_line()?
        } else {
            let question = "Password for the proxy (nothing keeps the one that it has): ";
            ask_secret(question, "give --proxy-password-stdin", printer)?
        };
        if !password.is_empty() {
            proxy["password"] = password.into();
        }
    }
    settings["proxy"] = proxy;
    Ok(settings)
}

/// `KEY=VALUE` pairs as the API takes them. Nothing behind the sign means the default; what reads as a number or as true
/// or false is one.
fn parse(pairs: &[String]) -> Result<Value, Failure> {
    let mut settings = Map::new();
    for pair in pairs {
        let (key, value) = pair
            .split_once('=')
            .filter(|(key, _)| !key.trim().is_empty())
            .ok_or_else(|| Failure::Usage(format!("{pair} is no KEY=VALUE")))?;
        let value = match (value.trim(), value.trim().parse::<i64>()) {
            ("", _) => Value::Null,
            ("true", _) => true.into(),
            ("false", _) => false.into(),
            (_, Ok(number)) => number.into(),
            (text, Err(_)) => text.into(),
        };
        settings.insert(key.trim().to_owned(), value);
    }
    Ok(settings.into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn pairs_by_table() {
        let rows = [
            ("locale=pt-BR", json!({"locale": "pt-BR"})),
            ("locale=", json!({"locale": null})),
            ("user_agent= A/1 (x=y) ", json!({"user_agent": "A/1 (x=y)"})),
            ("priority=3", json!({"priority": 3})),
            ("media_downloads=true", json!({"media_downloads": true})),
        ];
        for (pair, told) in rows {
            assert_eq!(parse(&[pair.to_owned()]).unwrap(), told, "{pair}");
        }
        for wrong in ["locale", "=x", " =x", ""] {
            parse(&[wrong.to_owned()]).unwrap_err();
        }
    }
}
