//! What an account is told about itself, as the API shows and takes it.

use std::fmt;

use serde::{
    Deserialize as _, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use utoipa::ToSchema;
use zaptor_actors::domain::{
    AccountSettings, SettingsChange,
    settings::{ProxySettings, SettingFlaw},
};

use crate::api::error::Flaw;

/// Settings of one account. Null: the node's default. The browser takes a change over with its next session.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountSettings)]
pub(crate) struct Settings {
    /// How the browser names itself, 1 to 512 printable ASCII characters.
    user_agent: Option<String>,
    /// The language of the page, of numbers and of dates, a BCP 47 tag.
    #[schema(example = "pt-BR")]
    locale: Option<String>,
    /// The time zone of the page, an IANA name.
    #[schema(example = "America/Sao_Paulo")]
    time_zone: Option<String>,
    /// How long it may have nothing to do (no message in or out) until it hibernates, in seconds; 0: for ever. At most 30
    /// days.
    #[schema(example = 3600)]
    hibernate_after_s: Option<u32>,
    /// How often it is opened to let messages in while it hibernates, in seconds; 0: never. At most a day.
    #[schema(example = 900)]
    wake_every_s: Option<u32>,
    /// Whether a phone with another number than the account's may be linked and take its history over. Otherwise such a
    /// link is ended again.
    allow_other_number: Option<bool>,
    /// Whether the page fetches the files of messages, and people's pictures, by itself; it does not by default.
    media_downloads: Option<bool>,
    /// Who comes first when there is not room for all, 0 to 9; 9 is first, null is 0.
    #[schema(minimum = 0, maximum = 9)]
    priority: Option<u8>,
    /// The proxy through which its browser goes. Null: none.
    proxy: Option<Proxy>,
}

/// A proxy. Its password is taken and never shown; without one, that of the same url and username is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct Proxy {
    /// `http://host:port` or `socks5://host:port`, without credentials.
    #[schema(example = "socks5://proxy.example:1080")]
    url: String,
    username: Option<String>,
    /// At most 255 bytes; never shown.
    #[schema(write_only)]
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// Whether a password is kept.
    #[schema(read_only)]
    has_password: bool,
}

impl From<ProxySettings> for Proxy {
    fn from(proxy: ProxySettings) -> Self {
        Self {
            url: proxy.url,
            username: proxy.username,
            password: None,
            has_password: proxy.has_password,
        }
    }
}

impl From<AccountSettings> for Settings {
    fn from(settings: AccountSettings) -> Self {
        Self {
            user_agent: settings.user_agent,
            locale: settings.locale,
            time_zone: settings.time_zone,
            hibernate_after_s: settings.hibernate_after_s,
            wake_every_s: settings.wake_every_s,
            allow_other_number: settings.allow_other_number,
            media_downloads: settings.media_downloads,
            priority: settings.priority,
            proxy: settings.proxy.map(Proxy::from),
        }
    }
}

/// Whether a change concerns the browser, which takes it over with its next session; what concerns the account's sleep
/// holds at once.
pub(super) fn concerns_browser(change: &SettingsChange) -> bool {
    let rest = SettingsChange {
        hibernate_after_s: None,
        wake_every_s: None,
        ..change.clone()
    };
    rest != SettingsChange::default()
}

/// What is wrong with the settings that are named.
pub(super) fn flaws(change: &SettingsChange) -> Vec<Flaw> {
    let mut named = AccountSettings::default();
    change.clone().apply(&mut named);
    let flaws = named.flaws().into_iter();
    flaws
        .map(|SettingFlaw { field, detail }| Flaw::new(format!("/settings/{field}"), "invalid_value", detail))
        .collect()
}

/// Takes an object and nothing else: the parser by itself would take an array, field by field in the order of our code.
pub(super) fn object<'de, D: Deserializer<'de>>(input: D) -> Result<SettingsChange, D::Error> {
    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = SettingsChange;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SettingsChange, A::Error> {
            SettingsChange::deserialize(MapAccessDeserializer::new(map))
        }
    }

    input.deserialize_map(Object)
}
