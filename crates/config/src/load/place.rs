//! The place of the store: the directory of `data`, or the database of `storage.url`.

use crate::settings::{ConfigError, Origin, Setting};

/// The key of the directory.
const DIRECTORY: &str = "data";

/// The key of the database.
const DATABASE: &str = "storage.url";

/// The keys that are of use only with the database.
const OF_DATABASE: [&str; 2] = [DATABASE, "storage.replica_url"];

/// Decides which of both keys names the store: that of the more specific source. If it is the
/// directory, the keys of the database from less specific sources are not used.
///
/// # Errors
///
/// [`ConfigError::Contradiction`] when both are set by equally specific sources.
pub(super) fn choose(settings: &mut [Setting]) -> Result<(), ConfigError> {
    let origin = |name: &str| {
        let set = settings.iter().find(|setting| setting.key.name == name)?;
        set.value.is_some().then(|| set.origin.clone())
    };
    let Some((directory, database)) = origin(DIRECTORY).zip(origin(DATABASE)) else {
        return Ok(());
    };
    if directory == Origin::Default {
        return Ok(());
    }
    if directory.rank() == database.rank() {
        return Err(ConfigError::Contradiction {
            one: DIRECTORY,
            other: DATABASE,
            origin: directory,
        });
    }
    for setting in settings {
        let is_replaced = OF_DATABASE.contains(&setting.key.name)
            && setting.value.is_some()
            && setting.origin.rank() < directory.rank();
        if is_replaced {
            setting.replaced_by = Some(DIRECTORY);
        }
    }
    Ok(())
}
