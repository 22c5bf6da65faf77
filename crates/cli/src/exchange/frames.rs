//! The frames of an answer: a letter for the kind, the length in four bytes, little-endian, and
//! the content.

use std::io::{self, Read, Write};

/// Longest content of a frame, in bytes.
const CONTENT_BYTES_MAX: usize = 16 << 20;

/// What a frame contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// A piece of what is exported.
    Data,
    /// A line for people.
    Message,
    /// How much has been processed: eight bytes, little-endian.
    Progress,
    /// The result, as JSON. Nothing follows.
    End,
    /// Why there is no result. Nothing follows.
    Failure,
}

impl FrameKind {
    const EVERY: [Self; 5] = [Self::Data, Self::Message, Self::Progress, Self::End, Self::Failure];

    const fn letter(self) -> u8 {
        match self {
            Self::Data => b'd',
            Self::Message => b'm',
            Self::Progress => b'p',
            Self::End => b'e',
            Self::Failure => b'f',
        }
    }
}

/// Writes a frame, or several if the content is too long for one.
///
/// # Errors
///
/// What writing reports.
pub(super) fn write_frame(
    output: &mut dyn Write,
    kind: FrameKind,
    content: &[u8],
) -> io::Result<()> {
    let mut rest = content;
    loop {
        let (piece, behind) = rest.split_at(rest.len().min(CONTENT_BYTES_MAX));
        let len = u32::try_from(piece.len()).map_err(io::Error::other)?;
        output.write_all(&[kind.letter()])?;
        output.write_all(&len.to_le_bytes())?;
        output.write_all(piece)?;
        if behind.is_empty() {
            return Ok(());
        }
        rest = behind;
    }
}

/// Reads a frame.
///
/// # Errors
///
/// What reading reports; `InvalidData` for what is no frame.
pub(super) fn read_frame(input: &mut dyn Read) -> io::Result<(FrameKind, Vec<u8>)> {
    let mut head = [0; 5];
    input.read_exact(&mut head)?;
    let [letter, len @ ..] = head;
    let kind = FrameKind::EVERY.into_iter().find(|kind| kind.letter() == letter);
    let len = usize::try_from(u32::from_le_bytes(len)).unwrap_or(usize::MAX);
    let Some(kind) = kind.filter(|_| len <= CONTENT_BYTES_MAX) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is not understood"));
    };
    let mut content = vec![0; len];
    input.read_exact(&mut content)?;
    Ok((kind, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, FrameKind::Message, b"one").unwrap();
        write_frame(&mut bytes, FrameKind::Data, &vec![7; CONTENT_BYTES_MAX + 1]).unwrap();
        write_frame(&mut bytes, FrameKind::End, b"").unwrap();
        let mut input = &bytes[..];
        let lens: Vec<_> = std::iter::from_fn(|| read_frame(&mut input).ok())
            .map(|(kind, content)| (kind, content.len()))
            .collect();
        let expected = [
            (FrameKind::Message, 3),
            (FrameKind::Data, CONTENT_BYTES_MAX),
            (FrameKind::Data, 1),
            (FrameKind::End, 0),
        ];
        assert_eq!(lens, expected);
        assert!(read_frame(&mut &b"x\x00\x00\x00\x00"[..]).is_err());
        assert!(read_frame(&mut &b"d\xff\xff\xff\xff"[..]).is_err());
    }
}
