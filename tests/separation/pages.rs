//! The pages for people.

use acta_tests::Version;

use crate::strangers::Stranger;
use crate::world::World;

const PAGES: [&str; 9] = [
    "/setup",
    "/signin",
    "/signin/begin",
    "/signin/oidc",
    "/signout",
    "/invitation",
    "/reset",
    "/account",
    "/",
];

#[test]
fn no_page_tells_a_stranger_anything_of_a_tenant() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    for stranger in Stranger::all(&world) {
        for page in PAGES {
            for token in [&world.ours.invitation, &world.ours.session.id, &world.ours.account] {
                let call = client.call_outside("GET", page).query("token", token);
                let answer = stranger.onto(call).send();
                let body = String::from_utf8_lossy(&answer.body);
                assert!(answer.status < 500, "{page} by {}: {body}", stranger.who);
                assert!(!body.contains(&world.ours.marker), "{page} by {}: {body}", stranger.who);
            }
        }
    }
}
