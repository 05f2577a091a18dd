//! Settings of accounts: `KEY=VALUE` in.

use serde_json::{Map, Value, json};

use super::client::Client;
use super::failure::Failure;
use super::printer::Printer;

/// `zaptor account set`.
pub(super) async fn set(
    which: &str,
    settings: &[String],
    restart: bool,
    client: &Client,
    printer: Printer,
) -> Result<(), Failure> {
    let settings = parse(settings)?;
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

/// `KEY=VALUE` pairs as the API takes them. Nothing behind the sign means the default; what reads as a number or as true
/// or false is one.
pub(super) fn parse(pairs: &[String]) -> Result<Value, Failure> {
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
