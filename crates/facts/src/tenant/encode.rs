//! From the texts of rows to their codes.

use super::texts::{Attribute, Texts};
use crate::rows::batch::{Batch, Description, ExtensionValue, Row};
use crate::rows::block::Block;
use crate::rows::fields::{CodeColumn, Domain, EXTENSIONS_MAX, IntColumn, NumberColumn};

/// Gives the texts of a batch codes, and notes what it says of activities, verbs and persons.
pub(crate) fn encode(batch: &Batch, texts: &mut Texts) -> Block {
    let mut block = Block::default();
    for definition in &batch.definitions {
        note_definition(batch, definition, texts);
    }
    for row in &batch.rows {
        push(batch, row, texts, &mut block);
    }
    block.complete();
    block
}

fn note_definition(batch: &Batch, definition: &Description, texts: &mut Texts) {
    let activity = texts.code(Domain::Activities, batch.text(definition.id));
    for (attribute, span) in [
        (Attribute::ActivityType, definition.kind),
        (Attribute::ActivityName, definition.name),
        (Attribute::ActivityInteraction, definition.interaction),
    ] {
        let known = texts.attribute(attribute).get(activity as usize).copied().unwrap_or_default();
        let value = texts.of_mut(attribute.domain()).code_near(known, batch.text(span).as_bytes());
        texts.set(attribute, activity, value);
    }
}

fn push(batch: &Batch, row: &Row, texts: &mut Texts, block: &mut Block) {
    let ints = [
        (IntColumn::Sequence, row.sequence.cast_signed()),
        (IntColumn::Stored, row.stored),
        (IntColumn::Timestamp, row.timestamp),
    ];
    for (column, value) in ints {
        block.ints[column as usize].push(value);
    }
    for column in NumberColumn::EVERY {
        block.numbers[column.index()].push(row.numbers[column.index()]);
    }
    for column in CodeColumn::EVERY {
        let last = block.codes[column.index()].last().copied().unwrap_or_default();
        let code = code(batch, row, LastRow { column, last }, texts);
        block.codes[column.index()].push(code);
    }
    push_extensions(batch, row, texts, block);
}

/// A column, and the code of the row before.
#[derive(Clone, Copy)]
struct LastRow {
    column: CodeColumn,
    last: u32,
}

fn code(batch: &Batch, row: &Row, place: LastRow, texts: &mut Texts) -> u32 {
    let LastRow { column, last } = place;
    let of_text = |texts: &mut Texts, span| {
        let domain = column.domain();
        domain.map_or(0, |domain| texts.of_mut(domain).code_near(last, batch.text(span).as_bytes()))
    };
    match column {
        CodeColumn::Actor | CodeColumn::Verb => {
            let said = if column == CodeColumn::Actor { row.actor } else { row.verb };
            let code = of_text(texts, said.id);
            note_name(batch, column, (code, said), texts);
            code
        }
        CodeColumn::ObjectKind => row.object_kind.map_or(0, |kind| kind as u32),
        CodeColumn::Object => of_text(texts, row.object),
        CodeColumn::Parent => list(batch, row, 0, texts),
        CodeColumn::Grouping => list(batch, row, 1, texts),
        CodeColumn::Category => list(batch, row, 2, texts),
        CodeColumn::Other => list(batch, row, 3, texts),
        CodeColumn::Registration => row.registration.map_or(0, |registration| {
            texts.of_mut(Domain::Registrations).code(&registration.to_be_bytes())
        }),
        CodeColumn::Session => of_text(texts, row.session),
        CodeColumn::Platform => of_text(texts, row.platform),
        CodeColumn::Language => of_text(texts, row.language),
        CodeColumn::Authority => of_text(texts, row.authority),
        CodeColumn::Source => of_text(texts, row.source),
        CodeColumn::Success => row.success,
        CodeColumn::Completion => row.completion,
        CodeColumn::Response => of_text(texts, row.response),
        CodeColumn::Version => row.version,
    }
}

/// Notes the name of an actor or a verb.
fn note_name(
    batch: &Batch,
    column: CodeColumn,
    (code, said): (u32, Description),
    texts: &mut Texts,
) {
    let attribute = column.domain().and_then(Attribute::name_of);
    if let Some(attribute) = attribute.filter(|_| !said.name.is_empty()) {
        let known = texts.attribute(attribute).get(code as usize).copied().unwrap_or_default();
        let name = batch.text(said.name).as_bytes();
        let name = texts.of_mut(attribute.domain()).code_near(known, name);
        texts.set(attribute, code, name);
    }
}

fn list(batch: &Batch, row: &Row, kind: usize, texts: &mut Texts) -> u32 {
    let spans = row.activities[kind].of(&batch.activities);
    if spans.is_empty() {
        return 0;
    }
    let mut codes = Vec::with_capacity(4 * spans.len());
    for span in spans {
        let code = texts.code(Domain::Activities, batch.text(*span));
        codes.extend_from_slice(&code.to_le_bytes());
    }
    texts.of_mut(Domain::Lists).code(&codes)
}

fn push_extensions(batch: &Batch, row: &Row, texts: &mut Texts, block: &mut Block) {
    for extension in row.extensions.of(&batch.extensions) {
        let place = batch.text(extension.place);
        let places = texts.of_mut(Domain::Extensions);
        let is_full = EXTENSIONS_MAX <= places.len() as usize;
        if is_full && places.find(place.as_bytes()).is_none() {
            continue;
        }
        let Ok(number) = u16::try_from(places.code(place.as_bytes())) else { continue };
        match extension.value {
            ExtensionValue::Text(span) => {
                let code = texts.code(Domain::Texts, batch.text(span));
                block.set_extension_text(number, code);
            }
            ExtensionValue::Number(value) => block.set_extension_number(number, value),
        }
    }
}
