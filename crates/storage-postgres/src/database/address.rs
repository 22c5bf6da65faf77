//! The URL of the database: host, encryption, and its description for people.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::{Connector, Verification};
use crate::failure::reason_of;
use crate::{OpenError, Options, Tls};

/// The default port.
const PORT: u16 = 5432;

/// Idle time after which a connection is probed.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A parsed URL.
#[derive(Debug)]
pub(crate) struct Address {
    /// The configuration of the driver.
    pub(crate) config: Config,
    /// Hosts, ports and name of the database, for people.
    pub(crate) place: String,
    tls: Tls,
    authorities: Option<PathBuf>,
}

impl Address {
    /// Parses `url`. Settings in `options` take precedence.
    ///
    /// # Errors
    ///
    /// [`OpenError::Address`].
    pub(crate) fn read(url: &str, options: &Options) -> Result<Self, OpenError> {
        let (url, of_url) = split(url)?;
        let config = Config::from_str(&url);
        let mut config = config.map_err(|error| OpenError::Address {
            // The driver's text names the invalid part, and never the password.
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

/// The encryption settings of a URL, as in libpq.
#[derive(Debug, Default)]
struct OfUrl {
    tls: Option<Tls>,
    authorities: Option<PathBuf>,
}

/// Removes the parameters that the driver does not know from a URL.
fn split(url: &str) -> Result<(String, OfUrl), OpenError> {
    let mut found = OfUrl::default();
    let Some((rest, query)) = url.split_once('?') else { return Ok((url.to_owned(), found)) };
    let mut others = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => found.tls = Some(tls_mode(mode)?),
            Some(("sslrootcert", "system")) => found.tls = found.tls.or(Some(Tls::VerifyFull)),
            Some(("sslrootcert", path)) => {
                let path = percent_decode_str(path).decode_utf8_lossy();
                found.authorities = Some(PathBuf::from(&*path));
            }
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
        // Without checking the host, a verified certificate would not help.
        "verify-ca" | "verify-full" => Ok(Tls::VerifyFull),
        _ => Err(OpenError::Address { reason: "there is no such sslmode".to_owned() }),
    }
}

fn ssl_mode(tls: Tls, hosts: &[Host]) -> SslMode {
    if hosts.iter().all(is_socket) {
        // A socket of this machine cannot be intercepted, and servers do not encrypt it.
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
