//! The schema of the files.

use std::fmt::Write;
use std::sync::Arc;

use acta_facts::{COLUMNS, TableType};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::Result;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

use crate::key_columns::TIMESTAMP;
use crate::manifest::SCHEMA;

/// Rows of a row group: what is read at a time.
pub(crate) const GROUP_ROWS: usize = 1 << 17;

/// Rows of a page, at most: what the page index can skip.
const PAGE_ROWS: usize = 20_000;

/// How thoroughly pages are compressed, from 1 to 22.
const ZSTD_LEVEL: i32 = 3;

/// The columns of extensions, behind all others: those of the context and those of the result.
const EXTENSIONS: [&str; 2] = ["context_extensions", "result_extensions"];

/// The columns of the files, in their order.
pub(crate) fn schema() -> Result<TypePtr> {
    let mut text = String::from("message facts {");
    for column in COLUMNS {
        let name = column.name;
        let line = match column.values {
            TableType::Whole => format!("required int64 {name};"),
            TableType::Time => format!("required int64 {name} (TIMESTAMP(MICROS, true));"),
            TableType::Number => format!("optional double {name};"),
            TableType::Flag => format!("optional boolean {name};"),
            TableType::Text => format!("optional binary {name} (STRING);"),
            TableType::Texts => format!(
                "optional group {name} (LIST) {{ repeated group list {{ required binary element \
                 (STRING); }} }}"
            ),
        };
        text.push_str(&line);
    }
    for name in EXTENSIONS {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "optional group {name} (MAP) {{ repeated group key_value {{ required binary key \
             (STRING); required binary value (STRING); }} }}"
        );
    }
    text.push('}');
    parse_message_type(&text).map(Arc::new)
}

/// How the files are written.
pub(crate) fn properties() -> Result<WriterPropertiesPtr> {
    let by_time = SortingColumn {
        column_idx: i32::try_from(TIMESTAMP).unwrap_or_default(),
        descending: false,
        nulls_first: false,
    };
    let schema = KeyValue::new("acta.schema".to_owned(), SCHEMA.to_string());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_sorting_columns(Some(vec![by_time]))
        .set_key_value_metadata(Some(vec![schema]))
        .set_created_by(format!("acta version {}", env!("CARGO_PKG_VERSION")));
    Ok(Arc::new(properties.build()))
}
