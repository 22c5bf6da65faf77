//! Values for URLs and origins.

use std::net::IpAddr;

use crate::value_spec::ValueSpec;

/// The public URL of the server, without a slash at the end.
pub(crate) fn public_url() -> ValueSpec<String> {
    ValueSpec::new("`https://…`", |text| {
        let expected = || {
            "expected scheme, host and optional port, such as `https://lrs.example.org`".to_owned()
        };
        let url = origin(text.strip_suffix('/').unwrap_or(text)).ok();
        let is_web = |url: &String| ["https://", "http://"].iter().any(|s| url.starts_with(s));
        url.filter(is_web).ok_or_else(expected)
    })
}

/// An origin as browsers send it: scheme, host and optional port, and nothing else.
pub(crate) fn origin(text: &str) -> Result<String, String> {
    let expected = || format!("expected `*` or origins such as `https://a.example`, not {text:?}");
    let (scheme, host) = text.split_once("://").ok_or_else(expected)?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"/?#@*,".contains(&byte);
    let is_origin = !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !host.is_empty()
        && host.bytes().all(is_plain);
    if is_origin { Ok(text.to_ascii_lowercase()) } else { Err(expected()) }
}

/// Whether a connection to this URL is encrypted or stays on this machine.
pub(crate) fn is_safe(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_here = host == "localhost" || host.parse().is_ok_and(|host: IpAddr| host.is_loopback());
    !host.is_empty() && (scheme == "https" || scheme == "http" && is_here)
}
