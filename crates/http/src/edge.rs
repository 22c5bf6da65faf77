//! The edge: where requests become typed values, once, and where every refusal is decided.

mod accept;
mod alternate;
mod body;
mod caller;
pub(crate) mod cors;
mod etag;
mod params;
mod pieces;
mod tempo;

pub(crate) use accept::{accepts_gzip, choose_form};
pub(crate) use alternate::{Sender, is_alternate, rewrite};
pub(crate) use body::{Incoming, pass_over, settle};
pub(crate) use caller::{Caller, VERSION_HEADER, read_version};
pub(crate) use etag::{Conditions, quote};
pub(crate) use params::{FromParams, NoParams, Params, ParamsLimits, Query, decode};
pub(crate) use pieces::{Bound, Pieces};
pub(crate) use tempo::Gathered;
