//! The server that is measured.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use acta_ambient::Clock;
use anyhow::{Context, Result, bail};

use crate::client::{Client, request};
use crate::engine::Engine;

/// `Basic bench:bench-secret`.
pub(crate) const AUTHORIZATION: &str = "Basic YmVuY2g6YmVuY2gtc2VjcmV0";

/// A child process that listens; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

impl Server {
    /// Starts Acta on a store.
    pub(crate) fn acta(binary: &Path, engine: &Engine) -> Result<Self> {
        let address = free_address()?;
        let (arguments, variables) = engine.arguments();
        let child = Command::new(binary)
            .args(["serve", "--listen", &address, "--default-version", "1.0.3"])
            .args(arguments)
            .envs(variables)
            .env("ACTA_SEED_KEY", "bench")
            .env("ACTA_SEED_SECRET", "bench-secret")
            .env("ACTA_LOG_LEVEL", "warn")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Self { child, address })
    }

    /// Starts the baseline.
    pub(crate) fn baseline(file: &Path) -> Result<Self> {
        let address = free_address()?;
        let child = Command::new(std::env::current_exe()?)
            .args(["baseline", "--listen", &address, "--file"])
            .arg(file)
            .spawn()
            .context("cannot start the baseline")?;
        Ok(Self { child, address })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `path` answers 200. Returns how long that took.
    pub(crate) async fn wait_until_ready(&self, path: &str, clock: &dyn Clock) -> Result<Duration> {
        let started = clock.elapsed();
        let asked = request(&format!("GET {path}"), &self.address, AUTHORIZATION, None);
        while clock.elapsed().saturating_sub(started) < Duration::from_mins(2) {
            if let Ok(mut client) = Client::connect(&self.address).await
                && let Ok(answer) = client.send(&asked).await
                && answer.status == 200
            {
                return Ok(clock.elapsed().saturating_sub(started));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        bail!("the server is not ready after two minutes")
    }

    /// Ends the server as a loss of power would.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
