//! Followers of the statement log: listing, pausing and rebuilding them.

use std::sync::Arc;

use acta_access::ServerPermission;
use acta_followers::{Followers, NodePositions};
use acta_storage::directory::{self, FollowerControl, ProofLog, Recorded, Versioned};
use acta_storage::{Change, Committed, FollowerName, FollowerPosition, Group};
use serde_json::json;

use crate::{Admin, AdminError, Requester};

/// A follower, as recorded in the store, or on this node if every node runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowerState {
    /// Its name.
    pub name: FollowerName,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Records that it has not read yet, of all tenants together; none if its positions are on
    /// nodes and not on this one.
    pub lag: Option<u64>,
    /// Tenants with such records; none as `lag` is.
    pub tenants_behind_count: Option<usize>,
    /// Why it fails in this process, if it does.
    pub error: Option<String>,
}

fn target_of(follower: FollowerName) -> String {
    format!("follower:{follower}")
}

impl Admin {
    /// Lists all followers by name, with their progress.
    ///
    /// # Errors
    ///
    /// [`AdminError::Forbidden`], [`AdminError::Service`].
    pub async fn list_followers(
        &self,
        requester: &Requester,
    ) -> Result<Vec<FollowerState>, AdminError> {
        self.permit_on_server(requester, ServerPermission::ReadFollowers).await?;
        let mut all = Vec::new();
        for name in Followers::NAMES {
            all.push(self.follower_state(name).await?);
        }
        Ok(all)
    }

    async fn follower_state(&self, name: FollowerName) -> Result<FollowerState, AdminError> {
        let is_paused = FollowerControl::is_paused(&*self.storage, name).await?;
        let running = self.followers.statuses().into_iter().find(|it| it.name == name);
        let is_running = running.is_some();
        let error = running.and_then(|it| it.error);
        let node = self.node_follower(name);
        let is_in_store = match name {
            FollowerName::ENTITIES => true,
            // Only servers with `proof.enabled` have a use for it.
            FollowerName::PROOF => is_running,
            _ => false,
        };
        if node.is_none() && !is_in_store {
            let (lag, tenants_behind_count) = (None, None);
            return Ok(FollowerState { name, is_paused, lag, tenants_behind_count, error });
        }
        let mut behind = self.storage.list_behind(name).await?;
        if let Some(node) = node {
            for position in &mut behind {
                position.sequence = node.reached(position.tenant);
            }
            behind.retain(|position| 0 < position.lag());
        }
        if name == FollowerName::PROOF {
            let logs = directory::list::<ProofLog>(&*self.storage, &Group::Every).await?;
            for position in &mut behind {
                let log = logs.iter().find(|log| log.value.tenant == position.tenant);
                position.sequence = log.map_or(0, |log| log.value.size);
            }
            behind.retain(|position| 0 < position.lag());
        }
        let lag = behind.iter().map(FollowerPosition::lag).sum();
        let (lag, tenants_behind_count) = (Some(lag), Some(behind.len()));
        Ok(FollowerState { name, is_paused, lag, tenants_behind_count, error })
    }

    fn node_follower(&self, name: FollowerName) -> Option<&Arc<dyn NodePositions>> {
        self.node_followers.iter().find(|follower| follower.name() == name)
    }

    /// Pauses or resumes a follower on all nodes, within about a second.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_followers`]; [`AdminError::NotFound`], [`AdminError::Stale`].
    pub async fn pause_follower(
        &self,
        requester: &Requester,
        name: &str,
        is_paused: bool,
    ) -> Result<FollowerState, AdminError> {
        self.permit_on_server(requester, ServerPermission::ControlFollowers).await?;
        let name = known(name)?;
        for _ in 0..Self::TRIES {
            let found: Option<Versioned<FollowerControl>> =
                directory::find(&*self.storage, name.as_str()).await?;
            if found.as_ref().is_some_and(|found| found.value.is_paused) == is_paused {
                return self.follower_state(name).await;
            }
            let control = FollowerControl { name: name.as_str().to_owned(), is_paused };
            let write = found.map_or_else(|| control.create(), |found| found.write(&control));
            let act = if is_paused { "follower.paused" } else { "follower.resumed" };
            let entries = vec![(None, self.entry(requester, act, target_of(name)))];
            let change = Change { writes: vec![write], entries };
            if self.storage.commit(&change).await? == Committed::Done {
                return self.follower_state(name).await;
            }
        }
        Err(AdminError::Stale)
    }

    /// Resets a follower to the beginning of the log of every tenant, and drops its derived data:
    /// it rebuilds everything, on this node if every node runs it. If it fails, repeat it.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_followers`]; [`AdminError::NotFound`]; [`AdminError::Conflict`] if its
    /// data is on nodes and not on this one, or is never dropped.
    pub async fn rebuild_follower(
        &self,
        requester: &Requester,
        name: &str,
    ) -> Result<FollowerState, AdminError> {
        self.permit_on_server(requester, ServerPermission::ControlFollowers).await?;
        let name = known(name)?;
        if name == FollowerName::PROOF {
            return Err(AdminError::Conflict(
                "tiles that are missing or damaged are made again without being asked for",
            ));
        }
        let Some(lag) = self.follower_state(name).await?.lag else {
            return Err(AdminError::Conflict(
                "its data is on each server that runs it: ask that server to rebuild it",
            ));
        };
        let detail = json!({ "lag": lag });
        // First the audit entry, so that nothing is dropped without a record.
        let entry = self.entry_with(requester, "follower.rebuilt", target_of(name), &detail);
        let change = Change { writes: Vec::new(), entries: vec![(None, entry)] };
        self.storage.commit(&change).await?;
        match self.node_follower(name) {
            Some(node) => node.rebuild()?,
            None => self.storage.reset_follower(name).await?,
        }
        self.follower_state(name).await
    }
}

fn known(name: &str) -> Result<FollowerName, AdminError> {
    let found = Followers::NAMES.into_iter().find(|known| known.as_str() == name);
    found.ok_or(AdminError::NotFound)
}
