//! Where clients connect: at an address of the network, or over a socket of the machine.

use std::fs::{Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use acta_config::Listen;
use acta_http::ClientListener;
use anyhow::{Context, Result, bail};
use tokio::net::{TcpListener, TcpSocket, UnixSocket, UnixStream};

/// The listen backlog: connections that the system holds until they are accepted. Clients of
/// further connections retry a second later.
const CONNECTING_MAX: u32 = 4096;

/// The send buffer of a connection, in bytes (Linux doubles it). It does not count towards the
/// memory limit. The progress of a slow client is seen in steps of a third of it.
const ANSWER_BUFFER_BYTES: u32 = 256 << 10;

/// The end of the name that a socket has until its file mode is set.
const DRAFT_END: &str = ".new";

/// A listener, and where it is.
pub(super) struct Listening {
    pub(super) listener: ClientListener,
    /// With the port that was selected, if any was asked for.
    pub(super) place: Listen,
    /// Removes the file of a socket when it is dropped.
    pub(super) file: Option<SocketFile>,
}

impl Listening {
    /// Listens at `place`. A socket gets this file mode; one that nobody listens on is replaced.
    ///
    /// # Errors
    ///
    /// When somebody else listens there, or the system refuses it.
    pub(super) async fn open(place: &Listen, mode: u32) -> Result<Self> {
        let opened = match place {
            Listen::Address(address) => Self::at(*address).map_err(anyhow::Error::from),
            Listen::Socket(path) => Self::on(path, mode).await,
        };
        opened.with_context(|| format!("cannot listen on {place}"))
    }

    fn at(address: SocketAddr) -> io::Result<Self> {
        let listener = listen(address)?;
        let place = Listen::Address(listener.local_addr()?);
        Ok(Self { listener: ClientListener::Network(listener), place, file: None })
    }

    async fn on(path: &Path, mode: u32) -> Result<Self> {
        check_free(path).await?;
        let mut draft = path.as_os_str().to_owned();
        draft.push(DRAFT_END);
        let draft = PathBuf::from(draft);
        check_free(&draft).await?;
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        let socket = UnixSocket::new_stream()?;
        socket.bind(&draft)?;
        // It gets its name only when it accepts connections, and only those that it may.
        std::fs::set_permissions(&draft, Permissions::from_mode(mode))?;
        let listener = ClientListener::Unix(socket.listen(CONNECTING_MAX)?);
        let file = SocketFile::of(path, &std::fs::symlink_metadata(&draft)?);
        std::fs::rename(&draft, path)?;
        Ok(Self { listener, place: Listen::Socket(path.to_owned()), file: Some(file) })
    }
}

/// Checks that nobody listens on a socket, and that no other file has its name.
async fn check_free(path: &Path) -> Result<()> {
    let there = match std::fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !there.file_type().is_socket() {
        bail!("a file of this name exists and is not a socket");
    }
    match UnixStream::connect(path).await.map_err(|error| error.kind()) {
        // A process that was killed has left it.
        Err(ErrorKind::ConnectionRefused | ErrorKind::NotFound) => Ok(()),
        // Nobody accepts connections that fast, but somebody listens.
        Ok(_) | Err(ErrorKind::WouldBlock) => bail!("another process listens on this socket"),
        Err(kind) => bail!(
            "cannot find out whether another process listens on it: {kind}; if none does, remove it"
        ),
    }
}

/// The file of a socket. Removed when this is dropped, unless another one has its name then.
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path, metadata: &Metadata) -> Self {
        Self { path: path.to_owned(), identity: identity(metadata) }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let there = std::fs::symlink_metadata(&self.path);
        if there.is_ok_and(|there| identity(&there) == self.identity) {
            // One that stays is replaced by the next server.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // Connections inherit it.
    socket.set_send_buffer_size(ANSWER_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(CONNECTING_MAX)
}
