//! `acta status`: a store at a glance, served or not.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use acta_ambient::{Clock, SystemClock, Timestamp};
use acta_config::{Config, Span};
use acta_storage_embedded::{LastBackup, control_opened};
use acta_storage_postgres::DatabaseState;
use anyhow::{Context, Result};
use hyper::Method;
use indicatif::HumanBytes;
use rustix::fs::statvfs;
use serde_json::{Value, json};

use crate::admin::{Address, Admin, FactsNeeded, Table};
use crate::terminal::print;
use crate::wire::{self, IfMissing, StoreArgs};

/// Arguments of `acta status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: StoreArgs,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let loaded = wire::load(file, arguments.place.flags())?;
    let status = wire::block_on(read(&loaded.config))?;
    if arguments.json {
        print(&serde_json::to_string_pretty(&status)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["", ""]);
    for (name, value) in rows(&status) {
        table.row([name.to_owned(), value]);
    }
    table.lines().iter().skip(1).try_for_each(|line| print(line))?;
    Ok(ExitCode::SUCCESS)
}

async fn read(config: &Config) -> Result<Value> {
    let mut admin = Admin::reach(config, IfMissing::Refuse, FactsNeeded::No).await?;
    let is_served = admin.is_served();
    let read = read_from(&mut admin).await;
    let database = read_database(&admin).await;
    admin.close().await?;
    let mut status = read?;
    let place = match database? {
        Some(state) => of_database(&state, config.storage.reserve_bytes),
        None => of_directory(&config.data, is_served)?,
    };
    if let (Some(status), Value::Object(members)) = (status.as_object_mut(), place) {
        status.extend(members);
    }
    Ok(status)
}

async fn read_database(admin: &Admin) -> Result<Option<DatabaseState>> {
    let Some(engine) = admin.engine() else { return Ok(None) };
    engine.read_database().await.context("cannot read the state of the database")
}

/// What the admin API says.
async fn read_from(admin: &mut Admin) -> Result<Value> {
    let mut status = admin.request(Method::GET, "/server", None).await?;
    let (mut tenants, mut statements, mut cursor) = (0_u64, 0_u64, None::<String>);
    loop {
        let address = Address::of(["tenants"]).with("cursor", cursor.as_deref());
        let page = admin.request(Method::GET, address.as_str(), None).await?;
        for tenant in page["items"].as_array().into_iter().flatten() {
            // Nothing is left of a tenant whose data has been removed.
            if tenant["state"] == "purged" {
                continue;
            }
            tenants += 1;
            let usage = Address::of(["tenants", &tenant["id"].to_string(), "usage"]);
            let usage = admin.request(Method::GET, usage.as_str(), None).await?;
            statements += usage["statements"].as_u64().unwrap_or(0);
        }
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    status["tenants"] = tenants.into();
    status["statements"] = statements.into();
    Ok(status)
}

/// What the database of a store says. How full its disk is, no database knows.
fn of_database(state: &DatabaseState, reserve_bytes: u64) -> Value {
    let nodes = state.nodes.iter();
    let nodes: Vec<Value> = nodes
        .map(|node| json!({ "version": node.release, "since": node.started.to_string() }))
        .collect();
    json!({
        "is_running": !nodes.is_empty(),
        "running_since": nodes.first().map(|node| node["since"].clone()),
        "nodes": nodes,
        "data_bytes": state.bytes,
        "reserve_bytes": state.reserve_bytes,
        "is_reserve_complete": reserve_bytes <= state.reserve_bytes,
        "archive": state.is_archived.then(|| json!({
            "archived": state.archived.map(|time| time.to_string()),
            "age_seconds": state.archived.map(seconds_since),
        })),
    })
}

/// What the directory of a store says.
fn of_directory(directory: &Path, is_served: bool) -> Result<Value> {
    let unreadable = || format!("cannot read {}", directory.display());
    let since = if is_served { control_opened(directory).ok().map(rfc3339) } else { None };
    let disk = statvfs(directory).with_context(unreadable)?;
    let backup = LastBackup::read(directory).with_context(unreadable)?;
    Ok(json!({
        "is_running": is_served,
        "running_since": since,
        "data_bytes": bytes_in(directory),
        "disk_bytes": disk.f_blocks.saturating_mul(disk.f_frsize),
        "disk_free_bytes": disk.f_bavail.saturating_mul(disk.f_frsize),
        "last_backup": backup.map(|backup| json!({
            "taken": backup.taken.to_string(),
            "age_seconds": seconds_since(backup.taken),
            "to": backup.to.display().to_string(),
        })),
    }))
}

/// The bytes of all files in a directory. What disappears meanwhile does not count.
fn bytes_in(directory: &Path) -> u64 {
    let entries = directory.read_dir().into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

fn seconds_since(taken: Timestamp) -> u64 {
    let micros = SystemClock::new().now().unix_micros().saturating_sub(taken.unix_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0)).as_secs()
}

fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)).to_string()
}

/// The rows for people.
fn rows(status: &Value) -> Vec<(&'static str, String)> {
    let text = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| status[name].as_u64().unwrap_or_default();
    let mut rows = vec![("version", text("version")), ("engine", text("engine"))];
    if let Some(is_running) = status["is_running"].as_bool() {
        let since = status["running_since"].as_str().map(seconds);
        let running = since.map_or("running".to_owned(), |since| format!("running since {since}"));
        let running = match status["nodes"].as_array().map_or(1, Vec::len) {
            1 => running,
            count => format!("{count} nodes, the first {running}"),
        };
        rows.push(("server", if is_running { running } else { "not running".to_owned() }));
    }
    rows.push(("tenants", number("tenants").to_string()));
    rows.push(("statements", number("statements").to_string()));
    if let Some(nodes) = status["nodes"].as_array() {
        rows.extend(rows_of_database(status, nodes));
    } else if status["data_bytes"].is_u64() {
        let (all, free) = (number("disk_bytes"), number("disk_free_bytes"));
        let used = all.saturating_sub(free).saturating_mul(100).checked_div(all).unwrap_or(0);
        rows.push(("data", HumanBytes(number("data_bytes")).to_string()));
        rows.push((
            "disk",
            format!("{used} % used, {} of {} free", HumanBytes(free), HumanBytes(all)),
        ));
        rows.push(("last backup", last_backup(&status["last_backup"])));
    }
    for (name, member) in
        [("clock jump", "clock_jump_seconds"), ("stored ahead", "stored_ahead_seconds")]
    {
        if let Some(seconds) = status[member].as_i64().filter(|seconds| *seconds != 0) {
            rows.push((name, format!("{seconds} s")));
        }
    }
    rows
}

/// The rows about a database.
fn rows_of_database(status: &Value, nodes: &[Value]) -> Vec<(&'static str, String)> {
    let bytes = |name: &str| HumanBytes(status[name].as_u64().unwrap_or_default()).to_string();
    let version = |node: &Value| node["version"].as_str().unwrap_or_default().to_owned();
    let versions: BTreeSet<String> = nodes.iter().map(version).collect();
    let mut rows = Vec::new();
    if 1 < versions.len() {
        let versions: Vec<String> = versions.into_iter().collect();
        rows.push(("node versions", versions.join(", ")));
    }
    rows.push(("data", bytes("data_bytes")));
    let is_complete = status["is_reserve_complete"].as_bool().unwrap_or_default();
    let is_used = if is_complete { "" } else { ", in use or not filled yet" };
    rows.push(("reserve", format!("{}{is_used}", bytes("reserve_bytes"))));
    rows.push(("disk", "known to the database server alone".to_owned()));
    rows.push(("last backup", last_archive(&status["archive"])));
    rows
}

/// What can be known of backups of a database: whether its write-ahead log is archived.
fn last_archive(archive: &Value) -> String {
    if archive.is_null() {
        return "known to the tools of PostgreSQL alone; its log is not archived".to_owned();
    }
    let Some(archived) = archive["archived"].as_str() else {
        return "nothing of the log of the database is archived yet".to_owned();
    };
    let age = age_of(archive["age_seconds"].as_u64().unwrap_or_default());
    format!("the log of the database is archived up to {} ({age} ago)", seconds(archived))
}

fn last_backup(backup: &Value) -> String {
    let Some(taken) = backup["taken"].as_str() else { return "none by `acta backup`".to_owned() };
    let age = age_of(backup["age_seconds"].as_u64().unwrap_or_default());
    format!("{} ({age} ago) to {}", seconds(taken), backup["to"].as_str().unwrap_or_default())
}

/// A duration in its largest whole unit, at least a second.
fn age_of(seconds: u64) -> Span {
    let units = [86_400, 3_600, 60];
    let unit = units.into_iter().find(|unit| *unit <= seconds).unwrap_or(1);
    Span(Duration::from_secs((seconds - seconds % unit).max(1)))
}

/// A timestamp without fractions of a second.
fn seconds(timestamp: &str) -> String {
    match timestamp.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => timestamp.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_shown_in_words() {
        let served = json!({
            "version": "0.1.0", "engine": "embedded", "is_running": true,
            "running_since": "1970-01-12T13:00:00.123456Z", "tenants": 2, "statements": 7,
            "data_bytes": 2048, "disk_bytes": 4_000_000, "disk_free_bytes": 1_000_000,
            "last_backup":
                {"taken": "1970-01-11T13:00:00.000000Z", "age_seconds": 90_000, "to": "/mnt/b"},
            "clock_jump_seconds": -3, "stored_ahead_seconds": 0,
        });
        let expected = [
            ("version", "0.1.0"),
            ("engine", "embedded"),
            ("server", "running since 1970-01-12T13:00:00Z"),
            ("tenants", "2"),
            ("statements", "7"),
            ("data", "2.00 KiB"),
            ("disk", "75 % used, 976.56 KiB of 3.81 MiB free"),
            ("last backup", "1970-01-11T13:00:00Z (1d ago) to /mnt/b"),
            ("clock jump", "-3 s"),
        ];
        assert_eq!(rows(&served), expected.map(|(name, value)| (name, value.to_owned())));
        let unserved = json!({ "is_running": false, "data_bytes": 0, "last_backup": null });
        let shown = rows(&unserved);
        assert!(shown.contains(&("server", "not running".to_owned())), "{shown:?}");
        assert!(shown.contains(&("last backup", "none by `acta backup`".to_owned())), "{shown:?}");
    }

    #[test]
    fn the_status_of_a_database_is_shown_in_words() {
        let node = |version: &str| json!({ "version": version, "since": "1970-01-12T13:00:00Z" });
        let mut served = json!({
            "version": "0.1.0", "engine": "postgres", "is_running": true,
            "running_since": "1970-01-12T13:00:00.5Z", "tenants": 1, "statements": 7,
            "nodes": [node("0.1.0"), node("0.2.0")], "data_bytes": 4096, "reserve_bytes": 2048,
            "is_reserve_complete": true,
            "archive": { "archived": "1970-01-12T12:00:00.5Z", "age_seconds": 60 },
        });
        let expected = [
            ("version", "0.1.0"),
            ("engine", "postgres"),
            ("server", "2 nodes, the first running since 1970-01-12T13:00:00Z"),
            ("tenants", "1"),
            ("statements", "7"),
            ("node versions", "0.1.0, 0.2.0"),
            ("data", "4.00 KiB"),
            ("reserve", "2.00 KiB"),
            ("disk", "known to the database server alone"),
            (
                "last backup",
                "the log of the database is archived up to 1970-01-12T12:00:00Z (1m ago)",
            ),
        ];
        assert_eq!(rows(&served), expected.map(|(name, value)| (name, value.to_owned())));
        served["archive"] = Value::Null;
        served["nodes"] = json!([]);
        served["is_running"] = false.into();
        served["is_reserve_complete"] = false.into();
        let shown = rows(&served);
        for row in [
            ("server", "not running"),
            ("reserve", "2.00 KiB, in use or not filled yet"),
            ("last backup", "known to the tools of PostgreSQL alone; its log is not archived"),
        ] {
            assert!(shown.contains(&(row.0, row.1.to_owned())), "{shown:?}");
        }
    }

    #[test]
    fn an_age_is_given_in_its_largest_unit() {
        for (age, expected) in [(0, "1s"), (59, "59s"), (150, "2m"), (7_300, "2h"), (200_000, "2d")]
        {
            assert_eq!(age_of(age).to_string(), expected);
        }
    }
}
