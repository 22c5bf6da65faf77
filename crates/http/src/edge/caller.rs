//! The caller of a request and the xAPI version.

use std::sync::Arc;

use acta_access::{Denied, Principal};
use acta_auth::{AuthInstant, Identified};
use acta_service::{ServiceError, Tenant};
use acta_storage::Who;
use acta_xapi::{Rule, Version};
use axum::extract::FromRequestParts;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::request::Parts;

use super::client::ClientAddress;
use crate::problem::Problem;
use crate::reply::VERSION_HEADER;
use crate::state::Shared;

/// The authenticated caller and the xAPI version, determined before a request reaches its handler.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) version: Version,
    /// The actor for the audit, and its address.
    who: Who,
    from: ClientAddress,
    /// The header that it authenticated with, and when.
    authorization: HeaderValue,
    moment: AuthInstant,
}

/// From where and when a caller sent its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    /// The origin of the page that sent it.
    pub(crate) origin: Option<&'a HeaderValue>,
    /// The address of the client.
    pub(crate) from: ClientAddress,
    /// When its authentication began.
    pub(crate) moment: AuthInstant,
}

impl Caller {
    /// Admits a caller, if its credential may be used by pages of the origin, or without a page.
    pub(crate) fn admit(
        identified: Identified,
        headers: &HeaderMap,
        Arrival { origin, from, moment }: Arrival<'_>,
    ) -> Result<Self, Problem> {
        let origin = origin.map(|origin| origin.to_str().unwrap_or_default());
        let Identified { principal, tenant, who } = identified;
        principal.restrictions.permit_origin(origin).map_err(Denied::from)?;
        let mut authorization =
            headers.get(AUTHORIZATION).cloned().unwrap_or(HeaderValue::from_static(""));
        authorization.set_sensitive(true);
        let version = read_version(headers)?;
        Ok(Self { principal, tenant, version, who, from, authorization, moment })
    }

    /// Confirms that the caller still has the rights with which it was admitted. To be called when
    /// its body has arrived or it has waited, before the request has its effect.
    ///
    /// # Errors
    ///
    /// 401 if the credential was removed or its rights were changed, 403 if the tenant was
    /// suspended.
    pub(crate) async fn confirm(&self, shared: &Shared) -> Result<(), Problem> {
        let known = (&self.principal, self.moment);
        Ok(shared.authenticator.confirm(self.authorization.as_bytes(), known).await?)
    }

    /// Records in the audit that the caller reads statements, if the tenant has enabled this.
    ///
    /// # Errors
    ///
    /// 503 or 507 if it cannot be recorded: nothing may be read then.
    pub(crate) async fn record_reading(&self, shared: &Shared) -> Result<(), Problem> {
        if !self.tenant.audits_reads {
            return Ok(());
        }
        let from = self.from.to_string();
        let recorded = shared.authenticator.record_reading(&self.tenant, &self.who, &from).await;
        Ok(recorded.map_err(ServiceError::from)?)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // A handler without a caller is a defect in this code: the request is refused.
        parts.extensions.remove::<Self>().ok_or_else(Problem::internal)
    }
}

/// The xAPI version of a request.
///
/// Spec: XAPI-00331; xAPI 1.0.3, Part Three, 3.3; IEEE 9274.1.1, 4.1.7.
pub(crate) fn read_version(headers: &HeaderMap) -> Result<Version, Problem> {
    let mut values = headers.get_all(VERSION_HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        let found = if headers.contains_key(VERSION_HEADER) { "two values" } else { "no header" };
        return Err(Problem::broken(Rule::Version, found));
    };
    let text = value.to_str().unwrap_or_default().trim();
    text.parse().ok().ok_or_else(|| Problem::broken(Rule::Version, text))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use acta_access::{Restrictions, Scopes, TenantId};
    use acta_ambient::Timestamp;
    use acta_storage::Who;
    use hyper::StatusCode;

    use super::*;

    #[test]
    fn a_credential_with_origins_is_refused_for_other_origins_and_without_one() {
        let origins = vec!["https://app.example".parse().unwrap()];
        let restrictions = Arc::new(Restrictions { origins, ..Restrictions::default() });
        let free = Principal::new(TenantId::FIRST, "key", Scopes::default());
        let of_pages = Principal { restrictions, ..free.clone() };
        let headers = HeaderMap::from_iter([(VERSION_HEADER, HeaderValue::from_static("2.0.0"))]);
        let table = [
            (Some("https://app.example"), None),
            (Some("https://evil.example"), Some(StatusCode::FORBIDDEN)),
            (Some("https://app.example\u{fc}"), Some(StatusCode::FORBIDDEN)),
            (None, Some(StatusCode::FORBIDDEN)),
        ];
        for (origin, expected) in table {
            let value = origin.map(|origin| HeaderValue::try_from(origin).unwrap());
            let moment = AuthInstant::default();
            let admit = |who: &Principal| {
                let principal = who.clone();
                let tenant = Tenant::new(principal.tenant, "one", Timestamp::default());
                let (who, tenant) = (Who::Anonymous, Arc::new(tenant));
                let identified = Identified { principal, who, tenant };
                let (origin, from) = (value.as_ref(), ClientAddress::Local);
                Caller::admit(identified, &headers, Arrival { origin, from, moment })
            };
            let refused = admit(&of_pages).err().map(|problem| problem.status);
            assert_eq!(refused, expected, "{origin:?}");
            assert!(admit(&free).is_ok(), "{origin:?}");
        }
    }
}
