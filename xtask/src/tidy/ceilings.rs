//! What is over a limit today, with the number that it must not grow over.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

/// The file with the numbers.
pub(super) const FILE: &str = "xtask/ceilings.toml";

/// The numbers of one rule, by the name of the folder of the crate.
pub(super) type Ceilings = BTreeMap<String, usize>;

/// Reads the numbers of the rule `name`.
pub(super) fn read(root: &Path, name: &str) -> Result<Ceilings> {
    let text = std::fs::read_to_string(root.join(FILE));
    parse(&text.with_context(|| format!("cannot read {FILE}"))?, name)
}

fn parse(text: &str, name: &str) -> Result<Ceilings> {
    let table: toml::Table = text.parse().with_context(|| format!("cannot parse {FILE}"))?;
    let rule = table.get(name).and_then(toml::Value::as_table);
    let rule = rule.with_context(|| format!("{FILE} has no table `{name}`"))?;
    let numbers = rule.iter().map(|(crate_name, value)| {
        let number = value.as_integer().and_then(|number| usize::try_from(number).ok());
        let number = number.with_context(|| format!("{FILE}: {name}.{crate_name} is no count"))?;
        Ok((crate_name.clone(), number))
    });
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_refuses_a_value_that_is_not_a_count() {
        let found = parse("[lines]\nhttp = 3\n", "lines").unwrap();
        assert_eq!(found, Ceilings::from([("http".to_owned(), 3)]));
        assert!(parse("[lines]\nhttp = \"many\"\n", "lines").is_err());
        assert!(parse("[lines]\n", "circles").is_err());
    }
}
