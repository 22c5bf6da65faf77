//! The tenants of a command about statements: one, or all of them, each with a file of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use acta_access::TenantId;
use anyhow::{Context, Result, bail};

/// How the file of a tenant begins, in a directory with files of all tenants.
const FILE_PREFIX: &str = "tenant-";

/// How it ends: as it is written, or as somebody has compressed it.
const FILE_SUFFIXES: [&str; 2] = [".jsonl", ".jsonl.gz"];

/// The tenants of a command. With several tenants, one of the options is required.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct TenantArgs {
    /// The id of the tenant; can be omitted if there is only one.
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<TenantId>,
    /// All tenants. FILE is a directory then, with a file for each tenant, such as
    /// `tenant-1.jsonl`.
    #[arg(long, conflicts_with = "tenant")]
    pub(crate) all_tenants: bool,
}

/// The tenants that were selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SelectedTenants {
    /// One.
    One(TenantId),
    /// All, in the order of their numbers.
    All(Vec<TenantId>),
}

impl TenantArgs {
    /// The selected ones of the tenants that `place` has.
    ///
    /// # Errors
    ///
    /// When there are several and none was selected, or the selected one does not exist.
    pub(crate) fn select_of(self, present: Vec<TenantId>, place: &str) -> Result<SelectedTenants> {
        match (self.tenant, present.as_slice()) {
            _ if self.all_tenants => Ok(SelectedTenants::All(present)),
            (Some(tenant), present) if present.contains(&tenant) => {
                Ok(SelectedTenants::One(tenant))
            }
            (Some(tenant), present) => {
                bail!("there is no tenant {tenant} in {place}; it has {}", listed(present))
            }
            (None, [only]) => Ok(SelectedTenants::One(*only)),
            (None, []) => bail!("there is no tenant in {place}"),
            (None, several) => bail!(
                "there are several tenants in {place}: select one with --tenant ID, or all with \
                 --all-tenants; it has {}",
                listed(several)
            ),
        }
    }
}

/// At most the first tenants, as text.
fn listed(tenants: &[TenantId]) -> String {
    /// Most tenants that are listed.
    const COUNT_MAX: usize = 10;

    let names: Vec<_> = tenants.iter().take(COUNT_MAX).map(TenantId::to_string).collect();
    let more = if COUNT_MAX < tenants.len() { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

/// The name of the file of a tenant.
pub(crate) fn file_name(tenant: TenantId) -> String {
    format!("{FILE_PREFIX}{tenant}{}", FILE_SUFFIXES[0])
}

/// The files of the selected tenants in a directory, each with its tenant.
///
/// # Errors
///
/// When the directory cannot be read, contains something else, or has no file of a selected
/// tenant.
pub(crate) fn files_in(
    directory: &Path,
    arguments: TenantArgs,
) -> Result<BTreeMap<TenantId, PathBuf>> {
    let unreadable = || format!("cannot read the directory {}", directory.display());
    let mut files = BTreeMap::new();
    for entry in directory.read_dir().with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let Some(tenant) = tenant_of(&path) else {
            bail!("{} is not named after a tenant, such as tenant-1.jsonl", path.display());
        };
        if let Some(other) = files.insert(tenant, path) {
            bail!(
                "{} contains two files of tenant {tenant}: {}",
                directory.display(),
                other.display()
            );
        }
    }
    let present = files.keys().copied().collect();
    let place = directory.display().to_string();
    if let SelectedTenants::One(tenant) = arguments.select_of(present, &place)? {
        files.retain(|of, _| *of == tenant);
    }
    if files.is_empty() {
        bail!("{place} contains no files of tenants, such as tenant-1.jsonl");
    }
    Ok(files)
}

fn tenant_of(path: &Path) -> Option<TenantId> {
    let name = path.file_name()?.to_str()?.strip_prefix(FILE_PREFIX)?;
    FILE_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants(numbers: &[u32]) -> Vec<TenantId> {
        numbers.iter().map(|number| TenantId::new(*number).unwrap()).collect()
    }

    #[test]
    fn several_tenants_must_be_selected() {
        let select = |tenant: Option<u32>, all_tenants, present: &[u32]| {
            let tenant = tenant.and_then(TenantId::new);
            let selected = TenantArgs { tenant, all_tenants }.select_of(tenants(present), "there");
            selected.map_err(|error| error.to_string())
        };
        let one = |number| Ok(SelectedTenants::One(TenantId::new(number).unwrap()));
        assert_eq!(select(None, false, &[3]), one(3));
        assert_eq!(select(Some(2), false, &[1, 2]), one(2));
        assert_eq!(select(None, true, &[1, 2]), Ok(SelectedTenants::All(tenants(&[1, 2]))));
        assert_eq!(select(None, true, &[1]), Ok(SelectedTenants::All(tenants(&[1]))));
        let error = select(None, false, &[1, 2]).unwrap_err();
        assert!(error.contains("--tenant ID, or all with --all-tenants; it has 1, 2"), "{error}");
        let error = select(Some(3), false, &[1, 2]).unwrap_err();
        assert_eq!(error, "there is no tenant 3 in there; it has 1, 2");
    }

    #[test]
    fn files_are_named_after_their_tenants() {
        let table = [
            ("tenant-1.jsonl", Some(1)),
            ("a/tenant-12.jsonl.gz", Some(12)),
            ("tenant-0.jsonl", None),
            ("tenant-1.json", None),
            ("1.jsonl", None),
        ];
        for (path, expected) in table {
            assert_eq!(tenant_of(Path::new(path)), expected.and_then(TenantId::new), "{path}");
        }
        assert_eq!(file_name(TenantId::FIRST), "tenant-1.jsonl");
    }
}
