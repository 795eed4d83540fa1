//! The byte streams of one connection, as the SFTP engine drives them.

use std::io;
use std::os::fd::BorrowedFd;

use crate::error::{Error, Kind, Result};

/// One connection that carries one or more independent byte streams to SFTP servers on the other side.
///
/// Nothing here blocks except [`open`](Self::open): reading and writing return [`io::ErrorKind::WouldBlock`], and the
/// caller waits on the descriptors.
pub trait Streams: Send {
    /// How many streams are open; they are numbered from zero.
    fn count(&self) -> usize;

    /// Reads what is there. `Ok(0)` means that the other side closed the stream.
    fn read(&mut self, stream: usize, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes what fits. After `WouldBlock` the same bytes must be offered again.
    fn write(&mut self, stream: usize, data: &[u8]) -> io::Result<usize>;

    /// Whether the last `WouldBlock` of a write left something half done in the connection itself, so that no stream
    /// may write and none may be opened until the same write was repeated. Otherwise only that stream's window was full.
    fn is_clogged(&self) -> bool;

    /// Whether something is half sent and goes on once the output descriptor is writable. Reading may depend on it too.
    fn wants_output(&self) -> bool;

    /// Whether something that came in is kept inside and can be read although the descriptor may stay silent: reading
    /// or writing one stream may take in what is meant for another.
    fn has_unread(&mut self) -> bool;

    /// Opens one more stream; may take two round trips.
    fn open(&mut self) -> Result<()>;

    /// The descriptor to wait on for input, and the one to wait on for output.
    fn descriptors(&self) -> (BorrowedFd<'_>, BorrowedFd<'_>);

    /// What the other side printed beside the protocol, to explain why a stream ended.
    fn complaint(&mut self) -> Option<String>;

    /// The kind of failure that a complaint amounts to, where it comes from a program that logs in by itself and was
    /// refused for good.
    fn refusal(&self, _complaint: &str) -> Option<Kind> {
        None
    }

    /// What the login gives reason to think if no SFTP server answers.
    fn suspicion(&self) -> Option<Error> {
        None
    }

    /// Ends the connection now, so that nothing waits for it any more.
    fn shut_down(&mut self);
}
