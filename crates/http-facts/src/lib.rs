//! Questions about facts: few at a time, bounded in time, and given up when nobody waits.

mod export;
mod reach;
mod sql;

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acta_access::TenantId;
use acta_admin::AnswerPermit;
use acta_ambient::{Clock, Timestamp};
use acta_facts::{Answer, Asked, FactStatus, FactStore, QueryError, QueryLimits, Question};
use acta_facts_export::{ExportFile, FileName};
use acta_facts_sql::{SqlLimits, Stop};
use acta_http::problem::{FaultView, Problem};
use acta_service::ServiceError;
use acta_storage::directory::LanguageTag;
use acta_storage::persons::{PersonCache, Persons};
use acta_storage::{Share, Shares, Weights};
use hyper::StatusCode;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use export::Exports;
pub use export::{ExportReport, ExportTurn};

/// How long work may take to notice that it is to stop.
const STOP_DELAY: Duration = Duration::from_secs(1);

/// Exports that are made at the same time, at most: one of a tenant.
const EXPORTS_MAX: usize = 2;

/// When to try an export again of facts that are being made.
const RETRY_AFTER_MAKING: Duration = Duration::from_mins(1);

/// When to ask again where all turns are taken.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The facts of a server, and what questions about them may use.
#[derive(Clone, Debug)]
pub struct FactSettings {
    /// The facts.
    pub store: Arc<FactStore>,
    /// What one question may use.
    pub limits: QueryLimits,
    /// What a statement in SQL may use.
    pub sql: SqlLimits,
    /// The most time for one question, beginning when its turn comes.
    pub timeout: Duration,
    /// Most questions that are answered at the same time.
    pub questions_max: usize,
}

/// Questions about the facts of this server.
#[derive(Clone, Debug)]
pub struct FactQueries {
    settings: FactSettings,
    clock: Arc<dyn Clock>,
    turns: Shares,
    /// Those of exports, which may take longer than questions.
    export_turns: Shares,
    persons: PersonCache,
    exports: Exports,
}

/// Tells a question to stop when nobody waits for the answer any more.
struct StopWhenDropped(Arc<AtomicBool>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl FactQueries {
    /// Questions about the facts of `settings`, whose turns tenants take by their weights.
    pub fn new(
        settings: FactSettings,
        clock: &Arc<dyn Clock>,
        weights: &Weights,
        persons: PersonCache,
    ) -> Self {
        // A question may take long: no tenant has all turns.
        let count = settings.questions_max;
        let turns = Shares::with_tenant_max(count, count.div_ceil(2), weights.clone());
        let export_turns = Shares::with_tenant_max(EXPORTS_MAX, 1, weights.clone());
        let (clock, exports) = (Arc::clone(clock), Exports::default());
        Self { settings, clock, turns, export_turns, persons, exports }
    }

    /// The time that questions are asked at.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The most time for one question.
    pub const fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// How the facts of a tenant are; none if there are none.
    pub fn status(&self, tenant: TenantId) -> Option<FactStatus> {
        self.settings.store.status(tenant)
    }

    /// Has the facts of a tenant made again.
    pub fn rebuild(&self, tenant: TenantId) {
        self.settings.store.rebuild(tenant);
    }

    /// Has the facts of all tenants made again.
    ///
    /// # Errors
    ///
    /// 500 if they cannot be listed.
    pub fn rebuild_all(&self) -> Result<(), Problem> {
        let FactSettings { store, timeout, .. } = &self.settings;
        store.rebuild_all().map_err(|error| problem(QueryError::Io(error), *timeout))
    }

    /// Waits for a turn, for as long as a question may take.
    ///
    /// # Errors
    ///
    /// 503 if there was none.
    async fn turn(&self, turns: &Shares, tenant: TenantId) -> Result<Share, Problem> {
        let waiting = timeout(self.settings.timeout, turns.acquire(tenant, 1));
        waiting.await.map_err(|_elapsed| Problem::busy(RETRY_AFTER))
    }

    /// Checks whether so many bytes of memory are within the limit of a question.
    ///
    /// # Errors
    ///
    /// 422 if they are more.
    pub fn check_memory(&self, bytes: usize) -> Result<(), Problem> {
        let FactSettings { limits, timeout, .. } = &self.settings;
        let error = QueryError::TooLarge(limits.memory_bytes);
        if limits.memory_bytes < bytes { Err(problem(error, *timeout)) } else { Ok(()) }
    }

    /// Begins to bring the exported files of a tenant up to date. It is given up when the receiver
    /// is dropped; if the receiver ends without [`ExportReport::Done`], it has failed.
    ///
    /// # Errors
    ///
    /// 409 if the facts are being made, 500 if it cannot begin.
    pub async fn export(
        &self,
        permit: AnswerPermit,
        turn: ExportTurn,
    ) -> Result<mpsc::Receiver<ExportReport>, Problem> {
        let tenant = permit.tenant;
        self.follow_settings(&permit);
        self.check_complete(tenant)?;
        let persons = self.persons.load(tenant).await.map_err(ServiceError::from)?;
        export::start(Arc::clone(&self.settings.store), (permit, persons), turn)
    }

    /// Waits for the turn of an export: however long that takes.
    pub async fn export_turn(&self, tenant: TenantId) -> ExportTurn {
        // Those that wait for an export of their tenant take no turn from others.
        let alone = self.exports.begin(tenant).await;
        let turn = self.export_turns.acquire(tenant, 1).await;
        ExportTurn { _alone: alone, _turn: turn }
    }

    /// As [`FactQueries::export_turn`], for as long as a question may take.
    ///
    /// # Errors
    ///
    /// 503 if there was no turn.
    pub async fn export_turn_soon(&self, tenant: TenantId) -> Result<ExportTurn, Problem> {
        let waiting = timeout(self.settings.timeout, self.export_turn(tenant));
        waiting.await.map_err(|_elapsed| Problem::busy(RETRY_AFTER))
    }

    /// Checks whether the facts of a tenant are not being made just now, which would make an export
    /// remove files.
    ///
    /// # Errors
    ///
    /// 409 if they are, with when to try again: the server is well, the facts are not ready.
    pub fn check_complete(&self, tenant: TenantId) -> Result<(), Problem> {
        if !self.settings.store.is_incomplete(tenant) {
            return Ok(());
        }
        let detail = "the facts of the tenant are being made, so that statements are missing: \
                      export them later, when is_rebuilding is false in the status of the facts";
        let mut problem = Problem::new(StatusCode::CONFLICT, "facts-incomplete", detail);
        problem.retry_after = Some(RETRY_AFTER_MAKING);
        Err(problem)
    }

    /// Opens an exported file of a tenant; none if there is none with this name.
    ///
    /// # Errors
    ///
    /// 500 if it cannot be read, 503 if it is being replaced all the time.
    pub async fn open_exported(
        &self,
        tenant: TenantId,
        name: FileName,
    ) -> Result<Option<(ExportFile, File)>, Problem> {
        export::open_exported(&self.settings.store.export_folder(tenant), name).await
    }

    /// Has facts made again if the tenant has chosen another language of names.
    fn follow_settings(&self, permit: &AnswerPermit) {
        let language = permit.settings.language.as_ref().map(LanguageTag::as_str);
        self.settings.store.set_language(permit.tenant, language);
    }

    /// Answers a question about a tenant. It is given up if the future is dropped.
    ///
    /// # Errors
    ///
    /// Those of [`FactQueries::compute`].
    pub async fn answer(
        &self,
        permit: &AnswerPermit,
        question: Question,
    ) -> Result<Answer, Problem> {
        let tenant = permit.tenant;
        self.compute(permit, move |store, persons, asked| {
            store.answer_for_persons(tenant, &question, persons, asked)
        })
        .await
    }

    /// Computes something from the facts, on a thread of its own, when it is the tenant's turn. It
    /// is given up if the future is dropped, as far as `work` asks whether it is to stop.
    ///
    /// # Errors
    ///
    /// 400 for a faulty question, 422 if it takes too much memory, 503 if it takes too much time,
    /// 500 if the facts cannot be read.
    pub async fn compute<T: Send + 'static>(
        &self,
        permit: &AnswerPermit,
        work: impl FnOnce(&FactStore, &Arc<Persons>, Asked<'_>) -> Result<T, QueryError>
        + Send
        + 'static,
    ) -> Result<T, Problem> {
        let AnswerPermit { settings, reach, .. } = permit.clone();
        let (limits, timeout) = (self.settings.limits, self.settings.timeout);
        let clock = Arc::clone(&self.clock);
        self.run(permit, move |store, persons, stop| {
            let (now, stop) = (clock.now().unix_micros(), || stop());
            let reach = reach::condition_of(&reach);
            let reach = reach.as_ref();
            let asked = Asked { limits, now, stop: &stop, settings: &settings, reach };
            work(store, persons, asked).map_err(|error| problem(error, timeout))
        })
        .await
    }

    /// Runs work on a thread of its own, when it is the tenant's turn. It is given up if the future
    /// is dropped, as far as `work` asks whether it is to stop.
    ///
    /// # Errors
    ///
    /// Those of `work`, 503 if it takes too much time.
    async fn run<T: Send + 'static>(
        &self,
        permit: &AnswerPermit,
        work: impl FnOnce(&FactStore, &Arc<Persons>, &Stop) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.follow_settings(permit);
        let tenant = permit.tenant;
        let (store, timeout) = (Arc::clone(&self.settings.store), self.settings.timeout);
        let turn = self.turn(&self.turns, tenant).await?;
        let deadline = Instant::now() + timeout;
        let stopped = |_elapsed| problem(QueryError::Stopped, timeout);
        let loading = timeout_at(deadline, self.persons.load(tenant));
        let persons = loading.await.map_err(stopped)?.map_err(ServiceError::from)?;
        let is_stopped = Arc::new(AtomicBool::new(false));
        let _guard = StopWhenDropped(Arc::clone(&is_stopped));
        let answering = acta_storage::spawn_blocking(move || {
            let _turn = turn;
            let stop: Stop =
                Arc::new(move || is_stopped.load(Ordering::Relaxed) || deadline < Instant::now());
            work(&store, &persons, &stop)
        });
        // Work that does not notice at once that it is to stop keeps its turn, not the client.
        match timeout_at(deadline + STOP_DELAY, answering).await.map_err(stopped)? {
            Ok(answered) => answered,
            Err(error) => {
                tracing::error!(%error, "a question about facts ended early");
                Err(Problem::internal())
            }
        }
    }
}

fn problem(error: QueryError, timeout: Duration) -> Problem {
    match error {
        QueryError::Fault(fault) => {
            Problem::faulty(vec![FaultView::at(&fault.place, &fault.text, "")])
        }
        QueryError::Withheld(smallest) => {
            let detail = format!(
                "this tenant shows figures about {smallest} learners or more only, and this \
                 analysis cannot tell which of its figures those are"
            );
            Problem::new(StatusCode::FORBIDDEN, "withheld", detail)
        }
        QueryError::TooLarge(bytes) => {
            let detail = format!(
                "the answer needs more than {bytes} bytes of memory: ask for fewer dimensions, or \
                 for fewer facts by \"where\""
            );
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "answer-too-large", detail)
        }
        QueryError::Stopped => {
            let detail = format!(
                "there was no answer within {} s: ask about fewer facts by \"where\"",
                timeout.as_secs()
            );
            let mut problem =
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "question-timeout", detail);
            problem.retry_after = Some(RETRY_AFTER);
            problem
        }
        QueryError::Io(error) => {
            tracing::error!(%error, "the facts cannot be read");
            Problem::internal()
        }
    }
}

/// The facts of this server do not go as far as those that the page before came from.
pub fn behind() -> Problem {
    let detail = "the facts of this server do not go as far as the page before: ask again, or \
                  begin again without a cursor if the store was restored";
    let mut problem = Problem::new(StatusCode::CONFLICT, "facts-incomplete", detail);
    problem.retry_after = Some(RETRY_AFTER);
    problem
}

/// This server makes no facts.
pub fn no_facts() -> Problem {
    let detail = "no facts are made here: questions are answered by a running server whose \
                  facts.enabled is true";
    Problem::new(StatusCode::NOT_FOUND, "no-facts", detail)
}
