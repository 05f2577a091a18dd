//! The doors to an account's profile: snapshots, restoration, export, import, and the rotation of their keys. All but
//! the list and the rotation are for accounts that do not run.

use std::{fs, path::Path, path::PathBuf, sync::Arc};

use zeroize::Zeroizing;

use super::{Platform, Secrets, moving};
use crate::{
    domain::{AccountId, IdSource, SnapshotId, TenantId},
    protocol::{account::AccountError, registry::LendProfile},
    store::{
        StoreError,
        accounts::{self, Description},
        secrets::SealingKeys,
    },
    vault::{self, Directory, KeyRing, Restored, Rotation, Snapshot, Vault, VaultError},
};

/// A passphrase, or keys as text. Wiped when it is dropped, never printed.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes what somebody has typed.
    pub fn new(text: String) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

/// Where snapshots are kept, and with which keys.
#[derive(Clone)]
pub struct VaultSettings {
    /// Whether snapshots are taken at all.
    pub enabled: bool,
    /// The folder of the snapshots; nowhere named: `vault` in the data folder.
    pub dir: Option<PathBuf>,
    /// The keys, as `name:key` pairs, the newest first. A secret. Empty: a ring of its own in `vault.keys` of the data
    /// folder.
    pub keys: Passphrase,
    /// How many are kept, and how large.
    pub settings: vault::Settings,
}

impl Default for VaultSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            dir: None,
            keys: Passphrase::new(String::new()),
            settings: vault::Settings::default(),
        }
    }
}

impl std::fmt::Debug for VaultSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VaultSettings({}, {:?})", self.enabled, self.settings)
    }
}

/// Why something could not be done with a profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The account runs, or does not answer.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault could not.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The vault is turned off.
    #[error("vault.enabled is false on this node")]
    Off,
}

/// Opens the vault as the settings say.
pub(super) fn open(
    settings: &VaultSettings,
    data_dir: &Path,
    ids: &Arc<IdSource>,
) -> Result<Option<Vault>, VaultError> {
    if !settings.enabled {
        return Ok(None);
    }
    let folder = settings.dir.clone().unwrap_or_else(|| data_dir.join("vault"));
    let storage = Directory::open(&folder, Arc::clone(ids)).map_err(VaultError::Storage)?;
    vault::remove_left_copies(&data_dir.join("run")).map_err(VaultError::Storage)?;
    let ring = match settings.keys.0.as_str() {
        "" => KeyRing::kept_in(&data_dir.join("vault.keys"), ids)?,
        given => KeyRing::configured(given)?,
    };
    Ok(Some(Vault::new(
        settings.settings.clone(),
        Arc::new(storage),
        ring,
        data_dir.join("run"),
        Arc::clone(ids),
    )))
}

impl Platform {
    fn vault(&self) -> Result<&Vault, ProfileError> {
        self.vault.as_ref().ok_or(ProfileError::Off)
    }

    /// Does something with the profile of an account that does not run. To its end, also when whoever asked for it has
    /// left: the account must not be started under it.
    async fn on_profile<T, W>(
        &self,
        tenant: TenantId,
        account: AccountId,
        work: impl FnOnce(Vault, PathBuf) -> W,
    ) -> Result<T, ProfileError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, VaultError>> + Send + 'static,
    {
        let vault = self.vault()?.clone();
        let loan = self.tell(LendProfile { tenant, account }).await?;
        let work = work(vault, loan.path.clone());
        let done = tokio::spawn(async move {
            let _held = loan;
            work.await
        });
        Ok(done.await.unwrap_or(Err(VaultError::Closed))?)
    }

    /// The account's snapshots, the newest first.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn snapshots(&self, account: AccountId) -> Result<Vec<Snapshot>, ProfileError> {
        Ok(self.vault()?.list(account).await?)
    }

    /// Takes a snapshot of an account that does not run.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn take_snapshot(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<Snapshot, ProfileError> {
        self.on_profile(tenant, account, move |vault, path| async move {
            vault.take(account, &path).await
        })
        .await
    }

    /// Puts a snapshot in the place of the profile of an account that does not run.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn restore_snapshot(
        &self,
        tenant: TenantId,
        account: AccountId,
        snapshot: SnapshotId,
    ) -> Result<Restored, ProfileError> {
        self.on_profile(tenant, account, move |vault, path| async move {
            vault.restore(account, Some(snapshot), &path).await
        })
        .await
    }

    /// The profile of an account that does not run, in a file that only the passphrase opens, with the settings that make
    /// its browser look as it does. The profile is given back before the file is read.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn export_profile(
        &self,
        tenant: TenantId,
        account: AccountId,
        passphrase: Passphrase,
    ) -> Result<fs::File, ProfileError> {
        let settings = self.store.reads().account_settings(tenant, account).await?;
        self.on_profile(tenant, account, move |vault, path| async move {
            moving::pack(&path, settings).map_err(VaultError::Storage)?;
            let exported = vault.export(account, &path, passphrase.0).await;
            let _ = moving::unpack(&path);
            exported
        })
        .await
    }

    /// A file that takes an upload for [`Platform::import_profile`], and how many bytes it should take at most.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn profile_inbox(&self) -> Result<(fs::File, u64), ProfileError> {
        let vault = self.vault()?;
        Ok((vault.inbox().await?, vault.profile_bytes_max()))
    }

    /// Puts an exported profile in the place of that of an account that does not run, and takes a snapshot of it. The
    /// account takes over the settings that came with it.
    ///
    /// # Errors
    /// See [`ProfileError`]; what was there before stays.
    pub async fn import_profile(
        &self,
        tenant: TenantId,
        account: AccountId,
        file: fs::File,
        passphrase: Passphrase,
    ) -> Result<Snapshot, ProfileError> {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        self.on_profile(tenant, account, move |vault, path| async move {
            let taken = vault.import(account, file, passphrase.0, &path).await?;
            let came = Description {
                name: None,
                labels: None,
                settings: moving::unpack(&path),
                proxy_password: None,
                at: clock.now(),
            };
            let described = store.write(move |tx| {
                Box::pin(async move { accounts::describe(tx, tenant, account, came).await })
            });
            if let Err(error) = described.await {
                tracing::warn!(target: "zaptor::platform", %account, %error,
                    "the settings that came with a profile could not be taken over");
            }
            Ok(taken)
        })
        .await
    }

    /// Locks the keys of all snapshots anew, with a new key, and seals the accounts' secrets anew; then keys that nothing
    /// needs any more are dropped.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn rotate_vault(&self) -> Result<Rotation, ProfileError> {
        let vault = self.vault()?;
        let mut done = vault.begin_rotation().await?;
        self.store.seal_with(sealing_keys(&self.secrets, Some(vault)));
        let sealed = self.store.seal_anew(&self.ids).await?;
        done.locked_anew += sealed.anew;
        done.failed += sealed.failed;
        let names = sealed.still_used.iter().filter_map(|name| name.parse().ok());
        done.keys = vault.end_rotation(names.collect()).await?;
        self.store.seal_with(sealing_keys(&self.secrets, Some(vault)));
        Ok(done)
    }
}

/// With what accounts' secrets are sealed: keys by those of the vault's ring, and the installation's own. The latter is used
/// where there is no vault, and where other nodes share the installation's secret but not the ring: each has to open what
/// another one has sealed.
pub(super) fn sealing_keys(secrets: &Secrets, vault: Option<&Vault>) -> SealingKeys {
    const PURPOSE: &str = "secrets of accounts";
    let ring = vault.map(|vault| vault.keys_for(PURPOSE)).unwrap_or_default();
    SealingKeys {
        by_ring: vault.is_some_and(|vault| !secrets.is_shared() || vault.ring_is_configured()),
        ring: ring
            .into_iter()
            .map(|(name, key)| (name.to_string(), key))
            .collect(),
        own: secrets.derive(PURPOSE).into(),
    }
}
