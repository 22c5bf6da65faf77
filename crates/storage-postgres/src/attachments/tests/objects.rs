//! Attachments in a real object storage.

use acta_objects::{ObjectError, ObjectOptions, PART_BYTES};
use acta_test_objects::{BucketPrefix, Key, ObjectServer};

use super::*;
use crate::OpenError;

/// Longer than two parts, and no multiple of one.
const MANY_PARTS: usize = 2 * PART_BYTES + 1_000;

fn with_key(place: &BucketPrefix, key: &Key) -> ObjectOptions {
    ObjectOptions {
        url: place.url(),
        endpoint: Some(place.endpoint()),
        region: ObjectOptions::REGION.to_owned(),
        access_key: key.name.clone(),
        secret_key: key.secret.clone(),
        allow_http: true,
    }
}

fn at(place: &BucketPrefix) -> ObjectOptions {
    with_key(place, place.owner())
}

async fn open() -> (Bench, BucketPrefix) {
    let place = BucketPrefix::fresh();
    (Bench::open_with(Attachments::Objects(at(&place))).await, place)
}

/// How many contents are recorded, and how many of them are marked for removal.
fn records(bench: &Bench) -> String {
    bench.database.sql("SELECT count(*), count(*) FILTER (WHERE is_doomed) FROM acta.contents")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_any_length_are_read_back() {
    let (bench, place) = open().await;
    let lens = [0, 1, SHORT_BYTES_MAX, SHORT_BYTES_MAX + 1, PART_BYTES, PART_BYTES + 1, MANY_PARTS];
    for len in lens {
        let content = content(len, 0);
        let staged = bench.stage(&content).await;
        assert_eq!(bench.read(&content).await.unwrap(), None, "{len} bytes, too early");
        assert_eq!(staged.read(len as u64).await.unwrap().as_ref(), Some(&content));
        append(&bench.storage, vec![staged]).await.unwrap();
        assert_eq!(bench.read(&content).await.unwrap(), Some(content), "{len} bytes");
    }
    let objects = place.objects();
    assert_eq!(objects.len(), 4, "{objects:?}");
    assert!(objects.iter().all(|name| name.starts_with("1/") && name.len() == 34), "{objects:?}");
    assert_eq!(bench.counts(), "0|0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_objects_are_removed_and_their_records_swept() {
    let server = ObjectServer::running();
    let place = server.bucket_prefix();
    let bench = Bench::open_with(Attachments::Objects(at(&place))).await;
    let long = content(MANY_PARTS, 0);
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(&long)).await.unwrap();
    writer.write(long.clone()).await.unwrap();
    assert_eq!(place.unfinished_count(), 1);
    let whole = bench.stage(&content(SHORT_BYTES_MAX + 1, 1)).await;
    let in_parts = bench.stage(&long).await;
    assert_eq!(place.objects().len(), 2);
    drop((writer, whole, in_parts));
    bench.finish_removals().await;
    assert_eq!(place.objects(), Vec::<String>::new());
    assert_eq!(place.unfinished_count(), 0);
    assert_eq!(records(&bench), "3|3");
    assert_eq!(bench.sweep().await, 3);
    assert_eq!(records(&bench), "0|0");
    assert_eq!(bench.read(&long).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_of_a_node_that_vanishes_are_swept() {
    let server = ObjectServer::running();
    let place = server.bucket_prefix();
    let bench = Bench::open_with(Attachments::Objects(at(&place))).await;
    let long = content(MANY_PARTS, 0);
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(&long)).await.unwrap();
    writer.write(long.clone()).await.unwrap();
    std::mem::forget(writer);
    std::mem::forget(bench.stage(&long).await);
    assert_eq!((place.unfinished_count(), place.objects().len()), (1, 1));
    assert_eq!(bench.read(&long).await.unwrap(), None);
    assert_eq!(bench.sweep().await, 2);
    assert_eq!((place.unfinished_count(), place.objects().len()), (0, 0));
    assert_eq!(records(&bench), "0|0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_objects_are_kept_once() {
    let (bench, place) = open().await;
    let long = content(SHORT_BYTES_MAX + 1, 0);
    for _ in 0..2 {
        let staged = vec![bench.stage(&long).await, bench.stage(&long).await];
        append(&bench.storage, staged).await.unwrap();
    }
    bench.finish_removals().await;
    assert_eq!(place.objects().len(), 1);
    bench.sweep().await;
    assert_eq!(bench.read(&long).await.unwrap(), Some(long));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_swept_before_its_batch_fails_the_batch() {
    let (bench, place) = open().await;
    let long = content(SHORT_BYTES_MAX + 1, 0);
    let staged = vec![bench.stage(&long).await];
    assert_eq!(bench.sweep().await, 1);
    let refused = append(&bench.storage, staged).await;
    assert!(matches!(refused, Err(StorageError::Busy { .. })), "got {refused:?}");
    bench.finish_removals().await;
    assert_eq!(bench.read(&long).await.unwrap(), None);
    assert_eq!(place.objects(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_swept_while_it_is_received_cannot_be_finished() {
    let (bench, place) = open().await;
    let long = content(MANY_PARTS, 0);
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(&long)).await.unwrap();
    writer.write(long.slice(..PART_BYTES)).await.unwrap();
    assert_eq!(bench.sweep().await, 1);
    let rest = writer.write(long.slice(PART_BYTES..)).await;
    assert!(rest.is_err() || writer.finish().await.is_err());
    bench.finish_removals().await;
    assert_eq!(place.objects(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_object_is_reported_as_damage() {
    let (bench, place) = open().await;
    let long = content(SHORT_BYTES_MAX + 1, 0);
    bench.append(&long).await;
    let objects = place.objects();
    place.remove(&objects[0]);
    match bench.read(&long).await {
        Err(StorageError::Corrupt { place }) => assert!(place.contains(&objects[0]), "{place}"),
        other => panic!("got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_with_other_content_is_reported_as_damage() {
    let (bench, place) = open().await;
    let long = content(SHORT_BYTES_MAX + 1, 0);
    bench.append(&long).await;
    let bucket = acta_objects::Bucket::new(&at(&place)).unwrap();
    for len in [1, SHORT_BYTES_MAX, SHORT_BYTES_MAX + 1, SHORT_BYTES_MAX + 2] {
        bucket.put(&place.objects()[0], content(len, 1)).await.unwrap();
        let read = bench.read(&long).await;
        assert!(matches!(read, Err(StorageError::Corrupt { .. })), "{len} bytes: {read:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_stored_under_another_setting_is_still_read() {
    let place = BucketPrefix::fresh();
    let [first, second, third] = [1, 2, 3].map(|seed| content(LONG, seed));
    let in_database = |objects| Attachments::Database { bytes_max: LONG as u64, objects };
    let bench = Bench::open_with(in_database(None)).await;
    bench.append(&first).await;
    let bench = bench.reopen_with(Attachments::Objects(at(&place))).await;
    bench.append(&second).await;
    let bench = bench.reopen_with(in_database(Some(at(&place)))).await;
    bench.append(&third).await;
    assert_eq!(place.objects().len(), 1);
    for content in [first, second.clone(), third] {
        assert_eq!(bench.read(&content).await.unwrap(), Some(content));
    }
    let bench = bench.reopen_with(in_database(None)).await;
    match bench.read(&second).await {
        Err(StorageError::Io { source, .. }) => {
            assert!(source.to_string().contains("none is configured"), "{source}");
        }
        other => panic!("got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_not_opened_without_its_objects() {
    let (database, place) = (Database::fresh(), BucketPrefix::fresh());
    let open = async |objects: ObjectOptions| {
        let attachments = Attachments::Objects(objects);
        let options = Options { attachments, ..options(&database.url()) };
        match PostgresStorage::open(&options).await {
            Err(OpenError::Objects { source, .. }) => source,
            other => panic!("got {other:?}"),
        }
    };
    let bucket = ObjectOptions { url: "s3://absent/a".to_owned(), ..at(&place) };
    let opened = open(bucket).await;
    assert!(
        matches!(&opened, ObjectError::NoBucket { bucket } if bucket == "absent"),
        "{opened:?}"
    );
    let unknown = Key { name: "unknown".to_owned(), ..place.owner().clone() };
    let liar = Key { secret: "guess".to_owned(), ..place.owner().clone() };
    for key in [&unknown, &liar, place.reader()] {
        let opened = open(with_key(&place, key)).await;
        assert!(matches!(opened, ObjectError::Denied { .. }), "{}: {opened:?}", key.name);
    }
    let nowhere = ObjectOptions { endpoint: Some("http://127.0.0.1:9".to_owned()), ..at(&place) };
    let opened = open(nowhere).await;
    assert!(matches!(opened, ObjectError::Unavailable { .. }), "{opened:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_stores_nothing_and_goes_on_later() {
    let mut server = ObjectServer::running();
    let place = server.bucket_prefix();
    let bench = Bench::open_with(Attachments::Objects(at(&place))).await;
    let (first, long) = (content(MANY_PARTS, 1), content(MANY_PARTS, 0));
    bench.append(&first).await;
    let mut writer = bench.storage.stage_attachment(TENANT, Sha2::sha256(&long)).await.unwrap();
    writer.write(long.slice(..PART_BYTES)).await.unwrap();
    server.stop();
    let refused = writer.write(long.slice(PART_BYTES..)).await;
    assert!(matches!(refused, Err(StorageError::Unavailable { .. })), "got {refused:?}");
    drop(writer);
    let read = bench.read(&first).await;
    assert!(matches!(read, Err(StorageError::Unavailable { .. })), "got {read:?}");
    // Short content needs no objects.
    bench.append(&content(10, 2)).await;
    bench.finish_removals().await;
    assert_eq!(bench.read(&long).await.unwrap(), None);
    server.start();
    assert_eq!(bench.sweep().await, 1);
    assert_eq!(place.unfinished_count(), 0);
    bench.append(&long).await;
    for content in [first, long] {
        assert_eq!(bench.read(&content).await.unwrap(), Some(content));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_object_passes_through_little_memory() {
    let (bench, _place) = open().await;
    let growth = growth_of_passage(&bench).await;
    assert!(growth < 24 << 20, "memory grew by {growth} bytes");
}
