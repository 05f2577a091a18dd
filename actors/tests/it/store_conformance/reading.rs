//! What is written reads back, numbered, and to its own tenant only.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use zaptor_actors::{
    domain::{
        AccountSettings, AccountState, AgentReport, Content, Hibernation, HibernationCause, Jid, Lack,
        MessageStatus, SelfTest, TenantId, Timestamp, Tokens, WaMessageId,
        event::{EventType, NewEvent},
    },
    journal::{self, EventFilter},
    outbox::{self, InboundFields, Outcome},
    store::{
        StateChange, StoreError, Tx, accounts,
        messages::MessageFilter,
        pages::{self, Compared},
    },
};

use super::Bench;

pub(super) async fn a_message_reads_back_as_it_was_accepted(bench: &Bench) {
    let message = bench.message("5511987654321");
    bench.accept(vec![message.clone()]).await.unwrap();
    let row = bench
        .store
        .reads()
        .message(bench.tenant, message.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.content, message.content);
    assert_eq!(
        (row.status, row.cost, &row.chat),
        (MessageStatus::Queued, Tokens(1), &message.chat)
    );
    // The account is not online, and the message says so.
    assert!(row.waits.unwrap().contains("created"));
}

pub(super) async fn events_are_numbered_without_gaps_whatever_fails_between(bench: &Bench) {
    let mut tasks = Vec::new();
    for i in 0..60_i64 {
        let (store, ids, now) = (bench.store.clone(), Arc::clone(&bench.ids), bench.clock.now());
        let (tenant, account) = (bench.tenant, bench.account);
        tasks.push(tokio::spawn(async move {
            let job = store.write(move |tx: &Tx| {
                Box::pin(async move {
                    let event = NewEvent::new(tenant, Some(account), EventType::AccountStateChanged, &i);
                    journal::append(tx, &ids, now, &[event]).await?;
                    if i % 7 == 0 {
                        Err(StoreError::Failed("on purpose".to_owned()))
                    } else {
                        Ok(())
                    }
                })
            });
            job.await.is_ok()
        }));
    }
    let mut committed = 0;
    for task in tasks {
        committed += i64::from(task.await.unwrap());
    }
    assert_eq!(committed, 51);
    let events = journal::read(
        bench.store.reads(),
        bench.tenant,
        0,
        &EventFilter::default(),
        1_000,
    )
    .await
    .unwrap();
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=committed).collect::<Vec<_>>());
    assert_eq!(
        events
            .iter()
            .filter_map(|event| event.account_seq)
            .collect::<Vec<_>>(),
        seqs
    );
    assert_eq!(
        journal::head(bench.store.reads(), bench.tenant).await.unwrap(),
        committed
    );
    let page = journal::read(bench.store.reads(), bench.tenant, 10, &EventFilter::default(), 5)
        .await
        .unwrap();
    assert_eq!(
        page.iter().map(|event| event.seq).collect::<Vec<_>>(),
        [11, 12, 13, 14, 15]
    );
}

pub(super) async fn an_inbound_message_is_stored_once(bench: &Bench) {
    let fields = InboundFields {
        wa_id: WaMessageId::from_wire("3A0011"),
        chat: Jid::parse("5511987654321").unwrap(),
        from: Jid::parse("5511987654321").unwrap(),
        sender_name: Some("Ana".to_owned()),
        content: Content::text("Oi"),
        backfilled: true,
    };
    let mut stored = Vec::new();
    for _ in 0..2 {
        let (ids, tenant, account) = (Arc::clone(&bench.ids), bench.tenant, bench.account);
        let (fields, now) = (fields.clone(), bench.clock.now());
        let job = bench.store.write(move |tx| {
            Box::pin(async move { outbox::receive(tx, &ids, tenant, account, &fields, now).await })
        });
        stored.push(job.await.unwrap());
    }
    assert!(stored[0].is_some() && stored[1].is_none());
    let row = bench
        .store
        .reads()
        .message(bench.tenant, stored[0].unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.status, row.sender_name.as_deref(), row.backfilled),
        (MessageStatus::Received, Some("Ana"), true)
    );
    let asked = ["3A0011", "3A0012"].map(WaMessageId::from_wire);
    let known = outbox::known(bench.store.reads(), bench.account, &asked)
        .await
        .unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), asked[..1]);
    let other = outbox::known(bench.store.reads(), bench.ids.next(), &asked)
        .await
        .unwrap();
    assert!(other.is_empty(), "another account's messages are not ours");
    assert!(
        outbox::known(bench.store.reads(), bench.account, [])
            .await
            .unwrap()
            .is_empty()
    );
}

/// Up to where an account's page was compared: set by a link, never going back, and not under a stale epoch.
pub(super) async fn comparisons_go_forward_only(bench: &Bench) {
    let (tenant, account) = (bench.tenant, bench.account);
    let at = Timestamp::from_millis;
    let stands = async || bench.store.reads().compared(tenant, account).await.unwrap();
    assert_eq!(stands().await, None);
    let epoch = bench.epoch().await;
    let steps = bench.store.write(move |tx| {
        Box::pin(async move {
            pages::note_compared(tx, account, epoch, at(4_000)).await?;
            pages::begin_comparing(tx, account, epoch, at(5_000)).await?;
            pages::note_compared(tx, account, epoch, at(9_000)).await?;
            pages::note_compared(tx, account, epoch, at(7_000)).await?;
            pages::note_compared(tx, account, epoch - 1, at(99_000)).await?;
            pages::begin_comparing(tx, account, epoch - 1, at(99_000)).await
        })
    });
    steps.await.unwrap();
    let (from, until) = (at(5_000), at(9_000));
    assert_eq!(stands().await, Some(Compared { from, until }));
    assert_eq!(
        bench
            .store
            .reads()
            .compared(bench.ids.next(), account)
            .await
            .unwrap(),
        None
    );
}

/// What a page said of itself: the newest, and the one before for whoever writes it.
pub(super) async fn self_tests_replace_one_another(bench: &Bench) {
    let account = bench.account;
    let epoch = bench.epoch().await;
    let report = |version: &str| AgentReport {
        test: SelfTest {
            build: "0123456789abcdef".to_owned(),
            version: version.to_owned(),
            wa_js: Some("4.6.0".to_owned()),
            whatsapp_web: None,
            missing: vec![Lack {
                name: "whatsapp.functions.getStatus".to_owned(),
                needed_for: vec!["probe".to_owned()],
            }],
            linked: false,
        },
        tested_at: Timestamp::from_millis(1_000),
    };
    let (first, second, stale) = (report("1"), report("2"), report("3"));
    let newest = second.clone();
    let steps = bench.store.write(move |tx| {
        Box::pin(async move {
            assert_eq!(pages::note_agent(tx, account, epoch, &first).await?, Some(None));
            assert_eq!(
                pages::note_agent(tx, account, epoch, &second).await?,
                Some(Some(first))
            );
            assert_eq!(pages::note_agent(tx, account, epoch - 1, &stale).await?, None);
            Ok(())
        })
    });
    steps.await.unwrap();
    let row = bench
        .store
        .reads()
        .account(bench.tenant, account)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.agent, Some(newest));
}

pub(super) async fn another_tenant_sees_nothing(bench: &Bench) {
    let message = bench.message("5511987654321");
    bench.accept(vec![message.clone()]).await.unwrap();
    let stranger: TenantId = bench.ids.next();
    let reads = bench.store.reads();
    assert!(reads.message(stranger, message.id).await.unwrap().is_none());
    assert!(
        reads
            .messages(stranger, &Default::default(), 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(reads.account(stranger, bench.account).await.unwrap().is_none());
    assert!(reads.accounts(stranger, None, None, 10).await.unwrap().is_empty());
    assert!(reads.wallet(stranger).await.unwrap().is_none());
    assert!(
        journal::read(reads, stranger, 0, &EventFilter::default(), 10)
            .await
            .unwrap()
            .is_empty()
    );
    let (account, now) = (bench.account, bench.clock.now());
    let deleted = bench
        .store
        .write(move |tx| Box::pin(accounts::delete(tx, stranger, account, now)))
        .await;
    assert!(!deleted.unwrap());
    let cancelled = bench
        .store
        .write(move |tx| Box::pin(outbox::cancel(tx, stranger, message.id, now)))
        .await;
    assert!(cancelled.unwrap().is_none());
}

pub(super) async fn an_account_changes_state_under_its_epoch_only(bench: &Bench) {
    let old = bench.epoch().await;
    let epoch = bench.epoch().await;
    let change = |state, epoch| {
        let (account, at) = (bench.account, bench.clock.now());
        let change = StateChange {
            state,
            reason: Some("because".to_owned()),
            action: None,
            phone: Some(Some("5511987654321".parse().unwrap())),
            push_name: None,
            evidence: Some(r#"{"probe":1}"#.to_owned()),
            at,
        };
        bench.store.write(move |tx| {
            Box::pin(async move { accounts::change_state(tx, account, epoch, &change).await })
        })
    };
    assert_eq!(change(AccountState::Online, old).await.unwrap(), None);
    assert_eq!(
        change(AccountState::Online, epoch).await.unwrap(),
        Some(AccountState::Created)
    );
    let row = bench
        .store
        .reads()
        .account(bench.tenant, bench.account)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (row.state, row.reason.as_deref(), row.labels),
        (AccountState::Online, Some("because"), vec!["a".to_owned()])
    );
    assert!(
        bench
            .store
            .reads()
            .accounts_wanted()
            .await
            .unwrap()
            .iter()
            .any(|wanted| wanted.id == bench.account)
    );
}

/// The index of chats holds only what was tried: the list must not show less, nor anything twice.
pub(super) async fn settings_change_field_by_field_and_for_their_tenant_only(bench: &Bench) {
    let (tenant, account, stranger) = (bench.tenant, bench.account, bench.ids.next());
    let at = bench.clock.now();
    let change = async |tenant, text: &str| {
        let change = accounts::Description {
            settings: Some(serde_json::from_str(text).unwrap()),
            name: None,
            labels: None,
            proxy_password: None,
            at,
        };
        let changed = bench
            .store
            .write(move |tx| Box::pin(async move { accounts::describe(tx, tenant, account, change).await }));
        changed.await.unwrap()
    };
    let settings = async || {
        let settings = bench.store.reads().account_settings(tenant, account).await;
        serde_json::to_string(&settings.unwrap()).unwrap()
    };
    assert_eq!(settings().await, "{}");
    assert_eq!(
        change(tenant, r#"{"locale":"de","time_zone":"UTC"}"#).await,
        Some(true)
    );
    assert_eq!(
        change(tenant, r#"{"locale":"de"}"#).await,
        Some(false),
        "nothing is another"
    );
    assert_eq!(change(stranger, r#"{"locale":"fr"}"#).await, None);
    assert_eq!(
        change(tenant, r#"{"locale":null,"user_agent":"x"}"#).await,
        Some(true)
    );
    assert_eq!(settings().await, r#"{"user_agent":"x","time_zone":"UTC"}"#);
    let others = bench.store.reads().account_settings(stranger, account).await;
    assert_eq!(others.unwrap(), AccountSettings::default());
}

pub(super) async fn a_chat_lists_what_was_tried_and_what_was_not(bench: &Bench) {
    let messages: Vec<_> = (0..4).map(|_| bench.message("5511900000001")).collect();
    let elsewhere = bench.message("5511900000002");
    bench
        .accept(messages.iter().cloned().chain([elsewhere]).collect())
        .await
        .unwrap();
    let epoch = bench.epoch().await;
    let sent = bench.claim(epoch).await.unwrap();
    bench.settle(sent.message, epoch, Outcome::Sent).await.unwrap();
    let sending = bench.claim(epoch).await.unwrap();
    assert_eq!((sent.message, sending.message), (messages[0].id, messages[1].id));
    let list = async |after, limit| -> Vec<_> {
        let filter = MessageFilter {
            account: Some(bench.account),
            chat: Some(messages[0].chat.clone()),
            after,
            ..MessageFilter::default()
        };
        let rows = bench.store.reads().messages(bench.tenant, &filter, limit).await;
        rows.unwrap().into_iter().map(|row| row.id).collect()
    };
    let newest_first: Vec<_> = messages.iter().rev().map(|message| message.id).collect();
    assert_eq!(list(None, 10).await, newest_first);
    assert_eq!(list(None, 3).await, newest_first[..3]);
    assert_eq!(list(Some(messages[2].id), 10).await, newest_first[2..]);
}

pub(super) async fn sleep_and_repair_are_read_back_as_they_were_meant(bench: &Bench) {
    let row = async || {
        let row = bench.store.reads().account(bench.tenant, bench.account).await;
        row.unwrap().unwrap()
    };
    let account = bench.account;
    assert_eq!((row().await.hibernation, row().await.repair), (None, None));
    let meant = Hibernation {
        since: bench.clock.now(),
        wake_at: Some(bench.clock.now().after(Duration::from_secs(900))),
        why: HibernationCause::Memory,
    };
    for meant in [Some(meant), None] {
        let set = bench
            .store
            .write(move |tx| Box::pin(accounts::set_hibernation(tx, account, meant)));
        set.await.unwrap();
        assert_eq!(row().await.hibernation, meant);
    }
    let (old, epoch) = (bench.epoch().await, bench.epoch().await);
    let repair = json!({"stage": "reload_page", "attempt": 1});
    let note = async |epoch, repair: Option<&Value>| {
        let repair = repair.map(Value::to_string);
        let noted = bench
            .store
            .write(move |tx| Box::pin(accounts::note_repair(tx, account, epoch, repair)));
        noted.await.unwrap();
    };
    note(epoch, Some(&repair)).await;
    note(old, None).await;
    assert_eq!(row().await.repair, Some(repair), "a stale epoch ends no repair");
    note(epoch, None).await;
    assert_eq!(row().await.repair, None);
}
