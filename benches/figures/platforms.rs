//! Everything below HTTP in this process: real store, real actors, a tenant with tokens and an account.

use std::{collections::HashMap, future::Future, path::Path, sync::Arc};

use actix::System;
use zaptor_actors::{
    dispatcher::{Accepted, Answer, Refusal, Submit},
    domain::{AccountId, Clock, Content, EngineKind, Jid, Priority, TenantId, Tokens},
    ledger,
    platform::{DataDir, Platform, Secrets, Settings},
    session::Engine,
    store::people,
};

const TOKENS: i64 = 1_000_000_000;

/// Runs `work` on a runtime like that of the program: actix's system on a tokio runtime with a thread per processor.
pub(crate) fn on_system<T>(work: impl Future<Output = T>) -> T {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    let runtime = move || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap()
    };
    System::with_tokio_rt(runtime).block_on(work)
}

/// A platform with a tenant.
pub(crate) struct House {
    pub(crate) platform: Arc<Platform>,
    pub(crate) tenant: TenantId,
}

impl House {
    /// Starts one on `folder`. An empty `settings.store.url` is SQLite in that folder.
    pub(crate) async fn start(
        folder: &Path,
        mut settings: Settings,
        engines: HashMap<EngineKind, Arc<dyn Engine>>,
    ) -> Self {
        if settings.store.url.is_empty() {
            settings.store.url = format!("sqlite://{}", folder.join("zaptor.db").display());
        }
        let secrets = Secrets::configured(&"s".repeat(32)).unwrap();
        let data = DataDir::take(folder).unwrap();
        let platform = Platform::start(data, settings, engines, secrets, Clock::system())
            .await
            .unwrap();
        let (tenant, now, ids) = (
            platform.ids.next(),
            platform.clock.now(),
            Arc::clone(&platform.ids),
        );
        let found = platform.store.write(move |tx| {
            Box::pin(async move {
                people::create_tenant(tx, tenant, "Bench", Tokens(100), now).await?;
                ledger::top_up(tx, &ids, tenant, Tokens(TOKENS), None, now).await
            })
        });
        found.await.unwrap();
        Self { platform, tenant }
    }

    /// A message of this house from one of its accounts.
    pub(crate) fn text(&self, account: AccountId, number: usize) -> Submit {
        let recipient = format!("55119{:08}", number % 1_000);
        Submit {
            tenant: self.tenant,
            account,
            chat: Jid::parse(&recipient).unwrap(),
            recipient,
            content: Content::text("Hello, this is a message of a usual length."),
            priority: Priority::Normal,
            send_at: None,
            expires_at: None,
            callback_data: None,
            billed: true,
            idempotency: None,
            render: |accepted| accepted.id.to_string(),
        }
    }

    /// Submits a message; it must be accepted.
    pub(crate) async fn accept(&self, submit: Submit) -> Accepted {
        match self.platform.intake.submit(submit).await {
            Ok(Answer::Accepted { accepted, .. }) => accepted,
            Ok(Answer::Replayed { .. }) => unreachable!("no idempotency key was given"),
            Err(refusal) => refused(&refusal),
        }
    }
}

fn refused(refusal: &Refusal) -> ! {
    panic!("a message was refused: {refusal}")
}
