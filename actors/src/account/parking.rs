//! What an account's place knows of parking: when there was something to do last, why the next generation is opened, and
//! whether the one that lives is being put to sleep.

use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::Mutex;

use super::{
    Place,
    machine::{Evidence, Woken},
};
use crate::domain::{HibernationCause, Timestamp};

/// When there was something to do last. In memory: after a start of Zaptor it counts from the account's own start.
#[derive(Debug, Default)]
pub struct Activity {
    used: AtomicI64,
    heard: AtomicI64,
}

impl Activity {
    /// When a message went out or came in last, or the account became ready to send.
    pub fn used_at(&self) -> Timestamp {
        Timestamp::from_millis(self.used.load(Ordering::Relaxed))
    }

    /// When the page reported anything about messages last, acks among it: a page that still catches up is not quiet.
    pub fn heard_at(&self) -> Timestamp {
        let heard = Timestamp::from_millis(self.heard.load(Ordering::Relaxed));
        heard.max(self.used_at())
    }

    pub(super) fn use_now(&self, now: Timestamp) {
        self.used.fetch_max(now.millis(), Ordering::Relaxed);
    }

    pub(super) fn hear_now(&self, now: Timestamp) {
        self.heard.fetch_max(now.millis(), Ordering::Relaxed);
    }
}

/// What the registry leaves for the account's generations.
#[derive(Debug, Default)]
pub(super) struct Parking {
    woken: Mutex<Option<Woken>>,
    reason: Mutex<Option<String>>,
}

impl Place {
    /// The next generation is opened for this reason.
    pub fn wake_with(&self, woken: Woken) {
        *self.parking.woken.lock() = Some(woken);
    }

    /// The reason for which this generation is opened; the next one has none.
    pub(super) fn take_woken(&self) -> Option<Woken> {
        self.parking.woken.lock().take()
    }

    /// What a parking rests on.
    pub(super) fn parked(&self, why: HibernationCause) -> Evidence {
        let last = self.activity.used_at();
        Evidence::Parked {
            parked: why,
            last_activity_at: (last > Timestamp::default()).then_some(last),
        }
    }

    /// From now on an end of the generation that lives is a parking, however it ends; `None` takes that back.
    pub fn set_parking(&self, reason: Option<String>) {
        *self.parking.reason.lock() = reason;
    }

    pub(super) fn parking(&self) -> Option<String> {
        self.parking.reason.lock().clone()
    }
}
