//! `acta copy`: copies a whole store into another store, of any engine.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_exchange::{Copied, CopiedTenant, CopyError, Digest, StoreCopyProgress};
use acta_storage::StorageError;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::terminal::{TransferBar, counted, print, say};
use crate::wire::{self, IfMissing};

/// The instructions for an interrupted copy.
const GO_ON: &str = "the copy is unfinished: run the same command again to continue it";

/// The instructions for two stores that differ.
const START_OVER: &str = "if the source has changed meanwhile, run the same command again; \
                          otherwise empty the target and start again";

/// Arguments of `acta copy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The store to copy: its directory, its URL such as `postgres://user@host/database`, or
    /// `storage.url` for the configured database.
    #[arg(long, value_name = "STORE")]
    from: String,
    /// The target store, given in the same way. It must be missing, empty, or an unfinished copy of
    /// the same store, which is continued.
    #[arg(long, value_name = "STORE")]
    to: String,
    /// Print counts and hashes as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command. The exit code is 1 when the source is damaged, or when the stores differ at
/// the end.
///
/// # Errors
///
/// When there is no complete copy for another reason.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    if is_same_place(&arguments.from, &arguments.to) {
        bail!("{} is both source and target: give two different stores", arguments.from);
    }
    wire::block_on(async {
        let from = wire::open_side(file, &arguments.from, IfMissing::Refuse).await?;
        let to = wire::open_side(file, &arguments.to, IfMissing::Make).await?;
        let clock = SystemClock::new();
        let (mut bar, mut copying) = (TransferBar::new(), None);
        let mut watch = |now| {
            if matches!(now, StoreCopyProgress::Verified { .. }) {
                copying.get_or_insert_with(|| clock.elapsed());
            }
            bar.show(now);
        };
        let copied = acta_exchange::copy(&*from.storage(), &*to.storage(), &mut watch).await;
        bar.finish();
        let all = clock.elapsed();
        let took = Took { copying: copying.unwrap_or(all), all };
        // The result of the copy is reported before an error of closing.
        let closed = (from.close().await, to.close().await);
        let code = match copied {
            Ok(copied) => report(&copied, &took, arguments)?,
            Err(error) => refuse(error, arguments)?,
        };
        closed.0.and(closed.1)?;
        Ok(code)
    })
}

/// Whether two addresses are the same directory.
fn is_same_place(from: &str, to: &str) -> bool {
    let place = |address: &str| Path::new(address).canonicalize().ok();
    from == to || place(from).is_some_and(|from| Some(from) == place(to))
}

fn refuse(error: CopyError, arguments: &Arguments) -> Result<ExitCode> {
    let (outcome, advice) = match &error {
        CopyError::Source(StorageError::Corrupt { place }) => {
            (json!({ "damaged": [place] }), "damaged data is not copied: see acta verify")
        }
        CopyError::StatementDiffers { tenant, sequence } => {
            let differs = json!({ "tenant": tenant.number(), "sequence": sequence });
            (json!({ "differs": differs }), START_OVER)
        }
        CopyError::Differs { tenant, kind } => {
            let differs = json!({ "tenant": tenant.number(), "kind": kind.to_string() });
            (json!({ "differs": differs }), START_OVER)
        }
        CopyError::SecretsDiffer => (json!({ "differs": { "kind": "secrets" } }), START_OVER),
        CopyError::RecordsDiffer(kind) => {
            (json!({ "differs": { "kind": kind.as_str() } }), START_OVER)
        }
        CopyError::ServerAuditDiffers => {
            (json!({ "differs": { "kind": "audit of the server" } }), START_OVER)
        }
        CopyError::SameStore
        | CopyError::SourceUnfinished
        | CopyError::NotEmpty(_)
        | CopyError::OtherSource => return Err(error.into()),
        CopyError::StillWritten | CopyError::Source(_) | CopyError::Target(_) => {
            return Err(error).context(GO_ON);
        }
    };
    if arguments.json {
        print(&outcome.to_string())?;
    }
    say(&format!("{:#}", anyhow::Error::from(error)));
    say(advice);
    Ok(ExitCode::from(1))
}

/// Durations of a copy.
struct Took {
    /// Until everything was copied.
    copying: Duration,
    /// Until everything was compared.
    all: Duration,
}

fn report(copied: &Copied, took: &Took, arguments: &Arguments) -> Result<ExitCode> {
    let comparing = took.all.saturating_sub(took.copying);
    let rate = u128::from(copied.statement_count) * 1000 / took.copying.as_millis().max(1);
    if arguments.json {
        let tenants: Vec<_> = copied.tenants.iter().map(as_json).collect();
        let outcome = json!({
            "tenants": tenants,
            "copied_statements": copied.statement_count,
            "statements_per_second": u64::try_from(rate).unwrap_or(u64::MAX),
            "copying_seconds": took.copying.as_secs_f64(),
            "comparing_seconds": comparing.as_secs_f64(),
            "resumed": copied.is_resumed,
        });
        print(&outcome.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    for tenant in &copied.tenants {
        say(&as_text(tenant));
    }
    say(&format!(
        "{} copied in {:.1} s ({rate} per second), both stores compared in {:.1} s",
        counted(copied.statement_count, "statement"),
        took.copying.as_secs_f64(),
        comparing.as_secs_f64(),
    ));
    Ok(ExitCode::SUCCESS)
}

/// The kinds of data of a tenant, with their nouns.
fn kinds(of: &CopiedTenant) -> [(&'static str, &Digest); 6] {
    [
        ("statement", &of.statements),
        ("document", &of.documents),
        ("attachment", &of.attachments),
        ("credential", &of.credentials),
        ("audit record", &of.audit),
        ("cursor", &of.cursors),
    ]
}

fn as_text(of: &CopiedTenant) -> String {
    let counts = kinds(of).map(|(noun, digest)| counted(digest.count, noun)).join(", ");
    let first = format!("tenant {} ({}): {counts}", of.tenant.id, of.tenant.name);
    let hashes = kinds(of).into_iter().filter(|(_, digest)| 0 < digest.count);
    let hashes = hashes.map(|(noun, it)| format!("  {noun}s: sha256 {}", it.sha256.as_str()));
    std::iter::once(first).chain(hashes).collect::<Vec<String>>().join("\n")
}

fn as_json(of: &CopiedTenant) -> Value {
    let mut tenant = json!({ "tenant": of.tenant.id.number(), "name": of.tenant.name });
    for (noun, digest) in kinds(of) {
        tenant[format!("{noun}s")] =
            json!({ "count": digest.count, "sha256": digest.sha256.as_str() });
    }
    tenant
}
