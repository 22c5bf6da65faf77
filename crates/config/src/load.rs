//! Loads the settings of all sources, and makes the typed configuration.

mod place;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{Config, KEYS};
use crate::section::Section;
use crate::settings::{ConfigError, Origin, Setting, Settings};

/// The configuration, with the source of each value.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The typed tree.
    pub config: Config,
    /// Every key in the order of the reference.
    pub settings: Vec<Setting>,
}

/// The environment variables of a process, or of a test.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process that begin with `ACTA_`.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().filter(|(name, _)| name.starts_with("ACTA_")).collect())
    }
}

/// Reads every source: `file` (if given, otherwise `acta.toml` in the working directory if it
/// exists), `environment`, and `flags` as pairs of key and value.
///
/// Of `data` and `storage.url`, which both name the store, the one from the more specific source is
/// used.
///
/// # Errors
///
/// [`ConfigError`] for the first value that must be corrected.
pub fn load(
    file: Option<&Path>,
    environment: &Environment,
    flags: &[(&'static str, String)],
) -> Result<Loaded, ConfigError> {
    let mut settings: Vec<Setting> = KEYS
        .iter()
        .map(|key| Setting {
            key,
            value: key.default.map(str::to_owned),
            origin: Origin::Default,
            replaced_by: None,
        })
        .collect();
    read_file(file, &mut settings)?;
    read_environment(environment, &mut settings)?;
    for (name, value) in flags {
        set(&mut settings, name, value.clone(), Origin::Flag, "command line")?;
    }
    place::choose(&mut settings)?;
    let settings = Settings(settings);
    let config = Config::read(&settings)?;
    Ok(Loaded { config, settings: settings.0 })
}

fn set(
    settings: &mut [Setting],
    name: &str,
    value: String,
    origin: Origin,
    place: &str,
) -> Result<(), ConfigError> {
    let setting = settings.iter_mut().find(|setting| setting.key.name == name);
    let setting = setting.ok_or_else(|| ConfigError::UnknownKey {
        name: name.to_owned(),
        origin: place.to_owned(),
        similar: similar(name),
    })?;
    setting.value = Some(value);
    setting.origin = origin;
    Ok(())
}

fn read_file(file: Option<&Path>, settings: &mut [Setting]) -> Result<(), ConfigError> {
    let path = file.unwrap_or(Path::new("acta.toml"));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(());
        }
        Err(source) => return Err(ConfigError::Unreadable { path: path.to_owned(), source }),
    };
    let table: toml::Table = text.parse().map_err(|source| ConfigError::NotToml {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    let mut flat = Vec::new();
    flatten("", &table, &mut flat);
    for (name, value) in flat {
        let place = path.display().to_string();
        set(settings, &name, value, Origin::File(path.to_owned()), &place)?;
    }
    Ok(())
}

fn flatten(prefix: &str, table: &toml::Table, flat: &mut Vec<(String, String)>) {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            toml::Value::Table(inner) => flatten(&format!("{name}."), inner, flat),
            toml::Value::String(text) => flat.push((name, text.clone())),
            toml::Value::Array(items) if items.iter().all(toml::Value::is_str) => {
                let items: Vec<_> = items.iter().filter_map(toml::Value::as_str).collect();
                flat.push((name, items.join("; ")));
            }
            toml::Value::Integer(_)
            | toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_) => flat.push((name, value.to_string())),
        }
    }
}

/// Variables with the prefix `ACTA_` that are read elsewhere.
const FOREIGN_VARIABLES: &[&str] = &["ACTA_CONFIG"];

fn read_environment(
    environment: &Environment,
    settings: &mut [Setting],
) -> Result<(), ConfigError> {
    for (variable, value) in &environment.0 {
        if FOREIGN_VARIABLES.contains(&variable.as_str()) {
            continue;
        }
        let in_file = variable.strip_suffix("_FILE");
        let named = settings.iter_mut().find(|setting| {
            let name = setting.key.variable();
            name == *variable || setting.key.is_secret && in_file == Some(&name)
        });
        let setting = named.ok_or_else(|| ConfigError::UnknownKey {
            name: variable.clone(),
            origin: "environment".to_owned(),
            similar: similar(variable),
        })?;
        if setting.key.variable() == *variable {
            setting.value = Some(value.clone());
            setting.origin = Origin::Environment;
        } else {
            let path = PathBuf::from(value);
            let text = std::fs::read_to_string(&path)
                .map_err(|source| ConfigError::Unreadable { path, source })?;
            setting.value = Some(text.trim_end_matches(['\n', '\r']).to_owned());
            setting.origin = Origin::EnvironmentFile;
        }
    }
    Ok(())
}

/// The key that is most similar to `name`.
fn similar(name: &str) -> Option<&'static str> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let near = KEYS.iter().find(|key| key.name.ends_with(last) || key.name.contains(name));
    near.map(|key| key.name)
}

#[cfg(test)]
pub(crate) mod tests;
