//! Logging.

use crate::section::section;
use crate::value_spec::{ValueSpec, one_of};

/// The levels of log lines, and the word for none.
const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

section! {
    /// Logging.
    #[derive(Clone, Debug)]
    pub struct Log in "log." {
        /// The log level: `error`, `warn`, `info`, `debug`, `trace` or `off`. It can be set for
        /// each module, such as `acta_http=debug,info`.
        pub level: String = levels().default("info"),
        /// The format of log lines. `auto` is text on a terminal and JSON otherwise.
        pub format: LogFormat =
            one_of([("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)])
            .default("auto"),
        /// What log lines about refused requests say of the address of the client, which is data
        /// of a person: nothing with `none`; its network with `network` (the first 24 bits of an
        /// IPv4 address, the first 48 of an IPv6 address); the whole address with `full`.
        pub client_address: LoggedAddress = one_of([
            ("none", LoggedAddress::None),
            ("network", LoggedAddress::Network),
            ("full", LoggedAddress::Full),
        ])
        .default("none"),
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// Text.
    Text,
    /// One JSON object per line.
    Json,
}

/// How much of the address of a client is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedAddress {
    /// Nothing.
    None,
    /// Its network.
    Network,
    /// All of it.
    Full,
}

/// Levels separated by commas: one for all modules, others each for a module.
///
/// A single word that is not a level would otherwise be taken for a module, of which everything
/// is logged, and of the others nothing.
fn levels() -> ValueSpec<String> {
    ValueSpec::new("levels separated by commas", |text| {
        text.split(',').try_for_each(check_level).map(|()| text.to_owned())
    })
}

fn check_level(part: &str) -> Result<(), String> {
    let (module, level) = part.rsplit_once('=').unwrap_or(("all", part));
    let is_level = LEVELS.iter().any(|known| level.trim().eq_ignore_ascii_case(known));
    if is_level && !module.trim().is_empty() {
        return Ok(());
    }
    Err(format!(
        "expected error, warn, info, debug, trace or off, or a module with one of them such as \
         `acta_http=debug`, not {part:?}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_levels_are_refused() {
        for text in
            ["info", "WARN", "off", "acta_http=debug,info", "warn, audit=info", "a::b=trace"]
        {
            assert_eq!((levels().parse)(text), Ok(text.to_owned()), "{text}");
        }
        for text in ["", "inof", "verbose", "acta_http", "info,", "=info", "acta_http=inof,info"] {
            let refused = (levels().parse)(text).unwrap_err();
            assert!(refused.starts_with("expected error, warn, info"), "{text}: {refused}");
        }
    }
}
