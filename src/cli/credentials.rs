//! The file in which `login` and `up` leave the service's address and the way in, for the commands that follow.
//!
//! `zaptor/credentials.json` under XDG_CONFIG_HOME, else under ~/.config, readable by its owner alone.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failure::Failure;

/// Where to and as whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Credentials {
    /// Address of the service.
    pub(super) url: String,
    /// The way in.
    #[serde(flatten)]
    pub(super) pass: Pass,
}

/// The way in: an API key, or what a login gave.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Pass {
    Key {
        api_key: String,
    },
    Login {
        access_token: String,
        refresh_token: String,
    },
}

impl Pass {
    /// What goes behind `Bearer`.
    pub(super) fn bearer(&self) -> &str {
        match self {
            Self::Key { api_key } => api_key,
            Self::Login { access_token, .. } => access_token,
        }
    }
}

/// The file's place, or nothing on a machine without a home.
pub(super) fn path() -> Option<PathBuf> {
    let folder = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let config = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))?;
    Some(config.join("zaptor").join("credentials.json"))
}

/// What was left there, if anything.
pub(super) fn read() -> Option<Credentials> {
    let text = fs::read_to_string(path()?).ok()?;
    serde_json::from_str(&text).ok()
}

/// Leaves `credentials` there and gives the place.
pub(super) fn write(credentials: &Credentials) -> Result<PathBuf, Failure> {
    let path = path().ok_or_else(|| Failure::Here("neither XDG_CONFIG_HOME nor HOME is set".to_owned()))?;
    let text =
        serde_json::to_string_pretty(credentials).map_err(|error| Failure::machine("credentials", error))?;
    write_private(&path, &text).map_err(|error| Failure::machine(path.display(), error))?;
    Ok(path)
}

/// Written beside and moved into place, so that nobody reads half a file.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)
}
