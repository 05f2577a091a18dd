//! Snapshots of browser profiles.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[vault]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// Whether snapshots are kept.
    pub enabled: bool,
    /// Where; empty: in the data folder.
    pub dir: PathBuf,
    /// The keys that lock them; empty: a ring in the data folder. A secret.
    pub keys: String,
    /// Snapshots kept of each account.
    pub keep: u32,
    /// Age of the newest snapshot at which another is taken; 0 means never.
    pub refresh_h: u32,
    /// Age of a link at which its first snapshot is taken.
    pub first_after_s: u32,
    /// Largest profile.
    pub profile_mib_max: u32,
}
