//! The commands of an administrator on every kind of store.

use std::io::Write;
use std::process::Stdio;

use acta_tests::{CommandOutput, Engine, Server, Store, Version, acta};
use serde_json::Value;

/// How a store is found by commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreKind {
    /// In a directory that a server has open.
    Served,
    /// In a directory that nobody has open.
    Unserved,
    /// In a database, beside a server.
    Database,
}

/// A store with what serves it.
pub(crate) struct AdminStore {
    store: Store,
    server: Option<Server>,
}

impl AdminStore {
    /// A new store of this kind, with the credential that servers of tests are seeded with.
    pub(crate) fn new(kind: StoreKind) -> Self {
        let engine = if kind == StoreKind::Database { Engine::Postgres } else { Engine::Embedded };
        let store = Store::new(engine);
        let server = Server::start_on(&store, Version::V2_0_0);
        let server = if kind == StoreKind::Unserved { stop(server) } else { Some(server) };
        Self { store, server }
    }

    /// The server, which is there unless the store is unserved.
    pub(crate) fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// Stops the server in good order.
    pub(crate) fn stop(&mut self) {
        self.server = self.server.take().and_then(stop);
    }

    /// Runs a command to its end, with `typed` as its input.
    pub(crate) fn type_in(&self, arguments: &[&str], typed: &str) -> CommandOutput {
        let mut command = acta();
        command.args(arguments).envs(self.store.settings());
        if self.store.settings().is_empty() {
            command.arg("--data").arg(self.store.data());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // One that reads nothing may have ended already.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        let output = child.wait_with_output().unwrap();
        CommandOutput {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must succeed, and gives what it printed.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let ran = self.type_in(arguments, "");
        assert_eq!(ran.code, Some(0), "{arguments:?}: {} {}", ran.out, ran.err);
        ran.out
    }

    /// Runs a command with `--json` that must succeed, and gives its answer.
    #[track_caller]
    pub(crate) fn run_json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.run(&arguments)).unwrap()
    }

    /// Runs a command that must be refused, with this exit code and this in its message.
    #[track_caller]
    pub(crate) fn refuse(&self, arguments: &[&str], code: i32, message: &str) {
        let ran = self.type_in(arguments, "");
        assert_eq!(ran.code, Some(code), "{arguments:?}: {} {}", ran.out, ran.err);
        assert!(ran.err.contains(message), "{arguments:?}: {}", ran.err);
    }
}

/// Stops a server in good order.
pub(crate) fn stop(mut server: Server) -> Option<Server> {
    server.ask_to_stop();
    let ended = server.wait(std::time::Duration::from_secs(30));
    assert!(ended.is_some_and(|status| status.success()), "{}", server.log());
    None
}
