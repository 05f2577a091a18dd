//! How often and how soon a child is restarted. Pure: time and chance are arguments.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How many restarts are tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Restarts within the window, and restarts in a row without the child getting healthy.
    pub max_restarts: u32,
    /// The window. A healthy life at least this long forgives everything before it.
    pub within: Duration,
}

/// How long to wait before a restart: a ceiling that doubles, and chance below it, so that many children that died of
/// one cause do not come back in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling at level 0.
    pub base: Duration,
    /// The ceiling at any level.
    pub cap: Duration,
}

impl Backoff {
    /// `min(base · 2^level, cap)`.
    pub fn ceiling(&self, level: u32) -> Duration {
        let factor = 1_u32.checked_shl(level).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// A pause anywhere below the ceiling (full jitter), but never less than a tenth of the base: what ended the child (a
    /// port, a lock, a process on its way out) is still there in the same instant. `fraction` is taken from `0.0..1.0`.
    pub fn pause(&self, level: u32, fraction: f64) -> Duration {
        let floor = self.base.min(self.cap) / 10;
        self.ceiling(level).mul_f64(fraction.clamp(0.0, 1.0)).max(floor)
    }

    /// A pause in the upper half below the ceiling: for retries of a failed child, which must not come at once.
    pub fn long_pause(&self, level: u32, fraction: f64) -> Duration {
        let half = self.ceiling(level) / 2;
        half + half.mul_f64(fraction.clamp(0.0, 1.0))
    }
}

/// What follows the end of a child that shall live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Start it again after this pause.
    Restart {
        /// The pause.
        after: Duration,
    },
    /// The budget is spent: it counts as failed, and is tried again after this long pause.
    Fail {
        /// The pause.
        retry_after: Duration,
    },
}

/// What one child has spent of its budget.
#[derive(Clone, Debug, Default)]
pub struct Record {
    restarts: VecDeque<Instant>,
    level: u32,
}

impl Record {
    /// Judges an end at `now` of a life that lasted `lived`. `healthy` says whether the child ever said that it works.
    pub fn judge(
        &mut self,
        now: Instant,
        lived: Duration,
        healthy: bool,
        (budget, backoff): (Budget, Backoff),
        fraction: f64,
    ) -> Verdict {
        if healthy && lived >= budget.within {
            *self = Self::default();
        }
        while self
            .restarts
            .front()
            .is_some_and(|&at| now.saturating_duration_since(at) >= budget.within)
        {
            self.restarts.pop_front();
        }
        let level = self.level;
        self.level = level.saturating_add(1);
        let spent = u32::try_from(self.restarts.len()).unwrap_or(u32::MAX) >= budget.max_restarts;
        if spent || level >= budget.max_restarts {
            Verdict::Fail {
                retry_after: backoff.long_pause(level, fraction),
            }
        } else {
            self.restarts.push_back(now);
            Verdict::Restart {
                after: backoff.pause(level, fraction),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUDGET: Budget = Budget {
        max_restarts: 5,
        within: Duration::from_secs(60),
    };
    const BACKOFF: Backoff = Backoff {
        base: Duration::from_millis(500),
        cap: Duration::from_secs(300),
    };

    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can only be made from the machine's clock"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_sixth_end_in_a_minute_is_a_failure_and_a_healthy_minute_forgives() {
        let (mut record, start) = (Record::default(), start());
        for second in 0..5 {
            let verdict = record.judge(
                start + Duration::from_secs(second),
                Duration::ZERO,
                true,
                (BUDGET, BACKOFF),
                1.0,
            );
            assert_eq!(
                verdict,
                Verdict::Restart {
                    after: Duration::from_millis(500 << second)
                }
            );
        }
        let sixth = record.judge(
            start + Duration::from_secs(5),
            Duration::ZERO,
            true,
            (BUDGET, BACKOFF),
            0.0,
        );
        assert_eq!(
            sixth,
            Verdict::Fail {
                retry_after: Duration::from_secs(8)
            }
        );
        let later = record.judge(
            start + Duration::from_secs(70),
            Duration::from_secs(60),
            true,
            (BUDGET, BACKOFF),
            0.5,
        );
        assert_eq!(
            later,
            Verdict::Restart {
                after: Duration::from_millis(250)
            }
        );
    }

    #[test]
    fn pauses_are_spread_over_the_whole_room_below_their_ceiling() {
        let pauses: Vec<Duration> = (0..100).map(|n| BACKOFF.pause(3, f64::from(n) / 100.0)).collect();
        let ceiling = BACKOFF.ceiling(3);
        for quarter in 0..4 {
            let (from, to) = (ceiling / 4 * quarter, ceiling / 4 * (quarter + 1));
            let within = pauses
                .iter()
                .filter(|&&pause| pause >= from && pause < to)
                .count();
            assert!(
                (24..=26).contains(&within),
                "{within} pauses in quarter {quarter}"
            );
        }
    }

    #[test]
    fn a_child_that_never_gets_healthy_fails_even_when_it_ends_slowly() {
        let (mut record, start) = (Record::default(), start());
        let verdicts: Vec<Verdict> = (0..7)
            .map(|n| {
                let now = start + Duration::from_secs(90 * n);
                record.judge(now, Duration::from_secs(90), false, (BUDGET, BACKOFF), 0.5)
            })
            .collect();
        assert!(
            verdicts[..5]
                .iter()
                .all(|verdict| matches!(verdict, Verdict::Restart { .. }))
        );
        assert!(
            verdicts[5..]
                .iter()
                .all(|verdict| matches!(verdict, Verdict::Fail { .. }))
        );
    }

    proptest! {
        #[test]
        fn a_pause_stays_below_its_ceiling_and_the_ceiling_below_the_cap(level: u32, fraction in 0.0..1.0_f64) {
            let ceiling = BACKOFF.ceiling(level);
            prop_assert!(ceiling <= BACKOFF.cap && ceiling >= BACKOFF.base);
            prop_assert!(BACKOFF.pause(level, fraction) <= ceiling);
            prop_assert!(BACKOFF.pause(level, fraction) >= BACKOFF.base / 10);
            let long = BACKOFF.long_pause(level, fraction);
            prop_assert!(long <= ceiling && long >= ceiling / 2);
            prop_assert!(BACKOFF.ceiling(level.saturating_add(1)) >= ceiling);
        }

        #[test]
        fn no_window_holds_more_restarts_than_the_budget(ends in prop::collection::vec((0_u64..40_000, any::<bool>()), 1..200)) {
            let (mut record, mut now) = (Record::default(), start());
            let mut restarts: Vec<Instant> = Vec::new();
            for (gap, healthy) in ends {
                now += Duration::from_millis(gap);
                let lived = Duration::from_millis(gap);
                if let Verdict::Restart { .. } = record.judge(now, lived, healthy, (BUDGET, BACKOFF), 0.3) {
                    restarts.push(now);
                    let recent = restarts.iter().filter(|&&at| now - at < BUDGET.within).count();
                    prop_assert!(recent <= BUDGET.max_restarts as usize);
                }
            }
        }
    }
}
