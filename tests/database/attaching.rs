//! Attachments of a store in a database: there or in object storage, as it is configured.

use acta_test_objects::BucketPrefix;
use acta_test_postgres::Database;
use acta_tests::multipart::{self, Part};
use acta_tests::{Client, Response, Version, make};
use serde_json::json;

use crate::serving::start;

/// Sends a statement with an attachment of `len` bytes. Returns its id, too.
fn post(client: &Client, len: usize) -> (String, Response) {
    let bytes = vec![b'a'; len];
    let mut statement = make::statement();
    let id = make::id();
    statement["id"] = json!(id);
    statement["attachments"] = json!([make::attachment("text/plain", &bytes)]);
    let parts = [
        Part::statements(&statement.to_string()),
        Part::attachment("text/plain", &make::sha256_hex(&bytes), &bytes),
    ];
    let call = client.post("/statements");
    (id, call.body(&multipart::content_type(), multipart::write(&parts)).send())
}

/// How many bytes the attachment of a statement has.
fn fetch(client: &Client, id: &str) -> usize {
    let call = client.get("/statements").query("statementId", id).query("attachments", "true");
    multipart::read(&call.send().expect(200))[1].body.len()
}

#[test]
fn attachments_longer_than_the_database_limit_are_refused() {
    let database = Database::fresh();
    let settings = [("ACTA_STORAGE_ATTACHMENT_BYTES_MAX", "100KiB")];
    let (server, _folder) = start(&database.url(), &settings);
    let client = server.client(Version::V2_0_0);
    let (id, answer) = post(&client, 100 << 10);
    answer.expect(200);
    assert_eq!(fetch(&client, &id), 100 << 10);
    let (id, answer) = post(&client, (100 << 10) + 1);
    answer.expect(413);
    client.get("/statements").query("statementId", &id).send().expect(404);
}

#[test]
fn attachments_in_object_storage_stay_there_after_a_change_of_setting() {
    let (database, place) = (Database::fresh(), BucketPrefix::fresh());
    let (url, endpoint) = (place.url(), place.endpoint());
    let objects = [
        ("ACTA_STORAGE_OBJECTS_URL", url.as_str()),
        ("ACTA_STORAGE_OBJECTS_ENDPOINT", &endpoint),
        ("ACTA_STORAGE_OBJECTS_ACCESS_KEY", &place.owner().name),
        ("ACTA_STORAGE_OBJECTS_SECRET_KEY", &place.owner().secret),
        ("ACTA_STORAGE_OBJECTS_ALLOW_HTTP", "true"),
    ];
    let settings = [&objects[..], &[("ACTA_STORAGE_ATTACHMENTS", "objects")]].concat();
    let (server, _folder) = start(&database.url(), &settings);
    let (first, answer) = post(&server.client(Version::V2_0_0), 200_000);
    answer.expect(200);
    assert_eq!(place.objects().len(), 1);
    drop(server);

    let (server, _folder) = start(&database.url(), &objects);
    let client = server.client(Version::V2_0_0);
    let (second, answer) = post(&client, 200_001);
    answer.expect(200);
    assert_eq!(place.objects().len(), 1, "the new one is in the database");
    assert_eq!((fetch(&client, &first), fetch(&client, &second)), (200_000, 200_001));
}
