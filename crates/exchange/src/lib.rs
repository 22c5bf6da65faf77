//! Import of statements from every form in which others write them, export as JSON Lines, and
//! copies of whole stores.
//!
//! An import can be interrupted and repeated at any time: what is already stored is
//! recognised, and the import of a file continues where it ended.

mod check;
mod copy;
mod export;
mod import;
mod input;
mod reader;
mod restored;
mod stored;

pub use check::{Checked, check};
pub use copy::{Copied, CopiedTenant, CopyError, Digest, Kind, StoreCopyProgress, copy};
pub use export::{Damaged, Export, ExportError, ExportProgress, Exported, export, write_statement};
pub use import::{Import, ImportError, Imported, Problem, Watch, import};
pub use input::decompress;
pub use restored::{Ended, RestoredError, RestoredStore};
pub use stored::{StoredItems, verify_stored};
