//! Attacks of clients without a credential, on everything that can be reached.

use std::net::TcpListener;
use std::sync::OnceLock;

use acta_ambient::{Entropy as _, SeededEntropy};
use acta_tests::Engine;
use acta_tests::client::form;
use acta_tests::server::{KEY, basic};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::attack::{Attack, AttackerKind, REQUESTS_MAX, Sender, Settings, TENANT, status};
use crate::bodies::{list, statement};

/// What anybody can read: pages, files, monitoring, and the documents of the API.
static PAGES: [&str; 12] = [
    "/",
    "/icon.svg",
    "/licenses.txt",
    "/signin",
    "/setup",
    "/reset",
    "/health",
    "/ready",
    "/xapi/about",
    "/api/v1/",
    "/api/v1/openapi.json",
    "/nothing",
];

/// Bytes of a form, just within `limits.anonymous_bytes_max`.
const FORM_BYTES: usize = 1_000_000;

/// Connections that begin to sign in at a provider: more than requests in progress may be.
const PROVIDER_CONNECTIONS: usize = REQUESTS_MAX + 16;

/// Small requests on many connections. A database on the same two processors needs too much of them
/// for its waits to be judged beside those.
const ANONYMOUS: Attack = Attack {
    attacker: AttackerKind::Nobody,
    connections: 64,
    timed_on: &[Engine::Embedded],
    settings: as_from_many_addresses,
    ..Attack::OF_TENANT
};

/// What one address may send is limited: the attacks are as if each request came from another one.
fn as_from_many_addresses() -> Settings {
    vec![("ACTA_LIMITS_ANONYMOUS_COUNT_MAX", "1000000000".to_owned())]
}

/// Reads statements with a value of `Authorization` that is new each time.
fn with_authorization(mut authorization: impl FnMut() -> String + 'static) -> Sender {
    Box::new(move |client| {
        status(client.get("/statements").header("Authorization", &authorization()))
    })
}

/// Opens links of which none was ever made.
fn open_links(connection: usize) -> Sender {
    let entropy = SeededEntropy::new(connection as u64);
    Box::new(move |client| {
        let mut secret = [0; 32];
        entropy.fill(&mut secret);
        let link = json!({ "token": format!("acta_i_{}", URL_SAFE_NO_PAD.encode(secret)) });
        status(client.call_outside("POST", "/api/v1/links/read").json(&link))
    })
}

/// Signs in with passwords that are wrong.
fn sign_in(connection: usize) -> Sender {
    let mut number = 0;
    Box::new(move |client| {
        number += 1;
        let email = format!("{connection}-{number}@example.org");
        let body = json!({ "email": email, "password": "a guess" });
        status(client.call_outside("POST", "/api/v1/session").json(&body))
    })
}

/// Sends a form of the alternate syntax, with a credential that there is not.
fn send_form(connection: usize) -> Sender {
    let authorization = basic(&format!("key-{connection}"), "a guess");
    let content = "x".repeat(FORM_BYTES);
    let text = form(&[("Authorization", &authorization), ("content", &content)]);
    Box::new(move |client| {
        let call = client.call("POST", "/statements?method=POST");
        let call = call.header("X-Experience-API-Version", "1.0.3");
        status(call.body("application/x-www-form-urlencoded", text.as_bytes()))
    })
}

/// Asks for all pages in turn, compressed.
fn read_pages(connection: usize) -> Sender {
    let mut paths = PAGES.iter().cycle().skip(connection % PAGES.len());
    Box::new(move |client| {
        let path = paths.next().copied().unwrap_or_default();
        status(client.call_outside("GET", path).header("Accept-Encoding", "gzip"))
    })
}

/// Begins to sign in at the provider.
fn sign_in_at_provider(_: usize) -> Sender {
    Box::new(|client| status(client.call_outside("GET", "/signin/begin")))
}

/// Settings with a provider that accepts connections and never answers.
pub(crate) fn silent_provider() -> Settings {
    static PROVIDER: OnceLock<TcpListener> = OnceLock::new();
    let listener = PROVIDER.get_or_init(|| TcpListener::bind("127.0.0.1:0").unwrap());
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let of_provider = vec![
        ("ACTA_PUBLIC_URL", "https://lrs.example.org".to_owned()),
        ("ACTA_OIDC_ISSUER", issuer),
        ("ACTA_OIDC_CLIENT_ID", "acta".to_owned()),
        // It is over before the attack is.
        ("ACTA_OIDC_TIMEOUT", "3s".to_owned()),
    ];
    [as_from_many_addresses(), of_provider].concat()
}

/// Asks a question about facts, in a body as long as one may be.
fn ask(_: usize) -> Sender {
    let name = "x".repeat(60_000);
    let question = json!({ "measures": [{ "measure": "count", "name": name }] });
    let path = format!("/api/v1/tenants/{TENANT}/query");
    Box::new(move |client| status(client.call_outside("POST", &path).json(&question)))
}

/// Attacks on the resources of xAPI.
fn on_xapi() -> Vec<Attack> {
    vec![
        Attack {
            name: "wrong secrets of a key",
            answers: &[401, 429],
            open: |_| with_authorization(|| basic(KEY, "a guess")),
            ..ANONYMOUS
        },
        Attack {
            name: "unknown keys",
            answers: &[401],
            // Each is looked up.
            open: |connection| {
                let mut number = 0;
                with_authorization(move || {
                    number += 1;
                    basic(&format!("{connection}-{number}"), "a guess")
                })
            },
            ..ANONYMOUS
        },
        Attack {
            name: "forged tokens",
            answers: &[401],
            open: |_| with_authorization(|| format!("Bearer acta_t_{}", "A".repeat(2_500))),
            ..ANONYMOUS
        },
        Attack {
            name: "forms with an unknown key",
            connections: 32,
            answers: &[401, 429],
            open: send_form,
            ..ANONYMOUS
        },
        Attack {
            name: "batches without a credential",
            connections: 32,
            // They are not read, so that the connection may break before the answer arrives.
            answers: &[],
            refusals: &[0, 401],
            open: |_| {
                let text = format!("[{}]", list(5_000, |_| statement("")));
                Box::new(move |client| status(client.post("/statements").json_text(&text)))
            },
            ..ANONYMOUS
        },
    ]
}

/// Attacks on the rest.
fn on_pages() -> Vec<Attack> {
    vec![
        Attack { name: "sign-ins", answers: &[401, 429], open: sign_in, ..ANONYMOUS },
        Attack { name: "links", answers: &[410], open: open_links, ..ANONYMOUS },
        Attack {
            name: "metrics",
            open: |_| Box::new(|client| status(client.call_outside("GET", "/metrics"))),
            ..ANONYMOUS
        },
        Attack {
            name: "pages",
            // The path that there is not, and what needs a link.
            answers: &[200, 303, 400, 404, 410],
            open: read_pages,
            ..ANONYMOUS
        },
        Attack {
            name: "sign-ins at a provider that does not answer",
            connections: PROVIDER_CONNECTIONS,
            answers: &[503],
            // So many connections, which are answered at once, keep both processors busy.
            timed_on: &[],
            settings: silent_provider,
            open: sign_in_at_provider,
            ..ANONYMOUS
        },
        Attack { name: "questions without a credential", answers: &[401], open: ask, ..ANONYMOUS },
    ]
}

pub(super) fn attacks() -> Vec<Attack> {
    [on_xapi(), on_pages()].concat()
}
