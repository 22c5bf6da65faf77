//! The Debian package: what it contains is there, and its unit fits the binary.

use std::path::Path;
use std::process::Command;

use acta_config::Environment;
use acta_tests::{acta, run};
use toml::Value;

use crate::{check_variable, has, path, text};

const UNIT: &str = "packaging/acta.service";

/// The settings of a unit, in order.
fn settings(unit: &str) -> Vec<(String, String)> {
    let lines = unit.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
    let pairs = lines.map(|line| line.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The variables that a unit sets, with their values.
fn variables(unit: &str) -> Vec<(String, String)> {
    let set = settings(unit).into_iter().filter(|(name, _)| name == "Environment");
    set.map(|(_, value)| {
        let (name, value) = value.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    })
    .collect()
}

/// Source and destination of each file of the package.
fn assets() -> Vec<(String, String)> {
    let manifest: Value = toml::from_str(&text("crates/cli/Cargo.toml")).unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array().unwrap().clone();
    let word = |asset: &Value, index: usize| asset[index].as_str().unwrap().to_owned();
    assets.iter().map(|asset| (word(asset, 0), word(asset, 1))).collect()
}

#[test]
fn every_file_of_the_package_is_there_or_made_for_it() {
    for (source, destination) in assets() {
        let is_built = source.starts_with("target/") || source.starts_with("../../target/");
        let is_there = path("crates/cli").join(&source).is_file();
        assert!(is_built || is_there, "{source} for {destination}");
        assert!(!destination.starts_with('/'), "{destination}");
    }
    for script in ["postinst", "postrm"] {
        let script = path("packaging/debian").join(script);
        let checked = Command::new("sh").arg("-n").arg(&script).status().unwrap();
        assert!(checked.success(), "{}", script.display());
    }
    let users = text("packaging/acta.sysusers");
    assert!(users.starts_with("u acta ") && users.contains("/var/lib/acta"), "{users}");
    assert_eq!(text("packaging/acta.tmpfiles").trim(), "d /var/lib/acta 0700 acta acta -");
}

#[test]
fn the_unit_starts_the_binary_of_the_package_with_its_configuration() {
    let unit = text(UNIT);
    let of = |name: &str| {
        let found = settings(&unit).into_iter().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("{name} is not set")).1
    };
    let start = of("ExecStart");
    let mut words = start.split(' ');
    assert_eq!(words.next(), Some("/usr/bin/acta"));
    let arguments: Vec<&str> = words.collect();
    assert_eq!(run(acta().args(&arguments).arg("--help")).code, Some(0), "{arguments:?}");
    for (name, value) in
        variables(&unit).into_iter().chain(variables(&text("packaging/database.conf")))
    {
        check_variable(&name);
        let is_of_package = assets().iter().any(|(source, folder)| {
            let file = Path::new(source).file_name().unwrap().to_string_lossy().into_owned();
            format!("/{folder}{file}") == value
        });
        let is_elsewhere = value == "%d/storage-url" || value == "/var/lib/acta";
        assert!(is_of_package || is_elsewhere, "{name}={value}");
    }
    for (name, expected) in [
        ("User", "acta"),
        ("StateDirectory", "acta"),
        ("UMask", "0077"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
    ] {
        assert_eq!(of(name), expected, "{name}");
    }
}

#[test]
fn the_unit_is_valid_and_hardened_by_the_measure_of_systemd() {
    if !has("systemd-analyze") {
        return;
    }
    // In place of the installed binary, the one of the tests is looked for.
    let binary = acta().get_program().to_string_lossy().into_owned();
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("acta.service");
    std::fs::write(&unit, text(UNIT).replace("/usr/bin/acta", &binary)).unwrap();
    // At most 2.0 of 10.
    for arguments in
        [&["verify", "--man=no"][..], &["security", "--offline=true", "--threshold=20"]]
    {
        let ran = Command::new("systemd-analyze").args(arguments).arg(&unit).output().unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{arguments:?}: {out}{err}");
        let is_about_unit = |line: &&str| line.contains("acta.service:");
        let findings: Vec<&str> = err.lines().filter(is_about_unit).collect();
        assert_eq!(findings, [""; 0]);
    }
}

#[test]
fn the_configuration_of_the_package_is_valid_and_names_its_directory() {
    let file = path("packaging/acta.toml");
    let loaded = acta_config::load(Some(&file), &Environment::default(), &[]).unwrap();
    assert_eq!(loaded.config.data, Path::new("/var/lib/acta"));
    assert_eq!(loaded.config.listen.to_string(), "127.0.0.1:8080");
    // What is commented out is valid too.
    let all: String = text("packaging/acta.toml")
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") => format!("{rest}\n"),
            Some(_) | None => format!("{line}\n"),
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acta.toml");
    std::fs::write(&file, all).unwrap();
    let loaded = acta_config::load(Some(&file), &Environment::default(), &[]).unwrap();
    assert_eq!(loaded.config.public_url.as_deref(), Some("https://lrs.example.org"));
}
