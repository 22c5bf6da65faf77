//! The edge: where requests become typed values, once, and where every refusal is decided.

mod accept;
mod alternate;
mod body;
mod caller;
mod client;
pub(crate) mod cookie;
pub(crate) mod cors;
mod date;
mod etag;
mod media_type;
mod params;
mod pieces;
mod tempo;

pub(crate) use accept::{accepts_gzip, choose_form};
pub(crate) use alternate::{Sender, is_alternate, rewrite};
pub(crate) use body::{Incoming, pass_over, settle};
pub(crate) use caller::{Caller, VERSION_HEADER, read_version};
pub(crate) use client::{ClientAddress, Peer, locate};
pub(crate) use date::http_date;
pub(crate) use etag::{Conditions, quote};
pub(crate) use media_type::MediaType;
pub(crate) use params::{FromParams, NoParams, Params, ParamsLimits, Query, decode};
pub(crate) use pieces::{Bound, Pieces};
pub(crate) use tempo::Gathered;
