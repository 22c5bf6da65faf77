//! Rows of a month as a Parquet file.

use std::collections::HashMap;
use std::io::Write;

use acta_facts::{COLUMNS, ExtensionPlace, Table, TableExtension, TableType};
use bytes::Bytes;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use crate::columns::{ExtensionValue, Gatherer, OrderedValues, distinct, texts};
use crate::order::{MonthRows, RowPlace};
use crate::progress::{ExportError, Exporting};
use crate::schema::{GROUP_ROWS, properties, schema};

/// How deep a value is in a list that has values.
const PRESENT_IN_LIST: i16 = 2;

/// Writes the rows of a month.
pub(crate) fn write_rows<W: Write + Send>(
    table: &Table,
    rows: &MonthRows<'_>,
    output: W,
    exporting: &mut Exporting<'_>,
) -> Result<(), ExportError> {
    let extensions = table.extensions();
    let extensions = [ExtensionPlace::Context, ExtensionPlace::Result]
        .map(|place| extensions.iter().filter(|it| it.place == place).cloned().collect());
    let mut writer = MonthWriter {
        table,
        extensions,
        file: SerializedFileWriter::new(output, schema()?, properties()?)?,
    };
    for part in rows.parts() {
        let places = rows.places(*part, exporting)?;
        for group in places.chunks(GROUP_ROWS) {
            writer.write_group(rows, group, exporting)?;
            exporting.wrote(group.len());
        }
    }
    Ok(writer.file.into_inner()?.flush()?)
}

struct MonthWriter<'t, W: Write + Send> {
    table: &'t Table,
    /// Those of the context, and those of the result.
    extensions: [Vec<TableExtension>; 2],
    file: SerializedFileWriter<W>,
}

/// The levels of nested values.
///
/// Spec: Parquet format, "Nested Encoding".
#[derive(Default)]
struct Levels {
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

impl<W: Write + Send> MonthWriter<'_, W> {
    fn write_group(
        &mut self,
        rows: &MonthRows<'_>,
        places: &[RowPlace],
        exporting: &mut Exporting<'_>,
    ) -> Result<(), ExportError> {
        let gatherer = Gatherer::new(rows, places);
        let mut group = self.file.next_row_group()?;
        for (number, column) in COLUMNS.iter().enumerate() {
            exporting.check()?;
            match (gatherer.values(number)?, column.values) {
                (OrderedValues::Whole(values), _) => {
                    write_column::<Int64Type>(&mut group, &values, None)?;
                }
                (OrderedValues::Numbers(values), _) => write_numbers(&mut group, &values)?,
                (OrderedValues::Codes(codes), TableType::Flag) => write_flags(&mut group, &codes)?,
                (OrderedValues::Codes(codes), TableType::Texts) => {
                    write_lists(&mut group, self.table, number, &codes)?;
                }
                (OrderedValues::Codes(codes), _) => {
                    write_texts(&mut group, &texts(self.table, number, &codes), &codes)?;
                }
            }
        }
        for extensions in &self.extensions {
            exporting.check()?;
            let extensions: Vec<&TableExtension> = extensions.iter().collect();
            let values = gatherer.extensions(&extensions)?;
            write_extensions(&mut group, self.table, (&extensions, &values), places.len())?;
        }
        group.close()?;
        Ok(())
    }
}

/// Writes the next column.
fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &[T::T],
    levels: Option<&Levels>,
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("the schema has fewer columns than are written".into());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    let definition = levels.map(|levels| levels.definition.as_slice());
    let repetition = levels.map(|levels| levels.repetition.as_slice());
    let repetition = repetition.filter(|levels| !levels.is_empty());
    column.typed::<T>().write_batch(values, definition, repetition)?;
    column.close()
}

/// Which of `values` are there.
fn presence(values: impl Iterator<Item = bool>) -> Levels {
    Levels { definition: values.map(i16::from).collect(), repetition: Vec::new() }
}

fn write_numbers(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    numbers: &[f64],
) -> Result<(), ParquetError> {
    let levels = presence(numbers.iter().map(|number| !number.is_nan()));
    let known: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
    write_column::<DoubleType>(group, &known, Some(&levels))
}

fn write_flags(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    codes: &[u32],
) -> Result<(), ParquetError> {
    let levels = presence(codes.iter().map(|code| *code != 0));
    let known: Vec<bool> = codes.iter().filter(|code| **code != 0).map(|code| *code == 2).collect();
    write_column::<BoolType>(group, &known, Some(&levels))
}

fn write_texts(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    texts: &HashMap<u32, Bytes>,
    codes: &[u32],
) -> Result<(), ParquetError> {
    let levels = presence(codes.iter().map(|code| texts.contains_key(code)));
    let known: Vec<ByteArray> = codes.iter().filter_map(|code| array(texts, *code)).collect();
    write_column::<ByteArrayType>(group, &known, Some(&levels))
}

fn array(texts: &HashMap<u32, Bytes>, code: u32) -> Option<ByteArray> {
    texts.get(&code).cloned().map(ByteArray::from)
}

fn write_lists(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    table: &Table,
    column: usize,
    codes: &[u32],
) -> Result<(), ParquetError> {
    let lists: HashMap<u32, Vec<u32>> =
        distinct(codes).into_iter().map(|code| (code, table.list(code))).collect();
    let elements: Vec<u32> = lists.values().flatten().copied().collect();
    let texts = texts(table, column, &elements);
    let (mut levels, mut values) = (Levels::default(), Vec::new());
    for code in codes {
        let list = lists.get(code).map(Vec::as_slice).unwrap_or_default();
        let known = list.iter().filter_map(|element| array(&texts, *element));
        levels.push_row(known, &mut values);
    }
    write_column::<ByteArrayType>(group, &values, Some(&levels))
}

impl Levels {
    /// Adds the values of a row; none stand for no list.
    fn push_row<T>(&mut self, row: impl Iterator<Item = T>, values: &mut Vec<T>) {
        let before = values.len();
        values.extend(row);
        let count = values.len() - before;
        self.definition.extend(std::iter::repeat_n(PRESENT_IN_LIST, count));
        self.repetition.extend((0..count).map(|index| i16::from(0 < index)));
        if count == 0 {
            self.definition.push(0);
            self.repetition.push(0);
        }
    }
}

/// Writes the two columns of a map: the IRIs of extensions and their values.
fn write_extensions(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    table: &Table,
    (extensions, values): (&[&TableExtension], &[ExtensionValue]),
    row_count: usize,
) -> Result<(), ParquetError> {
    let iris: Vec<ByteArray> =
        extensions.iter().map(|it| ByteArray::from(it.iri.as_bytes().to_vec())).collect();
    let codes: Vec<u32> = values.iter().map(|value| value.code).collect();
    let mut texts = HashMap::new();
    table.resolve_extension(&distinct(&codes), |code, text| {
        texts.insert(code, Bytes::copy_from_slice(text.as_bytes()));
    });
    let text = |value: &ExtensionValue| {
        let number = || ByteArray::from(value.number.to_string().into_bytes());
        array(&texts, value.code).unwrap_or_else(number)
    };
    let (mut levels, mut pairs, mut rest) = (Levels::default(), Vec::new(), values);
    for place in 0..row_count {
        let count = rest.iter().take_while(|value| value.place == place).count();
        let (row, others) = rest.split_at(count);
        levels.push_row(row.iter(), &mut pairs);
        rest = others;
    }
    let keys: Vec<ByteArray> = pairs.iter().map(|value| iris[value.extension].clone()).collect();
    write_column::<ByteArrayType>(group, &keys, Some(&levels))?;
    let values: Vec<ByteArray> = pairs.into_iter().map(text).collect();
    write_column::<ByteArrayType>(group, &values, Some(&levels))
}
