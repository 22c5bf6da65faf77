//! The load generator behind every figure in the documentation: `cargo xtask bench`.
//!
//! Starts the release binary with a store of its own, loads it from the same machine, and
//! prints a table. `bare` is the baseline: a server that only appends what it receives to
//! a file and syncs.

mod baseline;
mod client;
mod engine;
mod facts;
mod machine;
mod measure;
mod proof;
mod report;
mod server;
mod statements;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures Acta on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
struct Options {
    /// Statements in the store when queries are measured first.
    #[arg(long, default_value_t = 1_000_000)]
    statements: u64,
    /// Statements in the store when queries are measured again; 0 leaves that out.
    #[arg(long, default_value_t = 0)]
    then: u64,
    /// Statements in a batch.
    #[arg(long, default_value_t = 500)]
    batch: usize,
    /// Seconds for each measurement that runs by time.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The binary to measure.
    #[arg(long, default_value = "target/release/acta")]
    binary: PathBuf,
    /// Measures the engine on PostgreSQL, on a server of its own with its usual settings.
    #[arg(long)]
    postgres: bool,
    /// Where to make the stores; a fresh folder in it is removed in the end.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Also write the table to this file.
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes facts of simulated statements, and asks questions about them.
    Facts(facts::FactOptions),
    /// Builds a Merkle tree, and makes and verifies proofs.
    Proof(proof::ProofOptions),
    /// Runs the baseline: a server that only appends and syncs.
    Baseline {
        /// Where to listen.
        #[arg(long)]
        listen: String,
        /// The file to append to.
        #[arg(long)]
        file: PathBuf,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Baseline { listen, file }) => baseline::serve(&listen, &file),
        Some(Command::Facts(options)) => facts::run(&options),
        Some(Command::Proof(options)) => proof::run(&options),
        None => measure::run(&arguments.options),
    }
}
