//! Many pages at once on a sandbox of its own: whatever the load, each message is acknowledged, told once to the right page,
//! and its sender hears of both receipts. How fast that is belongs to the benches.

use crate::support::load::{Pages, Plan, Until};
use crate::support::zaptor::Sandbox;

#[actix_rt::test]
async fn many_pages_write_to_one_another_and_nothing_goes_astray() {
    let sandbox = Sandbox::start().await;
    let (pages, each) = (24, 40);
    let mut ring = Pages::link(&sandbox.url, sandbox.data_dir(), sandbox.tls_port, pages).await;
    let plan = Plan {
        in_flight: 8,
        until: Until::Messages(each),
    };
    for round in 0..2 {
        let outcome = ring.run(plan, round).await;
        let all = pages as u64 * each;
        assert_eq!(
            (outcome.sent, outcome.acked, outcome.heard, outcome.astray),
            (all, all, all, 0)
        );
        assert_eq!((outcome.delivered, outcome.read), (all, all));
    }
}
