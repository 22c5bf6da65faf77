//! `/xapi/statements`: storing statements and finding them again.

mod attachments;
mod find;
mod store;

pub(crate) use find::get_statements;
pub use find::{open_cursor, read_filters, read_search};
pub(crate) use store::{post_statements, put_statement};
