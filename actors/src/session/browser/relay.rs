//! The way of one browser through its account's proxy. Chromium takes no credentials for a proxy on its command line,
//! and none at all for SOCKS; so it is pointed at a relay of ours on loopback, which knows them.
//!
//! Never here: a connection of anybody but that browser's processes (the kernel says whose a socket is), a way around the
//! proxy, a host other than the sandbox's on the sandbox, a credential in a log.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{owner, signs::Signs, upstream::Upstream};
use crate::{
    domain::Clock,
    session::{ProxyTrouble, SessionError, SessionEvent},
};

/// Connections of one browser at a time. WhatsApp Web has some ten.
const CONNECTIONS: usize = 64;
/// How long the browser may take to say where it wants to go.
const ASKS_WITHIN: Duration = Duration::from_secs(10);
/// How long a relay waits that could not take a connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How often a proxy that let nobody through is tried again. A page tries by itself, but ever more rarely.
const TRIED_AGAIN: Duration = Duration::from_secs(2);

/// Where a browser may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ways {
    /// To any host, on the ports of the web.
    Web,
    /// To these hosts only, each by another address: the sandbox's.
    Only(Vec<(String, String, Option<u16>)>),
}

impl Ways {
    /// The ways that host rules of Chromium's leave open.
    pub(super) fn of_rules(rules: &str) -> Self {
        let mapped = rules.split(',').filter_map(|rule| {
            let mut words = rule.split_whitespace();
            let ("MAP", host, address) = (words.next()?, words.next()?, words.next()?) else {
                return None;
            };
            if host == "*" || address.starts_with('~') {
                return None;
            }
            let (address, port) = match address.rsplit_once(':') {
                Some((address, port)) => (address, Some(port.parse().ok()?)),
                None => (address, None),
            };
            Some((host.to_owned(), address.to_owned(), port))
        });
        Self::Only(mapped.collect())
    }

    /// Where a connection to this host goes; `None`: nowhere.
    fn to(&self, host: &str, port: u16) -> Option<(String, u16)> {
        match self {
            Self::Web => matches!(port, 80 | 443).then(|| (host.to_owned(), port)),
            Self::Only(mapped) => {
                let found = mapped.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(host));
                found.map(|(_, address, other)| (address.clone(), other.unwrap_or(port)))
            }
        }
    }
}

/// A relay that listens. Dropped, it ends with all of its connections.
pub(super) struct Relay {
    port: u16,
    stop: CancellationToken,
    trouble: watch::Receiver<Option<ProxyTrouble>>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What its connections share.
struct Shared {
    upstream: Upstream,
    ways: Ways,
    profile: PathBuf,
    own: SocketAddr,
    places: Arc<Semaphore>,
    /// Where the page lives. That a proxy does not reach another host says nothing about it.
    page: (String, u16),
    trouble: watch::Sender<Option<ProxyTrouble>>,
}

impl Shared {
    /// A connection through the proxy; what came of one to the page's host is noted.
    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, ProxyTrouble> {
        let connected = self.upstream.connect(host, port).await;
        if self.page.0 == host && self.page.1 == port {
            let now = connected.as_ref().err().cloned();
            self.trouble.send_if_modified(|before| {
                let changed = *before != now;
                *before = now;
                changed
            });
        }
        connected
    }

    /// Tries a proxy that let nobody through until it does.
    async fn look_again(&self, clock: &Clock) {
        let mut trouble = self.trouble.subscribe();
        // The sender is ours: it does not end before us.
        while trouble.wait_for(Option::is_some).await.is_ok() {
            clock.sleep(TRIED_AGAIN).await;
            if trouble.borrow().is_some() {
                let _ = self.connect(&self.page.0, self.page.1).await;
            }
        }
    }
}

impl Relay {
    /// Proves that the proxy lets one through to `page`, then listens for the browser on `profile`.
    pub(super) async fn open(
        upstream: Upstream,
        ways: Ways,
        (page, port): (&str, u16),
        profile: &Path,
        (runtime, clock): (&Handle, &Clock),
    ) -> Result<Self, SessionError> {
        let (host, port) = ways
            .to(page, port)
            .ok_or_else(|| SessionError::Open(format!("{page} is out of reach")))?;
        upstream.connect(&host, port).await.map_err(SessionError::Proxy)?;
        let cannot = |error: std::io::Error| SessionError::Open(format!("the way to the proxy: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(cannot)?;
        let own = listener.local_addr().map_err(cannot)?;
        let stop = CancellationToken::new();
        let (trouble, told) = watch::channel(None);
        let shared = Arc::new(Shared {
            upstream,
            ways,
            profile: profile.to_owned(),
            own,
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            page: (host, port),
            trouble,
        });
        let (looks, over, clock) = (Arc::clone(&shared), stop.clone(), clock.clone());
        runtime.spawn(async move { over.run_until_cancelled(looks.look_again(&clock)).await });
        runtime.spawn(serve(listener, shared, stop.clone()));
        Ok(Self {
            port: own.port(),
            stop,
            trouble: told,
        })
    }

    /// Tells the account whenever the way through the proxy closes or opens, as long as there is one.
    pub(super) fn tell(&self, signs: &Arc<Signs>, runtime: &Handle) {
        let (mut trouble, signs) = (self.trouble.clone(), Arc::clone(signs));
        runtime.spawn(async move {
            while trouble.changed().await.is_ok() {
                let now = trouble.borrow_and_update().clone();
                signs.tell(SessionEvent::Proxy(now)).await;
            }
        });
    }

    /// What points a browser at it, and keeps it from any other way: names are not looked up here, loopback is no
    /// exception, and datagrams stay at home.
    pub(super) fn point(&self, arguments: &mut Vec<String>) {
        arguments.retain(|argument| !argument.trim_start_matches('-').starts_with("proxy-"));
        arguments.push(format!("--proxy-server=socks5://127.0.0.1:{}", self.port));
        arguments.push("--proxy-bypass-list=<-loopback>".to_owned());
        for webrtc in ["--force-webrtc-ip-handling-policy", "--webrtc-ip-handling-policy"] {
            arguments.push(format!("{webrtc}=disable_non_proxied_udp"));
        }
        if !arguments
            .iter()
            .any(|argument| argument.starts_with("--host-resolver-rules"))
        {
            arguments.push("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned());
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((browser, peer)) = accepted else {
            // No descriptor is free: there is none a moment later either.
            Clock::system().sleep(ACCEPT_AGAIN).await;
            continue;
        };
        // Past the bound nobody waits: a browser tries again, anybody else shall not hold places.
        let Ok(place) = Arc::clone(&shared.places).try_acquire_owned() else {
            continue;
        };
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = carry(browser, peer, &shared) => {}
            }
            drop(place);
        });
    }
}

/// One connection, from its first byte to its end. Errors end it; Chromium shows them as its own.
async fn carry(mut browser: TcpStream, peer: SocketAddr, shared: &Shared) -> std::io::Result<()> {
    let (own, profile) = (shared.own, shared.profile.clone());
    let ours = tokio::task::spawn_blocking(move || owner::is_browser(peer, own, &profile)).await;
    if !ours.unwrap_or(false) {
        tracing::warn!("somebody else than its browser has tried the way to a proxy");
        return Ok(());
    }
    let asked = timeout(ASKS_WITHIN, asks_for(&mut browser)).await??;
    let answer = |code: u8| [5, code, 0, 1, 0, 0, 0, 0, 0, 0];
    let Some((host, port)) = shared.ways.to(&asked.0, asked.1) else {
        return browser.write_all(&answer(2)).await;
    };
    match shared.connect(&host, port).await {
        Ok(mut proxy) => {
            browser.write_all(&answer(0)).await?;
            tokio::io::copy_bidirectional(&mut browser, &mut proxy).await?;
            Ok(())
        }
        Err(trouble) => {
            tracing::debug!(%trouble, "a proxy does not let a connection through");
            let code = match trouble {
                ProxyTrouble::Refused(_) | ProxyTrouble::NotAllowed(_) => 2,
                ProxyTrouble::Unreachable(_) => 4,
            };
            browser.write_all(&answer(code)).await
        }
    }
}

/// The server's side of SOCKS5 (RFC 1928): no credentials, CONNECT only.
async fn asks_for(browser: &mut TcpStream) -> std::io::Result<(String, u16)> {
    let wrong = || std::io::Error::other("no SOCKS5");
    let [5, methods] = read::<2>(browser).await? else {
        return Err(wrong());
    };
    let mut offered = vec![0; usize::from(methods)];
    browser.read_exact(&mut offered).await?;
    browser.write_all(&[5, 0]).await?;
    let [5, 1, _, kind] = read::<4>(browser).await? else {
        return Err(wrong());
    };
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(browser).await?).to_string(),
        4 => std::net::Ipv6Addr::from(read::<16>(browser).await?).to_string(),
        3 => {
            let [length] = read::<1>(browser).await?;
            let mut name = vec![0; usize::from(length)];
            browser.read_exact(&mut name).await?;
            String::from_utf8(name).map_err(|_| wrong())?
        }
        _ => return Err(wrong()),
    };
    Ok((host, u16::from_be_bytes(read::<2>(browser).await?)))
}

async fn read<const N: usize>(from: &mut TcpStream) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_has_its_own_ways_and_no_other() {
        let ways = Ways::of_rules("MAP web.whatsapp.com 127.0.0.1:4443, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1");
        assert_eq!(
            ways.to("web.whatsapp.com", 443),
            Some(("127.0.0.1".to_owned(), 4443))
        );
        assert_eq!(
            ways.to("WEB.whatsapp.com", 443),
            Some(("127.0.0.1".to_owned(), 4443))
        );
        for other in [
            "example.org",
            "127.0.0.1",
            "web.whatsapp.com.example.org",
            "*",
            "",
        ] {
            assert_eq!(ways.to(other, 443), None, "{other}");
        }
        assert_eq!(
            Ways::Web.to("web.whatsapp.com", 443),
            Some(("web.whatsapp.com".to_owned(), 443))
        );
        assert_eq!(Ways::Web.to("web.whatsapp.com", 22), None);
    }
}
