//! One suite over both databases: what is written together stands or falls together, numbers have no gaps, money adds
//! up, and a row is written only under the epoch that owns it.

use std::sync::Arc;

use zaptor_actors::{
    domain::{
        AccountId, AccountSettings, Clock, Content, EngineKind, IdSource, Jid, MessageId, MessageStatus,
        Priority, TenantId, Timestamp, Tokens, WaMessageId,
        event::{EventType, NewEvent},
    },
    journal::{self},
    ledger::{self, Hold, Resolution},
    outbox::{self, NewMessage, Outcome},
    store::{Settings, Store, StoreError, accounts, people},
};

mod money;
mod reading;
mod sending;

#[path = "../../../../tests/it/support/servers.rs"]
#[expect(
    dead_code,
    reason = "the file serves several test binaries, each with what it needs"
)]
pub(crate) mod servers;

/// A database, a tenant with 100 tokens and an account.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) ids: Arc<IdSource>,
    pub(crate) clock: Clock,
    pub(crate) tenant: TenantId,
    pub(crate) account: AccountId,
}

impl Bench {
    pub(crate) async fn on(url: String, seed: u64) -> Self {
        let settings = Settings {
            url,
            ..Settings::default()
        };
        let store = Store::open(&settings, |_| {}).await.unwrap();
        let clock = Clock::manual(Timestamp::from_millis(1_000_000));
        let ids = Arc::new(IdSource::seeded(clock.clone(), seed));
        Self::with(store, ids, clock).await
    }

    pub(crate) async fn with(store: Store, ids: Arc<IdSource>, clock: Clock) -> Self {
        let (tenant, account, now) = (ids.next(), ids.next(), clock.now());
        let i = Arc::clone(&ids);
        store
            .write(move |tx| {
                Box::pin(async move {
                    people::create_tenant(tx, tenant, "Test", Tokens(10), now).await?;
                    ledger::top_up(tx, &i, tenant, Tokens(100), None, now).await?;
                    let new = accounts::NewAccount {
                        id: account,
                        tenant,
                        name: "Shop".to_owned(),
                        engine: EngineKind::Simulated,
                        labels: vec!["a".to_owned()],
                        settings: AccountSettings::default(),
                        proxy_password: None,
                        at: now,
                    };
                    accounts::create(tx, new).await?;
                    Ok(())
                })
            })
            .await
            .unwrap();
        Self {
            store,
            ids,
            clock,
            tenant,
            account,
        }
    }

    pub(crate) fn message(&self, chat: &str) -> NewMessage {
        let id: MessageId = self.ids.next();
        NewMessage {
            id,
            tenant: self.tenant,
            account: self.account,
            wa_id: WaMessageId::of(b"test", id),
            chat: Jid::parse(chat).unwrap(),
            recipient: chat.to_owned(),
            content: Content::text("Olá 'quoted' \"json\" \u{1f980} \\ \n"),
            priority: Priority::Normal,
            cost: Tokens(1),
            callback_data: None,
            send_at: None,
            expires_at: None,
        }
    }

    pub(crate) async fn accept(&self, messages: Vec<NewMessage>) -> Result<(), StoreError> {
        let (ids, now, tenant, account) =
            (Arc::clone(&self.ids), self.clock.now(), self.tenant, self.account);
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    let total = messages.iter().map(|message| message.cost).sum();
                    ledger::reserve(tx, tenant, total)
                        .await?
                        .ok_or_else(|| StoreError::Conflict("too little".to_owned()))?;
                    let rows = messages
                        .iter()
                        .map(|message| outbox::Row::new(message, now))
                        .collect::<Result<Vec<_>, _>>()?;
                    outbox::accept(tx, rows.iter(), now);
                    let holds: Vec<Hold> = messages
                        .iter()
                        .map(|m| Hold {
                            message: m.id,
                            amount: m.cost,
                        })
                        .collect();
                    ledger::record_holds(tx, &ids, tenant, &holds, now)?;
                    let events: Vec<NewEvent> = messages
                        .iter()
                        .map(|m| NewEvent::new(tenant, Some(account), EventType::MessageQueued, &m.id))
                        .collect();
                    journal::append(tx, &ids, now, &events).await
                })
            })
            .await
    }

    pub(crate) async fn epoch(&self) -> i64 {
        let account = self.account;
        self.store
            .write(move |tx| Box::pin(accounts::take_over(tx, account)))
            .await
            .unwrap()
    }

    pub(crate) async fn claim(&self, epoch: i64) -> Option<outbox::Claim> {
        let (account, now) = (self.account, self.clock.now());
        self.store
            .write(move |tx| Box::pin(outbox::claim_next(tx, account, epoch, "node", now)))
            .await
            .unwrap()
    }

    pub(crate) async fn settle(
        &self,
        message: MessageId,
        epoch: i64,
        outcome: Outcome,
    ) -> Option<outbox::Settled> {
        let (ids, now) = (Arc::clone(&self.ids), self.clock.now());
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    let settled = outbox::settle(tx, message, epoch, &outcome, "node", now).await?;
                    if let Some(settled) = &settled {
                        let resolution = if settled.status == MessageStatus::Sent {
                            Resolution::Post
                        } else {
                            Resolution::Void
                        };
                        ledger::resolve(tx, &ids, settled.tenant, message, settled.cost, resolution, now)
                            .await?;
                    }
                    Ok(settled)
                })
            })
            .await
            .unwrap()
    }

    pub(crate) async fn status(&self, message: MessageId) -> MessageStatus {
        self.store
            .reads()
            .message(self.tenant, message)
            .await
            .unwrap()
            .unwrap()
            .status
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_passes() {
    let folder = tempfile::tempdir().unwrap();
    suite(format!("sqlite://{}/z.db", folder.path().display())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_passes() {
    let server = tokio::task::spawn_blocking(servers::Postgres::start)
        .await
        .unwrap();
    suite(server.url()).await;
}

async fn suite(url: String) {
    // One database serves the whole suite: every case brings its own tenant, as customers do.
    let mut seed = 0;
    macro_rules! case {
        ($($name:path),*) => {$(
            seed += 1;
            println!(concat!("  ", stringify!($name)));
            $name(&Bench::on(url.clone(), seed).await).await;
        )*};
    }
    case!(
        reading::a_message_reads_back_as_it_was_accepted,
        reading::events_are_numbered_without_gaps_whatever_fails_between,
        money::a_failing_job_undoes_itself_alone,
        money::money_is_held_then_posted_or_voided_exactly_once,
        money::a_wallet_never_goes_below_zero,
        sending::rows_are_claimed_by_lane_then_age_and_a_chat_keeps_its_order,
        sending::a_stale_epoch_writes_nothing,
        sending::what_a_dead_generation_left_is_adopted,
        sending::acks_only_rise,
        sending::what_an_account_has_to_do_is_known_ahead,
        reading::sleep_and_repair_are_read_back_as_they_were_meant,
        reading::an_inbound_message_is_stored_once,
        reading::settings_change_field_by_field_and_for_their_tenant_only,
        reading::comparisons_go_forward_only,
        reading::self_tests_replace_one_another,
        reading::a_chat_lists_what_was_tried_and_what_was_not,
        sending::expiry_and_cancel_end_only_what_was_not_tried,
        sending::a_deleted_account_leaves_nothing_waiting,
        sending::proofs_are_written_together_and_never_go_back,
        reading::another_tenant_sees_nothing,
        reading::an_account_changes_state_under_its_epoch_only,
        money::idempotency_records_live_until_they_expire
    );
}
