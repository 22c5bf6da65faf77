//! Selects the engine and wires the parts.

mod administration;
mod clock;
pub(crate) mod database;
pub(crate) mod directory;
mod embedded;
mod engine;
mod exposure;
mod facts;
mod load;
mod oidc;
mod proofs;
mod side;
mod store_args;

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{Clock, Entropy, GuardedClock, SystemClock, SystemEntropy};
use acta_auth::PasswordHasherOptions;
use acta_config::Config;
use acta_followers::{FollowerWatch, Followers};
use acta_http::{App, Backend, Dependencies, HttpParts, Settings};
use acta_http_admin::{AdminApiParts, AdminApiSettings, ClockGauge};
use acta_http_facts::FactSettings;
use acta_http_pages::route_groups;
use acta_proof::Proofs;
use acta_service::{Service, ServiceParts, StatementPageLimits};
use acta_storage::{Storage, StorageError, StoredStatement};
use acta_storage_embedded::{
    Disk, EmbeddedStorage, LostTables, OpenError, ReadOnlyDisk, Reindexed, ScratchDisk, SystemDisk,
    Verified, VerifyOptions,
};
use acta_xapi::json::JsonLimits;
use acta_xapi::{IriRule, ParseLimits};
use anyhow::{Context, Result, bail};

use clock::{StoreClock, guarded_clock};
pub(crate) use engine::{Engine, IfMissing};
pub(crate) use exposure::{exposed_directory, exposed_files};
pub(crate) use facts::ServerFacts;
pub(crate) use load::load;
pub(crate) use side::open_side;
pub(crate) use store_args::{StoreArgs, host_of, load_directory, public_address, server_address};

/// Statements on a page when the reader names no limit.
const PAGE_COUNT: usize = 100;

/// Most passwords that are hashed at a time, each in 19 MiB of memory, which is reused.
const PASSWORDS_RUNNING_MAX: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// Most passwords that wait to be hashed. Further requests are refused as busy.
const PASSWORDS_WAITING_MAX: usize = 64;

/// Runs `work` to its end on all cores.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(work)
}

/// An open store and the use cases on it.
pub(crate) struct Store {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) service: Service,
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<GuardedClock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Proofs of statements, if they are enabled.
    proofs: Option<Arc<Proofs>>,
    followers: Option<Followers>,
}

impl Store {
    /// Opens the store that `config` names.
    pub(crate) async fn open(config: &Config, missing: IfMissing) -> Result<Self> {
        let clock = Arc::new(guarded_clock(config));
        let shared: Arc<dyn Clock> = Arc::<GuardedClock>::clone(&clock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let opening = Engine::open(config, missing, Arc::clone(&shared), Arc::clone(&entropy));
        let engine = opening.await?;
        let compared = engine.compare_clock(&clock).await;
        compared.context("cannot read the clock of the database")?;
        let storage = engine.storage();
        let service = Service::new(ServiceParts {
            storage: Arc::clone(&storage),
            clock: shared,
            entropy: Arc::clone(&entropy),
            options: service_options(config)?,
        });
        let proofs = proofs::open(config, &storage, &*entropy).await?;
        Ok(Self { storage, service, engine, clock, entropy, proofs, followers: None })
    }

    /// Starts the followers of a server that has these facts.
    pub(crate) fn follow(&mut self, facts: &ServerFacts) -> FollowerWatch {
        let mut followers = Followers::start(&self.storage, Followers::built_in());
        if let Some(follower) = facts.follower(&self.storage) {
            followers.add(&self.storage, follower);
        }
        if let Some(proofs) = &self.proofs {
            followers.add(&self.storage, proofs::follower(proofs, &self.entropy));
        }
        self.followers.insert(followers).watch()
    }

    /// The parts of the server.
    pub(crate) async fn server_parts(
        &self,
        config: &Config,
        connections_max: usize,
        facts: Option<FactSettings>,
    ) -> Result<ServerParts> {
        let clock: Arc<dyn Clock> = Arc::<GuardedClock>::clone(&self.clock);
        let backend = Backend {
            storage: Arc::clone(&self.storage),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&self.entropy),
        };
        let settings = Settings {
            auth: acta_auth::Options { failures_count_max: config.limits.failures_count_max },
            bearer: oidc::bearer(config, Arc::clone(&clock))?,
            http: http_options(config, connections_max),
        };
        let http = HttpParts::open(&backend, self.service.clone(), settings).await?;
        let settings = AdminApiSettings {
            passwords: PasswordHasherOptions {
                running_count_max: std::thread::available_parallelism()
                    .unwrap_or(NonZeroUsize::MIN)
                    .min(PASSWORDS_RUNNING_MAX),
                waiting_count_max: PASSWORDS_WAITING_MAX,
            },
            admin: administration::admin_options(config)?,
            provider: oidc::provider(config, clock, Arc::clone(&self.entropy))?,
            engine: self.engine.kind(),
            clock: self.clock_gauge(),
            facts,
            proofs: self.proofs.clone(),
        };
        let admin = AdminApiParts::open(&backend, &http, settings).await?;
        Ok(ServerParts { http, admin })
    }

    /// How its times relate to the clock of the machine.
    pub(crate) fn clock_gauge(&self) -> Arc<dyn ClockGauge> {
        let (engine, clock) = (self.engine.clone(), Arc::clone(&self.clock));
        Arc::new(StoreClock { engine, clock })
    }

    /// Refuses a store that is an unfinished copy.
    pub(crate) async fn check_whole(&self) -> Result<()> {
        if self.storage.find_import().await?.is_some() {
            bail!(
                "the store is an unfinished copy: complete it with the same `acta copy` command \
                 that started it"
            );
        }
        Ok(())
    }

    /// Finishes what is under way and closes the store.
    pub(crate) async fn close(self) -> Result<()> {
        if let Some(followers) = self.followers {
            followers.stop().await;
        }
        self.engine.close().await
    }
}

/// The routes of a server: the xAPI resources, and the admin API with its pages.
pub(crate) struct ServerParts {
    pub(crate) http: HttpParts,
    pub(crate) admin: AdminApiParts,
}

impl ServerParts {
    /// The server, ready to answer.
    pub(crate) fn into_app(self) -> App {
        let shared = Dependencies::new(self.http);
        App::new(Arc::clone(&shared), route_groups(shared, self.admin))
    }
}

/// Verifies the store that is there.
pub(crate) fn verify(config: &Config) -> Result<Verified> {
    let scratch = tempfile::tempdir().context("cannot create a temporary directory")?;
    let verified = acta_storage_embedded::verify(&verify_options(config, scratch.path()));
    verified.with_context(|| format!("cannot verify the store in {}", config.data.display()))
}

/// Passes the readable statements of a store that cannot be opened to `take`.
pub(crate) fn salvage(
    config: &Config,
    take: &mut dyn FnMut(TenantId, StoredStatement) -> std::io::Result<()>,
) -> Result<Verified> {
    let salvaged = acta_storage_embedded::salvage(&verify_options(config, Path::new("")), take);
    salvaged.with_context(|| format!("cannot read the log in {}", config.data.display()))
}

/// Whether a store was not opened because stored bytes fail their checksum.
pub(crate) fn is_damage(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(
            OpenError::Storage(StorageError::Corrupt { .. })
                | OpenError::NoTables { .. }
                | OpenError::NoIdentity { .. }
        )
    )
}

fn verify_options(config: &Config, scratch: &Path) -> VerifyOptions {
    let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
    VerifyOptions {
        directory: config.data.clone(),
        disk: Arc::new(ReadOnlyDisk(disk)),
        scratch: scratch.to_path_buf(),
        scratch_disk: Arc::new(ScratchDisk),
        on_progress: Some(embedded::progress()),
    }
}

/// Rebuilds the index, activities and persons of the store.
pub(crate) async fn reindex(config: &Config, lost: LostTables) -> Result<Reindexed> {
    let options = embedded::options(config, Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    let reindexed = EmbeddedStorage::reindex(&options, lost).await;
    reindexed.with_context(|| format!("cannot reindex the store in {}", config.data.display()))
}

fn service_options(config: &Config) -> Result<acta_service::Options> {
    let limits = &config.limits;
    let json = JsonLimits {
        bytes_max: bytes(limits.statements_bytes_max),
        depth_max: limits.json_depth_max,
        values_max: limits.json_values_max,
        ..JsonLimits::default()
    };
    Ok(acta_service::Options {
        authority_home_page: config.authority_home_page().parse()?,
        parse: ParseLimits {
            json,
            statements_max: limits.statements_count_max,
            activities_max: limits.activities_count_max,
            agents_max: limits.agents_count_max,
            attachments_max: limits.attachments_count_max,
            faults_max: limits.faults_count_max,
            iris: IriRule::Strict,
        },
        page: StatementPageLimits {
            count: PAGE_COUNT,
            count_max: limits.page_count_max,
            bytes_max: bytes(limits.page_bytes_max),
        },
        statement_bytes_max: bytes(limits.statement_bytes_max),
        signature_bytes_max: limits.signature_bytes_max,
        document_bytes_max: bytes(limits.document_bytes_max),
        documents_count_max: limits.documents_count_max,
        profile_precondition: config.xapi.profile_precondition,
    })
}

/// The options of the server.
pub(crate) fn http_options(config: &Config, connections_max: usize) -> acta_http::Options {
    let limits = &config.limits;
    acta_http::Options {
        default_version: config.default_version,
        public_url: config.public_url.clone(),
        origins: match &config.cors.origins {
            acta_config::Origins::Any => acta_http::Origins::Any,
            acta_config::Origins::Listed(listed) => acta_http::Origins::Listed(listed.clone()),
        },
        ignored_parameters: acta_http::IgnoredParameters::new(&config.xapi.ignored_parameters),
        trusted_proxies: config.server.trusted_proxies.iter().map(|network| network.0).collect(),
        logged_address: logged_address(config.log.client_address),
        versions: versions(config),
        tls: config
            .server
            .tls_files()
            .map(|_files| acta_http::TlsOptions { hsts_max_age: config.server.hsts_max_age.0 }),
        drain_delay: config.server.drain_delay.0,
        bounds: acta_http::Bounds {
            statements_bytes_max: bytes(limits.statements_bytes_max),
            document_bytes_max: bytes(limits.document_bytes_max),
            attachment_bytes_max: database::attachment_bytes_max(
                config.database.as_ref(),
                limits.attachment_bytes_max,
            ),
            multipart_bytes_max: limits.multipart_bytes_max,
            parts_max: limits.multipart_parts_max,
            part_head_bytes_max: bytes(limits.part_head_bytes_max),
            unpacked_ratio_max: limits.unpacked_ratio_max,
            document_id_bytes_max: bytes(limits.document_id_bytes_max),
            head_bytes_max: bytes(limits.head_bytes_max),
            url_bytes_max: bytes(limits.url_bytes_max),
            parameters_count_max: limits.parameters_count_max,
            anonymous_bytes_max: bytes(limits.anonymous_bytes_max),
            anonymous_count_max: limits.anonymous_count_max,
            memory_bytes_max: bytes(limits.memory_bytes_max),
            head_timeout: limits.head_timeout.0,
            idle_timeout: limits.idle_timeout.0,
            body_timeout: limits.body_timeout.0,
            write_timeout: limits.write_timeout.0,
            rate_bytes_min: limits.rate_bytes_min,
            drain_timeout: limits.drain_timeout.0,
            connections_max: limits.connections_max.min(connections_max),
            requests_max: limits.requests_max,
            streams_max: limits.streams_max,
            tenant_streams_max: limits.tenant_streams_max,
            requester_streams_max: limits.requester_streams_max,
        },
    }
}

/// The versions of HTTP that the server speaks.
pub(crate) fn versions(config: &Config) -> acta_http::HttpVersions {
    if config.server.http2 {
        acta_http::HttpVersions::OneAndTwo
    } else {
        acta_http::HttpVersions::One
    }
}

fn logged_address(configured: acta_config::LoggedAddress) -> acta_http::LoggedAddress {
    match configured {
        acta_config::LoggedAddress::None => acta_http::LoggedAddress::None,
        acta_config::LoggedAddress::Network => acta_http::LoggedAddress::Network,
        acta_config::LoggedAddress::Full => acta_http::LoggedAddress::Full,
    }
}

fn bytes(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
