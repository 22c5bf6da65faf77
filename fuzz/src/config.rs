//! The configuration: a file, the environment, flags.

use std::path::PathBuf;

use acta_config::{Environment, Loaded, load};

use crate::input::split_parts;
use crate::memory::bounded;

/// A file, and variables as lines of name and value.
pub fn config(input: &[u8]) {
    let [file, variables] = split_parts(input);
    bounded(input.len(), || check(file, &String::from_utf8_lossy(variables)));
}

fn check(file: &[u8], variables: &str) {
    let path = path();
    std::fs::write(&path, file).expect("the temporary directory takes files");
    let variables = variables.lines().filter_map(|line| line.split_once('='));
    // A variable that names a file would have it read, whichever it is.
    let variables = variables.filter(|(name, _)| !name.ends_with("_FILE"));
    let variables = variables.map(|(name, value)| (format!("ACTA_{name}"), value.to_owned()));
    let environment: Environment = variables.collect();
    match load(Some(&path), &environment, &[]) {
        Ok(loaded) => check_flags(&loaded, &path),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.ends_with('.'));
        }
    }
}

fn path() -> PathBuf {
    std::env::temp_dir().join(format!("acta-fuzz-{}.toml", std::process::id()))
}

/// What is used can be said with flags, and means the same.
fn check_flags(loaded: &Loaded, path: &std::path::Path) {
    std::fs::write(path, b"").expect("the temporary directory takes files");
    let flags: Vec<_> = loaded
        .settings
        .iter()
        .filter_map(|setting| Some((setting.key.name, setting.value.clone()?)))
        .collect();
    let again = load(Some(path), &Environment::default(), &flags).expect("it was valid before");
    assert_eq!(format!("{:?}", again.config), format!("{:?}", loaded.config));
    for (one, other) in again.settings.iter().zip(&loaded.settings) {
        assert_eq!(one.value, other.value);
        assert!(!one.key.is_secret || one.value.is_none() || one.shown() == "***");
    }
}
