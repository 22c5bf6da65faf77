//! What a restore ends: sessions, links, and what was revoked in the store that it replaces.

use std::path::Path;

use acta_tests::{Client, Engine, Server, Store, Version, acta, basic};
use serde_json::{Value, json};

use crate::{back_up, folder, restore, run};

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "blue otters juggle seven lamps";
/// The invitation, and the link for setting up that the server has printed.
const LINK_COUNT: u64 = 2;

const SESSION: &str = "/api/v1/session";

/// Who has access to a store: a person with a session and a pending link, and a credential.
struct Access {
    cookie: String,
    token: String,
    key: String,
    authorization: String,
}

fn guest<'a>(client: &'a Client, method: &str, path: &str) -> acta_tests::Call<'a> {
    client.call_outside(method, path).without("Authorization")
}

impl Access {
    fn make(store: &Store, server: &Server) -> Self {
        let client = server.client(Version::V2_0_0);
        let create = ["account", "create", EMAIL, "--name", "Ada", "--operator"];
        let made = store.administer(&create);
        let chosen = json!({ "token": made["token"], "password": PASSWORD });
        guest(&client, "POST", "/api/v1/links/accept").json(&chosen).send().expect(204);
        let known = json!({ "email": EMAIL, "password": PASSWORD });
        let entered = guest(&client, "POST", SESSION).json(&known).send().expect(200);
        let cookie = entered.must_header("set-cookie").split(';').next().expect("a pair");
        let invite = ["account", "invite", "bob@example.org", "--role", "viewer"];
        let token = store.administer(&invite)["token"].as_str().expect("a token").to_owned();
        let made = store.administer(&["credential", "create", "--label", "lms"]);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().expect("a text"));
        let authorization = basic(key, secret);
        Self { cookie: cookie.to_owned(), token, key: key.to_owned(), authorization }
    }

    /// Which of the session, the link and the credential are valid.
    fn valid(&self, server: &Server) -> [bool; 3] {
        let client = server.client(Version::V2_0_0);
        let session = guest(&client, "GET", SESSION).header("Cookie", &self.cookie).send();
        let link = json!({ "token": self.token });
        let link = guest(&client, "POST", "/api/v1/links/read").json(&link).send();
        let call = client.get("/statements").without("Authorization");
        let credential = call.header("Authorization", &self.authorization).send();
        [session, link, credential].map(|answer| answer.status == 200)
    }
}

fn finish(store: &Store, more: &[&str]) -> Value {
    let mut command = acta();
    command.args(["restore", "--finish", "--json"]).args(more).envs(store.settings());
    if store.settings().is_empty() {
        command.arg("--data").arg(store.data());
    }
    run(&mut command).counts()
}

fn valid_in(data: &Path, access: &Access) -> [bool; 3] {
    access.valid(&Server::start_in(data, Version::V2_0_0))
}

#[test]
fn a_restore_ends_sessions_and_links_and_revokes_what_the_replaced_store_has_revoked() {
    let folder = folder();
    let store = Store::new(Engine::Embedded);
    let server = Server::start_on(&store, Version::V2_0_0);
    let access = Access::make(&store, &server);
    let to = folder.path().join("backup");
    back_up(&store.data(), &to).counts();
    assert_eq!(access.valid(&server), [true, true, true]);
    store.administer(&["credential", "remove", &access.key]);
    drop(server);

    let plain = folder.path().join("plain");
    let ended = restore(&to, &plain).counts()["ended"].clone();
    assert_eq!((&ended["sessions"], &ended["links"]), (&json!(1), &json!(LINK_COUNT)));
    // Without the replaced store, nobody knows that the credential was removed.
    assert_eq!(valid_in(&plain, &access), [false, false, true]);

    let revoked = folder.path().join("revoked");
    let mut command = acta();
    command.args(["restore", "--json", "--from"]).arg(&to).arg("--data").arg(&revoked);
    let ended = run(command.arg("--access-from").arg(store.data())).counts()["ended"].clone();
    assert_eq!((&ended["removed"], &ended["credentials"]), (&json!(1), &json!([access.key])));
    assert_eq!(valid_in(&revoked, &access), [false, false, false]);

    let other = Store::new(Engine::Embedded);
    drop(Server::start_on(&other, Version::V2_0_0));
    let refused = folder.path().join("refused");
    let mut command = acta();
    command.args(["restore", "--from"]).arg(&to).arg("--data").arg(&refused);
    let output = run(command.arg("--access-from").arg(other.data()));
    assert_eq!(output.code, Some(2), "{}", output.err);
    assert!(output.err.contains("is another store"), "{}", output.err);
    assert!(output.err.contains("acta restore --finish"), "{}", output.err);
}

#[test]
fn a_store_that_was_restored_in_another_way_is_finished() {
    for engine in [Engine::Embedded, Engine::Postgres] {
        let store = Store::new(engine);
        let server = Server::start_on(&store, Version::V2_0_0);
        let access = Access::make(&store, &server);
        assert_eq!(access.valid(&server), [true, true, true], "{engine:?}");
        drop(server);
        let ended = finish(&store, &[]);
        assert_eq!(
            (&ended["sessions"], &ended["links"]),
            (&json!(1), &json!(LINK_COUNT)),
            "{engine:?}"
        );
        let server = Server::start_on(&store, Version::V2_0_0);
        assert_eq!(access.valid(&server), [false, false, true], "{engine:?}");
        let audit = store.administer(&["audit", "list", "--server", "--act", "store."]);
        assert_eq!(audit["items"][0]["act"], "store.restored", "{audit}");
    }
}

#[test]
fn a_copy_of_a_database_revokes_what_the_database_that_it_replaces_has_revoked() {
    let replaced = Store::new(Engine::Postgres);
    let server = Server::start_on(&replaced, Version::V2_0_0);
    let access = Access::make(&replaced, &server);
    drop(server);
    let restored = replaced.copy();
    replaced.administer(&["credential", "remove", &access.key]);
    let server = Server::start_on(&restored, Version::V2_0_0);
    assert_eq!(access.valid(&server), [true, true, true]);
    drop(server);
    let (_, url) = replaced.settings().pop().expect("the setting that names the database");
    let ended = finish(&restored, &["--access-from", &url]);
    assert_eq!((&ended["removed"], &ended["credentials"]), (&json!(1), &json!([access.key])));
    let server = Server::start_on(&restored, Version::V2_0_0);
    assert_eq!(access.valid(&server), [false, false, false]);
}
