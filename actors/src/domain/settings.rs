//! What an account is told about itself: how its browser looks to WhatsApp. Every field may be missing; then the node's
//! default holds. To add one: a line in `settings!` here, its rule in [`AccountSettings::flaws`], and how it is shown in
//! the API.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

/// The settings, and a change of them field by field.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $kind:ty),* $(,)?) => {
        /// An account's settings. A field that a later version wrote is passed over.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct AccountSettings {
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$kind>,)*
        }

        /// What to change of an account's settings: what is not named stays, and null goes back to the default.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct SettingsChange {
            $($(#[$doc])* #[serde(deserialize_with = "named")] pub $field: Option<Option<$kind>>,)*
        }

        impl SettingsChange {
            /// Makes the change.
            pub fn apply(self, settings: &mut AccountSettings) {
                $(if let Some(value) = self.$field { settings.$field = value; })*
            }
        }
    };
}

settings! {
    /// How the browser names itself, 1 to 512 printable ASCII characters; by itself without the word `Headless`.
    user_agent: String,
    /// The language of the page and of numbers and dates, a BCP 47 tag such as `pt-BR`; the browser's own by default.
    locale: String,
    /// The time zone of the page, an IANA name such as `America/Sao_Paulo`; the machine's by default.
    time_zone: String,
    /// How long it may have nothing to do until it is parked, in seconds; 0: for ever. 0 to 2,592,000.
    hibernate_after_s: u32,
    /// How often it is opened to let messages in while it is parked, in seconds; 0: never. 0 to 86,400.
    wake_every_s: u32,
    /// Whether a phone with another number than the account's may be linked and take its history over; false by default.
    allow_other_number: bool,
    /// Whether the page fetches the files of messages, and people's pictures, as soon as it hears of them; it does not by
    /// default.
    media_downloads: bool,
    /// Who comes first when there is not room for all, 0 to 9; 9 is first, 0 the default.
    priority: u8,
    /// The proxy through which its browser goes, and nothing of it goes any other way.
    proxy: ProxySettings,
}

/// Tells a field that is null from one that is not there.
fn named<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(input).map(Some)
}

/// A text that nobody sees: no debug print and no JSON shows it, and it is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl Secret {
    /// Hides a text.
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A proxy, and how one comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxySettings {
    /// `http://host:port` or `socks5://host:port`; credentials have fields of their own.
    pub url: String,
    /// Whom the proxy knows, at most 255 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Given and never shown; at most 255 bytes. Kept sealed, beside the settings.
    #[serde(default, skip_serializing)]
    pub password: Option<Secret>,
    /// Whether a password is kept.
    #[serde(default)]
    pub has_password: bool,
}

/// How one speaks to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// CONNECT of HTTP/1.1, in the clear up to the proxy.
    Http,
    /// SOCKS5; the proxy looks names up.
    Socks5,
}

/// Where a proxy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyAddress {
    /// How one speaks to it.
    pub scheme: ProxyScheme,
    /// Its name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl ProxySettings {
    /// Where it is; `None` when the address is none.
    pub fn address(&self) -> Option<ProxyAddress> {
        let (scheme, place) = self.url.split_once("://")?;
        let scheme = match scheme {
            "http" => ProxyScheme::Http,
            "socks5" => ProxyScheme::Socks5,
            _ => return None,
        };
        let (host, port) = place.strip_suffix('/').unwrap_or(place).rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port != 0)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(host) => host.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
            None => host.to_owned(),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let fits = (1..=253).contains(&host.len()) && (bare.is_some() || host.bytes().all(plain));
        fits.then_some(ProxyAddress { scheme, host, port })
    }

    /// Whether the same password is meant: one that is kept for one proxy and user is told to no other.
    pub fn is_same(&self, other: &Self) -> bool {
        self.url == other.url && self.username == other.username
    }
}

/// Credentials of proxies: no control characters, and no longer than SOCKS can say.
fn is_credential(text: &str) -> bool {
    (1..=255).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// The longest name of a browser that is taken, in characters; real ones have some 120.
const USER_AGENT_MAX: usize = 512;

/// The longest time without anything to do, in seconds: 30 days. WhatsApp ends links that are not used for 14.
const HIBERNATE_AFTER_MAX: u32 = 2_592_000;

/// The longest time between two looks for messages, in seconds: a day.
const WAKE_EVERY_MAX: u32 = 86_400;
/// The priority of those who come first.
const PRIORITY_MAX: u8 = 9;

/// Names of the time zone database, sorted.
static TIME_ZONES: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("time_zones.txt").lines().collect());

/// What is wrong with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingFlaw {
    /// Which field.
    pub field: &'static str,
    /// What would be right.
    pub detail: &'static str,
}

impl AccountSettings {
    /// Whether the page fetches media by itself.
    pub fn downloads_media(&self) -> bool {
        self.media_downloads.unwrap_or(false)
    }

    /// Everything that is wrong with them.
    pub fn flaws(&self) -> Vec<SettingFlaw> {
        let checks = [
            (
                "user_agent",
                self.user_agent.as_deref().is_none_or(is_user_agent),
                "must be 1 to 512 printable ASCII characters, without blanks at its ends",
            ),
            (
                "locale",
                self.locale.as_deref().is_none_or(is_locale),
                "must be a language tag such as de, pt-BR or zh-Hant-TW",
            ),
            (
                "time_zone",
                self.time_zone.as_deref().is_none_or(is_time_zone),
                "must be a name of the IANA time zone database, such as Europe/Berlin",
            ),
            (
                "hibernate_after_s",
                self.hibernate_after_s
                    .is_none_or(|seconds| seconds <= HIBERNATE_AFTER_MAX),
                "must be 0 (never) to 2592000 seconds",
            ),
            (
                "wake_every_s",
                self.wake_every_s.is_none_or(|seconds| seconds <= WAKE_EVERY_MAX),
                "must be 0 (never) to 86400 seconds",
            ),
            (
                "priority",
                self.priority.is_none_or(|priority| priority <= PRIORITY_MAX),
                "must be 0 to 9",
            ),
        ];
        let proxy = self.proxy.as_ref();
        let name = proxy.and_then(|proxy| proxy.username.as_deref());
        let word = proxy.and_then(|proxy| proxy.password.as_ref());
        let of_proxy = [
            (
                "proxy/url",
                proxy.is_none_or(|proxy| proxy.address().is_some()),
                "must be http://host:port or socks5://host:port, without credentials",
            ),
            (
                "proxy/username",
                name.is_none_or(|name| is_credential(name) && !name.contains(':')),
                "must be 1 to 255 bytes without control characters and colons",
            ),
            (
                "proxy/password",
                word.is_none_or(|word| is_credential(word.reveal()) && name.is_some()),
                "must be 1 to 255 bytes without control characters, and needs a username",
            ),
        ];
        let checks = checks.into_iter().chain(of_proxy);
        let wrong = checks.into_iter().filter(|(_, right, _)| !right);
        wrong
            .map(|(field, _, detail)| SettingFlaw { field, detail })
            .collect()
    }
}

fn is_user_agent(text: &str) -> bool {
    (1..=USER_AGENT_MAX).contains(&text.len())
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && text.trim() == text
}

/// Language, then perhaps script and region. Variants and extensions are for texts, not for browsers.
fn is_locale(text: &str) -> bool {
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let mut parts = text.split('-').peekable();
    let language = parts
        .next()
        .is_some_and(|part| (2..=3).contains(&part.len()) && letters(part));
    parts.next_if(|part| part.len() == 4 && letters(part));
    parts.next_if(|part| {
        (part.len() == 2 && letters(part)) || (part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()))
    });
    language && parts.next().is_none()
}

fn is_time_zone(text: &str) -> bool {
    TIME_ZONES.binary_search(&text).is_ok()
}

/// The names of all time zones that are taken.
pub fn time_zones() -> &'static [&'static str] {
    &TIME_ZONES
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_taken_by_table() {
        let long = "x".repeat(513);
        let rows: [(&str, &[&str], &[&str]); 3] = [
            (
                "user_agent",
                &[
                    "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0",
                    "x",
                    &long[1..],
                ],
                &["", " x", "x ", "a\nb", "Mözilla", "a\u{7f}", &long],
            ),
            (
                "locale",
                &["de", "pt-BR", "zh-Hant-TW", "es-419", "fil-PH", "sr-Latn"],
                &[
                    "",
                    "d",
                    "german",
                    "de_DE",
                    "de-",
                    "de-DE-x",
                    "de-DE-1996",
                    "419",
                    "DE DE",
                    "zh-TW-Hant",
                ],
            ),
            (
                "time_zone",
                &[
                    "UTC",
                    "Europe/Berlin",
                    "America/Argentina/Ushuaia",
                    "Asia/Calcutta",
                ],
                &[
                    "",
                    "Berlin",
                    "Europe/berlin",
                    "Mars/Olympus",
                    "+02:00",
                    "../etc/passwd",
                ],
            ),
        ];
        for (field, right, wrong) in rows {
            for (text, flawed) in right
                .iter()
                .map(|t| (t, false))
                .chain(wrong.iter().map(|t| (t, true)))
            {
                let json = serde_json::json!({ field: text });
                let settings: AccountSettings = serde_json::from_value(json).unwrap();
                let told: Vec<_> = settings.flaws().into_iter().map(|flaw| flaw.field).collect();
                assert_eq!(
                    told,
                    if flawed { vec![field] } else { Vec::new() },
                    "{field} {text:?}"
                );
            }
        }
    }

    #[test]
    fn the_bounds_of_sleep_by_table() {
        let rows = [
            ("hibernate_after_s", 0, true),
            ("hibernate_after_s", 2_592_000, true),
            ("hibernate_after_s", 2_592_001, false),
            ("wake_every_s", 0, true),
            ("wake_every_s", 86_400, true),
            ("wake_every_s", 86_401, false),
        ];
        for (field, seconds, right) in rows {
            let settings: AccountSettings =
                serde_json::from_value(serde_json::json!({ field: seconds })).unwrap();
            assert_eq!(settings.flaws().is_empty(), right, "{field} {seconds}");
        }
    }

    #[test]
    fn proxies_by_table() {
        let rows = [
            ("http://proxy.example:3128", Some(("proxy.example", 3128))),
            ("socks5://10.0.0.1:1080/", Some(("10.0.0.1", 1080))),
            ("socks5://[2001:db8::1]:1080", Some(("2001:db8::1", 1080))),
            ("http://user:pass@proxy.example:3128", None),
            ("http://proxy.example", None),
            ("http://proxy.example:0", None),
            ("https://proxy.example:443", None),
            ("ftp://proxy.example:21", None),
            ("http://:80", None),
            ("http://a b:80", None),
            ("http://proxy.example:80/path", None),
            ("http://[proxy]:80", None),
        ];
        for (url, found) in rows {
            let proxy = ProxySettings {
                url: url.to_owned(),
                ..ProxySettings::default()
            };
            let address = proxy.address();
            let told = address
                .as_ref()
                .map(|address| (address.host.as_str(), address.port));
            assert_eq!(told, found, "{url}");
        }
    }

    #[test]
    fn a_password_is_taken_and_never_given() {
        let text = r#"{"proxy":{"url":"http://p:1","username":"ana","password":"hunter2"}}"#;
        let change: SettingsChange = serde_json::from_str(text).unwrap();
        assert!(!format!("{change:?}").contains("hunter2"));
        let mut settings = AccountSettings::default();
        change.apply(&mut settings);
        assert!(settings.flaws().is_empty());
        let kept = serde_json::to_string(&settings).unwrap();
        assert_eq!(
            kept,
            r#"{"proxy":{"url":"http://p:1","username":"ana","has_password":false}}"#
        );
    }

    #[test]
    fn time_zones_are_sorted_and_plain() {
        assert!(time_zones().is_sorted());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
        assert!(time_zones().iter().all(|zone| zone.bytes().all(plain)));
    }

    #[test]
    fn a_change_names_what_it_changes() {
        let mut settings = AccountSettings {
            locale: Some("de".to_owned()),
            time_zone: Some("UTC".to_owned()),
            ..AccountSettings::default()
        };
        let change: SettingsChange = serde_json::from_str(r#"{"locale":null,"user_agent":"x"}"#).unwrap();
        change.apply(&mut settings);
        let rest = r#"{"user_agent":"x","time_zone":"UTC"}"#;
        assert_eq!(serde_json::to_string(&settings).unwrap(), rest);
        serde_json::from_str::<SettingsChange>(r#"{"colour":"red"}"#).unwrap_err();
        // What a later version kept does not make the account unreadable.
        let later: AccountSettings = serde_json::from_str(r#"{"colour":"red","locale":"de"}"#).unwrap();
        assert_eq!(later.locale.as_deref(), Some("de"));
    }

    proptest! {
        #[test]
        fn whatever_is_kept_is_read_back(
            user_agent in proptest::option::of(".{0,20}"),
            locale in proptest::option::of(".{0,8}"),
            time_zone in proptest::option::of(".{0,8}"),
            hibernate_after_s in proptest::option::of(any::<u32>()),
            wake_every_s in proptest::option::of(any::<u32>()),
            allow_other_number in proptest::option::of(any::<bool>()),
            media_downloads in proptest::option::of(any::<bool>()),
        ) {
            let settings = AccountSettings {
                user_agent, locale, time_zone, hibernate_after_s, wake_every_s, allow_other_number, media_downloads,
                priority: None,
                proxy: None,
            };
            let text = serde_json::to_string(&settings).unwrap();
            prop_assert_eq!(serde_json::from_str::<AccountSettings>(&text).unwrap(), settings.clone());
            settings.flaws();
        }
    }
}
