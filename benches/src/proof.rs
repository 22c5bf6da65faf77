//! Proofs: how fast entries are made, trees built and checked, and proofs made and verified.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;

use acta_ambient::{Clock, SystemClock};
use acta_merkle::{
    Entry, Hash, LeafPlace, Tile, TileId, TileReader, TileSet, Tree, prove_inclusions,
};
use anyhow::{Result, ensure};

use crate::machine;

/// Leaves that are appended at a time, as a follower does.
const BATCH: u64 = 2_000;

/// Length of a statement, in bytes.
const STATEMENT_BYTES: usize = 1_300;

/// What to measure of proofs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ProofOptions {
    /// How many leaves the tree has.
    #[arg(long, default_value_t = 2_000_000)]
    leaves: u64,
    /// How many proofs are made.
    #[arg(long, default_value_t = 10_000)]
    proofs: u64,
}

/// The tiles of a tree, in memory.
#[derive(Default)]
struct Tiles(HashMap<TileId, Vec<u8>>);

impl Tiles {
    fn add(&mut self, tiles: &[Tile]) {
        self.0.extend(tiles.iter().map(|tile| (tile.id, tile.to_bytes())));
    }
}

impl TileReader for Tiles {
    type Error = Infallible;

    fn read_tiles(&self, ids: &[TileId]) -> Result<TileSet, Infallible> {
        let mut set = TileSet::default();
        for (id, bytes) in ids.iter().filter_map(|id| Some((*id, self.0.get(id)?))) {
            // A tile that is not added is reported as missing.
            let _ = set.insert(id, bytes);
        }
        Ok(set)
    }
}

/// Builds a tree, proves leaves, and prints a table.
pub(crate) fn run(options: &ProofOptions) -> Result<()> {
    ensure!(options.leaves > 0 && options.proofs > 0, "there is nothing to measure");
    let mut report = format!("{}\n", machine::describe());
    measure_entries(options, &mut report)?;
    let (tiles, tree) = build(options, &mut report)?;
    measure_proofs(options, &tiles, &tree, &mut report)?;
    print(&report);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is the result")]
fn print(text: &str) {
    println!("{text}");
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn rate(count: u64, clock: &SystemClock) -> f64 {
    count as f64 / clock.elapsed().as_secs_f64()
}

/// What the follower and `verify` do with each statement: its commitment, and its leaf.
fn measure_entries(options: &ProofOptions, report: &mut String) -> Result<()> {
    let mut preimage = vec![b'a'; STATEMENT_BYTES];
    let count = options.leaves.min(500_000);
    let clock = SystemClock::new();
    let mut last = Hash::EMPTY;
    for index in 0..count {
        preimage[..8].copy_from_slice(&index.to_be_bytes());
        last = Entry::of_preimage(&preimage, &[7; 16]).hash();
    }
    ensure!(last != Hash::EMPTY);
    writeln!(report, "entries made     {:>12.0} statements/s", rate(count, &clock))?;
    Ok(())
}

fn leaf(index: u64) -> Hash {
    let mut commitment = [0; 32];
    commitment[..8].copy_from_slice(&index.to_be_bytes());
    Entry::of_commitment(&commitment).hash()
}

/// The leaves, the tiles and the root.
fn build(options: &ProofOptions, report: &mut String) -> Result<(Tiles, Tree)> {
    let (mut tiles, mut tree) = (Tiles::default(), Tree::new());
    let clock = SystemClock::new();
    while tree.size() < options.leaves {
        let end = options.leaves.min(tree.size() + BATCH);
        let leaves: Vec<Hash> = (tree.size()..end).map(leaf).collect();
        tiles.add(&tree.append(&leaves));
    }
    writeln!(report, "tree built       {:>12.0} leaves/s", rate(options.leaves, &clock))?;
    Ok((tiles, tree))
}

fn measure_proofs(
    options: &ProofOptions,
    tiles: &Tiles,
    tree: &Tree,
    report: &mut String,
) -> Result<()> {
    let places = (0..options.proofs).map(|number| {
        // Far apart, so that each needs other tiles.
        let index = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % options.leaves;
        LeafPlace { index, size: options.leaves }
    });
    let clock = SystemClock::new();
    let mut proofs = Vec::new();
    for place in places {
        proofs.extend(prove_inclusions(tiles, &[place])?);
    }
    writeln!(report, "proofs made      {:>12.0} a second", rate(options.proofs, &clock))?;
    let (head, clock) = (tree.head(), SystemClock::new());
    for proof in &proofs {
        proof.verify(&leaf(proof.index), &head)?;
    }
    writeln!(report, "proofs verified  {:>12.0} a second", rate(options.proofs, &clock))?;
    Ok(())
}
