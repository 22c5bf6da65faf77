//! OpenID providers for sign-in, and issuers of access tokens.

use std::num::NonZeroU32;

use crate::address::{is_safe, public_url};
use crate::section::section;
use crate::settings::{ConfigError, Settings};
use crate::value_spec::{ValueSpec, plain_text, text, timeout, yes_or_no};
use crate::{Secret, Span};

/// The accepted signature algorithms.
pub const TOKEN_ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// Longest button text, in characters.
const LABEL_CHARS_MAX: usize = 60;

section! {
    /// The provider for sign-in.
    #[derive(Clone, Debug)]
    pub optional struct OidcProvider in "oidc." {
        /// The issuer URL of the OpenID provider for sign-in, exactly as in its metadata; see
        /// [oidc.md](oidc.md). Requires `oidc.client_id` and `public_url`.
        pub issuer: String = issuer(),
        /// The client id of this server at the provider.
        pub client_id: String = plain_text(),
        /// The client secret that belongs to `oidc.client_id`. Leave it unset for a public client.
        pub client_secret: Option<Secret<String>> = plain_text().secret().optional(),
        /// The scopes that are requested from the provider. Must contain `openid`.
        pub scopes: String = scopes().default("openid email profile"),
        /// The text of the sign-in button for the provider.
        pub label: String = label().default("Single sign-on"),
        /// The claim whose values give roles, such as `groups`. Dots select nested objects, such as
        /// `realm_access.roles`. `email` is used only if the provider has verified the address.
        pub role_claim: Option<String> = plain_text().optional(),
        /// The role that each value of `oidc.role_claim` gives in a tenant, such as `lrs-admins ->
        /// administrator in 1; teachers -> analyst in 1`. Roles are `owner`, `administrator`,
        /// `analyst`, `advisor`, `auditor`, `viewer` and `learner`; tenants are given by their id.
        pub roles: Option<Vec<OidcRole>> = roles().optional(),
        /// Whether an account is created when a person signs in for the first time and `oidc.roles`
        /// gives them a role. A person without such a role gets no account.
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
        Some(_) => "expected `public_url` to be an https URL",
        None => "expected `public_url` to be set as well",
    };
    Err(settings.refusal("oidc.issuer", reason))
}

section! {
    /// Settings for all providers.
    #[derive(Clone, Debug)]
    pub struct Oidc in "oidc." {
        /// The accepted signature algorithms of tokens, any of `RS256`, `RS384`, `RS512`, `PS256`,
        /// `PS384`, `PS512`, `ES256`, `ES384` and `EdDSA`.
        pub algorithms: Vec<String> = algorithms().default("RS256 PS256 ES256 EdDSA"),
        /// How long a response of the provider may take.
        pub timeout: Span = timeout().default("5s"),
    }
}

section! {
    /// The issuer whose access tokens are taken.
    #[derive(Clone, Debug)]
    pub optional struct OidcBearer in "oidc.bearer_" {
        /// The audience of access tokens for this server. If set, such tokens are accepted as
        /// `Bearer` on `/xapi`.
        pub audience: String = plain_text(),
        /// The issuer of access tokens. If unset, `oidc.issuer`.
        pub issuer: Option<String> = issuer().optional(),
        /// The id of the tenant that access tokens are for.
        pub tenant: Option<NonZeroU32> = tenant_number().optional(),
        /// The claim that contains the id of the tenant, instead of `oidc.bearer_tenant`. The
        /// issuer can then give access to every tenant.
        pub tenant_claim: Option<String> = plain_text().optional(),
        /// The claim with the scopes of an access token: a text separated by spaces, or a list. If
        /// unset, `scope`, or else `scp`.
        pub scope_claim: Option<String> = plain_text().optional(),
        /// The prefix of xAPI scopes in tokens, such as `acta:` in `acta:statements/write`. Scopes
        /// without the prefix are ignored.
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

/// Tokens are accepted once an audience is set.
fn check_bearer(bearer: Option<&OidcBearer>, settings: &Settings) -> Result<(), ConfigError> {
    let is_set = |name| settings.text(name).is_some();
    if is_set("oidc.bearer_tenant") && is_set("oidc.bearer_tenant_claim") {
        let reason = "expected only one of `oidc.bearer_tenant` and `oidc.bearer_tenant_claim`";
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
        return refusal("`oidc.issuer` or `oidc.bearer_issuer` to be set as well");
    }
    if bearer.tenant().is_none() {
        return refusal("`oidc.bearer_tenant` or `oidc.bearer_tenant_claim` to be set as well");
    }
    if issuer == provider && client_id == Some(&bearer.audience) {
        return refusal(
            "an audience other than `oidc.client_id`, which is the audience of ID \
                        tokens",
        );
    }
    Ok(())
}

/// The tenant that access tokens are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OidcTenant {
    /// Always the tenant with this id.
    Fixed(NonZeroU32),
    /// The tenant whose id is in this claim.
    Claim(String),
}

/// Maps a value of the role claim to a role in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcRole {
    /// The value.
    pub value: String,
    /// The role.
    pub role: Role,
    /// The id of the tenant.
    pub tenant: NonZeroU32,
}

/// The name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `owner`
    Owner,
    /// `administrator`
    Administrator,
    /// `analyst`
    Analyst,
    /// `advisor`
    Advisor,
    /// `auditor`
    Auditor,
    /// `viewer`
    Viewer,
    /// `learner`
    Learner,
}

impl Role {
    /// Every role, from the one with the most permissions.
    pub const EVERY: [Self; 7] = [
        Self::Owner,
        Self::Administrator,
        Self::Analyst,
        Self::Advisor,
        Self::Auditor,
        Self::Viewer,
        Self::Learner,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Analyst => "analyst",
            Self::Advisor => "advisor",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
            Self::Learner => "learner",
        }
    }
}

/// The URL of an issuer, unchanged, because it is compared byte by byte.
fn issuer() -> ValueSpec<String> {
    ValueSpec::new("`https://…`", |text| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@".contains(&byte));
        let is_issuer = is_plain && is_safe(text);
        let expected = || "expected an https URL without query; http only for this machine";
        if is_issuer { Ok(text.to_owned()) } else { Err(expected().to_owned()) }
    })
}

fn scopes() -> ValueSpec<String> {
    ValueSpec::new("scopes separated by spaces", |text| {
        let has_openid = text.split_whitespace().any(|scope| scope == "openid");
        let scopes = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if has_openid {
            Ok(scopes)
        } else {
            Err("expected scopes that contain `openid`".to_owned())
        }
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
    ValueSpec::new("names separated by spaces", |text| {
        let names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let are_known = names.iter().all(|name| TOKEN_ALGORITHMS.contains(&&**name));
        let expected = || format!("expected names out of {}", TOKEN_ALGORITHMS.join(", "));
        if are_known && !names.is_empty() { Ok(names) } else { Err(expected()) }
    })
}

fn tenant_number() -> ValueSpec<NonZeroU32> {
    ValueSpec::new("count", |text| {
        text.parse().map_err(|_not_one| "expected a tenant id of at least 1".to_owned())
    })
}

/// Roles such as `lrs-admins -> administrator in 1`, separated by semicolons or line ends.
fn roles() -> ValueSpec<Vec<OidcRole>> {
    ValueSpec::new("`value -> role in tenant`, several separated by `;` or as a list", parse_roles)
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
