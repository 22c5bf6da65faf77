//! The settings of OpenID providers.

use std::net::IpAddr;
use std::num::NonZeroU32;

use super::{ConfigError, Typed, origin};
use crate::oidc::TOKEN_ALGORITHMS;
use crate::{OidcBearer, OidcProvider, OidcRole, OidcTenant, Role, Secret};

/// Where browsers come back to, below the address of the server.
const REDIRECT_PATH: &str = "/signin/oidc";

/// Longest text on the button, in characters.
const LABEL_CHARS_MAX: usize = 60;

impl Typed<'_> {
    /// The address at which people reach the server, without a slash at its end.
    pub(super) fn public_url(&self) -> Result<Option<String>, ConfigError> {
        self.with_set("public_url", |text| {
            let expected = || {
                "expected scheme, host and perhaps port, as in `https://lrs.example.org`".to_owned()
            };
            let url = origin(text.strip_suffix('/').unwrap_or(text)).ok();
            let is_web = |url: &String| ["https://", "http://"].iter().any(|s| url.starts_with(s));
            url.filter(is_web).ok_or_else(expected)
        })
    }

    /// Everything is checked, also what is of no use without an issuer.
    pub(super) fn provider(
        &self,
        public_url: Option<&str>,
    ) -> Result<Option<OidcProvider>, ConfigError> {
        let issuer = self.issuer("oidc.issuer")?;
        let client_id = self.plain("oidc.client_id")?;
        let client_secret = self.plain("oidc.client_secret")?.map(Secret::new);
        let scopes = self.scopes()?;
        let label = self.label()?;
        let role_claim = self.plain("oidc.role_claim")?;
        let roles = self.with_set("oidc.roles", roles)?;
        both("oidc.roles", roles.is_some(), "oidc.role_claim", role_claim.is_some())?;
        let make_accounts = self.is_true("oidc.make_accounts")?;
        let algorithms = self.algorithms()?;
        let timeout = self.span("oidc.timeout")?;
        both("oidc.issuer", issuer.is_some(), "oidc.client_id", client_id.is_some())?;
        let (Some(issuer), Some(client_id)) = (issuer, client_id) else { return Ok(None) };
        let public_url = self.with("oidc.issuer", |_| {
            let public_url = public_url.ok_or("expected `public_url` beside it")?;
            let is_safe = is_safe(public_url);
            if is_safe { Ok(public_url) } else { Err("expected a `public_url` with https".into()) }
        })?;
        Ok(Some(OidcProvider {
            issuer,
            client_id,
            client_secret,
            redirect_uri: format!("{public_url}{REDIRECT_PATH}"),
            scopes,
            label,
            role_claim,
            roles: roles.unwrap_or_default(),
            make_accounts,
            algorithms,
            timeout,
        }))
    }

    /// As [`Typed::provider`]; tokens are taken once an audience is set.
    pub(super) fn bearer(
        &self,
        provider: Option<&OidcProvider>,
    ) -> Result<Option<OidcBearer>, ConfigError> {
        let issuer = self.issuer("oidc.bearer_issuer")?;
        let audience = self.plain("oidc.bearer_audience")?;
        let tenant = self.tenant()?;
        let scope_claim = self.plain("oidc.bearer_scope_claim")?;
        let scope_prefix = self.with("oidc.bearer_scope_prefix", |text| Ok(text.to_owned()))?;
        let Some(audience) = audience else {
            let missing = "oidc.bearer_audience";
            return match issuer {
                Some(_) => Err(ConfigError::Incomplete { name: "oidc.bearer_issuer", missing }),
                None => Ok(None),
            };
        };
        let beside = |expected: &str| {
            let reason = format!("expected {expected} beside it");
            self.with("oidc.bearer_audience", |_| Err::<(), _>(reason.clone()))
        };
        let Some(issuer) = issuer.or_else(|| provider.map(|provider| provider.issuer.clone()))
        else {
            beside("`oidc.issuer` or `oidc.bearer_issuer`")?;
            return Ok(None);
        };
        let Some(tenant) = tenant else {
            beside("`oidc.bearer_tenant` or `oidc.bearer_tenant_claim`")?;
            return Ok(None);
        };
        let is_client = provider
            .is_some_and(|provider| provider.issuer == issuer && provider.client_id == audience);
        self.with("oidc.bearer_audience", |_| {
            let reason = "expected another name than `oidc.client_id`, for which ID tokens are";
            if is_client { Err(reason.to_owned()) } else { Ok(()) }
        })?;
        let (algorithms, timeout) = (self.algorithms()?, self.span("oidc.timeout")?);
        Ok(Some(OidcBearer {
            issuer,
            audience,
            tenant,
            scope_claim,
            scope_prefix,
            algorithms,
            timeout,
        }))
    }

    fn tenant(&self) -> Result<Option<OidcTenant>, ConfigError> {
        let number = self.with_set("oidc.bearer_tenant", tenant_number)?;
        let claim = self.plain("oidc.bearer_tenant_claim")?;
        match (number, claim) {
            (Some(_), Some(_)) => self.with("oidc.bearer_tenant", |_| {
                Err("expected no `oidc.bearer_tenant_claim` beside it".to_owned())
            }),
            (Some(number), None) => Ok(Some(OidcTenant::Fixed(number))),
            (None, Some(claim)) => Ok(Some(OidcTenant::Claim(claim))),
            (None, None) => Ok(None),
        }
    }

    /// The name of an issuer, kept as it is written: others compare it byte by byte.
    fn issuer(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        self.with_set(name, |text| {
            let is_plain =
                text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@".contains(&byte));
            let is_issuer = is_plain && is_safe(text);
            let expected = || "expected an https URL without query; http on this machine only";
            if is_issuer { Ok(text.to_owned()) } else { Err(expected().to_owned()) }
        })
    }

    fn scopes(&self) -> Result<String, ConfigError> {
        self.with("oidc.scopes", |text| {
            let has_openid = text.split_whitespace().any(|scope| scope == "openid");
            let scopes = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if has_openid { Ok(scopes) } else { Err("expected `openid` among them".to_owned()) }
        })
    }

    fn label(&self) -> Result<String, ConfigError> {
        self.with("oidc.label", |text| {
            let is_label = !text.trim().is_empty()
                && text.chars().count() <= LABEL_CHARS_MAX
                && !text.contains(char::is_control);
            let expected = || format!("expected a text of at most {LABEL_CHARS_MAX} characters");
            if is_label { Ok(text.trim().to_owned()) } else { Err(expected()) }
        })
    }

    fn algorithms(&self) -> Result<Vec<String>, ConfigError> {
        self.with("oidc.algorithms", |text| {
            let names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            let are_known = names.iter().all(|name| TOKEN_ALGORITHMS.contains(&&**name));
            let expected = || format!("expected some of {}", TOKEN_ALGORITHMS.join(", "));
            if are_known && !names.is_empty() { Ok(names) } else { Err(expected()) }
        })
    }

    fn is_true(&self, name: &'static str) -> Result<bool, ConfigError> {
        self.with(name, |text| text.parse().map_err(|_neither| "expected true or false".to_owned()))
    }

    /// A text that says something, if it is set.
    fn plain(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        self.with_set(name, |text| {
            let is_plain = !text.is_empty() && !text.contains(char::is_control);
            if is_plain { Ok(text.to_owned()) } else { Err("expected a text".to_owned()) }
        })
    }
}

/// Two settings that need each other.
fn both(
    one: &'static str,
    has_one: bool,
    other: &'static str,
    has_other: bool,
) -> Result<(), ConfigError> {
    match (has_one, has_other) {
        (true, false) => Err(ConfigError::Incomplete { name: one, missing: other }),
        (false, true) => Err(ConfigError::Incomplete { name: other, missing: one }),
        (true, true) | (false, false) => Ok(()),
    }
}

/// Whether nobody on the way can read or change what is sent to this URL.
fn is_safe(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_here = host == "localhost" || host.parse().is_ok_and(|host: IpAddr| host.is_loopback());
    !host.is_empty() && (scheme == "https" || scheme == "http" && is_here)
}

fn tenant_number(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_not_one| "expected the number of a tenant, from 1".to_owned())
}

/// Roles as in `lrs-admins -> administrator in 1`, with semicolons or line ends between.
fn roles(text: &str) -> Result<Vec<OidcRole>, String> {
    let entries = text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    let roles = entries.map(role).collect::<Result<Vec<_>, _>>()?;
    if roles.is_empty() { Err("expected at least one role".to_owned()) } else { Ok(roles) }
}

fn role(entry: &str) -> Result<OidcRole, String> {
    let expected = || {
        let names = Role::EVERY.map(Role::as_str).join(", ");
        format!("expected `value -> role in tenant` with a role of {names}, not {entry:?}")
    };
    let (value, grant) = entry.rsplit_once("->").ok_or_else(expected)?;
    let (role, tenant) = grant.split_once(" in ").ok_or_else(expected)?;
    let value = value.trim().to_owned();
    let role = Role::EVERY.into_iter().find(|known| known.as_str() == role.trim());
    let role = role.filter(|_| !value.is_empty()).ok_or_else(expected)?;
    let tenant = tenant.trim().parse().map_err(|_not_one| expected())?;
    Ok(OidcRole { value, role, tenant })
}

#[cfg(test)]
mod tests;
