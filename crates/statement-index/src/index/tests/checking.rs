//! Runs compared with the log.

use std::fs;

use acta_statement_log::disk::Disk;

use super::*;
use crate::check::{RunCheck, RunSight};

fn check(bench: &Bench, end: u64) -> Vec<RunSight> {
    let scratch = TempDir::new().unwrap();
    let check = RunCheck {
        disk: Arc::new(SystemDisk),
        directory: bench.directory.path().to_path_buf(),
        fingerprint: bench.options.fingerprint,
        scratch_disk: Arc::new(SystemDisk),
        scratch: scratch.path().to_path_buf(),
        run_entries: 11,
        log: &bench.log,
        positions: 0..end,
    };
    let mut sights = Vec::new();
    check
        .run(&mut |sight| {
            sights.push(sight);
            Ok(())
        })
        .unwrap();
    assert_eq!(SystemDisk.list(scratch.path()).unwrap(), Vec::<String>::new());
    sights
}

/// A closed index of several runs, some of them merged.
fn closed(seed: u64) -> (Bench, u64) {
    let mut bench = Bench::new(seed, 40, 3);
    (0..40).for_each(|_| bench.insert_group());
    bench.index().flush().unwrap();
    bench.index().wait_for_merges();
    let end = bench.index().next_position();
    bench.index.take().unwrap().close().unwrap();
    (bench, end)
}

#[test]
fn runs_of_any_history_are_what_the_log_gives() {
    for seed in 0..20 {
        let (bench, end) = closed(seed);
        let sights = check(&bench, end);
        assert_eq!(sights.len(), run_names(&bench).len());
        let are_sound = sights.iter().all(|sight| matches!(sight, RunSight::Sound(_)));
        assert!(are_sound, "seed {seed}: {sights:?}");
    }
}

fn damaged_name(sight: &RunSight) -> Option<&String> {
    let RunSight::Damaged { name, .. } = sight else { return None };
    Some(name)
}

#[test]
fn any_changed_byte_of_a_run_is_named() {
    let (bench, end) = closed(3);
    for name in run_names(&bench) {
        let path = bench.directory.path().join(&name);
        let whole = fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(211) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, bytes).unwrap();
            let sights = check(&bench, end);
            let is_named = |sight: &RunSight| damaged_name(sight) == Some(&name);
            assert!(sights.iter().any(is_named), "{name} at {at}: {sights:?}");
        }
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn says_what_it_cannot_compare_and_what_is_left_over() {
    let (bench, end) = closed(4);
    fs::write(bench.directory.path().join("run.tmp"), b"").unwrap();
    let sights = check(&bench, end);
    let is_leftover = |sight: &&RunSight| matches!(sight, RunSight::Leftover(_));
    assert_eq!(sights.iter().filter(is_leftover).count(), 1);
    // Of a log that ends too early only the checksums are checked.
    let sights = check(&bench, 0);
    assert!(!sights.iter().any(|sight| matches!(sight, RunSight::Damaged { .. })), "{sights:?}");
    // Without runs everything is reported to be read again.
    for name in run_names(&bench) {
        fs::remove_file(bench.directory.path().join(name)).unwrap();
    }
    let [RunSight::Uncovered(rest)] = &check(&bench, end)[..] else { panic!("expected the rest") };
    assert_eq!(*rest, 0..end);
}
