//! Creating an account: the row, its event and the kept answer in one commit, then the start.

use std::sync::Arc;

use super::Platform;
use crate::{
    account,
    domain::{
        AccountSettings, EngineKind, TenantId,
        event::{EventType, NewEvent},
    },
    journal,
    store::{
        AccountRow, StoreError, accounts,
        idempotency::{self, IdempotencyRecord},
        secrets::PROXY_PASSWORD,
    },
};

/// What a new account is made of.
#[derive(Clone, Debug)]
pub struct CreateAccount {
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// Which engine serves it.
    pub engine: EngineKind,
    /// Free labels.
    pub labels: Vec<String>,
    /// What it is told about itself.
    pub settings: AccountSettings,
}

/// Makes the record of an answer out of what was created. HTTP shapes live in the edge, so the edge brings it.
pub type KeptAnswer = Box<dyn FnOnce(&AccountRow) -> IdempotencyRecord + Send>;

impl Platform {
    /// Stores a new account, tells so and starts it. `answer` makes the record of the answer that is kept in the same
    /// commit, for a client that repeats its request.
    ///
    /// # Errors
    /// As the store says; [`StoreError::Conflict`] when the answer's key was taken meanwhile: then nothing was created.
    pub async fn create_account(
        &self,
        create: CreateAccount,
        answer: Option<KeptAnswer>,
    ) -> Result<AccountRow, StoreError> {
        let (ids, at) = (Arc::clone(&self.ids), self.clock.now());
        let account = ids.next();
        let tenant = create.tenant;
        let CreateAccount {
            name,
            engine,
            labels,
            mut settings,
            ..
        } = create;
        let mut proxy_password = None;
        if let Some(proxy) = &mut settings.proxy {
            let given = proxy.password.take();
            let seal = |secret| self.store.seal(&self.ids, account, PROXY_PASSWORD, &secret);
            proxy_password = given.map(seal).transpose()?;
            proxy.has_password = proxy_password.is_some();
        }
        let new = accounts::NewAccount {
            id: account,
            tenant,
            name,
            engine,
            labels,
            settings,
            proxy_password,
            at,
        };
        let row = self
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let row = accounts::create(tx, new).await?;
                    let said = account::StateSaid {
                        from: None,
                        to: row.state,
                        reason: None,
                        action: None,
                        evidence: None,
                    };
                    let event = NewEvent::new(tenant, Some(account), EventType::AccountStateChanged, &said);
                    journal::append(tx, &ids, at, &[event]).await?;
                    if let Some(answer) = answer {
                        idempotency::keep(tx, &[answer(&row)], at)?;
                    }
                    Ok(row)
                })
            })
            .await?;
        if let Err(error) = self.start_account(tenant, account).await {
            tracing::warn!(target: "zaptor::platform", %account, %error, "a new account starts later");
        }
        Ok(row)
    }
}
