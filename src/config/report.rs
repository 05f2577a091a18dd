//! What holds and from where, for people and programs. Secrets do not pass this room.

use figment::value::Dict;
use serde::Serialize;
use url::Url;

use super::layers::{Effective, origin};

/// What stands in the place of a secret.
const REDACTED: &str = "(secret)";

/// One setting.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Section and key: `server.port`.
    pub key: String,
    /// The value that holds; a secret, or the secret part of an address, is replaced.
    pub value: serde_json::Value,
    /// Where it comes from: `default`, `file …`, `environment …`, `flag …`.
    pub origin: String,
}

/// Every setting of `effective`, sorted by section and key.
pub fn rows(effective: &Effective) -> Vec<Row> {
    let mut rows = Vec::new();
    // The layers were read once already, when they became `effective`.
    let sections: Dict = effective.layers.extract().unwrap_or_default();
    for (section, values) in sections {
        for (name, value) in values.into_dict().unwrap_or_default() {
            let key = format!("{section}.{name}");
            let value = redacted(&key, serde_json::to_value(&value).unwrap_or_default());
            rows.push(Row {
                origin: origin(&effective.layers, &key),
                key,
                value,
            });
        }
    }
    rows
}

fn redacted(key: &str, value: serde_json::Value) -> serde_json::Value {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return value;
    };
    match key {
        "auth.signing_secret" | "vault.keys" => REDACTED.into(),
        "store.url" | "bus.redis_url" | "sandbox.url" => without_password(text).into(),
        _ => value,
    }
}

/// The address without its password. What cannot be read as an address is hidden altogether.
fn without_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => {
            // Both can only fail for addresses that cannot have a password.
            let _ = url.set_password(Some("secret"));
            url.to_string()
        }
        Ok(_) => text.to_owned(),
        Err(_) => REDACTED.to_owned(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::super::{Flags, load};
    use super::*;

    #[test]
    fn every_setting_is_told_and_no_secret_is() {
        let mut flags = Flags::default();
        flags.set(
            "--test",
            "auth.signing_secret",
            "a very long secret that nobody may see",
        );
        let keys = "00000000000000aa:bm9ib2R5IG1heSBzZWUgdGhpcyBrZXkgZWl0aGVyISE=";
        flags.set("--test", "vault.keys", keys);
        flags.set("--test", "store.url", "postgres://zaptor:hunter2@db/zaptor");
        let rows = rows(&load(None, [], &flags).unwrap());
        let text = serde_json::to_string(&rows).unwrap();
        assert!(
            !text.contains("hunter2") && !text.contains("bm9ib2R5") && !text.contains("nobody may see"),
            "{text}"
        );
        let port = rows.iter().find(|row| row.key == "server.port").unwrap();
        assert_eq!(
            (port.value.as_u64(), port.origin.as_str()),
            (Some(7880), "default")
        );
        assert!(rows.iter().any(|row| row.origin == "flag --test"));
        let keys = super::super::DEFAULT_TOML
            .lines()
            .filter(|line| line.contains(" = ") && !line.starts_with(['#', ' ']));
        assert_eq!(rows.len(), keys.count());
    }
}
