//! The content of attachments: received, stored with its batch, read.

use acta_access::TenantId;
use acta_storage::{Batch, NewStatement, StagedAttachment, Storage, StorageError};
use acta_xapi::Sha2;
use bytes::Bytes;

use super::EngineUnderTest;
use super::fixture::{Draft, Stage};

/// Receives `content` as announced under `sha2`.
pub async fn stage_content(
    storage: &dyn Storage,
    tenant: TenantId,
    sha2: &Sha2,
    content: &Bytes,
) -> Box<dyn StagedAttachment> {
    let mut writer = storage.stage_attachment(tenant, sha2.clone()).await.unwrap();
    for piece in content.chunks(50_000) {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    writer.finish().await.unwrap()
}

/// The whole content with this hash, if it can be opened.
pub async fn content_of(storage: &dyn Storage, tenant: TenantId, sha2: &Sha2) -> Option<Bytes> {
    let mut reader = storage.open_attachment(tenant, sha2).await.unwrap()?;
    let len_bytes = reader.len_bytes();
    let mut content = Vec::new();
    while let Some(piece) = reader.next().await.unwrap() {
        assert!(!piece.is_empty(), "an empty piece tells nothing");
        content.extend_from_slice(&piece);
    }
    assert_eq!(content.len() as u64, len_bytes);
    Some(content.into())
}

impl<E: EngineUnderTest> Stage<E> {
    async fn staged(&self, sha2: &Sha2, content: &Bytes) -> Box<dyn StagedAttachment> {
        stage_content(&*self.storage(), self.tenant, sha2, content).await
    }

    async fn content(&self, sha2: &Sha2) -> Option<Bytes> {
        content_of(&*self.storage(), self.tenant, sha2).await
    }

    async fn append_with(
        &self,
        statements: Vec<NewStatement>,
        attachments: Vec<Box<dyn StagedAttachment>>,
    ) -> Result<acta_storage::Appended, StorageError> {
        self.storage().append(self.tenant, Batch { statements, attachments }).await
    }
}

/// Bytes of every value, `len` of them.
pub fn bytes_of_length(len: usize) -> Bytes {
    (0..len).map(|index| u8::try_from(index * 31 % 251).unwrap_or(0)).collect()
}

/// Content of any size is returned as it was sent, but not before its batch is stored.
pub async fn content_of_any_size_is_returned<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    for (len, number) in [0, 1, 50_000, 65_536, 65_537, 1_048_577, 3_000_000].into_iter().zip(1..) {
        let content = bytes_of_length(len);
        let sha2 = Sha2::sha256(&content);
        let staged = stage.staged(&sha2, &content).await;
        assert_eq!(staged.announced(), &sha2);
        assert_eq!(staged.computed(), &sha2);
        assert_eq!(staged.len_bytes(), len as u64);
        assert_eq!(stage.content(&sha2).await, None, "{len} bytes were readable too early");
        stage.append_with(vec![Draft::new(number).build()], vec![staged]).await.unwrap();
        assert_eq!(stage.content(&sha2).await, Some(content), "{len} bytes");
    }
}

/// Every member of the SHA-2 family names content.
pub async fn every_sha2_variant_identifies_content<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let content = bytes_of_length(1_000);
    for (digits, number) in [56, 64, 96, 128].into_iter().zip(1..) {
        let mut hasher = "0".repeat(digits).parse::<Sha2>().unwrap().hasher();
        hasher.update(&content);
        let sha2 = hasher.finish();
        assert_eq!(sha2.as_str().len(), digits);
        let staged = stage.staged(&sha2, &content).await;
        assert_eq!(staged.computed(), &sha2);
        stage.append_with(vec![Draft::new(number).build()], vec![staged]).await.unwrap();
        assert_eq!(stage.content(&sha2).await, Some(content.clone()));
    }
}

/// A batch can contain many contents, also ones that are already stored.
pub async fn a_batch_stores_many_attachments<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let contents: Vec<Bytes> = (1..=20).map(|len| bytes_of_length(len * 997)).collect();
    for round in 1..=2 {
        let mut attachments = Vec::new();
        for content in &contents {
            attachments.push(stage.staged(&Sha2::sha256(content), content).await);
        }
        // The same content twice in one batch.
        attachments.push(stage.staged(&Sha2::sha256(&contents[0]), &contents[0]).await);
        stage.append_with(vec![Draft::new(round).build()], attachments).await.unwrap();
        for content in &contents {
            assert_eq!(stage.content(&Sha2::sha256(content)).await.as_ref(), Some(content));
        }
    }
}

/// A hash without content finds nothing.
pub async fn an_unknown_hash_finds_nothing<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    assert_eq!(stage.content(&Sha2::sha256(b"")).await, None);
    assert_eq!(stage.content(&Sha2::sha256(b"never sent")).await, None);
}

/// The content of a dropped writer or staged attachment is removed.
pub async fn a_dropped_attachment_is_removed<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let content = bytes_of_length(100_000);
    let sha2 = Sha2::sha256(&content);
    let mut writer = stage.storage().stage_attachment(stage.tenant, sha2.clone()).await.unwrap();
    writer.write(content.clone()).await.unwrap();
    drop(writer);
    assert_eq!(stage.content(&sha2).await, None);
    drop(stage.staged(&sha2, &content).await);
    assert_eq!(stage.content(&sha2).await, None);
    stage.append_with(vec![Draft::new(1).build()], Vec::new()).await.unwrap();
    assert_eq!(stage.content(&sha2).await, None);
    // Dropping one of two equal ones leaves the other alone.
    let (kept, dropped) =
        (stage.staged(&sha2, &content).await, stage.staged(&sha2, &content).await);
    drop(dropped);
    stage.append_with(vec![Draft::new(2).build()], vec![kept]).await.unwrap();
    assert_eq!(stage.content(&sha2).await, Some(content.clone()));
    drop(stage.staged(&sha2, &content).await);
    assert_eq!(stage.content(&sha2).await, Some(content), "what is stored stays");
}

/// The content of a refused batch is removed, and can be sent again.
pub async fn a_refused_batch_leaves_no_content<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append(&[&Draft::new(1)]).await;
    let content = bytes_of_length(10_000);
    let sha2 = Sha2::sha256(&content);
    let staged = stage.staged(&sha2, &content).await;
    let statements = vec![Draft::new(2).build(), Draft::new(1).verb("failed").build()];
    let refused = stage.append_with(statements, vec![staged]).await;
    assert!(matches!(refused, Err(StorageError::Conflict(_))), "got {refused:?}");
    assert_eq!(stage.content(&sha2).await, None);
    let staged = stage.staged(&sha2, &content).await;
    stage.append_with(vec![Draft::new(2).build()], vec![staged]).await.unwrap();
    assert_eq!(stage.content(&sha2).await, Some(content));
}

/// A repeated batch may bring content that is still missing.
pub async fn a_repeated_batch_may_add_missing_content<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append(&[&Draft::new(1)]).await;
    let content = bytes_of_length(10);
    let sha2 = Sha2::sha256(&content);
    let staged = stage.staged(&sha2, &content).await;
    let again = stage.append_with(vec![Draft::new(1).build()], vec![staged]).await.unwrap();
    assert_eq!(again.new_count, 0);
    assert_eq!(stage.content(&sha2).await, Some(content));
}

/// Content with another hash than announced is reported, and never found by that hash.
pub async fn a_wrong_hash_is_reported<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let content = bytes_of_length(5_000);
    let announced = Sha2::sha256(b"something else");
    let staged = stage.staged(&announced, &content).await;
    assert_eq!(staged.announced(), &announced);
    assert_eq!(staged.computed(), &Sha2::sha256(&content));
    // A caller compares the two and refuses. If it does not, a wrong hash still finds nothing.
    let _ = stage.append_with(vec![Draft::new(1).build()], vec![staged]).await;
    assert_eq!(stage.content(&announced).await, None);
}

/// Staged content can be read back for a check, unless it is too long for that.
pub async fn staged_content_can_be_checked<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    for len in [0, 10, 200_000] {
        let content = bytes_of_length(len);
        let staged = stage.staged(&Sha2::sha256(&content), &content).await;
        assert_eq!(staged.read(len as u64).await.unwrap().as_ref(), Some(&content));
        assert_eq!(staged.read(u64::MAX).await.unwrap().as_ref(), Some(&content));
        if let Some(too_short) = (len as u64).checked_sub(1) {
            assert_eq!(staged.read(too_short).await.unwrap(), None);
        }
    }
}

/// The same content can be sent concurrently.
pub async fn the_same_content_from_many_writers_is_stored<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let content = bytes_of_length(200_000);
    let sha2 = Sha2::sha256(&content);
    let mut writers = tokio::task::JoinSet::new();
    for number in 1..=8 {
        let (storage, tenant) = (stage.storage(), stage.tenant);
        let (content, sha2) = (content.clone(), sha2.clone());
        writers.spawn(async move {
            let staged = stage_content(&*storage, tenant, &sha2, &content).await;
            // Every second one is refused, and must not remove the content of the others.
            let mut statements = vec![Draft::new(number).build()];
            if number % 2 == 0 {
                statements.push(Draft::new(100).verb(&format!("verb-{number}")).build());
            }
            let attachments = vec![staged];
            let answer = storage.append(tenant, Batch { statements, attachments }).await;
            if answer.is_ok() {
                assert_eq!(content_of(&*storage, tenant, &sha2).await, Some(content));
            }
        });
    }
    writers.join_all().await;
    assert_eq!(stage.content(&sha2).await, Some(content));
}
