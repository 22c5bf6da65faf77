//! Where PostgreSQL's programs lie.

use std::ffi::OsStr;
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
        first_in(&path).or_else(|| newest_in(Path::new(DEBIAN_FOLDER))).map(Self).ok_or(NoPrograms)
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

/// The first folder of `path` with a server, or the folder that its links lead to, in which
/// `psql` lies too.
fn first_in(path: &OsStr) -> Option<PathBuf> {
    let folder = std::env::split_paths(path).find(|folder| holds_server(folder))?;
    let linked = folder.join("postgres").canonicalize().ok();
    let linked = linked.as_deref().and_then(Path::parent).filter(|folder| holds_server(folder));
    Some(linked.map_or(folder.clone(), Path::to_owned))
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

    fn make(folder: &Path, names: &[&str]) {
        std::fs::create_dir_all(folder).unwrap();
        for name in names {
            std::fs::write(folder.join(name), "").unwrap();
        }
    }

    #[test]
    fn takes_the_newest_version_that_has_a_server() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert_eq!(newest_in(folder), None);
        make(&folder.join("9/bin"), &["initdb", "postgres"]);
        make(&folder.join("15/bin"), &["initdb", "postgres"]);
        // Only the client is installed in this version.
        make(&folder.join("17/bin"), &["psql"]);
        make(&folder.join("common/bin"), &["initdb", "postgres"]);
        assert_eq!(newest_in(folder), Some(folder.join("15/bin")));
    }

    #[test]
    fn takes_the_first_server_in_the_path_and_follows_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let [client, links, real] = ["client", "links", "real"].map(|name| folder.join(name));
        make(&client, &["psql"]);
        make(&links, &[]);
        make(&real, &["initdb", "postgres", "psql"]);
        for name in ["initdb", "postgres"] {
            std::os::unix::fs::symlink(real.join(name), links.join(name)).unwrap();
        }
        let path = |folders: &[&Path]| first_in(&std::env::join_paths(folders).unwrap());
        assert_eq!(path(&[&client]), None);
        assert_eq!(path(&[&client, &real]), Some(real.clone()));
        assert_eq!(path(&[&client, &links]), Some(real.clone()));
    }
}
