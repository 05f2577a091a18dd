//! What an account is told about itself, as the API shows and takes it.

use std::fmt;

use serde::{
    Deserialize as _, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use utoipa::ToSchema;
use zaptor_actors::domain::{AccountSettings, SettingsChange, settings::SettingFlaw};

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
}

impl From<AccountSettings> for Settings {
    fn from(settings: AccountSettings) -> Self {
        Self {
            user_agent: settings.user_agent,
            locale: settings.locale,
            time_zone: settings.time_zone,
        }
    }
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
