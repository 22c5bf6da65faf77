//! A server of one's own.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock as _, Entropy as _, SystemClock, SystemEntropy};
use rustix::process::{Pid, Signal, kill_process};

use crate::account::{Account, give_to, run_under};
use crate::reaper::Reaper;
use crate::{Programs, Superuser, port};

/// The role that owns everything.
const SUPERUSER: &str = "postgres";

/// The database that is always there.
const MAINTENANCE: &str = "postgres";

/// Longest wait for a server to take connections or to end.
const WAIT_TIMEOUT: Duration = Duration::from_mins(1);

/// How often it is looked whether a server has come or gone.
const WAIT_INTERVAL: Duration = Duration::from_millis(5);

/// What a server says when something of the one before it on its directory still lives.
const STILL_IN_USE: &str = "pre-existing shared memory block";

/// What a server says when its port is taken.
const PORT_TAKEN: &str = "Address already in use";

/// A PostgreSQL server with a directory and a port of its own. It goes when this is dropped.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    programs: Programs,
    account: Option<Account>,
    settings: Vec<(String, String)>,
    password: String,
    port: u16,
    has_started: bool,
    superuser: Superuser,
    server: Option<Child>,
    reaper: Reaper,
}

impl Cluster {
    /// A server that takes connections, under further settings of `postgresql.conf`.
    pub fn running(settings: &[(&str, &str)]) -> Self {
        let mut cluster = Self::stopped(settings);
        cluster.start();
        cluster
    }

    /// A server that is yet to be started, as when it needs further files first.
    pub fn stopped(settings: &[(&str, &str)]) -> Self {
        let mut random = [0; 16];
        SystemEntropy.fill(&mut random);
        let cluster = Self::empty(settings, format!("{:032x}", u128::from_ne_bytes(random)));
        cluster.make();
        cluster
    }

    /// A running hot standby of a running server, with its databases and its superuser.
    pub fn standby_of(primary: &Self, settings: &[(&str, &str)]) -> Self {
        let mut cluster = Self::empty(settings, primary.password.clone());
        let mut copy = cluster.command("pg_basebackup");
        copy.args(["--dbname", &primary.url(MAINTENANCE), "--write-recovery-conf"]);
        copy.args(["--checkpoint", "fast", "--no-sync", "--pgdata"]).arg(cluster.data());
        let output = copy.output().expect("pg_basebackup can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pg_basebackup: {said}");
        cluster.start();
        cluster
    }

    /// A server without data.
    fn empty(settings: &[(&str, &str)], password: String) -> Self {
        let programs = Programs::find().unwrap_or_else(|error| panic!("{error}"));
        let scratch = tempfile::Builder::new().prefix("acta-postgres-").tempdir();
        let directory = scratch.expect("a directory for scratch data can be made").keep();
        let reaper = Reaper::of(&directory);
        let account = Account::to_change_to();
        give_to(account, &directory);
        let port = port::free().port();
        let superuser = superuser(port, &password);
        let mut cluster = Self {
            directory,
            programs,
            account,
            settings: Vec::new(),
            password,
            port,
            has_started: false,
            superuser,
            server: None,
            reaper,
        };
        cluster.configure(settings);
        cluster
    }

    /// Sets further settings of `postgresql.conf`, which count from the next start on.
    pub fn configure(&mut self, settings: &[(&str, &str)]) {
        let settings = settings.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        self.settings.extend(settings);
    }

    /// Writes a file into the data directory that only the server may read, such as
    /// `server.key` or `pg_hba.conf`.
    pub fn put(&self, name: &str, content: &str) {
        self.write(&self.data().join(name), content);
    }

    /// Starts the server, on its port and with its data if it has run before, and waits until
    /// it takes connections.
    pub fn start(&mut self) {
        assert!(self.server.is_none(), "the server runs already");
        let clock = SystemClock::new();
        loop {
            let read_from = self.log().len();
            self.write_settings();
            let mut child = self.spawn();
            self.reaper.watch(Some(child.id()));
            if self.becomes_ready(&mut child) {
                self.server = Some(child);
                self.has_started = true;
                return;
            }
            self.reaper.watch(None);
            let log = self.log();
            let said = log.get(read_from..).unwrap_or_default();
            let is_passing = said.contains(STILL_IN_USE) || said.contains(PORT_TAKEN);
            assert!(is_passing && clock.elapsed() < WAIT_TIMEOUT, "no server started: {said}");
            if said.contains(PORT_TAKEN) && !self.has_started {
                self.port = port::free().port();
                self.superuser = superuser(self.port, &self.password);
            }
            thread::sleep(WAIT_INTERVAL);
        }
    }

    /// Stops the server in an orderly way: transactions under way are undone, connections are
    /// cut.
    pub fn stop(&mut self) {
        self.end(Signal::INT);
    }

    /// Kills the server and all its processes as `kill -9` does: nothing is finished, and the
    /// next start recovers.
    pub fn kill(&mut self) {
        let Some(child) = &self.server else { return };
        // While the first process stands still, the others are neither replaced nor, once
        // dead, given up; so no id can come to mean another process.
        signal(child.id(), Signal::STOP);
        for process in children(child.id()) {
            signal(process, Signal::KILL);
        }
        self.end(Signal::KILL);
    }

    /// Stops and starts it.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// The role that may do everything.
    pub fn superuser(&self) -> &Superuser {
        &self.superuser
    }

    /// The URL of `database`, for the superuser.
    pub fn url(&self, database: &str) -> String {
        self.superuser.url(database)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Its first process, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// Where its data lies.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("log")
    }

    fn write(&self, path: &Path, content: &str) {
        fs::write(path, content).expect("the directory can be written to");
        let permissions = fs::Permissions::from_mode(0o600);
        fs::set_permissions(path, permissions).expect("permissions of a file can be set");
        give_to(self.account, path);
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.programs.command(program);
        run_under(self.account, &mut command);
        command.current_dir(&self.directory).stdin(Stdio::null());
        command
    }

    fn make(&self) {
        let password = self.directory.join("password");
        self.write(&password, &self.password);
        let mut initdb = self.command("initdb");
        initdb.args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--pwfile"]);
        initdb.arg(&password).args(["--encoding", "UTF8", "--no-locale", "--no-sync"]);
        let output = initdb.arg("--pgdata").arg(self.data()).output();
        let output = output.expect("initdb can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "initdb in {}: {said}", self.directory.display());
        fs::remove_file(password).expect("the file was just written");
    }

    fn write_settings(&self) {
        let port = self.port.to_string();
        let directory = self.directory.to_string_lossy();
        let own = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            ("unix_socket_directories", &directory),
            // In the data directory, so that a killed server leaves none behind.
            ("dynamic_shared_memory_type", "mmap"),
        ];
        let further = self.settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut text = String::new();
        for (key, value) in own.into_iter().chain(further) {
            let _ = writeln!(text, "{key} = '{}'", value.replace('\'', "''"));
        }
        self.put("postgresql.conf", &text);
    }

    fn spawn(&self) -> Child {
        let log = OpenOptions::new().create(true).append(true).open(self.log_path());
        let log: File = log.expect("a log file can be made");
        let mut server = self.command("postgres");
        server.arg("-D").arg(self.data());
        server.stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        // Ctrl-C on a terminal is for this process, not for the server.
        server.process_group(0);
        server.spawn().expect("the server can be started")
    }

    fn becomes_ready(&self, child: &mut Child) -> bool {
        let clock = SystemClock::new();
        while clock.elapsed() < WAIT_TIMEOUT {
            if child.try_wait().expect("the child can be asked").is_some() {
                return false;
            }
            if self.tells_ready(child.id()) {
                return true;
            }
            thread::sleep(WAIT_INTERVAL);
        }
        signal(child.id(), Signal::QUIT);
        let _ = child.wait();
        false
    }

    /// Whether the server's own file says that it is ready, as `pg_ctl` reads it: the first
    /// line is its process, the eighth its state.
    fn tells_ready(&self, process: u32) -> bool {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let is_of_this = file.lines().next().is_some_and(|line| line == process.to_string());
        is_of_this && file.lines().nth(7).is_some_and(|line| line.trim() == "ready")
    }

    fn end(&mut self, how: Signal) {
        let Some(mut child) = self.server.take() else { return };
        signal(child.id(), how);
        let clock = SystemClock::new();
        while child.try_wait().expect("the child can be asked").is_none() {
            if clock.elapsed() > WAIT_TIMEOUT {
                let _ = child.kill();
            }
            thread::sleep(WAIT_INTERVAL);
        }
        self.reaper.watch(None);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Nobody will read the data again, so nothing has to be finished; unlike a kill it
        // leaves no shared memory behind. The reaper removes the rest.
        self.end(Signal::QUIT);
    }
}

fn superuser(port: u16, password: &str) -> Superuser {
    Superuser::new(&format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{MAINTENANCE}"))
}

fn signal(process: u32, signal: Signal) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    // It may have ended by itself.
    let _ = kill_process(process.expect("process ids are positive"), signal);
}

/// The processes that `parent` has started.
fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes.filter(|process| parent_of(*process) == Some(parent)).collect()
}

fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Between the parentheses stands the name of the program, with any character in it.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}
