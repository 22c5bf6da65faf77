//! Connections: what each is doing, how long it may, and when it must give way.
//!
//! A connection is in one [`state::Phase`] at a time. Each phase in which the client is waited
//! for has an end, and can be cut short when others need the room.

mod answered;
mod socket;
mod state;
mod stream;
mod table;

pub(crate) use answered::Answered;
pub(crate) use socket::Socket;
pub use socket::{Local, Peer};
pub(crate) use state::{ConnectionState, ConnectionTimeouts};
pub(crate) use stream::{Refuse, Watched};
pub(crate) use table::{ConnectionPermit, ConnectionTable};
