//! A connection of one question: it has the tables of one tenant and nothing else, reads only, and
//! has limits.
//!
//! Spec: sqlite.org/security.html, "Untrusted SQL Inputs".

use std::sync::Arc;

use acta_facts::{Relation, Table};
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, Result};

use crate::error::TEXT_BYTES_MAX;
use crate::facts::{self, Facts};
use crate::module::{self, Watched};
use crate::relations::Related;
use crate::watch::Watch;
use crate::{SqlError, functions};

/// How many steps of its machine SQLite takes before it asks whether to give up.
const STEPS_COUNT: i32 = 100;

/// The limits of a connection.
const LIMITS: [(Limit, i32); 11] = [
    (Limit::SQLITE_LIMIT_LENGTH, TEXT_BYTES_MAX),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, TEXT_BYTES_MAX),
    (Limit::SQLITE_LIMIT_COLUMN, 200),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 50),
    (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 60),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1_000),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// What is switched on or off, apart from what is by default.
const SETTINGS: [(DbConfig, bool); 8] = [
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
];

/// Tables of SQLite that make rows of the values of a JSON text.
const JSON_TABLES: [&str; 2] = ["json_each", "json_tree"];

/// Opens a connection to the facts of a table.
///
/// # Errors
///
/// Those of SQLite, such as no memory.
pub(crate) fn open(table: &Arc<Table>, watch: &Arc<Watch>) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_MEMORY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_in_memory_with_flags(flags)?;
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;")?;
    for (setting, is_on) in SETTINGS {
        connection.set_db_config(setting, is_on)?;
    }
    module::remove_all(&connection)?;
    let facts = Facts { table: Arc::clone(table), watch: Arc::clone(watch) };
    let watched = Watched { source: facts, watch: Arc::clone(watch) };
    module::add(&connection, facts::NAME, watched)?;
    for relation in Relation::EVERY {
        let source = Related::new(table, watch, relation);
        let watched = Watched { source, watch: Arc::clone(watch) };
        module::add(&connection, relation.name(), watched)?;
    }
    functions::add(&connection)?;
    for (limit, most) in LIMITS {
        connection.set_limit(limit, most)?;
    }
    let watching = Arc::clone(watch);
    connection.progress_handler(STEPS_COUNT, Some(move || watching.is_over()))?;
    let watching = Arc::clone(watch);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        let Some(text) = refusal(context.action) else { return Authorization::Allow };
        watching.note(SqlError::Refused(text));
        Authorization::Deny
    }))?;
    Ok(connection)
}

fn tables() -> impl Iterator<Item = &'static str> {
    std::iter::once(facts::NAME).chain(Relation::EVERY.map(Relation::name))
}

/// Why something may not be done; none if it may.
fn refusal(action: AuthAction<'_>) -> Option<String> {
    if matches!(action, AuthAction::Select | AuthAction::Recursive) {
        return None;
    }
    if let AuthAction::Function { function_name } = action {
        let is_known = functions::PERMITTED.contains(&&*function_name.to_ascii_lowercase());
        return (!is_known).then(|| format!("the function {function_name} is not available here"));
    }
    if let AuthAction::Read { table_name, column_name } = action {
        let is_table = tables().chain(JSON_TABLES).any(|known| known == table_name);
        // Common table expressions of which no column is read have their name here.
        let is_expression = column_name.is_empty() && !is_of_sqlite(table_name);
        return (!is_table && !is_expression).then(|| {
            let known = tables().collect::<Vec<_>>().join(", ");
            format!("the table {table_name} is not available here: the tables are {known}")
        });
    }
    Some("only SELECT is possible here".to_owned())
}

/// Whether SQLite may have a table with a name of its own accord, the others being removed.
fn is_of_sqlite(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["sqlite_", "pragma_", "json"].iter().any(|start| name.starts_with(start))
}
