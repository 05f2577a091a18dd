//! What moves with an exported profile beside what the browser keeps: the settings by which WhatsApp knows the browser again.
//! They lie in a file in the profile itself, so that the same passphrase keeps them and the same check finds them whole.

use std::{fs, path::Path};

use crate::domain::{AccountSettings, SettingsChange};

/// The file of an exported profile that holds them.
const FILE: &str = "zaptor-settings.json";
/// The longest file that is read, in bytes; a user agent is the longest of the settings, at 512.
const FILE_MAX: u64 = 16_384;

/// The settings that move: how the browser looks, and which way it goes. A proxy's password stays.
fn moving(settings: AccountSettings) -> AccountSettings {
    let proxy = settings
        .proxy
        .map(|proxy| crate::domain::settings::ProxySettings {
            password: None,
            has_password: false,
            ..proxy
        });
    AccountSettings {
        user_agent: settings.user_agent,
        locale: settings.locale,
        time_zone: settings.time_zone,
        proxy,
        ..AccountSettings::default()
    }
}

/// Lays them into a profile that is about to be exported. One that is empty stays so: it is none.
pub(super) fn pack(profile: &Path, settings: AccountSettings) -> std::io::Result<()> {
    if fs::read_dir(profile).is_ok_and(|mut inside| inside.next().is_none()) || !profile.is_dir() {
        return Ok(());
    }
    let text = serde_json::to_vec(&moving(settings)).map_err(std::io::Error::other)?;
    fs::write(profile.join(FILE), text)
}

/// Takes them out of a profile again; none of a profile that has none, or whose are not right.
pub(super) fn unpack(profile: &Path) -> Option<SettingsChange> {
    let file = profile.join(FILE);
    let small = fs::metadata(&file).ok()?.len() <= FILE_MAX;
    let read = small.then(|| fs::read(&file).ok()).flatten();
    let _ = fs::remove_file(&file);
    let settings: AccountSettings = serde_json::from_slice(&read?).ok()?;
    let settings = moving(settings);
    settings.flaws().is_empty().then(|| SettingsChange {
        user_agent: Some(settings.user_agent),
        locale: Some(settings.locale),
        time_zone: Some(settings.time_zone),
        proxy: Some(settings.proxy),
        ..SettingsChange::default()
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;
    use crate::domain::settings::{ProxySettings, Secret};

    #[test]
    fn what_a_browser_looks_like_moves_and_its_secrets_and_the_rest_stay() {
        let folder = tempfile::tempdir().unwrap();
        let settings = AccountSettings {
            locale: Some("pt-BR".to_owned()),
            priority: Some(9),
            proxy: Some(ProxySettings {
                url: "http://p.example:1".to_owned(),
                username: Some("ana".to_owned()),
                password: Some(Secret::new("hunter2".to_owned())),
                has_password: true,
            }),
            ..AccountSettings::default()
        };
        pack(folder.path(), settings.clone()).unwrap();
        pack(&folder.path().join("none"), settings.clone()).unwrap();
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            0,
            "nothing was there to export"
        );
        fs::write(folder.path().join("Local State"), "{}").unwrap();
        pack(folder.path(), settings).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("priority"), "{text}");
        let mut there = AccountSettings {
            priority: Some(1),
            time_zone: Some("UTC".to_owned()),
            ..AccountSettings::default()
        };
        unpack(folder.path()).unwrap().apply(&mut there);
        let proxy = there.proxy.unwrap();
        assert_eq!(
            (proxy.username.as_deref(), proxy.has_password),
            (Some("ana"), false)
        );
        assert_eq!(
            (there.locale.as_deref(), there.time_zone, there.priority),
            (Some("pt-BR"), None, Some(1))
        );
        assert!(unpack(folder.path()).is_none(), "taken out");
        for wrong in ["", "7", r#"{"locale":"german"}"#] {
            fs::write(folder.path().join(FILE), wrong).unwrap();
            assert!(unpack(folder.path()).is_none(), "{wrong}");
        }
    }
}
