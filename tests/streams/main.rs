//! Event streams of the real binary, on both engines.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "this is a test")]

mod following;
mod limits;
mod reconnecting;
mod rights;
mod subscriber;

use acta_tests::{Client, Engine, Server, Store, Version, basic};

/// A store with its server.
struct Served {
    store: Store,
    server: Server,
}

impl Served {
    fn new(engine: Engine) -> Self {
        Self::with(engine, &[])
    }

    fn with(engine: Engine, settings: &[(&str, &str)]) -> Self {
        let store = Store::new(engine);
        let server = start(&store, settings);
        Self { store, server }
    }

    fn client(&self) -> Client {
        self.server.client(Version::V1_0_3)
    }

    /// The value of `Authorization` of a new credential of a tenant, and its key.
    fn credential(&self, scopes: &str, tenant: &str) -> (String, String) {
        let made = self.store.administer(&[
            "credential",
            "create",
            "--label",
            "c",
            "--scope",
            scopes,
            "--tenant",
            tenant,
        ]);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().unwrap().to_owned());
        (basic(&key, &secret), key)
    }
}

fn start(store: &Store, settings: &[(&str, &str)]) -> Server {
    let of_store = store.settings();
    let of_store = of_store.iter().map(|(name, value)| (*name, value.as_str()));
    let settings: Vec<(&str, &str)> = settings.iter().copied().chain(of_store).collect();
    Server::start_with(&store.data(), Version::V1_0_3, &settings)
}
