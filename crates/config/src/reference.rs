//! The reference pages of all keys and limits.

use std::fmt::Write;

use crate::KEYS;

/// The text of `docs/operate/config.md`.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         <!-- Generated from crates/config/src by `cargo xtask generate`. -->\n\n\
         Values come from these sources: defaults, the file `acta.toml` in the working directory\n\
         (or the file given by `--config` or `ACTA_CONFIG`), environment variables, flags of the\n\
         command line. A later source overrides an earlier one.\n\
         An unknown key is an error.\n\
         A secret can also be read from a file: append `_FILE` to the name of its variable.\n\
         `acta config show` prints every value and its source; `acta config check` only checks\n\
         the values.\n\n\
         Sizes are written as `512`, `64KiB`, `256MiB` or `1GiB`, times as `500ms`, `30s`,\n\
         `5m`, `1h` or `7d`.\n",
    );
    for key in KEYS.iter() {
        let over =
            key.answer.map(|answer| format!(" Above the limit: {answer}.")).unwrap_or_default();
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

/// A limit that is not configurable.
#[derive(Clone, Debug)]
pub struct FixedBound {
    /// What it limits.
    pub what: &'static str,
    /// The limit, with its unit.
    pub bound: String,
    /// What happens above the limit.
    pub over: &'static str,
}

/// The text of `docs/operate/limits.md`, with the limits that are not configurable.
pub fn limits_page(fixed: &[FixedBound]) -> String {
    let mut page = String::from(
        "# Limits\n\n\
         <!-- Generated from the code by `cargo xtask generate`. -->\n\n\
         Everything that a client can make larger or slower has a limit.\n\
         An error response names the limit that was exceeded, and the key that sets it.\n\
         [config.md](config.md) describes how to set a key.\n\n\
         ## Configurable limits\n\n\
         | what | default | key | above the limit |\n\
         | --- | --- | --- | --- |\n",
    );
    for key in KEYS.iter() {
        let (Some(answer), Some(default)) = (key.answer, key.default) else { continue };
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| {} | `{default}` | `{}` | {answer} |", key.help, key.name);
    }
    page.push_str(
        "\n## Fixed limits\n\n\
         | what | limit | above the limit |\n\
         | --- | --- | --- |\n",
    );
    for FixedBound { what, bound, over } in fixed {
        let _ = writeln!(page, "| {what} | {bound} | {over} |");
    }
    page.push_str(COSTS);
    page
}

/// What clients can cost, as measured by `tests/hostile`.
const COSTS: &str = include_str!("costs.md");
