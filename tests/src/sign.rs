//! Signed statements: a JWS made with a key that lives as long as the tests.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{self, RsaEncoding};
use serde_json::{Value, json};

use crate::make;
use crate::multipart::{self, Part};

/// A key and its certificate, both DER.
#[derive(Debug)]
struct Identity {
    key: Vec<u8>,
    certificate: Vec<u8>,
}

impl Identity {
    /// A new one, made by OpenSSL.
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a directory for scratch data can be made");
        let path = |name| folder.path().join(name);
        let (pem, key, certificate) = (path("key.pem"), path("key.der"), path("certificate.der"));
        openssl(
            &["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Test signer"],
            &[("-keyout", &pem), ("-out", &certificate), ("-outform", Path::new("DER"))],
        );
        openssl(
            &["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"],
            &[("-in", &pem), ("-out", &key)],
        );
        let read = |path| std::fs::read(path).expect("OpenSSL has written it");
        Self { key: read(&key), certificate: read(&certificate) }
    }

    fn signer() -> &'static Self {
        static SIGNER: OnceLock<Identity> = OnceLock::new();
        SIGNER.get_or_init(Self::make)
    }

    fn untrusted() -> &'static Self {
        static UNTRUSTED: OnceLock<Identity> = OnceLock::new();
        UNTRUSTED.get_or_init(Self::make)
    }
}

fn openssl(words: &[&str], files: &[(&str, &Path)]) {
    let mut command = Command::new("openssl");
    command.args(words).stderr(Stdio::null());
    for (flag, path) in files {
        command.arg(flag).arg(path);
    }
    let status = command.status().expect("OpenSSL is installed");
    assert!(status.success(), "openssl {words:?}: {status}");
}

/// Whose certificate stands in the JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// That of the signing key.
    Signer,
    /// That of another key.
    Untrusted,
    /// None.
    Absent,
}

/// A JWS over `payload` with this `alg`. Names that RSA does not know are signed as RS256.
pub fn jws(algorithm: &str, certificate: Certificate, payload: &[u8]) -> String {
    let mut header = json!({"alg": algorithm});
    match certificate {
        Certificate::Signer => {
            header["x5c"] = json!([BASE64_STANDARD.encode(&Identity::signer().certificate)]);
        }
        Certificate::Untrusted => {
            header["x5c"] = json!([BASE64_STANDARD.encode(&Identity::untrusted().certificate)]);
        }
        Certificate::Absent => {}
    }
    let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
    let signed = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(payload));
    let encoding: &'static dyn RsaEncoding = match algorithm {
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        _ => &signature::RSA_PKCS1_SHA256,
    };
    let key = KeyPair::from_pkcs8(&Identity::signer().key).expect("OpenSSL makes keys");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .expect("signing needs only randomness");
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// The header of an attachment that holds this signature.
pub fn attachment(signature: &str) -> Value {
    let mut attachment = make::attachment("application/octet-stream", signature.as_bytes());
    attachment["usageType"] = json!("http://adlnet.gov/expapi/attachments/signature");
    attachment
}

/// A multipart body: `statement` with `signature` attached.
pub fn body(statement: &Value, signature: &str) -> Vec<u8> {
    let header = attachment(signature);
    let sha2 = header["sha2"].as_str().expect("a hash is a string").to_owned();
    let mut statement = statement.clone();
    statement["attachments"] = json!([header]);
    multipart::write(&[
        Part::statements(&statement.to_string()),
        Part::attachment("application/octet-stream", &sha2, signature.as_bytes()),
    ])
}
