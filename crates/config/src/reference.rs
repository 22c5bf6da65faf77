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

/// Bounds that no key changes: what, how much, and what happens over it.
const FIXED: &[(&str, &str, &str)] = &[
    ("Headers of a request", "100", "431"),
    ("`Authorization` header", "4 KiB", "401"),
    ("Body of a request to the admin API", "64 KiB", "413"),
    ("Items on a page of the admin API", "200", "400"),
    ("Connections to the control socket", "16", "the one idle for longest is closed"),
    ("Proxies that are followed back to a client", "32", "the last of them counts as the client"),
    ("JSON text of the parameter `agent`", "as long as the address", "414"),
    ("Text before the first part of a request with attachments", "8 KiB", "400"),
    ("Boundary of a request with attachments", "70 characters", "400"),
    ("Nesting of a document that is merged", "10,000", "400"),
    (
        "Unread body of a request without a known credential",
        "64 KiB are passed over",
        "the connection is closed behind the answer",
    ),
    ("What a fault quotes", "80 characters", "it is cut off"),
    ("Language ranges in `Accept-Language`", "64", "further ones are passed over"),
    ("Keys whose wrong secrets are counted", "10,000", "the counts start anew"),
    (
        "Keys without a credential that are remembered for a second",
        "10,000",
        "they are looked up again",
    ),
    ("Statements that wait to be written", "64 MiB or 200,000", "503 with Retry-After"),
    ("Documents that wait to be written", "4,096 writes", "503 with Retry-After"),
    ("References followed from a statement", "64", "filters do not look further"),
    (
        "Definitions filled into one page",
        "4 times `limits.page_bytes_max`",
        "further ones stay as sent",
    ),
];

/// The text of `docs/operate/limits.md`.
pub fn limits_page() -> String {
    let mut page = String::from(
        "# Limits\n\n\
         <!-- Generated from crates/config/src by `cargo xtask generate`. -->\n\n\
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
    for (what, bound, answer) in FIXED {
        let _ = writeln!(page, "| {what} | {bound} | {answer} |");
    }
    page
}
