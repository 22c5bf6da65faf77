use std::time::Duration;

use super::*;
use crate::{Migrate, Origins, Tls};

pub(crate) fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn write(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[track_caller]
pub(crate) fn check_refused(file: &str, variables: &[(&str, &str)], expected: &str) {
    let file = write(file);
    let error = load(Some(file.path()), &environment(variables), &[]).unwrap_err();
    let message = error.to_string().replace(&file.path().display().to_string(), "FILE");
    assert_eq!(message, expected);
}

#[test]
fn every_default_is_valid() {
    let empty = write("");
    let loaded = load(Some(empty.path()), &Environment::default(), &[]).unwrap();
    assert_eq!(loaded.settings.len(), KEYS.len());
    assert_eq!(loaded.config.listen.to_string(), "127.0.0.1:8080");
    assert!(loaded.config.seed.is_none());
}

#[test]
fn flags_override_environment_and_environment_overrides_the_file() {
    let file = write("listen = \"127.0.0.1:1\"\ndata = \"a\"\n[limits]\npage_count_max = 7\n");
    let variables =
        environment(&[("ACTA_LISTEN", "127.0.0.1:2"), ("ACTA_DATA", "b"), ("HOME", "x")]);
    let loaded =
        load(Some(file.path()), &variables, &[("listen", "127.0.0.1:3".to_owned())]).unwrap();
    assert_eq!(loaded.config.listen.to_string(), "127.0.0.1:3");
    assert_eq!(loaded.config.data, Path::new("b"));
    assert_eq!(loaded.config.limits.page_count_max, 7);
    let origins: Vec<_> =
        loaded.settings.iter().map(|setting| setting.origin.to_string()).collect();
    assert_eq!(origins[0], "environment");
    assert_eq!(origins[1], "command line");
    assert_eq!(origins[2], "default");
}

#[test]
fn secrets_are_read_from_files_and_never_shown() {
    let (empty, secret) = (write(""), write("hunter2\n"));
    let path = secret.path().display().to_string();
    let variables = environment(&[("ACTA_SEED_KEY", "k"), ("ACTA_SEED_SECRET_FILE", &path)]);
    let loaded = load(Some(empty.path()), &variables, &[]).unwrap();
    assert_eq!(loaded.config.seed.as_ref().unwrap().secret.expose(), "hunter2");
    assert!(!format!("{:?}", loaded.config).contains("hunter2"));
    let shown = loaded.settings.iter().find(|s| s.key.name == "seed_secret").unwrap().shown();
    assert_eq!(shown, "***");
}

/// A file, environment variables, and the message about them.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str);

#[test]
fn reports_invalid_values_with_their_source() {
    let table: &[Row] = &[
        (
            "[limits]\npage_count = 3",
            &[],
            "FILE: there is no key `limits.page_count`; did you mean `limits.page_count_max`?",
        ),
        (
            "page_count_max = 3",
            &[],
            "FILE: there is no key `page_count_max`; did you mean `limits.page_count_max`?",
        ),
        ("", &[("ACTA_LISTENS", "x")], "environment: there is no key `ACTA_LISTENS`"),
        (
            "",
            &[("ACTA_LISTEN", "nowhere")],
            "listen = \"nowhere\" (environment): expected an address and port such as \
             `127.0.0.1:8080`, or `unix:` and the path of a socket of at most 100 bytes",
        ),
        (
            "[storage]\nsegment_bytes = \"1 MB\"",
            &[],
            "storage.segment_bytes = \"1 MB\" (FILE): expected a whole number with one of the \
             units KiB, MiB, GiB, or none for bytes",
        ),
        (
            "default_version = \"1.0.2\"",
            &[],
            "default_version = \"1.0.2\" (FILE): expected 1.0.3 or 2.0.0",
        ),
        ("seed_key = \"a\"", &[], "seed_key is set, but seed_secret is not; set both or neither"),
        ("listen = ", &[], "FILE is not valid TOML"),
        (
            "",
            &[("ACTA_STORAGE_URL", "mysql://acta:hunter2@db/acta")],
            "storage.url = \"***\" (environment): expected postgres://user:password@host/database",
        ),
        (
            "",
            &[("ACTA_STORAGE_REPLICA_URL", "postgres://db/acta")],
            "storage.replica_url = \"***\" (environment): expected `storage.url` to be set as well",
        ),
        (
            "storage.tls = 'verify-ca'",
            &[],
            "storage.tls = \"verify-ca\" (FILE): expected disable, prefer, require or verify-full",
        ),
        (
            "storage.migrate = 'always'",
            &[],
            "storage.migrate = \"always\" (FILE): expected at-start or never",
        ),
        (
            "storage.connections_max = 0",
            &[],
            "storage.connections_max = \"0\" (FILE): expected a count of at least 1",
        ),
        (
            "storage.attachments = 'objects'",
            &[],
            "storage.attachments = \"objects\" (FILE): expected `storage.objects_url` to be set as well",
        ),
        (
            "storage.objects_url = 's3://bucket'",
            &[],
            "storage.objects_url is set, but storage.objects_access_key is not; set both or neither",
        ),
    ];
    for (file, variables, expected) in table {
        check_refused(file, variables, expected);
    }
}

#[test]
fn the_more_specific_of_directory_and_database_is_used() {
    let in_file = "storage.url = 'postgres://db/acta'\nstorage.replica_url = 'postgres://b/acta'";
    let table: [(_, &[_], _); 4] = [
        ("data = 'there'", &[("ACTA_STORAGE_URL", "postgres://db/acta")], true),
        (in_file, &[("ACTA_DATA", "there")], false),
        (in_file, &[], true),
        ("data = 'there'", &[], false),
    ];
    for (file, variables, has_database) in table {
        let loaded = load(Some(write(file).path()), &environment(variables), &[]).unwrap();
        assert_eq!(loaded.config.database.is_some(), has_database, "{file} {variables:?}");
    }
    let flag = [("data", "there".to_owned())];
    let variables = environment(&[("ACTA_STORAGE_URL", "postgres://db/acta"), ("ACTA_DATA", "x")]);
    let loaded = load(Some(write("").path()), &variables, &flag).unwrap();
    assert!(loaded.config.database.is_none());
    assert_eq!(loaded.config.data, Path::new("there"));
    let url = loaded.settings.iter().find(|setting| setting.key.name == "storage.url").unwrap();
    assert_eq!(url.shown(), "(not used)");
    check_refused(
        "data = 'there'\nstorage.url = 'postgres://db/acta'",
        &[],
        "data and storage.url are both set (FILE); set only one of them",
    );
    // The replica would be of no use.
    let replica = [("ACTA_STORAGE_REPLICA_URL", "postgres://b/acta"), ("ACTA_DATA", "there")];
    let error = load(Some(write(in_file).path()), &environment(&replica), &[]).unwrap_err();
    assert!(error.to_string().contains("expected `storage.url`"), "{error}");
}

#[test]
fn origins_are_all_or_listed() {
    let table = [
        ("*", Origins::Any),
        ("https://a.example", Origins::Listed(vec!["https://a.example".to_owned()])),
        (
            " HTTPS://A.example   http://b.example:8080 ",
            Origins::Listed(vec![
                "https://a.example".to_owned(),
                "http://b.example:8080".to_owned(),
            ]),
        ),
        ("", Origins::Listed(Vec::new())),
    ];
    for (text, expected) in table {
        let variables = environment(&[("ACTA_CORS_ORIGINS", text)]);
        let loaded = load(Some(write("").path()), &variables, &[]).unwrap();
        assert_eq!(loaded.config.cors.origins, expected, "{text:?}");
    }
    for text in ["a.example", "https://a.example/", "https://", "*, https://a.example", "null"] {
        let variables = environment(&[("ACTA_CORS_ORIGINS", text)]);
        let error = load(Some(write("").path()), &variables, &[]).unwrap_err();
        assert!(error.to_string().starts_with("cors.origins = "), "{error}");
    }
}

#[test]
fn proxies_are_addresses_and_networks_and_none_by_default() {
    let trusted = |text: &str| {
        let variables = environment(&[("ACTA_SERVER_TRUSTED_PROXIES", text)]);
        load(Some(write("").path()), &variables, &[])
            .map(|loaded| loaded.config.server.trusted_proxies)
    };
    assert!(trusted("").unwrap().is_empty());
    let networks = trusted(" 127.0.0.1  10.1.2.3/8 ::1 ").unwrap();
    let networks: Vec<_> = networks.iter().map(|network| network.0.to_string()).collect();
    assert_eq!(networks, ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]);
    let error = trusted("10.0.0.0/8, 192.0.2.1").unwrap_err().to_string();
    assert!(error.contains("expected addresses or networks"), "{error}");
}

#[test]
fn a_server_listens_at_an_address_or_on_a_socket() {
    let listen = |text: &str| {
        let variables = environment(&[("ACTA_LISTEN", text)]);
        load(Some(write("").path()), &variables, &[]).map(|loaded| loaded.config.listen)
    };
    let long = format!("unix:/{}", "a".repeat(99));
    for text in ["[::1]:8080", "unix:/run/acta/acta.sock", "unix:acta.sock", &long] {
        assert_eq!(listen(text).unwrap().to_string(), text);
    }
    for text in ["unix:", "/run/acta/acta.sock", "localhost:8080", &format!("{long}a")] {
        let error = listen(text).unwrap_err().to_string();
        assert!(error.contains("expected an address and port"), "{error}");
    }
    let mode = |text: &str| {
        let variables = environment(&[("ACTA_SERVER_SOCKET_MODE", text)]);
        load(Some(write("").path()), &variables, &[]).map(|loaded| loaded.config.server.socket_mode)
    };
    assert_eq!((mode("600").unwrap(), mode("0666").unwrap()), (0o600, 0o666));
    for text in ["rw", "0680", "1777"] {
        let error = mode(text).unwrap_err().to_string();
        assert!(error.contains("such as `0660`"), "{error}");
    }
}

#[test]
fn impossible_limits_are_refused() {
    let table = [
        ("statements_bytes_max = '200MiB'", "limits.memory_bytes_max = \"512MiB\""),
        ("document_bytes_max = '200MiB'", "limits.memory_bytes_max = \"512MiB\""),
        ("head_bytes_max = '1KiB'", "limits.head_bytes_max = \"1KiB\""),
        ("idle_timeout = '0s'", "limits.idle_timeout = \"0s\""),
        ("write_timeout = '99ms'", "limits.write_timeout = \"99ms\""),
        ("requests_max = 0", "limits.requests_max = \"0\""),
        ("connections_max = 0", "limits.connections_max = \"0\""),
    ];
    for (text, expected) in table {
        let file = write(&format!("[limits]\n{text}\n"));
        let error = load(Some(file.path()), &Environment::default(), &[]).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let enough = write("[limits]\nstatements_bytes_max = '128MiB'\n");
    assert!(load(Some(enough.path()), &Environment::default(), &[]).is_ok());
}

#[test]
fn the_database_of_a_url_replaces_the_directory() {
    let empty = write("");
    let without = load(Some(empty.path()), &Environment::default(), &[]).unwrap();
    assert!(without.config.database.is_none());

    let url = write("postgresql://acta:hunter2@db.example.org/acta\n");
    let file = write(
        "[storage]\nconnections_max = 4\nconnect_timeout = '1s'\nmigrate = 'never'\n\
         tls = 'require'\ntls_ca = '/ca.pem'\n",
    );
    let path = url.path().display().to_string();
    let variables = environment(&[("ACTA_STORAGE_URL_FILE", &path)]);
    let loaded = load(Some(file.path()), &variables, &[]).unwrap();
    assert!(!format!("{:?}", loaded.config).contains("hunter2"));
    let database = loaded.config.database.unwrap();
    assert_eq!(database.url.expose(), "postgresql://acta:hunter2@db.example.org/acta");
    assert_eq!((database.connections_max, database.migrate), (4, Migrate::Never));
    assert_eq!(database.connect_timeout.0, Duration::from_secs(1));
    assert_eq!(database.tls, Some(Tls::Require));
    assert_eq!(database.tls_ca.as_deref(), Some(Path::new("/ca.pem")));
}
