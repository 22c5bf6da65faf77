//! The socket in a store that is open: for whom, where, and for how long.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;

use acta_ambient::{ManualClock, SystemEntropy, Timestamp};
use acta_storage_embedded::{EmbeddedStorage, Options, SystemDisk, reach_control};
use tempfile::TempDir;

fn open(directory: &Path) -> Arc<EmbeddedStorage> {
    let options = Options {
        directory: directory.to_path_buf(),
        clock: Arc::new(ManualClock::new(Timestamp::from_unix_micros(0))),
        entropy: Arc::new(SystemEntropy),
        disk: Arc::new(SystemDisk),
        segment_bytes: Options::SEGMENT_BYTES,
        run_entries: 1000,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: 100,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 0,
        reserve_bytes: 0,
        on_progress: None,
    };
    EmbeddedStorage::open(&options).unwrap()
}

/// Says something over the socket, and hears it.
#[track_caller]
fn check_reached(listener: &UnixListener, directory: &Path) {
    let mut near = reach_control(directory).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    near.write_all(b"hello").unwrap();
    drop(near);
    let mut received = String::new();
    far.read_to_string(&mut received).unwrap();
    assert_eq!(received, "hello");
}

#[test]
fn only_the_owner_reaches_a_store_and_only_while_it_is_open() {
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path();
    let storage = open(directory);
    assert_eq!(reach_control(directory).unwrap_err().kind(), ErrorKind::NotFound);
    let socket = storage.open_control().unwrap();
    let metadata = std::fs::symlink_metadata(directory.join("control.sock")).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    check_reached(&socket.listener().unwrap(), directory);
    drop(socket);
    assert_eq!(reach_control(directory).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn the_socket_of_a_killed_process_is_replaced() {
    let scratch = TempDir::new().unwrap();
    for name in ["control.sock", "control.sock.new"] {
        drop(UnixListener::bind(scratch.path().join(name)).unwrap());
    }
    assert_eq!(reach_control(scratch.path()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let storage = open(scratch.path());
    let socket = storage.open_control().unwrap();
    check_reached(&socket.listener().unwrap(), scratch.path());
    assert!(!scratch.path().join("control.sock.new").exists());
}

#[test]
fn a_path_longer_than_an_address_of_a_socket_is_reached_too() {
    let scratch = TempDir::new().unwrap();
    // Around the limit, and far beyond it, as long as the tables can be opened.
    for length in (88..=97).chain([400]) {
        let missing = length - scratch.path().as_os_str().len() - 1;
        let mut directory = scratch.path().to_path_buf();
        for part in vec!['d'; missing].chunks(200) {
            directory.push(part.iter().collect::<String>());
        }
        let storage = open(&directory);
        let socket = storage.open_control().unwrap();
        check_reached(&socket.listener().unwrap(), &directory);
    }
}
