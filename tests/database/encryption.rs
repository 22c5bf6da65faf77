//! The way to the server: encrypted, and to the right one.

use acta_test_postgres::{Cluster, Database, SHARED_SETTINGS};
use acta_tests::certificates::Authority;

use crate::certificates::version_1;
use crate::{check_refused, migrate, with};

/// Lets in who encrypts, by password.
const ENCRYPTED_ONLY: &str = "hostssl all all 127.0.0.1/32 scram-sha-256\n";

/// A key of a certificate, for `openssl`.
const EC: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// A server with a certificate for `localhost` that takes only encrypted connections.
struct Server {
    authority: Authority,
    cluster: Cluster,
    /// The version of TLS.
    tls: String,
}

impl Server {
    fn start() -> Self {
        let authority = Authority::new();
        let (certificate, key) = authority.sign("DNS:localhost");
        Self::with(authority, (certificate, key), "TLSv1.3")
    }

    /// With this certificate and its key, and one version of TLS.
    fn with(authority: Authority, (certificate, key): (String, String), tls: &str) -> Self {
        let mut cluster = Cluster::stopped(SHARED_SETTINGS);
        cluster.configure(&[("ssl", "on"), ("log_connections", "on")]);
        let versions = [("ssl_min_protocol_version", tls), ("ssl_max_protocol_version", tls)];
        cluster.configure(&versions);
        cluster.put("server.crt", &certificate);
        cluster.put("server.key", &key);
        cluster.put("pg_hba.conf", ENCRYPTED_ONLY);
        cluster.start();
        Self { authority, cluster, tls: tls.to_owned() }
    }

    /// Its address by the name in its certificate.
    fn url(&self, query: &str) -> String {
        let url = self.cluster.url("postgres");
        format!("{}?{query}", with(&url, "127.0.0.1", "localhost"))
    }

    /// Makes sure that `url` connects, and encrypted.
    #[track_caller]
    fn check_connects(&self, url: &str, settings: &[(&str, &str)]) {
        let read_from = self.cluster.log().len();
        let output = migrate(url, settings);
        assert_eq!(output.code, Some(0), "{}", output.err);
        let log = self.cluster.log().split_off(read_from);
        let authorized = log.lines().find(|line| line.contains("application_name=acta"));
        let authorized = authorized.expect("connections are logged");
        let encrypted = format!("SSL enabled (protocol={}", self.tls);
        assert!(authorized.contains(&encrypted), "{authorized}");
    }
}

#[test]
fn a_server_is_verified_by_authority_and_name() {
    let server = Server::start();
    let file = server.authority.file().display().to_string();
    let trusting = [("ACTA_STORAGE_TLS_CA", file.as_str())];
    server.check_connects(&server.url(""), &trusting);
    server.check_connects(&server.url("sslmode=verify-full"), &trusting);
    server.check_connects(&server.url(&format!("sslrootcert={file}")), &[]);

    // The system's own authorities are in the file that this variable names.
    let system = [("SSL_CERT_FILE", file.as_str())];
    server.check_connects(&server.url("sslmode=verify-full"), &system);

    // By an address the certificate says nothing about.
    let by_address = with(&server.url(""), "localhost", "127.0.0.1");
    let output = migrate(&by_address, &trusting);
    check_refused(&output, "its certificate is for another host (certificate not valid for name");

    let other_authority = Authority::new();
    let file = other_authority.file().display().to_string();
    let other = [("ACTA_STORAGE_TLS_CA", file.as_str())];
    let output = migrate(&server.url(""), &other);
    check_refused(&output, "its certificate is of an authority that is not trusted; name the");

    let output = migrate(&server.url("sslmode=verify-full"), &[("SSL_CERT_FILE", file.as_str())]);
    check_refused(&output, "its certificate is of an authority that is not trusted; name the");
}

#[test]
fn encryption_without_a_known_authority_is_bound_to_the_password() {
    let server = Server::start();
    for query in ["sslmode=require", "sslmode=prefer", ""] {
        server.check_connects(&server.url(query), &[]);
    }
    // The password is proved for this very certificate, so nobody can sit in between.
    server.check_connects(&server.url("sslmode=require&channel_binding=require"), &[]);
    let by_address = with(&server.url("sslmode=require"), "localhost", "127.0.0.1");
    server.check_connects(&by_address, &[]);

    let output = migrate(&server.url("sslmode=disable"), &[]);
    check_refused(
        &output,
        "no encryption; pg_hba.conf of the server may want encryption: set storage.tls",
    );
}

#[test]
fn a_certificate_of_any_version_will_do_where_none_is_verified() {
    for (key, tls) in [("rsa:2048", "TLSv1.3"), ("rsa:2048", "TLSv1.2"), (EC, "TLSv1.2")] {
        let server = Server::with(Authority::new(), version_1(key), tls);
        server.check_connects(&server.url("sslmode=require"), &[]);
        let bound = server.url("sslmode=require&channel_binding=require");
        server.check_connects(&bound, &[]);
        let output = migrate(&server.url("sslmode=verify-full"), &[]);
        assert_eq!(output.code, Some(2), "{}", output.err);
    }
}

#[test]
fn a_server_without_encryption_is_refused_where_it_is_required() {
    let database = Database::fresh();
    for mode in ["require", "verify-full"] {
        let output = migrate(&database.url(), &[("ACTA_STORAGE_TLS", mode)]);
        check_refused(&output, "the server offers no encryption; set storage.tls to disable");
    }
    for mode in ["prefer", "disable"] {
        let output = migrate(&database.url(), &[("ACTA_STORAGE_TLS", mode)]);
        assert_eq!(output.code, Some(0), "{}", output.err);
    }
}

#[test]
fn unreadable_authorities_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("ca.pem");
    let settings = [("ACTA_STORAGE_TLS_CA", missing.to_str().unwrap())];
    let url = "postgres://127.0.0.1/acta";
    let expected = format!("cannot read certificates in {}: ", missing.display());
    check_refused(&migrate(url, &settings), &expected);
    std::fs::write(&missing, "nothing\n").unwrap();
    check_refused(&migrate(url, &settings), &format!("{expected}there are none"));

    let settings = [settings[0], ("ACTA_STORAGE_TLS", "require")];
    let expected = "certificate authorities are of use with `verify-full` only";
    check_refused(&migrate(url, &settings), expected);
}
