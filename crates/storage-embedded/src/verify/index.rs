//! The runs of the index, compared with the log.

use std::sync::Arc;

use acta_statement_index::{RunCheck, RunSight};
use acta_storage::StorageError;
use acta_xapi::{StatementId, Uuid};

use super::finding::{Advice, Finding, Severity};
use super::log::LogChecked;
use super::verification::Verification;
use crate::Options;

/// Checks all runs, and looks up in them which statements the log has lost.
pub(super) fn check_index(
    verification: &mut Verification<'_>,
    log: &LogChecked,
    fingerprint: u64,
) -> Result<(), StorageError> {
    let options = verification.options;
    let check = RunCheck {
        disk: Arc::clone(&options.disk),
        directory: options.directory.join("index"),
        fingerprint,
        scratch_disk: Arc::clone(&options.scratch_disk),
        scratch: options.scratch.clone(),
        run_entries: Options::RUN_ENTRIES,
        log: &log.reader,
        positions: 0..log.sound_until,
    };
    name_lost(verification, &check)?;
    check.run(&mut |sight| {
        see(verification, sight, log.end);
        Ok(())
    })
}

fn see(verification: &mut Verification<'_>, sight: RunSight, log_end: u64) {
    match sight {
        RunSight::Sound(bytes) => {
            verification.verified.run_count += 1;
            verification.read(bytes);
        }
        RunSight::Damaged { name, offset, what } => {
            verification.verified.run_count += 1;
            let finding = Finding::damage(&format!("index/{name}"), what, Advice::Reindex);
            verification.report(Finding { offset, ..finding });
        }
        RunSight::Leftover(name) => {
            let what = "it is not used: the next start removes it";
            verification.report(Finding::note(&format!("index/{name}"), what));
        }
        RunSight::SecondId(id, location) => {
            let file = format!("log/{:08}.log", location.segment);
            let id = StatementId(Uuid::from_u128(id));
            let what = format!("the statement {id} is stored twice");
            let finding = Finding::damage(&file, what, Advice::Restore);
            verification.report(finding.at(location.offset.into()));
        }
        RunSight::Uncovered(positions) if positions.end == log_end => {
            let count = positions.end - positions.start;
            let what = format!("{count} statements are in no run: the next start reads them again");
            verification.report(Finding::note("index", what));
        }
        // The log is damaged there, which was reported.
        RunSight::Uncovered(_) => {}
    }
}

/// Finds the tenants and the ids of the lost statements, as far as sound runs know them.
fn name_lost(
    verification: &mut Verification<'_>,
    check: &RunCheck<'_>,
) -> Result<(), StorageError> {
    let findings = &mut verification.verified.findings;
    let damaged = findings.iter_mut().filter(|finding| finding.severity == Severity::Damage);
    let lost: Vec<_> = damaged.flat_map(|finding| &mut finding.statements).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let mut positions: Vec<u64> = lost.iter().map(|lost| lost.position).collect();
    positions.sort_unstable();
    let known = check.identify(&positions)?;
    for lost in lost {
        if let Some(known) = known.iter().find(|known| known.position == lost.position) {
            lost.tenant = Some(known.tenant);
            lost.sequence = Some(known.sequence);
            lost.id = known.id.map(|id| StatementId(Uuid::from_u128(id)));
        }
    }
    Ok(())
}
