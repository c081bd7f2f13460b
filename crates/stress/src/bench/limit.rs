//! Limits a process to a fourteenth of a core, as Lambda does for 128 MB, by a cgroup of version 1 or 2.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Microseconds of each period that the group may run. 1,769 MB are a whole core (AWS Lambda developer guide, "Configure
/// Lambda function memory"), so that 128 MB are 0.0724 of one.
const QUOTA: &str = "1429";
/// Microseconds.
const PERIOD: &str = "20000";

/// Where this process may create such cgroups.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    parent: PathBuf,
    version: Version,
}

#[derive(Clone, Copy, Debug)]
enum Version {
    One,
    Two,
}

/// A cgroup for one process. Dropping it removes it; the process must have ended.
#[derive(Debug)]
pub(super) struct Limit(PathBuf);

impl Limits {
    /// Finds a place by creating a cgroup and removing it.
    ///
    /// # Errors
    /// Why this machine does not allow it.
    pub(super) fn find() -> Result<Self, String> {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let mut why = "no cgroup with a limit of CPU is mounted below /sys/fs/cgroup".to_owned();
        for limits in candidates(&own) {
            match limits.limit() {
                Ok(_) => return Ok(limits),
                Err(error) => why = format!("{}: {error}", limits.parent.display()),
            }
        }
        Err(why)
    }

    /// The beginning of the paths of this process's cgroups.
    pub(super) fn prefix(&self) -> String {
        let name = format!("rotation-bench-{}-", std::process::id());
        self.parent.join(name).display().to_string()
    }

    /// Creates a cgroup and sets its limit.
    pub(super) fn limit(&self) -> io::Result<Limit> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(format!("{}{number}", self.prefix()));
        fs::create_dir(&folder)?;
        // From here on, every return removes it.
        let limit = Limit(folder);
        match self.version {
            Version::One => {
                limit.write("cpu.cfs_period_us", PERIOD)?;
                limit.write("cpu.cfs_quota_us", QUOTA)?;
            }
            Version::Two => limit.write("cpu.max", &format!("{QUOTA} {PERIOD}"))?,
        }
        Ok(limit)
    }
}

impl Limit {
    /// Limits this process with all of its threads.
    pub(super) fn hold(&self, process: u32) -> io::Result<()> {
        self.write("cgroup.procs", &process.to_string())
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.0.join(file), text)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        // The kernel releases a process a moment after it was waited for.
        for _try in 0..200 {
            match fs::remove_dir(&self.0) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Ok(()) | Err(_) => return,
            }
        }
    }
}

/// This process's own cgroup of each version, then the root.
fn candidates(own: &str) -> Vec<Limits> {
    let path_of = |controller: &str| {
        own.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            controllers
                .split(',')
                .any(|one| one == controller)
                .then(|| path.trim_start_matches('/').to_owned())
        })
    };
    let roots = [
        ("/sys/fs/cgroup/cpu", "cpu", Version::One),
        ("/sys/fs/cgroup/cpu,cpuacct", "cpu", Version::One),
        ("/sys/fs/cgroup", "", Version::Two),
    ];
    let mounted = roots.into_iter().filter(|(root, _, version)| {
        let file = match version {
            Version::One => "cpu.cfs_quota_us",
            Version::Two => "cgroup.controllers",
        };
        Path::new(root).join(file).exists()
    });
    let groups = mounted.flat_map(|(root, controller, version)| {
        let own = path_of(controller).map(|path| Path::new(root).join(path));
        own.into_iter().chain([PathBuf::from(root)]).map(move |parent| Limits { parent, version })
    });
    groups.collect()
}
