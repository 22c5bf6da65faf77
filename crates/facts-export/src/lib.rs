//! Facts as Parquet files, for whatever else reads them.
//!
//! A folder has one file for each month and a manifest that lists them. An export writes the files
//! of the months that are new or have changed, each replaced as a whole; statements that are voided
//! are in none. `docs/guide/facts.md` explains the columns.
//!
//! It takes memory for the rows of about a million statements, however many there are. Who may
//! export what is decided by the caller.

mod columns;
mod export;
mod file_name;
mod key_columns;
mod manifest;
mod month;
mod order;
mod progress;
mod schema;
mod survey;
mod writer;

pub use export::{export, find_current};
pub use file_name::{FileName, NotAFileName};
pub use manifest::{
    ExportFile, MANIFEST_NAME, Manifest, SCHEMA, find_manifest, remove_others, replace_file,
};
pub use month::Month;
pub use progress::{ExportError, ExportProgress, Exporting};
