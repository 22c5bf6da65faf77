//! The binary `acta`: reads the configuration, wires the parts, runs commands.

mod admin;
mod command;
mod exchange;
mod logging;
mod metrics;
mod terminal;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use rustix::fs::Mode;
use rustix::process::umask;

use crate::command::administration::{
    account, analyse, audit, credential, facts, follower, group, person, proof, query, question,
    question::dashboard, sql, statement, tenant,
};
use crate::command::statements::{check, export, import, simulate};
use crate::command::{
    backup, config, copy, generate, init, migrate, reindex, restore, serve, status, verify,
};

/// See `docs/adr/0015-allocator.md`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The exit code when the reader of the output has closed it: that of a process that SIGPIPE has
/// ended.
const READER_GONE: u8 = 141;

/// Acta, a Learning Record Store: receives xAPI statements from any source, stores them
/// permanently, and returns them.
#[derive(Debug, Parser)]
#[command(name = "acta", version, disable_help_subcommand = true)]
struct Arguments {
    /// The configuration file; by default `acta.toml` in the working directory, if it exists.
    #[arg(long, env = "ACTA_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves xAPI over HTTP.
    Serve(serve::Arguments),
    /// Creates an empty store.
    Init(init::Arguments),
    /// Validates statements in JSON or JSON Lines, and reports each fault with its position.
    Check(check::Arguments),
    /// Imports statements from files, also while the store is served.
    Import(import::Arguments),
    /// Exports all statements as JSON Lines, also while the store is served.
    Export(export::Arguments),
    /// Makes learning data of years for trials, as JSON Lines that `acta import` takes.
    Simulate(simulate::Arguments),
    /// Migrates the schema of a store in a database.
    Migrate(migrate::Arguments),
    /// Makes a backup of a store in a directory, also while it is served.
    Backup(backup::Arguments),
    /// Restores a store from a backup, or checks a backup.
    Restore(restore::Arguments),
    /// Copies a whole store into another store of any engine, and compares them.
    Copy(copy::Arguments),
    /// Reads a whole store, and reports all damage. With --online, also while it is served.
    Verify(verify::Arguments),
    /// Rebuilds the index from the statement log. The next server rebuilds activities and persons.
    Reindex(reindex::Arguments),
    /// Shows the release, the size and the last backup of a store, and whether a server has it
    /// open.
    Status(status::Arguments),
    /// Creates, limits, suspends and deletes tenants, also while the store is served.
    Tenant(tenant::Arguments),
    /// Creates, restricts, rotates and removes the credentials of xAPI clients, also while the
    /// store is served.
    Credential(credential::Arguments),
    /// Manages accounts of people and their roles, also while the store is served.
    Account(account::Arguments),
    /// Joins the identifiers of learners to persons, splits, imports and exports them, also while
    /// the store is served.
    Person(Box<person::Arguments>),
    /// Creates and changes groups of learners, their members at dates, imports and exports them,
    /// also while the store is served.
    Group(Box<group::Arguments>),
    /// Lists, exports and verifies the audit, also while the store is served.
    Audit(audit::Arguments),
    /// Lists, pauses and rebuilds followers, which derive data from the statement log, also while
    /// the store is served.
    Follower(follower::Arguments),
    /// Answers questions about the statements of a tenant: measures by dimensions. If no server has
    /// the store open, facts are brought up to date first.
    Query(Box<query::Arguments>),
    /// Answers a SELECT over the facts of a tenant. If no server has the store open, facts are
    /// brought up to date first.
    Sql(sql::Arguments),
    /// Saves questions under a name for all who may ask, and answers them.
    Question(Box<question::Arguments>),
    /// Saves dashboards of questions and key figures for all who may ask, and answers them.
    Dashboard(dashboard::Arguments),
    /// Prints the statements of a tenant as they are stored, for people.
    Statement(statement::Arguments),
    /// Proves that statements are unchanged, and verifies proofs offline.
    Proof(proof::Arguments),
    /// Shows and rebuilds facts, from which questions are answered, also while the store is served.
    Facts(facts::Arguments),
    /// Analyses what the learners of a tenant did: activity, courses, questions, time and more. If
    /// no server has the store open, facts are brought up to date first.
    Analyse(analyse::Arguments),
    /// Shows or checks the configuration.
    Config(config::Arguments),
    /// Prints completions for shells, and writes man pages, for packages.
    #[command(hide = true)]
    Generate(generate::Arguments),
}

fn main() -> ExitCode {
    // Before there is another thread or a file: what this process makes is for its user alone,
    // whatever it inherited. It covers the files of SQLite too.
    umask(Mode::RWXG | Mode::RWXO);
    // Before a store is opened. If it fails, statements in SQL say so.
    acta_facts_sql::prepare();
    let matches = Arguments::command().get_matches();
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    admin::remember(Arguments::command(), &matches);
    let file = arguments.config.as_deref();
    let outcome = match &arguments.command {
        Command::Serve(arguments) => serve::run(file, arguments),
        Command::Init(arguments) => init::run(file, arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Import(arguments) => import::run(file, arguments),
        Command::Export(arguments) => export::run(file, arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
        Command::Migrate(arguments) => migrate::run(file, arguments),
        Command::Backup(arguments) => backup::run(file, arguments),
        Command::Restore(arguments) => restore::run(file, arguments),
        Command::Copy(arguments) => copy::run(file, arguments),
        Command::Verify(arguments) => verify::run(file, arguments),
        Command::Reindex(arguments) => reindex::run(file, arguments),
        Command::Status(arguments) => status::run(file, arguments),
        Command::Tenant(arguments) => tenant::run(file, arguments),
        Command::Credential(arguments) => credential::run(file, arguments),
        Command::Account(arguments) => account::run(file, arguments),
        Command::Person(arguments) => person::run(file, arguments),
        Command::Group(arguments) => group::run(file, arguments),
        Command::Audit(arguments) => audit::run(file, arguments),
        Command::Follower(arguments) => follower::run(file, arguments),
        Command::Query(arguments) => query::run(file, arguments),
        Command::Sql(arguments) => sql::run(file, arguments),
        Command::Question(arguments) => question::run(file, arguments),
        Command::Dashboard(arguments) => dashboard::run(file, arguments),
        Command::Statement(arguments) => statement::run(file, arguments),
        Command::Proof(arguments) => proof::run(file, arguments),
        Command::Facts(arguments) => facts::run(file, arguments),
        Command::Analyse(arguments) => analyse::run(file, arguments),
        Command::Config(arguments) => config::run(file, arguments),
        Command::Generate(arguments) => generate::run(Arguments::command(), arguments),
    };
    outcome.unwrap_or_else(|error| {
        if terminal::is_reader_gone(&error) {
            return ExitCode::from(READER_GONE);
        }
        terminal::say(&format!("error: {error:#}"));
        ExitCode::from(2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_do_not_conflict() {
        Arguments::command().debug_assert();
    }
}
