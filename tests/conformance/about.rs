//! The about resource.

use acta_tests::{Response, Version};
use serde_json::Value;

use crate::{both, shared};

#[track_caller]
fn check(answer: &Response) {
    assert_eq!(answer.status, 200);
    let about = answer.json();
    let versions = about["version"].as_array().expect("version is an array");
    assert!(versions.iter().all(Value::is_string), "{versions:?}");
    for wanted in ["1.0.3", "2.0.0"] {
        assert!(versions.iter().any(|version| version == wanted), "{wanted} in {versions:?}");
    }
    if let Some(extensions) = about.get("extensions") {
        assert!(extensions.is_object());
    }
}

#[test]
fn says_which_versions_it_speaks() {
    both(|client| check(&client.get("/about").send()));
}

#[test]
fn says_so_to_anyone_in_any_version() {
    let client = shared().client(Version::V1_0_3);
    let bare = client.get("/about").without("X-Experience-API-Version");
    check(&bare.without("Authorization").send());
    for version in ["0.9", "1.1.0", "3.0", "should fail"] {
        check(&client.get("/about").header("X-Experience-API-Version", version).send());
    }
}
