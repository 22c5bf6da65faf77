//! A soak: random hostile requests of one tenant beside the work of another, for hours.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::ci::{self, Timer};
use crate::servers::postgres::run_with_server;
use crate::shell::{root, say};

/// Minutes when none are named.
const MINUTES: u64 = 60;

/// Seconds of an attack: each has a seed and a store of its own, so that no disk fills.
const ATTACK_SECONDS: u64 = 60;

/// Attacks until the time is over, with another seed each time.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (mut minutes, mut seed) = (MINUTES, None);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let number = rest.next().and_then(|number| number.parse().ok());
        let number = number.with_context(|| format!("{argument} needs a number"))?;
        match argument.as_str() {
            "--minutes" => minutes = number,
            "--seed" => seed = Some(number),
            _ => bail!("{argument}: only --minutes and --seed are known"),
        }
    }
    // Another one for each soak.
    let mut seed = seed.unwrap_or_else(|| u64::from(std::process::id()) << 16);
    ci::release_build()?;
    let (started, length) = (Timer::start(), Duration::from_secs(60 * minutes));
    loop {
        say(&format!("seed {seed}, {} of {minutes} minutes", started.elapsed().as_secs() / 60));
        let mut command = ci::nextest();
        command.args(["--no-capture", "-E", "test(does_its_worst_at_random)"]);
        command.env("TEST_ATTACK_SEED", seed.to_string());
        command.env("TEST_ATTACK_SECONDS", ATTACK_SECONDS.to_string());
        command.env("TEST_ACTA_BINARY", root().join("target/release/acta"));
        run_with_server(&mut command)?;
        seed = seed.wrapping_add(1);
        if length <= started.elapsed() {
            return Ok(());
        }
    }
}
