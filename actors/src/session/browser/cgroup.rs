//! One cgroup for each browser, where this process may make some (cgroup v2, delegated to it): the kernel then kills a
//! browser as a whole, and holds it to its memory limit. Elsewhere process groups and our own measuring do.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// What a browser's start is told by the environment: the folder to make its cgroup in, and the limit in bytes.
pub(super) const GROUPS: &str = "ZAPTOR_CGROUP";
pub(super) const LIMIT: &str = "ZAPTOR_MEMORY_MAX";

/// What the group of a Zaptor's browsers is called, before the number of its process.
const OURS: &str = "zaptor-";

/// Where the browsers' cgroups are made.
#[derive(Clone, Debug)]
pub(super) struct Groups(PathBuf);

impl Groups {
    /// A group for those of the browsers below our own one, if we may make it. `None` on cgroup v1, in the machine's root
    /// group, and where nothing was delegated to us.
    pub(super) fn find() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        Self::below(&own_group(&own, &mounts)?)
    }

    fn below(own: &Path) -> Option<Self> {
        // The machine's root group lacks this file; groups there would not be ours to make.
        if !own.join("cgroup.events").is_file() {
            return None;
        }
        sweep(own, OURS, |left| sweep(left, "b", |_| ()));
        let groups = own.join(format!("{OURS}{}", std::process::id()));
        fs::create_dir(&groups).ok()?;
        // Refused where processes live in our own group, as in most containers: then groups kill, but limit nothing.
        let _ = fs::write(own.join("cgroup.subtree_control"), "+memory");
        let _ = fs::write(groups.join("cgroup.subtree_control"), "+memory");
        Some(Self(groups))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn of(&self, browser: u32) -> PathBuf {
        self.0.join(format!("b{browser}"))
    }

    /// Kills everything in a browser's group.
    pub(super) fn kill(&self, browser: u32) {
        // No group: it was not allowed after all.
        let _ = fs::write(self.of(browser).join("cgroup.kill"), "1");
    }

    /// Removes the group of a browser that has ended, and those of others that nobody was told of, or that were still busy
    /// with their end.
    pub(super) fn remove(&self, browser: Option<u32>) {
        if let Some(browser) = browser {
            let _ = fs::remove_dir(self.of(browser));
        }
        sweep(&self.0, "b", |_| ());
    }

    /// Removes what is left. Called once, when every browser has ended.
    pub(super) fn clear(&self) {
        for group in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let _ = fs::write(group.path().join("cgroup.kill"), "1");
            let _ = fs::remove_dir(group.path());
        }
        let _ = fs::remove_dir(&self.0);
    }
}

/// Removes the groups in `parent` that are named after a process which is gone, each after `first`. Those in which something
/// still lives stay: the kernel removes none of them.
fn sweep(parent: &Path, before: &str, first: impl Fn(&Path)) {
    for group in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = group.file_name();
        let pid = name
            .to_str()
            .and_then(|name| name.strip_prefix(before)?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            first(&group.path());
            let _ = fs::remove_dir(group.path());
        }
    }
}

/// Enters a group of one's own, where [`GROUPS`] says so. Called by a browser's start, which goes on without one.
pub(super) fn enter() {
    if let Some(groups) = env::var_os(GROUPS) {
        let limit = env::var(LIMIT).ok();
        let _ = enter_in(Path::new(&groups), std::process::id(), limit.as_deref());
    }
}

fn enter_in(groups: &Path, browser: u32, limit: Option<&str>) -> io::Result<()> {
    let own = groups.join(format!("b{browser}"));
    fs::create_dir(&own)?;
    if let Some(limit) = limit {
        // There only where the memory controller was delegated.
        let _ = fs::write(own.join("memory.max"), limit);
    }
    fs::write(own.join("cgroup.procs"), browser.to_string())
}

/// The folder of this process's group: where the file system of cgroup v2 is mounted, and the path within it.
fn own_group(own: &str, mounts: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    // proc_pid_mountinfo(5): root and mount point are fields 4 and 5, the type follows a lone dash.
    let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    let mut fields = mount.split(' ').skip(3);
    let (root, point) = (fields.next()?, fields.next()?);
    let within = path.strip_prefix(root).unwrap_or(path);
    Some(Path::new(point).join(within.trim_start_matches('/')))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn the_own_group_is_found_by_table() {
        let mount = |root: &str| format!("25 20 0:22 {root} /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        let cases = [
            (
                "0::/system.slice/zaptor.service\n",
                "/",
                Some("/sys/fs/cgroup/system.slice/zaptor.service"),
            ),
            ("5:memory:/x\n0::/\n", "/", Some("/sys/fs/cgroup")),
            ("0::/docker/a/b\n", "/docker/a", Some("/sys/fs/cgroup/b")),
            ("5:memory:/x\n", "/", None),
        ];
        for (own, root, expected) in cases {
            assert_eq!(own_group(own, &mount(root)), expected.map(PathBuf::from), "{own}");
        }
        assert_eq!(own_group("0::/", "24 20 0:21 / /sys rw - sysfs sysfs rw\n"), None);
    }

    /// Plain files stand in for the kernel's: which are written is what counts here.
    #[test]
    fn a_browser_gets_a_group_with_its_limit_and_nobody_touches_the_machines_root() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Groups::below(folder.path()).is_none(), "the machine's root group");
        fs::write(folder.path().join("cgroup.events"), "populated 1\n").unwrap();
        let groups = Groups::below(folder.path()).unwrap();
        enter_in(groups.path(), 7, Some("1000")).unwrap();
        let read = |name: &str| fs::read_to_string(groups.of(7).join(name)).unwrap();
        assert_eq!(
            (read("memory.max"), read("cgroup.procs")),
            ("1000".to_owned(), "7".to_owned())
        );
        groups.kill(7);
        assert_eq!(read("cgroup.kill"), "1");
    }

    #[test]
    fn groups_of_browsers_and_of_zaptors_that_are_gone_are_removed_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cgroup.events"), "populated 1\n").unwrap();
        // Numbers of processes end far below these.
        let own = std::process::id();
        let left = [
            format!("zaptor-{}/b{}", u32::MAX, u32::MAX - 1),
            format!("zaptor-{}/b1", u32::MAX - 2),
        ];
        for group in left
            .iter()
            .map(String::as_str)
            .chain(["zaptor-1", "zaptor-x", "other"])
        {
            fs::create_dir_all(folder.path().join(group)).unwrap();
        }
        let groups = Groups::below(folder.path()).unwrap();
        let names = |parent: &Path| {
            let mut names: Vec<String> = fs::read_dir(parent)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| !name.starts_with("cgroup."))
                .collect();
            names.sort();
            names
        };
        let mut stay = [
            format!("zaptor-{}", u32::MAX - 2),
            format!("zaptor-{own}"),
            "zaptor-1".to_owned(),
            "zaptor-x".to_owned(),
            "other".to_owned(),
        ];
        stay.sort();
        assert_eq!(names(folder.path()), stay, "one of them has a browser that lives");
        for known in [Some(u32::MAX - 1), None] {
            for browser in [u32::MAX, u32::MAX - 1, own] {
                let _ = fs::create_dir(groups.of(browser));
            }
            groups.remove(known);
            assert_eq!(names(groups.path()), [format!("b{own}")]);
        }
    }
}
