//! The machine's processes, read from `/proc` in one pass: who descends from whom, and what each has cost.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
};

/// A process that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) parent: u32,
    /// Its process group.
    pub(super) group: u32,
    /// Clock ticks since the machine started: with the number, it names one process for ever.
    pub(super) started: u64,
    /// Processor time of all its threads, in clock ticks.
    pub(super) ticks: u64,
    /// Resident memory, in bytes. What it shares is counted in full.
    pub(super) resident: u64,
}

/// A process for ever: its number may be used again, never together with its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) pid: u32,
    started: u64,
}

impl Named {
    /// Whether it has ended. One that nobody has reaped yet has; one that cannot be looked at, for lack of descriptors, has
    /// not.
    pub(super) fn has_ended(self) -> bool {
        match fs::read_to_string(format!("/proc/{}/stat", self.pid)) {
            Ok(stat) => parse(&stat, 0).is_none_or(|row| row.started != self.started),
            // Not there, or gone while it was read.
            Err(error) => {
                error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
            }
        }
    }
}

/// All processes at one moment. Reading it costs some 20 µs for each process of the machine.
#[derive(Clone, Debug, Default)]
pub struct ProcessTable {
    rows: BTreeMap<u32, Row>,
    ticks_per_second: u64,
}

/// What processes had cost when the table was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cost {
    /// Seconds of processor time by process; the key names a process for ever, also after its number was used again.
    pub cpu_seconds: BTreeMap<(u32, u64), f64>,
    /// Resident memory in bytes, where what is shared counts for each. Never less than the proportional share.
    pub resident_bytes: u64,
}

impl ProcessTable {
    /// Reads the table. A machine without `/proc` has an empty one.
    pub fn read() -> Self {
        let page = of_machine(libc::_SC_PAGESIZE).unwrap_or(4_096);
        let rows = numbers().filter_map(|pid| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, parse(&stat, page)?))
        });
        Self {
            rows: rows.collect(),
            ticks_per_second: of_machine(libc::_SC_CLK_TCK).unwrap_or(100),
        }
    }

    /// The processes that this one has started, the oldest number first.
    pub(super) fn children(&self, parent: u32) -> impl Iterator<Item = Named> {
        let children = self.rows.iter().filter(move |(_, row)| row.parent == parent);
        children.map(|(&pid, row)| Named {
            pid,
            started: row.started,
        })
    }

    /// A process, everything below it, and whoever is in the process group that it leads, with what is below them: a
    /// child whose parent has died still belongs. The process itself comes first. Those that have ended are left out.
    pub fn family(&self, leader: u32) -> Vec<u32> {
        let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (&pid, row) in &self.rows {
            children.entry(row.parent).or_default().push(pid);
        }
        let members = self.rows.iter().filter(|(_, row)| row.group == leader);
        let mut next: Vec<u32> = members.map(|(&pid, _)| pid).collect();
        next.push(leader);
        let mut seen = BTreeSet::new();
        while let Some(pid) = next.pop() {
            if seen.insert(pid) {
                next.extend(children.get(&pid).into_iter().flatten());
            }
        }
        let lives = self.rows.contains_key(&leader).then_some(leader);
        let others = seen
            .into_iter()
            .filter(|pid| *pid != leader && self.rows.contains_key(pid));
        lives.into_iter().chain(others).collect()
    }

    /// What these processes have cost.
    pub fn cost(&self, processes: &[u32]) -> Cost {
        let mut cost = Cost::default();
        for &pid in processes {
            let Some(row) = self.rows.get(&pid) else { continue };
            #[expect(
                clippy::cast_precision_loss,
                reason = "clock ticks of a process stay far below 2^52"
            )]
            let seconds = row.ticks as f64 / self.ticks_per_second.max(1) as f64;
            cost.cpu_seconds.insert((pid, row.started), seconds);
            cost.resident_bytes += row.resident;
        }
        cost
    }
}

#[expect(unsafe_code, reason = "the C library alone knows the kernel's units")]
fn of_machine(name: libc::c_int) -> Option<u64> {
    // SAFETY: sysconf takes a number and touches no memory of ours.
    u64::try_from(unsafe { libc::sysconf(name) }).ok()
}

fn numbers() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A line of `/proc/<pid>/stat` (proc_pid_stat(5)); nothing for a process that has ended. The name in parentheses may
/// hold anything, so it is read from behind.
fn parse(stat: &str, page: u64) -> Option<Row> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // The manual counts from 1 and the name is its second: field n stands at n - 3 here.
    let number = |n: usize| fields.get(n - 3)?.parse::<u64>().ok();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some(Row {
        parent: u32::try_from(number(4)?).ok()?,
        group: u32::try_from(number(5)?).ok()?,
        ticks: number(14)? + number(15)?,
        started: number(22)?,
        resident: number(24)? * page,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    fn table(rows: &[(u32, u32, u32)]) -> ProcessTable {
        let row = |&(pid, parent, group): &(u32, u32, u32)| {
            let row = Row {
                parent,
                group,
                started: u64::from(pid),
                ticks: 150,
                resident: 4_096,
            };
            (pid, row)
        };
        ProcessTable {
            rows: rows.iter().map(row).collect(),
            ticks_per_second: 100,
        }
    }

    #[test]
    fn a_family_is_what_descends_and_what_stays_in_the_group() {
        let table = table(&[
            (1, 0, 1),
            (10, 1, 10),
            (11, 10, 10),
            (12, 11, 12),
            (13, 1, 10),
            (20, 1, 20),
        ]);
        assert_eq!(table.family(10), [10, 11, 12, 13]);
        assert_eq!(table.family(20), [20]);
        assert_eq!(table.family(99), Vec::<u32>::new());
        let dead = self::table(&[(1, 0, 1), (11, 1, 10), (12, 11, 12)]);
        assert_eq!(dead.family(10), [11, 12], "the leader has died, its group lives");
        let cost = table.cost(&table.family(10));
        assert_eq!(cost.resident_bytes, 4 * 4_096);
        assert_eq!(cost.cpu_seconds.get(&(11, 11)), Some(&1.5));
    }

    #[test]
    fn a_line_is_read_whatever_the_name_holds() {
        let line = "7 (a) b) S 3 5 5 0 -1 0 0 0 0 0 20 30 0 0 20 0 1 0 77 9999 12 0";
        let row = parse(line, 4_096).unwrap();
        assert_eq!((row.parent, row.group, row.ticks), (3, 5, 50));
        assert_eq!((row.started, row.resident), (77, 12 * 4_096));
        assert_eq!(parse(&line.replace(") S", ") Z"), 4_096), None);
        assert_eq!(parse("", 4_096), None);
    }

    #[test]
    fn a_process_is_known_by_its_number_and_its_start() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = ProcessTable::read();
        let named = own
            .children(std::process::id())
            .find(|named| named.pid == child.id())
            .unwrap();
        assert!(!named.has_ended());
        let earlier = Named {
            started: named.started - 1,
            ..named
        };
        assert!(earlier.has_ended(), "another one had the number");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(named.has_ended());
    }

    #[test]
    fn this_process_is_in_the_table() {
        let own = std::process::id();
        let table = ProcessTable::read();
        assert!(table.family(own).contains(&own));
        assert!(table.cost(&[own]).resident_bytes > 0);
    }
}
