//! Slows down whoever tries passwords: so many attempts at once, then one every so often, for each email and for each
//! address. A success gives its attempt back.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use dashmap::DashMap;

/// Whose attempts are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    Email(String),
    Address(IpAddr),
}

struct Pace {
    burst: u32,
    every: Duration,
}

const PER_EMAIL: Pace = Pace {
    burst: 5,
    every: Duration::from_secs(60),
};
const PER_ADDRESS: Pace = Pace {
    burst: 30,
    every: Duration::from_secs(10),
};
/// Beyond this many, entries that no longer slow anybody down are forgotten.
const ENTRIES_SWEPT_FROM: usize = 10_000;

impl Who {
    const fn pace(&self) -> Pace {
        match self {
            Self::Email(_) => PER_EMAIL,
            Self::Address(_) => PER_ADDRESS,
        }
    }
}

/// For each, the moment at which all its attempts are forgotten (a "theoretical arrival time", one number instead of a
/// list of attempts).
#[derive(Default)]
pub(super) struct Throttle(DashMap<Who, Instant>);

impl Throttle {
    /// Takes one attempt, or says how long to wait for the next.
    pub(super) fn take(&self, who: &Who, now: Instant) -> Result<(), Duration> {
        let pace = who.pace();
        if self.0.len() > ENTRIES_SWEPT_FROM {
            self.0.retain(|_, clear_at| *clear_at > now);
        }
        let mut clear_at = self.0.entry(who.clone()).or_insert(now);
        let next = (*clear_at).max(now) + pace.every;
        let ahead = next - now;
        let allowed = pace.every * pace.burst;
        if ahead > allowed {
            return Err(ahead - allowed);
        }
        *clear_at = next;
        Ok(())
    }

    /// Gives one attempt back: it was a good one.
    pub(super) fn give_back(&self, who: &Who) {
        if let Some(mut clear_at) = self.0.get_mut(who)
            && let Some(earlier) = clear_at.checked_sub(who.pace().every)
        {
            *clear_at = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use zaptor_actors::domain::{Clock, Timestamp};

    use super::*;

    #[test]
    fn five_at_once_then_one_a_minute() {
        let clock = Clock::manual(Timestamp::from_millis(0));
        let throttle = Throttle::default();
        let who = Who::Email("a@example.org".to_owned());
        for _ in 0..5 {
            assert_eq!(throttle.take(&who, clock.instant()), Ok(()));
        }
        assert_eq!(throttle.take(&who, clock.instant()), Err(Duration::from_secs(60)));
        clock.leap(Duration::from_secs(59));
        assert_eq!(throttle.take(&who, clock.instant()), Err(Duration::from_secs(1)));
        clock.leap(Duration::from_secs(1));
        assert_eq!(throttle.take(&who, clock.instant()), Ok(()));
        throttle.give_back(&who);
        assert_eq!(throttle.take(&who, clock.instant()), Ok(()));
        let other = Who::Email("b@example.org".to_owned());
        assert_eq!(throttle.take(&other, clock.instant()), Ok(()));
    }
}
