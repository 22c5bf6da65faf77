//! Import and export of statements as JSON Lines: one statement a line; and copies of whole
//! stores.
//!
//! An import can be broken off and repeated at any time: what is stored already is
//! recognised, and a file goes on where it stopped.

mod check;
mod copy;
mod export;
mod import;

pub use check::{Checked, check};
pub use copy::{Copied, CopiedTenant, CopyError, Digest, Kind, StoreCopyProgress, copy};
pub use export::{Damaged, Export, ExportError, ExportProgress, Exported, export, write_statement};
pub use import::{Import, ImportError, Imported, Problem, Watch, import};
