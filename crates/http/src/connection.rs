//! Connections: what each is doing, how long it may, and when it must give way.
//!
//! A connection is in one [`line::Phase`] at a time. Each phase in which the client is waited
//! for has an end, and can be cut short when others need the room.

mod answered;
mod line;
mod lines;
mod socket;
mod stream;

pub(crate) use answered::Answered;
pub(crate) use line::{Line, Patience};
pub(crate) use lines::{Lines, Seat};
pub(crate) use socket::Socket;
pub use socket::{Local, Peer};
pub(crate) use stream::{Refuse, Watched};
