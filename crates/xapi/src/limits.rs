//! How much a request with statements may contain.

use crate::IriRule;
use crate::json::JsonLimits;

/// Limits of a request that stores statements.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    /// Bytes and depth of the JSON text.
    pub json: JsonLimits,
    /// Most statements in one request.
    pub statements_max: usize,
    /// Most context activities of one statement, with those of its substatement.
    pub activities_max: usize,
    /// Most agents of one statement that are members of groups or related to it in
    /// `contextAgents` and `contextGroups`.
    pub agents_max: usize,
    /// Most attachments of one statement, with those of its substatement.
    pub attachments_max: usize,
    /// Most faults that are reported.
    pub faults_max: usize,
    /// Which texts count as IRIs.
    pub iris: IriRule,
}

impl ParseLimits {
    /// For texts that have been accepted: their limits were those of that time.
    pub const STORED: Self = Self {
        json: JsonLimits::STORED,
        statements_max: 100_000,
        activities_max: usize::MAX,
        agents_max: usize::MAX,
        attachments_max: usize::MAX,
        faults_max: 100,
        iris: IriRule::Old,
    };
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self {
            json: JsonLimits::default(),
            statements_max: 100_000,
            activities_max: 1_000,
            agents_max: 10_000,
            attachments_max: 1_000,
            faults_max: 100,
            iris: IriRule::Strict,
        }
    }
}
