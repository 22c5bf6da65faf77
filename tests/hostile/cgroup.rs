//! A control group of Linux that bounds the memory of a server.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use acta_tests::Server;

/// A control group with a bound; it is removed when dropped.
pub(crate) struct Cgroup {
    folder: PathBuf,
}

impl Cgroup {
    /// Where version 1 and version 2 of control groups have those for memory, and the file of the
    /// bound.
    const PLACES: [(&str, &str); 2] =
        [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];

    /// Bounds a server to so many bytes, if control groups can be made here.
    pub(crate) fn bound(server: &Server, bytes: u64) -> Option<Self> {
        let process = server.process_id();
        Self::PLACES.iter().find_map(|(root, bound)| {
            let group = Self { folder: format!("{root}/acta-test-{process}").into() };
            fs::create_dir(&group.folder).ok()?;
            // Without the controller for memory there is no such file.
            fs::metadata(group.folder.join(bound)).ok()?;
            fs::write(group.folder.join(bound), bytes.to_string()).ok()?;
            fs::write(group.folder.join("cgroup.procs"), process.to_string()).ok()?;
            Some(group)
        })
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // It can be removed once its process has ended.
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() || !self.folder.exists() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
