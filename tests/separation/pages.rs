//! The pages for people.

use acta_tests::Version;

use crate::outsiders::Outsider;
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
fn no_page_shows_data_of_another_tenant() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    for outsider in Outsider::all(&world) {
        for page in PAGES {
            for token in [&world.ours.invitation, &world.ours.session.id, &world.ours.account] {
                let call = client.call_outside("GET", page).query("token", token);
                let answer = outsider.onto(call).send();
                let body = String::from_utf8_lossy(&answer.body);
                assert!(answer.status < 500, "{page} by {}: {body}", outsider.who);
                assert!(!body.contains(&world.ours.marker), "{page} by {}: {body}", outsider.who);
            }
        }
    }
}
