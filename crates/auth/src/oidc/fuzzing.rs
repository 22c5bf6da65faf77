//! Entry points for fuzzing: parsing of tokens and documents of an issuer.

use acta_ambient::Timestamp;

use super::Algorithm;
use super::jws::Jws;
use super::keys::KeySet;
use super::metadata::Metadata;
use super::transport::Endpoint;

/// Whether `token` is signed by one of `keys`, has a subject, and has not expired.
pub fn verify_token(token: &str, keys: &[u8]) -> bool {
    let Ok(keys) = KeySet::parse(keys) else { return false };
    let Ok(jws) = Jws::parse(token, &Algorithm::EVERY) else { return false };
    let Ok(claims) = jws.claims() else { return false };
    let is_timely = claims.check_time(Timestamp::default()).is_ok();
    is_timely && claims.subject().is_ok() && keys.verify(&jws).is_ok()
}

/// Parses the metadata of a provider.
pub fn read_metadata(body: &[u8]) {
    let issuer = "https://id.example.org";
    if let Some(base) = Endpoint::parse(issuer)
        && let Ok(metadata) = Metadata::parse(body, issuer, &base)
    {
        assert!(metadata.keys.is_as_safe_as(&base));
    }
}
