//! What an operator has to do with the product: finding out why clients are refused, certificates,
//! proxies in front, signals, the files of packages, and what watches a server.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

mod container;
mod generated;
mod http2;
mod install;
mod monitoring;
mod package;
mod proxies;
mod refusals;
mod stopping;
mod tls;
mod unix_socket;

use std::path::PathBuf;
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

/// A path in the repository.
fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The text of a file of the repository.
fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The one YAML document in a file of the repository.
fn yaml(name: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&text(name)).unwrap();
    assert_eq!(documents.len(), 1, "{name}");
    documents.remove(0)
}

/// Whether a program of others is installed; if not, a test says that it has not used it.
#[expect(clippy::print_stderr, reason = "a test that checks nothing says so")]
fn has(program: &str) -> bool {
    let answer = Command::new(program).arg("--version").output();
    let is_there = answer.is_ok_and(|answer| answer.status.success());
    if !is_there {
        eprintln!("{program} is not installed: it checks nothing here");
    }
    is_there
}

/// Asserts that an environment variable of the product sets a key of its configuration.
#[track_caller]
fn check_variable(name: &str) {
    let key = name.strip_suffix("_FILE").unwrap_or(name);
    let is_key = acta_config::KEYS
        .iter()
        .any(|known| known.variable() == name || (known.is_secret && known.variable() == key));
    assert!(is_key || name == "ACTA_CONFIG", "{name} sets no key");
}
