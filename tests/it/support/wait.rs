//! Bounded waiting: a test names what it waits for and for how long at most, and never sleeps blindly.

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

/// Pause between two looks. Short enough that a test is not slowed down, long enough to leave the core to others.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until `probe` gives `Ok`, and returns its value. Panics after `deadline` with what was awaited (`what`) and
/// the last reason that `probe` gave for not being there yet.
#[expect(
    clippy::disallowed_methods,
    reason = "real processes are watched here, in real time"
)]
pub(crate) async fn until<T, E, F, P>(what: &str, deadline: Duration, mut probe: P) -> T
where
    E: Debug,
    F: Future<Output = Result<T, E>>,
    P: FnMut() -> F,
{
    let begin = Instant::now();
    loop {
        let last = match probe().await {
            Ok(value) => return value,
            Err(last) => last,
        };
        assert!(
            begin.elapsed() < deadline,
            "waited {deadline:?} for {what}; last seen: {last:?}"
        );
        pause().await;
    }
}

/// The only sleep in the tests: between two looks at a condition that has a deadline.
#[expect(
    clippy::disallowed_methods,
    reason = "real processes are watched here, in real time"
)]
async fn pause() {
    tokio::time::sleep(LOOK_EVERY).await;
}
