//! OpenID providers: who signs people in, and whose access tokens are taken.

use std::num::NonZeroU32;

use crate::address::{is_safe, public_url};
use crate::section::section;
use crate::settings::{ConfigError, Settings};
use crate::value_spec::{ValueSpec, plain_text, text, timeout, yes_or_no};
use crate::{Secret, Span};

/// The algorithms that tokens may be signed by.
pub const TOKEN_ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// Longest text on the button, in characters.
const LABEL_CHARS_MAX: usize = 60;

section! {
    /// The provider that signs people in.
    #[derive(Clone, Debug)]
    pub optional struct OidcProvider in "oidc." {
        /// The OpenID provider at which people can sign in, by the very name that it gives itself;
        /// see [oidc.md](oidc.md). Needs `oidc.client_id` and `public_url`.
        pub issuer: String = issuer(),
        /// What this server is called at the provider.
        pub client_id: String = plain_text(),
        /// The secret that goes with `oidc.client_id`. Unset for a public client.
        pub client_secret: Option<Secret<String>> = plain_text().secret().optional(),
        /// What the provider is asked for. `openid` must be among it.
        pub scopes: String = scopes().default("openid email profile"),
        /// What the button says that leads to the provider.
        pub label: String = label().default("Single sign-on"),
        /// The claim whose values give roles, as in `groups`. Dots lead into objects, as in
        /// `realm_access.roles`. `email` counts only when the provider has verified the address.
        pub role_claim: Option<String> = plain_text().optional(),
        /// Which value of `oidc.role_claim` gives which role in which tenant, as in `lrs-admins ->
        /// administrator in 1; teachers -> analyst in 1`. Roles are `owner`, `administrator`,
        /// `analyst`, `auditor` and `viewer`; tenants are named by their numbers.
        pub roles: Option<Vec<OidcRole>> = roles().optional(),
        /// Whether somebody who signs in for the first time and is given a role by `oidc.roles`
        /// gets an account. Nobody else does.
        pub make_accounts: bool = yes_or_no().default("true"),
    }
    check check_provider;
}

fn check_provider(provider: Option<&OidcProvider>, settings: &Settings) -> Result<(), ConfigError> {
    settings.check_both("oidc.roles", "oidc.role_claim")?;
    settings.check_both("oidc.issuer", "oidc.client_id")?;
    if provider.is_none() {
        return Ok(());
    }
    let reason = match settings.find("public_url", &public_url())? {
        Some(url) if is_safe(&url) => return Ok(()),
        Some(_) => "expected a `public_url` with https",
        None => "expected `public_url` beside it",
    };
    Err(settings.refusal("oidc.issuer", reason))
}

section! {
    /// What holds for every provider.
    #[derive(Clone, Debug)]
    pub struct Oidc in "oidc." {
        /// The algorithms that tokens may be signed by, out of `RS256`, `RS384`, `RS512`, `PS256`,
        /// `PS384`, `PS512`, `ES256`, `ES384` and `EdDSA`.
        pub algorithms: Vec<String> = algorithms().default("RS256 PS256 ES256 EdDSA"),
        /// How long a whole answer of the provider is waited for.
        pub timeout: Span = timeout().default("5s"),
    }
}

section! {
    /// The issuer whose access tokens are taken.
    #[derive(Clone, Debug)]
    pub optional struct OidcBearer in "oidc.bearer_" {
        /// What this server is called in access tokens that are meant for it. When set, such tokens
        /// are taken as `Bearer` on `/xapi`.
        pub audience: String = plain_text(),
        /// Who issues them. When unset, `oidc.issuer`.
        pub issuer: Option<String> = issuer().optional(),
        /// The number of the tenant that access tokens are for.
        pub tenant: Option<NonZeroU32> = tenant_number().optional(),
        /// The claim with that number, instead of `oidc.bearer_tenant`: the issuer then decides
        /// over every tenant.
        pub tenant_claim: Option<String> = plain_text().optional(),
        /// The claim with the scopes of an access token: a text with blanks between, or a list.
        /// When unset, `scope` or else `scp`.
        pub scope_claim: Option<String> = plain_text().optional(),
        /// What stands before the name of a scope of xAPI in tokens, as in `acta:statements/write`.
        /// Scopes without it are for others and give nothing.
        pub scope_prefix: String = text().default("acta:"),
    }
    check check_bearer;
}

impl OidcBearer {
    /// The tenant that access tokens are for.
    pub fn tenant(&self) -> Option<OidcTenant> {
        let claim = self.tenant_claim.clone().map(OidcTenant::Claim);
        self.tenant.map(OidcTenant::Fixed).or(claim)
    }
}

/// Tokens are taken once an audience is set.
fn check_bearer(bearer: Option<&OidcBearer>, settings: &Settings) -> Result<(), ConfigError> {
    let is_set = |name| settings.text(name).is_some();
    if is_set("oidc.bearer_tenant") && is_set("oidc.bearer_tenant_claim") {
        let reason = "expected no `oidc.bearer_tenant_claim` beside it";
        return Err(settings.refusal("oidc.bearer_tenant", reason));
    }
    let Some(bearer) = bearer else {
        return settings.check_beside("oidc.bearer_issuer", "oidc.bearer_audience");
    };
    let refusal = |expected: &str| {
        Err(settings.refusal("oidc.bearer_audience", format!("expected {expected}")))
    };
    let (provider, client_id) = (settings.text("oidc.issuer"), settings.text("oidc.client_id"));
    let issuer = bearer.issuer.as_deref().or(provider);
    if issuer.is_none() {
        return refusal("`oidc.issuer` or `oidc.bearer_issuer` beside it");
    }
    if bearer.tenant().is_none() {
        return refusal("`oidc.bearer_tenant` or `oidc.bearer_tenant_claim` beside it");
    }
    if issuer == provider && client_id == Some(&bearer.audience) {
        return refusal("another name than `oidc.client_id`, for which ID tokens are");
    }
    Ok(())
}

/// The tenant that access tokens are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OidcTenant {
    /// Always the one with this number.
    Fixed(NonZeroU32),
    /// The one whose number is in this claim.
    Claim(String),
}

/// Who has a value in the claim for roles has a role in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcRole {
    /// The value.
    pub value: String,
    /// The role.
    pub role: Role,
    /// The number of the tenant.
    pub tenant: NonZeroU32,
}

/// The name of what a person may do in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `owner`
    Owner,
    /// `administrator`
    Administrator,
    /// `analyst`
    Analyst,
    /// `auditor`
    Auditor,
    /// `viewer`
    Viewer,
}

impl Role {
    /// Every role, from the one that may do most.
    pub const EVERY: [Self; 5] =
        [Self::Owner, Self::Administrator, Self::Analyst, Self::Auditor, Self::Viewer];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
        }
    }
}

/// The name of an issuer, kept as it is written: others compare it byte by byte.
fn issuer() -> ValueSpec<String> {
    ValueSpec::new("`https://…`", |text| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@".contains(&byte));
        let is_issuer = is_plain && is_safe(text);
        let expected = || "expected an https URL without query; http on this machine only";
        if is_issuer { Ok(text.to_owned()) } else { Err(expected().to_owned()) }
    })
}

fn scopes() -> ValueSpec<String> {
    ValueSpec::new("scopes with blanks between", |text| {
        let has_openid = text.split_whitespace().any(|scope| scope == "openid");
        let scopes = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if has_openid { Ok(scopes) } else { Err("expected `openid` among them".to_owned()) }
    })
}

fn label() -> ValueSpec<String> {
    ValueSpec::new("text", |text| {
        let is_label = !text.trim().is_empty()
            && text.chars().count() <= LABEL_CHARS_MAX
            && !text.contains(char::is_control);
        let expected = || format!("expected a text of at most {LABEL_CHARS_MAX} characters");
        if is_label { Ok(text.trim().to_owned()) } else { Err(expected()) }
    })
}

fn algorithms() -> ValueSpec<Vec<String>> {
    ValueSpec::new("names with blanks between", |text| {
        let names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let are_known = names.iter().all(|name| TOKEN_ALGORITHMS.contains(&&**name));
        let expected = || format!("expected some of {}", TOKEN_ALGORITHMS.join(", "));
        if are_known && !names.is_empty() { Ok(names) } else { Err(expected()) }
    })
}

fn tenant_number() -> ValueSpec<NonZeroU32> {
    ValueSpec::new("count", |text| {
        text.parse().map_err(|_not_one| "expected the number of a tenant, from 1".to_owned())
    })
}

/// Roles as in `lrs-admins -> administrator in 1`, with semicolons or line ends between.
fn roles() -> ValueSpec<Vec<OidcRole>> {
    ValueSpec::new("`value -> role in tenant`, several with `;` between or as a list", parse_roles)
}

fn parse_roles(text: &str) -> Result<Vec<OidcRole>, String> {
    let entries = text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    let roles = entries.map(parse_role).collect::<Result<Vec<_>, _>>()?;
    if roles.is_empty() { Err("expected at least one role".to_owned()) } else { Ok(roles) }
}

fn parse_role(entry: &str) -> Result<OidcRole, String> {
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
