//! The pure functions that every message or event passes: `cargo bench --bench hot_paths`. Criterion keeps what it saw
//! and tells when a later run is slower.

use std::{hint::black_box, sync::Arc};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use zaptor::sandbox::scenario::Scenario;
use zaptor_actors::domain::{
    AccountId, Clock, Content, IdSource, Jid, MessageId, MessageStatus, TenantId, Timestamp, Tokens,
    WaMessageId,
    event::{Event, EventType, MessageEvent, NewEvent},
};

fn source() -> IdSource {
    IdSource::seeded(Clock::system(), 1)
}

/// An id is minted for every message, event, ledger entry and request, printed for the database and parsed in every
/// path of the API.
fn ids(criterion: &mut Criterion) {
    let ids = source();
    let id: MessageId = ids.next();
    let text = id.to_string();
    criterion.bench_function("id/mint", |b| {
        b.iter(|| ids.next::<zaptor_actors::domain::ids::MessageKind>())
    });
    criterion.bench_function("id/print", |b| b.iter(|| black_box(id).to_string()));
    criterion.bench_function("id/parse", |b| {
        b.iter(|| black_box(text.as_str()).parse::<MessageId>())
    });
    criterion.bench_function("id/whatsapp", |b| {
        b.iter(|| WaMessageId::of(black_box(&[7; 32]), black_box(id)))
    });
}

fn words(criterion: &mut Criterion) {
    criterion.bench_function("jid/parse phone", |b| {
        b.iter(|| Jid::parse(black_box("5511987654321")))
    });
    criterion.bench_function("jid/parse address", |b| {
        b.iter(|| Jid::parse(black_box("120363041234567890@g.us")))
    });
    criterion.bench_function("status/transition", |b| {
        b.iter(|| black_box(MessageStatus::Sent).can_become(black_box(MessageStatus::Delivered)))
    });
    let content = Content::text("Hello, this is a message of a usual length.");
    criterion.bench_function("content/encode", |b| {
        b.iter(|| serde_json::to_string(black_box(&content)))
    });
}

/// An event is encoded when it is appended, and once more for all sockets together.
fn events(criterion: &mut Criterion) {
    let ids = source();
    let (tenant, account): (TenantId, AccountId) = (ids.next(), ids.next());
    let message: MessageId = ids.next();
    let wa_message_id = WaMessageId::of(&[7; 32], message);
    let Ok(chat) = Jid::parse("5511987654321") else {
        return;
    };
    let particulars = MessageEvent {
        message,
        wa_message_id: &wa_message_id,
        status: MessageStatus::Queued,
        chat: &chat,
        kind: "text",
        cost: Tokens(1),
        cause: None,
        callback_data: None,
    };
    let make = || NewEvent::new(tenant, Some(account), EventType::MessageQueued, &particulars);
    criterion.bench_function("event/append form", |b| b.iter(make));
    let Ok(data) = serde_json::value::to_raw_value(&particulars).map(Arc::from) else {
        return;
    };
    let event = Event {
        id: ids.next(),
        seq: 123_456,
        kind: EventType::MessageQueued,
        tenant,
        account: Some(account),
        account_seq: Some(123_456),
        timestamp: Timestamp::from_millis(1_767_323_045_678),
        data,
    };
    criterion.bench_function("event/published form", |b| {
        b.iter_batched_ref(
            || Vec::with_capacity(1_024),
            |text| serde_json::to_writer(text, black_box(&event)),
            BatchSize::SmallInput,
        );
    });
}

/// 200 pages that write to one another through the sandbox's pure network, with delivery log and both receipts; the pages
/// themselves are played, too, so that this is the least that the network can do.
const RING: &str = r#"
title = "A ring"
lasts = "30s"
[phones.people]
phone = "5511900000001"
count = 200
[pages.tabs]
phone = "people"
[[steps]]
at = "1s"
every = "10ms"
count = 2000
send = { from = "tabs", to = "people 1", text = "Hello, this is a message of a usual length." }
[[expect]]
acked = { ack = 3 }
is = 1
"#;

fn sandbox(criterion: &mut Criterion) {
    let Ok(ring) = Scenario::read("ring.toml", RING) else {
        return;
    };
    let messages = ring.run(None).deliveries as u64;
    let mut group = criterion.benchmark_group("sandbox");
    group.throughput(Throughput::Elements(messages)).sample_size(10);
    group.bench_function("messages through the network, 200 pages", |b| {
        b.iter(|| ring.run(None))
    });
    group.finish();
}

criterion_group!(hot_paths, ids, words, events, sandbox);
criterion_main!(hot_paths);
