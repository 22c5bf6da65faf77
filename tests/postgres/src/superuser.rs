//! What tests ask of a server as its superuser.

use std::io::Write as _;
use std::process::Stdio;
use std::thread;

use crate::programs;

/// The superuser of a server: makes and removes databases, and runs SQL to set things up.
///
/// It speaks through `psql`, so what tests arrange does not depend on the driver under test.
#[derive(Clone, Debug)]
pub struct Superuser {
    url: String,
}

impl Superuser {
    /// The superuser that `url` names, with its password and any existing database.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// The URL of `database`.
    pub fn url(&self, database: &str) -> String {
        let UrlParts { before_host, host, query, .. } = UrlParts::of(&self.url);
        format!("{before_host}{host}/{database}{query}")
    }

    /// The superuser with the same name and password on another server.
    #[must_use]
    pub fn at(&self, host: &str, port: &str) -> Self {
        let UrlParts { before_host, path, query, .. } = UrlParts::of(&self.url);
        Self { url: format!("{before_host}{host}:{port}{path}{query}") }
    }

    /// Makes an empty database.
    pub fn create(&self, database: &str) {
        self.create_from("template0", database);
    }

    /// Makes `database` a copy of `template`, to which nobody may be connected.
    pub fn create_from(&self, template: &str, database: &str) {
        // Without syncs, a copy of the files takes less than half the time that a copy
        // through the write-ahead log takes.
        self.sql(&format!(
            "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy",
            quoted(database),
            quoted(template)
        ));
    }

    /// Removes a database, if it is there, and closes its connections.
    pub fn remove(&self, database: &str) {
        self.sql(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(database)));
    }

    /// Runs SQL in the database that the superuser's URL names; see [`Superuser::sql_in`].
    pub fn sql(&self, sql: &str) -> String {
        run(&self.url, sql).unwrap_or_else(|error| panic!("{error}\nof {sql}"))
    }

    /// Runs one or more commands of SQL in `database` and gives the rows: one a line, columns
    /// with `|` between them.
    ///
    /// It panics with what the server says when a command fails.
    pub fn sql_in(&self, database: &str, sql: &str) -> String {
        self.try_sql_in(database, sql).unwrap_or_else(|error| panic!("{error}\nof {sql}"))
    }

    /// Like [`Superuser::sql_in`].
    ///
    /// # Errors
    ///
    /// What `psql` says when the server cannot be reached or a command fails; later commands
    /// are not run then.
    pub fn try_sql_in(&self, database: &str, sql: &str) -> Result<String, String> {
        run(&self.url(database), sql)
    }
}

/// A URL in parts, which make it up again.
struct UrlParts<'u> {
    before_host: &'u str,
    /// With the port.
    host: &'u str,
    /// With its slash.
    path: &'u str,
    /// With its question mark.
    query: &'u str,
}

impl<'u> UrlParts<'u> {
    fn of(url: &'u str) -> Self {
        let (rest, query) = url.split_at(url.find('?').unwrap_or(url.len()));
        let scheme_len = rest.find("://").map_or(0, |index| index + "://".len());
        let path_start =
            rest[scheme_len..].find('/').map_or(rest.len(), |index| scheme_len + index);
        let (before_path, path) = rest.split_at(path_start);
        let host_start = before_path.rfind('@').map_or(scheme_len, |index| index + 1);
        let (before_host, host) = before_path.split_at(host_start);
        Self { before_host, host, path, query }
    }
}

fn run(url: &str, sql: &str) -> Result<String, String> {
    let mut psql = programs::psql();
    psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password"]);
    psql.args(["--set", "ON_ERROR_STOP=1", "--dbname", url]).env("PGCONNECT_TIMEOUT", "10");
    psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = psql.spawn().map_err(|error| format!("cannot start psql: {error}"))?;
    let mut input = child.stdin.take().expect("the input is piped");
    let output = thread::scope(|scope| {
        // It stops reading at the first command that fails.
        scope.spawn(move || input.write_all(sql.as_bytes()));
        child.wait_with_output().expect("a child can be waited for")
    });
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).expect("databases are in UTF-8");
    Ok(text.trim_end_matches('\n').to_owned())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_only_the_database_of_a_url() {
        let table = [
            ("postgres://u:p@h:1/postgres", "postgres://u:p@h:1/other"),
            ("postgres://u:p@h:1", "postgres://u:p@h:1/other"),
            ("postgres://h/a?sslmode=require", "postgres://h/other?sslmode=require"),
            ("postgres://h?sslcert=/a/b", "postgres://h/other?sslcert=/a/b"),
        ];
        for (url, expected) in table {
            assert_eq!(Superuser::new(url).url("other"), expected);
        }
    }

    #[test]
    fn changes_only_the_server_of_a_url() {
        let table = [
            ("postgres://u:p@h:1/postgres", "postgres://u:p@worker:2/postgres"),
            ("postgres://h?sslcert=/a/b", "postgres://worker:2?sslcert=/a/b"),
        ];
        for (url, expected) in table {
            assert_eq!(Superuser::new(url).at("worker", "2").url, expected);
        }
    }
}
