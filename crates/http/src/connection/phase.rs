//! What a connection waits for.

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Waits for a request head, or the rest of it; before that, for the handshake of TLS.
    Head = 0,
    /// Waits between two requests.
    Idle = 1,
    /// The server processes the request.
    Working = 2,
    /// Waits for the body.
    Receiving = 3,
    /// Waits for the client to read the response.
    Writing = 4,
    /// The last response was sent; the client may read it before the connection is closed.
    Ending = 5,
}
