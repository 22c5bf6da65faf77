//! What Acta creates is for its user alone, and what other users can read is reported.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says that it failed by panicking"
)]

use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use acta_tests::multipart::{self, Part};
use acta_tests::server::SMALL_FILES;
use acta_tests::{Client, CommandOutput, Launch, Server, Version, acta, make, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How a command gets a umask, whatever that of this process is.
fn under_umask(umask: &str) -> Vec<String> {
    let script = format!("umask {umask}; exec \"$@\"");
    ["sh", "-c", &script, "sh"].map(str::to_owned).to_vec()
}

fn folder() -> TempDir {
    TempDir::new().expect("a directory for scratch data can be made")
}

#[track_caller]
fn succeed(umask: &str, arguments: &[&str]) -> CommandOutput {
    let through = under_umask(umask);
    let mut command = Command::new(&through[0]);
    let binary = acta();
    command.args(&through[1..]).arg(binary.get_program()).args(arguments);
    let ran = run(command.envs(SMALL_FILES.iter().copied()));
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
    ran
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Everything at and below `path` with a right of the group or of others.
fn open_to_others(path: &Path, found: &mut Vec<String>) {
    let metadata = path.symlink_metadata().unwrap();
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        found.push(format!("{mode:o} {}", path.display()));
    }
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            open_to_others(&entry.unwrap().path(), found);
        }
    }
}

#[track_caller]
fn check_closed(path: &Path) {
    let mut found = Vec::new();
    open_to_others(path, &mut found);
    assert_eq!(found, [""; 0]);
}

fn names(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Sends what makes every kind of file.
fn fill(client: &Client) {
    for _ in 0..12 {
        let batch: Vec<Value> = (0..100).map(|_| make::rich_statement()).collect();
        client.store(&json!(batch));
    }
    // Without an attachment, so that it can be imported.
    client.store(&make::statement());
    let bytes = b"an attachment";
    let mut statement = make::statement();
    statement["attachments"] = json!([make::attachment("text/plain", bytes)]);
    let parts = [
        Part::statements(&statement.to_string()),
        Part::attachment("text/plain", &make::sha256_hex(bytes), bytes),
    ];
    let call = client.post("/statements");
    call.body(&multipart::content_type(), multipart::write(&parts)).send().expect(200);
    let agent = json!({"mbox": "mailto:ada@example.org"}).to_string();
    let call = client.put("/activities/state").query("activityId", &make::activity_id());
    let call = call.query("agent", &agent).query("stateId", "s").header("If-None-Match", "*");
    call.body("application/octet-stream", vec![7; 1000]).send().expect(204);
}

fn stop(mut server: Server) {
    server.ask_to_stop();
    let status = server.wait(Duration::from_secs(20)).expect("it stops");
    assert!(status.success(), "{status}");
}

fn check_everything_created_is_closed(umask: &str) {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let (data, through) = (at("data"), under_umask(umask));
    let launch = Launch::new(&data, Version::V2_0_0);
    let server = Launch { settings: SMALL_FILES, through: &through, ..launch }.start();
    fill(&server.client(Version::V2_0_0));
    let found = names(&data);
    for name in ["store", "tables.sqlite", "tables.sqlite-wal", "control.sock", "lock"] {
        assert!(found.iter().any(|found| found == name), "{name} is not in {found:?}");
    }
    assert!(data.join("control.sock").symlink_metadata().unwrap().file_type().is_socket());
    check_closed(&data);
    // While it is served, so that its tables are copied.
    let backup = at("backups/first");
    succeed(umask, &["backup", "--data", text(&data), "--to", text(&backup)]);
    let audit = at("audit.jsonl");
    succeed(umask, &["audit", "export", text(&audit), "--server", "--data", text(&data)]);
    check_closed(&data);
    stop(server);

    let [restored, copied, imported] = ["restored/deep", "copied/deep", "imported/deep"].map(at);
    succeed(umask, &["restore", "--from", text(&backup), "--data", text(&restored)]);
    succeed(umask, &["copy", "--from", text(&data), "--to", text(&copied)]);
    let exported = at("exported.jsonl");
    succeed(umask, &["export", text(&exported), "--data", text(&data)]);
    let lines = std::fs::read_to_string(&exported).unwrap();
    let without_attachments: Vec<&str> =
        lines.lines().filter(|line| !line.contains("\"sha2\"")).collect();
    let source = at("source.jsonl");
    std::fs::write(&source, without_attachments.join("\n")).unwrap();
    succeed(umask, &["init", "--data", text(&imported)]);
    succeed(umask, &["import", text(&source), "--data", text(&imported)]);
    succeed(umask, &["reindex", "--data", text(&data)]);
    for name in ["data", "backups", "restored", "copied", "imported"] {
        check_closed(&at(name));
    }
    check_closed(&audit);
    check_closed(&exported);
}

#[test]
fn everything_is_created_for_the_user_alone_under_the_usual_umask() {
    check_everything_created_is_closed("022");
}

#[test]
fn everything_is_created_for_the_user_alone_without_a_umask() {
    check_everything_created_is_closed("000");
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A closed store that a server has made in `folder`.
fn store_in(folder: &TempDir) -> PathBuf {
    let data = folder.path().join("data");
    stop(Server::start_in(&data, Version::V2_0_0));
    data
}

#[test]
fn a_store_whose_keys_every_user_can_read_is_refused_until_they_cannot() {
    let folder = folder();
    let data = store_in(&folder);
    set_mode(&data, 0o755);
    set_mode(&data.join("tables.sqlite"), 0o644);
    for command in ["export", "status", "serve"] {
        let refused = run(acta().args([command, "--data"]).arg(&data));
        assert_eq!(refused.code, Some(2), "{command}: {}", refused.err);
        let command = format!("chmod -R go= {}", data.display());
        assert!(refused.err.contains("every user of this machine can use the keys"));
        assert!(refused.err.contains(&command), "{}", refused.err);
    }
    let command = format!("chmod -R go= {}", data.display());
    assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    check_closed(&data);
    stop(Server::start_in(&data, Version::V2_0_0));
}

#[test]
fn a_directory_in_which_others_have_rights_is_reported_with_the_command_that_closes_it() {
    let folder = folder();
    let data = store_in(&folder);
    let start = || {
        let server = Server::start_in(&data, Version::V2_0_0);
        let log = server.log();
        stop(server);
        log
    };
    let command = format!("chmod -R go= {}", data.display());
    assert!(!start().contains(&command), "a closed directory is not reported");
    set_mode(&data, 0o750);
    assert!(start().contains(&command));

    let backup = folder.path().join("backup");
    std::fs::create_dir(&backup).unwrap();
    set_mode(&backup, 0o755);
    let ran = run(acta().args(["backup", "--data"]).arg(&data).arg("--to").arg(&backup));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains(&format!("chmod -R go= {}", backup.display())), "{}", ran.err);
}

#[test]
fn a_configuration_file_with_secrets_that_every_user_can_read_is_reported() {
    let folder = folder();
    let data = folder.path().join("data");
    let file = folder.path().join("acta.toml");
    let report = |text: &str, mode: u32| {
        std::fs::write(&file, text).unwrap();
        set_mode(&file, mode);
        let server =
            Server::start_with(&data, Version::V2_0_0, &[("ACTA_CONFIG", file.to_str().unwrap())]);
        let count = server.log().matches("which contains secrets: run `chmod o= ").count();
        stop(server);
        count
    };
    let secret = "[oidc]\nissuer = \"https://id.example.org\"\nclient_id = \"acta\"\n\
                  client_secret = \"hidden\"\n";
    let with_secret = format!("public_url = \"https://lrs.example.org\"\n{secret}");
    assert_eq!(report("[limits]\npage_count_max = 10\n", 0o644), 0);
    assert_eq!(report(&with_secret, 0o640), 0);
    assert_eq!(report(&with_secret, 0o644), 1);
}

/// Everything at and below `path`, with what `look` sees of it.
fn everything<T>(path: &Path, look: &impl Fn(&std::fs::Metadata) -> T) -> Vec<(PathBuf, T)> {
    let metadata = path.symlink_metadata().unwrap();
    let mut found = vec![(path.to_path_buf(), look(&metadata))];
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            found.extend(everything(&entry.unwrap().path(), look));
        }
    }
    found
}

#[test]
fn a_backup_and_a_restored_store_keep_the_rights_of_the_group() {
    let folder = folder();
    let data = store_in(&folder);
    let [backup, restored] = ["backup", "restored"].map(|name| folder.path().join(name));
    for (path, is_directory) in everything(&data, &std::fs::Metadata::is_dir) {
        set_mode(&path, if is_directory { 0o750 } else { 0o640 });
    }
    succeed("022", &["backup", "--data", text(&data), "--to", text(&backup)]);
    succeed("022", &["restore", "--from", text(&backup), "--data", text(&restored)]);
    for (root, names) in [
        (&backup, &["", "store", "tables.sqlite", "log", "log/00000001.log"][..]),
        (&restored, &["", "store", "log", "log/00000001.log"]),
    ] {
        for name in names {
            let path = if name.is_empty() { root.clone() } else { root.join(name) };
            let metadata = path.metadata().unwrap();
            let expected = if metadata.is_dir() { 0o750 } else { 0o640 };
            assert_eq!(metadata.permissions().mode() & 0o777, expected, "{}", path.display());
        }
    }
}

/// A user of every machine that is not root.
const UNPRIVILEGED: u32 = 65_534;

/// A folder that every user can enter, with an empty directory of [`UNPRIVILEGED`] in it; none if
/// this process may not give files away.
#[expect(clippy::print_stderr, reason = "a test that checks nothing says so")]
fn folder_of_another_user() -> Option<(TempDir, PathBuf)> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can make what belongs to others: nothing to check");
        return None;
    }
    let folder = folder();
    set_mode(folder.path(), 0o755);
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    set_mode(&data, 0o700);
    chown(&data, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
    Some((folder, data))
}

#[track_caller]
fn check_owned(path: &Path) {
    for (path, owner) in everything(path, &std::os::unix::fs::MetadataExt::uid) {
        assert_eq!(owner, UNPRIVILEGED, "{}", path.display());
    }
}

#[test]
fn what_root_makes_in_a_directory_belongs_to_its_owner() {
    let Some((folder, data)) = folder_of_another_user() else { return };
    let at = |name: &str| folder.path().join(name);
    succeed("022", &["init", "--data", text(&data)]);
    check_owned(&data);
    let server = Launch { settings: SMALL_FILES, ..Launch::new(&data, Version::V2_0_0) }.start();
    fill(&server.client(Version::V2_0_0));
    stop(server);
    check_owned(&data);
    for arguments in [&["status"][..], &["tenant", "create", "second"], &["reindex"], &["verify"]] {
        succeed("022", &[arguments, &["--data", text(&data)]].concat());
    }
    check_owned(&data);
    succeed("022", &["backup", "--data", text(&data), "--to", text(&at("backup"))]);
    check_owned(&at("backup"));
    succeed("022", &["restore", "--from", text(&at("backup")), "--data", text(&at("restored"))]);
    check_owned(&at("restored"));
    // The owner of the backup does not matter where there is a directory.
    std::fs::create_dir(at("of-root")).unwrap();
    succeed("022", &["restore", "--from", text(&at("backup")), "--data", text(&at("of-root"))]);
    assert_eq!(at("of-root/store").metadata().map(|metadata| metadata.uid()).unwrap(), 0);
}

#[test]
fn files_of_another_user_are_named_with_the_command_that_gives_them_back() {
    let Some((folder, data)) = folder_of_another_user() else { return };
    succeed("022", &["init", "--data", text(&data)]);
    let tables = data.join("tables.sqlite");
    chown(&tables, Some(0), Some(0)).unwrap();
    // The binary may lie where only root can enter.
    let binary = folder.path().join("acta");
    std::fs::copy(acta().get_program(), &binary).unwrap();
    let as_another_user = || {
        let mut command = Command::new(&binary);
        command.args(["tenant", "list", "--data"]).arg(&data).current_dir(folder.path());
        run(command.uid(UNPRIVILEGED).gid(UNPRIVILEGED))
    };
    let refused = as_another_user();
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    let named =
        format!("{} belongs to user 0, and this process runs as user 65534", tables.display());
    assert!(refused.err.contains(&named), "{}", refused.err);
    let remedy = format!("chown -R {UNPRIVILEGED}:{UNPRIVILEGED} {}", data.display());
    assert!(refused.err.contains(&remedy), "{}", refused.err);
    chown(&tables, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
    assert_eq!(as_another_user().code, Some(0));
}
