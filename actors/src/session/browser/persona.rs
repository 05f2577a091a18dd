//! How a browser looks to the page: its name, its language, its time zone.
//!
//! What Chromium takes as an argument holds for all that a browser does, workers too. What it takes only over DevTools
//! holds for a page as long as somebody is attached to it, over reloads and for its workers, which live in its process.

use fantoccini::Client;
use serde_json::{Value, json};

use super::{client_hints, webdriver};
use crate::{domain::AccountSettings, session::SessionError};

/// The arguments of a browser for these settings.
pub(super) fn arguments(settings: &AccountSettings) -> Vec<String> {
    let agent = settings.user_agent.as_ref();
    let languages = settings.locale.as_deref().map(languages);
    let agent = agent.map(|agent| format!("--user-agent={agent}"));
    let languages = languages.map(|languages| format!("--accept-lang={languages}"));
    agent.into_iter().chain(languages).collect()
}

/// What a page of these settings is told. `own` is how the browser names itself, `version` its full version.
fn overrides(settings: &AccountSettings, own: &str, version: &str) -> Vec<(&'static str, Value)> {
    // The headless shell names itself in a way that sites take for an old browser.
    let agent = settings.user_agent.clone();
    let agent = agent.unwrap_or_else(|| own.replace("HeadlessChrome", "Chrome"));
    let hints = client_hints::of(&agent, version);
    let mut named = json!({ "userAgent": agent });
    if let Some(hints) = hints {
        named["userAgentMetadata"] = hints;
    }
    let mut all = Vec::new();
    if let Some(locale) = &settings.locale {
        named["acceptLanguage"] = languages(locale).into();
        // ICU's form.
        let locale = locale.replace('-', "_");
        all.push(("Emulation.setLocaleOverride", json!({ "locale": locale })));
    }
    all.push(("Emulation.setUserAgentOverride", named));
    if let Some(zone) = &settings.time_zone {
        all.push(("Emulation.setTimezoneOverride", json!({ "timezoneId": zone })));
    }
    all
}

/// The languages that a person with this locale has in the browser: the tag, then the bare language.
fn languages(locale: &str) -> String {
    match locale.split_once('-') {
        Some((language, _)) => format!("{locale},{language}"),
        None => locale.to_owned(),
    }
}

/// Makes a page look so, before it is opened. Gives what it was told: another page in its place is told the same.
pub(super) async fn put_on(
    client: &Client,
    settings: &AccountSettings,
) -> Result<Vec<(&'static str, Value)>, SessionError> {
    let failed =
        |method: &str, error: fantoccini::error::CmdError| SessionError::Open(format!("{method}: {error}"));
    let version = webdriver::devtools(client, "Browser.getVersion", json!({}))
        .await
        .map_err(|error| failed("the browser's version", error))?;
    let own = version["userAgent"].as_str().unwrap_or_default();
    let product = version["product"].as_str().unwrap_or_default();
    let told = overrides(settings, own, product.split('/').nth(1).unwrap_or_default());
    for (method, params) in &told {
        webdriver::devtools(client, method, params.clone())
            .await
            .map_err(|error| failed(method, error))?;
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_what_is_set_and_nothing_else() {
        let own = "Mozilla/5.0 HeadlessChrome/156.0.0.0 Safari/537.36";
        let plain = AccountSettings::default();
        let agent = "Mozilla/5.0 Chrome/156.0.0.0 Safari/537.36";
        let hints = client_hints::of(agent, "156.0.1.2");
        assert_eq!(
            overrides(&plain, own, "156.0.1.2"),
            [(
                "Emulation.setUserAgentOverride",
                json!({ "userAgent": agent, "userAgentMetadata": hints })
            )]
        );
        assert!(arguments(&plain).is_empty());
        let all = AccountSettings {
            user_agent: Some("Shop/1".to_owned()),
            locale: Some("pt-BR".to_owned()),
            time_zone: Some("America/Sao_Paulo".to_owned()),
            ..AccountSettings::default()
        };
        assert_eq!(
            overrides(&all, own, "156.0.1.2"),
            [
                ("Emulation.setLocaleOverride", json!({ "locale": "pt_BR" })),
                (
                    "Emulation.setUserAgentOverride",
                    json!({ "userAgent": "Shop/1", "acceptLanguage": "pt-BR,pt" })
                ),
                (
                    "Emulation.setTimezoneOverride",
                    json!({ "timezoneId": "America/Sao_Paulo" })
                ),
            ]
        );
        assert_eq!(arguments(&all), ["--user-agent=Shop/1", "--accept-lang=pt-BR,pt"]);
        assert_eq!(languages("de"), "de");
    }
}
