//! Copies into a database and out of it.

use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use acta_test_postgres::Database;
use acta_tests::{Server, Version};

use crate::source::{self, Source};
use crate::{command, copy, export, folder, tenants, verify};

/// Copies into the database that are killed.
const KILL_COUNT: u64 = 6;

#[test]
fn a_store_copied_into_and_out_of_a_database_is_the_same() {
    let folder = folder();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    let source = Source::make(&one, 1_500);
    let database = Database::fresh();
    let url = database.url();
    let url = Path::new(&url);
    for number in 0..KILL_COUNT {
        let mut child = command(&one, url)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary can be started");
        thread::sleep(Duration::from_millis(150 + 250 * number));
        let is_over = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        if is_over {
            break;
        }
    }
    let there = copy(&one, url);
    let back = copy(url, &two);
    let of_back = tenants(&back);
    if there.code == Some(2) {
        // The last one that was started had come to its end.
        assert!(there.err.contains("the target is not empty"), "{}", there.err);
    } else {
        assert_eq!(tenants(&there), of_back);
    }
    let count = of_back[0]["statements"]["count"].as_u64();
    assert_eq!(count, Some(source.counts[0]));
    assert_eq!(export(&two), export(&one));
    verify(&two);
    source::check_same(&one, &two);

    let again = copy(&one, url);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("the target is not empty: it contains tenants"), "{}", again.err);
    assert!(!again.err.contains("postgres://"), "no password is printed: {}", again.err);
}

#[test]
fn a_served_database_with_one_tenant_is_copied_to_a_directory_and_back() {
    let folder = folder();
    let (database, other) = (Database::fresh(), Database::fresh());
    let (url, other) = (database.url(), other.url());
    let settings = [("ACTA_STORAGE_URL", url.as_str())];
    let mut server = Server::start_with(&folder.path().join("data"), Version::V2_0_0, &settings);
    let client = server.client(Version::V2_0_0);
    let id = client.store(&acta_tests::make::statement()).remove(0);
    server.ask_to_stop();
    assert!(server.wait(Duration::from_secs(20)).unwrap().success());

    let directory = folder.path().join("copied");
    let there = tenants(&copy(Path::new(&url), &directory));
    assert_eq!(there.as_array().map(Vec::len), Some(1));
    assert_eq!(tenants(&copy(&directory, Path::new(&other))), there);
    verify(&directory);
    let copied = Server::start_in(&directory, Version::V2_0_0);
    copied.client(Version::V2_0_0).fetch(&id);
}

#[test]
fn a_missing_database_is_reported() {
    let folder = folder();
    let one = folder.path().join("one");
    Source::make(&one, 30);
    let nowhere = Path::new("postgres://nobody:secret-word@127.0.0.1:1/none");
    let output = copy(&one, nowhere);
    assert_eq!(output.code, Some(2), "{}", output.err);
    assert!(output.err.contains("no database answers at 127.0.0.1:1/none"), "{}", output.err);
    assert!(!output.err.contains("secret-word"), "{}", output.err);
    let output = copy(&one, Path::new("storage.url"));
    assert!(output.err.contains("storage.url is not set"), "{}", output.err);
    assert_eq!(output.code, Some(2));
}
