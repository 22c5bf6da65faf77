//! Connections: their state, their timeouts, and which are closed to make room.
//!
//! A connection is in one [`state::Phase`] at a time. Each phase that waits for the client has a
//! timeout, and can be ended early when other connections need room.

mod event_streams;
mod response_body;
mod socket;
mod state;
mod stream;
mod table;

pub use event_streams::{EventStreams, StreamPermit};
pub(crate) use response_body::ResponseBody;
pub(crate) use socket::Socket;
pub use socket::{Local, Peer};
pub(crate) use state::{ConnectionState, ConnectionTimeouts};
pub(crate) use stream::{Refuse, Watched};
pub(crate) use table::{ConnectionPermit, ConnectionTable};
