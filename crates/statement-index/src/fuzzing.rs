//! Entry points for fuzzing: runs are opened as a start opens them, queried, and merged.

use std::path::Path;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::disk::Disk;
use acta_storage::{Order, StorageError, Term};

use crate::cursor::Candidates;
use crate::index::state::{State, load_runs};
use crate::query::IndexQuery;
use crate::run::dictionary::DictionaryWalk;
use crate::run::directory::RunDirectory;
use crate::run::merge;
use crate::view::View;

/// The runs of a directory, as a reader sees them.
#[derive(Debug)]
pub struct OpenIndex {
    view: View,
    run_directory: RunDirectory,
}

/// A query.
#[derive(Clone, Debug)]
pub struct Question {
    /// The tenant whose statements are searched.
    pub tenant: TenantId,
    /// At least one term of each.
    pub all_of: Vec<Vec<u64>>,
    /// Stored after this.
    pub since: Option<i64>,
    /// Stored at this or before.
    pub until: Option<i64>,
    /// Oldest or newest first.
    pub order: Order,
    /// Behind this position.
    pub after: Option<u64>,
}

impl OpenIndex {
    /// Opens the runs in `directory` that were made with `fingerprint`.
    ///
    /// # Errors
    ///
    /// As for every start.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        fingerprint: u64,
    ) -> Result<Self, StorageError> {
        let directory = directory.to_path_buf();
        let run_directory = RunDirectory { disk, path: directory, fingerprint, watcher: None };
        let view = State::of_runs(load_runs(&run_directory)?).view;
        Ok(Self { view, run_directory })
    }

    /// How many positions there are.
    pub fn count(&self) -> u32 {
        self.view.next
    }

    /// Every tenant that has statements.
    pub fn tenants(&self) -> Vec<TenantId> {
        self.view.runs.iter().flat_map(|run| &run.tenants).map(|part| part.tenant).collect()
    }

    /// Up to `count_max` terms, late ones included.
    ///
    /// # Errors
    ///
    /// As for every merge.
    pub fn terms(&self, count_max: usize) -> Result<Vec<u64>, StorageError> {
        let mut terms = Vec::new();
        for run in self.view.runs.iter() {
            take_terms(run.walk_terms()?, count_max, &mut terms)?;
            take_terms(run.walk_late()?, count_max, &mut terms)?;
        }
        Ok(terms)
    }

    /// The positions that may match, in order, up to `count_max`.
    ///
    /// # Errors
    ///
    /// As for every query.
    pub fn query(&self, question: &Question, count_max: usize) -> Result<Vec<u64>, StorageError> {
        let all_of = question.all_of.iter();
        let query = IndexQuery {
            tenant: question.tenant,
            all_of: all_of.map(|any| any.iter().copied().map(Term).collect()).collect(),
            since_micros_exclusive: question.since,
            until_micros_inclusive: question.until,
            first_sequence: None,
            last_sequence: None,
            order: question.order,
            after: question.after,
        };
        let found = Candidates::new(self.view.clone(), &query)?.take(count_max);
        found.map(|candidate| Ok(candidate?.position)).collect()
    }

    /// The position and the sequence of the tenant's statement with this id.
    ///
    /// # Errors
    ///
    /// As for every query.
    pub fn find(&self, tenant: TenantId, id: u128) -> Result<Option<(u32, u64)>, StorageError> {
        let Some(position) = self.view.find(tenant, id)? else { return Ok(None) };
        self.view.row(position)?;
        Ok(Some((position, self.view.sequence(tenant, position)?)))
    }

    /// The tenant's positions from a sequence on.
    ///
    /// # Errors
    ///
    /// As for every query.
    pub fn follow(
        &self,
        tenant: TenantId,
        first_sequence: u64,
        count: usize,
    ) -> Result<Vec<u32>, StorageError> {
        self.view.positions_from(tenant, first_sequence, count)
    }

    /// How many entries refer to an id with this hash.
    ///
    /// # Errors
    ///
    /// As for every insertion.
    pub fn count_references(&self, target_hash: u64) -> Result<usize, StorageError> {
        Ok(self.view.references(target_hash)?.len())
    }

    /// Makes one run of all, in the place of the first.
    ///
    /// # Errors
    ///
    /// As for every merge.
    pub fn merge(self) -> Result<Self, StorageError> {
        merge::merge(&self.view.runs, &self.run_directory, &|| false)?;
        Self::open(
            Arc::clone(&self.run_directory.disk),
            &self.run_directory.path,
            self.run_directory.fingerprint,
        )
    }
}

fn take_terms(
    mut walk: DictionaryWalk<'_>,
    count_max: usize,
    terms: &mut Vec<u64>,
) -> Result<(), StorageError> {
    while let Some(term) = walk.term().filter(|_| terms.len() < count_max) {
        terms.push(term);
        walk.advance()?;
    }
    Ok(())
}
