//! `acta statement void`: voids a statement.

use anyhow::Result;
use serde_json::json;

use crate::admin::{Address, Client, OfTenant, Output};

/// Arguments of `acta statement void`.
#[derive(Debug, clap::Args)]
pub(super) struct Void {
    /// The id of the statement.
    #[arg(value_name = "ID")]
    statement: String,
    #[command(flatten)]
    of: OfTenant,
    /// Why: everybody who reads statements can read it. From 1 to 500 characters.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Void {
    /// Voids it.
    ///
    /// # Errors
    ///
    /// When the request fails or is refused.
    pub(super) async fn run(&self, client: &mut Client) -> Result<Output> {
        let tenant = client.tenant(self.of).await?;
        let address = Address::of(["tenants", &tenant, "statements", &self.statement, "void"]);
        let json = client.post(&address, Some(&json!({ "reason": self.reason }))).await?;
        let voiding = json["id"].as_str().unwrap_or_default();
        let lines = vec![format!("voided by the statement {voiding}")];
        Ok(Output { json, lines, is_success: true })
    }
}
