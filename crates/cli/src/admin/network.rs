//! HTTP over the network, to the server of another machine.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::HeaderValue;
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::socket::Connection;

/// The longest file with a credential, in bytes.
const CREDENTIAL_BYTES_MAX: usize = 4096;

/// Connects to the server at `url`, with the credential in a file.
///
/// # Errors
///
/// When the URL or the credential has another form, or the server cannot be reached.
pub(super) async fn connect(url: &str, credential: &Path) -> Result<Connection> {
    let uri: Uri = url.parse().with_context(|| format!("{url:?} is not a URL"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        bail!("expected a URL such as https://lrs.example.org, found {url:?}");
    };
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        bail!("expected a URL without a path, found {url:?}");
    }
    let authorization = authorization(credential)?;
    let host = HeaderValue::try_from(authority.as_str()).context("the URL has no valid host")?;
    let name = authority.host().trim_matches(['[', ']']).to_owned();
    let reach = async |port| {
        let connected = TcpStream::connect((name.as_str(), port)).await;
        connected.with_context(|| format!("cannot connect to {authority}"))
    };
    let port = |usual| authority.port_u16().unwrap_or(usual);
    match scheme {
        "https" => {
            let stream = encrypt(reach(port(443)).await?, name.clone()).await?;
            Connection::start(stream, host, Some(authorization)).await
        }
        "http" if is_this_machine(&name) => {
            Connection::start(reach(port(80)).await?, host, Some(authorization)).await
        }
        "http" => bail!("{url} is not encrypted: anybody in between could read the credential"),
        _ => bail!("expected https://, found {url:?}"),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The header for a file with a key, a colon and a secret.
fn authorization(file: &Path) -> Result<HeaderValue> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    let pair = text.trim();
    if CREDENTIAL_BYTES_MAX < pair.len()
        || !pair.contains(':')
        || pair.contains(char::is_whitespace)
    {
        bail!("{} is not the key of a credential, a colon and its secret", file.display());
    }
    let mut header = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)))?;
    header.set_sensitive(true);
    Ok(header)
}

async fn encrypt(stream: TcpStream, name: String) -> Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerName::try_from(name).context("the URL has no valid host")?;
    let encrypted = TlsConnector::from(Arc::new(config)).connect(server, stream).await;
    encrypted.context("the server has no certificate that this machine trusts")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_credential_is_a_key_and_a_secret() {
        let table = [
            ("key:secret\n", Some("Basic a2V5OnNlY3JldA==")),
            ("key secret", None),
            ("key", None),
            ("", None),
            ("a:b\nc:d", None),
        ];
        for (text, expected) in table {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let found = authorization(file.path()).ok();
            assert_eq!(
                found.as_ref().map(HeaderValue::as_bytes),
                expected.map(str::as_bytes),
                "{text:?}"
            );
        }
    }

    #[test]
    fn only_this_machine_is_asked_without_encryption() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "::1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["lrs.example.org", "10.0.0.1", "localhost.example.org", "2001:db8::1"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
