//! Every changed byte of every file of a store is either noticed or does no harm.
//!
//! A small store that has everything is closed and its answers are noted. Then one byte
//! after another is changed, or a file is cut or removed, and every question is put again:
//! nothing is ever answered wrong. Where an answer is missing and no error was reported, and
//! for every file but the tables in any case, `verify` must name damage.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says that it failed by panicking, and what it tried"
)]

mod answers;
mod store;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use acta_access::TenantId;
use acta_storage_embedded::EmbeddedStorage;
use answers::{Answer, Answers, query_all};
use store::{Files, make, options, read_files, scratch, verified, write_files};

/// What is done to a file.
#[derive(Clone, Debug)]
enum Fault {
    /// Bits of the byte at an offset are flipped.
    Flip(usize, u8),
    /// It ends at an offset.
    Cut(usize),
    /// It is gone.
    Remove,
}

impl Fault {
    fn apply(&self, files: &mut Files, path: &Path) {
        match self {
            Self::Flip(at, bits) => files.get_mut(path).unwrap()[*at] ^= bits,
            Self::Cut(len) => files.get_mut(path).unwrap().truncate(*len),
            Self::Remove => drop(files.remove(path)),
        }
    }
}

/// How a fault came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The store was not opened.
    Refused,
    /// An answer was an error, all others are right.
    Told,
    /// All answers are right.
    Same,
    /// Something was not found, and only `verify` says why.
    Missing,
}

/// The store as it was closed, and what it answered.
struct Original {
    files: Files,
    other: TenantId,
    answers: Answers,
}

impl Original {
    async fn make() -> Self {
        let directory = scratch();
        let other = make(directory.path()).await;
        let files = read_files(directory.path());
        let storage = EmbeddedStorage::open(&options(directory.path())).unwrap();
        let answers = query_all(&storage, other).await;
        drop(storage);
        write_files(directory.path(), &files);
        let sound = verified(directory.path()).unwrap();
        assert_eq!(sound.findings, []);
        assert_eq!(read_files(directory.path()), files, "verifying changes nothing");
        let errors = answers.values().filter(|answer| **answer == Answer::Error).count();
        assert_eq!(errors, 0);
        Self { files, other, answers }
    }

    /// Tries one fault in `directory`.
    fn try_one(&self, directory: &Path, path: &Path, fault: &Fault) -> Outcome {
        let mut files = self.files.clone();
        fault.apply(&mut files, path);
        write_files(directory, &files);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcome = runtime.block_on(self.ask_again(directory, path, fault));
        let at = format!("{} {fault:?}", path.display());
        let is_named = || {
            write_files(directory, &files);
            verified(directory).map_or(true, |verified| !verified.is_sound())
        };
        match outcome {
            Outcome::Missing => assert!(is_named(), "{at}: missing in silence"),
            Outcome::Refused | Outcome::Told | Outcome::Same => {
                // A run may be removed: the next start rebuilds it. A mark may be.
                let is_free = matches!(fault, Fault::Remove)
                    && (path.starts_with("index") || path.ends_with("closed"));
                let is_due = !path.starts_with("tables.sqlite") && !is_free && is_sampled(fault);
                assert!(!is_due || is_named(), "{at}: verify did not name it");
            }
        }
        outcome
    }

    async fn ask_again(&self, directory: &Path, path: &Path, fault: &Fault) -> Outcome {
        let Ok(storage) = EmbeddedStorage::open(&options(directory)) else {
            return Outcome::Refused;
        };
        let answers = query_all(&storage, self.other).await;
        let mut outcome = Outcome::Same;
        for (question, before) in &self.answers {
            let now = &answers[question];
            if now == before {
                continue;
            }
            let context =
                format!("{} {fault:?}, {question}: {before:?} became {now:?}", path.display());
            match now {
                Answer::Error if outcome == Outcome::Same => outcome = Outcome::Told,
                Answer::Error => {}
                // What is read is checked; what is not found at all is not.
                Answer::Nothing => {
                    let is_kept = [": statement", ": document"];
                    assert!(!is_kept.iter().any(|kind| question.contains(kind)), "{context}");
                    outcome = Outcome::Missing;
                }
                Answer::Is(_) => {
                    let may_lack = ["credentials", "tenants", "person", "audit", "usage"];
                    assert!(may_lack.iter().any(|kind| question.ends_with(kind)), "{context}");
                    outcome = Outcome::Missing;
                }
            }
        }
        outcome
    }
}

/// Whether `verify`, which takes longer than the rest, is run in any case.
fn is_sampled(fault: &Fault) -> bool {
    match fault {
        Fault::Flip(at, _) => at % 37 == 0,
        Fault::Cut(at) => at % 5 == 0,
        Fault::Remove => true,
    }
}

/// The head of a file, in bytes.
const HEAD_BYTES: usize = 60;

/// The faults of a file: every byte that says something, every length of a small file.
fn faults(path: &Path, bytes: &[u8]) -> Vec<Fault> {
    let is_tables = path == Path::new("tables.sqlite");
    let mut faults = vec![Fault::Remove];
    let mut chance = 0x2545_F491_4F6C_DD1D_u64;
    for at in 0..bytes.len() {
        chance = chance.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        // Of room that nothing uses, a few bytes stand for all.
        let around = &bytes[at.saturating_sub(6)..bytes.len().min(at + 6)];
        let is_room = is_tables && around.iter().all(|byte| *byte == 0);
        if is_room && at % 101 != 0 {
            continue;
        }
        let is_header = at < HEAD_BYTES && bytes.len() > 200 || bytes.len() < HEAD_BYTES;
        if is_header && !path.starts_with("index") {
            faults.extend((0..8).map(|bit| Fault::Flip(at, 1 << bit)));
        } else {
            faults.push(Fault::Flip(at, 1 << (chance >> 61)));
        }
    }
    let step = if bytes.len() < 400 { 1 } else { bytes.len() / 97 };
    faults.extend((0..bytes.len()).step_by(step).map(Fault::Cut));
    faults
}

/// Tries all of these, on all processors. Returns how many came out how.
fn try_all(original: &Original, all: &[(PathBuf, Fault)]) -> Vec<(PathBuf, Outcome)> {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                try_each(original, || all.get(next.fetch_add(1, Ordering::Relaxed)), &outcomes);
            });
        }
    });
    outcomes.into_inner().unwrap()
}

fn try_each<'f>(
    original: &Original,
    next: impl Fn() -> Option<&'f (PathBuf, Fault)>,
    outcomes: &Mutex<Vec<(PathBuf, Outcome)>>,
) {
    let directory = scratch();
    while let Some((path, fault)) = next() {
        let outcome = original.try_one(directory.path(), path, fault);
        outcomes.lock().unwrap().push((path.clone(), outcome));
    }
}

fn report(outcomes: &[(PathBuf, Outcome)]) {
    let mut paths: Vec<&PathBuf> = outcomes.iter().map(|(path, _)| path).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let count = |wanted| {
            let is_it = |(of, outcome): &&(PathBuf, Outcome)| of == path && *outcome == wanted;
            outcomes.iter().filter(is_it).count()
        };
        println!(
            "{}: {} refused, {} reported by an answer, {} harmless, {} reported by verify only",
            path.display(),
            count(Outcome::Refused),
            count(Outcome::Told),
            count(Outcome::Same),
            count(Outcome::Missing),
        );
    }
    println!("{} faults tried", outcomes.len());
}

/// Of the bytes behind the head of a file, one of so many is changed, unless
/// `TEST_ACTA_EVERY_BYTE` is set. Few fields are shorter, so most are changed somewhere.
const STEP: usize = 3;

fn step() -> usize {
    let is_every = std::env::var_os("TEST_ACTA_EVERY_BYTE").is_some();
    if is_every { 1 } else { STEP }
}

#[tokio::test]
async fn a_changed_byte_is_noticed_or_does_no_harm() {
    let original = Original::make().await;
    let (mut all, step) = (Vec::new(), step());
    let is_tried = |fault: &Fault| match fault {
        Fault::Flip(at, _) => *at < HEAD_BYTES || at % step == 0,
        Fault::Cut(_) | Fault::Remove => true,
    };
    for (path, bytes) in &original.files {
        // Nothing is ever read from the lock.
        if path != Path::new("lock") {
            let faults = faults(path, bytes).into_iter().filter(is_tried);
            all.extend(faults.map(|fault| (path.clone(), fault)));
        }
    }
    let outcomes = acta_storage::spawn_blocking(move || try_all(&original, &all)).await.unwrap();
    report(&outcomes);
    assert!(outcomes.len() > 10_000 / step);
}
