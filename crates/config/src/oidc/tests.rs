use super::*;
use crate::load::tests::{check_refused, environment, write};
use crate::{Config, Environment, load};

fn config(variables: &[(&str, &str)]) -> Config {
    let empty = write("");
    load(Some(empty.path()), &environment(variables), &[]).unwrap().config
}

/// As few settings as sign-in needs.
const SIGN_IN: [(&str, &str); 3] = [
    ("ACTA_PUBLIC_URL", "https://lrs.example.org/"),
    ("ACTA_OIDC_ISSUER", "https://id.example.org/realms/a/"),
    ("ACTA_OIDC_CLIENT_ID", "acta"),
];

/// As few settings as access tokens need.
const BEARER: [(&str, &str); 3] = [
    ("ACTA_OIDC_BEARER_ISSUER", "https://tokens.example.org"),
    ("ACTA_OIDC_BEARER_AUDIENCE", "https://lrs.example.org/xapi"),
    ("ACTA_OIDC_BEARER_TENANT", "2"),
];

#[test]
fn three_settings_make_a_provider() {
    assert!(config(&[]).oidc_provider.is_none());
    let config = config(&SIGN_IN);
    assert_eq!(config.public_url.as_deref(), Some("https://lrs.example.org"));
    let redirect_uri = config.redirect_uri();
    assert_eq!(redirect_uri.as_deref(), Some("https://lrs.example.org/signin/oidc"));
    let provider = config.oidc_provider.unwrap();
    assert_eq!(provider.issuer, "https://id.example.org/realms/a/", "not a byte is changed");
    assert_eq!(provider.scopes, "openid email profile");
    assert!(provider.client_secret.is_none());
    assert!(provider.roles.is_none());
    assert!(config.oidc_bearer.is_none(), "access tokens are not taken unasked");
}

#[test]
fn three_settings_make_an_issuer_of_access_tokens() {
    let config = config(&BEARER);
    assert!(config.oidc_provider.is_none());
    assert_eq!(config.bearer_issuer(), Some("https://tokens.example.org"));
    let bearer = config.oidc_bearer.unwrap();
    assert_eq!(bearer.tenant(), Some(OidcTenant::Fixed(NonZeroU32::new(2).unwrap())));
    assert_eq!(bearer.scope_prefix, "acta:");
}

#[test]
fn one_issuer_may_do_both() {
    let variables = [&SIGN_IN[..], &BEARER[1..2], &[("ACTA_OIDC_BEARER_TENANT_CLAIM", "lrs")]];
    let config = config(&variables.concat());
    assert_eq!(config.bearer_issuer(), Some("https://id.example.org/realms/a/"));
    let bearer = config.oidc_bearer.unwrap();
    assert_eq!(bearer.tenant(), Some(OidcTenant::Claim("lrs".to_owned())));
}

#[test]
fn the_secret_comes_from_a_file_and_is_never_shown() {
    let secret = write("hunter2\n");
    let path = secret.path().display().to_string();
    let variables = [&SIGN_IN[..], &[("ACTA_OIDC_CLIENT_SECRET_FILE", &path)]].concat();
    let provider = config(&variables).oidc_provider.unwrap();
    assert_eq!(provider.client_secret.as_ref().unwrap().expose(), "hunter2");
    assert!(!format!("{provider:?}").contains("hunter2"));
}

#[test]
fn roles_are_listed_in_a_file_or_in_one_text() {
    let file = write(
        "public_url = \"https://lrs.example.org\"\n\
         [oidc]\n\
         issuer = \"https://id.example.org\"\n\
         client_id = \"acta\"\n\
         role_claim = \"groups\"\n\
         roles = [\"LRS admins -> administrator in 1\", \"a->b=c:d->viewer in 12\"]\n",
    );
    let listed = load(Some(file.path()), &Environment::default(), &[]).unwrap().config;
    let variables = [
        ("ACTA_OIDC_ROLE_CLAIM", "groups"),
        ("ACTA_OIDC_ROLES", " LRS admins ->  administrator in 1 ;; a->b=c:d->viewer in  12; "),
    ];
    let in_text = config(&[&SIGN_IN[..], &variables].concat());
    let role = |value: &str, role, tenant| OidcRole {
        value: value.to_owned(),
        role,
        tenant: NonZeroU32::new(tenant).unwrap(),
    };
    let expected = [role("LRS admins", Role::Administrator, 1), role("a->b=c:d", Role::Viewer, 12)];
    assert_eq!(listed.oidc_provider.unwrap().roles.unwrap(), expected);
    assert_eq!(in_text.oidc_provider.unwrap().roles.unwrap(), expected);
}

#[test]
fn roles_have_a_form() {
    for text in [
        "lrs-admins",
        "lrs-admins -> administrator",
        "lrs-admins -> administrators in 1",
        "lrs-admins -> Owner in 1",
        "lrs-admins -> owner in 0",
        "lrs-admins -> owner in first",
        "lrs-admins = owner in 1",
        "-> owner in 1",
        "a -> owner in 1; b",
        ";",
        "",
    ] {
        assert!(parse_roles(text).is_err(), "roles: {text:?}");
    }
}

#[test]
fn issuers_are_encrypted_or_on_this_machine() {
    let table = [
        ("https://id.example.org", true),
        ("https://id.example.org:8443/realms/a", true),
        ("http://127.0.0.1:3000", true),
        ("http://[::1]:3000", true),
        ("http://localhost:3000/a", true),
        ("http://id.example.org", false),
        ("http://10.0.0.1", false),
        ("http://localhost.example.org", false),
        ("http://127.0.0.1@id.example.org", false),
        ("https://", false),
        ("https://id.example.org?a", false),
        ("https://id.example.org#a", false),
        ("https://id. example.org", false),
        ("id.example.org", false),
        ("", false),
    ];
    for (issuer, is_accepted) in table {
        let variables = [SIGN_IN[0], SIGN_IN[2], ("ACTA_OIDC_ISSUER", issuer)];
        let empty = write("");
        let loaded = load(Some(empty.path()), &environment(&variables), &[]);
        assert_eq!(loaded.is_ok(), is_accepted, "issuer: {issuer:?}");
    }
}

#[test]
fn reports_missing_and_conflicting_keys() {
    let [public_url, issuer, client_id] = SIGN_IN;
    let [bearer_issuer, audience, tenant] = BEARER;
    check_refused(
        "",
        &[issuer, public_url],
        "oidc.issuer is set, but oidc.client_id is not; set both or neither",
    );
    check_refused(
        "",
        &[client_id],
        "oidc.client_id is set, but oidc.issuer is not; set both or neither",
    );
    let named = "oidc.issuer = \"https://id.example.org/realms/a/\" (environment)";
    check_refused(
        "",
        &[issuer, client_id],
        &format!("{named}: expected `public_url` to be set as well"),
    );
    check_refused(
        "",
        &[issuer, client_id, ("ACTA_PUBLIC_URL", "http://lrs.example.org")],
        &format!("{named}: expected `public_url` to be an https URL"),
    );
    check_refused(
        "",
        &[("ACTA_OIDC_ROLE_CLAIM", "groups")],
        "oidc.role_claim is set, but oidc.roles is not; set both or neither",
    );
    check_refused(
        "",
        &[bearer_issuer],
        "oidc.bearer_issuer is set, but oidc.bearer_audience is not; set both or neither",
    );
    let named = "oidc.bearer_audience = \"https://lrs.example.org/xapi\" (environment)";
    check_refused(
        "",
        &[audience, tenant],
        &format!("{named}: expected `oidc.issuer` or `oidc.bearer_issuer` to be set as well"),
    );
    check_refused(
        "",
        &[audience, bearer_issuer],
        &format!(
            "{named}: expected `oidc.bearer_tenant` or `oidc.bearer_tenant_claim` to be set as well"
        ),
    );
    check_refused(
        "",
        &[tenant, ("ACTA_OIDC_BEARER_TENANT_CLAIM", "lrs")],
        "oidc.bearer_tenant = \"2\" (environment): expected only one of `oidc.bearer_tenant` and \
         `oidc.bearer_tenant_claim`",
    );
    check_refused(
        "",
        &[public_url, issuer, client_id, tenant, ("ACTA_OIDC_BEARER_AUDIENCE", "acta")],
        "oidc.bearer_audience = \"acta\" (environment): expected an audience other than \
         `oidc.client_id`, which is the audience of ID tokens",
    );
}

#[test]
fn reports_invalid_values() {
    let table = [
        ("ACTA_OIDC_SCOPES", "email profile"),
        ("ACTA_OIDC_SCOPES", "openidx"),
        ("ACTA_OIDC_ALGORITHMS", "RS256 HS256"),
        ("ACTA_OIDC_ALGORITHMS", "none"),
        ("ACTA_OIDC_ALGORITHMS", ""),
        ("ACTA_OIDC_MAKE_ACCOUNTS", "yes"),
        ("ACTA_OIDC_TIMEOUT", "0s"),
        ("ACTA_OIDC_LABEL", " "),
        ("ACTA_OIDC_CLIENT_ID", ""),
        ("ACTA_OIDC_BEARER_TENANT", "0"),
        ("ACTA_PUBLIC_URL", "https://lrs.example.org/acta"),
        ("ACTA_PUBLIC_URL", "lrs.example.org"),
        ("ACTA_PUBLIC_URL", "ftp://lrs.example.org"),
    ];
    for variable in table {
        let empty = write("");
        let loaded = load(Some(empty.path()), &environment(&[variable]), &[]);
        assert!(matches!(loaded, Err(ConfigError::BadValue { .. })), "variable: {variable:?}");
    }
}
