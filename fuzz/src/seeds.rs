//! Inputs to begin with, one folder for each target.

use std::fs;
use std::io;
use std::path::Path;

mod growth;
mod proof;
mod store;
mod text;

/// Statements that were not made here, if there are any, one on each line.
const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/statements");

/// Where they are written.
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/seeds");

/// Writes all of them into a folder beside what is built.
pub fn write_all() {
    write(Path::new(DIRECTORY)).expect("the folder of what is built takes files");
}

fn write(directory: &Path) -> io::Result<()> {
    let shared = shared_statements();
    let statements: Vec<&str> =
        text::STATEMENTS.iter().copied().chain(shared.iter().map(String::as_str)).collect();
    put(directory, "statement", text::statements(&statements))?;
    put(directory, "json", text::json(&statements))?;
    put(directory, "scalar", text::scalars())?;
    put(directory, "signature", text::signatures())?;
    put(directory, "multipart", text::multipart())?;
    put(directory, "request", text::requests(&statements))?;
    put(directory, "config", text::configurations())?;
    put(directory, "token", text::tokens())?;
    put(directory, "proof", proof::seeds())?;
    put(directory, "growth", growth::seeds())?;
    let stores = store::make();
    put(directory, "log", store::log(&stores))?;
    put(directory, "index", store::index(&stores))
}

fn put(directory: &Path, target: &str, seeds: Vec<Vec<u8>>) -> io::Result<()> {
    let folder = directory.join(target);
    fs::create_dir_all(&folder)?;
    for (number, seed) in seeds.into_iter().enumerate() {
        fs::write(folder.join(format!("{number:03}")), seed)?;
    }
    Ok(())
}

fn shared_statements() -> Vec<String> {
    let files = fs::read_dir(SHARED).into_iter().flatten().flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}
