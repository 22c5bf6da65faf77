//! Compressed input.

use std::io::{self, BufRead, BufReader};

use flate2::bufread::MultiGzDecoder;

/// How a file compressed with gzip begins (RFC 1952, 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The content of an input, decompressed if it is compressed with gzip.
///
/// # Errors
///
/// What reading its beginning reports.
pub fn decompress(mut input: Box<dyn BufRead + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    let is_gzip = input.fill_buf()?.starts_with(&GZIP_MAGIC);
    Ok(if is_gzip { Box::new(BufReader::new(MultiGzDecoder::new(input))) } else { input })
}
