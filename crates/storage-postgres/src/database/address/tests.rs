use std::path::Path;
use std::sync::Arc;

use acta_ambient::{SystemClock, SystemEntropy};

use super::*;

fn options(tls: Option<Tls>, authorities: Option<&str>) -> Options {
    Options {
        tls,
        tls_ca: authorities.map(PathBuf::from),
        ..Options::new("", Arc::new(SystemClock::new()), Arc::new(SystemEntropy))
    }
}

#[test]
fn names_hosts_ports_and_database_and_no_password() {
    let table = [
        ("postgres://ada:hunter2@db.example.org/acta", "db.example.org:5432/acta"),
        ("postgresql://ada:hunter2@10.0.0.1:6432", "10.0.0.1:6432/ada"),
        ("postgres://ada:hunter2@a:1,b:2/acta", "a:1,b:2/acta"),
        ("postgres://ada:hunter2@[::1]:7/acta", "[::1]:7/acta"),
        ("postgres://ada:hunter2@%2Frun%2Fpostgresql/acta", "/run/postgresql:5432/acta"),
    ];
    for (url, expected) in table {
        let address = Address::read(url, &options(None, None)).unwrap();
        assert_eq!(address.place, expected, "{url}");
        assert!(!format!("{address:?}").contains("hunter2"), "{url}");
    }
}

#[test]
fn verifies_remote_servers_by_default() {
    let table = [
        ("postgres://db/acta", None, Tls::VerifyFull, SslMode::Require),
        ("postgres://localhost/acta", None, Tls::Prefer, SslMode::Prefer),
        ("postgres://127.0.0.1/acta", None, Tls::Prefer, SslMode::Prefer),
        ("postgres://[::1]/acta", None, Tls::Prefer, SslMode::Prefer),
        ("postgres://%2Frun/acta", None, Tls::Prefer, SslMode::Disable),
        ("postgres://localhost,db/acta", None, Tls::VerifyFull, SslMode::Require),
        // What is set goes before the URL, and the URL before the default.
        ("postgres://db/acta?sslmode=require", None, Tls::Require, SslMode::Require),
        ("postgres://db/acta?sslmode=allow", None, Tls::Prefer, SslMode::Prefer),
        ("postgres://db/acta?sslmode=disable", None, Tls::Disable, SslMode::Disable),
        ("postgres://localhost/acta?sslmode=verify-ca", None, Tls::VerifyFull, SslMode::Require),
        ("postgres://localhost/acta?sslrootcert=system", None, Tls::VerifyFull, SslMode::Require),
        ("postgres://db/acta?sslmode=verify-full", Some(Tls::Prefer), Tls::Prefer, SslMode::Prefer),
    ];
    for (url, set, tls, mode) in table {
        let address = Address::read(url, &options(set, None)).unwrap();
        assert_eq!((address.tls, address.config.get_ssl_mode()), (tls, mode), "{url}");
    }
}

#[test]
fn authorities_come_from_the_setting_or_the_url() {
    let url = "postgres://localhost/acta?sslrootcert=%2Fetc%2Fa%20b.pem&connect_timeout=3";
    let of_url = Address::read(url, &options(None, None)).unwrap();
    assert_eq!(of_url.authorities.as_deref(), Some(Path::new("/etc/a b.pem")));
    assert_eq!(of_url.tls, Tls::VerifyFull);
    let set = Address::read(url, &options(None, Some("/etc/c.pem"))).unwrap();
    assert_eq!(set.authorities.as_deref(), Some(Path::new("/etc/c.pem")));
}

#[test]
fn says_what_is_wrong_with_an_address() {
    let table = [
        ("postgres:///acta", "it names no host"),
        ("postgres://db/acta?sslmode=on", "there is no such sslmode"),
        ("postgres://db/acta?colour=red", "unknown option `colour`"),
        ("postgres://ada:hunter2@db:none/acta", "invalid value for option `port`"),
        (
            "postgres://db/acta?sslmode=require&sslrootcert=/ca.pem",
            "certificate authorities are of use with `verify-full` only",
        ),
    ];
    for (url, expected) in table {
        let error = Address::read(url, &options(None, None)).unwrap_err();
        let expected = format!("the URL of the database is invalid: {expected}");
        assert_eq!(error.to_string(), expected, "{url}");
    }
}
