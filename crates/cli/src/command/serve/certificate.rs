//! The certificate of the server and its key: read from files, and again when those change.
//!
//! A pair that cannot be used is refused at the start. While the server runs, it is logged, and
//! the certificate in use stays.

use std::convert::Infallible;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use acta_ambient::{Clock, SystemClock, Timestamp};
use acta_config::Config;
use acta_http::Encryption;
use anyhow::{Context, Result, bail};
use tokio::signal::unix::Signal;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys};
use tracing::{info, warn};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use zeroize::Zeroizing;

use crate::wire;

/// How often the files are read again.
const INTERVAL: Duration = Duration::from_secs(2);

/// Largest file of a certificate or a key, in bytes: 1 MiB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// How long before its end a certificate is reported.
const NOTICE: Duration = Duration::from_hours(24 * 14);

/// The files of a certificate and its key.
#[derive(Clone, Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What the files contain.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

/// A certificate with its key, and when it ends.
struct Parsed {
    key: CertifiedKey,
    not_after: Timestamp,
}

/// When the certificate in use ends.
#[derive(Clone, Debug)]
pub(crate) struct CertificateEnd(Arc<AtomicI64>);

impl CertificateEnd {
    fn new(not_after: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(not_after.unix_micros())))
    }

    fn replace(&self, not_after: Timestamp) {
        self.0.store(not_after.unix_micros(), Ordering::Relaxed);
    }

    /// The last moment at which clients accept it.
    pub(crate) fn read(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.0.load(Ordering::Relaxed))
    }
}

/// The certificate in use, which is replaced when its files change.
pub(super) struct ServerCertificate {
    files: Files,
    encryption: Encryption,
    end: CertificateEnd,
    /// What was read last, whether it could be used or not.
    read: Option<Contents>,
    /// Whether the last attempt to read the files has failed.
    is_unreadable: bool,
}

impl ServerCertificate {
    /// Reads the files that `config` names; none if it names none.
    ///
    /// # Errors
    ///
    /// When they cannot be read or used.
    pub(super) fn open(config: &Config) -> Result<Option<Self>> {
        let Some((certificate, key)) = config.server.tls_files() else { return Ok(None) };
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let contents = files.read()?;
        let Parsed { key, not_after } = files.parse(&contents)?;
        let (encryption, end) =
            (Encryption::new(key, wire::versions(config)), CertificateEnd::new(not_after));
        Ok(Some(Self { files, encryption, end, read: Some(contents), is_unreadable: false }))
    }

    /// When the certificate in use ends, at any time from now on.
    pub(super) fn end(&self) -> CertificateEnd {
        self.end.clone()
    }

    /// How connections are encrypted with it.
    pub(super) fn encryption(&self) -> Encryption {
        self.encryption.clone()
    }

    /// Reads the files again and again, and at once after a signal of `hangup`.
    async fn watch(mut self, hangup: &mut Signal) -> Infallible {
        loop {
            let is_asked = tokio::select! {
                _ = hangup.recv() => {
                    info!("received SIGHUP, reading the certificate again");
                    true
                }
                () = tokio::time::sleep(INTERVAL) => false,
            };
            self.renew(is_asked).await;
        }
    }

    /// Reads the files, and uses them if they have changed. If somebody has asked, the outcome is
    /// logged in any case.
    async fn renew(&mut self, is_asked: bool) {
        let files = self.files.clone();
        let read = acta_storage::spawn_blocking(move || files.read()).await;
        let contents = match read {
            Ok(Ok(contents)) => contents,
            Ok(Err(error)) => {
                if is_asked || !self.is_unreadable {
                    warn_of(&error);
                }
                self.is_unreadable = true;
                return;
            }
            Err(_stopped) => return,
        };
        self.is_unreadable = false;
        if !is_asked && self.read.as_ref() == Some(&contents) {
            return;
        }
        match self.files.parse(&contents) {
            Ok(Parsed { key, not_after }) => {
                self.encryption.replace(key);
                self.end.replace(not_after);
                let file = self.files.certificate.display();
                info!("new connections use the certificate that is in {file} now");
            }
            Err(error) => warn_of(&error),
        }
        self.read = Some(contents);
    }
}

/// Waits for the end of `serving`, and reads the files again meanwhile.
pub(super) async fn reload_during<T>(
    serving: impl Future<Output = T>,
    certificate: Option<ServerCertificate>,
    hangup: Signal,
) -> T {
    tokio::select! {
        served = serving => served,
        never = reload(certificate, hangup) => match never {},
    }
}

/// Waits for signals to read files again, also if there are none: without this, SIGHUP would end
/// the process.
async fn reload(certificate: Option<ServerCertificate>, mut hangup: Signal) -> Infallible {
    match certificate {
        Some(certificate) => certificate.watch(&mut hangup).await,
        None => loop {
            hangup.recv().await;
            info!("received SIGHUP: there is no certificate to read again");
        },
    }
}

fn warn_of(error: &anyhow::Error) {
    let error: &dyn std::error::Error = error.as_ref();
    warn!(error, "the certificate in use stays, because the new one cannot be used");
}

impl Files {
    fn read(&self) -> Result<Contents> {
        let certificate = read_file(&self.certificate)?;
        Ok(Contents { certificate, key: Zeroizing::new(read_file(&self.key)?) })
    }

    /// The certificate and its key. Logs when it is not valid now, or soon.
    fn parse(&self, contents: &Contents) -> Result<Parsed> {
        let chain = self.parse_chain(&contents.certificate)?;
        let key = self.parse_key(&contents.key)?;
        let provider = default_provider();
        let Ok(key) = provider.key_provider.load_private_key(key) else {
            bail!(
                "the key in {} is of a kind that cannot be used: expected RSA from 2048 bits, \
                 ECDSA with P-256 or P-384, or Ed25519",
                self.key.display()
            );
        };
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            // Nothing speaks against it.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(Error::InconsistentKeys(_)) => {
                let (key, certificate) = (self.key.display(), self.certificate.display());
                bail!("the key in {key} does not belong to the first certificate in {certificate}");
            }
            Err(error) => return Err(self.refuse_certificate(error)),
        }
        let not_after = self.note_validity(&certified.cert)?;
        Ok(Parsed { key: certified, not_after })
    }

    fn parse_chain(&self, text: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
        let file = self.certificate.display();
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
        let chain = chain.with_context(|| format!("{file} is not valid PEM"))?;
        if chain.is_empty() {
            bail!(
                "{file} contains no certificate: expected PEM, with a line \
                 `-----BEGIN CERTIFICATE-----`"
            );
        }
        Ok(chain)
    }

    fn parse_key(&self, text: &[u8]) -> Result<PrivateKeyDer<'static>> {
        let file = self.key.display();
        let is_encrypted = |line: &[u8]| line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY");
        if text.split(|byte| *byte == b'\n').any(is_encrypted) {
            bail!("the key in {file} is protected by a passphrase: expected one without");
        }
        let key = PrivateKeyDer::pem_slice_iter(text).next();
        let Some(key) = key else {
            bail!(
                "{file} contains no private key: expected PEM, with a line \
                 `-----BEGIN PRIVATE KEY-----`"
            );
        };
        key.with_context(|| format!("{file} is not valid PEM"))
    }

    /// When the first certificate ends. Logs when it is not valid now, or soon. Clients refuse it
    /// then, but they may be told to accept it, and a wrong clock must not prevent the start.
    fn note_validity(&self, chain: &[CertificateDer<'_>]) -> Result<Timestamp> {
        let first = chain.first().map(|first| &**first).unwrap_or_default();
        let parsed = Certificate::from_der(first);
        let parsed = parsed.map_err(|error| self.refuse_certificate(error))?;
        let validity = parsed.tbs_certificate().validity();
        let (begin, end) = (validity.not_before, validity.not_after);
        let [begin, end] = [begin, end].map(|time| timestamp(time.to_unix_duration()));
        let (now, file) = (SystemClock::new().now(), self.certificate.display());
        if end < now {
            warn!("clients refuse the certificate in {file}: it has expired at {end}");
        } else if now < begin {
            warn!("clients refuse the certificate in {file}: it is not valid before {begin}");
        } else if end.unix_micros() < now.unix_micros().saturating_add(micros(NOTICE)) {
            warn!("the certificate in {file} expires at {end}");
        }
        Ok(end)
    }

    fn refuse_certificate<E>(&self, error: E) -> anyhow::Error
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let file = self.certificate.display();
        anyhow::Error::new(error).context(format!("the first certificate in {file} cannot be used"))
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let opened = File::open(path);
    let read = opened.and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    let count = read.with_context(|| format!("cannot read {}", path.display()))?;
    if u64::try_from(count).is_ok_and(|count| FILE_BYTES_MAX < count) {
        bail!("{} is longer than {FILE_BYTES_MAX} bytes", path.display());
    }
    Ok(bytes)
}

fn timestamp(since: Duration) -> Timestamp {
    Timestamp::from_unix_micros(micros(since))
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
