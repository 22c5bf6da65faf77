//! What is on the page.

use std::time::Duration;

use crate::text;

const PAGE: &str = "docs/operate/proxies.md";

/// What the addresses of servers on the page stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    /// One server.
    OneServer,
    /// Two nodes on one database.
    TwoNodes,
}

impl Setup {
    /// The addresses of servers in the configurations.
    pub(super) const fn addresses(self) -> &'static [&'static str] {
        match self {
            Self::OneServer => &["127.0.0.1:8080"],
            Self::TwoNodes => &["10.0.0.1:8081", "10.0.0.2:8081"],
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::OneServer => "one server",
            Self::TwoNodes => "two nodes",
        }
    }
}

/// The configuration of a proxy below the heading of its own, such as `nginx: one server`.
pub(super) fn configuration(proxy: &str, setup: Setup) -> String {
    let heading = format!("\n### {proxy}: {}\n", setup.title());
    let page = text(PAGE);
    let (_, section) = page.split_once(&heading).unwrap_or_else(|| panic!("no {heading}"));
    block(section, &proxy.to_lowercase())
}

/// The keys of Acta for a server behind a proxy.
pub(super) fn settings_of_acta(setup: Setup) -> String {
    let page = text(PAGE);
    let (_, section) = page.split_once("\n## Settings of Acta\n").unwrap();
    match setup {
        Setup::OneServer => block(section, "toml"),
        Setup::TwoNodes => block(section.split_once("For each of two nodes").unwrap().1, "toml"),
    }
}

/// How long the page says to wait between two nodes.
pub(super) fn pause_between_nodes() -> Duration {
    let page = text(PAGE);
    let (_, rest) = page.split_once("\n3. Wait ").unwrap();
    let (seconds, _) = rest.split_once(" seconds").unwrap();
    Duration::from_secs(seconds.parse().unwrap())
}

/// The first block of a language.
fn block(section: &str, language: &str) -> String {
    let (_, block) = section.split_once(&format!("\n```{language}\n")).unwrap();
    block.split_once("\n```\n").unwrap().0.to_owned() + "\n"
}

/// `text` with what stands on the page replaced, which must stand there.
#[track_caller]
pub(super) fn replaced(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old:?} is not in {text}");
    text.replace(old, new)
}
