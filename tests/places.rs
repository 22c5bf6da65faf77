//! Where the store of a command is, and what makes a store there.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says that it failed by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use acta_tests::{CommandOutput, Engine, Server, Store, Version, acta, commands_without, run};
use tempfile::TempDir;

/// A database that does not exist.
const NOWHERE: &str = "postgres://nobody@127.0.0.1:1/none";

/// The source of a setting, the most specific one last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    File,
    Environment,
    Flag,
}

const SOURCES: [Source; 3] = [Source::File, Source::Environment, Source::Flag];

/// A command, and what it says about a directory without a store, and about a database that does
/// not exist.
struct Row {
    arguments: &'static [&'static str],
    /// The options for the place that it has.
    options: &'static [&'static str],
    about_directory: &'static str,
    about_database: &'static str,
}

const NO_STORE: &str = "there is no store in DIR";
const NO_ANSWER: &str = "no database answers at 127.0.0.1:1/none";
const BOTH: &[&str] = &["--data", "--storage"];
const DIRECTORY: &[&str] = &["--data"];

const fn row(arguments: &'static [&'static str]) -> Row {
    Row { arguments, options: BOTH, about_directory: NO_STORE, about_database: NO_ANSWER }
}

/// A command for stores in directories.
const fn of_directories(arguments: &'static [&'static str], instead: &'static str) -> Row {
    Row { options: DIRECTORY, about_database: instead, ..row(arguments) }
}

/// What commands about the facts of a server say about a database.
const FACTS_OF_SERVERS: &str = "each server of a store in a database has facts of its own";

const fn about_facts(arguments: &'static [&'static str]) -> Row {
    Row { about_database: FACTS_OF_SERVERS, ..row(arguments) }
}

const VOID: &[&str] =
    &["statement", "void", "6690e6c9-3ef0-4ed3-8b37-7f3964730bee", "--reason", "twice"];

const COMMANDS: [Row; 30] = [
    row(&["serve", "--must-exist", "--listen", "127.0.0.1:0"]),
    Row { about_directory: "created an empty store in DIR", ..row(&["init"]) },
    row(&["import", "no-such-file.jsonl"]),
    row(&["export"]),
    row(&["status"]),
    row(&["tenant", "list"]),
    row(&["credential", "list"]),
    row(&["account", "list"]),
    row(&["audit", "list"]),
    row(&["follower", "list"]),
    row(&["group", "list"]),
    row(&["query"]),
    row(&["sql", "SELECT 1"]),
    row(&["question", "list"]),
    row(&["dashboard", "list"]),
    row(&["person", "list"]),
    row(&["analyse", "activity"]),
    row(&["statement", "tail"]),
    row(VOID),
    row(&["proof", "key"]),
    row(&["facts", "export", "no-such-folder"]),
    about_facts(&["facts", "status"]),
    about_facts(&["facts", "rebuild", "--all-tenants"]),
    Row { options: DIRECTORY, ..row(&["restore", "--finish"]) },
    Row { options: DIRECTORY, ..row(&["verify", "--online"]) },
    of_directories(&["backup", "--to", "no-such-backup"], "pg_dump"),
    of_directories(&["verify"], "amcheck"),
    of_directories(&["reindex"], "REINDEX"),
    Row {
        about_directory: "no-such-backup",
        ..of_directories(&["restore", "--from", "no-such-backup"], "pg_restore")
    },
    Row {
        options: &["--storage"],
        about_directory: "there is nothing to migrate",
        ..row(&["migrate"])
    },
];

fn folder() -> TempDir {
    TempDir::new().expect("a directory for scratch data can be made")
}

/// Runs a command with `data` and `storage.url` from these sources.
fn run_with(
    arguments: &[&str],
    folder: &Path,
    (directory, database): (Source, Source),
) -> CommandOutput {
    let (data, file) = (folder.join("data"), folder.join("acta.toml"));
    let mut command = acta();
    command.args(arguments).env("ACTA_STORAGE_CONNECT_TIMEOUT", "100ms");
    let mut text = String::new();
    match directory {
        Source::Flag => drop(command.arg("--data").arg(&data)),
        Source::Environment => drop(command.env("ACTA_DATA", &data)),
        Source::File => text.extend(["data = '", data.to_str().unwrap(), "'\n"]),
    }
    match database {
        Source::Flag => drop(command.args(["--storage", NOWHERE])),
        Source::Environment => drop(command.env("ACTA_STORAGE_URL", NOWHERE)),
        Source::File => text.extend(["storage.url = '", NOWHERE, "'\n"]),
    }
    std::fs::write(&file, text).unwrap();
    run(command.arg("--config").arg(&file))
}

#[test]
fn the_more_specific_source_names_the_store_of_every_command() {
    for Row { arguments, options, about_directory, about_database } in COMMANDS {
        for (directory, database) in
            SOURCES.iter().flat_map(|one| SOURCES.map(|other| (*one, other)))
        {
            let has = |source, option| source != Source::Flag || options.contains(&option);
            if !has(directory, "--data") || !has(database, "--storage") {
                continue;
            }
            let folder = folder();
            let expected = match directory.cmp(&database) {
                std::cmp::Ordering::Greater => about_directory,
                std::cmp::Ordering::Less => about_database,
                std::cmp::Ordering::Equal if directory == Source::Flag => "cannot be used with",
                std::cmp::Ordering::Equal => "data and storage.url are both set",
            };
            let expected =
                expected.replace("DIR", &folder.path().join("data").display().to_string());
            let ran = run_with(arguments, folder.path(), (directory, database));
            let told = format!("{arguments:?}, data {directory:?}, url {database:?}: {}", ran.err);
            assert!(ran.err.contains(&expected), "{told}");
            assert!(expected.contains("created") || ran.code == Some(2), "{told}");
        }
    }
}

#[test]
fn config_shows_which_place_is_not_used() {
    let shown = run(acta()
        .args(["config", "show"])
        .env("ACTA_STORAGE_URL", NOWHERE)
        .env("ACTA_DATA", "there"));
    assert_eq!(shown.code, Some(2));
    assert!(shown.err.contains("data and storage.url are both set (environment)"), "{}", shown.err);

    let folder = folder();
    let file = folder.path().join("acta.toml");
    std::fs::write(&file, format!("storage.url = '{NOWHERE}'\n")).unwrap();
    let shown = run(acta().args(["config", "show", "--config"]).arg(&file).env("ACTA_DATA", "x"));
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    let line = shown.out.lines().find(|line| line.starts_with("storage.url ")).unwrap();
    assert!(line.contains("(not used)"), "{line}");
}

/// A directory, and everything in it.
fn listing(directory: &Path) -> Option<Vec<PathBuf>> {
    let entries = directory.read_dir().ok()?;
    Some(entries.map(|entry| entry.unwrap().path()).collect())
}

/// Every command but those that create a store.
const USERS: [&[&str]; 22] = [
    &["serve", "--must-exist", "--listen", "127.0.0.1:0"],
    &["import", "no-such-file.jsonl"],
    &["export"],
    &["status"],
    &["tenant", "list"],
    &["credential", "create", "--label", "x"],
    &["account", "list"],
    &["audit", "list"],
    &["follower", "list"],
    &["group", "list"],
    &["query"],
    &["sql", "SELECT 1"],
    &["question", "list"],
    &["dashboard", "list"],
    &["person", "list"],
    &["analyse", "activity"],
    &["statement", "tail"],
    VOID,
    &["proof", "key"],
    &["facts", "export", "no-such-folder"],
    &["verify", "--online"],
    &["restore", "--finish"],
];

/// Those that are for stores in directories.
const USERS_OF_DIRECTORIES: [&[&str]; 5] = [
    &["backup", "--to", "no-such-backup"],
    &["verify"],
    &["reindex"],
    &["facts", "status"],
    &["facts", "rebuild", "--all-tenants"],
];

/// Commands without a store in `data` or `storage.url`, and why.
const WITHOUT_PLACE: [(&str, &str); 4] = [
    ("check", "reads files only"),
    ("simulate", "writes files only"),
    ("copy", "names both stores in arguments of its own"),
    ("config", "shows both places and opens neither, which it says by itself"),
];

/// Commands that create a store or a schema, and those without a place.
const CREATORS: [&str; 2] = ["init", "migrate"];

#[test]
fn every_command_has_a_row() {
    let first = |arguments: &[&'static str]| arguments[0];
    let without = || WITHOUT_PLACE.iter().map(|(name, _)| *name);
    let left = commands_without(COMMANDS.iter().map(|row| first(row.arguments)).chain(without()));
    assert!(left.is_empty(), "without a row in COMMANDS: {left:?}");
    let users = USERS.iter().chain(&USERS_OF_DIRECTORIES).map(|arguments| first(arguments));
    let left = commands_without(users.chain(CREATORS).chain(without()));
    assert!(left.is_empty(), "without a row in USERS: {left:?}");
}

/// Nothing was made where commands run that name a file or a folder there.
#[track_caller]
fn check_nothing_was_made() {
    for name in ["no-such-folder", "no-such-backup", "no-such-file.jsonl"] {
        let path = std::env::temp_dir().join(name);
        assert!(!path.exists(), "{}", path.display());
    }
}

#[test]
fn only_serve_and_init_create_a_store() {
    let folder = folder();
    let [missing, empty, other] =
        ["missing", "empty", "other"].map(|name| folder.path().join(name));
    std::fs::create_dir(&empty).unwrap();
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("photo.jpg"), "").unwrap();
    for directory in [&missing, &empty, &other] {
        let before = listing(directory);
        for arguments in USERS.iter().chain(&USERS_OF_DIRECTORIES) {
            let ran = run(acta().args(*arguments).arg("--data").arg(directory));
            assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.err);
            let expected = format!("there is no store in {}", directory.display());
            assert!(ran.err.contains(&expected), "{arguments:?}: {}", ran.err);
            assert_eq!(listing(directory), before, "{arguments:?}");
            check_nothing_was_made();
        }
    }
    for arguments in [&["init"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let ran = run(acta().args(arguments).arg("--data").arg(&other));
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains("contains other files and no store"), "{}", ran.err);
        assert_eq!(listing(&other).unwrap().len(), 1);
    }
    for directory in [&missing, &empty] {
        let init = || run(acta().args(["init", "--data"]).arg(directory));
        let created = init();
        assert_eq!(created.code, Some(0), "{}", created.err);
        let again = init();
        assert_eq!(again.code, Some(1), "{}", again.err);
        assert!(again.err.contains("there is already a store in"), "{}", again.err);
        // It is served like every other, and gets the first credential then.
        let server = Server::start_in(directory, Version::V2_0_0);
        server.client(Version::V2_0_0).get("/statements").send().expect(200);
    }
}

#[test]
fn commands_on_a_database_without_a_store_create_none() {
    let store = Store::new(Engine::Postgres);
    let command = |arguments: &[&str]| -> Command {
        let mut command = acta();
        command.args(arguments).envs(store.settings());
        command
    };
    for arguments in &USERS {
        let ran = run(&mut command(arguments));
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.err);
        let says = ["there is no store in the database", "has version 0"];
        assert!(says.iter().any(|text| ran.err.contains(text)), "{arguments:?}: {}", ran.err);
        check_nothing_was_made();
    }
    let never = [("ACTA_STORAGE_MIGRATE", "never")];
    let created = run(command(&["init"]).envs(never));
    assert_eq!(created.code, Some(0), "{}", created.err);
    let again = run(&mut command(&["init"]));
    assert_eq!(again.code, Some(1), "{}", again.err);
    let listed = run(&mut command(&["tenant", "list"]));
    assert_eq!(listed.code, Some(0), "{}", listed.err);
}
