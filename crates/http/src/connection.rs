//! Connections: their state, their timeouts, and which are closed to make room.
//!
//! A connection is in one [`phase::Phase`] at a time. Each phase that waits for the client has a
//! timeout, and can be ended early when other connections need room.

mod event_streams;
mod open_stream;
mod phase;
mod response_body;
mod socket;
mod state;
mod stream;
mod stream_body;
mod stream_limits;
mod streams;
mod table;

pub use event_streams::{EventStreams, StreamPermit};
pub(crate) use open_stream::{Carrier, OpenStream};
pub(crate) use response_body::ResponseBody;
pub(crate) use socket::{Channel, Noted, Socket, Source};
pub use socket::{Local, Peer};
pub(crate) use state::{ConnectionState, ConnectionTimeouts};
pub(crate) use stream::{Refuse, Watched};
pub(crate) use stream_body::StreamBody;
pub(crate) use table::{ConnectionPermit, ConnectionTable};
