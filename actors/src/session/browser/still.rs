//! A browser that stands still: every process of it is stopped, and goes on when this is dropped.

use std::{fs, time::Duration};

use rustix::process::{Pid, Signal, kill_process};

use crate::domain::Clock;

/// How often it is looked whether a process has stopped; that takes well below a millisecond.
const LOOK: Duration = Duration::from_millis(1);
/// How often at most.
const LOOKS: u32 = 200;

/// Processes that stand still as long as this lives.
pub(super) struct Still(Vec<u32>);

impl Still {
    /// Stops the processes, the first of each family first, and waits until they stand. Nothing when one does not, or
    /// when there are more than those by then; they go on at once.
    pub(super) async fn hold(processes: impl Fn() -> Vec<u32>, clock: &Clock) -> Option<Self> {
        let still = Self(processes());
        still.0.iter().for_each(|&pid| signal(pid, Signal::STOP));
        for _ in 0..LOOKS {
            if still.0.iter().all(|&pid| stands(pid)) {
                // One that was started at the last moment would go on writing.
                return processes()
                    .iter()
                    .all(|pid| still.0.contains(pid))
                    .then_some(still);
            }
            clock.sleep(LOOK).await;
        }
        None
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        self.0.iter().for_each(|&pid| signal(pid, Signal::CONT));
    }
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether a process is stopped, or gone.
fn stands(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return true;
    };
    let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    state.starts_with(['T', 'Z', 'X'])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_stands_as_long_as_it_is_held() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        let still = Still::hold(|| vec![pid], &Clock::system()).await.unwrap();
        assert!(stands(pid));
        drop(still);
        child.kill().unwrap();
        child.wait().unwrap();
        // A process that is gone is no hindrance.
        assert!(Still::hold(|| vec![pid], &Clock::system()).await.is_some());
    }
}
