//! What all administration commands have in common: connect to the store, send requests, print the
//! result.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_access::TenantId;
use acta_config::Config;
use anyhow::{Result, bail};
use hyper::Method;
use serde_json::{Value, json};

use super::{Address, Admin, FactsNeeded, Refusal};
use crate::terminal::{print, say};
use crate::wire::{self, IfMissing, StoreArgs};

/// Arguments of every administration command.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    #[command(flatten)]
    place: StoreArgs,
    /// The server to ask over the network instead, such as `https://lrs.example.org`.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with_all = ["data", "storage"],
        requires = "credential_file",
        global = true
    )]
    url: Option<String>,
    /// A file with the credential for it: its key, a colon, and its secret.
    #[arg(long, value_name = "FILE", requires = "url", global = true)]
    credential_file: Option<PathBuf>,
    /// Print the response as JSON.
    #[arg(long, global = true)]
    json: bool,
}

impl Common {
    /// Whether the response is to be printed as JSON.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether the command asks a server over the network.
    pub(crate) fn is_remote(&self) -> bool {
        self.url.is_some()
    }

    /// The configuration that a command uses.
    ///
    /// # Errors
    ///
    /// When it is invalid.
    pub(crate) fn config(&self, file: Option<&Path>) -> Result<Config> {
        Ok(wire::load(file, self.place.flags())?.config)
    }
}

/// The tenant of a command.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct OfTenant {
    /// The id of the tenant; can be omitted if there is only one.
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<TenantId>,
}

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Output {
    /// The JSON output; null if it was already written.
    pub(crate) json: Value,
    /// The text output.
    pub(crate) lines: Vec<String>,
    /// Whether the command succeeded; if not, the exit code is 1.
    pub(crate) is_success: bool,
}

impl Output {
    /// A success.
    pub(crate) fn new(json: Value, lines: Vec<String>) -> Self {
        Self { json, lines, is_success: true }
    }

    /// A success without any data.
    pub(crate) fn done(line: impl Into<String>) -> Self {
        Self::new(json!({}), vec![line.into()])
    }
}

/// The client of one command.
pub(crate) struct Client {
    admin: Admin,
    /// The local configuration, which may differ from that of the server.
    pub(crate) config: Config,
}

impl Client {
    /// Runs a command and prints its result. The exit code is 1 when the API refuses, or the
    /// command did not succeed.
    ///
    /// # Errors
    ///
    /// When the store can neither be opened nor reached.
    pub(crate) fn run(
        file: Option<&Path>,
        common: &Common,
        work: impl AsyncFnOnce(&mut Self) -> Result<Output>,
    ) -> Result<ExitCode> {
        Self::run_with_facts(file, common, FactsNeeded::No, work)
    }

    /// As [`Client::run`], for a command that needs facts.
    ///
    /// # Errors
    ///
    /// As [`Client::run`]; and when facts cannot be made.
    pub(crate) fn run_with_facts(
        file: Option<&Path>,
        common: &Common,
        facts: FactsNeeded,
        work: impl AsyncFnOnce(&mut Self) -> Result<Output>,
    ) -> Result<ExitCode> {
        let config = common.config(file)?;
        let outcome = wire::block_on(async {
            let admin = match (&common.url, &common.credential_file) {
                (Some(url), Some(credential)) => Admin::reach_url(url, credential).await?,
                _ => Admin::reach(&config, IfMissing::Refuse, facts).await?,
            };
            let mut client = Self { admin, config };
            let outcome = work(&mut client).await;
            client.admin.close().await?;
            Ok(outcome)
        })?;
        let output = match outcome {
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(refusal) if refusal.is_final() => {
                    say(&format!("error: {error:#}"));
                    return Ok(ExitCode::from(1));
                }
                _ => return Err(error),
            },
            Ok(output) => output,
        };
        if common.json && !output.json.is_null() {
            print(&serde_json::to_string_pretty(&output.json)?)?;
        } else if !common.json {
            output.lines.iter().try_for_each(|line| print(line))?;
        }
        Ok(if output.is_success { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    /// Whether a server answers, and not this process.
    pub(crate) fn is_served(&self) -> bool {
        self.admin.is_served()
    }

    /// Sends a GET request.
    pub(crate) async fn get(&mut self, address: &Address) -> Result<Value> {
        self.admin.request(Method::GET, address.as_str(), None).await
    }

    /// Sends a POST request.
    pub(crate) async fn post(&mut self, address: &Address, body: Option<&Value>) -> Result<Value> {
        self.admin.request(Method::POST, address.as_str(), body).await
    }

    /// Sends a POST request with comma-separated values.
    pub(crate) async fn post_csv(&mut self, address: &Address, body: Vec<u8>) -> Result<Value> {
        self.admin.post_csv(address.as_str(), body.into()).await
    }

    /// Sends a PUT request.
    pub(crate) async fn put(&mut self, address: &Address, body: &Value) -> Result<Value> {
        self.admin.request(Method::PUT, address.as_str(), Some(body)).await
    }

    /// Sends a PATCH request.
    pub(crate) async fn patch(&mut self, address: &Address, body: &Value) -> Result<Value> {
        self.admin.request(Method::PATCH, address.as_str(), Some(body)).await
    }

    /// Sends a DELETE request.
    pub(crate) async fn delete(&mut self, address: &Address) -> Result<Value> {
        self.admin.request(Method::DELETE, address.as_str(), None).await
    }

    /// Sends a GET request and streams the response to `output`.
    pub(crate) async fn download(
        &mut self,
        address: &Address,
        output: &mut dyn std::io::Write,
    ) -> Result<()> {
        self.admin.download(address.as_str(), output).await
    }

    /// Waits until facts have every statement, if they are made in this process; returns whether
    /// they are.
    pub(crate) async fn wait_for_facts(&mut self) -> Result<bool> {
        self.admin.wait_for_facts().await
    }

    /// Reads a whole list page by page, or its first `most` items.
    pub(crate) async fn list(&mut self, address: &Address, most: usize) -> Result<Vec<Value>> {
        /// The largest page size.
        const PAGE_COUNT: usize = 200;

        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        while items.len() < most {
            let limit = (most - items.len()).min(PAGE_COUNT).to_string();
            let page = address.clone().with("limit", Some(&limit));
            let page = self.get(&page.with("cursor", cursor.as_deref())).await?;
            items.extend(page["items"].as_array().into_iter().flatten().cloned());
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(items)
    }

    /// The tenant of the argument, or the only one.
    pub(crate) async fn tenant(&mut self, named: OfTenant) -> Result<String> {
        if let Some(tenant) = named.tenant {
            return Ok(tenant.to_string());
        }
        let tenants = self.list(&Address::of(["tenants"]), 2).await?;
        match tenants.as_slice() {
            [only] => Ok(only["id"].to_string()),
            _ => bail!(
                "there are several tenants: select one with --tenant ID; `acta tenant list` shows \
                 them"
            ),
        }
    }

    /// The link to the page `page`. A response in process contains none: then the link is made from
    /// the configuration.
    pub(crate) fn link(&self, answer: &Value, page: &str) -> Option<String> {
        if let Some(link) = answer["link"].as_str() {
            return Some(link.to_owned());
        }
        let token = answer["token"].as_str()?;
        let base = wire::public_address(&self.config, &self.config.listen);
        let address = Address::of([page]).with("token", Some(token));
        Some(format!("{base}{}", address.as_str()))
    }
}

/// A list in the form of a single page of the API.
pub(crate) fn whole(items: &[Value]) -> Value {
    json!({ "items": items, "next": null })
}
