//! A proxy as a child process, with the configuration of the page in a directory of its own.

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use acta_test_postgres::free_address;
use acta_tests::certificates::Authority;
use tempfile::TempDir;
use tokio_rustls::rustls::ClientConfig;

use super::page::{Setup, configuration, replaced};
use super::wait_until;
use crate::tls::client::{TlsClient, http2_config};

/// Where Debian has the programs.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// A program that stands between clients and Acta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Nginx,
    Caddy,
    HaProxy,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Nginx, Self::Caddy, Self::HaProxy];

    /// Whether it is installed; if not, a test says that it has not used it.
    #[expect(clippy::print_stderr, reason = "a test that checks nothing says so")]
    pub(super) fn is_installed(self) -> bool {
        let (program, question) = match self {
            Self::Nginx => ("nginx", "-v"),
            Self::Caddy => ("caddy", "version"),
            Self::HaProxy => ("haproxy", "-v"),
        };
        let answer = Command::new(program).arg(question).env("PATH", PATH).output();
        let is_there = answer.is_ok_and(|answer| answer.status.success());
        if !is_there {
            eprintln!("{program} is not installed: it checks nothing here");
        }
        is_there
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "Caddy",
            Self::HaProxy => "HAProxy",
        }
    }

    /// The configuration of the page for `listen`, with what it stands in on a machine.
    fn configuration(self, setup: Setup, listen: SocketAddr, folder: &Path) -> String {
        let page = configuration(self.title(), setup);
        let place = folder.display();
        match self {
            Self::Nginx => {
                let page = replaced(&page, "listen 443 ", &format!("listen {listen} "));
                let page = replaced(&page, "/etc/nginx/tls", &place.to_string());
                nginx_around(&page, folder)
            }
            Self::Caddy => {
                let site = format!("https://localhost:{} {{", listen.port());
                let page = replaced(&page, "lrs.example.org {", &site);
                let page = replaced(&page, "/etc/caddy/tls", &place.to_string());
                // Ports of the machine are not for tests.
                format!("{{\n    admin off\n    auto_https disable_redirects\n}}\n{page}")
            }
            Self::HaProxy => {
                let page = replaced(&page, "bind :443 ", &format!("bind {listen} "));
                replaced(&page, "/etc/haproxy/tls", &place.to_string())
            }
        }
    }

    /// The command that runs it in the foreground.
    fn command(self, file: &Path, folder: &Path) -> Command {
        let mut command = match self {
            Self::Nginx => {
                let mut command = Command::new("nginx");
                command.arg("-p").arg(folder).arg("-e").arg(folder.join("log")).arg("-c");
                command
            }
            Self::Caddy => {
                let mut command = Command::new("caddy");
                command.args(["run", "--adapter", "caddyfile", "--config"]);
                command
            }
            Self::HaProxy => {
                let mut command = Command::new("haproxy");
                command.args(["-db", "-f"]);
                command
            }
        };
        command.arg(file).env("PATH", PATH).current_dir(folder);
        command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        command
    }
}

/// What stands around the files in `/etc/nginx/conf.d`.
fn nginx_around(page: &str, folder: &Path) -> String {
    let place = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|name| format!("    {name}_temp_path {place}/{name};\n"));
    // Workers of another user could not enter the directory.
    let user = if rustix::process::getuid().is_root() { "user root;\n" } else { "" };
    format!(
        "{user}daemon off;\nworker_processes 2;\npid {place}/pid;\n\
         events {{ worker_connections 512; }}\n\
         http {{\n    access_log off;\n{}{page}}}\n",
        temporary.concat()
    )
}

/// A running proxy, which speaks TLS. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    kind: Kind,
    child: Child,
    address: SocketAddr,
    authority: Authority,
    folder: TempDir,
}

impl Proxy {
    /// Starts one in front of servers, and waits until it passes requests on.
    pub(super) fn start(kind: Kind, setup: Setup, servers: &[SocketAddr]) -> Self {
        let (folder, authority, address) =
            (TempDir::new().unwrap(), Authority::new(), free_address());
        let (certificate, key) = authority.sign("DNS:localhost");
        let place = folder.path();
        std::fs::write(place.join("fullchain.pem"), &certificate).unwrap();
        std::fs::write(place.join("privkey.pem"), &key).unwrap();
        std::fs::write(place.join("lrs.pem"), certificate + &key).unwrap();
        let mut text = kind.configuration(setup, address, place);
        assert_eq!(setup.addresses().len(), servers.len());
        for (written, server) in setup.addresses().iter().zip(servers) {
            text = replaced(&text, written, &server.to_string());
        }
        let file = place.join("configuration");
        std::fs::write(&file, text).unwrap();
        let log = OpenOptions::new().create(true).append(true).open(place.join("log")).unwrap();
        let mut command = kind.command(&file, place);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        let proxy = Self { kind, child, address, authority, folder };
        let client = proxy.client();
        let is_ready = || client.get("/ready").is_ok_and(|answer| answer.status == 200);
        wait_until("the proxy passes requests on", || proxy.log(), is_ready);
        proxy
    }

    /// What it is.
    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it listens.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client with HTTP/1.1 that trusts its certificate.
    pub(super) fn client(&self) -> TlsClient {
        TlsClient::new(self.address, &self.authority.file())
    }

    /// The settings of a client that asks for HTTP/2.
    pub(super) fn http2_config(&self) -> ClientConfig {
        http2_config(&self.authority.file())
    }

    /// What it has logged.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Not killed: the workers of nginx would stay.
        let process = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &process]).status();
        let _ = self.child.wait();
    }
}
