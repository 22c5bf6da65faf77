//! Logs for proofs that anybody reads, at the address that is their name.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_followers::LogReader;
use acta_http::Bounds;
use acta_proof::{ProofFollower, ProofOptions, Proofs};
use acta_storage::{FollowerName, Storage};
use acta_xapi::Version;
use hyper::Method;
use serde_json::json;

use crate::administered::parts_in;
use crate::server::{Answer, Ask, Server, World, ask, bounds, post, statement};
use crate::tenancy::api;

const HERE: &str = "192.0.2.7";

/// A server with three statements in the log of the first tenant.
struct Logged {
    server: Server,
    storage: Arc<dyn Storage>,
    follower: ProofFollower,
    /// The path of the log.
    path: String,
}

impl Logged {
    async fn new(bounds: Bounds) -> Self {
        let world = World::new(Version::V2_0_0, bounds).await;
        let (storage, entropy) =
            (Arc::clone(&world.backend.storage), Arc::clone(&world.backend.entropy));
        let options = ProofOptions { host: "lrs.example".to_owned() };
        let proofs = Proofs::open(Arc::clone(&storage), &*entropy, options).await.unwrap();
        let proofs = Arc::new(proofs);
        let follower = ProofFollower::new(Arc::clone(&proofs), entropy, Duration::ZERO);
        let (parts, clock, known) = parts_in(world, Some(Arc::clone(&proofs))).await;
        let server = Server::of(parts.into_app(), clock, known);
        let mut logged = Self { server, storage, follower, path: String::new() };
        logged.store(1..4).await;
        let state = proofs.state(TenantId::FIRST).await.unwrap().unwrap();
        let origin = &state.checkpoint.unverified().origin;
        let (host, path) = origin.as_str().split_once('/').unwrap();
        assert_eq!(host, "lrs.example");
        logged.path = format!("/{path}");
        logged
    }

    async fn store(&mut self, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let asked = post("/xapi/statements").json(&statement(number));
            self.server.expect(asked, 200).await;
        }
        assert!(self.follower.begin_round().await.unwrap());
        for position in self.storage.list_behind(FollowerName::PROOF).await.unwrap() {
            self.follower.read(position).await.unwrap();
        }
        self.follower.end_round(false).await.unwrap();
    }

    async fn publish(&self, is_on: bool) {
        let change = json!({ "publishes_proof_log": is_on });
        let asked = api(Method::PATCH, "/tenants/1", "admin").json(&change);
        let answer = self.server.expect(asked.header("if-match", "*"), 200).await;
        assert_eq!(answer.json()["publishes_proof_log"], is_on);
        let log = self.server.expect(api(Method::GET, "/tenants/1/proof", "all"), 200).await;
        assert_eq!(log.json()["public"], is_on);
    }

    async fn get(&self, path: &str, status: u16) -> Answer {
        self.server.expect(anybody(&format!("{}/{path}", self.path)), status).await
    }

    /// The answer when there is nothing to read, without what is of each request.
    async fn nothing(&self, path: &str) -> String {
        let answer = self.server.expect(anybody(path), 404).await;
        let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
        let headers: Vec<String> =
            headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        format!("{headers:?} {}", answer.text())
    }
}

/// A request without a credential.
fn anybody(path: &str) -> Ask {
    ask(Method::GET, path).without("authorization").without("x-experience-api-version")
}

#[tokio::test]
async fn anybody_reads_a_published_log_and_caches_know_for_how_long() {
    let mut logged = Logged::new(bounds()).await;
    logged.publish(true).await;
    let checkpoint = logged.get("checkpoint", 200).await;
    let own = api(Method::GET, "/tenants/1/proof/checkpoint", "all");
    assert_eq!(checkpoint.text(), logged.server.expect(own, 200).await.text());
    assert_eq!(checkpoint.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(checkpoint.header("cache-control"), Some("public, max-age=2"));
    for (path, length, caching) in [
        ("tile/0/000.p/3", 3 * 32, "public, max-age=86400, immutable"),
        ("tile/0/000.p/1", 32, "public, max-age=86400, immutable"),
        ("tile/entries/000.p/3", 3 * 35, "public, max-age=86400, immutable"),
    ] {
        let tile = logged.get(path, 200).await;
        assert_eq!(tile.body.len(), length, "{path}");
        assert_eq!(tile.header("content-type"), Some("application/octet-stream"), "{path}");
        assert_eq!(tile.header("cache-control"), Some(caching), "{path}");
        assert_eq!(tile.header("access-control-allow-origin"), Some("*"), "{path}");
    }
    let head = ask(Method::HEAD, &format!("{}/tile/0/000.p/3", logged.path));
    let head = logged.server.expect(head.without("authorization"), 200).await;
    assert_eq!((head.header("content-length"), head.body.len()), (Some("96"), 0));
    assert_eq!(head.header("access-control-allow-origin"), Some("*"));
    let tag = checkpoint.header("etag").unwrap();
    let path = format!("{}/checkpoint", logged.path);
    let again = || anybody(&path).header("if-none-match", tag);
    assert_eq!(logged.server.expect(again(), 304).await.header("etag"), Some(tag));
    logged.store(4..260).await;
    assert_ne!(logged.server.expect(again(), 200).await.header("etag"), Some(tag));
    for (path, length) in [("tile/0/000", 256 * 32), ("tile/entries/000", 256 * 35)] {
        let tile = logged.get(path, 200).await;
        assert_eq!(tile.body.len(), length, "{path}");
        let caching = Some("public, max-age=31536000, immutable");
        assert_eq!(tile.header("cache-control"), caching, "{path}");
    }
    let post = ask(Method::POST, &path).without("authorization");
    assert_eq!(logged.server.send(post).await.status, 405);
}

#[tokio::test]
async fn a_log_that_nobody_may_read_looks_like_one_that_is_not_there() {
    let logged = Logged::new(bounds()).await;
    let unknown = "/t/6690e6c9-3ef0-4ed3-8b37-7f3964730bee/1f0c66a04be1d3e2/checkpoint";
    let nothing = logged.nothing(unknown).await;
    let own = ["checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"];
    let own: Vec<String> = own.iter().map(|path| format!("{}/{path}", logged.path)).collect();
    for path in &own {
        assert_eq!(logged.nothing(path).await, nothing, "{path}");
    }
    logged.publish(true).await;
    let (log, _) = logged.path.rsplit_once('/').unwrap();
    for path in [
        unknown.to_owned(),
        format!("{log}/1f0c66a04be1d3e2/checkpoint"),
        format!("{log}/1f0c66a04be1d3e2/tile/0/000.p/3"),
        format!("{}/tile/0/000.p/4", logged.path),
        format!("{}/tile/0/000", logged.path),
        format!("{}/other", logged.path),
        logged.path.clone(),
        log.to_owned(),
    ] {
        assert_eq!(logged.nothing(&path).await, nothing, "{path}");
    }
    logged.get("checkpoint", 200).await;
    logged.publish(false).await;
    for path in &own {
        assert_eq!(logged.nothing(path).await, nothing, "{path}");
    }
    logged.server.expect(anybody("/t/1/statements"), 200).await;
}

#[tokio::test]
async fn requests_for_a_published_log_are_limited_for_each_address() {
    let bounds = Bounds { anonymous_count_max: 6, ..bounds() };
    let logged = Logged::new(bounds).await;
    logged.publish(true).await;
    let path = |path: &str| format!("{}/{path}", logged.path);
    let all = [path("checkpoint"), path("tile/0/000.p/3"), path("tile/entries/000.p/3")];
    for path in all.iter().chain(&all) {
        logged.server.still(anybody(path).sent_from(HERE), 200).await;
    }
    for path in all.iter().chain([&path("other")]) {
        let refused = logged.server.still(anybody(path).sent_from(HERE), 429).await;
        assert_eq!(refused.header("retry-after"), Some("10"), "{path}");
    }
    logged.server.still(anybody(&all[0]).sent_from("192.0.2.8"), 200).await;
}
