//! One suite over both buses: a nudge arrives, the newest number wins, and losing Redis loses nothing but speed.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use zaptor_actors::{
    bus::{self, Bus},
    domain::{Clock, IdSource, TenantId},
};

use crate::store_conformance::servers;

async fn hear(journal: &mut tokio::sync::watch::Receiver<i64>, seq: i64) -> i64 {
    let heard = tokio::time::timeout(Duration::from_secs(10), journal.wait_for(|known| *known >= seq)).await;
    *heard.expect("the nudge came within 10 s").unwrap()
}

/// `near` announces, `far` hears: the same bus in one process, two joined by Redis between nodes.
async fn a_nudge_arrives_and_the_newest_wins(near: &Bus, far: &Bus) {
    let ids = IdSource::seeded(Clock::system(), 3);
    let (tenant, other): (TenantId, TenantId) = (ids.next(), ids.next());
    let mut journal = far.journal(tenant);
    let mut silent = far.journal(other);
    silent.mark_unchanged();
    near.announce(tenant, 1);
    hear(&mut journal, 1).await;
    for seq in [7, 3, 9, 8] {
        near.announce(tenant, seq);
    }
    assert_eq!(hear(&mut journal, 9).await, 9);
    assert!(!silent.has_changed().unwrap(), "another tenant's nudge");
}

#[tokio::test]
async fn within_a_process() {
    let bus = Bus::new();
    a_nudge_arrives_and_the_newest_wins(&bus, &bus).await;
    let ids = IdSource::seeded(Clock::system(), 4);
    drop(bus.journal(ids.next()));
    bus.forget_idle();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_nodes_over_redis() {
    let redis = tokio::task::spawn_blocking(servers::Redis::start).await.unwrap();
    let stop = CancellationToken::new();
    let (near, far) = (Bus::new(), Bus::new());
    for bus in [&near, &far] {
        bus::redis::join(bus, &redis.url(), Clock::system(), stop.clone()).unwrap();
    }
    // Whether the far node listens yet is told by the first nudge that arrives.
    let ids = IdSource::seeded(Clock::system(), 5);
    let tenant: TenantId = ids.next();
    let mut journal = far.journal(tenant);
    for seq in 1.. {
        near.announce(tenant, seq);
        let heard = tokio::time::timeout(Duration::from_millis(50), journal.changed());
        if heard.await.is_ok() {
            break;
        }
        assert!(seq < 400, "nobody hears over Redis");
    }
    a_nudge_arrives_and_the_newest_wins(&near, &far).await;
    assert!(
        bus::redis::join(&near, &redis.url(), Clock::system(), stop.clone()).is_err(),
        "joined once"
    );
    drop(redis);
    // Redis is gone: the own process still hears.
    a_nudge_arrives_and_the_newest_wins(&near, &near).await;
    stop.cancel();
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    let error =
        bus::redis::join(&Bus::new(), "nonsense", Clock::system(), CancellationToken::new()).unwrap_err();
    assert!(error.to_string().contains("bus.redis_url"), "{error}");
}
