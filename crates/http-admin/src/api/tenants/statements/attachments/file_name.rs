//! The name and the type of a file that holds an attachment.
//!
//! Both are made from what a client said of it, which may be meant to deceive: the end of a name is
//! that of its type, whatever the client said, so that nobody starts a program who opens a picture;
//! and the name holds nothing that is a path, a device or turns the direction of text.

use acta_xapi::Sha2;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What kind of file an attachment becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileKind {
    /// The content type with which it is sent.
    pub(super) content_type: &'static str,
    /// The ends of its name; the first one is used.
    extensions: &'static [&'static str],
}

/// Types that browsers do not execute, not even if they were shown.
const KNOWN: [FileKind; 15] = [
    FileKind { content_type: "application/pdf", extensions: &["pdf"] },
    FileKind { content_type: "application/json", extensions: &["json"] },
    FileKind { content_type: "application/zip", extensions: &["zip"] },
    FileKind { content_type: "audio/mp4", extensions: &["m4a", "mp4"] },
    FileKind { content_type: "audio/mpeg", extensions: &["mp3"] },
    FileKind { content_type: "audio/ogg", extensions: &["ogg", "oga"] },
    FileKind { content_type: "audio/wav", extensions: &["wav"] },
    FileKind { content_type: "audio/webm", extensions: &["weba", "webm"] },
    FileKind { content_type: "image/gif", extensions: &["gif"] },
    FileKind { content_type: "image/jpeg", extensions: &["jpg", "jpeg"] },
    FileKind { content_type: "image/png", extensions: &["png"] },
    FileKind { content_type: "image/webp", extensions: &["webp"] },
    FileKind { content_type: "text/plain", extensions: &["txt"] },
    FileKind { content_type: "video/mp4", extensions: &["mp4", "m4v"] },
    FileKind { content_type: "video/webm", extensions: &["webm"] },
];

/// Every other type.
const BYTES: FileKind = FileKind { content_type: "application/octet-stream", extensions: &["bin"] };

impl FileKind {
    /// The kind of what a statement says is of this type. Parameters, as of the character set, are
    /// left out.
    pub(super) fn of(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let known = KNOWN.into_iter().find(|kind| kind.content_type.eq_ignore_ascii_case(essence));
        known.unwrap_or(BYTES)
    }

    fn extension(self) -> &'static str {
        self.extensions.first().copied().unwrap_or("bin")
    }

    /// A name without its end, if that is one of this kind.
    fn without_extension(self, name: &str) -> &str {
        let Some((stem, end)) = name.rsplit_once('.') else { return name };
        let is_own = self.extensions.iter().any(|known| known.eq_ignore_ascii_case(end));
        if is_own { stem } else { name }
    }
}

/// Longest name without its end, in characters, of which each has at most 4 bytes: file systems
/// hold names of 255 bytes.
const NAME_CHARS_MAX: usize = 60;

/// Characters of the hash in the name of an attachment that has no other.
const HASH_CHARS: usize = 12;

/// Names that are devices on Windows, with any end.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// The value of `Content-Disposition` for an attachment that the statement calls `display`.
///
/// Spec: RFC 6266, 4.3 and appendix D; RFC 8187, 3.2.
pub(super) fn disposition(display: Option<&str>, sha2: &Sha2, kind: FileKind) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

    let name = file_name(display, sha2, kind);
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '-' | '.' | '_');
    let plain: String =
        name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    let encoded = utf8_percent_encode(&name, KEPT);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn file_name(display: Option<&str>, sha2: &Sha2, kind: FileKind) -> String {
    let shown = display.unwrap_or_default();
    let shown: String = shown.chars().filter(|letter| !is_invisible(*letter)).map(plain).collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    let name = words.join(" ");
    let name = kind.without_extension(&name);
    let name: String = name.trim_start_matches(is_edge).chars().take(NAME_CHARS_MAX).collect();
    let name = name.trim_matches(is_edge);
    let extension = kind.extension();
    if !name.contains(char::is_alphanumeric) {
        let hash = sha2.as_str().get(..HASH_CHARS).unwrap_or_default();
        return format!("attachment-{hash}.{extension}");
    }
    let mark = if is_device(name) { "_" } else { "" };
    format!("{mark}{name}.{extension}")
}

/// What is neither at the start nor at the end of a name: hidden files begin with a dot, options of
/// commands with a hyphen, and Windows removes dots and blanks from the end.
fn is_edge(letter: char) -> bool {
    matches!(letter, '.' | ' ' | '-' | '_' | '~')
}

/// Whether a character is not seen, or changes where others are seen.
fn is_invisible(letter: char) -> bool {
    let is_line_break = matches!(letter, '\t' | '\n' | '\r');
    (letter.is_control() && !is_line_break)
        || matches!(
            letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The character, or what stands for one that means something to a system or a shell.
fn plain(letter: char) -> char {
    let is_special = matches!(
        letter,
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%' | '$' | '`' | '\'' | ';' | '&'
    );
    if is_special { '_' } else { letter }
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let is_port = |port: &str| {
        let number = stem.strip_prefix(port);
        number.is_some_and(|number| number.chars().count() == 1)
    };
    DEVICES.contains(&stem.as_str()) || is_port("com") || is_port("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash() -> Sha2 {
        Sha2::sha256(b"an attachment")
    }

    #[track_caller]
    fn check(display: &str, content_type: &str, expected: &str) {
        let name = file_name(Some(display), &hash(), FileKind::of(content_type));
        assert_eq!(name, expected, "{display:?} of {content_type:?}");
    }

    #[test]
    fn a_name_ends_as_its_type_says() {
        let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for (display, content_type, expected) in [
            ("Essay", "application/pdf", "Essay.pdf"),
            ("Essay.PDF", "application/pdf", "Essay.pdf"),
            ("Essay.pdf", "Application/PDF; charset=x", "Essay.pdf"),
            ("Photo.jpeg", "image/jpeg", "Photo.jpg"),
            ("Photo.exe", "image/png", "Photo.exe.png"),
            ("Essay.docx", docx, "Essay.docx.bin"),
            ("Page.html", "text/html", "Page.html.bin"),
            ("Drawing.svg", "image/svg+xml", "Drawing.svg.bin"),
            ("setup.exe", "application/octet-stream", "setup.exe.bin"),
            ("Essay", "application/pdf, text/html", "Essay.bin"),
            ("Essay", "", "Essay.bin"),
            ("Grüße aus Köln", "text/plain", "Grüße aus Köln.txt"),
        ] {
            check(display, content_type, expected);
        }
    }

    #[test]
    fn a_name_is_no_path_no_device_and_as_it_looks() {
        for (display, expected) in [
            ("../../etc/passwd", "etc_passwd.png"),
            ("..\\..\\boot.ini", "boot.ini.png"),
            ("C:\\autoexec", "C__autoexec.png"),
            (".bashrc", "bashrc.png"),
            ("--output=x", "output=x.png"),
            ("name\r\nSet-Cookie: a=b", "name Set-Cookie_ a=b.png"),
            ("nul\0l", "null.png"),
            ("\u{202e}gnp.exe", "gnp.exe.png"),
            ("a\u{200b}\u{feff}b", "ab.png"),
            ("a\";filename=\"b.exe", "a__filename=_b.exe.png"),
            ("%00%2e%2e%2f", "00_2e_2e_2f.png"),
            ("CON", "_CON.png"),
            ("con.txt", "_con.txt.png"),
            ("Com1 .x", "_Com1 .x.png"),
            ("com", "com.png"),
            ("lpt²", "_lpt².png"),
            ("trailing. . ", "trailing.png"),
            ("a \t\n b", "a b.png"),
        ] {
            check(display, "image/png", expected);
        }
    }

    #[test]
    fn an_attachment_without_a_name_has_its_hash() {
        let expected = format!("attachment-{}.bin", &hash().as_str()[..12]);
        for display in [None, Some(""), Some("..."), Some("\u{202e}\u{200b}"), Some("/ _ -")] {
            assert_eq!(file_name(display, &hash(), BYTES), expected, "{display:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_to_what_file_systems_hold() {
        for letter in ["a", "ü", "漢", "𠀀"] {
            let name = file_name(Some(&letter.repeat(5_000)), &hash(), BYTES);
            let end = name.rsplit_once('.').map(|(_, end)| end);
            assert_eq!(end, Some("bin"), "{letter}");
            assert!(name.len() <= 255, "{letter}: {}", name.len());
        }
    }

    #[test]
    fn a_header_has_an_ascii_name_and_if_needed_the_whole_one() {
        for (display, expected) in [
            ("Essay", "attachment; filename=\"Essay.txt\""),
            ("a\"b\\c", "attachment; filename=\"a_b_c.txt\""),
            (
                "Grüße (2)",
                "attachment; filename=\"Gr__e _2_.txt\"; \
                 filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%282%29.txt",
            ),
        ] {
            let kind = FileKind::of("text/plain");
            assert_eq!(disposition(Some(display), &hash(), kind), expected, "{display}");
        }
    }
}
