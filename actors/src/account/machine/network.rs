//! What becomes of an account whose page loses its connection, or does not reach WhatsApp at all.

use super::{Effect, Evidence, Machine, Phase, Say};
use crate::{domain::AccountState, session::ProxyTrouble};

const LOST: &str = "the page lost its connection to WhatsApp";
pub(super) const LOADING: &str = "linked; chats are being loaded";
const STALLED: &str = "linked, but the page lost its connection to WhatsApp while it loaded its chats";
const UNREACHABLE: &str = "the page does not reach WhatsApp; no code is shown until it does";

impl Machine {
    pub(super) fn connection(&mut self, up: bool) -> Vec<Effect> {
        match (self.phase, up) {
            (Phase::Proving | Phase::Doubting, true) => vec![self.probe()],
            (Phase::Proving | Phase::Recovering | Phase::Serving, false) => {
                let evidence = Evidence::page("connection_lost");
                self.doubt(LOST, evidence)
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
                vec![Effect::ForgetCode, unreachable()]
            }
            (Phase::Unlinked, true) if std::mem::take(&mut self.unreachable) => vec![Effect::RefreshCodes],
            _ => Vec::new(),
        }
    }
    /// The way through the account's proxy has closed, or is open again. A connection that was made before may still stand,
    /// and proves itself; but where there is none, the proxy is why.
    pub(super) fn proxy(&mut self, trouble: Option<ProxyTrouble>) -> Vec<Effect> {
        let closed = trouble.is_some();
        self.proxy = trouble;
        match self.phase {
            Phase::Doubting if closed => self.doubt(LOST, Evidence::page("connection_lost")),
            // The page may try again in a while; it has all its attempts before it is repaired.
            Phase::Doubting => {
                self.failures = 0;
                vec![self.probe()]
            }
            Phase::Unlinked if closed && self.unreachable => vec![unreachable()],
            _ => Vec::new(),
        }
    }

    /// As long as the proxy lets nobody through, it is the proxy that is told of, and that somebody is asked to look at.
    pub(super) fn blame_proxy(&self, effects: &mut [Effect]) {
        let Some(trouble) = &self.proxy else { return };
        for effect in effects {
            if let Effect::Say(say) = effect
                && say.evidence.is_of_the_connection()
            {
                say.reason = Some(trouble.to_string());
                say.action = ProxyTrouble::action(trouble.as_str()).map(str::to_owned);
                say.evidence = Evidence::Proxy {
                    proxy: trouble.as_str(),
                    detail: trouble.detail().to_owned(),
                };
            }
        }
    }
}

fn unreachable() -> Effect {
    let evidence = Evidence::page("connection_lost");
    let say = Say::because(AccountState::Pairing, UNREACHABLE, evidence)
        .asking("Look at the network between this machine and WhatsApp; a fresh code follows by itself");
    Effect::Say(say)
}

#[cfg(test)]
mod tests {
    use super::super::{Input, tests::walk};
    use super::*;
    use crate::account::machine::tests::input;

    fn said(effects: &[Effect]) -> Option<(&str, &str)> {
        effects.iter().find_map(|effect| match effect {
            Effect::Say(say) => Some((say.reason.as_deref()?, say.action.as_deref()?)),
            _ => None,
        })
    }

    fn shut() -> Input {
        Input::Proxy(Some(ProxyTrouble::Refused("status 407".to_owned())))
    }

    #[test]
    fn a_lost_connection_is_laid_to_the_proxy_that_lets_nobody_through() {
        let told = Some((
            "proxy_refused: status 407",
            "Set the username and password of the account's proxy anew",
        ));
        // In whichever order the two are heard of, and whether it waits for a phone or works.
        for life in [
            "took ready proven1 recovered",
            "took ready proven1 recovered down",
            "took shown",
            "took shown down",
        ] {
            let (mut machine, _) = walk(life.split(' ').map(input));
            let mut effects = machine.step(shut());
            if !life.ends_with("down") {
                assert_eq!(effects, [], "{life}: a connection that stands proves itself");
                effects = machine.step(input("down"));
            }
            assert_eq!(said(&effects), told, "{life}");
            let Some(Effect::Say(say)) = effects.iter().find(|effect| matches!(effect, Effect::Say(_)))
            else {
                panic!("{life}: {effects:?}");
            };
            let detail = "status 407".to_owned();
            let proxy = "proxy_refused";
            assert_eq!(say.evidence, Evidence::Proxy { proxy, detail }, "{life}");
        }
    }

    #[test]
    fn no_repair_is_tried_for_a_proxy_and_its_return_is_proven_at_once() {
        let (mut machine, _) = walk("took ready proven1 recovered down".split(' ').map(input));
        machine.step(shut());
        for _ in 0..5 {
            let effects = machine.step(Input::ProbeDue {
                ticket: machine.ticket,
            });
            let [Effect::Probe { probe }] = effects[..] else {
                panic!("{effects:?}");
            };
            let reason = "no answer".to_owned();
            let effects = machine.step(Input::ProbeFailed { probe, reason });
            assert!(matches!(effects[..], [Effect::ProbeLater { .. }]), "{effects:?}");
        }
        let effects = machine.step(Input::Proxy(None));
        assert!(matches!(effects[..], [Effect::Probe { .. }]), "{effects:?}");
        let (_, effects) = walk("took ready proven1 recovered down".split(' ').map(input));
        assert!(
            said(&effects).is_some_and(|(why, _)| why == LOST),
            "without one it is not blamed"
        );
    }

    #[test]
    fn a_proxy_that_lets_no_session_begin_ends_the_generation_and_asks_for_no_other_browser() {
        let trouble = ProxyTrouble::Unreachable("connection refused".to_owned());
        let (_, effects) = walk([input("took"), Input::NoWay(trouble)]);
        assert!(
            matches!(
                &effects[..],
                [Effect::End(super::super::End::Failed("proxy_unreachable", _))]
            ),
            "{effects:?}"
        );
    }
}
