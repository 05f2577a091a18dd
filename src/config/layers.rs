//! Puts the layers together, the later over the earlier, and keeps for each value where it came from.

use std::fmt;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use thiserror::Error;

use super::validate::{self, Problem};
use super::{Config, DEFAULT_TOML};

/// What separates section and key in the environment, and begins each name.
const SEPARATOR: &str = "__";
const PREFIX: &str = "ZAPTOR__";

/// Why the configuration does not hold. Each variant is meant to be shown to the person who wrote it.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file that was named cannot be read.
    #[error("the configuration file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file that was named is not TOML.
    #[error("the configuration file {} is not TOML: {detail}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        detail: String,
    },
    /// Unknown keys, wrong types, values out of bounds, contradictions: all of them at once.
    #[error("the configuration does not hold:{}", List(.0))]
    Refused(Vec<Problem>),
}

struct List<'a>(&'a [Problem]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Values given on the command line, each with the flag that gave it.
#[derive(Debug, Clone, Default)]
pub struct Flags(Vec<(&'static str, &'static str, Value)>);

impl Flags {
    /// Sets `key` (for example `server.port`) to `value` because of `flag` (for example `--port`).
    pub fn set(&mut self, flag: &'static str, key: &'static str, value: impl Into<Value>) {
        self.0.push((flag, key, value.into()));
    }
}

/// The settings that hold, and where each came from.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The settings.
    pub config: Config,
    /// The layers they were taken from.
    pub(super) layers: Figment,
}

/// Puts together the defaults, `file` if one is named, the variables of `environment` that begin with `ZAPTOR__`, and
/// `flags`; checks all of it.
///
/// # Errors
/// See [`ConfigError`]; every finding is reported at once.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &Flags,
) -> Result<Effective, ConfigError> {
    let defaults = defaults();
    let mut layers = Figment::from(Layer::new("default", defaults.clone()));
    if let Some(path) = file {
        layers = layers.merge(read_file(path)?);
    }
    let defaults = Value::from(defaults);
    for layer in environment_layers(environment, &defaults) {
        layers = layers.merge(layer);
    }
    for (flag, key, value) in &flags.0 {
        layers = layers.merge(Layer::single(format!("flag {flag}"), key, value.clone()));
    }
    let config: Config = layers.extract().map_err(|error| {
        ConfigError::Refused(
            error
                .into_iter()
                .map(|error| Problem::from_figment(&error))
                .collect(),
        )
    })?;
    let mut problems = validate::check(&config);
    for problem in &mut problems {
        problem.origin = origin(&layers, &problem.key);
    }
    if problems.is_empty() {
        Ok(Effective { config, layers })
    } else {
        Err(ConfigError::Refused(problems))
    }
}

/// Where the value of `key` came from, in words.
pub(super) fn origin(layers: &Figment, key: &str) -> String {
    layers
        .find_metadata(key)
        .map_or_else(String::new, |metadata| metadata.name.clone().into_owned())
}

fn defaults() -> Dict {
    Toml::from_str(DEFAULT_TOML).expect("the compiled-in defaults are TOML, a test reads them")
}

fn read_file(path: &Path) -> Result<Layer, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let values: Dict = Toml::from_str(&text).map_err(|error| ConfigError::NotToml {
        path: path.to_owned(),
        detail: error.to_string(),
    })?;
    Ok(Layer::new(format!("file {}", path.display()), values))
}

/// One layer for each variable, in the order of their names, so that two runs agree.
fn environment_layers(
    environment: impl IntoIterator<Item = (String, String)>,
    defaults: &Value,
) -> Vec<Layer> {
    let mut variables: Vec<(String, String)> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    variables.sort();
    let layer = |(name, text): (String, String)| {
        let key = name[PREFIX.len()..].to_lowercase().replace(SEPARATOR, ".");
        // A secret may consist of digits alone: where text belongs, text stays text.
        let is_text = matches!(defaults.find_ref(&key), Some(Value::String(..)));
        let value = if is_text {
            Value::from(text)
        } else {
            parse_value(&text)
        };
        Layer::single(format!("environment {name}"), &key, value)
    };
    variables.into_iter().map(layer).collect()
}

fn parse_value(text: &str) -> Value {
    match text.parse() {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// Values with one origin.
struct Layer {
    origin: String,
    values: Dict,
}

impl Layer {
    fn new(origin: impl Into<String>, values: Dict) -> Self {
        Self {
            origin: origin.into(),
            values,
        }
    }

    fn single(origin: String, key: &str, value: Value) -> Self {
        let values = figment::util::nest(key, value).into_dict().unwrap_or_default();
        Self { origin, values }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn refused(variables: &[(&str, &str)]) -> String {
        load(None, environment(variables), &Flags::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_defaults_hold() {
        let effective = load(None, [], &Flags::default()).unwrap();
        assert_eq!(effective.config.server.port, 7880);
        assert_eq!(origin(&effective.layers, "server.port"), "default");
    }

    #[test]
    fn a_later_layer_wins_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("zaptor.toml");
        std::fs::write(&path, "[server]\nport = 1\nworkers = 3\nhost = \"0.0.0.0\"\n").unwrap();
        let variables = environment(&[("ZAPTOR__SERVER__PORT", "2"), ("ZAPTOR__SERVER__WORKERS", "4")]);
        let mut flags = Flags::default();
        flags.set("--port", "server.port", 5_u16);
        let effective = load(Some(&path), variables, &flags).unwrap();
        let server = &effective.config.server;
        assert_eq!(
            (server.port, server.workers, server.host.to_string()),
            (5, 4, "0.0.0.0".to_owned())
        );
        assert_eq!(origin(&effective.layers, "server.port"), "flag --port");
        assert_eq!(
            origin(&effective.layers, "server.workers"),
            "environment ZAPTOR__SERVER__WORKERS"
        );
        assert!(origin(&effective.layers, "server.host").starts_with("file "));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_name_and_origin() {
        let text = refused(&[("ZAPTOR__SERVER__PROT", "1")]);
        assert!(
            text.contains("server.prot") && text.contains("ZAPTOR__SERVER__PROT"),
            "{text}"
        );
        assert!(text.contains("port"), "names the keys that exist: {text}");
        let text = refused(&[("ZAPTOR__SEVER__PORT", "1")]);
        assert!(text.contains("sever"), "{text}");
    }

    #[test]
    fn a_wrong_type_is_refused_with_its_name_and_origin() {
        let text = refused(&[("ZAPTOR__SERVER__PORT", "many")]);
        assert!(
            text.contains("server.port") && text.contains("ZAPTOR__SERVER__PORT"),
            "{text}"
        );
    }

    #[test]
    fn digits_stay_text_where_text_belongs() {
        let secret = "12345678901234567890123456789012";
        let variables = environment(&[("ZAPTOR__AUTH__SIGNING_SECRET", secret)]);
        let effective = load(None, variables, &Flags::default()).unwrap();
        assert_eq!(effective.config.auth.signing_secret, secret);
    }

    #[test]
    fn contradictions_name_the_key_and_the_mend() {
        let text = refused(&[
            ("ZAPTOR__ENGINE__COMMAND_TIMEOUT_MS", "120000"),
            ("ZAPTOR__SERVER__BODY_BYTES_MAX", "1"),
        ]);
        assert!(
            text.contains("engine.command_timeout_ms") && text.contains("account.send_deadline_s"),
            "{text}"
        );
        assert!(
            text.contains("server.body_bytes_max") && text.contains("1024"),
            "{text}"
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load(Some(Path::new("/nowhere/zaptor.toml")), [], &Flags::default()).unwrap_err();
        assert!(error.to_string().contains("/nowhere/zaptor.toml"));
    }
}
