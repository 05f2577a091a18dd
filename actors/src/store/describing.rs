//! What people change of an account: its name, its labels, its settings and the secrets that belong to them.

use super::{
    StoreError, Tx,
    accounts::{json_of, settings_of},
    secrets::{self, Sealed},
};
use crate::domain::{AccountId, SettingsChange, TenantId, Timestamp};

/// What is to be changed of an account; `None` leaves it as it is.
#[derive(Clone, Debug)]
pub struct Description {
    /// What people call it.
    pub name: Option<String>,
    /// Free labels, in the place of those that it has.
    pub labels: Option<Vec<String>>,
    /// What it is told about itself, field by field.
    pub settings: Option<SettingsChange>,
    /// A new password of its proxy, where the settings name one.
    pub proxy_password: Option<Sealed>,
    /// When.
    pub at: Timestamp,
}

/// Changes what people call an account, its labels and its settings. Gives whether a setting is another one now, or
/// `None` when the tenant has no such account.
///
/// # Errors
/// As the database says.
pub async fn describe(
    tx: &Tx,
    tenant: TenantId,
    account: AccountId,
    change: Description,
) -> Result<Option<bool>, StoreError> {
    let labels = change.labels.as_ref().map(json_of).transpose()?;
    // The row is ours from here on: nobody changes its settings between the look and the change.
    let row = tx
        .one(
            "UPDATE accounts SET name = COALESCE($3, name), labels = COALESCE($4, labels)
             WHERE id = $1 AND tenant_id = $2 AND deleted_at IS NULL RETURNING settings",
            [
                account.to_string().into(),
                tenant.to_string().into(),
                change.name.into(),
                labels.into(),
            ],
        )
        .await?;
    let (sealed, at) = (change.proxy_password, change.at);
    let (Some(row), Some(change)) = (&row, change.settings) else {
        return Ok(row.map(|_| false));
    };
    let before = settings_of(&row.try_get::<String>("", "settings")?)?;
    let mut after = before.clone();
    change.apply(&mut after);
    let fresh = sealed.is_some() && after.proxy.is_some();
    if let Some(proxy) = &mut after.proxy {
        let kept = before.proxy.as_ref().filter(|kept| kept.is_same(proxy));
        proxy.password = None;
        proxy.has_password = fresh || kept.is_some_and(|kept| kept.has_password);
    }
    if after == before && !fresh {
        return Ok(Some(false));
    }
    match sealed.filter(|_| fresh) {
        Some(sealed) => secrets::keep(tx, account, sealed, at).await?,
        None if after.proxy.as_ref().is_none_or(|proxy| !proxy.has_password) => {
            secrets::forget(tx, account, secrets::PROXY_PASSWORD).await?;
        }
        None => {}
    }
    tx.execute(
        "UPDATE accounts SET settings = $2 WHERE id = $1",
        [account.to_string().into(), json_of(&after)?.into()],
    )
    .await?;
    Ok(Some(true))
}
