//! What was said of this node's accounts and is not in the database yet: for some milliseconds usually, for as long as it
//! takes where the database cannot be written. Whoever shows an account shows it as it was spoken of last.
//!
//! Never here: a word that outlives what is written after it, or that hides what a later generation has written.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use dashmap::{DashMap, Entry};

use super::machine::Say;
use crate::{
    domain::{AccountId, Timestamp},
    store::AccountRow,
};

/// The words of all accounts on this node. Empty while everything is written. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Spoken(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    newest: DashMap<AccountId, Word>,
    spoken: AtomicU64,
}

#[derive(Debug)]
struct Word {
    number: u64,
    say: Say,
    epoch: i64,
    at: Timestamp,
}

impl Spoken {
    /// The account as it was spoken of last: the row, or what is on its way to it.
    pub fn over(&self, mut row: AccountRow) -> AccountRow {
        let Some(word) = self.0.newest.get(&row.id) else {
            return row;
        };
        // A later generation has written already, or this is what was written a moment ago.
        if row.epoch > word.epoch || (row.state == word.say.state && row.reason == word.say.reason) {
            return row;
        }
        row.state = word.say.state;
        row.reason.clone_from(&word.say.reason);
        row.action.clone_from(&word.say.action);
        row.evidence = serde_json::to_value(word.say.evidence.at(word.at)).ok();
        row.since = word.at;
        row
    }

    /// From now until what it gives is dropped this is what was said of the account last, unless a later generation has
    /// spoken or something is said after it.
    pub(super) fn hold(&self, account: AccountId, say: &Say, epoch: i64, at: Timestamp) -> Held {
        let number = self.0.spoken.fetch_add(1, Ordering::Relaxed);
        let word = || Word {
            number,
            say: say.clone(),
            epoch,
            at,
        };
        match self.0.newest.entry(account) {
            Entry::Occupied(mut held) if held.get().epoch <= epoch => drop(held.insert(word())),
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => drop(free.insert(word())),
        }
        Held {
            spoken: self.clone(),
            account,
            number,
            stays: false,
        }
    }
}

/// See [`Spoken::hold`].
#[derive(Debug)]
pub(super) struct Held {
    spoken: Spoken,
    account: AccountId,
    number: u64,
    stays: bool,
}

impl Held {
    /// It could not be written: it holds until something else is said.
    pub(super) fn stay(mut self) {
        self.stays = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        let own = |_: &AccountId, word: &Word| word.number == self.number;
        self.spoken.0.newest.remove_if(&self.account, own);
    }
}
