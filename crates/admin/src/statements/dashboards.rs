//! Dashboards: tiles with saved questions, which are saved as questions are.
//!
//! They are saved and changed by [`Admin::save_question`] and [`Admin::change_question`]: the draft
//! says that it is a dashboard.

use acta_access::TenantId;
use acta_storage::directory::{QuestionId, SavedQuestion, Versioned};

use super::questions::Saved;
use crate::{Admin, AdminError, Requester};

impl Admin {
    /// Up to `count_max` of the dashboards of a tenant that the requester sees, by id, after
    /// `after`: the shared ones and its own. Their tiles are left out.
    ///
    /// # Errors
    ///
    /// As [`Admin::list_questions`].
    pub async fn list_dashboards(
        &self,
        requester: &Requester,
        tenant: TenantId,
        after: Option<QuestionId>,
        count_max: usize,
    ) -> Result<Vec<SavedQuestion>, AdminError> {
        self.list_saved(requester, tenant, Saved::Dashboard, (after, count_max)).await
    }

    /// A dashboard of a tenant.
    ///
    /// # Errors
    ///
    /// As [`Admin::read_question`].
    pub async fn read_dashboard(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: QuestionId,
    ) -> Result<Versioned<SavedQuestion>, AdminError> {
        self.read_saved(requester, (tenant, id), Saved::Dashboard).await
    }

    /// The dashboard, if the requester may change it, and if it has one of the versions `expected`
    /// where any are given.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_question`].
    pub async fn permit_changing_dashboard(
        &self,
        requester: &Requester,
        of: (TenantId, QuestionId),
        expected: Option<&[u64]>,
    ) -> Result<Versioned<SavedQuestion>, AdminError> {
        self.own_version(requester, (of, Saved::Dashboard), expected).await
    }

    /// Removes a dashboard. Who may ask questions may remove its own.
    ///
    /// # Errors
    ///
    /// As [`Admin::change_question`].
    pub async fn remove_dashboard(
        &self,
        requester: &Requester,
        tenant: TenantId,
        id: QuestionId,
    ) -> Result<(), AdminError> {
        self.remove_saved(requester, (tenant, id), Saved::Dashboard).await
    }
}
