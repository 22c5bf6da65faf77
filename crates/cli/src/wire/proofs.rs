//! Proofs that statements are unchanged.

use std::sync::Arc;
use std::time::Duration;

use acta_ambient::Entropy;
use acta_config::Config;
use acta_followers::LogReader;
use acta_merkle::KeyName;
use acta_proof::{ProofFollower, ProofOptions, Proofs};
use acta_storage::Storage;
use acta_xapi::Uuid;
use anyhow::{Context, Result};

/// The shortest time between two heads of a log.
const INTERVAL: Duration = Duration::from_secs(1);

/// The host in the names of logs when no public URL is set.
const HOST: &str = "localhost";

/// The logs of a store, if they are enabled.
pub(super) async fn open(
    config: &Config,
    storage: &Arc<dyn Storage>,
    entropy: &dyn Entropy,
) -> Result<Option<Arc<Proofs>>> {
    // An unfinished copy gets the key of its source.
    if !config.proof.enabled || storage.find_import().await?.is_some() {
        return Ok(None);
    }
    let options = ProofOptions { host: host_of(config.public_url.as_deref()).to_owned() };
    check_host(&options.host)?;
    let proofs = Proofs::open(Arc::clone(storage), entropy, options).await;
    Ok(Some(Arc::new(proofs.context("cannot read the key of proofs")?)))
}

/// The follower that appends to them.
pub(super) fn follower(proofs: &Arc<Proofs>, entropy: &Arc<dyn Entropy>) -> Box<dyn LogReader> {
    Box::new(ProofFollower::new(Arc::clone(proofs), Arc::clone(entropy), INTERVAL))
}

/// Whether names of logs can begin with this host.
fn check_host(host: &str) -> Result<()> {
    let name: Result<KeyName, _> = format!("{host}/t/{}/{:016x}", Uuid::from_u128(0), 0).parse();
    name.context("public_url cannot be part of the names of logs for proofs").map(drop)
}

/// The host of a public URL, which has neither path nor user.
fn host_of(public_url: Option<&str>) -> &str {
    let host = public_url.and_then(|url| url.split_once("://")).map(|(_, host)| host);
    host.unwrap_or(HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_the_host_of_the_public_url() {
        for (url, host) in [
            (None, "localhost"),
            (Some("https://lrs.example.org"), "lrs.example.org"),
            (Some("http://lrs.example.org:8443"), "lrs.example.org:8443"),
        ] {
            assert_eq!(host_of(url), host);
            assert!(check_host(host).is_ok());
        }
        for host in ["a+b".to_owned(), "a".repeat(250)] {
            assert!(check_host(&host).is_err(), "{host}");
        }
    }
}
