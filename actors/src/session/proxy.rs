//! Why an account's proxy is of no use: what the engine tells of it, and what a person can do.

/// The texts are for people and hold no credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyTrouble {
    /// It does not answer, is no proxy, or does not reach WhatsApp.
    #[error("proxy_unreachable: {0}")]
    Unreachable(String),
    /// It does not let the account through.
    #[error("proxy_refused: {0}")]
    Refused(String),
    /// The node's owner does not let accounts use it.
    #[error("proxy_not_allowed: {0}")]
    NotAllowed(String),
}

impl ProxyTrouble {
    /// A stable word: `proxy_unreachable`, `proxy_refused` or `proxy_not_allowed`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "proxy_unreachable",
            Self::Refused(_) => "proxy_refused",
            Self::NotAllowed(_) => "proxy_not_allowed",
        }
    }

    /// What exactly was seen.
    pub fn detail(&self) -> &str {
        let (Self::Unreachable(detail) | Self::Refused(detail) | Self::NotAllowed(detail)) = self;
        detail
    }

    /// What is asked of the user by this word; none for a word that is no trouble of a proxy.
    pub fn action(word: &str) -> Option<&'static str> {
        match word {
            "proxy_unreachable" => Some(
                "See that the account's proxy runs and that its address is right; the account comes back with it",
            ),
            "proxy_refused" => Some("Set the username and password of the account's proxy anew"),
            "proxy_not_allowed" => Some(
                "Name a proxy on the internet, or set engine.proxies_in_private_networks for one in a network of your own",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_asks_for_something() {
        let detail = || "status 407".to_owned();
        for trouble in [
            ProxyTrouble::Unreachable(detail()),
            ProxyTrouble::Refused(detail()),
            ProxyTrouble::NotAllowed(detail()),
        ] {
            assert_eq!(trouble.to_string(), format!("{}: status 407", trouble.as_str()));
            assert!(ProxyTrouble::action(trouble.as_str()).is_some());
        }
        assert_eq!(ProxyTrouble::action("open_failed"), None);
    }
}
