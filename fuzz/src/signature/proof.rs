//! Proofs: notes, checkpoints, tiles, proof files, and what logs and witnesses say to each other.
//!
//! Each text has one value and each value one text: what parses prints as exactly what it was.

use std::fmt::Display;

use acta_merkle::{
    AddCheckpoint, Answer, Checkpoint, ConsistencyProof, Growth, Hash, InclusionProof, KeyName,
    LeafPlace, Note, Plan, ProofFile, SIZE_MAX, SignedCheckpoint, Signer, TileId, TilePath,
    TileSet, TreeHead, Trust, VerifierKey, WitnessedLog, decode_bundle, judge,
};

use crate::input::split_choice;
use crate::memory::bounded;

/// The key that verifies the examples of the specification; no input has its private half.
const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

/// What the first byte chooses from.
const CHECKS: [fn(&[u8]); 8] = [
    check_note,
    check_checkpoint,
    check_path,
    check_file,
    check_request,
    check_key,
    check_bundle,
    check_hashes,
];

/// One text, or tiles and hashes of a proof.
pub fn proof(input: &[u8]) {
    let (choice, rest) = split_choice(input);
    let check = CHECKS[usize::from(choice) % CHECKS.len()];
    bounded(rest.len(), || check(rest));
}

#[track_caller]
fn check_text(value: &impl Display, bytes: &[u8]) {
    assert_eq!(value.to_string().as_bytes(), bytes);
}

fn key() -> VerifierKey {
    KEY.parse().expect("it is one of the specification")
}

fn check_note(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    check_text(&note, bytes);
    assert!((1..=Note::SIGNATURES_MAX).contains(&note.signatures().len()));
    let is_example = note.text() == "This is an example message.\n";
    assert!(is_example || note.verify(&[key()]).is_err(), "nobody can sign by this key");
}

fn check_checkpoint(bytes: &[u8]) {
    if let Ok(signed) = SignedCheckpoint::parse(bytes) {
        check_text(&signed, bytes);
        let origin = &signed.unverified().origin;
        let log_keys = [key()];
        let trust = Trust { origin, log_keys: &log_keys, witness_keys: &[], witness_count: 0 };
        assert!(signed.verify(&trust).is_err(), "nobody can sign by this key");
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(checkpoint) = text.parse::<Checkpoint>() else { return };
    check_text(&checkpoint, bytes);
    let signer = Signer::from_seed("a".parse().expect("it is a name"), &[1; 32]);
    if let Ok(signed) = SignedCheckpoint::sign(&checkpoint, &signer) {
        let keys = [signer.verifier_key().clone()];
        let origin = &checkpoint.origin;
        let trust = Trust { origin, log_keys: &keys, witness_keys: &[], witness_count: 0 };
        assert!(signed.verify(&trust).is_ok());
        assert_eq!(SignedCheckpoint::parse(signed.to_string().as_bytes()), Ok(signed));
    }
}

fn check_path(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(path) = text.parse::<TilePath>() {
        check_text(&path, bytes);
    }
}

fn check_file(bytes: &[u8]) {
    let Ok(file) = ProofFile::parse(bytes) else { return };
    check_text(&file, bytes);
    check_proof(&file.proof, file.checkpoint.unverified().head);
}

fn check_request(bytes: &[u8]) {
    for status in [200, 409] {
        if let Ok(answer) = Answer::parse(status, bytes) {
            assert_eq!((answer.status(), answer.body().as_bytes()), (status, bytes));
        }
    }
    let Ok(request) = AddCheckpoint::parse(bytes) else { return };
    check_text(&request, bytes);
    let head = request.checkpoint.unverified().head;
    let latest = TreeHead { size: request.old_size, root: head.root };
    let log = WitnessedLog { keys: &[key()], latest };
    assert!(judge(&request, Some(&log)).is_err(), "nobody can sign by this key");
    let growth = Growth { older: latest, newer: head };
    let is_same = latest == head && request.proof.path.is_empty();
    let is_from_nothing = request.old_size == 0;
    assert!(is_same || is_from_nothing || request.proof.verify(&growth).is_err());
}

fn check_key(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        check_text(&key, bytes);
    }
    if let Ok(name) = text.parse::<KeyName>() {
        let signer = Signer::from_seed(name, &[1; 32]);
        let note = Note::sign("text\n", &signer).expect("it is a text");
        assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note));
        assert_eq!(signer.verifier_key().to_string().parse().as_ref(), Ok(signer.verifier_key()));
    }
    if let Ok(hash) = text.parse::<Hash>() {
        check_text(&hash, bytes);
    }
}

fn check_bundle(bytes: &[u8]) {
    for width in [1, 2, 256] {
        let Ok(entries) = decode_bundle(bytes, width) else { continue };
        assert_eq!(entries.len(), usize::from(width));
        let whole: usize = entries.iter().map(|entry| 2 + entry.len()).sum();
        assert_eq!(whole, bytes.len());
    }
}

/// A number of a tree, and hashes: of a proof, and of a tile.
fn check_hashes(bytes: &[u8]) {
    let Some((numbers, rest)) = bytes.split_first_chunk::<16>() else { return };
    let [index, size] = [0, 8].map(|at| {
        let number: [u8; 8] = std::array::from_fn(|byte| numbers[at + byte]);
        u64::from_le_bytes(number)
    });
    let (hashes, _) = rest.as_chunks::<32>();
    let path: Vec<Hash> = hashes.iter().copied().map(Hash::from_bytes).collect();
    let root = path.first().copied().unwrap_or(Hash::EMPTY);
    check_proof(&InclusionProof { index, path: path.clone() }, TreeHead { size, root });
    let [older, newer] = [index, size].map(|size| TreeHead { size, root });
    let is_proved = ConsistencyProof { path }.verify(&Growth { older, newer }).is_ok();
    let sizes = Growth { older: index, newer: size };
    let plan = Plan::consistency(sizes);
    assert_eq!(plan.is_ok(), index <= size && size <= SIZE_MAX);
    assert!(plan.is_ok() || !is_proved);
    for plan in plan.into_iter().chain(Plan::inclusion(LeafPlace { index, size })) {
        let mut tiles = TileSet::default();
        let missing: Vec<TileId> = plan.tiles().collect();
        assert!(missing.len() <= 64);
        assert_eq!(plan.hashes(&tiles).is_err(), !missing.is_empty());
        if let Some(first) = missing.first() {
            let is_long = (usize::from(first.width())..=256).contains(&hashes.len());
            assert_eq!(tiles.insert(*first, hashes.as_flattened()).is_ok(), is_long);
        }
    }
}

/// Whether or not it is right, a proof of another leaf or another root is wrong.
fn check_proof(proof: &InclusionProof, head: TreeHead) {
    let leaf = Hash::of_leaf(b"");
    let other = TreeHead { root: Hash::of_children([&head.root, &head.root]), ..head };
    if proof.verify(&leaf, &head).is_ok() {
        assert!(proof.verify(&leaf, &other).is_err());
        assert!(proof.verify(&Hash::of_leaf(b"a"), &head).is_err());
    }
}
