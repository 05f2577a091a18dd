//! Which events a socket wants.

use zaptor_actors::{
    domain::{AccountId, event::EventType},
    journal::EventFilter,
};

/// Types and accounts that a socket wants. It starts with what the address names and is changed by `subscribe` and
/// `unsubscribe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    types: Choice<EventType>,
    accounts: Choice<AccountId>,
    /// No subscription leads out of these accounts.
    fence: Option<Vec<AccountId>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice<T> {
    All,
    Only(Vec<T>),
    Except(Vec<T>),
}

impl<T: Copy + PartialEq> Choice<T> {
    fn of(wanted: Vec<T>) -> Self {
        if wanted.is_empty() {
            Self::All
        } else {
            Self::Only(wanted)
        }
    }

    fn has(&self, value: T) -> bool {
        match self {
            Self::All => true,
            Self::Only(wanted) => wanted.contains(&value),
            Self::Except(unwanted) => !unwanted.contains(&value),
        }
    }

    /// The first addition narrows "everything" to what was added; each further one widens it.
    fn add(&mut self, more: &[T]) {
        if more.is_empty() {
            return;
        }
        match self {
            Self::All => *self = Self::Only(more.to_vec()),
            Self::Only(wanted) => wanted.extend(
                more.iter()
                    .filter(|value| !wanted.contains(value))
                    .copied()
                    .collect::<Vec<_>>(),
            ),
            Self::Except(unwanted) => {
                unwanted.retain(|value| !more.contains(value));
                if unwanted.is_empty() {
                    *self = Self::All;
                }
            }
        }
    }

    fn remove(&mut self, less: &[T]) {
        if less.is_empty() {
            return;
        }
        match self {
            Self::All => *self = Self::Except(less.to_vec()),
            Self::Only(wanted) => wanted.retain(|value| !less.contains(value)),
            Self::Except(unwanted) => {
                unwanted.extend(
                    less.iter()
                        .filter(|value| !unwanted.contains(value))
                        .copied()
                        .collect::<Vec<_>>(),
                );
            }
        }
    }

    fn hint(&self) -> Vec<T> {
        match self {
            Self::Only(wanted) => wanted.clone(),
            Self::All | Self::Except(_) => Vec::new(),
        }
    }
}

impl Selection {
    /// These types about these accounts; an empty list does not narrow.
    pub fn of(types: Vec<EventType>, accounts: Vec<AccountId>) -> Self {
        Self {
            types: Choice::of(types),
            accounts: Choice::of(accounts),
            fence: None,
        }
    }

    /// The same, but whatever is subscribed to later, only about these accounts.
    #[must_use]
    pub fn within(mut self, fence: Option<Vec<AccountId>>) -> Self {
        self.fence = fence;
        self
    }

    pub(super) fn add(&mut self, types: &[EventType], accounts: &[AccountId]) {
        self.types.add(types);
        self.accounts.add(accounts);
    }

    pub(super) fn remove(&mut self, types: &[EventType], accounts: &[AccountId]) {
        self.types.remove(types);
        self.accounts.remove(accounts);
    }

    pub(super) fn is_everything(&self) -> bool {
        self.types == Choice::All && self.accounts == Choice::All && self.fence.is_none()
    }

    pub(super) fn passes(&self, kind: EventType, account: Option<AccountId>) -> bool {
        let fenced_out = |fence: &Vec<AccountId>| !account.is_some_and(|account| fence.contains(&account));
        if self.fence.as_ref().is_some_and(fenced_out) {
            return false;
        }
        let account_passes = match account {
            Some(account) => self.accounts.has(account),
            // What is about no account is left out when accounts are named.
            None => !matches!(self.accounts, Choice::Only(_)),
        };
        account_passes && self.types.has(kind)
    }

    /// What the journal may leave out already. It may give more than [`Selection::passes`] does, never less.
    pub(super) fn hint(&self) -> EventFilter {
        EventFilter {
            kinds: self.types.hint(),
            accounts: self.accounts.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use EventType::{MessageRead, MessageSent, WalletLow};

    use super::*;

    #[test]
    fn subscribing_narrows_then_widens() {
        let (a, b) = (AccountId::from_bits(1), AccountId::from_bits(2));
        let mut selection = Selection::of(vec![], vec![]);
        assert!(selection.is_everything() && selection.passes(WalletLow, None));
        selection.add(&[MessageSent], &[]);
        assert!(selection.passes(MessageSent, Some(a)) && !selection.passes(MessageRead, Some(a)));
        selection.add(&[MessageRead], &[a]);
        assert!(selection.passes(MessageRead, Some(a)));
        assert!(!selection.passes(MessageRead, Some(b)) && !selection.passes(MessageRead, None));
        selection.remove(&[MessageRead, MessageSent], &[]);
        assert!(
            !selection.passes(MessageSent, Some(a)),
            "the last one leaves nothing, not everything"
        );
        assert!(selection.hint().kinds.is_empty());
    }

    #[test]
    fn no_subscription_leads_out_of_the_fence() {
        let (a, b) = (AccountId::from_bits(1), AccountId::from_bits(2));
        let mut selection = Selection::of(vec![], vec![a]).within(Some(vec![a]));
        assert!(!selection.is_everything());
        selection.add(&[], &[b]);
        assert!(selection.passes(MessageSent, Some(a)) && !selection.passes(MessageSent, Some(b)));
        selection.remove(&[], &[a, b]);
        selection.add(&[], &[b]);
        assert!(!selection.passes(MessageSent, Some(b)) && !selection.passes(WalletLow, None));
    }

    #[test]
    fn unsubscribing_from_everything_leaves_the_rest() {
        let (a, b) = (AccountId::from_bits(1), AccountId::from_bits(2));
        let mut selection = Selection::of(vec![], vec![]);
        selection.remove(&[MessageRead], &[b]);
        assert!(selection.passes(MessageSent, Some(a)) && selection.passes(WalletLow, None));
        assert!(!selection.passes(MessageRead, Some(a)) && !selection.passes(MessageSent, Some(b)));
        selection.add(&[MessageRead], &[b]);
        assert!(selection.passes(MessageRead, Some(b)));
    }
}
