//! What unit tests of other rooms begin with: a database of its own, a tenant and an account in it.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

use std::path::Path;

use super::{Settings, Store, accounts, people};
use crate::domain::{AccountId, AccountSettings, EngineKind, TenantId, Timestamp, Tokens};

/// An empty database in this folder.
pub(crate) async fn empty(folder: &Path) -> Store {
    let settings = Settings {
        url: format!("sqlite://{}/z.db", folder.display()),
        ..Settings::default()
    };
    Store::open(&settings, |_| {}).await.unwrap()
}

/// The same with an account of a new tenant.
pub(crate) async fn with_account(folder: &Path, tenant: TenantId, id: AccountId, at: Timestamp) -> Store {
    let store = empty(folder).await;
    let new = accounts::NewAccount {
        id,
        tenant,
        name: "Shop".to_owned(),
        engine: EngineKind::Simulated,
        labels: Vec::new(),
        settings: AccountSettings::default(),
        proxy_password: None,
        at,
    };
    let written = store.write(move |tx| {
        Box::pin(async move {
            people::create_tenant(tx, tenant, "Test", Tokens(1), at).await?;
            accounts::create(tx, new).await
        })
    });
    written.await.unwrap();
    store
}
