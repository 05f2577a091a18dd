//! Finds the browser behind a page's connection and ends its renderers: a page crash as a client sees it, for the fault
//! `page_crash`. Linux only, and only on this machine: elsewhere nothing is found and nothing ends.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;

use rustix::process::{Pid, Signal, kill_process};

/// The profile of the browser that holds the connection from `peer`, or its process where its arguments name none: by
/// the profile it is known after it was started anew, too.
pub(super) fn user_of(peer: SocketAddr) -> Option<String> {
    let browser = behind(peer)?;
    let line = fs::read(format!("/proc/{browser}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line).into_owned();
    let profile = line
        .split('\0')
        .find(|argument| argument.starts_with("--user-data-dir="));
    Some(profile.map_or_else(|| format!("process {browser}"), str::to_owned))
}

fn behind(peer: SocketAddr) -> Option<i32> {
    // The connection may be held by a helper process of the browser.
    Some(root_of(holder_of(inode_of(peer)?)?, &family()))
}

/// Everybody's parent.
fn family() -> HashMap<i32, i32> {
    processes().filter_map(|pid| Some((pid, parent(pid)?))).collect()
}

/// Ends the renderers of the browser that holds the connection from `peer`. Answers how many there were.
pub(super) fn end_behind(peer: SocketAddr) -> usize {
    let Some(browser) = behind(peer) else { return 0 };
    let parents = family();
    let renderers: Vec<i32> = parents
        .keys()
        .copied()
        .filter(|pid| is_renderer(*pid) && root_of(*pid, &parents) == browser)
        .collect();
    for renderer in &renderers {
        if let Some(pid) = Pid::from_raw(*renderer) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    renderers.len()
}

/// The kernel's number of the connected socket whose own end is `peer`.
fn inode_of(peer: SocketAddr) -> Option<u64> {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let table = fs::read_to_string(table).ok()?;
        table.lines().skip(1).find_map(|line| {
            let mut columns = line.split_ascii_whitespace().skip(1);
            let (_, port) = columns.next()?.rsplit_once(':')?;
            let local = u16::from_str_radix(port, 16).ok()?;
            // Columns: local address, remote address, state, queues, timer, retransmits, user, timeout, inode.
            let inode: u64 = columns.nth(7)?.parse().ok()?;
            (local == peer.port() && inode != 0).then_some(inode)
        })
    })
}

/// The process that has this socket open.
fn holder_of(inode: u64) -> Option<i32> {
    let wanted = format!("socket:[{inode}]");
    processes().find(|pid| {
        let files = fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten()
            .flatten();
        files
            .filter_map(|file| fs::read_link(file.path()).ok())
            .any(|target| target.as_os_str() == wanted.as_str())
    })
}

/// The highest process above `pid` that runs the same program.
fn root_of(pid: i32, parents: &HashMap<i32, i32>) -> i32 {
    let program = |pid: i32| fs::read_link(format!("/proc/{pid}/exe")).ok();
    let own = program(pid);
    let mut root = pid;
    while let Some(above) = parents.get(&root).copied()
        && own.is_some()
        && program(above) == own
    {
        root = above;
    }
    root
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything; what follows it is plain.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Chromium's children write their arguments as one text.
fn is_renderer(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("--type=renderer"))
}
