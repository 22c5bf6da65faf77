//! What all commands of an administrator have in common: they reach the store, ask, and tell.

use std::path::Path;
use std::process::ExitCode;

use acta_access::TenantId;
use acta_config::Config;
use anyhow::{Result, bail};
use hyper::Method;
use serde_json::{Value, json};

use super::{Address, Admin, Refusal};
use crate::terminal::{print, say};
use crate::wire::{self, IfMissing, StoreArgs};

/// Arguments of every command of an administrator.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    #[command(flatten)]
    place: StoreArgs,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// The tenant that a command is about.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct OfTenant {
    /// The number of the tenant; the only one if there is but one.
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<TenantId>,
}

/// What a command tells in the end.
#[derive(Debug)]
pub(crate) struct Told {
    /// For programs; null if they have it already.
    pub(crate) json: Value,
    /// For people.
    pub(crate) lines: Vec<String>,
    /// Whether it is what one hopes for; the exit code is 1 otherwise.
    pub(crate) is_good: bool,
}

impl Told {
    /// Good news.
    pub(crate) fn new(json: Value, lines: Vec<String>) -> Self {
        Self { json, lines, is_good: true }
    }

    /// That something was done, of which there is nothing to show.
    pub(crate) fn done(line: impl Into<String>) -> Self {
        Self::new(json!({}), vec![line.into()])
    }
}

/// A store that is asked for a command.
pub(crate) struct Client {
    admin: Admin,
    /// What is set here, which a server may have been told otherwise.
    pub(crate) config: Config,
}

impl Client {
    /// Does the work of a command and tells its outcome. The exit code is 1 when the API
    /// refuses, or the outcome is bad.
    ///
    /// # Errors
    ///
    /// When the store can neither be opened nor asked.
    pub(crate) fn run(
        file: Option<&Path>,
        common: &Common,
        work: impl AsyncFnOnce(&mut Self) -> Result<Told>,
    ) -> Result<ExitCode> {
        let config = wire::load(file, common.place.flags())?.config;
        let outcome = wire::block_on(async {
            let admin = Admin::reach(&config, IfMissing::Refuse).await?;
            let mut client = Self { admin, config };
            let outcome = work(&mut client).await;
            client.admin.close().await?;
            Ok(outcome)
        })?;
        let told = match outcome {
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(refusal) if refusal.is_final() => {
                    say(&format!("error: {error:#}"));
                    return Ok(ExitCode::from(1));
                }
                _ => return Err(error),
            },
            Ok(told) => told,
        };
        if common.json && !told.json.is_null() {
            print(&serde_json::to_string_pretty(&told.json)?)?;
        } else if !common.json {
            told.lines.iter().try_for_each(|line| print(line))?;
        }
        Ok(if told.is_good { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    /// Asks for what is there.
    pub(crate) async fn get(&mut self, address: &Address) -> Result<Value> {
        self.admin.request(Method::GET, address.as_str(), None).await
    }

    /// Makes something, or does it.
    pub(crate) async fn post(&mut self, address: &Address, body: Option<&Value>) -> Result<Value> {
        self.admin.request(Method::POST, address.as_str(), body).await
    }

    /// Changes what is there.
    pub(crate) async fn patch(&mut self, address: &Address, body: &Value) -> Result<Value> {
        self.admin.request(Method::PATCH, address.as_str(), Some(body)).await
    }

    /// Removes what is there.
    pub(crate) async fn delete(&mut self, address: &Address) -> Result<Value> {
        self.admin.request(Method::DELETE, address.as_str(), None).await
    }

    /// Writes what is there to `output`, of whatever length it is.
    pub(crate) async fn download(
        &mut self,
        address: &Address,
        output: &mut dyn std::io::Write,
    ) -> Result<()> {
        self.admin.download(address.as_str(), output).await
    }

    /// A whole list, page after page, or its first `most` items.
    pub(crate) async fn list(&mut self, address: &Address, most: usize) -> Result<Vec<Value>> {
        /// Most items that a page can have.
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

    /// The tenant that was named, or else the only one.
    pub(crate) async fn tenant(&mut self, named: OfTenant) -> Result<String> {
        if let Some(tenant) = named.tenant {
            return Ok(tenant.to_string());
        }
        let tenants = self.list(&Address::of(["tenants"]), 2).await?;
        match tenants.as_slice() {
            [only] => Ok(only["id"].to_string()),
            _ => bail!(
                "there are several tenants: name one with --tenant ID; `acta tenant list` shows \
                 them"
            ),
        }
    }

    /// The link that was made for somebody, to the page `page`. A store that is not served has
    /// none: it is what the next server here will answer to.
    pub(crate) fn link(&self, answer: &Value, page: &str) -> Option<String> {
        if let Some(link) = answer["link"].as_str() {
            return Some(link.to_owned());
        }
        let token = answer["token"].as_str()?;
        let base = wire::public_address(&self.config, self.config.listen);
        let address = Address::of([page]).with("token", Some(token));
        Some(format!("{base}{}", address.as_str()))
    }
}

/// A list as the API would answer it on one page.
pub(crate) fn whole(items: &[Value]) -> Value {
    json!({ "items": items, "next": null })
}
