//! Packets of SFTP version 3 (draft-ietf-secsh-filexfer-02) to and from bytes.
//!
//! Everything read here comes from a server that may lie: lengths are checked against what is there before anything is
//! allocated, and no count is trusted.

use crate::error::{Error, Kind, Result};

/// The protocol version spoken.
pub(crate) const VERSION: u32 = 3;
/// The longest packet accepted, its length field not counted. OpenSSH sends at most 256 KiB.
pub(crate) const MAX_PACKET: usize = 512 * 1024;

/// Request and reply types (section 3 of the draft).
pub(crate) mod kind {
    pub(crate) const INIT: u8 = 1;
    pub(crate) const VERSION: u8 = 2;
    pub(crate) const OPEN: u8 = 3;
    pub(crate) const CLOSE: u8 = 4;
    pub(crate) const READ: u8 = 5;
    pub(crate) const WRITE: u8 = 6;
    pub(crate) const LSTAT: u8 = 7;
    pub(crate) const FSTAT: u8 = 8;
    pub(crate) const SETSTAT: u8 = 9;
    pub(crate) const FSETSTAT: u8 = 10;
    pub(crate) const OPENDIR: u8 = 11;
    pub(crate) const READDIR: u8 = 12;
    pub(crate) const REMOVE: u8 = 13;
    pub(crate) const MKDIR: u8 = 14;
    pub(crate) const RMDIR: u8 = 15;
    pub(crate) const REALPATH: u8 = 16;
    pub(crate) const STAT: u8 = 17;
    pub(crate) const RENAME: u8 = 18;
    pub(crate) const STATUS: u8 = 101;
    pub(crate) const HANDLE: u8 = 102;
    pub(crate) const DATA: u8 = 103;
    pub(crate) const NAME: u8 = 104;
    pub(crate) const ATTRS: u8 = 105;
    pub(crate) const EXTENDED: u8 = 200;
    pub(crate) const EXTENDED_REPLY: u8 = 201;
}

/// Flags of `SSH_FXP_OPEN` (section 6.3).
pub(crate) mod open {
    pub(crate) const READ: u32 = 0x01;
    pub(crate) const WRITE: u32 = 0x02;
    pub(crate) const CREAT: u32 = 0x08;
    pub(crate) const EXCL: u32 = 0x20;
}

const ATTR_SIZE: u32 = 0x01;
const ATTR_UIDGID: u32 = 0x02;
const ATTR_PERMISSIONS: u32 = 0x04;
const ATTR_ACMODTIME: u32 = 0x08;
const ATTR_EXTENDED: u32 = 0x8000_0000;

/// File attributes (section 5). What is `None` was not sent, or is not to be set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Size in bytes.
    pub size: Option<u64>,
    /// User and group number, which the protocol sends together.
    pub owner: Option<(u32, u32)>,
    /// File type and permission bits as in `st_mode`.
    pub permissions: Option<u32>,
    /// Last access and last change in seconds since 1970.
    pub times: Option<(u32, u32)>,
}

/// A packet being built: type, request id, then fields.
pub(crate) struct Packet(Vec<u8>);

impl Packet {
    /// Starts a request; the id is filled in when it is queued.
    pub(crate) fn request(kind: u8) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(&[0, 0, 0, 0, kind, 0, 0, 0, 0]);
        Self(bytes)
    }

    /// The opening `SSH_FXP_INIT`, which has no request id.
    pub(crate) fn init() -> Self {
        Self(vec![0, 0, 0, 0, kind::INIT]).u32(VERSION)
    }

    pub(crate) fn u32(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn string(self, value: &[u8]) -> Self {
        let mut this = self.u32(u32::try_from(value.len()).unwrap_or(u32::MAX));
        this.0.reserve_exact(value.len());
        this.0.extend_from_slice(value);
        this
    }

    pub(crate) fn attributes(self, attributes: &Attributes) -> Self {
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        let mut this = self.u32(
            flag(attributes.size.is_some(), ATTR_SIZE)
                | flag(attributes.owner.is_some(), ATTR_UIDGID)
                | flag(attributes.permissions.is_some(), ATTR_PERMISSIONS)
                | flag(attributes.times.is_some(), ATTR_ACMODTIME),
        );
        if let Some(size) = attributes.size {
            this = this.u64(size);
        }
        if let Some((user, group)) = attributes.owner {
            this = this.u32(user).u32(group);
        }
        if let Some(permissions) = attributes.permissions {
            this = this.u32(permissions);
        }
        if let Some((accessed, modified)) = attributes.times {
            this = this.u32(accessed).u32(modified);
        }
        this
    }

    /// The finished bytes with the length in front, and the id in its place when there is one.
    pub(crate) fn finish(mut self, id: Option<u32>) -> Vec<u8> {
        let length = u32::try_from(self.0.len().saturating_sub(4)).unwrap_or(u32::MAX);
        if let Some(field) = self.0.first_chunk_mut::<4>() {
            *field = length.to_be_bytes();
        }
        if let (Some(id), Some(field)) = (id, self.0.get_mut(5..9)) {
            field.copy_from_slice(&id.to_be_bytes());
        }
        self.0
    }
}

/// Reads fields off the front of a packet.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length).ok_or_else(truncated)?;
        self.0 = rest;
        Ok(head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        self.take(1)?.first().copied().ok_or_else(truncated)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.take(4)?.first_chunk().copied().map(u32::from_be_bytes).ok_or_else(truncated)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.take(8)?.first_chunk().copied().map(u64::from_be_bytes).ok_or_else(truncated)
    }

    pub(crate) fn string(&mut self) -> Result<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).map_err(|_| truncated())?)
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn attributes(&mut self) -> Result<Attributes> {
        let flags = self.u32()?;
        let mut attributes = Attributes::default();
        if flags & ATTR_SIZE != 0 {
            attributes.size = Some(self.u64()?);
        }
        if flags & ATTR_UIDGID != 0 {
            attributes.owner = Some((self.u32()?, self.u32()?));
        }
        if flags & ATTR_PERMISSIONS != 0 {
            attributes.permissions = Some(self.u32()?);
        }
        if flags & ATTR_ACMODTIME != 0 {
            attributes.times = Some((self.u32()?, self.u32()?));
        }
        if flags & ATTR_EXTENDED != 0 {
            for _ in 0..self.u32()? {
                self.string()?;
                self.string()?;
            }
        }
        Ok(attributes)
    }
}

fn truncated() -> Error {
    protocol_error("a reply ends in the middle of a field")
}

/// The server broke the protocol.
/// Reads a packet of a server whatever it holds, for tests of the reader.
pub fn read_any_reply(packet: &[u8]) {
    if let Err(error) = Reply::parse(packet) {
        log::trace!("{error}");
    }
}

pub(crate) fn protocol_error(reason: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Kind::Protocol, "talk SFTP", reason)
}

/// One name of a folder, or the answer to `REALPATH`, as the server sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAttributes {
    /// The name; not checked yet.
    pub name: Vec<u8>,
    /// Its attributes.
    pub attributes: Attributes,
}

/// A status reply (section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) code: u32,
    pub(crate) message: String,
}

impl Status {
    pub(crate) const OK: u32 = 0;
    pub(crate) const EOF: u32 = 1;
    pub(crate) const NO_SUCH_FILE: u32 = 2;
    pub(crate) const PERMISSION_DENIED: u32 = 3;
    pub(crate) const BAD_MESSAGE: u32 = 5;
    pub(crate) const NO_CONNECTION: u32 = 6;
    pub(crate) const CONNECTION_LOST: u32 = 7;
    pub(crate) const OP_UNSUPPORTED: u32 = 8;

    fn parse(mut fields: Fields<'_>) -> Result<Self> {
        let code = fields.u32()?;
        // Servers older than version 3 send no text.
        let text = if fields.is_empty() { &[][..] } else { fields.string()? };
        let bounded = text.get(..text.len().min(200)).unwrap_or_default();
        Ok(Self { code, message: crate::path::escape(bounded).into_owned() })
    }

    /// The error this status stands for; `OK` and `EOF` are the caller's business.
    pub(crate) fn into_error(self, operation: &'static str) -> Error {
        let (kind, standard) = match self.code {
            Self::NO_SUCH_FILE => (Kind::NotFound, "no such file or directory"),
            Self::PERMISSION_DENIED => (Kind::PermissionDenied, "permission denied"),
            Self::NO_CONNECTION | Self::CONNECTION_LOST => {
                (Kind::ConnectionLost, "the server lost its connection")
            }
            Self::OP_UNSUPPORTED => (Kind::Unsupported, "the server does not offer this operation"),
            Self::BAD_MESSAGE => (
                Kind::Protocol,
                "the server cannot make sense of the request; the path may be too long for it",
            ),
            Self::OK | Self::EOF => (Kind::Protocol, "the server sent no data for this request"),
            _ => (Kind::Failure, ""),
        };
        let ordinary = matches!(kind, Kind::NotFound | Kind::PermissionDenied);
        let reason = match (standard, self.message.as_str()) {
            ("", "" | "Failure") => "the server answered \"Failure\" and no reason".to_owned(),
            ("", text) => format!("the server answered \"{text}\""),
            (standard, "") => standard.to_owned(),
            (standard, _) if ordinary => standard.to_owned(),
            (standard, text) => format!("{standard} (\"{text}\")"),
        };
        Error::new(kind, operation, reason)
    }
}

/// A reply to a request.
#[derive(Debug)]
pub(crate) enum Reply {
    Status(Status),
    Handle(Vec<u8>),
    Data(Vec<u8>),
    Names(Vec<NamedAttributes>),
    Attributes(Attributes),
    Extended(Vec<u8>),
    /// The answer to `INIT`; it has no id and stands for request zero.
    Version {
        version: u32,
        extensions: Vec<(Vec<u8>, Vec<u8>)>,
    },
}

impl Reply {
    /// Parses a packet without its length: type, id, fields.
    pub(crate) fn parse(packet: &[u8]) -> Result<(u32, Self)> {
        let mut fields = Fields::new(packet);
        let kind = fields.u8()?;
        if kind == kind::VERSION {
            return Ok((0, Self::parse_version(fields)?));
        }
        let id = fields.u32()?;
        let reply = match kind {
            kind::STATUS => Self::Status(Status::parse(fields)?),
            kind::HANDLE => Self::Handle(fields.string()?.to_vec()),
            kind::DATA => Self::Data(fields.string()?.to_vec()),
            kind::NAME => Self::Names(parse_names(fields)?),
            kind::ATTRS => Self::Attributes(fields.attributes()?),
            kind::EXTENDED_REPLY => Self::Extended(fields.0.to_vec()),
            other => return Err(protocol_error(format!("the server sent a packet of unknown type {other}"))),
        };
        Ok((id, reply))
    }

    fn parse_version(mut fields: Fields<'_>) -> Result<Self> {
        let version = fields.u32()?;
        let mut extensions = Vec::new();
        while !fields.is_empty() {
            extensions.push((fields.string()?.to_vec(), fields.string()?.to_vec()));
        }
        Ok(Self::Version { version, extensions })
    }
}

fn parse_names(mut fields: Fields<'_>) -> Result<Vec<NamedAttributes>> {
    let count = fields.u32()?;
    // Two string lengths and the attribute flags take twelve bytes, so a count beyond that is a lie.
    let possible = fields.0.len() / 12;
    if usize::try_from(count).map_or(true, |count| count > possible) {
        return Err(protocol_error(format!(
            "the server announced {count} names and sent at most {possible}"
        )));
    }
    (0..count)
        .map(|_| {
            let name = fields.string()?.to_vec();
            fields.string()?;
            Ok(NamedAttributes { name, attributes: fields.attributes()? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_carries_its_length_and_id() {
        let bytes = Packet::request(kind::LSTAT).string(b"ab").finish(Some(7));
        assert_eq!(bytes, [0, 0, 0, 11, kind::LSTAT, 0, 0, 0, 7, 0, 0, 0, 2, b'a', b'b']);
        assert_eq!(Packet::init().finish(None), [0, 0, 0, 5, kind::INIT, 0, 0, 0, 3]);
    }

    #[test]
    fn lying_counts_and_lengths_are_refused() {
        let names = [&[kind::NAME, 0, 0, 0, 1][..], &u32::MAX.to_be_bytes()].concat();
        assert_eq!(Reply::parse(&names).unwrap_err().kind(), Kind::Protocol);
        let data = [&[kind::DATA, 0, 0, 0, 1][..], &0xffff_fff0_u32.to_be_bytes(), b"x"].concat();
        assert_eq!(Reply::parse(&data).unwrap_err().kind(), Kind::Protocol);
        assert!(Reply::parse(&[77, 0, 0, 0, 1]).is_err());
    }

    #[test]
    fn status_text_is_bounded_and_defused() {
        let long = vec![0x1b; 1_000_000];
        let packet = Packet::request(kind::STATUS).u32(4).string(&long).finish(Some(1));
        let (id, Reply::Status(status)) = Reply::parse(&packet[4..]).unwrap() else { panic!() };
        assert_eq!(id, 1);
        assert!(status.message.len() <= 800 && status.message.starts_with("\\x1b"));
        let bare = [&[kind::STATUS, 0, 0, 0, 1][..], &4_u32.to_be_bytes()].concat();
        assert!(matches!(Reply::parse(&bare), Ok((1, Reply::Status(Status { code: 4, .. })))));
    }

    proptest! {
        #[test]
        fn attributes_round_trip(size: Option<u64>, owner: Option<(u32, u32)>, permissions: Option<u32>, times: Option<(u32, u32)>) {
            let attributes = Attributes { size, owner, permissions, times };
            let packet = Packet::request(kind::ATTRS).attributes(&attributes).finish(Some(1));
            let (_, Reply::Attributes(parsed)) = Reply::parse(&packet[4..]).unwrap() else { panic!() };
            prop_assert_eq!(parsed, attributes);
        }

        #[test]
        fn no_bytes_from_a_server_panic(packet: Vec<u8>) {
            drop(Reply::parse(&packet));
        }
    }
}
