//! Finding statements, and rendering them in the requested form.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use acta_access::{Act, Principal, Restrictions, decide};
use acta_storage::{AgentFilter, StatementPage, StatementQuery, StoredStatement};
use acta_xapi::json::{JsonLimits, parse};
use acta_xapi::{
    ActivityId, Format, Ifi, IriRule, Languages, ParseLimits, Rendering, StatementId,
    activities_to_define, parse_actor, parse_statement, render,
};

use crate::{Service, ServiceError};

/// A search for statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The query. It is narrowed to what the reader may read, and to the store's limits of a page.
    pub query: StatementQuery,
    /// Most statements on a page; 0 for the store's maximum, `None` for its default.
    pub limit: Option<u64>,
}

/// The requested form of statements.
#[derive(Clone, Debug)]
pub struct View {
    /// The form.
    pub format: Format,
    /// The reader's languages.
    pub languages: Languages,
}

impl Service {
    /// The size of inserted definitions, as a multiple of the longest page. Beyond it, activities
    /// keep the sender's definition.
    pub const FILLED_PAGES_MAX: usize = 4;

    /// Activities of a page that get the stored definition. The others keep the sender's.
    pub const FILLED_COUNT_MAX: usize = 10_000;

    /// Definitions that are read at once.
    const FILLED_COUNT_STEP: usize = 500;

    /// Pages without a statement within the reader's restrictions that are skipped before an
    /// empty page is returned.
    const PAGES_MAX: usize = 64;

    /// Finds a statement that is not voided.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without a scope to read statements.
    /// - [`ServiceError::NotFound`]: it does not exist, is voided, is not its own while the
    ///   principal may read only those, or is outside the principal's restrictions.
    /// - [`ServiceError::Failed`]: it cannot be read.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.3 and 2.1.4.
    pub async fn find_statement(
        &self,
        principal: &Principal,
        id: StatementId,
    ) -> Result<StoredStatement, ServiceError> {
        let found = self.find_any(principal, id).await?;
        if found.is_voided { Err(ServiceError::NotFound) } else { Ok(found) }
    }

    /// Finds a statement that is voided.
    ///
    /// # Errors
    ///
    /// As [`Service::find_statement`]; also [`ServiceError::NotFound`] if it is not voided.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.3 and 2.1.4.
    pub async fn find_voided_statement(
        &self,
        principal: &Principal,
        id: StatementId,
    ) -> Result<StoredStatement, ServiceError> {
        let found = self.find_any(principal, id).await?;
        if found.is_voided { Ok(found) } else { Err(ServiceError::NotFound) }
    }

    /// Finds the statements that match, page by page. A principal finds only statements that it
    /// may read: its own, if it has no wider scope, and those within its
    /// restrictions.
    ///
    /// With restrictions, a page may have fewer statements than the limit, or none, although
    /// another page follows.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without a scope to read statements, or if a restriction
    ///   forbids the query.
    /// - [`ServiceError::Failed`]: one cannot be read.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.3.
    pub async fn query_statements(
        &self,
        principal: &Principal,
        search: Search,
    ) -> Result<StatementPage, ServiceError> {
        let authorities = self.readable_authorities(principal).await?;
        let restrictions = &principal.restrictions;
        let mut query = narrow(restrictions, search.query)?;
        let page = self.options.page;
        query.count_max = page.count_for(search.limit).min(query.count_max).max(1);
        query.bytes_max = page.bytes_max.min(query.bytes_max);
        query.authorities = authorities;
        if restrictions.narrows_content() {
            return self.query_within(principal, query).await;
        }
        Ok(self.storage.query_statements(principal.tenant, &query).await?)
    }

    /// The first page with statements within the restrictions of `principal`.
    async fn query_within(
        &self,
        principal: &Principal,
        mut query: StatementQuery,
    ) -> Result<StatementPage, ServiceError> {
        let mut page = StatementPage::default();
        for _ in 0..Self::PAGES_MAX {
            page = self.storage.query_statements(principal.tenant, &query).await?;
            let bytes = page.statements.iter().map(|statement| statement.text.len()).sum();
            let restrictions = Arc::clone(&principal.restrictions);
            let retain = move || {
                page.statements.retain(|statement| is_within(&restrictions, statement));
                page
            };
            page = self.run(principal.tenant, bytes, retain).await?;
            if page.next.is_none() || !page.statements.is_empty() {
                break;
            }
            query.after = page.next;
        }
        Ok(page)
    }

    /// Appends `statements` to `out` in the form that `view` asks for, with commas between.
    /// Each keeps the version that it was stored with.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] when a definition cannot be read.
    pub async fn render_statements(
        &self,
        principal: &Principal,
        statements: Vec<StoredStatement>,
        view: View,
        mut out: String,
    ) -> Result<String, ServiceError> {
        let bytes: usize = statements.iter().map(|statement| statement.text.len() + 1).sum();
        out.reserve(bytes);
        if view.format == Format::Exact {
            for (index, statement) in statements.iter().enumerate() {
                push_comma(&mut out, index);
                out.push_str(&statement.text);
            }
            return Ok(out);
        }
        let statements = Arc::new(statements);
        let definitions = self.find_definitions(principal, &statements, view.format).await?;
        let filled_bytes_max = self.filled_bytes_max();
        self.run(principal.tenant, bytes, move || {
            let filled_bytes = Cell::new(0);
            let definition = |id: &str| {
                let definition = definitions.get(id)?;
                filled_bytes.set(filled_bytes.get() + definition.len());
                (filled_bytes.get() <= filled_bytes_max).then(|| definition.clone())
            };
            let rendering = Rendering {
                format: view.format,
                languages: &view.languages,
                definition: &definition,
            };
            for (index, statement) in statements.iter().enumerate() {
                push_comma(&mut out, index);
                render(&statement.text, &rendering, &mut out);
            }
            out
        })
        .await
    }

    async fn find_any(
        &self,
        principal: &Principal,
        id: StatementId,
    ) -> Result<StoredStatement, ServiceError> {
        let authorities = self.readable_authorities(principal).await?;
        let found = self.storage.find_statement(principal.tenant, id).await?;
        let found = found.ok_or(ServiceError::NotFound)?;
        let bytes = found.text.len();
        let restrictions = Arc::clone(&principal.restrictions);
        if authorities.is_none() && !restrictions.narrows_content() {
            return Ok(found);
        }
        let check = move || {
            let is_own = authorities.is_none_or(|own| has_authority(&found, &own));
            (is_own && is_within(&restrictions, &found)).then_some(found)
        };
        self.run(principal.tenant, bytes, check).await?.ok_or(ServiceError::NotFound)
    }

    /// The authorities whose statements the principal may read; `None` for all: the one with which
    /// it writes, and the accounts with its name under every home page that the store has used.
    async fn readable_authorities(
        &self,
        principal: &Principal,
    ) -> Result<Option<Vec<Ifi>>, ServiceError> {
        if decide(principal, Act::ReadStatements).is_ok() {
            return Ok(None);
        }
        Self::permit(principal, Act::ReadOwnStatements)?;
        let mut own = vec![self.authority_of(principal).ifi().clone()];
        let known = self.home_pages.find(&*self.storage, self.clock.elapsed()).await?;
        for home_page in known.iter().chain([&self.options.authority_home_page]).cloned() {
            let account = Ifi::Account { home_page, name: principal.name.as_str().into() };
            if !own.contains(&account) {
                own.push(account);
            }
        }
        Ok(Some(own))
    }

    async fn find_definitions(
        &self,
        principal: &Principal,
        statements: &Arc<Vec<StoredStatement>>,
        format: Format,
    ) -> Result<HashMap<String, String>, ServiceError> {
        let mut definitions = HashMap::new();
        if format != Format::Canonical {
            return Ok(definitions);
        }
        let tenant = principal.tenant;
        let restrictions = Arc::clone(&principal.restrictions);
        let bytes = statements.iter().map(|statement| statement.text.len()).sum();
        let statements = Arc::clone(statements);
        let collect = move || -> Vec<ActivityId> {
            let mut seen = HashSet::new();
            let ids = statements.iter().flat_map(|one| activities_to_define(&one.text));
            let activities = ids
                .filter(|id| seen.insert(id.clone()))
                .filter_map(|id| ActivityId::parse(&id, IriRule::Old).ok())
                .filter(|activity| restrictions.permit_activity(activity).is_ok());
            activities.take(Self::FILLED_COUNT_MAX).collect()
        };
        let mut bytes_left = self.filled_bytes_max();
        for activities in self.run(tenant, bytes, collect).await?.chunks(Self::FILLED_COUNT_STEP) {
            let found = self.storage.find_definitions(tenant, activities).await?;
            let bytes: usize = found.iter().flatten().map(String::len).sum();
            let found = activities.iter().zip(found);
            definitions.extend(
                found.filter_map(|(activity, found)| Some((activity.as_str().to_owned(), found?))),
            );
            bytes_left = bytes_left.saturating_sub(bytes);
            if bytes_left == 0 {
                break;
            }
        }
        Ok(definitions)
    }

    fn filled_bytes_max(&self) -> usize {
        self.options.page.bytes_max.saturating_mul(Self::FILLED_PAGES_MAX)
    }
}

fn push_comma(out: &mut String, index: usize) {
    if index != 0 {
        out.push(',');
    }
}

/// Narrows a query to the restrictions.
fn narrow(
    restrictions: &Arc<Restrictions>,
    query: StatementQuery,
) -> Result<StatementQuery, ServiceError> {
    if !restrictions.narrows_content() {
        return Ok(query);
    }
    restrictions.permit_query(query.activity.as_ref())?;
    let asked = query.agent.as_ref();
    let ifi = restrictions.narrow_agent(asked.map(|agent| &agent.ifi))?.cloned();
    let is_related = asked.is_some_and(|agent| agent.is_related);
    let agent = ifi.map(|ifi| AgentFilter { ifi, is_related });
    let registration = restrictions.narrow_registration(query.registration)?;
    let restrictions = Some(Arc::clone(restrictions));
    Ok(StatementQuery { agent, registration, restrictions, ..query })
}

/// Whether restrictions permit a stored statement.
fn is_within(restrictions: &Restrictions, stored: &StoredStatement) -> bool {
    if !restrictions.narrows_content() {
        return true;
    }
    let parsed = parse_statement(stored.text.as_bytes(), stored.version, &ParseLimits::STORED);
    parsed.is_ok_and(|statement| restrictions.permit_statement(&statement).is_ok())
}

/// Whether a statement has one of these authorities.
fn has_authority(stored: &StoredStatement, authorities: &[Ifi]) -> bool {
    let Ok(json) = parse(stored.text.as_bytes(), &JsonLimits::STORED) else { return false };
    let Some(found) = json.root().member("authority") else { return false };
    let found = parse_actor(found.raw().as_bytes(), stored.version);
    found.is_ok_and(|found| found.ifi.is_some_and(|found| authorities.contains(&found)))
}
