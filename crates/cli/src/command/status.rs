//! `acta status`: a store at a glance, served or not.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use acta_ambient::{Clock, SystemClock, Timestamp};
use acta_config::{Config, Span};
use acta_storage_embedded::{LastBackup, control_opened};
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
    admin.close().await?;
    let mut status = read?;
    if config.database.is_none() {
        let directory = of_directory(&config.data, is_served)?;
        if let (Some(status), Value::Object(members)) = (status.as_object_mut(), directory) {
            status.extend(members);
        }
    }
    Ok(status)
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
        rows.push(("server", if is_running { running } else { "not running".to_owned() }));
    }
    rows.push(("tenants", number("tenants").to_string()));
    rows.push(("statements", number("statements").to_string()));
    if status["data_bytes"].is_u64() {
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
    fn an_age_is_given_in_its_largest_unit() {
        for (age, expected) in [(0, "1s"), (59, "59s"), (150, "2m"), (7_300, "2h"), (200_000, "2d")]
        {
            assert_eq!(age_of(age).to_string(), expected);
        }
    }
}
