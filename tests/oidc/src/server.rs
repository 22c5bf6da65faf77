//! A server of one's own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use acta_test_postgres::free_address;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::Browser;

/// Where the clients of the server have people sent back to. Nobody listens there.
pub const REDIRECT_URI: &str = "https://lrs.example.org/signin/oidc";

/// What access tokens of the server are for.
pub const RESOURCE: &str = "https://lrs.example.org/xapi";

/// The secret of the clients `basic`, `post` and `sender`.
pub const CLIENT_SECRET: &str = "a secret: with + and %";

/// The folder with the script and the packages that it needs.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// How a server can be configured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether ID tokens hold all claims. Otherwise only the userinfo endpoint returns all.
    pub has_claims_in_id_token: bool,
}

/// A server with keys of its own. It goes when this is dropped.
///
/// People: `alice`, whose address is verified, of the groups `lrs-admins` and `staff` and with
/// the nested role `lrs-auditors`; `bob`, whose address is not, of `staff`.
/// Clients for sign-in: `basic` with RS256, `post` with ES256, `public` with `EdDSA`; for
/// machines: `sender`.
#[derive(Debug)]
pub struct OidcServer {
    options: Options,
    port: u16,
    issuer: String,
    process: Mutex<Option<Process>>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl OidcServer {
    /// A server whose ID tokens hold all claims.
    pub fn start() -> Self {
        Self::with(Options { has_claims_in_id_token: true })
    }

    /// A server.
    pub fn with(options: Options) -> Self {
        let port = free_address().port();
        let (process, issuer) = Process::start(options, port);
        Self { options, port, issuer, process: Mutex::new(Some(process)) }
    }

    /// Its address, which is the name of the issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Ends it at once.
    pub fn stop(&self) {
        *self.lock() = None;
    }

    /// Starts it again on its port, with new keys.
    pub fn start_again(&self) {
        let (process, issuer) = Process::start(self.options, self.port);
        assert_eq!(issuer, self.issuer, "the server is where it was");
        *self.lock() = Some(process);
    }

    /// Takes new keys instead of those that there are.
    pub fn rotate_keys(&self) {
        self.command("rotate", json!({}));
    }

    /// From now on, does wrong at `path`: `is_silent` gives no answer at all, `status`,
    /// `headers` and `body` are answered instead, `bytes` is a longer body than needed, and
    /// `merge` replaces members of the right answer.
    pub fn inject_fault(&self, path: &str, fault: Value) {
        let mut fault = fault;
        fault["path"] = json!(path);
        self.command("inject_fault", fault);
    }

    /// Does everything right again.
    pub fn relieve(&self) {
        self.command("relief", json!({}));
    }

    /// How often `path` was asked for.
    pub fn count(&self, path: &str) -> u64 {
        let answer = self.command("count", json!({ "path": path }));
        answer["count"].as_u64().expect("a count")
    }

    /// A token with any header and any claims, signed by the key of the server that goes with
    /// `alg`: for `none` not at all, for `HS256` as if the public key were a shared secret.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let answer = self.command("sign", json!({ "header": header, "claims": claims }));
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Signs `account` in at the page that `url` names, agrees to everything, and gives back
    /// the query of the address that the browser is sent to.
    pub fn sign_in(&self, url: &str, account: &str) -> String {
        Browser::default().sign_in(url, account)
    }

    /// Goes to the page that `url` names and turns back; as [`OidcServer::sign_in`].
    pub fn turn_back(&self, url: &str) -> String {
        Browser::default().turn_back(url)
    }

    /// An access token for `sender`, with these scopes.
    pub fn access_token(&self, scope: &str) -> String {
        let credentials = format!("sender:{}", form(CLIENT_SECRET));
        let body = format!(
            "grant_type=client_credentials&scope={}&resource={}",
            form(scope),
            form(RESOURCE)
        );
        let mut answer = ureq::post(format!("{}/token", self.issuer))
            .header("Authorization", format!("Basic {}", STANDARD.encode(credentials)))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .send(body)
            .expect("the server gives a token");
        let text = answer.body_mut().read_to_string().expect("an answer");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn command(&self, command: &str, arguments: Value) -> Value {
        let mut line = arguments;
        line["command"] = json!(command);
        let mut process = self.lock();
        let process = process.as_mut().expect("the server runs");
        writeln!(process.input, "{line}").expect("the server reads commands");
        process.answer()
    }
}

impl Process {
    fn start(options: Options, port: u16) -> (Self, String) {
        let modules: PathBuf = folder().join("node_modules/oidc-provider");
        assert!(modules.is_dir(), "no {}: run `cargo xtask oidc`", modules.display());
        let options = json!({
            "port": port,
            "redirect_uri": REDIRECT_URI,
            "resource": RESOURCE,
            "claims_in_id_token": options.has_claims_in_id_token,
        });
        let mut command = Command::new("node");
        command.arg(folder().join("server.mjs")).arg(options.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("node can be started");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut process = Self { child, input, output };
        let issuer = process.answer()["issuer"].as_str().expect("an address").to_owned();
        (process, issuer)
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the server answers");
        serde_json::from_str(&line).expect("the server answers in JSON")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn form(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
