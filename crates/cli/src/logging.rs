//! Where log lines go and how they look.

use std::io::IsTerminal;

use acta_config::{Log, LogFormat};
use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// Sends log lines to standard error from now on.
///
/// # Errors
///
/// When the filter cannot be read.
pub(crate) fn start(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.level)
        .with_context(|| format!("log.level = {:?} is no filter", log.level))?;
    let is_terminal = std::io::stderr().is_terminal();
    let is_text = match log.format {
        LogFormat::Auto => is_terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(std::io::stderr);
    if is_text {
        registry.with(layer.with_target(false).with_ansi(is_terminal)).init();
    } else {
        registry.with(layer.json().flatten_event(true)).init();
    }
    Ok(())
}
