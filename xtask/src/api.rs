//! The admin API, tried from outside with what its OpenAPI document says.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
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

/// What is changed in the document before it is tried.
const HOOKS: &str = "tests/api/one_level.py";

/// What is installed.
const VERSION: &str = "schemathesis==4.32.5";

/// What a person who has signed in does not try: the session would end, or the tenant would be
/// closed to what follows. Schemathesis takes ids from lists, and finds those of the person there.
const LEFT_OUT: [&str; 7] = [
    "change_account",
    "delete_tenant",
    "end_session",
    "remove_account",
    "remove_second_factor",
    "sign_out",
    "suspend_tenant",
];

/// Most cases of each operation that are tried as a person, beside those of the document.
const PERSON_EXAMPLES_MAX: &str = "10";

/// Whom the first person signs in as.
const PERSON: &str =
    r#""display_name":"Ada","email":"ada@example.org","password":"plum orbit velvet canyon 47""#;

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

/// Checks the document, then tries every operation on a server of its own: as a credential that
/// may everything in its tenant, and, with fewer cases, as the owner of the tenant and operator of
/// the server, with a session. A credential leaves nothing out: it cannot delete its tenant, and
/// nobody guesses the key of this one.
///
/// # Errors
///
/// When something was found, or the server cannot be started.
pub(crate) fn run() -> Result<()> {
    install()?;
    run_command(cargo().args(["build", "--release", "--locked", "-p", "acta-cli"]))?;
    run_command(module("openapi_spec_validator").arg(root().join(DOCUMENT)))?;
    let server = Server::start()?;
    let credential = server.credential()?;
    try_operations(&server, &["--auth", &credential])?;
    let Session { cookie, csrf_token } = server.sign_in()?;
    let (cookie, csrf_token) = (format!("Cookie: {cookie}"), format!("X-CSRF-Token: {csrf_token}"));
    // As a browser sends it with the requests of our own pages.
    let mut arguments = vec!["-H", &cookie, "-H", &csrf_token, "-H", "Sec-Fetch-Site: same-origin"];
    arguments.extend(["--max-examples", PERSON_EXAMPLES_MAX]);
    for operation in LEFT_OUT {
        arguments.extend(["--exclude-operation-id", operation]);
    }
    try_operations(&server, &arguments)?;
    server.check_signed_in(&cookie)
}

/// Operations whose responses have no end: `tests/streams` has their tests.
const STREAMS: [&str; 2] = ["stream_statements", "stream_summary"];

/// Tries the operations as somebody whom `arguments` describe.
fn try_operations(server: &Server, arguments: &[&str]) -> Result<()> {
    // Not printed: there are secrets in it.
    let status = module("schemathesis.cli")
        .env("SCHEMATHESIS_HOOKS", root().join(HOOKS))
        .arg("--config-file")
        .arg(root().join(SETTINGS))
        .arg("run")
        .arg(root().join(DOCUMENT))
        .args(["--url", &format!("http://{}/api/v1", server.address)])
        .args(["--checks", "all", "--workers", "1", "--phases", "examples,coverage,fuzzing"])
        .args(["--warnings", "off"])
        .args(STREAMS.into_iter().flat_map(|stream| ["--exclude-operation-id", stream]))
        .args(arguments)
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

/// A person who has signed in.
struct Session {
    /// The cookie: name and value.
    cookie: String,
    csrf_token: String,
}

/// The value of a property in a JSON text, which is a text without escapes.
fn text_in<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":"))?;
    Some(rest.trim_start().strip_prefix('"')?.split_once('"')?.0)
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
        let pair = text_in(&text, "key").zip(text_in(&text, "secret"));
        let (key, secret) = pair.with_context(|| format!("no credential in {text:?}"))?;
        Ok(format!("{key}:{secret}"))
    }

    /// Uses the set-up link, which makes an operator of the server who owns the first tenant.
    fn sign_in(&self) -> Result<Session> {
        let shown = fs::read_to_string(self.data.join("set-up-link.txt"))?;
        let link = shown.split_once("/setup?token=").context("no set-up link was written")?;
        let token = link.1.split_whitespace().next().unwrap_or_default();
        let body = format!(r#"{{"token":"{token}",{PERSON}}}"#);
        let request = ureq::post(format!("http://{}/api/v1/links/accept", self.address))
            .header("Content-Type", "application/json");
        let mut answer = request.send(body).context("the set-up link was not accepted")?;
        let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).context("no cookie")?;
        let cookie = cookie.to_owned();
        let session = answer.body_mut().read_to_string()?;
        let csrf_token = text_in(&session, "csrf_token").context("no CSRF token")?.to_owned();
        Ok(Session { cookie, csrf_token })
    }

    /// Checks that a session is still one: otherwise its operations were refused, and not tried.
    fn check_signed_in(&self, cookie: &str) -> Result<()> {
        let value = cookie.trim_start_matches("Cookie: ");
        let asked = ureq::get(format!("http://{}/api/v1/session", self.address));
        asked.header("Cookie", value).call().context("the session has ended in between")?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing more can be done here if the server is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}
