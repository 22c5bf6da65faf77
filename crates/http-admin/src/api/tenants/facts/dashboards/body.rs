//! What a dashboard is to be, as it is sent.

use acta_access::TenantId;
use acta_admin::{AdminError, QuestionDraft, Requester};
use acta_http::problem::{FaultView, Problem};
use acta_storage::directory::{QuestionKind, SavedQuestion};
use serde::Deserialize;
use utoipa::ToSchema;

use super::kpi::unfit;
use super::tile::{TILES_MAX, Tile, Tiles};
use crate::problem::AdminProblem;
use crate::state::Shared;

/// A dashboard to be saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDashboard)]
pub(crate) struct DashboardBody {
    /// The name. Not blank, without control characters and blanks at the ends, and different from
    /// those of the other shared dashboards, or of the others of the owner if it is not shared.
    #[schema(min_length = 1, max_length = 200, example = "Onboarding")]
    name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 2000)]
    description: String,
    /// Whether all who may ask questions about the tenant see it; otherwise its owner alone. Only
    /// people have dashboards that are not shared.
    #[serde(default)]
    shared: bool,
    /// What it shows, in this order.
    #[schema(max_items = 24)]
    tiles: Vec<Tile>,
}

impl DashboardBody {
    /// The same with the tiles as JSON. Tiles of `before` may stay; of the others, the requester
    /// must see the question, and a KPI needs one that can give a number.
    ///
    /// # Errors
    ///
    /// 400 with the places of all faults, and those of reading a saved question.
    pub(super) async fn into_draft(
        self,
        shared: &Shared,
        (requester, tenant): (&Requester, TenantId),
        before: &[Tile],
    ) -> Result<QuestionDraft, AdminProblem> {
        let Self { name, description, shared: is_shared, mut tiles } = self;
        if TILES_MAX < tiles.len() {
            let text = format!("expected at most {TILES_MAX} tiles");
            return Err(Problem::faulty(vec![FaultView::at("/tiles", &text, "")]).into());
        }
        let mut faults = Vec::new();
        for (index, tile) in tiles.iter_mut().enumerate() {
            let place = format!("/tiles/{index}");
            faults.extend(tile.faults(&place));
            if before.contains(tile) {
                continue;
            }
            let question = seen(shared, (requester, tenant), tile).await?;
            faults.extend(fault_of(tile, question.as_ref(), &place));
            if let Some(question) = question {
                // In the form in which ids are always written.
                tile.question = question.id.to_string();
            }
        }
        if !faults.is_empty() {
            return Err(Problem::faulty(faults).into());
        }
        // Texts and numbers cannot fail to be written.
        let question = serde_json::to_string(&Tiles { tiles }).unwrap_or_default();
        let kind = QuestionKind::Dashboard;
        Ok(QuestionDraft { name, description, is_shared, kind, question })
    }
}

/// The question of a tile, if there is one that the requester sees.
///
/// # Errors
///
/// Those of reading a saved question.
pub(super) async fn seen(
    shared: &Shared,
    (requester, tenant): (&Requester, TenantId),
    tile: &Tile,
) -> Result<Option<SavedQuestion>, AdminError> {
    let Some(id) = tile.question_id() else { return Ok(None) };
    match shared.admin.read_question(requester, tenant, id).await {
        Ok(found) => Ok(Some(found.value)),
        Err(AdminError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is wrong with the question of a tile.
fn fault_of(tile: &Tile, question: Option<&SavedQuestion>, place: &str) -> Option<FaultView> {
    let at = format!("{place}/question");
    let Some(question) = question else {
        let text = "expected the id of a saved question that you see";
        return Some(FaultView::at(&at, text, &tile.question));
    };
    let text = unfit(tile.kpi.as_ref()?, question)?;
    Some(FaultView::at(&at, text, &tile.question))
}
