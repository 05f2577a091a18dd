//! How much memory this process and its children may take at most.

use std::{fs, path::Path};

/// What the machine has, or less where a cgroup (of either version) allows less, in bytes. Nothing where neither tells.
pub fn memory_limit_bytes() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let groups = limits(&read("/proc/self/cgroup"), Path::new("/sys/fs/cgroup"));
    total(&read("/proc/meminfo")).into_iter().chain(groups).min()
}

/// `MemTotal:       24609112 kB` (proc_meminfo(5)).
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1_024)
}

/// The limits of the own group and of all above it. `max` and numbers beyond every machine are none.
fn limits(own: &str, mounted: &Path) -> Vec<u64> {
    let groups = own.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        match controllers {
            "" => Some((mounted.to_owned(), "memory.max", path)),
            _ if controllers.split(',').any(|name| name == "memory") => {
                Some((mounted.join("memory"), "memory.limit_in_bytes", path))
            }
            _ => None,
        }
    });
    let files = groups.flat_map(|(root, file, path)| {
        let own = root.join(path.trim_start_matches('/'));
        // In a container the path may be the host's: then the root itself tells.
        let above: Vec<_> = own
            .ancestors()
            .take_while(|dir| dir.starts_with(&root))
            .map(Path::to_owned)
            .collect();
        above.into_iter().map(move |dir| dir.join(file))
    });
    files
        .filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test panics where it fails")]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_on_the_way_up_counts() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        put("a/memory.max", "4000\n");
        put("a/b/memory.max", "max\n");
        put("memory/c/memory.limit_in_bytes", "3000\n");
        assert_eq!(limits("0::/a/b\n", folder.path()), [4_000]);
        assert_eq!(limits("4:cpu,memory:/c\n5:cpu:/d\n", folder.path()), [3_000]);
        assert_eq!(limits("", folder.path()), Vec::<u64>::new());
        assert_eq!(total("MemFree: 1 kB\nMemTotal:       24 kB\n"), Some(24 * 1_024));
        assert!(memory_limit_bytes().unwrap() > 64 << 20);
    }
}
