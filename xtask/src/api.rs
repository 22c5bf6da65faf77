//! The admin API, tried from outside with what its OpenAPI document says.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::shell::{cargo, install_python_packages, root, run as run_command};

/// What is tried.
const DOCUMENT: &str = "spec/openapi/admin.json";

/// Where the Python packages are listed.
const REQUIREMENTS: &str = "tests/api/requirements.txt";

/// How the API is tried.
const SETTINGS: &str = "tests/api/schemathesis.toml";

/// What is installed.
const VERSION: &str = "schemathesis==4.32.5";

/// How often a server that starts is asked whether it listens.
const ASK_COUNT_MAX: u32 = 200;

fn folder() -> PathBuf {
    root().join("target/schemathesis")
}

/// A module of one of the packages, to be run by Python.
fn module(name: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-m", name]).env("PYTHONPATH", folder());
    command
}

/// Installs what tries the API below `target`, unless it is there.
///
/// # Errors
///
/// When Python cannot install the packages.
pub(crate) fn install() -> Result<()> {
    install_python_packages(VERSION, REQUIREMENTS, &folder())
}

/// Checks the document, then tries every operation on a server of its own, as a credential that
/// may everything in its tenant. Nothing needs to be left out: a credential cannot delete its
/// tenant, and nobody guesses the key of this one.
///
/// # Errors
///
/// When something was found, or the server cannot be started.
pub(crate) fn run() -> Result<()> {
    install()?;
    run_command(cargo().args(["build", "--release", "--locked", "-p", "acta-cli"]))?;
    let document = root().join(DOCUMENT);
    run_command(module("openapi_spec_validator").arg(&document))?;
    let server = Server::start()?;
    let credential = server.credential()?;
    // Not printed: there is a secret in it.
    let status = module("schemathesis.cli")
        .arg("--config-file")
        .arg(root().join(SETTINGS))
        .arg("run")
        .arg(&document)
        .args(["--url", &format!("http://{}/api/v1", server.address)])
        .args(["--auth", &credential, "--checks", "all", "--workers", "1"])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--warnings", "off"])
        // It keeps what it has found where it runs.
        .current_dir(folder())
        .status()
        .context("cannot run schemathesis")?;
    if status.success() { Ok(()) } else { bail!("the API is not as its document says") }
}

/// A server with a store of its own, stopped and removed in the end.
struct Server {
    child: Child,
    data: PathBuf,
    address: String,
}

fn binary() -> PathBuf {
    root().join("target/release/acta")
}

impl Server {
    fn start() -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let data = std::env::temp_dir().join(format!("acta-api-{}", std::process::id()));
        let child = Command::new(binary())
            .args(["serve", "--listen", &address, "--data"])
            .arg(&data)
            // That wrong secrets are refused is tried very often.
            .env("ACTA_LIMITS_FAILURES_COUNT_MAX", "1000000")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the server")?;
        let server = Self { child, data, address };
        for _ in 0..ASK_COUNT_MAX {
            // It listens before it has opened its store, and takes commands once it has.
            let takes_commands = server.data.join("control.sock").exists();
            if takes_commands && TcpStream::connect(&server.address).is_ok() {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("the server did not start")
    }

    /// Key and secret of a credential that may everything.
    fn credential(&self) -> Result<String> {
        let output = Command::new(binary())
            .args(["credential", "create", "--tenant", "1", "--label", "Trying the API"])
            .args(["--scope", "all,admin", "--json", "--data"])
            .arg(&self.data)
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let of = |name: &str| {
            let (_, rest) = text.split_once(&format!("\"{name}\": \""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let pair = of("key").zip(of("secret"));
        let (key, secret) = pair.with_context(|| format!("no credential in {text:?}"))?;
        Ok(format!("{key}:{secret}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing more can be done here if the server is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(Path::new(&self.data));
    }
}
