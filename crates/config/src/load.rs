//! From sources to settings, and from settings to the typed tree.

mod administration;
mod oidc;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use acta_xapi::Version;

use crate::value::{NotANetwork, NotAValue};
use crate::{
    Attachments, ByteSize, Config, Database, KEYS, Key, Limits, Log, LogFormat, Migrate, Network,
    Objects, Origins, Secret, Seed, Span, Storage, Tls,
};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was set.
    Default,
    /// This file.
    File(PathBuf),
    /// The environment variable of the key.
    Environment,
    /// The environment variable of the key with `_FILE`, which names a file.
    EnvironmentFile,
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment | Self::EnvironmentFile => f.write_str("environment"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// One key with the value that is used.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The key.
    pub key: &'static Key,
    /// The value as text; none if unset.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

impl Setting {
    /// The value as it may be shown.
    pub fn shown(&self) -> &str {
        match &self.value {
            None => "(unset)",
            Some(_) if self.key.is_secret => "***",
            Some(value) => value,
        }
    }
}

/// The configuration, and where each value came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The typed tree.
    pub config: Config,
    /// Every key in the order of the reference.
    pub settings: Vec<Setting>,
}

/// Why a configuration is not usable. Each names what to mend.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system reports.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path} is not valid TOML")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// There is no such key.
    #[error("{origin}: there is no key `{name}`{}", suggestion(.name))]
    UnknownKey {
        /// The name that was set.
        name: String,
        /// Where.
        origin: String,
    },
    /// The value does not fit the key.
    #[error("{name} = {value:?} ({origin}): {reason}")]
    BadValue {
        /// The key.
        name: &'static str,
        /// What was set, or `***`.
        value: String,
        /// Where.
        origin: Origin,
        /// What is expected.
        reason: String,
    },
    /// One key needs another.
    #[error("{name} is set, but {missing} is not; set both or neither")]
    Incomplete {
        /// What is set.
        name: &'static str,
        /// What is missing.
        missing: &'static str,
    },
}

fn suggestion(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let near = KEYS.iter().find(|key| key.name.ends_with(last) || key.name.contains(name));
    near.map(|key| format!("; did you mean `{}`?", key.name)).unwrap_or_default()
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

/// Reads every source: `file` (when given, or `acta.toml` in the working directory when it
/// is there), `environment`, and `flags` as pairs of key and value.
///
/// # Errors
///
/// [`ConfigError`] for the first thing that must be mended.
pub fn load(
    file: Option<&Path>,
    environment: &Environment,
    flags: &[(&'static str, String)],
) -> Result<Loaded, ConfigError> {
    let mut settings: Vec<Setting> = KEYS
        .iter()
        .map(|key| Setting { key, value: key.default.map(str::to_owned), origin: Origin::Default })
        .collect();
    read_file(file, &mut settings)?;
    read_environment(environment, &mut settings)?;
    for (name, value) in flags {
        set(&mut settings, name, value.clone(), Origin::Flag, "command line")?;
    }
    let config = Typed(&settings).config()?;
    Ok(Loaded { config, settings })
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

/// Variables that begin with `ACTA_` and are read elsewhere.
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

/// Shorter heads cannot be told apart from an end that is missing.
const HEAD_BYTES_MIN: u64 = 8 << 10;

/// Shortest time that a client is given for anything.
const SPAN_MIN: Duration = Duration::from_millis(100);

/// An origin as browsers write it: a scheme, a host and perhaps a port, and nothing more.
fn origin(text: &str) -> Result<String, String> {
    let expected = || format!("expected `*` or origins as in `https://a.example`, not {text:?}");
    let (scheme, host) = text.split_once("://").ok_or_else(expected)?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"/?#@*,".contains(&byte);
    let is_origin = !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !host.is_empty()
        && host.bytes().all(is_plain);
    if is_origin { Ok(text.to_ascii_lowercase()) } else { Err(expected()) }
}

struct Typed<'a>(&'a [Setting]);

impl Typed<'_> {
    fn config(&self) -> Result<Config, ConfigError> {
        let public_url = self.public_url()?;
        let oidc_provider = self.provider(public_url.as_deref())?;
        let oidc_bearer = self.bearer(oidc_provider.as_ref())?;
        Ok(Config {
            data: self.parse("data")?,
            listen: self.parse("listen")?,
            public_url,
            default_version: self.version("default_version")?,
            authority_home_page: self.with("authority_home_page", |text| {
                let iri: Result<acta_xapi::Iri, _> = text.parse();
                iri.map(|iri| iri.as_str().to_owned()).map_err(|error| error.to_string())
            })?,
            seed: self.seed()?,
            log: Log { level: self.parse("log.level")?, format: self.log_format("log.format")? },
            origins: self.origins("cors.origins")?,
            trusted_proxies: self.networks("server.trusted_proxies")?,
            limits: self.limits()?,
            administration: self.administration()?,
            storage: Storage {
                segment_bytes: self.parse::<ByteSize>("storage.segment_bytes")?.0,
                run_entries: self.parse("storage.run_entries")?,
            },
            database: self.database()?,
            oidc_provider,
            oidc_bearer,
        })
    }

    /// Everything is checked, also what is of no use without a URL.
    fn database(&self) -> Result<Option<Database>, ConfigError> {
        let url = self.database_url("storage.url")?;
        let replica_url = self.database_url("storage.replica_url")?;
        let connections_max = self.count("storage.connections_max")?;
        let connect_timeout = self.span("storage.connect_timeout")?;
        let statement_timeout = self.span("storage.statement_timeout")?;
        let migrate = self.with("storage.migrate", |text| match text {
            "at-start" => Ok(Migrate::AtStart),
            "never" => Ok(Migrate::Never),
            _ => Err("expected at-start or never".to_owned()),
        })?;
        let tls = self.with_set("storage.tls", |text| match text {
            "disable" => Ok(Tls::Disable),
            "prefer" => Ok(Tls::Prefer),
            "require" => Ok(Tls::Require),
            "verify-full" => Ok(Tls::VerifyFull),
            _ => Err("expected disable, prefer, require or verify-full".to_owned()),
        })?;
        let tls_ca = self.with_set("storage.tls_ca", |text| Ok(PathBuf::from(text)))?;
        let objects = self.objects()?;
        let attachments = self.with("storage.attachments", |text| match text {
            "database" => Ok(Attachments::Database),
            "objects" if objects.is_some() => Ok(Attachments::Objects),
            "objects" => Err("expected `storage.objects_url` beside it".to_owned()),
            _ => Err("expected database or objects".to_owned()),
        })?;
        let attachment_bytes_max = self.parse::<ByteSize>("storage.attachment_bytes_max")?.0;
        let Some(url) = url else {
            self.with_set("storage.replica_url", |_| {
                Err::<(), _>("expected `storage.url` beside it".to_owned())
            })?;
            return Ok(None);
        };
        Ok(Some(Database {
            url,
            replica_url,
            connections_max,
            connect_timeout,
            statement_timeout,
            migrate,
            tls,
            tls_ca,
            attachments,
            attachment_bytes_max,
            objects,
        }))
    }

    fn objects(&self) -> Result<Option<Objects>, ConfigError> {
        let text = |name| self.with_set(name, |text| Ok(text.to_owned()));
        let url = self.with_set("storage.objects_url", |text| {
            let expected = || "expected s3://bucket/prefix".to_owned();
            if text.starts_with("s3://") { Ok(text.to_owned()) } else { Err(expected()) }
        })?;
        let (endpoint, access_key) =
            (text("storage.objects_endpoint")?, text("storage.objects_access_key")?);
        let secret_key = text("storage.objects_secret_key")?.map(Secret::new);
        let allow_http = self.with("storage.objects_allow_http", |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("expected true or false".to_owned()),
        })?;
        let region = self.with("storage.objects_region", |text| Ok(text.to_owned()))?;
        let Some(url) = url else { return Ok(None) };
        let missing = |missing| ConfigError::Incomplete { name: "storage.objects_url", missing };
        let access_key = access_key.ok_or_else(|| missing("storage.objects_access_key"))?;
        let secret_key = secret_key.ok_or_else(|| missing("storage.objects_secret_key"))?;
        Ok(Some(Objects { url, endpoint, region, access_key, secret_key, allow_http }))
    }

    fn database_url(&self, name: &'static str) -> Result<Option<Secret<String>>, ConfigError> {
        self.with_set(name, |text| {
            let is_known =
                ["postgres://", "postgresql://"].iter().any(|start| text.starts_with(start));
            let expected = || "expected postgres://user:password@host/database".to_owned();
            if is_known { Ok(Secret::new(text.to_owned())) } else { Err(expected()) }
        })
    }

    fn limits(&self) -> Result<Limits, ConfigError> {
        let bytes = |name| self.parse::<ByteSize>(name).map(|size| size.0);
        let limits = Limits {
            statements_bytes_max: bytes("limits.statements_bytes_max")?,
            statements_count_max: self.count("limits.statements_count_max")?,
            statement_bytes_max: bytes("limits.statement_bytes_max")?,
            json_depth_max: self.parse("limits.json_depth_max")?,
            json_values_max: self.parse("limits.json_values_max")?,
            faults_count_max: self.parse("limits.faults_count_max")?,
            attachment_bytes_max: bytes("limits.attachment_bytes_max")?,
            signature_bytes_max: bytes("limits.signature_bytes_max")?,
            multipart_bytes_max: bytes("limits.multipart_bytes_max")?,
            multipart_parts_max: self.parse("limits.multipart_parts_max")?,
            part_head_bytes_max: bytes("limits.part_head_bytes_max")?,
            unpacked_ratio_max: self.parse("limits.unpacked_ratio_max")?,
            document_bytes_max: bytes("limits.document_bytes_max")?,
            documents_count_max: self.parse("limits.documents_count_max")?,
            document_id_bytes_max: bytes("limits.document_id_bytes_max")?,
            head_bytes_max: bytes("limits.head_bytes_max")?,
            url_bytes_max: bytes("limits.url_bytes_max")?,
            parameters_count_max: self.parse("limits.parameters_count_max")?,
            anonymous_bytes_max: bytes("limits.anonymous_bytes_max")?,
            failures_count_max: self.parse("limits.failures_count_max")?,
            page_count_max: self.count("limits.page_count_max")?,
            page_bytes_max: bytes("limits.page_bytes_max")?,
            memory_bytes_max: bytes("limits.memory_bytes_max")?,
            connections_max: self.count("limits.connections_max")?,
            requests_max: self.count("limits.requests_max")?,
            head_timeout: self.span("limits.head_timeout")?,
            idle_timeout: self.span("limits.idle_timeout")?,
            body_timeout: self.span("limits.body_timeout")?,
            write_timeout: self.span("limits.write_timeout")?,
            rate_bytes_min: bytes("limits.rate_bytes_min")?,
            drain_timeout: self.parse("limits.drain_timeout")?,
        };
        let held = limits.statements_bytes_max.max(limits.document_bytes_max);
        self.with("limits.memory_bytes_max", |_| {
            let is_enough = held.saturating_mul(4) <= limits.memory_bytes_max;
            let reason = format!("expected four times the longest body, {held} bytes, at least");
            if is_enough { Ok(()) } else { Err(reason) }
        })?;
        self.with("limits.head_bytes_max", |_| {
            let is_enough = HEAD_BYTES_MIN <= limits.head_bytes_max;
            if is_enough { Ok(()) } else { Err("expected 8KiB at least".to_owned()) }
        })?;
        Ok(limits)
    }

    /// A time in which something can happen.
    fn span(&self, name: &'static str) -> Result<Span, ConfigError> {
        self.with(name, |text| {
            let span: Span = text.parse().map_err(|error: NotAValue| error.to_string())?;
            let is_enough = SPAN_MIN <= span.0;
            if is_enough { Ok(span) } else { Err("expected 100ms at least".to_owned()) }
        })
    }

    /// A count of what must not be none.
    fn count(&self, name: &'static str) -> Result<usize, ConfigError> {
        self.with(name, |text| {
            let count: Result<NonZeroUsize, _> = text.parse();
            count.map(NonZeroUsize::get).map_err(|_not_one| "expected a count from 1".to_owned())
        })
    }

    fn origins(&self, name: &'static str) -> Result<Origins, ConfigError> {
        self.with(name, |text| match text.trim() {
            "*" => Ok(Origins::Any),
            text => {
                text.split_whitespace().map(origin).collect::<Result<_, _>>().map(Origins::Listed)
            }
        })
    }

    fn networks(&self, name: &'static str) -> Result<Vec<Network>, ConfigError> {
        self.with(name, |text| {
            let networks = text.split_whitespace().map(str::parse);
            networks.collect::<Result<_, NotANetwork>>().map_err(|error| error.to_string())
        })
    }

    fn seed(&self) -> Result<Option<Seed>, ConfigError> {
        match (self.find("seed_key").1, self.find("seed_secret").1) {
            (Some(key), Some(secret)) => {
                Ok(Some(Seed { key: key.to_owned(), secret: Secret::new(secret.to_owned()) }))
            }
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err(ConfigError::Incomplete { name: "seed_key", missing: "seed_secret" })
            }
            (None, Some(_)) => {
                Err(ConfigError::Incomplete { name: "seed_secret", missing: "seed_key" })
            }
        }
    }

    fn find(&self, name: &'static str) -> (Option<&Setting>, Option<&str>) {
        let setting = self.0.iter().find(|setting| setting.key.name == name);
        (setting, setting.and_then(|setting| setting.value.as_deref()))
    }

    fn with<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, ConfigError> {
        let (setting, value) = self.find(name);
        parse(value.unwrap_or_default()).map_err(|reason| ConfigError::BadValue {
            name,
            value: setting.map(|setting| setting.shown().to_owned()).unwrap_or_default(),
            origin: setting.map_or(Origin::Default, |setting| setting.origin.clone()),
            reason,
        })
    }

    /// As [`Typed::with`], if anything is set.
    fn with_set<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        match self.find(name).1 {
            Some(_) => self.with(name, parse).map(Some),
            None => Ok(None),
        }
    }

    fn parse<T: FromStr<Err: fmt::Display>>(&self, name: &'static str) -> Result<T, ConfigError> {
        self.with(name, |text| text.parse().map_err(|error: T::Err| error.to_string()))
    }

    fn version(&self, name: &'static str) -> Result<Version, ConfigError> {
        self.with(name, |text| {
            let named = Version::EVERY.into_iter().find(|version| version.as_str() == text);
            named.ok_or_else(|| "expected 1.0.3 or 2.0.0".to_owned())
        })
    }

    fn log_format(&self, name: &'static str) -> Result<LogFormat, ConfigError> {
        self.with(name, |text| match text {
            "auto" => Ok(LogFormat::Auto),
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("expected auto, text or json".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests;
