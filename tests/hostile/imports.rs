//! Imports of persons and groups whose first line is all there is.

use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Server, Store, Version, basic};

/// How long a refusal may take, whatever else the machine does.
const WAIT_MAX: Duration = Duration::from_secs(20);

#[test]
fn a_line_of_names_that_fills_the_body_is_refused_at_once() {
    let store = Store::new(Engine::Embedded);
    let server = Server::start_on(&store, Version::V1_0_3);
    let client = server.client(Version::V1_0_3);
    let distinct = super::bodies::list(400_000, |number| format!("a{number}"));
    let empty = ",".repeat((4 << 20) - 1);
    for (scope, status) in [("state", 403), ("admin", 400)] {
        let made = store.administer(&["credential", "create", "--label", "c", "--scope", scope]);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().unwrap());
        let of = |what: &'static str| [(what, &distinct), (what, &empty)];
        for (what, text) in [of("persons"), of("groups")].concat() {
            let clock = SystemClock::new();
            let path = format!("/api/v1/tenants/1/{what}/import");
            let call = client.call_outside("POST", &path);
            let call = call.without("Authorization").header("Authorization", &basic(key, secret));
            let refused = call.body("text/csv", text.as_bytes()).send().expect(status);
            assert!(refused.body.len() < 4_096, "{} bytes", refused.body.len());
            assert!(clock.elapsed() < WAIT_MAX, "{what}, {scope}: {:?}", clock.elapsed());
        }
    }
}
