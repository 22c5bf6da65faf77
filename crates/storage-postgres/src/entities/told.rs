//! What statements tell of activities and persons.

use std::pin::pin;

use acta_xapi::{ParseLimits, Statement, parse_statement};
use futures_util::TryStreamExt;
use tokio_postgres::types::ToSql;

use crate::database::{Connection, Database};
use crate::failure::Failure;
use crate::statements::version_of;

/// Most statements on a page.
const PAGE_COUNT: i64 = 1_000;

/// A page ends with the statement that brings it to this many bytes of text.
const PAGE_BYTES: i64 = 8 << 20;

const PAGE: &str = "SELECT t.sequence, t.version, t.statement::text FROM ( \
     SELECT s.*, sum(s.len_bytes) OVER (ORDER BY s.sequence) - s.len_bytes AS bytes_before \
     FROM (SELECT sequence, version, statement, len_bytes FROM acta.statements \
     WHERE tenant_id = $1 AND sequence > $2 AND sequence <= $3 \
     ORDER BY sequence LIMIT $4) s) t \
     WHERE t.bytes_before < $5 ORDER BY t.sequence";

/// Of what kind a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FactKind {
    /// An activity is defined.
    Definition,
    /// A person is named.
    Name,
}

/// One fact, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fact<'a> {
    /// Of what kind.
    pub(super) kind: FactKind,
    /// The activity's id, or the key of the person's identifier.
    pub(super) about: &'a str,
    /// The definition's JSON text, or the name.
    pub(super) said: &'a str,
    /// The statement's place in the tenant's log.
    pub(super) sequence: i64,
    /// The fact's place among those of its kind in the statement.
    pub(super) ordinal: i32,
}

/// Some of a tenant's statements: those behind `after`, up to `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) tenant: i32,
    pub(super) after: i64,
    pub(super) until: i64,
}

impl Span {
    /// How many statements it has.
    pub(super) const fn count(&self) -> i64 {
        self.until.saturating_sub(self.after)
    }
}

/// Lets `hear` know every fact of the first statements of a span, in order. Returns the
/// sequence up to which they were read.
///
/// # Errors
///
/// As [`Failure`] says; some facts may have been heard.
pub(super) async fn read_page(
    database: &Database,
    span: Span,
    hear: impl FnMut(Fact<'_>),
) -> Result<i64, Failure> {
    let page = database
        .run_once(|connection| async move { read_page_from(&connection, span, hear).await });
    page.await
}

async fn read_page_from(
    connection: &Connection,
    span: Span,
    mut hear: impl FnMut(Fact<'_>),
) -> Result<i64, Failure> {
    let page = connection.prepare_cached(PAGE).await?;
    let columns: [&(dyn ToSql + Sync); 5] =
        [&span.tenant, &span.after, &span.until, &PAGE_COUNT, &PAGE_BYTES];
    let mut rows = pin!(connection.query_raw(&page, columns).await?);
    // Where nothing is, there is nothing to read.
    let mut reached = span.until;
    while let Some(row) = rows.try_next().await? {
        reached = row.get(0);
        let text: &str = row.get(2);
        let parsed = parse_statement(text.as_bytes(), version_of(row.get(1)), &ParseLimits::KEPT);
        let Ok(statement) = parsed else {
            // Accepted by an older release whose rules were wider. It is still given back.
            tracing::warn!(
                tenant.id = span.tenant.cast_unsigned(),
                statement.sequence = reached,
                "a stored statement does not pass today's rules: it tells nothing"
            );
            continue;
        };
        tell(&statement, reached, &mut hear);
    }
    Ok(reached)
}

fn tell(statement: &Statement, sequence: i64, hear: &mut impl FnMut(Fact<'_>)) {
    for ((activity, said), ordinal) in statement.definitions().into_iter().zip(0..) {
        let about = activity.as_str();
        hear(Fact { kind: FactKind::Definition, about, said, sequence, ordinal });
    }
    for ((ifi, said), ordinal) in statement.named_actors().into_iter().zip(0..) {
        let about = &ifi.to_key();
        hear(Fact { kind: FactKind::Name, about, said, sequence, ordinal });
    }
}
