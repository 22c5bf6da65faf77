//! The log, from its first byte to its last.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::close::{CLOSING_NAME, Closing, Mark, read_mark};
use acta_statement_log::format::VERSION;
use acta_statement_log::reader::{FoundRecord, LogReader, statement_of, text_of};
use acta_statement_log::record::{Record, StatementRecord};
use acta_statement_log::segment::{Segment, Unreadable, segment_name, segment_number};
use acta_statement_log::survey::{Damage, DamageKind, Seen, SurveyStart, Surveyor, survey};
use acta_storage::{StorageError, StoredStatement};
use acta_xapi::json::{self, JsonLimits};
use acta_xapi::{ParseLimits, Sha2, Statement, parse_statement};

use super::finding::{Advice, Finding, LostStatement};
use super::verification::{Verification, failed};
use crate::OpenError;
use crate::directory::PURGE_NAME;
use crate::engine::purge::files::is_rewritten;
use crate::engine::recovery::{check_order, is_draft};
use crate::identity::Identity;

/// Most lost statements that a finding lists one by one.
const LOST_MAX: u64 = 1000;

/// What was found in the log, for the checks of the rest.
#[derive(Debug)]
pub(super) struct LogChecked {
    /// The segments before the first that cannot be opened.
    pub(super) reader: LogReader,
    /// Positions before the first damage.
    pub(super) sound_until: u64,
    /// The position behind the last statement.
    pub(super) end: u64,
    /// The content that statements name; those with `true` must be there.
    pub(super) attachments: HashMap<(TenantId, Sha2), bool>,
}

/// Takes statements that can be read, in the order of the log.
pub(super) type Take<'t> = &'t mut dyn FnMut(TenantId, StoredStatement) -> io::Result<()>;

/// Reads the whole log, and gives the statements that are sound to `take`.
pub(super) fn check_log(
    verification: &mut Verification<'_>,
    identity: Option<&Identity>,
    take: Option<Take<'_>>,
) -> Result<LogChecked, OpenError> {
    let directory = verification.directory().join("log");
    let mut numbers = Vec::new();
    for name in verification.names(&directory)? {
        match segment_number(&name) {
            Some(number) => numbers.push(number),
            None if name == CLOSING_NAME => {}
            None if name == PURGE_NAME || is_rewritten(&name) => {
                let what = "a tenant was being removed: the next start finishes or undoes it";
                verification.report(Finding::note(&format!("log/{name}"), what));
            }
            None if is_draft(&name) => {
                let what = "a file that was never finished: the next start removes it";
                verification.report(Finding::note(&format!("log/{name}"), what));
            }
            None => {
                let what = "the log does not know this file";
                verification.report(Finding::note(&format!("log/{name}"), what));
            }
        }
    }
    numbers.sort_unstable();
    let closing = mark(verification, identity)?;
    let known_end = known_end(verification, closing.as_ref())?;
    let mut check = LogCheck {
        verification,
        closing,
        known_end,
        last_number: numbers.last().copied().unwrap_or(0),
        next_position: 0,
        sound_until: None,
        last_stored: i64::MIN,
        sequences: HashMap::new(),
        is_gap_known: false,
        attachments: HashMap::new(),
        reached: 0,
        take,
    };
    let segments = check.read_segments(&numbers, identity)?;
    check.check_end(&numbers, &segments);
    let LogCheck { next_position, sound_until, attachments, .. } = check;
    Ok(LogChecked {
        reader: LogReader::new(directory, segments),
        sound_until: sound_until.unwrap_or(next_position),
        end: next_position,
        attachments,
    })
}

fn mark(
    verification: &mut Verification<'_>,
    identity: Option<&Identity>,
) -> Result<Option<Closing>, OpenError> {
    let is_ours = |closing: &Closing| identity.is_none_or(|it| it.store_id == closing.store_id);
    let directory = verification.directory().join("log");
    match read_mark(verification.disk(), &directory)? {
        Mark::None => Ok(None),
        Mark::Closed(closing) if is_ours(&closing) => Ok(Some(closing)),
        Mark::Newer(found) => {
            Err(OpenError::Newer { path: directory.join(CLOSING_NAME), found, known: VERSION })
        }
        Mark::Closed(_) | Mark::Damaged => {
            let file = format!("log/{CLOSING_NAME}");
            let what = "the mark of a clean end does not have its checksum";
            verification.report(Finding::damage(&file, what, Advice::Harmless).at(0));
            Ok(None)
        }
    }
}

/// The position behind the last statement that the mark or a run of the index knows.
fn known_end(
    verification: &Verification<'_>,
    closing: Option<&Closing>,
) -> Result<u64, StorageError> {
    let names = verification.names(&verification.directory().join("index"))?;
    let ends = names.iter().filter_map(|name| acta_statement_index::run_positions(name));
    let indexed = ends.map(|positions| positions.end).max().unwrap_or(0);
    Ok(indexed.max(closing.map_or(0, |closing| closing.next_position)))
}

/// What is known while the segments are read in order.
struct LogCheck<'v, 'a, 't> {
    verification: &'v mut Verification<'a>,
    closing: Option<Closing>,
    known_end: u64,
    last_number: u32,
    next_position: u64,
    sound_until: Option<u64>,
    last_stored: i64,
    sequences: HashMap<TenantId, u64>,
    /// Statements are missing for damage that was reported, so sequences may have gaps.
    is_gap_known: bool,
    attachments: HashMap<(TenantId, Sha2), bool>,
    /// Offset up to which the present segment was counted.
    reached: u64,
    take: Option<Take<'t>>,
}

impl LogCheck<'_, '_, '_> {
    /// Reads the segments with these numbers. Returns those before the first that cannot be
    /// opened.
    fn read_segments(
        &mut self,
        numbers: &[u32],
        identity: Option<&Identity>,
    ) -> Result<Vec<Arc<Segment>>, OpenError> {
        let mut segments: Vec<Arc<Segment>> = Vec::new();
        let mut is_whole = true;
        let mut expected = 1;
        for number in numbers.iter().copied() {
            if number != expected {
                let what = format!("segments {expected} to {} are missing", number - 1);
                self.damaged(Finding::damage(&file_of(expected), what, Advice::Restore));
                is_whole = false;
            }
            expected = number + 1;
            let before = segments.last().map(Arc::as_ref).filter(|_| is_whole);
            let Some(segment) = self.open(number, before)? else {
                is_whole = false;
                continue;
            };
            let store_id = identity.map_or(segment.header.store_id, |it| it.store_id);
            let is_next = check_order(&segment, before.filter(|_| is_whole), store_id).is_ok();
            if !is_next && (is_whole || segment.header.store_id != store_id) {
                let what = "the segment is not the one that follows, or is of another store";
                self.damaged(Finding::damage(&file_of(number), what, Advice::Restore).at(0));
            }
            self.read_segment(&segment)?;
            if is_whole {
                segments.push(Arc::new(segment));
            }
        }
        Ok(segments)
    }

    fn open(
        &mut self,
        number: u32,
        before: Option<&Segment>,
    ) -> Result<Option<Segment>, OpenError> {
        self.verification.verified.segment_count += 1;
        let directory = self.verification.directory().join("log");
        let opened = Segment::open(self.verification.disk(), &directory, number, before);
        match opened.map_err(failed)? {
            Ok(segment) => Ok(Some(segment)),
            Err(Unreadable::Newer(found)) => {
                let path = directory.join(segment_name(number));
                Err(OpenError::Newer { path, found, known: VERSION })
            }
            Err(Unreadable::Damaged) => {
                let what = "the header of the segment does not check: none of its statements \
                     can be read";
                self.damaged(Finding::damage(&file_of(number), what, Advice::Restore).at(0));
                Ok(None)
            }
        }
    }

    fn read_segment(&mut self, segment: &Segment) -> Result<(), StorageError> {
        let first = segment.header.first_position;
        if first != self.next_position {
            if !self.is_gap_known {
                let what = format!(
                    "the segment begins with position {first}, and position {} is next",
                    self.next_position
                );
                let file = file_of(segment.header.number);
                self.damaged(Finding::damage(&file, what, Advice::Restore).at(0));
            }
            self.is_gap_known = true;
        }
        self.reached = 0;
        self.reach(segment, segment.frames_from());
        self.next_position = self.next_position.max(first);
        let start = SurveyStart { offset: segment.frames_from(), position: self.next_position };
        self.next_position = survey(segment, start, self)?;
        self.reach(segment, segment.len());
        Ok(())
    }

    /// Reports damage: positions from here on are not compared with the index.
    fn damaged(&mut self, finding: Finding) {
        self.sound_until.get_or_insert(self.next_position);
        self.is_gap_known = true;
        self.verification.report(finding);
    }

    /// Whether the log is as long as is known.
    fn check_end(&mut self, numbers: &[u32], segments: &[Arc<Segment>]) {
        let is_last_read = segments.len() == numbers.len();
        let last_len = segments.last().filter(|_| is_last_read).map(|segment| segment.len());
        let is_shorter = self.closing.is_some_and(|closing| {
            last_len.is_some_and(|len| closing.covers(self.last_number, len))
                || self.last_number < closing.segment
        });
        if self.known_end <= self.next_position && !is_shorter {
            return;
        }
        let lost = self.next_position..self.known_end.max(self.next_position);
        let what = "the log ends too early: it was longer when it was closed or indexed";
        let finding = Finding::damage(&file_of(self.last_number.max(1)), what, Advice::Restore);
        let finding = Finding { offset: last_len, statements: lost_at(lost), ..finding };
        self.damaged(finding);
    }

    fn check_record(&mut self, segment: &Segment, seen: &Seen<'_>) -> Result<(), StorageError> {
        let mut wrong = self.check_place(segment, seen);
        // Of what was erased or removed there is nothing else to check.
        if let Some(statement) = seen.record.statement() {
            self.verification.verified.statement_count += 1;
            wrong.extend(self.check_content(segment, statement, seen)?);
            if wrong.is_empty() {
                self.give(segment, seen)?;
            }
        }
        for what in wrong {
            let file = file_of(segment.header.number);
            let finding = Finding::damage(&file, what, Advice::Restore);
            let finding = finding.at(seen.location.offset.into());
            let lost = lost_at(seen.position..seen.position + 1);
            self.damaged(Finding { statements: lost, ..finding });
        }
        Ok(())
    }

    /// Whether the text of a statement is its own. Returns what is wrong.
    fn check_content(
        &mut self,
        segment: &Segment,
        statement: &StatementRecord<'_>,
        seen: &Seen<'_>,
    ) -> Result<Option<String>, StorageError> {
        match text_of(segment, statement, seen.location) {
            Ok(text) => Ok(self.check_text(&text, statement, &seen.record)),
            Err(StorageError::Corrupt { .. }) => {
                Ok(Some("its text cannot be decompressed".to_owned()))
            }
            Err(other) => Err(other),
        }
    }

    /// Whether a record follows those before it. Returns what is wrong.
    fn check_place(&mut self, segment: &Segment, seen: &Seen<'_>) -> Vec<String> {
        let record = &seen.record;
        let mut wrong = Vec::new();
        // What was removed together with its tenant has no sequence any more.
        if !record.is_removed() {
            let expected = self.sequences.get(&record.tenant).map_or(1, |last| last + 1);
            let is_next =
                record.sequence == expected || (self.is_gap_known && expected < record.sequence);
            if !is_next {
                wrong.push(format!("its sequence is {} and {expected} is next", record.sequence));
            }
            self.sequences.insert(record.tenant, record.sequence);
        }
        let stored = segment.stored_micros(record);
        if stored < self.last_stored {
            wrong.push("it was stored before the statement in front of it".to_owned());
        }
        self.last_stored = self.last_stored.max(stored);
        let is_complete = seen.head.is_none_or(|head| {
            let at = acta_statement_log::frame::RecordAt {
                location: seen.location,
                base_micros: segment.header.base_micros,
            };
            head.entry(record, at).is_some()
        });
        if !is_complete {
            wrong.push("its terms are not in its frame".to_owned());
        }
        wrong
    }

    /// Gives a sound statement to the caller, if it takes them.
    fn give(&mut self, segment: &Segment, seen: &Seen<'_>) -> Result<(), StorageError> {
        let Some(take) = &mut self.take else { return Ok(()) };
        let found = FoundRecord { location: seen.location, is_voided: false };
        let statement = statement_of(segment, &seen.record, found)?;
        let act = "handing on a statement";
        let taken = take(seen.record.tenant, statement);
        taken.map_err(|source| StorageError::Io { act, source })
    }

    /// Compares the text of a statement with its record. Returns what differs.
    fn check_text(
        &mut self,
        text: &str,
        kept: &StatementRecord<'_>,
        record: &Record<'_>,
    ) -> Option<String> {
        let Ok(statement) = parse_statement(text.as_bytes(), kept.version, &ParseLimits::STORED)
        else {
            // Either no JSON, or accepted by an older release whose rules were wider.
            let is_json = json::parse(text.as_bytes(), &JsonLimits::STORED).is_ok();
            return (!is_json).then(|| "its text is no JSON".to_owned());
        };
        self.note_attachments(record.tenant, &statement);
        let target = statement.target().map(|target| target.0.as_u128());
        let is_its_own = statement.id.is_some_and(|id| id.0.as_u128() == kept.id)
            && target == record.target
            && statement.voids().is_some() == record.is_voiding
            && statement.fingerprint.0 == kept.fingerprint;
        (!is_its_own).then(|| "its text is another statement's".to_owned())
    }

    fn note_attachments(&mut self, tenant: TenantId, statement: &Statement) {
        for attachment in &statement.attachments {
            let is_needed = attachment.file_url.is_none();
            let noted = self.attachments.entry((tenant, attachment.sha2.clone())).or_default();
            *noted |= is_needed;
        }
    }
}

impl Surveyor for LogCheck<'_, '_, '_> {
    fn see_record(&mut self, segment: &Segment, seen: Seen<'_>) -> Result<(), StorageError> {
        self.next_position = seen.position;
        self.check_record(segment, &seen)?;
        self.next_position = seen.position + 1;
        Ok(())
    }

    fn see_damage(&mut self, segment: &Segment, damage: Damage) -> Result<(), StorageError> {
        let number = segment.header.number;
        let file = file_of(number);
        let bytes = damage.end - damage.offset;
        self.next_position = damage.first_position;
        let mut lost = damage.first_position..damage.first_position + damage.count.unwrap_or(0);
        let what = match damage.kind {
            DamageKind::Records => format!("{bytes} bytes are no statement that checks"),
            DamageKind::Head => {
                // Its records were seen before this, if they check.
                lost = lost.start..lost.start;
                "the head of a frame does not check: the index cannot be rebuilt".to_owned()
            }
            DamageKind::Gap => "statements are missing in front of it, or are there twice".into(),
            DamageKind::Tail => {
                let was_durable = number != self.last_number
                    || damage.first_position < self.known_end
                    || self.closing.is_some_and(|it| it.covers(number, damage.offset));
                if !was_durable {
                    let what = format!(
                        "{bytes} bytes of an unfinished write: the next start cuts them off"
                    );
                    self.verification.report(Finding::note(&file, what).at(damage.offset));
                    return Ok(());
                }
                lost.end = lost.end.max(self.known_end);
                format!("{bytes} bytes at the end are no frame that checks")
            }
        };
        let finding = Finding::damage(&file, what, Advice::Restore).at(damage.offset);
        self.damaged(Finding { statements: lost_at(lost), ..finding });
        Ok(())
    }

    fn reach(&mut self, _segment: &Segment, offset: u64) {
        self.verification.read(offset.saturating_sub(self.reached));
        self.reached = self.reached.max(offset);
    }
}

fn file_of(number: u32) -> String {
    format!("log/{}", segment_name(number))
}

fn lost_at(positions: Range<u64>) -> Vec<LostStatement> {
    let end = positions.end.min(positions.start.saturating_add(LOST_MAX));
    (positions.start..end)
        .map(|position| LostStatement { position, tenant: None, sequence: None, id: None })
        .collect()
}
