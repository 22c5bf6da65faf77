//! Followers of the statement log: listing, pausing and rebuilding them.

use acta_access::ServerPermission;
use acta_followers::Followers;
use acta_storage::directory::{self, FollowerControl, Recorded, Versioned};
use acta_storage::{Change, Committed, FollowerName, FollowerPosition};
use serde_json::json;

use crate::{Admin, AdminError, Requester};

/// A follower, as recorded in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowerState {
    /// Its name.
    pub name: FollowerName,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Records that it has not read yet, of all tenants together.
    pub lag: u64,
    /// Tenants with such records.
    pub tenants_behind_count: usize,
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
        for name in Followers::names() {
            all.push(self.follower_state(name).await?);
        }
        Ok(all)
    }

    async fn follower_state(&self, name: FollowerName) -> Result<FollowerState, AdminError> {
        let is_paused = FollowerControl::is_paused(&*self.storage, name).await?;
        let behind = self.storage.list_behind(name).await?;
        let lag = behind.iter().map(FollowerPosition::lag).sum();
        Ok(FollowerState { name, is_paused, lag, tenants_behind_count: behind.len() })
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
    /// it rebuilds everything. If it fails, repeat it.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_followers`]; [`AdminError::NotFound`].
    pub async fn rebuild_follower(
        &self,
        requester: &Requester,
        name: &str,
    ) -> Result<FollowerState, AdminError> {
        self.permit_on_server(requester, ServerPermission::ControlFollowers).await?;
        let name = known(name)?;
        let lag = self.follower_state(name).await?.lag;
        let detail = json!({ "lag": lag });
        // First the audit entry, so that nothing is dropped without a record.
        let entry = self.entry_with(requester, "follower.rebuilt", target_of(name), &detail);
        let change = Change { writes: Vec::new(), entries: vec![(None, entry)] };
        self.storage.commit(&change).await?;
        self.storage.reset_follower(name).await?;
        self.follower_state(name).await
    }
}

fn known(name: &str) -> Result<FollowerName, AdminError> {
    let found = Followers::names().into_iter().find(|known| known.as_str() == name);
    found.ok_or(AdminError::NotFound)
}
