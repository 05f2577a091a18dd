//! Now and sleep. Every room takes its time from a [`Clock`], so that a test can leap instead of wait.

use std::{
    fmt,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tokio::sync::oneshot;

/// A moment in UTC, in whole milliseconds since 1970. Written as RFC 3339 with milliseconds at the edge, as an integer
/// in the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This moment moved by `duration` into the future; saturates at the end of time.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This moment moved by `duration` into the past; saturates at the beginning of time.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long ago `earlier` was; zero when it lies in the future (clocks step back).
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or(DateTime::<Utc>::MIN_UTC);
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(DateTime::parse_from_rfc3339(text)?.timestamp_millis()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse()
            .map_err(|error| D::Error::custom(format!("`{text}` is not an RFC 3339 time: {error}")))
    }
}

/// Where time comes from: the machine, or a test that leaps.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<Mutex<ManualTime>>),
}

struct ManualTime {
    now: Timestamp,
    start: Instant,
    since_start: Duration,
    sleepers: Vec<(Duration, oneshot::Sender<()>)>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `now` until [`Clock::leap`] moves it. For tests.
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can only be made from the machine's clock"
    )]
    pub fn manual(now: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(ManualTime {
            now,
            start: Instant::now(),
            since_start: Duration::ZERO,
            sleepers: Vec::new(),
        }))))
    }

    /// The wall clock: for what people and databases see. It may step back.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp(Utc::now().timestamp_millis()),
            Source::Manual(time) => time.lock().now,
        }
    }

    /// The monotonic clock: for deadlines, budgets and durations. It never steps back.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    pub fn instant(&self) -> Instant {
        match &self.0 {
            Source::System => Instant::now(),
            Source::Manual(time) => {
                let time = time.lock();
                time.start + time.since_start
            }
        }
    }

    /// Completes once `duration` has passed on this clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    pub fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        match &self.0 {
            Source::System => Box::pin(tokio::time::sleep(duration)),
            Source::Manual(time) => {
                let (wake, woken) = oneshot::channel();
                let mut time = time.lock();
                let due = time.since_start + duration;
                time.sleepers.push((due, wake));
                Box::pin(async move {
                    // The clock may be dropped before the sleeper: then nobody is left to leap, and sleeping on is right.
                    if woken.await.is_err() {
                        std::future::pending::<()>().await;
                    }
                })
            }
        }
    }

    /// Completes once `duration` has passed, or up to one `step` sooner: whoever sleeps in the same steps is woken at the
    /// same moments, so that thousands of sleepers wake a thread a few times a second. On a manual clock it is
    /// [`Clock::sleep`]. `step` is not longer than `duration`.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    pub fn sleep_in_step(&self, duration: Duration, step: Duration) -> BoxFuture<'static, ()> {
        static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            Source::System => {
                let due = in_step(BEGUN.elapsed() + duration, step);
                Box::pin(tokio::time::sleep_until((*BEGUN + due).into()))
            }
            Source::Manual(_) => self.sleep(duration),
        }
    }

    /// Moves a manual clock forward and wakes every sleeper whose time has come, in the order of their times: a deadline is
    /// never woken before work that is due sooner, however much of both is leapt over at once. Those of the same time are
    /// woken in the order in which they fell asleep.
    ///
    /// # Panics
    /// On a system clock: nobody moves that one.
    pub fn leap(&self, duration: Duration) {
        let Source::Manual(time) = &self.0 else {
            panic!("only a manual clock can leap")
        };
        let mut time = time.lock();
        time.since_start += duration;
        time.now = time.now.after(duration);
        let due = time.since_start;
        let (mut woken, asleep): (Vec<_>, Vec<_>) = std::mem::take(&mut time.sleepers)
            .into_iter()
            .partition(|(at, _)| *at <= due);
        time.sleepers = asleep;
        drop(time);
        woken.sort_by_key(|(at, _)| *at);
        for (_, wake) in woken {
            let _ = wake.send(());
        }
    }

    /// How many sleepers wait on a manual clock: a test waits for "it sleeps" instead of guessing. Zero on the system
    /// clock.
    pub fn sleepers(&self) -> usize {
        match &self.0 {
            Source::System => 0,
            Source::Manual(time) => time
                .lock()
                .sleepers
                .iter()
                .filter(|(_, wake)| !wake.is_closed())
                .count(),
        }
    }
}

/// The last whole step that is not past `due`.
fn in_step(due: Duration, step: Duration) -> Duration {
    let past = due.as_nanos().checked_rem(step.as_nanos()).unwrap_or_default();
    due.saturating_sub(Duration::from_nanos(u64::try_from(past).unwrap_or_default()))
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Clock::System",
            Source::Manual(_) => "Clock::Manual",
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};

    use super::*;

    #[test]
    fn timestamps_travel_as_rfc3339() {
        let time: Timestamp = serde_json::from_str("\"2026-11-23T18:00:00.123Z\"").unwrap();
        assert_eq!(
            serde_json::to_string(&time).unwrap(),
            "\"2026-11-23T18:00:00.123Z\""
        );
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }

    #[test]
    fn whoever_sleeps_in_step_is_woken_on_one_and_never_late() {
        let (ms, step) = (Duration::from_millis, Duration::from_millis(250));
        for (due, woken) in [
            (0, 0),
            (249, 0),
            (250, 250),
            (5_000, 5_000),
            (5_249, 5_000),
            (5_250, 5_250),
        ] {
            assert_eq!(in_step(ms(due), step), ms(woken), "{due}");
        }
        assert_eq!(in_step(ms(7), Duration::ZERO), ms(7));
    }

    #[tokio::test]
    async fn a_leap_wakes_only_those_whose_time_has_come() {
        let clock = Clock::manual(Timestamp::from_millis(0));
        let short = clock.sleep(Duration::from_secs(1));
        let long = clock.sleep(Duration::from_secs(10));
        clock.leap(Duration::from_secs(2));
        short.await;
        assert_eq!(clock.sleepers(), 1);
        clock.leap(Duration::from_secs(8));
        long.await;
        assert_eq!(clock.now(), Timestamp::from_millis(10_000));
    }

    #[tokio::test]
    async fn a_leap_wakes_sleepers_in_the_order_of_their_times() {
        let clock = Clock::manual(Timestamp::from_millis(0));
        // Futures in this set are polled in the order in which they were woken.
        let mut asleep = FuturesUnordered::new();
        for (name, seconds) in [("deadline", 30), ("late", 40), ("work", 1), ("more work", 1)] {
            let sleep = clock.sleep(Duration::from_secs(seconds));
            asleep.push(sleep.map(move |()| name));
        }
        assert!(asleep.next().now_or_never().is_none(), "all of them sleep");
        clock.leap(Duration::from_secs(60));
        let woken: Vec<&str> = asleep.collect().await;
        assert_eq!(woken, ["work", "more work", "deadline", "late"]);
    }
}
