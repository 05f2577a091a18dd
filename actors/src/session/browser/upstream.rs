//! The client's side of proxies: HTTP CONNECT (RFC 9110) and SOCKS5 (RFC 1928, 1929), with credentials.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, lookup_host},
    time::timeout,
};

use crate::{
    domain::settings::{ProxyAddress, ProxyScheme, ProxySettings},
    session::ProxyTrouble,
};

/// From asking for a connection to the proxy's yes.
const CONNECTS_WITHIN: Duration = Duration::from_secs(15);
/// The longest answer to CONNECT that is read, in bytes.
const ANSWER_MAX: usize = 8_192;

/// A proxy with what it wants to know.
pub(super) struct Upstream {
    address: ProxyAddress,
    username: String,
    password: Option<crate::domain::settings::Secret>,
    private: bool,
}

impl Upstream {
    /// `private`: whether it may be on this machine or in a private network. `None` for an address that is none.
    pub(super) fn new(proxy: &ProxySettings, private: bool) -> Option<Self> {
        Some(Self {
            address: proxy.address()?,
            username: proxy.username.clone().unwrap_or_default(),
            password: proxy.password.clone(),
            private,
        })
    }

    /// A connection to `host` through the proxy, which looks the name up.
    pub(super) async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, ProxyTrouble> {
        let connecting = async {
            let mut stream = self.dial().await?;
            match self.address.scheme {
                ProxyScheme::Http => self.http(&mut stream, host, port).await?,
                ProxyScheme::Socks5 => self.socks(&mut stream, host, port).await?,
            }
            Ok(stream)
        };
        timeout(CONNECTS_WITHIN, connecting)
            .await
            .unwrap_or_else(|_| Err(ProxyTrouble::Unreachable("the proxy does not answer".to_owned())))
    }

    async fn dial(&self) -> Result<TcpStream, ProxyTrouble> {
        let unreachable = |error: std::io::Error| ProxyTrouble::Unreachable(error.to_string());
        let name = (self.address.host.as_str(), self.address.port);
        let found: Vec<SocketAddr> = lookup_host(name).await.map_err(unreachable)?.collect();
        let (allowed, refused): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|address| may_be(address.ip(), self.private));
        if allowed.is_empty() && !refused.is_empty() {
            let what = "its address is one of this machine or of a network behind it".to_owned();
            return Err(ProxyTrouble::NotAllowed(what));
        }
        // The very addresses that were looked at: a name that changes its mind changes nothing.
        let stream = TcpStream::connect(&*allowed).await.map_err(unreachable)?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    async fn http(&self, stream: &mut TcpStream, host: &str, port: u16) -> Result<(), ProxyTrouble> {
        let lost = |error: std::io::Error| ProxyTrouble::Unreachable(error.to_string());
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let mut order = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(password) = &self.password {
            let pair = STANDARD.encode(format!("{}:{}", self.username, password.reveal()));
            order.push_str(&format!("Proxy-Authorization: Basic {pair}\r\n"));
        }
        order.push_str("\r\n");
        stream.write_all(order.as_bytes()).await.map_err(lost)?;
        let mut answer = Vec::with_capacity(256);
        // Byte by byte: what follows the answer is not ours.
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() >= ANSWER_MAX {
                return Err(ProxyTrouble::Unreachable(
                    "what answers is no HTTP proxy".to_owned(),
                ));
            }
            answer.push(stream.read_u8().await.map_err(lost)?);
        }
        let text = String::from_utf8_lossy(&answer);
        let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
        match status {
            Some(good) if good.starts_with('2') => Ok(()),
            Some(status @ ("401" | "403" | "407")) => Err(ProxyTrouble::Refused(format!(
                "the proxy does not let the account through (status {status})"
            ))),
            Some(status) if status.bytes().all(|byte| byte.is_ascii_digit()) => {
                let what = format!("the proxy cannot reach WhatsApp (status {status})");
                Err(ProxyTrouble::Unreachable(what))
            }
            _ => Err(ProxyTrouble::Unreachable(
                "what answers is no HTTP proxy".to_owned(),
            )),
        }
    }

    /// What comes before SOCKS5's CONNECT: who one is.
    async fn greet(&self, stream: &mut TcpStream) -> Result<(), ProxyTrouble> {
        let lost = |error: std::io::Error| ProxyTrouble::Unreachable(error.to_string());
        let refused = |what: &str| ProxyTrouble::Refused(what.to_owned());
        let methods: &[u8] = if self.password.is_some() {
            &[5, 2, 0, 2]
        } else {
            &[5, 1, 0]
        };
        stream.write_all(methods).await.map_err(lost)?;
        let mut chosen = [0; 2];
        stream.read_exact(&mut chosen).await.map_err(lost)?;
        match (chosen, &self.password) {
            ([5, 0], _) => {}
            ([5, 2], Some(password)) => {
                let (name, word) = (self.username.as_bytes(), password.reveal().as_bytes());
                let length = |text: &[u8]| {
                    u8::try_from(text.len()).map_err(|_| refused("the credentials are too long"))
                };
                let mut order = vec![1, length(name)?];
                order.extend(name);
                order.push(length(word)?);
                order.extend(word);
                stream.write_all(&order).await.map_err(lost)?;
                let mut answer = [0; 2];
                stream.read_exact(&mut answer).await.map_err(lost)?;
                if answer[1] != 0 {
                    return Err(refused("the proxy does not take the credentials"));
                }
            }
            ([5, _], _) => return Err(refused("the proxy wants other credentials")),
            _ => return Err(no_socks()),
        }
        Ok(())
    }

    async fn socks(&self, stream: &mut TcpStream, host: &str, port: u16) -> Result<(), ProxyTrouble> {
        let lost = |error: std::io::Error| ProxyTrouble::Unreachable(error.to_string());
        let refused = |what: &str| ProxyTrouble::Refused(what.to_owned());
        self.greet(stream).await?;
        let mut order = vec![5, 1, 0];
        match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => {
                order.push(1);
                order.extend(ip.octets());
            }
            Ok(IpAddr::V6(ip)) => {
                order.push(4);
                order.extend(ip.octets());
            }
            Err(_) => {
                order.push(3);
                order.push(u8::try_from(host.len()).map_err(|_| no_socks())?);
                order.extend(host.as_bytes());
            }
        }
        order.extend(port.to_be_bytes());
        stream.write_all(&order).await.map_err(lost)?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.map_err(lost)?;
        match answer {
            [5, 0, _, _] => {}
            [5, 2, _, _] => return Err(refused("the proxy's rules do not let the account through")),
            [5, code, _, _] => {
                let what = format!("the proxy cannot reach WhatsApp (answer {code})");
                return Err(ProxyTrouble::Unreachable(what));
            }
            _ => return Err(no_socks()),
        }
        let rest = match answer[3] {
            1 => 4,
            4 => 16,
            3 => usize::from(stream.read_u8().await.map_err(lost)?),
            _ => return Err(no_socks()),
        };
        let mut bound = vec![0; rest + 2];
        stream.read_exact(&mut bound).await.map_err(lost)?;
        Ok(())
    }
}

fn no_socks() -> ProxyTrouble {
    ProxyTrouble::Unreachable("what answers is no SOCKS5 proxy".to_owned())
}

/// Whether a proxy may have this address. Addresses where clouds tell a machine its secrets (link-local), and those
/// that are nobody's, never; the machine itself and private networks only where the node's owner says so.
fn may_be(ip: IpAddr, private: bool) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && (64..128).contains(&ip.octets()[1]);
            let never = ip.is_link_local()
                || ip.is_unspecified()
                || ip.octets()[0] == 0
                || ip.is_broadcast()
                || ip.is_multicast()
                || ip.octets()[0] >= 240;
            !never && (private || !(ip.is_loopback() || ip.is_private() || shared))
        }
        IpAddr::V6(ip) => {
            // Amazon's metadata service has an address in the private range.
            let metadata = ip == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            let never = metadata || ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_multicast();
            !never && (private || !(ip.is_loopback() || ip.is_unique_local()))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn addresses_by_table() {
        let never = [
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "fe80::1",
            "::",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "ff02::1",
        ];
        let own = [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:127.0.0.1",
        ];
        let web = [
            "203.0.113.7",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2001:4860::8888",
        ];
        for (addresses, private, public) in [
            (&never[..], false, false),
            (&own[..], true, false),
            (&web[..], true, true),
        ] {
            for text in addresses {
                let ip: IpAddr = text.parse().unwrap();
                assert_eq!((may_be(ip, true), may_be(ip, false)), (private, public), "{text}");
            }
        }
    }
}
