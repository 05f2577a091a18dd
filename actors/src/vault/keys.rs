//! The keys that lock snapshots. Every snapshot has a data key of its own, which is locked with the newest key of the
//! ring; rotation puts a new key in front and locks the data keys anew, without touching what they encrypt.

use std::{
    fmt, fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{VaultError, stream::StreamKey};
use crate::domain::IdSource;

/// The longest ring that is read, in bytes.
const RING_MAX: u64 = 65_536;

const HEAD: &str =
    "# The keys of Zaptor's vault, the newest first. Without them no snapshot of a profile can be read.\n";

/// By what a key of the ring is known. No secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyName(pub(super) u64);

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::str::FromStr for KeyName {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[derive(Clone)]
struct Key {
    name: KeyName,
    secret: StreamKey,
}

/// The keys, the newest first. Never empty, never printed.
#[derive(Clone)]
pub struct KeyRing {
    keys: Vec<Key>,
    /// Where it is kept; nowhere for keys that were configured.
    file: Option<PathBuf>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<KeyName> = self.names().collect();
        write!(f, "KeyRing({names:?})")
    }
}

impl KeyRing {
    /// From the file, which is made with one new key where it is missing.
    ///
    /// # Errors
    /// [`VaultError::Keys`] when it cannot be read or written, is no ring, or is open to others than its owner.
    pub fn kept_in(path: &Path, ids: &IdSource) -> Result<Self, VaultError> {
        match read(path) {
            Ok(text) => {
                let keys = parse(&text).map_err(|what| refused(path, what))?;
                Ok(Self {
                    keys,
                    file: Some(path.to_owned()),
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let ring = Self {
                    keys: vec![fresh(ids)],
                    file: Some(path.to_owned()),
                };
                ring.keep()?;
                Ok(ring)
            }
            Err(error) => Err(refused(path, error)),
        }
    }

    /// From the configuration: `name:key` pairs with commas between them, the newest first; a name is 16 hexadecimal
    /// digits, a key 32 bytes in base64.
    ///
    /// # Errors
    /// [`VaultError::Keys`]; the text does not repeat what was given.
    pub fn configured(text: &str) -> Result<Self, VaultError> {
        let keys = parse(text).map_err(|what| VaultError::Keys(what.to_owned()))?;
        Ok(Self { keys, file: None })
    }

    /// Whether it was configured, and so may be that of several nodes.
    pub(super) const fn is_configured(&self) -> bool {
        self.file.is_none()
    }

    /// The names of all keys, the newest first.
    pub fn names(&self) -> impl Iterator<Item = KeyName> {
        self.keys.iter().map(|key| key.name)
    }

    /// For each key of the ring one of another use, under the same name, the newest first: unrelated to it and to those of
    /// other uses.
    pub(super) fn derived(&self, purpose: &str) -> Vec<(KeyName, StreamKey)> {
        let derive = |key: &Key| {
            // HMAC takes a key of any length.
            let mut mac = Hmac::<Sha256>::new_from_slice(key.secret.as_slice()).expect("a key of 32 bytes");
            mac.update(purpose.as_bytes());
            (key.name, Zeroizing::new(mac.finalize().into_bytes().into()))
        };
        self.keys.iter().map(derive).collect()
    }

    /// The key that new snapshots are locked with.
    pub(super) fn newest(&self) -> (KeyName, &StreamKey) {
        // Never empty: neither a parsed nor a fresh ring is, and `retain` keeps the first.
        let key = &self.keys[0];
        (key.name, &key.secret)
    }

    pub(super) fn find(&self, name: KeyName) -> Option<&StreamKey> {
        self.keys
            .iter()
            .find(|key| key.name == name)
            .map(|key| &key.secret)
    }

    /// The ring with a new key in front, kept. A configured ring stays as it is: whoever configures it puts a new key in
    /// front.
    pub(super) fn with_new_key(&self, ids: &IdSource) -> Result<Self, VaultError> {
        let mut ring = self.clone();
        if ring.file.is_some() {
            ring.keys.insert(0, fresh(ids));
            ring.keep()?;
        }
        Ok(ring)
    }

    /// The ring without the keys that nothing is locked with any more, kept; the newest one stays.
    pub(super) fn without_unused(&self, used: &[KeyName]) -> Result<Self, VaultError> {
        let mut ring = self.clone();
        let newest = ring.newest().0;
        if ring.file.is_some() {
            ring.keys
                .retain(|key| key.name == newest || used.contains(&key.name));
            ring.keep()?;
        }
        Ok(ring)
    }

    /// Written aside, forced to the disk, and moved into place: a crash leaves the old ring or the new one.
    fn keep(&self) -> Result<(), VaultError> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        let failed = |error: io::Error| refused(path, error);
        let mut text = Zeroizing::new(HEAD.to_owned());
        for key in &self.keys {
            let secret = Zeroizing::new(BASE64.encode(key.secret.as_slice()));
            text.push_str(&format!("{}:", key.name));
            text.push_str(&secret);
            text.push('\n');
        }
        let aside = path.with_extension("new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&aside)
            .map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&aside, path).map_err(failed)?;
        path.parent()
            .map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
            .map_err(failed)
    }
}

fn refused(path: &Path, what: impl fmt::Display) -> VaultError {
    VaultError::Keys(format!("{}: {what}", path.display()))
}

fn fresh(ids: &IdSource) -> Key {
    Key {
        name: KeyName(u64::from_be_bytes(ids.bytes())),
        secret: Zeroizing::new(ids.bytes()),
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = fs::File::open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::other(
            "others than its owner may read it; set its mode to 0600",
        ));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(RING_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn parse(text: &str) -> Result<Vec<Key>, &'static str> {
    let comment = |line: &&str| !line.trim_start().starts_with('#');
    let lines = text
        .lines()
        .filter(comment)
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let keys = lines.map(parse_key).collect::<Result<Vec<Key>, _>>()?;
    if keys.is_empty() {
        return Err("there is no key");
    }
    let twice = |(i, key): (usize, &Key)| keys[..i].iter().any(|other| other.name == key.name);
    if keys.iter().enumerate().any(twice) {
        return Err("two keys have the same name");
    }
    Ok(keys)
}

fn parse_key(line: &str) -> Result<Key, &'static str> {
    const FORM: &str = "a key has the form name:key, 16 hexadecimal digits and 32 bytes in base64";
    let (name, secret) = line.split_once(':').ok_or(FORM)?;
    let name = (name.len() == 16)
        .then(|| u64::from_str_radix(name, 16).ok())
        .flatten();
    let bytes = Zeroizing::new(BASE64.decode(secret).map_err(|_| FORM)?);
    let secret: [u8; 32] = bytes.as_slice().try_into().map_err(|_| FORM)?;
    Ok(Key {
        name: KeyName(name.ok_or(FORM)?),
        secret: Zeroizing::new(secret),
    })
}
