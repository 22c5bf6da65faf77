//! Stores with something of every kind, made and looked at through the engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, ManualClock, SystemEntropy};
use acta_storage::model::CredentialRecords as _;
use acta_storage::{
    Batch, NewStatement, PageLimits, Precondition, Storage, StoreId, TransferredDocument,
};
use acta_storage_embedded::{EmbeddedStorage, Options, SystemDisk};
use acta_storage_suite::attachments::{bytes_of_length, stage_content};
use acta_storage_suite::directory::credential;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::generate::{Population, StatementSource};
use acta_storage_suite::fixture::{Draft, START, new_statement};
use acta_tests::Version;
use acta_xapi::Sha2;

/// The tenants of a store that is made here.
pub(crate) const TENANT_COUNT: usize = 3;

const WHOLE: PageLimits = PageLimits { count_max: usize::MAX, bytes_max: usize::MAX };

/// A store that was made to be copied.
pub(crate) struct Source {
    /// How many statements each tenant has.
    pub(crate) counts: Vec<u64>,
    /// The ids of the first tenant's statements, in order.
    pub(crate) first_ids: Vec<u128>,
}

fn open(directory: &Path, clock: Arc<dyn Clock>) -> Arc<EmbeddedStorage> {
    let options = Options {
        directory: directory.to_path_buf(),
        clock,
        entropy: Arc::new(SystemEntropy),
        disk: Arc::new(SystemDisk),
        segment_bytes: 256 << 10,
        run_entries: 300,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 400,
        reserve_bytes: 0,
        on_progress: None,
    };
    EmbeddedStorage::open(&options).expect("the store opens")
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(work)
}

/// Looks at the store in `directory`, which no process has open.
fn with_store<T, F: Future<Output = T>>(
    directory: &Path,
    look: impl FnOnce(Arc<EmbeddedStorage>) -> F,
) -> T {
    block_on(async {
        let storage = open(directory, Arc::new(ManualClock::new(START)));
        let seen = look(Arc::clone(&storage)).await;
        storage.close().expect("it closes");
        seen
    })
}

impl Source {
    /// Makes a store in which `count` statements of three tenants stand by turns.
    pub(crate) fn make(directory: &Path, count: usize) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        block_on(async {
            let storage = open(directory, Arc::<ManualClock>::clone(&clock) as _);
            let mut tenants = vec![TenantId::FIRST];
            for name in ["south", "west – ünï"] {
                tenants.push(storage.as_ref_storage().create_tenant(name, START).await.unwrap());
            }
            let mut source = Self { counts: vec![0; TENANT_COUNT], first_ids: Vec::new() };
            source.fill(&*storage, &tenants, &clock, count).await;
            for tenant in &tenants {
                fill_tables(&*storage, *tenant).await;
            }
            storage.as_ref_storage().get_or_create_secret("credential-mac", [9; 32]).await.unwrap();
            storage.close().expect("it closes");
            source
        })
    }

    async fn fill(
        &mut self,
        storage: &dyn Storage,
        tenants: &[TenantId],
        clock: &ManualClock,
        count: usize,
    ) {
        let mut texts = StatementSource::new(7, Population::default());
        let mut left = count;
        let mut turn = 0_usize;
        while 0 < left {
            // Batches of different lengths: many alone, some of hundreds.
            let len = [1, 3, 120, 1, 17][turn % 5].min(left);
            let index = turn % tenants.len();
            clock.advance(Duration::from_micros(1 + (turn as u64) % 900));
            let mut statements: Vec<NewStatement> = (1..len)
                .map(|_| new_statement(&texts.next_text(), "client", Version::V1_0_3))
                .collect();
            let number = 1 + turn as u128;
            let draft = match turn % 4 {
                0 => Draft::new(number),
                1 => Draft::voiding(number, 1 + number / 2),
                2 => Draft::referring(number, 1 + number / 2),
                _ => Draft::referring(number, number + 3),
            };
            statements.push(draft.build());
            if index == 0 {
                self.first_ids.extend(statements.iter().map(|one| one.id.0.as_u128()));
            }
            let batch = Batch { statements, attachments: Vec::new() };
            let appended = storage.append(tenants[index], batch).await.unwrap();
            self.counts[index] += appended.new_count as u64;
            left -= len;
            turn += 1;
        }
    }
}

async fn fill_tables(storage: &dyn Storage, tenant: TenantId) {
    for number in 0..30_u32 {
        let key = state_key(&format!("document {number} of {tenant}"), None);
        let new = document(&"content ".repeat(number as usize));
        storage.replace_document(tenant, &key, new, &Precondition::default()).await.unwrap();
    }
    for len in [0, 1, 5_000, 200_000] {
        let content = bytes_of_length(len + tenant.number() as usize);
        let sha2 = Sha2::sha256(&content);
        let staged = stage_content(storage, tenant, &sha2, &content).await;
        let batch = Batch { statements: Vec::new(), attachments: vec![staged] };
        storage.append(tenant, batch).await.unwrap();
    }
    storage.save_cursor(tenant, "reader", "at 5").await.unwrap();
    let own = credential(&format!("key-{tenant}"), tenant, tenant.number().into());
    assert!(storage.insert_credential(&own).await.unwrap());
}

/// Whether the store in `directory` is marked as an unfinished copy.
pub(crate) fn is_unfinished(directory: &Path) -> bool {
    with_store(directory, |storage| async move {
        storage.as_ref_storage().find_import().await.unwrap().is_some()
    })
}

/// Marks the store in `directory` as an unfinished copy of one that is nowhere.
pub(crate) fn mark_unfinished(directory: &Path) {
    with_store(directory, |storage| async move {
        storage.as_ref_storage().begin_import(StoreId([1; 32])).await.unwrap();
    });
}

/// Checks that two stores hold the very same.
pub(crate) fn check_same(one: &Path, other: &Path) {
    let [one, other] = [one, other].map(|directory| with_store(directory, everything));
    assert_eq!(one, other);
}

/// Everything in a store, as text.
async fn everything(storage: Arc<EmbeddedStorage>) -> Vec<String> {
    let storage = storage.as_ref_storage();
    let mut all = vec![format!("{:?}", storage.list_tenants().await.unwrap())];
    for tenant in storage.list_tenants().await.unwrap() {
        let tenant = tenant.id;
        for one in storage.read_statements(tenant, 0, WHOLE).await.unwrap() {
            let found = storage.find_statement(tenant, one.id).await.unwrap().unwrap();
            all.push(format!("{one:?} {found:?}"));
        }
        for TransferredDocument { key, document } in
            storage.read_documents(tenant, None, WHOLE).await.unwrap()
        {
            all.push(format!("{key:?} {document:?}"));
        }
        let hashes = storage.list_attachments(tenant, None, 1_000).await.unwrap();
        all.push(format!("{hashes:?}"));
        for credential in storage.list_credentials(tenant).await.unwrap() {
            let (label, mac) = (&credential.label, credential.secrets[0].mac);
            all.push(format!("{credential:?} {label} {mac:?} {:?}", credential.created));
        }
        all.push(format!("{:?}", storage.list_cursors(tenant).await.unwrap()));
    }
    for secret in storage.list_secrets().await.unwrap() {
        all.push(format!("{} {:?}", secret.name, secret.secret));
    }
    all
}

/// The engine by its ports.
trait AsStorage {
    fn as_ref_storage(&self) -> &dyn Storage;
}

impl AsStorage for Arc<EmbeddedStorage> {
    fn as_ref_storage(&self) -> &dyn Storage {
        &**self
    }
}
