//! Files that are generated from code and committed.

mod bounds;

use anyhow::{Context, Result, bail};

use crate::shell::{root, say};

fn files() -> Vec<(&'static str, String)> {
    vec![
        ("docs/operate/access.md", acta_access::reference_page()),
        ("docs/operate/config.md", acta_config::reference_page()),
        ("docs/operate/limits.md", acta_config::limits_page(&bounds::fixed())),
        ("spec/openapi/admin.json", acta_http_admin::openapi_document()),
    ]
}

/// Writes all of them.
pub(crate) fn write() -> Result<()> {
    for (name, text) in files() {
        std::fs::write(root().join(name), text).with_context(|| format!("cannot write {name}"))?;
        say(&format!("wrote {name}"));
    }
    Ok(())
}

/// Fails when one is not what would be generated now.
pub(crate) fn check() -> Result<()> {
    for (name, text) in files() {
        if std::fs::read_to_string(root().join(name)).unwrap_or_default() != text {
            bail!("{name} is not current: run `cargo xtask generate`");
        }
    }
    Ok(())
}
