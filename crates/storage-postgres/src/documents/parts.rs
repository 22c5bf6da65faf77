//! The removal of all documents of a list, in parts.
//!
//! Each part is a transaction, which removes all documents of registrations that are small
//! together, or some of the documents with one registration.

use acta_storage::{PageLimits, StorageError, chunk_by_size};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::place::{ListColumns, PlaceColumns};
use crate::database::Database;

/// What one part removes, if it removes several: as much as takes a fraction of a second.
const PART: PageLimits = PageLimits { count_max: usize::MAX, bytes_max: 64 << 20 };

/// What it takes to remove the documents of a registration without content, in bytes of content.
const REGISTRATION_BYTES: usize = 64 << 10;

/// The same for one of the documents of a registration.
const DOCUMENT_BYTES: usize = 1 << 10;

/// What one transaction removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All documents with some registrations. One without a registration has an empty one.
    Registrations(Vec<String>),
    /// Some documents with one registration, by the hashes of their names.
    Documents {
        /// The registration.
        registration: String,
        /// The hashes.
        names: Vec<Vec<u8>>,
    },
}

impl Database {
    /// The documents of a list that are there now, in parts.
    pub(super) async fn list_parts(&self, list: &ListColumns) -> Result<Vec<Part>, StorageError> {
        let ListColumns { place, registration } = list;
        let found: Vec<(String, usize)> = self
            .run("listing documents", |connection| async move {
                // Of the content, only its length is read.
                let sql = "SELECT registration, sum(octet_length(content))::bigint AS bytes \
                     FROM acta.documents WHERE tenant_id = $1 AND place = $2 \
                     AND ($3::text IS NULL OR registration = $3) \
                     GROUP BY registration ORDER BY registration";
                let select = connection.prepare_cached(sql).await?;
                let columns: [&(dyn ToSql + Sync); 3] = [&place.tenant, &place.hash, registration];
                let rows = connection.query(&select, &columns).await?;
                Ok(rows.iter().map(|row| (row.get("registration"), bytes_of(row))).collect())
            })
            .await?;
        let (large, small): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(_, bytes)| PART.bytes_max < *bytes);
        let mut parts: Vec<Part> =
            divide(small, REGISTRATION_BYTES).into_iter().map(Part::Registrations).collect();
        for (registration, _) in large {
            let sizes = self.list_sizes(place, &registration).await?;
            parts.extend(divide(sizes, DOCUMENT_BYTES).into_iter().map(|names| {
                let registration = registration.clone();
                Part::Documents { registration, names }
            }));
        }
        Ok(parts)
    }

    /// The documents with a registration, each with its bytes.
    async fn list_sizes(
        &self,
        place: &PlaceColumns,
        registration: &str,
    ) -> Result<Vec<(Vec<u8>, usize)>, StorageError> {
        self.run("listing documents", |connection| async move {
            let sql = "SELECT name_hash, octet_length(content)::bigint AS bytes \
                 FROM acta.documents WHERE tenant_id = $1 AND place = $2 \
                 AND registration = $3 ORDER BY name_hash";
            let select = connection.prepare_cached(sql).await?;
            let columns: [&(dyn ToSql + Sync); 3] = [&place.tenant, &place.hash, &registration];
            let rows = connection.query(&select, &columns).await?;
            Ok(rows.iter().map(|row| (row.get("name_hash"), bytes_of(row))).collect())
        })
        .await
    }
}

fn bytes_of(row: &Row) -> usize {
    usize::try_from(row.get::<_, i64>("bytes")).unwrap_or(usize::MAX)
}

/// Divides what is to be removed, each with its bytes, to which so many are added.
fn divide<T>(found: Vec<(T, usize)>, added_bytes: usize) -> Vec<Vec<T>> {
    let parts = chunk_by_size(found, PART, |(_, bytes)| bytes.saturating_add(added_bytes));
    parts.into_iter().map(|part| part.into_iter().map(|(item, _)| item).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_one_large_item_or_several_small_ones() {
        let names = |parts: &[Vec<String>]| parts.iter().map(|part| part.concat()).collect();
        let check = |sizes: &[(&str, usize)], expected: &[&str]| {
            let found = sizes.iter().map(|(name, mebibytes)| {
                ((*name).to_owned(), mebibytes * (1 << 20) - REGISTRATION_BYTES)
            });
            let parts: Vec<String> = names(&divide(found.collect(), REGISTRATION_BYTES));
            assert_eq!(parts, expected, "{sizes:?}");
        };
        check(&[], &[]);
        check(&[("a", 1), ("b", 1)], &["ab"]);
        check(&[("a", 32), ("b", 32), ("c", 1)], &["ab", "c"]);
        check(&[("a", 500), ("b", 1), ("c", 63), ("d", 64), ("e", 65)], &["a", "bc", "d", "e"]);
        let many: Vec<(String, usize)> = (0..3000).map(|number| (number.to_string(), 0)).collect();
        let parts: Vec<usize> = divide(many, REGISTRATION_BYTES).iter().map(Vec::len).collect();
        assert_eq!(parts, [1024, 1024, 952]);
    }
}
