//! Whose a connection on loopback is, by what the kernel says.

use std::{fs, net::SocketAddr, path::Path};

use super::processes;

/// Whether the connection from `peer` to our socket `own` belongs to a process of the browser on this profile. What
/// cannot be told is nobody's.
pub(super) fn is_browser(peer: SocketAddr, own: SocketAddr, profile: &Path) -> bool {
    let Ok(table) = fs::read_to_string("/proc/net/tcp") else {
        return false;
    };
    let Some(socket) = inode(&table, peer, own) else {
        return false;
    };
    let link = format!("socket:[{socket}]");
    processes::of_profile(profile)
        .into_iter()
        .any(|process| holds(process, &link))
}

/// The socket's number in the kernel's table: the end at `peer` of the connection with `own`.
fn inode(table: &str, peer: SocketAddr, own: SocketAddr) -> Option<u64> {
    let (peer, own) = (written(peer)?, written(own)?);
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let ours = fields.next() == Some(&peer) && fields.next() == Some(&own);
        // state, queues, timer, retransmits, uid, timeout, inode
        ours.then(|| fields.nth(6)?.parse().ok()).flatten()
    })
}

/// An address as `/proc/net/tcp` writes it.
fn written(address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(address) = address else {
        return None;
    };
    let ip = u32::from_ne_bytes(address.ip().octets());
    Some(format!("{ip:08X}:{:04X}", address.port()))
}

fn holds(process: u32, link: &str) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    files
        .flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == link))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_is_found_in_the_kernels_table_and_is_not_the_browsers() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap();
        let client = TcpStream::connect(own).unwrap();
        let peer = client.local_addr().unwrap();
        let table = fs::read_to_string("/proc/net/tcp").unwrap();
        let socket = inode(&table, peer, own).unwrap();
        assert!(holds(std::process::id(), &format!("socket:[{socket}]")));
        assert!(!is_browser(peer, own, Path::new("/nowhere/at/all")));
        assert_eq!(inode(&table, own, own), None);
    }
}
