//! A server with two tenants, each with everything that a tenant can have.

use acta_tests::{Client, Server, Store, Version};

use crate::engine;
use crate::tenant_data::TenantData;

/// A server with two tenants.
pub(crate) struct World {
    pub(crate) server: Server,
    /// Whose things others ask for.
    pub(crate) ours: TenantData,
    /// Who asks for them.
    pub(crate) theirs: TenantData,
    /// The store goes after the server.
    pub(crate) store: Store,
}

impl World {
    pub(crate) fn new() -> Self {
        let store = Store::new(engine());
        let mut settings = store.settings();
        // Every operation is tried with a wrong secret of the same key.
        settings.push(("ACTA_LIMITS_FAILURES_COUNT_MAX", "1000".to_owned()));
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let server = Server::start_with(&store.data(), Version::V2_0_0, &settings);
        let ours = TenantData::fill(&server, &store, "ours");
        let theirs = TenantData::fill(&server, &store, "theirs");
        Self { server, ours, theirs, store }
    }

    /// A client that makes a connection for each request: the server ends one when it has
    /// refused a body that it has not read.
    pub(crate) fn client(&self, version: Version) -> Client {
        self.server.client(version).with("Connection", "close")
    }
}
