//! The memory that ranks may still take.

use std::fs;
use std::path::Path;

use mpi::traits::Communicator as _;

use super::communicator::Communicator;

impl Communicator {
    /// Bytes that each rank may still take, if all ranks of its node take as much: of those of the machine
    /// and of the control groups that a batch system or a container sets; infinite if neither is known.
    /// Collective.
    pub fn room_of_a_rank(&self) -> f64 {
        let of_node = available(Path::new("/"));
        let ranks = self.peers().map_or(1, |c| c.split_shared(c.rank()).size());
        let mut least = [of_node / ranks as f64];
        self.min(&mut least);
        least[0]
    }
}

/// Bytes that are free for a process of the machine whose files are below `root`.
fn available(root: &Path) -> f64 {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let rooms = groups.lines().filter_map(|line| {
        // `hierarchy:controllers:path`; the unified hierarchy has no controllers (cgroups(7)).
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        match controllers {
            "" => room_below(&root.join("sys/fs/cgroup"), path, ["memory.max", "memory.current"]),
            "memory" => room_below(
                &root.join("sys/fs/cgroup/memory"),
                path,
                ["memory.limit_in_bytes", "memory.usage_in_bytes"],
            ),
            _ => None,
        }
    });
    rooms.chain(free(&root.join("proc/meminfo"))).fold(f64::INFINITY, f64::min)
}

/// What the kernel says that can be had without swapping.
fn free(meminfo: &Path) -> Option<f64> {
    let text = fs::read_to_string(meminfo).ok()?;
    let line =
        text.lines().find_map(|line| line.strip_prefix("MemAvailable:")?.strip_suffix(" kB"));
    Some(line?.trim().parse::<f64>().ok()? * 1024.0)
}

/// The least that a group, or one that it is in, leaves of its limit. What it holds of files can be had
/// back.
fn room_below(mount: &Path, path: &str, [limit, used]: [&str; 2]) -> Option<f64> {
    let own = mount.join(path);
    let groups = own.ancestors().take_while(|group| group.starts_with(mount));
    let room = |group: &Path| {
        let number = |file: &str| -> Option<f64> {
            fs::read_to_string(group.join(file)).ok()?.trim().parse().ok()
        };
        let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        let files = statistics.lines().find_map(|line| line.strip_prefix("inactive_file "));
        let files: f64 = files.and_then(|number| number.parse().ok()).unwrap_or(0.0);
        Some(number(limit)? - number(used)? + files)
    };
    groups.filter_map(room).reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes files below a directory, and returns what is available there.
    fn found(files: &[(&str, &str)]) -> f64 {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        available(root.path())
    }

    #[test]
    fn the_tightest_limit_counts() {
        assert_eq!(found(&[]), f64::INFINITY);
        let machine = ("proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:   5000 kB\n");
        assert_eq!(found(&[machine]), 5000.0 * 1024.0);
        // The group itself has no limit, the job that it belongs to has one.
        let unified = [
            machine,
            ("proc/self/cgroup", "0::/job/step\n"),
            ("sys/fs/cgroup/job/step/memory.max", "max\n"),
            ("sys/fs/cgroup/job/memory.max", "3000000\n"),
            ("sys/fs/cgroup/job/memory.current", "1000000\n"),
            ("sys/fs/cgroup/job/memory.stat", "anon 5\ninactive_file 200000\n"),
        ];
        assert_eq!(found(&unified), 2_200_000.0);
        let older = [
            machine,
            ("proc/self/cgroup", "5:cpuset:/\n4:memory:/job\n"),
            ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4000000\n"),
            ("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "1000000\n"),
        ];
        assert_eq!(found(&older), 3_000_000.0);
        // More than there is.
        let none =
            [machine, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "9e18\n")];
        assert_eq!(found(&none), 5000.0 * 1024.0);
        assert!(available(Path::new("/")) > 0.0);
    }
}
