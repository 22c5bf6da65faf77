//! The reference of all keys, as a page for people.

use std::fmt::Write;

use crate::KEYS;

/// The text of `docs/operate/config.md`.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         <!-- Generated from crates/config/src by `cargo xtask generate`. -->\n\n\
         Values come from, each overruling the one before: defaults, the file `acta.toml` in\n\
         the working directory (or the one named by `--config` or `ACTA_CONFIG`), environment\n\
         variables, flags of the command line.\n\
         An unknown key is refused.\n\
         A secret can also be read from a file: put `_FILE` behind the name of its variable.\n\
         `acta config show` prints every value and where it came from; `acta config check`\n\
         only checks them.\n\n\
         Sizes are written as `512`, `64KiB`, `256MiB` or `1GiB`, times as `500ms`, `30s`,\n\
         `5m`, `1h` or `7d`.\n",
    );
    for key in KEYS.iter() {
        let over = key.answer.map(|answer| format!(" Over it: {answer}.")).unwrap_or_default();
        let default = key.default.map_or("unset".to_owned(), |value| format!("`{value}`"));
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n## `{}`\n\n{}{over}\n\n- Value: {}\n- Default: {default}\n- Variable: `{}`\n",
            key.name,
            key.help,
            key.kind,
            key.variable()
        );
    }
    page
}

/// A bound that no key changes.
#[derive(Clone, Debug)]
pub struct FixedBound {
    /// What it bounds.
    pub what: &'static str,
    /// How much that may be, with its unit.
    pub bound: String,
    /// What happens to what is over it.
    pub over: &'static str,
}

/// The text of `docs/operate/limits.md`, with the bounds that no key changes.
pub fn limits_page(fixed: &[FixedBound]) -> String {
    let mut page = String::from(
        "# Limits\n\n\
         <!-- Generated from the code by `cargo xtask generate`. -->\n\n\
         Everything that a client can make larger or slower has a bound.\n\
         An answer that refuses something tells the bound, and the key that sets it.\n\
         Every key can be set as [config.md](config.md) tells.\n\n\
         ## With a key\n\n\
         | what | default | key | over it |\n\
         | --- | --- | --- | --- |\n",
    );
    for key in KEYS.iter() {
        let (Some(answer), Some(default)) = (key.answer, key.default) else { continue };
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| {} | `{default}` | `{}` | {answer} |", key.help, key.name);
    }
    page.push_str(
        "\n## Without a key\n\n\
         | what | bound | over it |\n\
         | --- | --- | --- |\n",
    );
    for FixedBound { what, bound, over } in fixed {
        let _ = writeln!(page, "| {what} | {bound} | {over} |");
    }
    page
}
