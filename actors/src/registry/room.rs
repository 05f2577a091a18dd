//! Makes room for accounts that wait for memory: those that have the least to do are parked.

use std::time::Duration;

use super::{entry::Office, hibernation::make_room};

/// How many are parked at a time; whoever waits behind them comes with the next look.
const AT_ONCE: usize = 4;
/// The pause between two looks, so that those who were let in are measured before others have to leave.
const PAUSE: Duration = Duration::from_secs(10);

/// Parks accounts as long as others wait. Ends with the registry.
pub(super) async fn run(office: Office) {
    let mut short = office.shared.openings.short_of_memory();
    loop {
        let waiting = match short.wait_for(|waiting| *waiting > 0).await {
            Ok(waiting) => *waiting,
            Err(_) => return,
        };
        let parked = make_room(&office, waiting.min(AT_ONCE)).await;
        tracing::info!(target: "zaptor::registry", waiting, parked = parked.len(), "accounts wait for memory");
        office.clock.sleep(PAUSE).await;
    }
}
