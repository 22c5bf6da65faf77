//! The clients of OpenID providers.

use std::num::NonZeroU32;
use std::sync::Arc;

use acta_access::{Role, TenantId};
use acta_admin::NewcomerRule;
use acta_ambient::{Clock, Entropy};
use acta_auth::Secret;
use acta_auth::oidc::{
    Algorithm, BearerOptions, BearerTenant, BearerVerifier, Provider, ProviderOptions, RoleRule,
};
use acta_config::{Config, OidcRole, OidcTenant};
use acta_http_admin::SignInProvider;
use anyhow::{Context, Result};

/// The provider for sign-in, if it is configured.
pub(crate) fn provider(
    config: &Config,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Option<SignInProvider>> {
    let Some(found) = &config.oidc_provider else { return Ok(None) };
    let roles: Result<Vec<RoleRule>> = found.roles.iter().flatten().map(rule).collect();
    let secret = found.client_secret.as_ref();
    let options = ProviderOptions {
        issuer: found.issuer.clone(),
        client_id: found.client_id.clone(),
        client_secret: secret.map(|secret| Secret::new(secret.expose().as_str())),
        scopes: found.scopes.clone(),
        redirect_uri: config.redirect_uri().context("public_url is not set")?,
        algorithms: algorithms(&config.oidc.algorithms)?,
        role_claim: found.role_claim.clone(),
        roles: roles?,
        timeout: config.oidc.timeout.0,
    };
    let provider = Provider::new(options, clock, entropy).context("oidc.issuer cannot be used")?;
    let newcomers =
        if found.make_accounts { NewcomerRule::CreateAccount } else { NewcomerRule::Refuse };
    let label = found.label.clone();
    Ok(Some(SignInProvider { provider: Arc::new(provider), label, newcomers }))
}

/// The issuer of access tokens, if it is configured.
pub(crate) fn bearer(
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<Option<Arc<BearerVerifier>>> {
    let Some(found) = &config.oidc_bearer else { return Ok(None) };
    let options = BearerOptions {
        issuer: config.bearer_issuer().context("oidc.bearer_issuer is not set")?.to_owned(),
        audience: found.audience.clone(),
        algorithms: algorithms(&config.oidc.algorithms)?,
        tenant: match found.tenant().context("oidc.bearer_tenant is not set")? {
            OidcTenant::Fixed(number) => BearerTenant::Fixed(tenant(number)?),
            OidcTenant::Claim(claim) => BearerTenant::Claim(claim),
        },
        scope_claim: found.scope_claim.clone(),
        scope_prefix: found.scope_prefix.clone(),
        timeout: config.oidc.timeout.0,
    };
    let verifier = BearerVerifier::new(options, clock);
    Ok(Some(Arc::new(verifier.context("oidc.bearer_issuer cannot be used")?)))
}

fn rule(configured: &OidcRole) -> Result<RoleRule> {
    let role: Role = configured.role.as_str().parse()?;
    Ok(RoleRule { value: configured.value.clone(), role, tenant: tenant(configured.tenant)? })
}

fn tenant(number: NonZeroU32) -> Result<TenantId> {
    TenantId::new(number.get()).context("there is no tenant 0")
}

fn algorithms(names: &[String]) -> Result<Vec<Algorithm>> {
    names.iter().map(|name| Ok(name.parse()?)).collect()
}
