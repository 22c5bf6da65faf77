//! A database on a device without room.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use acta_test_postgres::{Cluster, SHARED_SETTINGS};
use acta_tests::{Client, Version, make};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::serving::{check_logged_once, ready, start, wait_for};

/// Size of the device: an empty database takes about 10 MB.
const DEVICE_BYTES: u64 = 40 << 20;

/// A piece of what takes the room away.
const BALLAST_BYTES: usize = 1 << 16;

/// Most batches until a full device must have been noticed.
const BATCHES_MAX: usize = 200;

/// A small device that belongs to the account of a server, which sees it through the process
/// that has mounted it where nobody else does.
struct Device {
    /// Keeps the name space with the mount alive until its input ends.
    holder: Child,
    folder: TempDir,
}

impl Device {
    fn of(cluster: &Cluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().display().to_string();
        let owner = std::fs::metadata(cluster.data()).unwrap();
        let (user, group) = (owner.uid(), owner.gid());
        let script = format!(
            "mount -t tmpfs -o size={DEVICE_BYTES},uid={user},gid={group},mode=700 tmpfs '{place}' \
             && exec setpriv --reuid={user} --regid={group} --clear-groups \
             sh -c 'echo mounted; read -r _'"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().expect("unshare can be started");
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "mounted\n", "a file system can be mounted, which root may do");
        Self { holder, folder }
    }

    /// The device as other processes see it.
    fn path(&self) -> PathBuf {
        let inside = self.folder.path().strip_prefix("/").unwrap();
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(inside)
    }

    fn take_room(&self) {
        let mut ballast = std::fs::File::create(self.path().join("ballast")).unwrap();
        let piece = vec![0; BALLAST_BYTES];
        while ballast.write_all(&piece).is_ok() {}
    }

    fn give_room(&self) {
        std::fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

fn post_batch(client: &Client) -> acta_tests::Response {
    let batch: Vec<Value> = (0..100).map(|_| make::rich_statement()).collect();
    client.post("/statements").json(&json!(batch)).send()
}

#[test]
fn a_full_database_refuses_writes_until_there_is_space() {
    let cluster = Cluster::running(SHARED_SETTINGS);
    let device = Device::of(&cluster);
    let sql = |sql: &str| cluster.superuser().sql(sql);
    sql(&format!("CREATE TABLESPACE small LOCATION '{}'", device.path().display()));
    sql("CREATE DATABASE acta TABLESPACE small");
    let (server, _folder) = start(&cluster.url("acta"), &[]);
    let client = server.client(Version::V2_0_0);
    let statement = client.store(&json!([make::statement()])).remove(0);

    device.take_room();
    let refused = (0..BATCHES_MAX).map(|_| post_batch(&client)).find(|answer| answer.status != 200);
    let problem = refused.expect("a full device is noticed").expect(507).json();
    assert_eq!(problem["type"], "urn:acta:problem:full", "{problem}");
    // What was there can be read, and the node stays.
    client.fetch(&statement);
    assert!(!client.find(&[]).is_empty());
    ready(&client).expect(200);
    let count = cluster.superuser().sql_in("acta", "SELECT count(*) FROM acta.statements");
    let count: u64 = count.parse().unwrap();
    assert_eq!(count % 100, 1, "a batch is stored whole or not at all");

    device.give_room();
    wait_for(200, || post_batch(&client));
    check_logged_once(&server, "the database accepts no writes");
    check_logged_once(&server, "the database accepts writes again after");
}
