//! Commands that read a whole directory pass the socket by.

use std::path::Path;

use acta_tests::{Server, Version, acta, make, run};
use tempfile::TempDir;

#[track_caller]
fn check(command: &str, arguments: [(&str, &Path); 2]) {
    let mut output = acta();
    output.arg(command);
    for (name, path) in arguments.into_iter().filter(|(name, _)| !name.is_empty()) {
        output.arg(name).arg(path);
    }
    let output = run(&mut output);
    assert_eq!(output.code, Some(0), "{command}: {} {}", output.out, output.err);
}

#[test]
fn a_socket_is_no_part_of_a_store() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut server = Server::start_in(&path("data"), Version::V2_0_0);
    server.client(Version::V2_0_0).store(&make::statement());
    check("backup", [("--data", &path("data")), ("--to", &path("backup"))]);
    assert!(!path("backup").join("control.sock").exists());
    server.kill();
    assert!(path("data").join("control.sock").exists());
    check("verify", [("--data", &path("data")), ("", Path::new(""))]);
    check("backup", [("--data", &path("data")), ("--to", &path("backup"))]);
    check("copy", [("--from", &path("data")), ("--to", &path("copy"))]);
    assert!(!path("copy").join("control.sock").exists());
    // Where only a socket was left, a store may be made of a backup.
    std::fs::create_dir(path("restored")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(path("restored").join("control.sock")).unwrap());
    check("restore", [("--from", &path("backup")), ("--data", &path("restored"))]);
    let again = Server::start_in(&path("restored"), Version::V2_0_0);
    assert_eq!(again.client(Version::V2_0_0).find(&[]).len(), 1);
}
