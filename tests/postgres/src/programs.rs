//! Where PostgreSQL's programs lie.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The package of Debian that holds the server.
pub const DEBIAN_PACKAGE: &str = "postgresql";

/// Where Debian keeps the programs of every major version.
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";

/// The folder of a server's programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs(PathBuf);

/// No PostgreSQL server is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPrograms;

impl fmt::Display for NoPrograms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "no PostgreSQL server found: neither `initdb` and `postgres` in PATH nor \
             {DEBIAN_FOLDER}/*/bin; on Debian, apt-get install {DEBIAN_PACKAGE}"
        )
    }
}

impl std::error::Error for NoPrograms {}

impl Programs {
    /// Finds them in PATH, or else the newest where Debian keeps them.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn find() -> Result<Self, NoPrograms> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let in_path = std::env::split_paths(&path).find(|folder| holds_server(folder));
        in_path.or_else(|| newest_in(Path::new(DEBIAN_FOLDER))).map(Self).ok_or(NoPrograms)
    }

    /// A command of one of them, free of what the surroundings set for another server.
    pub(crate) fn command(&self, name: &str) -> Command {
        clean(Command::new(self.0.join(name)))
    }
}

/// The client: of the same version as the server, or else whatever is in PATH, because the
/// server may run elsewhere.
pub(crate) fn psql() -> Command {
    match Programs::find() {
        Ok(programs) if programs.0.join("psql").is_file() => programs.command("psql"),
        Ok(_) | Err(NoPrograms) => clean(Command::new("psql")),
    }
}

fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let spoken = name.to_string_lossy();
        if spoken.starts_with("PG") || spoken.starts_with("LC_") || spoken == "LANG" {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C");
    command
}

fn holds_server(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file())
}

/// The programs of the highest version below `folder`, which holds one folder a version.
fn newest_in(folder: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(folder).ok()?.flatten();
    let versions = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let programs = entry.path().join("bin");
        holds_server(&programs).then_some((version, programs))
    });
    versions.max().map(|(_, programs)| programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_newest_version_that_has_a_server() {
        let folder = tempfile::tempdir().unwrap();
        let make = |version: &str, names: &[&str]| {
            let programs = folder.path().join(version).join("bin");
            std::fs::create_dir_all(&programs).unwrap();
            for name in names {
                std::fs::write(programs.join(name), "").unwrap();
            }
        };
        assert_eq!(newest_in(folder.path()), None);
        make("9", &["initdb", "postgres"]);
        make("15", &["initdb", "postgres"]);
        // Only the client is installed in this version.
        make("17", &["psql"]);
        make("common", &["initdb", "postgres"]);
        assert_eq!(newest_in(folder.path()), Some(folder.path().join("15/bin")));
    }
}
