//! What clients of each kind can do within their limits, so that others have to wait.

mod administration;
mod anonymous;
mod attack;
mod questions;
mod restricted;
mod streams;
mod xapi;

pub(crate) use anonymous::silent_provider;
pub(crate) use attack::{
    Attack, AttackerKind, REQUESTS_MAX, Sender, TENANT, status, status_and_reason, status_of_head,
};
pub(crate) use questions::ANALYSES;

/// What is attacked, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// The resources of xAPI, by a tenant.
    Xapi,
    /// Everything, by clients without a credential.
    Anonymous,
    /// Everything, by clients that may do little: browser tokens and credentials that only write.
    Restricted,
    /// Questions, analyses, exports and event streams of a tenant.
    Questions,
    /// The administration of a tenant.
    Administration,
}

/// All attacks on a surface.
pub(crate) fn attacks(surface: Surface) -> Vec<Attack> {
    match surface {
        Surface::Xapi => xapi::attacks(),
        Surface::Anonymous => anonymous::attacks(),
        Surface::Restricted => restricted::attacks(),
        Surface::Questions => [questions::attacks(), streams::attacks()].concat(),
        Surface::Administration => administration::attacks(),
    }
}
