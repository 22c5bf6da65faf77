//! Where the database is, how it is spoken to, and what people are told about that.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::{Connector, Verification};
use crate::failure::reason_of;
use crate::{OpenError, Options, Tls};

/// The port of a URL that names none.
const PORT: u16 = 5432;

/// Silence after which a connection is probed.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// An address, understood.
#[derive(Debug)]
pub(crate) struct Address {
    /// For the driver.
    pub(crate) config: Config,
    /// Hosts, ports and name of the database, for people.
    pub(crate) place: String,
    tls: Tls,
    authorities: Option<PathBuf>,
}

impl Address {
    /// Reads `url`, of which `options` may say what it does not.
    ///
    /// # Errors
    ///
    /// [`OpenError::Address`].
    pub(crate) fn read(url: &str, options: &Options) -> Result<Self, OpenError> {
        let (url, of_url) = split(url)?;
        let config = Config::from_str(&url);
        let mut config = config.map_err(|error| OpenError::Address {
            // The driver's text names the part that is wrong, and never the password.
            reason: reason_of(&error),
        })?;
        if config.get_hosts().is_empty() {
            return Err(OpenError::Address { reason: "it names no host".to_owned() });
        }
        let authorities = options.tls_ca.clone().or(of_url.authorities);
        let tls = options.tls.or(of_url.tls).unwrap_or_else(|| {
            let is_trusted = authorities.is_none() && config.get_hosts().iter().all(is_here);
            if is_trusted { Tls::Prefer } else { Tls::VerifyFull }
        });
        if authorities.is_some() && tls != Tls::VerifyFull {
            let reason = "certificate authorities are of use with `verify-full` only";
            return Err(OpenError::Address { reason: reason.to_owned() });
        }
        config.ssl_mode(ssl_mode(tls, config.get_hosts()));
        if config.get_application_name().is_none() {
            config.application_name("acta");
        }
        config.connect_timeout(options.connect_timeout);
        config.tcp_user_timeout(options.statement_timeout);
        config.keepalives_idle(KEEPALIVE);
        Ok(Self { place: place(&config), config, tls, authorities })
    }

    /// What encrypts the connections.
    ///
    /// # Errors
    ///
    /// [`OpenError::Tls`].
    pub(crate) fn connector(&self) -> Result<Connector, OpenError> {
        Connector::new(match (self.tls, &self.authorities) {
            (Tls::VerifyFull, Some(authorities)) => Verification::Authorities(authorities),
            (Tls::VerifyFull, None) => Verification::SystemAuthorities,
            (Tls::Disable | Tls::Prefer | Tls::Require, _) => Verification::Nothing,
        })
    }
}

/// What a URL says about encryption, in the words of PostgreSQL's own clients.
#[derive(Debug, Default)]
struct OfUrl {
    tls: Option<Tls>,
    authorities: Option<PathBuf>,
}

/// Takes out of a URL what the driver does not know.
fn split(url: &str) -> Result<(String, OfUrl), OpenError> {
    let mut found = OfUrl::default();
    let Some((rest, query)) = url.split_once('?') else { return Ok((url.to_owned(), found)) };
    let mut others = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => found.tls = Some(tls_mode(mode)?),
            Some(("sslrootcert", "system")) => found.tls = found.tls.or(Some(Tls::VerifyFull)),
            Some(("sslrootcert", path)) => found.authorities = Some(PathBuf::from(decoded(path))),
            _ => others.push(pair),
        }
    }
    let query = others.join("&");
    let url = if query.is_empty() { rest.to_owned() } else { format!("{rest}?{query}") };
    Ok((url, found))
}

fn tls_mode(text: &str) -> Result<Tls, OpenError> {
    match text {
        "disable" => Ok(Tls::Disable),
        "allow" | "prefer" => Ok(Tls::Prefer),
        "require" => Ok(Tls::Require),
        // A client that verifies the certificate does not accept one of another host.
        "verify-ca" | "verify-full" => Ok(Tls::VerifyFull),
        _ => Err(OpenError::Address { reason: "there is no such sslmode".to_owned() }),
    }
}

/// A value of a URL, each `%` with two digits being a byte.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn ssl_mode(tls: Tls, hosts: &[Host]) -> SslMode {
    if hosts.iter().all(is_socket) {
        // Nobody listens in on a socket of this machine, and servers encrypt nothing there.
        return SslMode::Disable;
    }
    match tls {
        Tls::Disable => SslMode::Disable,
        Tls::Prefer => SslMode::Prefer,
        Tls::Require | Tls::VerifyFull => SslMode::Require,
    }
}

const fn is_socket(host: &Host) -> bool {
    match host {
        Host::Tcp(_) => false,
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let address = name.parse::<std::net::IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn place(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
        match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    });
    let hosts: Vec<_> = hosts.collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("{}/{database}", hosts.join(","))
}

#[cfg(test)]
mod tests;
