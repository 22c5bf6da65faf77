//! Files and directories that are for the owner of the data directory alone.
//!
//! What is made here has no rights for anybody but its owner, whatever the umask of the process
//! is, and belongs to the owner of the directory in which it is made, also if root makes it.

mod owner;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

pub use owner::{copy_group_rights, copy_owner};

/// The rights of directories that are made: all for their owner, none for others.
const DIRECTORY_MODE: u32 = 0o700;

/// The rights of files that are made: reading and writing for their owner, none for others.
const FILE_MODE: u32 = 0o600;

/// Makes a directory and those above it, if they are missing. Those that are there stay as they
/// are.
///
/// # Errors
///
/// What the system reports.
pub fn create_directory(path: &Path) -> io::Result<()> {
    owner::create_directory(path, DIRECTORY_MODE)
}

/// Makes a file and opens it to read and write.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] if there is one; otherwise what the system reports.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).mode(FILE_MODE).open(path)?;
    owner::give_to_owner(path);
    Ok(file)
}

/// Opens a file to read and write, with what it holds. It is made if it is missing.
///
/// # Errors
///
/// What the system reports.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    match create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().read(true).write(true).open(path)
        }
        made => made,
    }
}

/// Opens a file to read and write, and empties it. It is made if it is missing.
///
/// # Errors
///
/// What the system reports.
pub fn replace(path: &Path) -> io::Result<File> {
    let file = open_or_create(path)?;
    file.set_len(0)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_made_for_its_owner_and_keeps_what_it_holds_until_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        open_or_create(&path).unwrap().write_all(b"bytes").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, FILE_MODE);
        assert_eq!(create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        let mut held = String::new();
        open_or_create(&path).unwrap().read_to_string(&mut held).unwrap();
        assert_eq!(held, "bytes");
        assert_eq!(replace(&path).unwrap().metadata().unwrap().len(), 0);
    }
}
