//! Writes the table of the built files: paths, types, compressed contents and tags.

use std::fmt::Write as _;
use std::fs;
use std::io::{Error, Result, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

fn main() -> Result<()> {
    let built = variable("CARGO_MANIFEST_DIR")?.join("built");
    let out = variable("OUT_DIR")?;
    println!("cargo::rerun-if-changed={}", built.display());
    let mut paths = files_below(&built)?;
    paths.sort();
    let mut table = "&[\n".to_owned();
    for (index, path) in paths.iter().enumerate() {
        let plain = fs::read(path)?;
        let name = path.strip_prefix(&built).map_err(Error::other)?;
        let name = name.to_str().ok_or_else(|| Error::other("a name that is not UTF-8"))?;
        let packed = pack(name, &plain)?;
        let (plain_file, packed_file) = (literal(path)?, out.join(format!("{index}.gz")));
        let packed = match packed {
            Some(packed) => {
                fs::write(&packed_file, packed)?;
                format!("Some(include_bytes!({}))", literal(&packed_file)?)
            }
            None => "None".to_owned(),
        };
        let (content_type, tag) = (content_type(name)?, tag(&plain));
        writeln!(
            table,
            "Asset {{ path: \"/{name}\", content_type: {content_type:?}, tag: {tag:?}, \
             plain: include_bytes!({plain_file}), gzip: {packed} }},"
        )
        .map_err(Error::other)?;
    }
    table.push(']');
    fs::write(out.join("table.rs"), table)
}

fn variable(name: &str) -> Result<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).ok_or_else(|| Error::other(name.to_owned()))
}

/// The path as a literal of Rust.
fn literal(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| Error::other("a path that is not UTF-8"))?;
    Ok(format!("{text:?}"))
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// The content, compressed; none for files that are compressed already.
fn pack(name: &str, plain: &[u8]) -> Result<Option<Vec<u8>>> {
    if ending(name) == Some("woff2") {
        return Ok(None);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish().map(Some)
}

fn ending(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, ending)| ending)
}

fn content_type(name: &str) -> Result<&'static str> {
    match ending(name) {
        Some("html") => Ok("text/html; charset=utf-8"),
        Some("js") => Ok("text/javascript; charset=utf-8"),
        Some("css") => Ok("text/css; charset=utf-8"),
        Some("svg") => Ok("image/svg+xml"),
        Some("woff2") => Ok("font/woff2"),
        Some("txt") => Ok("text/plain; charset=utf-8"),
        _ => Err(Error::other(format!("a file of an unknown type: {name}"))),
    }
}

/// An entity tag: the beginning of the hash of the content. It is weak, because it stands for the
/// content with and without compression.
fn tag(plain: &[u8]) -> String {
    let hash = Sha256::digest(plain);
    format!("W/\"{}\"", hex::encode(&hash[..16]))
}
