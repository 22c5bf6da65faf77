//! The server of the tests of xAPI, with the admin API and the pages beside.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use acta_ambient::ManualClock;
use acta_auth::PasswordHasherOptions;
use acta_http::{App, Bounds, Dependencies, HttpParts};
use acta_http_admin::{AdminApiParts, AdminApiSettings, ClockReading, EngineKind};
use acta_http_pages::route_groups;
use acta_proof::Proofs;
use acta_xapi::Version;

use crate::server::{Known, Server, World, bounds};

/// What a server is made of.
pub(crate) struct Parts {
    pub(crate) http: HttpParts,
    pub(crate) admin: AdminApiParts,
}

impl Parts {
    /// The server.
    pub(crate) fn into_app(self) -> App {
        let shared = Dependencies::new(self.http);
        App::new(Arc::clone(&shared), route_groups(shared, self.admin))
    }
}

pub(crate) async fn parts_of(
    default_version: Version,
    bounds: Bounds,
) -> (Parts, Arc<ManualClock>, HashMap<String, Known>) {
    let world = World::new(default_version, bounds).await;
    parts_in(world, None).await
}

/// The parts of a server in a world, with proofs or without.
pub(crate) async fn parts_in(
    world: World,
    proofs: Option<Arc<Proofs>>,
) -> (Parts, Arc<ManualClock>, HashMap<String, Known>) {
    let World { backend, http, clock, known } = world;
    let passwords =
        PasswordHasherOptions { running_count_max: NonZeroUsize::MIN, waiting_count_max: 100 };
    let (admin, engine) = (acta_admin::Options::usual(), EngineKind::Embedded);
    let clock_gauge = Arc::new(ClockReading::default());
    let (provider, facts) = (None, None);
    let settings =
        AdminApiSettings { passwords, admin, provider, engine, clock: clock_gauge, facts, proofs };
    let admin = AdminApiParts::open(&backend, &http, settings).await.unwrap();
    (Parts { http, admin }, clock, known)
}

/// A server with everything.
pub(crate) async fn server() -> Server {
    let (parts, clock, known) = parts_of(Version::V2_0_0, bounds()).await;
    Server::of(parts.into_app(), clock, known)
}
