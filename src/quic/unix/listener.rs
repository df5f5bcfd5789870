//! The server's socket in the file system.

use super::socket::{self, PacketSocket};
use socket2::SockAddr;
use std::{
    fs, io,
    os::{
        fd::OwnedFd,
        unix::{
            fs::{FileTypeExt, MetadataExt, PermissionsExt},
            net,
        },
    },
    path::{Path, PathBuf},
};
use tokio::net::UnixListener;

/// Connections that wait to be accepted.
const QUEUE: i32 = 64;
/// Connecting takes the right to write. Who may reach the socket is the directory's to say.
const MODE: u32 = 0o666;

/// A socket that accepts. Its file is removed with it, unless another server has put its own there.
#[derive(Debug)]
pub(in crate::quic) struct Listener {
    /// Tokio's type is for streams, but accepts what there is.
    socket: UnixListener,
    path: PathBuf,
    /// Device and inode of the file.
    file: (u64, u64),
}

impl Listener {
    /// Listens at `path`, in the place of a socket that nobody listens on any more.
    pub(in crate::quic) fn bind(path: &Path) -> io::Result<Self> {
        remove_stale(path)?;
        let socket = socket::new()?;
        socket.bind(&SockAddr::unix(path)?)?;
        fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
        let meta = fs::symlink_metadata(path)?;
        socket.listen(QUEUE)?;
        socket.set_nonblocking(true)?;
        let socket = UnixListener::from_std(net::UnixListener::from(OwnedFd::from(socket)))?;
        Ok(Self { socket, path: path.to_owned(), file: (meta.dev(), meta.ino()) })
    }

    /// The next peer.
    pub(in crate::quic) async fn accept(&self) -> io::Result<PacketSocket> {
        let (accepted, _) = self.socket.accept().await?;
        PacketSocket::new(accepted.into_std()?.into())
    }
}

/// Removes a socket that refuses connections. Anything else stays, and is in the way of binding.
fn remove_stale(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.file_type().is_socket() => {
            let probe = socket::new()?;
            probe.set_nonblocking(true)?;
            match probe.connect(&SockAddr::unix(path)?) {
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|meta| (meta.dev(), meta.ino()) == self.file);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}
