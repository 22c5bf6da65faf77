//! Encrypted connections to the database.

use std::fmt;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use sha2::{Digest, Sha256, Sha384, Sha512};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::client::TlsStream as RustlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime,
};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_rustls::{TlsConnector, rustls};
use x509_cert::Certificate;
use x509_cert::der::asn1::AnyRef;
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::OpenError;

/// How a server's certificate is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verification<'a> {
    /// Any certificate is accepted.
    Nothing,
    /// A certificate for the host, from an authority that the system trusts.
    SystemAuthorities,
    /// A certificate for the host, from an authority in this PEM file.
    Authorities(&'a Path),
}

/// Creates encrypted streams.
#[derive(Clone)]
pub(crate) struct Connector(Arc<ClientConfig>);

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// A connector with this verification.
    ///
    /// # Errors
    ///
    /// [`OpenError::Tls`] if no authority can be read.
    pub(crate) fn new(verification: Verification<'_>) -> Result<Self, OpenError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| OpenError::Tls { reason: error.to_string() })?;
        let roots = match verification {
            Verification::Nothing => {
                let verifier = Arc::new(AnyCertificate(provider));
                let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
                return Ok(Self(Arc::new(builder.with_no_client_auth())));
            }
            Verification::SystemAuthorities => system_roots()?,
            Verification::Authorities(path) => roots_in(path)?,
        };
        Ok(Self(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
    }
}

fn system_roots() -> Result<RootCertStore, OpenError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (count, _) = roots.add_parsable_certificates(found.certs);
    if count == 0 {
        let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(OpenError::Tls {
            reason: format!(
                "the system trusts no certificate authority{why}; name those to trust by \
                 storage.tls_ca"
            ),
        });
    }
    Ok(roots)
}

fn roots_in(path: &Path) -> Result<RootCertStore, OpenError> {
    let failed = |error: &dyn fmt::Display| OpenError::Tls {
        reason: format!("cannot read certificates in {}: {error}", path.display()),
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() { Err(failed(&"there are none")) } else { Ok(roots) }
}

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = TlsHandshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<TlsHandshake> {
        Ok(TlsHandshake { connector: Arc::clone(&self.0).into(), host: host.to_owned() })
    }
}

/// A connector for one server.
pub(crate) struct TlsHandshake {
    connector: TlsConnector,
    host: String,
}

impl<S> TlsConnect<S> for TlsHandshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            // A socket of this machine has no name, and no encryption either.
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            self.connector.connect(name, stream).await.map(Stream)
        })
    }
}

/// An encrypted stream.
pub(crate) struct Stream<S>(RustlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let hash = certificate.and_then(|certificate| end_point(certificate));
        hash.map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// The hash that binds a login to the certificate of the server; `None` for signature
/// algorithms for which no hash is defined.
///
/// Spec: RFC 5929, 4.1.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let parsed = Certificate::from_der(certificate).ok()?;
    let is = |names: &[&str]| {
        let signed = parsed.signature_algorithm().oid;
        names.iter().any(|name| ObjectIdentifier::new(name) == Ok(signed))
    };
    // MD5, SHA-1 and SHA-256 with RSA, SHA-1 and SHA-256 with ECDSA.
    let sha256 = [
        "1.2.840.113549.1.1.4",
        "1.2.840.113549.1.1.5",
        "1.2.840.113549.1.1.11",
        "1.2.840.10045.4.1",
        "1.2.840.10045.4.3.2",
    ];
    if is(&sha256) {
        Some(Sha256::digest(certificate).to_vec())
    } else if is(&["1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3"]) {
        Some(Sha384::digest(certificate).to_vec())
    } else if is(&["1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4"]) {
        Some(Sha512::digest(certificate).to_vec())
    } else {
        None
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Accepts any certificate whose key the server has, of any version and with any content.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

/// The public key in a certificate.
struct PublicKey {
    info: SubjectPublicKeyInfoOwned,
    encoded: SubjectPublicKeyInfoDer<'static>,
}

impl PublicKey {
    /// Reads nothing else of the certificate: the library for TLS refuses certificates of version
    /// 1, such as Citus and scripts make.
    fn of(certificate: &[u8]) -> Result<Self, Error> {
        let unreadable = |_| Error::InvalidCertificate(CertificateError::BadEncoding);
        let certificate = Certificate::from_der(certificate).map_err(unreadable)?;
        let info = certificate.tbs_certificate().subject_public_key_info().clone();
        let encoded = info.to_der().map_err(unreadable)?.into();
        Ok(Self { info, encoded })
    }

    /// Whether it is a key for the algorithm, and has made the signature of the message.
    fn has_signed(
        &self,
        message: &[u8],
        signature: &DigitallySignedStruct,
        algorithm: &dyn SignatureVerificationAlgorithm,
    ) -> bool {
        // Without its tag and length, as the library for TLS has it.
        let identifier = self.info.algorithm.to_der().unwrap_or_default();
        let identifier = AnyRef::from_der(&identifier).map(AnyRef::value);
        let is_its = identifier.is_ok_and(|it| it == algorithm.public_key_alg_id().as_ref());
        let key = self.info.subject_public_key.raw_bytes();
        is_its && algorithm.verify_signature(key, message, signature.signature()).is_ok()
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        let key = PublicKey::of(certificate)?;
        let named = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signature.scheme);
        let mut fitting = named.flat_map(|(_, algorithms)| *algorithms);
        if fitting.any(|algorithm| key.has_signed(message, signature, *algorithm)) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::BadSignature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        let key = PublicKey::of(certificate)?.encoded;
        verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
