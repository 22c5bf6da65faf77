//! Roles from claims.

use acta_access::{Role, TenantId};

use super::claims::Claims;

/// Maps a value of the role claim to a role in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRule {
    /// The value.
    pub value: String,
    /// The role that it gives.
    pub role: Role,
    /// The tenant of the role.
    pub tenant: TenantId,
}

/// The roles that `rules` give for `claims`, in the order of the rules. None without a role claim.
pub(crate) fn grants(
    claims: &Claims,
    role_claim: Option<&str>,
    rules: &[RoleRule],
) -> Vec<(TenantId, Role)> {
    let Some(name) = role_claim else { return Vec::new() };
    // An unverified address must not give a role.
    if name == "email" && !is_email_verified(claims) {
        return Vec::new();
    }
    let values = claims.texts(name);
    let mut grants = Vec::new();
    for rule in rules {
        let grant = (rule.tenant, rule.role);
        if values.contains(&rule.value.as_str()) && !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    grants
}

/// Some providers write the claim as a string.
pub(crate) fn is_email_verified(claims: &Claims) -> bool {
    let verified = claims.find("email_verified");
    verified.is_some_and(|value| value.as_bool() == Some(true) || value.as_str() == Some("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(value: &str, role: Role, tenant: u32) -> RoleRule {
        RoleRule { value: value.to_owned(), role, tenant: TenantId::new(tenant).unwrap() }
    }

    #[track_caller]
    fn check(claim: Option<&str>, claims: &str, expected: &[(u32, Role)]) {
        let rules = [
            rule("lrs admins", Role::Administrator, 1),
            rule("teachers", Role::Analyst, 1),
            rule("teachers", Role::Viewer, 2),
            rule("staff", Role::Analyst, 1),
            rule("ada@example.org", Role::Owner, 1),
        ];
        let claims = Claims::parse(claims.as_bytes()).unwrap();
        let expected: Vec<_> = expected
            .iter()
            .map(|(tenant, role)| (TenantId::new(*tenant).unwrap(), *role))
            .collect();
        assert_eq!(grants(&claims, claim, &rules), expected);
    }

    #[test]
    fn values_give_roles() {
        let groups = Some("groups");
        check(groups, r#"{"groups": ["lrs admins"]}"#, &[(1, Role::Administrator)]);
        check(groups, r#"{"groups": "lrs admins"}"#, &[(1, Role::Administrator)]);
        check(groups, r#"{"groups": ["x", "teachers"]}"#, &[(1, Role::Analyst), (2, Role::Viewer)]);
        // The same role twice is one.
        check(
            groups,
            r#"{"groups": ["staff", "teachers"]}"#,
            &[(1, Role::Analyst), (2, Role::Viewer)],
        );
        let nested = r#"{"realm_access": {"roles": ["staff"]}}"#;
        check(Some("realm_access.roles"), nested, &[(1, Role::Analyst)]);
    }

    #[test]
    fn nothing_else_does() {
        let groups = Some("groups");
        check(None, r#"{"groups": ["lrs admins"]}"#, &[]);
        for claims in [
            "{}",
            r#"{"roles": ["lrs admins"]}"#,
            r#"{"groups": ["LRS admins", "lrs", "admins", "lrs admins ", ""]}"#,
            r#"{"groups": {"lrs admins": true}}"#,
            r#"{"groups": [["lrs admins"]]}"#,
            r#"{"groups": "teachers staff"}"#,
        ] {
            check(groups, claims, &[]);
        }
    }

    #[test]
    fn an_address_counts_once_it_is_verified() {
        let email = Some("email");
        let owner = [(1, Role::Owner)];
        let table = [
            (r#"{"email": "ada@example.org", "email_verified": true}"#, &owner[..]),
            (r#"{"email": "ada@example.org", "email_verified": "true"}"#, &owner),
            (r#"{"email": "ada@example.org", "email_verified": false}"#, &[]),
            (r#"{"email": "ada@example.org", "email_verified": 1}"#, &[]),
            (r#"{"email": "ada@example.org"}"#, &[]),
        ];
        for (claims, expected) in table {
            check(email, claims, expected);
        }
    }
}
