//! Finding statements, and giving them the form that the reader asked for.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use acta_access::{Act, Principal, decide};
use acta_storage::{AgentFilter, Cursor, Order, StatementPage, StatementQuery, StoredStatement};
use acta_xapi::json::{JsonLimits, parse};
use acta_xapi::{
    ActivityId, Format, Iri, Languages, Rendering, StatementId, Uuid, Version,
    activities_to_define, render,
};

use crate::statements::Authority;
use crate::{Service, ServiceError};

/// Which statements a reader asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// About this agent.
    pub agent: Option<AgentFilter>,
    /// With this verb.
    pub verb: Option<Iri>,
    /// With this activity as object.
    pub activity: Option<ActivityId>,
    /// Whether `activity` may also stand in context activities or in a substatement.
    pub is_activity_related: bool,
    /// Of this registration.
    pub registration: Option<Uuid>,
    /// Stored after this many nanoseconds since 1970 UTC.
    pub since_nanos: Option<i128>,
    /// Stored at or before this many nanoseconds since 1970 UTC.
    pub until_nanos: Option<i128>,
    /// In which order.
    pub order: Order,
    /// Go on behind the page that gave this.
    pub after: Option<Cursor>,
    /// Most statements on a page; 0 is the most that this store gives, and none its usual
    /// number.
    pub limit: Option<u64>,
    /// A page ends once it holds this many bytes, if that is less than this store's most.
    pub bytes_max: Option<usize>,
}

/// How a reader wants statements to look.
#[derive(Clone, Debug)]
pub struct View {
    /// The form.
    pub format: Format,
    /// The version of the reader's request.
    pub version: Version,
    /// The reader's languages.
    pub languages: Languages,
}

impl Service {
    /// Finds a statement that is not voided.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without a scope to read statements.
    /// - [`ServiceError::NotFound`]: there is none, it is voided, or the principal may read
    ///   only its own.
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

    /// Finds the statements that match, a page at a time. Who may read only what the same
    /// credential wrote finds only that.
    ///
    /// # Errors
    ///
    /// - [`ServiceError::Denied`]: without a scope to read statements.
    /// - [`ServiceError::Failed`]: one cannot be read.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.3.
    pub async fn query_statements(
        &self,
        principal: &Principal,
        search: Search,
    ) -> Result<StatementPage, ServiceError> {
        let authority = self.readable_authority(principal)?.map(|authority| authority.ifi);
        let most = self.options.page_count_max;
        let count_max = match search.limit {
            None => self.options.page_count.min(most),
            Some(0) => most,
            Some(limit) => usize::try_from(limit).map_or(most, |limit| limit.min(most)),
        };
        let page_bytes_max = self.options.page_bytes_max;
        let query = StatementQuery {
            agent: search.agent,
            verb: search.verb,
            activity: search.activity,
            is_activity_related: search.is_activity_related,
            registration: search.registration,
            since_nanos: search.since_nanos,
            until_nanos: search.until_nanos,
            authority,
            order: search.order,
            after: search.after,
            count_max: count_max.max(1),
            bytes_max: search.bytes_max.map_or(page_bytes_max, |bytes| bytes.min(page_bytes_max)),
        };
        Ok(self.storage.query_statements(principal.tenant, &query).await?)
    }

    /// Appends `statements` to `out` in the form that `view` asks for, with commas between.
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
        let is_copy = |statement: &StoredStatement| {
            view.format == Format::Exact && statement.version == view.version
        };
        if statements.iter().all(is_copy) {
            for (index, statement) in statements.iter().enumerate() {
                push_comma(&mut out, index);
                out.push_str(&statement.text);
            }
            return Ok(out);
        }
        let statements = Arc::new(statements);
        let definitions = self.find_definitions(principal, &statements, view.format).await?;
        let filled_bytes_max = self.options.page_bytes_max.saturating_mul(FILLED_PAGES_MAX);
        self.run(bytes, move || {
            let filled_bytes = Cell::new(0);
            let definition = |id: &str| {
                let definition = definitions.get(id)?;
                filled_bytes.set(filled_bytes.get() + definition.len());
                (filled_bytes.get() <= filled_bytes_max).then(|| definition.clone())
            };
            let rendering = Rendering {
                format: view.format,
                version: view.version,
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
        let authority = self.readable_authority(principal)?;
        let found = self.storage.find_statement(principal.tenant, id).await?;
        let found = found.ok_or(ServiceError::NotFound)?;
        match authority {
            Some(authority) if !is_vouched_for(&found.text, &authority) => {
                Err(ServiceError::NotFound)
            }
            Some(_) | None => Ok(found),
        }
    }

    /// Whose statements the principal may read; none means everybody's.
    fn readable_authority(&self, principal: &Principal) -> Result<Option<Authority>, ServiceError> {
        if decide(principal, Act::ReadStatements).is_ok() {
            return Ok(None);
        }
        Self::permit(principal, Act::ReadOwnStatements)?;
        Ok(Some(Authority::of(&self.options, principal)))
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
        let bytes = statements.iter().map(|statement| statement.text.len()).sum();
        let statements = Arc::clone(statements);
        let collect = move || -> HashSet<String> {
            statements.iter().flat_map(|one| activities_to_define(&one.text)).collect()
        };
        for id in self.run(bytes, collect).await? {
            let Ok(activity) = id.parse::<ActivityId>() else { continue };
            let found = self.storage.find_definition(principal.tenant, &activity).await?;
            if let Some(definition) = found {
                definitions.insert(id, definition);
            }
        }
        Ok(definitions)
    }
}

/// Definitions that are filled in may take this many times the longest page; references
/// beyond keep what their sender wrote.
const FILLED_PAGES_MAX: usize = 4;

fn push_comma(out: &mut String, index: usize) {
    if index != 0 {
        out.push(',');
    }
}

/// Whether the text carries exactly the authority that was put in for a principal.
fn is_vouched_for(text: &str, authority: &Authority) -> bool {
    let Ok(json) = parse(text.as_bytes(), &JsonLimits::KEPT) else { return false };
    let found = json.root().member("authority");
    found.is_some_and(|found| found.raw() == authority.json)
}
