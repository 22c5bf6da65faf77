//! The address of object storage and the key for it.

use std::fmt;

/// The address of object storage and the key for it.
#[derive(Clone)]
pub struct ObjectOptions {
    /// Bucket and prefix, as in `s3://bucket/some/prefix`.
    pub url: String,
    /// The endpoint, as in `https://storage.example.org`; `None` for Amazon S3.
    pub endpoint: Option<String>,
    /// The region for signing requests.
    pub region: String,
    /// The id of the access key.
    pub access_key: String,
    /// The secret of the access key.
    pub secret_key: String,
    /// Whether an endpoint without encryption is allowed.
    pub allow_http: bool,
}

impl ObjectOptions {
    /// The default region, which most services without regions accept.
    pub const REGION: &str = "us-east-1";
}

impl fmt::Debug for ObjectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectOptions")
            .field("url", &self.url)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

/// Why the options are invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The URL is not `s3://`, a bucket and an optional prefix.
    #[error("expected an address like s3://bucket/prefix, found {0:?}")]
    Url(String),
    /// The endpoint is not an HTTP URL.
    #[error("expected an endpoint like https://storage.example.org, found {0:?}")]
    Endpoint(String),
    /// The endpoint is not encrypted, and that is not allowed.
    #[error("the endpoint {0:?} is not encrypted: anyone in between could read and change content")]
    NotEncrypted(String),
    /// There is no key.
    #[error("object storage needs the id of an access key and its secret")]
    NoKey,
    /// The transport refuses the options.
    #[error("no client for object storage can be created: {0}")]
    Transport(String),
}

/// The bucket and the prefix of `url`.
///
/// # Errors
///
/// [`AddressError::Url`].
pub(crate) fn read_url(url: &str) -> Result<(&str, &str), AddressError> {
    let wrong = || AddressError::Url(url.to_owned());
    let place = url.strip_prefix("s3://").ok_or_else(wrong)?;
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let is_prefix = prefix.is_empty()
        || prefix
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && part.bytes().all(is_plain));
    if bucket.is_empty() || !bucket.bytes().all(is_plain) || !is_prefix {
        return Err(wrong());
    }
    Ok((bucket, prefix))
}

/// Checks that the endpoint is valid and encrypted if it must be.
///
/// # Errors
///
/// [`AddressError::Endpoint`], [`AddressError::NotEncrypted`].
pub(crate) fn check_endpoint(endpoint: &str, allow_http: bool) -> Result<(), AddressError> {
    let (scheme, host) = endpoint.split_once("://").unwrap_or_default();
    match scheme {
        "https" | "http" if host.is_empty() => Err(AddressError::Endpoint(endpoint.to_owned())),
        "https" => Ok(()),
        "http" if allow_http => Ok(()),
        "http" => Err(AddressError::NotEncrypted(endpoint.to_owned())),
        _ => Err(AddressError::Endpoint(endpoint.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_perhaps_a_prefix() {
        let table = [
            ("s3://bucket", Some(("bucket", ""))),
            ("s3://bucket/", Some(("bucket", ""))),
            ("s3://my-bucket.eu/a/b_2", Some(("my-bucket.eu", "a/b_2"))),
            ("s3://bucket/a/", Some(("bucket", "a"))),
            ("s3://bucket/a//b", None),
            ("s3://bucket/../b", None),
            ("s3://bucket/a b", None),
            ("s3:///a", None),
            ("s3://", None),
            ("https://bucket/a", None),
            ("bucket", None),
            ("", None),
        ];
        for (url, expected) in table {
            assert_eq!(read_url(url).ok(), expected, "{url}");
        }
    }

    #[test]
    fn an_endpoint_without_encryption_must_be_permitted() {
        let table = [
            ("https://a.example", false, true),
            ("http://a.example", true, true),
            ("http://a.example", false, false),
            ("https://", false, false),
            ("a.example:9000", true, false),
            ("s3://a", true, false),
        ];
        for (endpoint, allow_http, expected) in table {
            assert_eq!(check_endpoint(endpoint, allow_http).is_ok(), expected, "{endpoint}");
        }
    }

    #[test]
    fn debug_output_does_not_contain_the_key() {
        let options = ObjectOptions {
            url: "s3://bucket".to_owned(),
            endpoint: None,
            region: ObjectOptions::REGION.to_owned(),
            access_key: "name-of-key".to_owned(),
            secret_key: "very-secret".to_owned(),
            allow_http: false,
        };
        let told = format!("{options:?}");
        assert!(!told.contains("very-secret") && !told.contains("name-of-key"), "{told}");
    }
}
