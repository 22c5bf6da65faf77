//! Ends a server and removes its directory when the process that made it is gone.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Reads process ids until the pipe closes, then ends the last one named and removes the
/// directory.
///
/// An immediate shutdown comes first, because a killed server leaves shared memory behind;
/// the seventh line of the file with its process id names it, as the last number.
/// A server that has ended may still be listed, as long as nobody has waited for it; that file
/// is gone then.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
file=$1/data/postmaster.pid
last=
while read -r line; do last=$line; done
if [ -n "$last" ]; then
    kill -QUIT "$last"
    count=0
    while [ -e "$file" ] && kill -0 "$last" && [ $count -lt 200 ]; do
        sleep 0.05
        count=$((count + 1))
    done
    kill -9 "$last"
fi
if [ -e "$file" ]; then ipcrm -m "$(sed -n '7s/.* //p' "$file")"; fi
rm -rf "$@"
"#;

/// A shell that holds a pipe from this process, which closes however this process ends.
#[derive(Debug)]
pub struct Reaper {
    shell: Child,
    pipe: Option<ChildStdin>,
}

impl Reaper {
    /// Watches over `directory`, in whose `data` the server keeps its files.
    pub fn of(directory: &Path) -> Self {
        Self::of_all(&[directory.to_owned()])
    }

    /// Watches over a directory and over other files that a server leaves.
    pub fn of_all(paths: &[PathBuf]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "reaper"]).args(paths);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // What ends the whole group of this process must leave the reaper to its work.
        shell.process_group(0).current_dir("/");
        let mut shell = shell.spawn().expect("a shell can be started");
        let pipe = shell.stdin.take();
        Self { shell, pipe }
    }

    /// Names the process to end; none when nothing runs.
    pub fn watch(&mut self, process: Option<u32>) {
        let line = process.map(|id| id.to_string()).unwrap_or_default() + "\n";
        let pipe = self.pipe.as_mut().expect("the pipe is open until this is dropped");
        pipe.write_all(line.as_bytes()).expect("the shell reads until the pipe closes");
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.shell.wait();
    }
}
