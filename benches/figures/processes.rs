//! What the kernel knows of a process: its processor time and its memory.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process};

/// `USER_HZ`, in which `/proc/PID/stat` counts: 100 on every Linux that people run.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time of a process so far, user and system, in seconds. Its grain is 10 ms.
pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in brackets may hold anything; fields 14 and 15 are the 12th and 13th after it.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    ticks / TICKS_PER_SECOND
}

/// Bytes that a process has handed to the kernel to write so far, sockets and files alike.
pub(crate) fn written_bytes(pid: u32) -> f64 {
    field(&format!("/proc/{pid}/io"), "wchar:")
}

/// Resident memory of a process, in MiB.
pub(crate) fn resident_mib(pid: u32) -> f64 {
    field(&format!("/proc/{pid}/status"), "VmRSS:") / 1_024.0
}

/// Memory of a process with shared pages divided among those who share them, in MiB.
pub(crate) fn proportional_mib(pid: u32) -> f64 {
    field(&format!("/proc/{pid}/smaps_rollup"), "Pss:") / 1_024.0
}

fn field(path: &str, field: &str) -> f64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0.0)
}

/// Ends each of them for good.
pub(crate) fn kill(processes: &[u32]) {
    for pid in processes {
        if let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Every process whose command line names `folder`, with that command line.
pub(crate) fn naming(folder: &Path) -> Vec<(u32, String)> {
    let needle = folder.to_string_lossy().into_owned();
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(&needle).then_some((pid, line))
        })
        .collect()
}

/// The processes that `pid` has started, and those that these have started, with their command lines.
pub(crate) fn descendants(pid: u32) -> Vec<(u32, String)> {
    let mut found: Vec<(u32, String)> = Vec::new();
    let mut parents = vec![pid];
    while let Some(parent) = parents.pop() {
        let tasks = fs::read_dir(format!("/proc/{parent}/task"))
            .into_iter()
            .flatten()
            .flatten();
        for task in tasks {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
                let line = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
                found.push((child, String::from_utf8_lossy(&line).replace('\0', " ")));
                parents.push(child);
            }
        }
    }
    found
}
