//! People and machines come from an OpenID provider: the real binary and a real provider.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod machines;
mod people;

use acta_test_oidc::{CLIENT_SECRET, OidcServer, Options, RESOURCE};
use acta_tests::{Call, Client, Engine, Launch, Response, Server, Store, Version};

/// A server whose people and machines a provider knows.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) provider: OidcServer,
    pub(crate) store: Store,
}

impl World {
    /// Administrators of the provider are those of the tenant 1, and tokens are for it.
    pub(crate) fn new() -> Self {
        Self::with(&[("ACTA_OIDC_BEARER_TENANT", "1")])
    }

    pub(crate) fn with(more: &[(&str, &str)]) -> Self {
        let provider = OidcServer::with(Options { has_claims_in_id_token: false });
        let store = Store::new(Engine::Embedded);
        let settings = [
            ("ACTA_PUBLIC_URL", "https://lrs.example.org"),
            ("ACTA_OIDC_ISSUER", provider.issuer()),
            ("ACTA_OIDC_CLIENT_ID", "basic"),
            ("ACTA_OIDC_CLIENT_SECRET", CLIENT_SECRET),
            ("ACTA_OIDC_SCOPES", "openid email profile groups"),
            ("ACTA_OIDC_ROLE_CLAIM", "groups"),
            ("ACTA_OIDC_ROLES", "lrs-admins -> administrator in 1"),
            ("ACTA_OIDC_BEARER_AUDIENCE", RESOURCE),
        ];
        let settings = [&settings, more].concat();
        let data = store.data();
        let launch = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) };
        let server = launch.start();
        Self { server, provider, store }
    }

    pub(crate) fn client(&self) -> Client {
        self.server.client(Version::V2_0_0)
    }

    /// Goes to the provider as `account` and comes back; `cookie` is of a session, or empty.
    pub(crate) fn sign_in(&self, account: &str, cookie: &str) -> Response {
        self.sign_in_from("/signin/begin", account, cookie)
    }

    /// The same, sent to the provider by a link.
    pub(crate) fn sign_in_from(&self, link: &str, account: &str, cookie: &str) -> Response {
        let client = self.client();
        let call = as_guest(client.call_outside("GET", link)).header("Cookie", cookie);
        let begun = call.send().expect(303);
        let kept = cookie_of(&begun, "acta-oidc");
        let query = self.provider.sign_in(begun.must_header("location"), account);
        let back = client.call_outside("GET", &format!("/signin/oidc?{query}"));
        as_guest(back).header("Cookie", &format!("{kept}; {cookie}")).send()
    }
}

fn as_guest(call: Call<'_>) -> Call<'_> {
    call.without("Authorization")
}

/// The pair of a cookie that is set.
#[track_caller]
pub(crate) fn cookie_of(answer: &Response, name: &str) -> String {
    let mut set = answer.headers.iter().filter(|(header, _)| header == "set-cookie");
    let found = set.find(|(_, value)| value.starts_with(&format!("{name}=")));
    let (_, value) = found.unwrap_or_else(|| panic!("no {name} in {:?}", answer.headers));
    value.split(';').next().expect("a pair").to_owned()
}
