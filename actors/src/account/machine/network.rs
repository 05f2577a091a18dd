//! What becomes of an account whose page loses its connection, or does not reach WhatsApp at all.

use super::{Effect, Evidence, Machine, Phase, Say};
use crate::domain::AccountState;

pub(super) const LOADING: &str = "linked; chats are being loaded";
const STALLED: &str = "linked, but the page lost its connection to WhatsApp while it loaded its chats";
const UNREACHABLE: &str = "the page does not reach WhatsApp; no code is shown until it does";

impl Machine {
    pub(super) fn connection(&mut self, up: bool) -> Vec<Effect> {
        match (self.phase, up) {
            (Phase::Proving | Phase::Doubting, true) => vec![self.probe()],
            (Phase::Proving | Phase::Recovering | Phase::Serving, false) => {
                let evidence = Evidence::page("connection_lost");
                self.doubt("the page lost its connection to WhatsApp", evidence)
            }
            (Phase::Syncing, false) => {
                let evidence = Evidence::page("connection_lost");
                vec![Effect::Say(Say::because(
                    AccountState::Syncing,
                    STALLED,
                    evidence,
                ))]
            }
            (Phase::Syncing, true) => {
                let evidence = Evidence::page("linked");
                vec![Effect::Say(Say::because(
                    AccountState::Syncing,
                    LOADING,
                    evidence,
                ))]
            }
            (Phase::Unlinked, false) => {
                self.unreachable = true;
                let evidence = Evidence::page("connection_lost");
                let say = Say::because(AccountState::Pairing, UNREACHABLE, evidence).asking(
                    "Look at the network between this machine and WhatsApp; a fresh code follows by itself",
                );
                vec![Effect::ForgetCode, Effect::Say(say)]
            }
            (Phase::Unlinked, true) if std::mem::take(&mut self.unreachable) => vec![Effect::RefreshCodes],
            _ => Vec::new(),
        }
    }
}
