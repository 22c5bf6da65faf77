//! The caller of a request and the xAPI version.

use std::sync::Arc;

use acta_access::{Denied, Principal};
use acta_auth::Identified;
use acta_service::Tenant;
use acta_xapi::{Rule, Version};
use axum::extract::FromRequestParts;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;

use crate::problem::Problem;
use crate::reply::VERSION_HEADER;

/// The authenticated caller and the xAPI version, determined before a request reaches its handler.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) version: Version,
}

impl Caller {
    /// Admits a caller, if its credential may be used by pages of `origin`, or without a page.
    pub(crate) fn admit(
        identified: Identified,
        headers: &HeaderMap,
        origin: Option<&HeaderValue>,
    ) -> Result<Self, Problem> {
        let origin = origin.map(|origin| origin.to_str().unwrap_or_default());
        let Identified { principal, tenant, who: _ } = identified;
        principal.restrictions.permit_origin(origin).map_err(Denied::from)?;
        Ok(Self { principal, tenant, version: read_version(headers)? })
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
            let admit = |who: &Principal| {
                let principal = who.clone();
                let tenant = Tenant::new(principal.tenant, "one", Timestamp::default());
                let (who, tenant) = (Who::Anonymous, Arc::new(tenant));
                let identified = Identified { principal, who, tenant };
                Caller::admit(identified, &headers, value.as_ref())
            };
            let refused = admit(&of_pages).err().map(|problem| problem.status);
            assert_eq!(refused, expected, "{origin:?}");
            assert!(admit(&free).is_ok(), "{origin:?}");
        }
    }
}
