//! QR codes as inline SVG: an image from elsewhere would see the secret, and the policy of the
//! pages forbids it.

use std::fmt::Write as _;

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// The light margin that scanners need, in modules.
///
/// Spec: ISO/IEC 18004, 9.1.
const MARGIN: i32 = 4;

/// The code of `text`; nothing if it is too long for one, so that the key is entered by hand.
pub(super) fn svg(text: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return html! {} };
    let size = code.size();
    let width = size + 2 * MARGIN;
    let modules = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    let mut path = String::new();
    for (x, y) in modules.filter(|(x, y)| code.get_module(*x, *y)) {
        // Writing to a String cannot fail.
        let _ = write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
    }
    html! {
        // Dark on light in every colour scheme: not all apps read inverted codes.
        svg.qr role="img" aria-label="QR code for your authenticator app"
            viewBox={ "0 0 " (width) " " (width) } shape-rendering="crispEdges" {
            rect width=(width) height=(width) fill="#ffffff" {}
            path d=(path) fill="#000000" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_corners_and_a_margin() {
        let text = svg("otpauth://totp/Acta:ada@example.org?secret=ABC&issuer=Acta").into_string();
        // 33 modules, with 4 on each side.
        assert!(text.contains("viewBox=\"0 0 41 41\""), "{text}");
        for corner in ["M4 4h1v1h-1z", "M36 4h1v1h-1z", "M4 36h1v1h-1z"] {
            assert!(text.contains(corner), "{corner} in {text}");
        }
        assert!(!text.contains("M3 ") && !text.contains("M37 "), "{text}");
        assert!(!text.contains("style=") && !text.contains("href"), "{text}");
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert_eq!(svg(&"x".repeat(5000)).into_string(), "");
    }
}
