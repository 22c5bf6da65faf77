//! Who may import whom.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

/// Engines: named by `cli` and, in tests, by `tests` and `benches` alone.
const ENGINES: &[&str] = &["acta-storage-embedded", "acta-storage-postgres"];

/// The parts of the embedded engine, which it and they themselves name, and nobody else.
const PARTS: &[&str] = &["acta-statement-index", "acta-statement-log"];

/// Crates of development: only dev-dependencies name them.
const DEVELOPMENT: &[&str] = &["acta-storage-suite"];

/// The one edge inside a row.
const WITHIN_ROW: &[(&str, &str)] = &[("acta-followers", "acta-storage")];

struct Package {
    row: Option<i64>,
    dependencies: Vec<String>,
    text: String,
}

pub(super) fn check(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    let packages = read_packages(root)?;
    for (name, package) in &packages {
        let Some(row) = package.row else {
            findings.push(format!("{name}: Cargo.toml states no [package.metadata.acta] row"));
            continue;
        };
        for dependency in &package.dependencies {
            check_edge(&packages, name, row, dependency, findings);
        }
        if !package.text.contains("[lints]\nworkspace = true") {
            findings.push(format!("{name}: Cargo.toml does not take the workspace's lints"));
        }
    }
    check_reasons(root, findings)
}

fn check_edge(
    packages: &BTreeMap<String, Package>,
    name: &str,
    row: i64,
    dependency: &str,
    findings: &mut Vec<String>,
) {
    let Some(below) = packages.get(dependency).and_then(|package| package.row) else { return };
    if below >= row && !WITHIN_ROW.contains(&(name, dependency)) {
        findings.push(format!("{name} (row {row}) imports {dependency} (row {below}): not below"));
    }
    if ENGINES.contains(&dependency) && name != "acta-cli" {
        findings.push(format!("{name} names the engine {dependency}: only acta-cli may"));
    }
    if PARTS.contains(&dependency) && name != "acta-storage-embedded" && !PARTS.contains(&name) {
        findings.push(format!("{name} names {dependency}, a part of the embedded engine"));
    }
    if DEVELOPMENT.contains(&dependency) {
        findings.push(format!("{name} imports {dependency}: only dev-dependencies may name it"));
    }
}

fn read_packages(root: &Path) -> Result<BTreeMap<String, Package>> {
    let mut packages = BTreeMap::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let path = entry?.path().join("Cargo.toml");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: toml::Table = text.parse()?;
        let name = manifest.get("package").and_then(|package| package.get("name"));
        let name = name.and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let row = ["package", "metadata", "acta", "row"]
            .iter()
            .try_fold(&toml::Value::Table(manifest.clone()), |value, key| value.get(key))
            .and_then(toml::Value::as_integer);
        let dependencies = dependencies_of(&manifest);
        packages.insert(name, Package { row, dependencies, text });
    }
    Ok(packages)
}

/// What is part of the build: everything but dev-dependencies, also those of one target.
fn dependencies_of(manifest: &toml::Table) -> Vec<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let targets = targets.into_iter().flat_map(toml::Table::values);
    let tables = targets.filter_map(toml::Value::as_table).chain([manifest]);
    let tables =
        tables.flat_map(|table| ["dependencies", "build-dependencies"].map(|key| table.get(key)));
    let tables = tables.flatten().filter_map(toml::Value::as_table);
    tables.flat_map(|table| table.keys().cloned()).collect()
}

/// Every shared dependency from elsewhere states its reason on its own line.
fn check_reasons(root: &Path, findings: &mut Vec<String>) -> Result<()> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml"))?;
    let shared = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    for line in shared.lines().take_while(|line| !line.starts_with('[')) {
        let is_dependency = line.contains('=') && !line.starts_with(['#', ' ', ']']);
        if is_dependency && !line.contains("path = ") && !line.contains(" # ") {
            findings.push(format!("Cargo.toml: no reason behind `{line}`"));
        }
    }
    Ok(())
}
