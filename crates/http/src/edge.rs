//! The edge: requests are parsed into typed values once, and refusals are decided.

mod accept;
mod alternate;
mod body;
mod body_stream;
mod caller;
mod client;
pub(crate) mod cors;
mod date;
mod etag;
mod host;
mod min_rate;
mod more_link;
mod params;
mod xapi_path;

pub use accept::accepts_gzip;
pub(crate) use accept::choose_form;
pub(crate) use alternate::{is_alternate, rewrite};
pub use body::Incoming;
pub(crate) use body::{buffer_body, discard_body};
pub(crate) use body_stream::BodyStream;
pub use body_stream::Bound;
pub(crate) use caller::{Arrival, Caller, read_version};
pub use client::ClientAddress;
pub(crate) use client::locate;
pub use cors::is_allowed as is_origin_allowed;
pub(crate) use date::http_date;
pub use etag::Conditions;
pub(crate) use etag::quote;
pub(crate) use host::check_host;
pub(crate) use min_rate::BodyBuffer;
pub(crate) use more_link::{check_length, more_link};
pub use params::{FromParams, NoParams, Params, Query, decode};
pub(crate) use xapi_path::{fold_slashes, is_xapi};
