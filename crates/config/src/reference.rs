//! The reference of all keys, as a page for people.

use std::fmt::Write;

use crate::KEYS;

/// The text of `docs/operate/config.md`.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         <!-- Generated from crates/config/src/keys.rs by `cargo xtask generate`. -->\n\n\
         Values come from, each overruling the one before: defaults, the file `acta.toml` in\n\
         the working directory (or the one named by `--config` or `ACTA_CONFIG`), environment\n\
         variables, flags of the command line.\n\
         An unknown key is refused.\n\
         A secret can also be read from a file: put `_FILE` behind the name of its variable.\n\
         `acta config show` prints every value and where it came from; `acta config check`\n\
         only checks them.\n\n\
         Sizes are written as `512`, `64KiB`, `256MiB` or `1GiB`, times as `500ms`, `30s`,\n\
         `5m` or `1h`.\n",
    );
    for key in KEYS {
        let default = key.default.map_or("unset".to_owned(), |value| format!("`{value}`"));
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n## `{}`\n\n{}\n\n- Value: {}\n- Default: {default}\n- Variable: `{}`\n",
            key.name,
            key.help,
            key.kind,
            key.variable()
        );
    }
    page
}
