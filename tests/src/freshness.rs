//! Whether a binary was built from the sources as they are now.
//!
//! Cargo writes a list of every source file of a binary beside it, as in `target/debug/acta.d`.
//! A test that starts the binary would otherwise silently test an older build.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Why a binary must not be tested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StaleBinary {
    /// There is no binary.
    #[error("{0} does not exist")]
    Missing(PathBuf),
    /// There is no list of its sources.
    #[error("{0} has no list of its sources beside it")]
    NoSourceList(PathBuf),
    /// It was built from another checkout.
    #[error("{binary} was built from {source_file}, which is outside of this checkout")]
    OtherCheckout {
        /// The binary.
        binary: PathBuf,
        /// One of its sources.
        source_file: PathBuf,
    },
    /// A source was removed after it was built.
    #[error("{binary} was built from {source_file}, which no longer exists")]
    RemovedSource {
        /// The binary.
        binary: PathBuf,
        /// The source.
        source_file: PathBuf,
    },
    /// A source was changed after it was built.
    #[error("{binary} is older than {source_file}")]
    ChangedSource {
        /// The binary.
        binary: PathBuf,
        /// The source.
        source_file: PathBuf,
    },
}

/// Checks that no source of `binary` is newer than it, and that all are below `checkout`.
///
/// # Errors
///
/// [`StaleBinary`] for the first source that is not as it was when the binary was built.
pub fn check_freshness(binary: &Path, checkout: &Path) -> Result<(), StaleBinary> {
    let built = modified(binary).ok_or_else(|| StaleBinary::Missing(binary.to_owned()))?;
    let sources = sources_in(&fs::read_to_string(source_list(binary)).unwrap_or_default());
    if sources.is_empty() {
        return Err(StaleBinary::NoSourceList(binary.to_owned()));
    }
    for source_file in sources.into_iter().map(|source| checkout.join(source)) {
        let binary = binary.to_owned();
        if !source_file.starts_with(checkout) {
            return Err(StaleBinary::OtherCheckout { binary, source_file });
        }
        match modified(&source_file) {
            None => return Err(StaleBinary::RemovedSource { binary, source_file }),
            Some(changed) if changed > built => {
                return Err(StaleBinary::ChangedSource { binary, source_file });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The file with the sources of `binary`, which cargo writes beside it.
pub fn source_list(binary: &Path) -> PathBuf {
    binary.with_extension("d")
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The paths behind the colon of each rule, in the format of `make`: separated by spaces, with a
/// backslash before a space in a name.
fn sources_in(list: &str) -> Vec<PathBuf> {
    let rules = list.lines().filter_map(|line| line.split_once(": "));
    let escaped = rules.map(|(_, sources)| sources.replace("\\ ", "\0"));
    let paths = escaped.flat_map(|sources| {
        sources.split_whitespace().map(|path| path.replace('\0', " ")).collect::<Vec<String>>()
    });
    paths.map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;

    const BUILT_SECONDS: u64 = 1_000;

    /// A checkout with one source, and a binary that was built from it at [`BUILT_SECONDS`].
    struct Checkout {
        folder: TempDir,
    }

    impl Checkout {
        fn new(source_seconds: u64) -> Self {
            let checkout = Self { folder: tempfile::tempdir().unwrap() };
            checkout.write("a source.rs", source_seconds);
            checkout.write("target/acta", BUILT_SECONDS);
            let source = checkout.path("a source.rs").to_str().unwrap().replace(' ', "\\ ");
            checkout.write_list(&format!("{}: {source}\n", checkout.path("target/acta").display()));
            checkout
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, name: &str, seconds: u64) {
            fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
            let file = File::create(self.path(name)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        }

        fn write_list(&self, list: &str) {
            fs::write(self.path("target/acta.d"), list).unwrap();
        }

        fn check(&self) -> Result<(), StaleBinary> {
            check_freshness(&self.path("target/acta"), self.folder.path())
        }
    }

    #[test]
    fn a_binary_as_new_as_its_sources_is_accepted() {
        assert_eq!(Checkout::new(BUILT_SECONDS - 1).check(), Ok(()));
        assert_eq!(Checkout::new(BUILT_SECONDS).check(), Ok(()));
    }

    #[test]
    fn a_binary_older_than_a_source_is_refused_with_the_name_of_the_source() {
        let checkout = Checkout::new(BUILT_SECONDS + 1);
        let error = checkout.check().unwrap_err();
        let source_file = checkout.path("a source.rs");
        let binary = checkout.path("target/acta");
        assert_eq!(error, StaleBinary::ChangedSource { binary, source_file });
        assert!(error.to_string().ends_with("a source.rs"), "{error}");
    }

    #[test]
    fn a_binary_of_a_removed_source_is_refused() {
        let checkout = Checkout::new(BUILT_SECONDS);
        fs::remove_file(checkout.path("a source.rs")).unwrap();
        assert!(matches!(checkout.check(), Err(StaleBinary::RemovedSource { .. })));
    }

    #[test]
    fn a_binary_of_another_checkout_is_refused() {
        let checkout = Checkout::new(BUILT_SECONDS);
        checkout.write_list("acta: /another/checkout/main.rs\n");
        assert!(matches!(checkout.check(), Err(StaleBinary::OtherCheckout { .. })));
    }

    #[test]
    fn a_binary_without_a_list_of_sources_is_refused() {
        let checkout = Checkout::new(BUILT_SECONDS);
        checkout.write_list("");
        assert!(matches!(checkout.check(), Err(StaleBinary::NoSourceList(_))));
        fs::remove_file(checkout.path("target/acta.d")).unwrap();
        assert!(matches!(checkout.check(), Err(StaleBinary::NoSourceList(_))));
        fs::remove_file(checkout.path("target/acta")).unwrap();
        assert!(matches!(checkout.check(), Err(StaleBinary::Missing(_))));
    }

    #[test]
    fn relative_paths_of_a_list_are_below_the_checkout() {
        let checkout = Checkout::new(BUILT_SECONDS);
        checkout.write("crates/lib.rs", BUILT_SECONDS + 1);
        checkout.write_list("acta: crates/lib.rs\n");
        assert!(matches!(checkout.check(), Err(StaleBinary::ChangedSource { .. })));
    }
}
