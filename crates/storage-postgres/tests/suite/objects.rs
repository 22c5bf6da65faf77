//! Attachments in object storage pass what all attachments pass.

use std::sync::Arc;

use acta_ambient::{Clock, SystemEntropy};
use acta_storage::Storage;
use acta_storage_postgres::{Attachments, ObjectOptions, Options, PostgresStorage};
use acta_storage_suite::EngineUnderTest;
use acta_test_objects::BucketPrefix;
use acta_test_postgres::Database;
use async_trait::async_trait;

/// A store in a database and a place for objects of its own.
struct ObjectsUnderTest {
    storage: Arc<PostgresStorage>,
    clock: Arc<dyn Clock>,
    database: Database,
    place: BucketPrefix,
}

async fn open(database: Database, place: BucketPrefix, clock: Arc<dyn Clock>) -> ObjectsUnderTest {
    let objects = ObjectOptions {
        url: place.url(),
        endpoint: Some(place.endpoint()),
        region: ObjectOptions::REGION.to_owned(),
        access_key: place.owner().name.clone(),
        secret_key: place.owner().secret.clone(),
        allow_http: true,
    };
    let options = Options::new(&database.url(), Arc::clone(&clock), Arc::new(SystemEntropy));
    let options = Options { attachments: Attachments::Objects(objects), ..options };
    let storage = PostgresStorage::open(&options).await.unwrap();
    ObjectsUnderTest { storage, clock, database, place }
}

#[async_trait]
impl EngineUnderTest for ObjectsUnderTest {
    async fn open(clock: Arc<dyn Clock>) -> Self {
        open(Database::fresh(), BucketPrefix::fresh(), clock).await
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::<PostgresStorage>::clone(&self.storage)
    }

    async fn reopen(self) -> Self {
        self.storage.close().await;
        open(self.database, self.place, self.clock).await
    }
}

acta_storage_suite::storage_suite! { ObjectsUnderTest =>
    tenant_isolation {
        attachments_are_separate_by_tenant
    }
    attachments {
        content_of_any_size_is_returned
        every_sha2_variant_identifies_content
        a_batch_stores_many_attachments
        a_dropped_attachment_is_removed
        a_refused_batch_leaves_no_content
        a_repeated_batch_may_add_missing_content
        a_wrong_hash_is_reported
        staged_content_can_be_checked
        the_same_content_from_many_writers_is_stored
    }
    reopen {
        attachments_survive_a_restart
    }
}
