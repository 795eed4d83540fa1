//! Typed requests on one SFTP stream. Each returns a future; many may be outstanding.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::extensions::{
    CHECK_FILE, CHECK_FILE_HANDLE, CHECK_FILE_NAME, COPY_DATA, Extensions, FSYNC, LIMITS, Limits,
    POSIX_RENAME, STATVFS, Space,
};
use super::link::Link;
use super::wire::{
    Attributes, Fields, NamedAttributes, Packet, Reply, Status, VERSION, kind, open, protocol_error,
};
use crate::error::{Error, Kind, Result};
use crate::path::escape;
use crate::ssh::Streams;

/// One SFTP session on one stream of a connection. Clones share it.
#[derive(Clone)]
pub struct Client(Arc<Session>);

struct Session {
    link: Link,
    stream: usize,
    version: u32,
    extensions: Extensions,
    announced: Vec<Vec<u8>>,
    limits: OnceLock<Limits>,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To read it.
    Read,
    /// To write it; it must not exist yet.
    CreateNew,
    /// To write it as well; somebody else has created it.
    Write,
}

/// An open file or folder on the server, closed when dropped.
pub struct Handle {
    client: Client,
    id: Vec<u8>,
    is_closed: AtomicBool,
}

impl Client {
    /// Starts SFTP on the first stream of a connection. Every answer must come within `timeout`.
    ///
    /// # Errors
    /// The connection ends, or the other side speaks no SFTP version 3.
    pub async fn start(streams: Box<dyn Streams>, timeout: Duration) -> Result<Self> {
        let suspicion = streams.suspicion();
        let started = Self::initialise(Link::start(streams, timeout)?, 0).await;
        started.map_err(|error| match suspicion {
            Some(suspicion) if matches!(error.kind(), Kind::ConnectionLost | Kind::Protocol) => suspicion,
            _ => error,
        })
    }

    /// Opens one more stream on the same connection: another SFTP server process with its own window.
    ///
    /// # Errors
    /// The server allows no further channel, or the connection ends.
    pub async fn another(&self) -> Result<Self> {
        let stream = self.0.link.open_stream().await?;
        Self::initialise(self.0.link.clone(), stream).await
    }

    async fn initialise(link: Link, stream: usize) -> Result<Self> {
        let Reply::Version { version, extensions } = link.init(stream).await? else {
            return Err(protocol_error("the server did not open with its version"));
        };
        if version < VERSION {
            return Err(Error::new(
                Kind::Unsupported,
                "start SFTP",
                format!("the server speaks version {version}, 3 is needed"),
            ));
        }
        let announced = extensions.iter().map(|(name, _)| name.clone()).collect();
        let extensions = Extensions::from_pairs(&extensions);
        log::debug!("SFTP version {version}, {extensions:?}");
        Ok(Self(Arc::new(Session { link, stream, version, extensions, announced, limits: OnceLock::new() })))
    }

    /// Whether requests can still be answered.
    pub fn is_alive(&self) -> bool {
        self.0.link.is_alive()
    }

    /// What the server offers beyond version 3.
    pub fn extensions(&self) -> Extensions {
        self.0.extensions
    }

    /// The version of the protocol that the server announces; 3 is what is spoken.
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// The names of all extensions that the server announces, known here or not.
    pub fn announced(&self) -> &[Vec<u8>] {
        &self.0.announced
    }

    /// How much one read or write may carry; asked of the server once.
    pub async fn limits(&self) -> Result<Limits> {
        if let Some(limits) = self.0.limits.get() {
            return Ok(*limits);
        }
        let limits = if self.0.extensions.limits {
            match self.send(Packet::request(kind::EXTENDED).string(LIMITS.as_bytes())).await? {
                Reply::Extended(reply) => Limits::parse(&reply)?,
                _ => Limits::DEFAULT,
            }
        } else {
            Limits::DEFAULT
        };
        Ok(*self.0.limits.get_or_init(|| limits))
    }

    /// Opens a file.
    pub async fn open(&self, path: &[u8], access: Access, attributes: &Attributes) -> Result<Handle> {
        let flags = match access {
            Access::Read => open::READ,
            Access::CreateNew => open::WRITE | open::CREAT | open::EXCL,
            Access::Write => open::WRITE,
        };
        let packet = Packet::request(kind::OPEN).string(path).u32(flags).attributes(attributes);
        self.handle("open", path, packet).await
    }

    /// Opens a folder to list it.
    pub async fn open_dir(&self, path: &[u8]) -> Result<Handle> {
        self.handle("list", path, Packet::request(kind::OPENDIR).string(path)).await
    }

    async fn handle(&self, operation: &'static str, path: &[u8], packet: Packet) -> Result<Handle> {
        match self.send(packet).await? {
            Reply::Handle(id) => Ok(Handle { client: self.clone(), id, is_closed: AtomicBool::new(false) }),
            other => Err(unexpected(operation, other).on(path)),
        }
    }

    /// Describes what a path names, symbolic links followed.
    pub async fn stat(&self, path: &[u8]) -> Result<Attributes> {
        self.attributes(Packet::request(kind::STAT).string(path)).await.map_err(|error| error.on(path))
    }

    /// Describes a path itself.
    pub async fn lstat(&self, path: &[u8]) -> Result<Attributes> {
        self.attributes(Packet::request(kind::LSTAT).string(path)).await.map_err(|error| error.on(path))
    }

    async fn attributes(&self, packet: Packet) -> Result<Attributes> {
        match self.send(packet).await? {
            Reply::Attributes(attributes) => Ok(attributes),
            other => Err(unexpected("look up", other)),
        }
    }

    /// Sets attributes of what a path names, symbolic links followed.
    pub async fn set_stat(&self, path: &[u8], attributes: &Attributes) -> Result<()> {
        let packet = Packet::request(kind::SETSTAT).string(path).attributes(attributes);
        self.done("set attributes of", path, packet).await
    }

    /// Removes a file or a symbolic link.
    pub async fn remove(&self, path: &[u8]) -> Result<()> {
        self.done("remove", path, Packet::request(kind::REMOVE).string(path)).await
    }

    /// Makes a folder with the server's default permissions.
    pub async fn make_dir(&self, path: &[u8]) -> Result<()> {
        let packet = Packet::request(kind::MKDIR).string(path).attributes(&Attributes::default());
        self.done("make folder", path, packet).await
    }

    /// Removes an empty folder.
    pub async fn remove_dir(&self, path: &[u8]) -> Result<()> {
        self.done("remove folder", path, Packet::request(kind::RMDIR).string(path)).await
    }

    /// Renames; fails if `to` exists.
    pub async fn rename(&self, from: &[u8], to: &[u8]) -> Result<()> {
        self.done("rename to", to, Packet::request(kind::RENAME).string(from).string(to)).await
    }

    /// Renames and replaces what stands at `to` in one step.
    pub async fn posix_rename(&self, from: &[u8], to: &[u8]) -> Result<()> {
        let packet = Packet::request(kind::EXTENDED).string(POSIX_RENAME.as_bytes()).string(from).string(to);
        self.done("rename to", to, packet).await
    }

    /// The absolute form of a path.
    pub async fn real_path(&self, path: &[u8]) -> Result<Vec<u8>> {
        match self.send(Packet::request(kind::REALPATH).string(path)).await? {
            Reply::Names(names) => match <[NamedAttributes; 1]>::try_from(names) {
                Ok([only]) => Ok(only.name),
                Err(_) => Err(protocol_error("the server resolved one path to several").on(path)),
            },
            other => Err(unexpected("resolve", other).on(path)),
        }
    }

    /// The free space of the file system that holds `path`.
    pub async fn space(&self, path: &[u8]) -> Result<Space> {
        if !self.0.extensions.statvfs {
            return Err(
                Error::new(Kind::Unsupported, "ask for free space", "the server does not tell it").on(path)
            );
        }
        match self.send(Packet::request(kind::EXTENDED).string(STATVFS.as_bytes()).string(path)).await? {
            Reply::Extended(reply) => Space::parse(&reply),
            other => Err(unexpected("ask for free space", other).on(path)),
        }
    }

    /// Has the server hash a whole file by an algorithm of the draft (`md5`, `sha1`, `sha256`), asked for by the file's
    /// name, or by a handle of it where the server knows only that.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] if the server knows neither request, or answers with another hash.
    pub async fn check_file(&self, path: &[u8], algorithm: &str) -> Result<Vec<u8>> {
        let hashed = match self.ask_for_hash(CHECK_FILE_NAME, path, algorithm).await {
            Err(error) if error.kind() == Kind::Unsupported => {
                let handle = self.open(path, Access::Read, &Attributes::default()).await?;
                self.ask_for_hash(CHECK_FILE_HANDLE, &handle.id, algorithm).await
            }
            hashed => hashed,
        };
        hashed.map_err(|error| error.on(path))
    }

    async fn ask_for_hash(&self, request: &str, file: &[u8], algorithm: &str) -> Result<Vec<u8>> {
        let packet = Packet::request(kind::EXTENDED).string(request.as_bytes()).string(file);
        // From the first byte to the last, in one block.
        match self.send(packet.string(algorithm.as_bytes()).u64(0).u64(0).u32(0)).await? {
            Reply::Extended(reply) => parse_hash(&reply, algorithm),
            other => Err(unexpected("hash", other)),
        }
    }

    async fn done(&self, operation: &'static str, path: &[u8], packet: Packet) -> Result<()> {
        expect_ok(operation, self.send(packet).await?).map_err(|error| error.on(path))
    }

    fn send(&self, packet: Packet) -> impl Future<Output = Result<Reply>> + Send + use<> {
        self.0.link.request(self.0.stream, packet)
    }
}

impl Handle {
    fn request(&self, kind: u8) -> Packet {
        Packet::request(kind).string(&self.id)
    }

    /// The session the file is open in.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Copies `length` bytes at `offset` to the same place in `to`, a file open in the same session, within the server
    /// (draft-ietf-secsh-filexfer-extensions, section 7).
    pub async fn copy_data(&self, offset: u64, length: u64, to: &Self) -> Result<()> {
        let packet = Packet::request(kind::EXTENDED).string(COPY_DATA.as_bytes());
        let packet = packet.string(&self.id).u64(offset).u64(length).string(&to.id).u64(offset);
        expect_ok("copy", self.client.send(packet).await?)
    }

    /// Describes the open file.
    pub async fn stat(&self) -> Result<Attributes> {
        self.client.attributes(self.request(kind::FSTAT)).await
    }

    /// Sets attributes of the open file.
    pub async fn set_stat(&self, attributes: &Attributes) -> Result<()> {
        let reply = self.client.send(self.request(kind::FSETSTAT).attributes(attributes)).await?;
        expect_ok("set attributes", reply)
    }

    /// Reads up to `length` bytes at `offset`; an empty answer is the end of the file.
    pub async fn read(&self, offset: u64, length: u32) -> Result<Vec<u8>> {
        match self.client.send(self.request(kind::READ).u64(offset).u32(length)).await? {
            Reply::Status(Status { code: Status::EOF, .. }) => Ok(Vec::new()),
            Reply::Data(data) if data.is_empty() && length > 0 => {
                Err(protocol_error("the server answered a read with no data"))
            }
            Reply::Data(data) if data.len() > usize::try_from(length).unwrap_or(usize::MAX) => Err(
                protocol_error(format!("the server sent {} bytes where {length} were asked for", data.len())),
            ),
            Reply::Data(data) => Ok(data),
            other => Err(unexpected("read", other)),
        }
    }

    /// Writes all of `data` at `offset`; it must fit the server's limit. The request is queued before this returns.
    pub fn write(&self, offset: u64, data: &[u8]) -> impl Future<Output = Result<()>> + Send + use<> {
        let reply = self.client.send(self.request(kind::WRITE).u64(offset).string(data));
        async { expect_ok("write", reply.await?) }
    }

    /// The next names of a folder; `None` at its end.
    pub async fn read_dir(&self) -> Result<Option<Vec<NamedAttributes>>> {
        match self.client.send(self.request(kind::READDIR)).await? {
            Reply::Names(names) => Ok(Some(names)),
            Reply::Status(Status { code: Status::EOF, .. }) => Ok(None),
            other => Err(unexpected("list", other)),
        }
    }

    /// Flushes the open file to the server's disk.
    pub async fn sync(&self) -> Result<()> {
        if !self.client.0.extensions.fsync {
            let reason = "the server cannot flush a file to its disk (no fsync@openssh.com)";
            return Err(Error::new(Kind::Unsupported, "flush", reason).advice("leave out --fsync"));
        }
        let packet = Packet::request(kind::EXTENDED).string(FSYNC.as_bytes()).string(&self.id);
        expect_ok("flush", self.client.send(packet).await?)
    }

    /// Closes and reports what the server says of it.
    pub async fn close(&self) -> Result<()> {
        self.is_closed.store(true, Ordering::Relaxed);
        let reply = self.client.send(self.request(kind::CLOSE));
        expect_ok("close", reply.await?)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.is_closed.load(Ordering::Relaxed) {
            self.client.0.link.notify(self.client.0.stream, self.request(kind::CLOSE));
        }
    }
}

/// Reads the answer to `check-file`: the algorithm, then the hash. Some servers put the name of the extension before.
fn parse_hash(reply: &[u8], algorithm: &str) -> Result<Vec<u8>> {
    let mut fields = Fields::new(reply);
    let mut used = fields.string()?;
    if used == CHECK_FILE.as_bytes() {
        used = fields.string()?;
    }
    if used != algorithm.as_bytes() {
        let reason = format!("the server has computed {:?} instead of {algorithm}", escape(used));
        return Err(Error::new(Kind::Unsupported, "hash", reason));
    }
    Ok(fields.rest().to_vec())
}

fn expect_ok(operation: &'static str, reply: Reply) -> Result<()> {
    match reply {
        Reply::Status(Status { code: Status::OK, .. }) => Ok(()),
        other => Err(unexpected(operation, other)),
    }
}

fn unexpected(operation: &'static str, reply: Reply) -> Error {
    match reply {
        Reply::Status(status) => status.into_error(operation),
        _ => protocol_error("the server answered with a packet of another type than the request calls for"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_with_and_without_the_name_of_the_extension() {
        let string =
            |text: &str| [&u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
        for before in [&[][..], &string("check-file")] {
            let reply = [before, &string("md5"), &[7; 16]].concat();
            assert_eq!(parse_hash(&reply, "md5").unwrap(), [7; 16]);
            assert_eq!(parse_hash(&reply, "sha1").unwrap_err().kind(), Kind::Unsupported);
            assert!(parse_hash(&reply[..before.len() + 3], "md5").is_err());
        }
    }
}
