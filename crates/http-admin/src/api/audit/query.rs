//! Parameters that select audit entries.

use acta_ambient::Timestamp;
use acta_http::edge::{FromParams, Params};
use acta_http::problem::Problem;
use acta_storage::{AuditOutcome, AuditQuery, ChainHead, Order, Who};
use acta_xapi::Rule;
use utoipa::IntoParams;

use crate::api::paging::PageParams;
use crate::api::values::{take, take_timestamp};

/// Filters of a list of audit entries.
#[derive(Clone, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntryFilter {
    /// Only entries at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Only entries before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Only entries of this actor: `operator`, `server`, `anonymous`, or `account:`, `credential:`,
    /// `token:` or `bearer:` and an id.
    #[param(value_type = Option<String>, example = "operator",
        pattern = r"^(operator|server|anonymous|(credential|token|bearer):[ -~]{1,200}|account:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$")]
    who: Option<Who>,
    /// Only entries of this act. A value that ends with a dot selects every act with this prefix.
    #[param(value_type = Option<String>, example = "credential.", pattern = "^[ -~]{1,200}$")]
    act: Option<String>,
    /// Only entries about this object.
    #[param(value_type = Option<String>, example = "tenant:1", pattern = "^[ -~]{1,1000}$")]
    target: Option<String>,
    /// Only entries with this outcome.
    #[param(value_type = Option<String>, pattern = "^(done|refused)$")]
    outcome: Option<AuditOutcome>,
}

impl FromParams for EntryFilter {
    fn from_params(params: &mut Params) -> Option<Self> {
        let message = "expected operator, server, anonymous, or account:, credential:, token: or \
                       bearer: and an id";
        let who = text(params, "who")
            .and_then(|text| params.read("who", &text, message, |text| text.parse().ok()));
        let outcome = params.text("outcome").and_then(|text| {
            params.read("outcome", &text, "expected done or refused", AuditOutcome::of_name)
        });
        Some(Self {
            since: take_timestamp(params, "since"),
            until: take_timestamp(params, "until"),
            who,
            act: text(params, "act"),
            target: text(params, "target"),
            outcome,
        })
    }
}

/// Parses a text that storage can compare with stored values.
fn text(params: &mut Params, name: &str) -> Option<String> {
    let text = params.text(name)?;
    let message = "expected a text without control characters";
    params.read(name, &text, message, |text| {
        let is_text = !text.is_empty() && !text.contains(char::is_control);
        is_text.then(|| text.to_owned())
    })
}

impl EntryFilter {
    /// The query for one page of these entries, after the entry with the sequence `after`.
    pub(super) fn query(&self, order: Order, after: Option<u64>, count_max: usize) -> AuditQuery {
        AuditQuery {
            since: self.since,
            until: self.until,
            who: self.who.clone(),
            act: self.act.clone(),
            target: self.target.clone(),
            outcome: self.outcome,
            order,
            after,
            count_max,
        }
    }
}

/// Filters, order and page of a list of audit entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListParams {
    pub(super) filter: EntryFilter,
    pub(super) order: Order,
    pub(super) page: PageParams,
}

/// The order of audit entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderParam {
    /// The order: newest first, or oldest first.
    #[param(value_type = Option<String>, pattern = "^(ascending|descending)$",
        default = "descending")]
    order: Order,
}

impl FromParams for ListParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let filter = EntryFilter::from_params(params);
        let order = match params.text("order").as_deref() {
            None | Some("descending") => Some(Order::Descending),
            Some("ascending") => Some(Order::Ascending),
            Some(other) => {
                let message = "expected ascending or descending";
                params.fault("order", Rule::Parameter, message, other);
                None
            }
        };
        let page = PageParams::from_params(params);
        Some(Self { filter: filter?, order: order?, page: page? })
    }
}

impl ListParams {
    /// The query for one entry more than may be on the page.
    ///
    /// # Errors
    ///
    /// 400 for the cursor of another list.
    pub(super) fn query(&self) -> Result<AuditQuery, Problem> {
        let after = self.page.after()?;
        Ok(self.filter.query(self.order, after, self.page.limit + 1))
    }
}

/// Filters and format of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExportParams {
    pub(super) filter: EntryFilter,
    pub(super) format: ExportFormat,
}

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExportFormat {
    /// One JSON object per line.
    JsonLines,
    /// Comma-separated values.
    Csv,
}

/// The parameters of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerifyParams {
    /// The end of the chain as it was noted earlier: a sequence, a colon and a hash. The result
    /// says whether the chain still contains it.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,15}:[0-9a-f]{64}$")]
    pub(super) head: Option<ChainHead>,
}

impl FromParams for VerifyParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let message = "expected a sequence, a colon, and a hash of 64 hexadecimal digits";
        let head = if params.has("head") { Some(take(params, "head", message)?) } else { None };
        Some(Self { head })
    }
}

/// The format parameter of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormatParam {
    /// The format: one JSON object per line, or CSV.
    #[param(value_type = Option<String>, pattern = "^(jsonl|csv)$", default = "jsonl")]
    format: ExportFormat,
}

impl std::str::FromStr for ExportFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "jsonl" => Ok(Self::JsonLines),
            "csv" => Ok(Self::Csv),
            _ => Err(()),
        }
    }
}

impl FromParams for ExportParams {
    fn from_params(params: &mut Params) -> Option<Self> {
        let filter = EntryFilter::from_params(params);
        let format = if params.has("format") {
            take(params, "format", "expected jsonl or csv")
        } else {
            Some(ExportFormat::JsonLines)
        };
        Some(Self { filter: filter?, format: format? })
    }
}
