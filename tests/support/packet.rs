//! SFTP packets as the hostile server sees them (draft-ietf-secsh-filexfer-02): a length, a type, an id, a body.

use std::io::{self, Read};

pub(crate) const STATUS: u8 = 101;
pub(crate) const DATA: u8 = 103;
pub(crate) const NAME: u8 = 104;
pub(crate) const EXTENDED_REPLY: u8 = 201;

const EXTENDED: u8 = 200;
const REQUESTS: [(u8, &str); 20] = [
    (1, "INIT"),
    (3, "OPEN"),
    (4, "CLOSE"),
    (5, "READ"),
    (6, "WRITE"),
    (7, "LSTAT"),
    (8, "FSTAT"),
    (9, "SETSTAT"),
    (10, "FSETSTAT"),
    (11, "OPENDIR"),
    (12, "READDIR"),
    (13, "REMOVE"),
    (14, "MKDIR"),
    (15, "RMDIR"),
    (16, "REALPATH"),
    (17, "STAT"),
    (18, "RENAME"),
    (19, "READLINK"),
    (20, "SYMLINK"),
    (EXTENDED, "EXTENDED"),
];
/// The requests that begin with a handle, which means nothing to a reader of the log.
const ON_HANDLES: [u8; 6] = [4, 5, 6, 8, 10, 12];

/// A request or a reply. `content` is all that comes after the type.
pub(crate) struct Packet {
    kind: u8,
    content: Vec<u8>,
}

impl Packet {
    /// Reads one packet; none at the end of the stream.
    pub(crate) fn read(source: &mut dyn Read) -> io::Result<Option<Self>> {
        let mut length = [0; 4];
        match source.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        source.read_exact(&mut bytes)?;
        let content = bytes.split_off(1);
        Ok(Some(Self { kind: bytes[0], content }))
    }

    /// A reply to the request with this id.
    pub(crate) fn reply(kind: u8, id: u32, body: &[u8]) -> Self {
        Self { kind, content: [&id.to_be_bytes(), body].concat() }
    }

    /// The packet as it goes over the wire.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.content.len() + 1).unwrap();
        [&length.to_be_bytes(), &[self.kind][..], &self.content].concat()
    }

    /// The id; of INIT and VERSION, the protocol version.
    pub(crate) fn id(&self) -> u32 {
        u32::from_be_bytes(self.content[..4].try_into().unwrap())
    }

    /// Puts another path in the place of the one that a request begins with.
    pub(crate) fn set_path(&mut self, path: &[u8]) {
        let rest = split_string(&self.content[4..]).map_or(&[][..], |(_, rest)| rest);
        self.content = [&self.content[..4], &string(path), rest].concat();
    }

    pub(crate) fn set_id(&mut self, id: u32) {
        self.content[..4].copy_from_slice(&id.to_be_bytes());
    }

    /// Adds bytes at the end.
    pub(crate) fn append(&mut self, more: &[u8]) {
        self.content.extend(more);
    }

    /// Keeps only so many bytes of a DATA reply.
    pub(crate) fn shorten_data(&mut self, length: usize) {
        if self.kind == DATA {
            let data = self.field(0)[..length.min(self.field(0).len())].to_vec();
            *self = Self::reply(DATA, self.id(), &string(&data));
        }
    }

    /// The name of a request in the protocol; of an extension, its own.
    pub(crate) fn name(&self) -> String {
        if self.kind == EXTENDED {
            return String::from_utf8_lossy(self.field(0)).into_owned();
        }
        let name = REQUESTS.iter().find(|(kind, _)| *kind == self.kind).map(|(_, name)| *name);
        name.map_or_else(|| format!("TYPE{}", self.kind), str::to_owned)
    }

    /// A request in one line: its name and its path.
    pub(crate) fn describe(&self) -> String {
        let path = match self.kind {
            EXTENDED => self.field(1),
            kind if kind < 3 || ON_HANDLES.contains(&kind) => b"",
            _ => self.field(0),
        };
        format!("{} {}", self.name(), path.escape_ascii()).trim_end().to_owned()
    }

    /// The nth string after the id, or nothing if there are fewer.
    fn field(&self, nth: usize) -> &[u8] {
        let mut rest = &self.content[4..];
        for _ in 0..nth {
            rest = split_string(rest).map_or(&[], |(_, rest)| rest);
        }
        split_string(rest).map_or(&[], |(text, _)| text)
    }
}

/// A length and that many bytes.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// The body of a NAME reply with these names and no attributes.
pub(crate) fn names(names: &[&[u8]]) -> Vec<u8> {
    let mut body = u32::try_from(names.len()).unwrap().to_be_bytes().to_vec();
    for name in names {
        body.extend(string(name));
        body.extend(string(name));
        body.extend([0; 4]);
    }
    body
}

/// The body of a NAME reply with names, modes (the type of the file among their bits) and sizes.
pub(crate) fn listing(entries: &[(&[u8], u32, u64)]) -> Vec<u8> {
    const SIZE_AND_PERMISSIONS: u32 = 1 | 4;
    let mut body = u32::try_from(entries.len()).unwrap().to_be_bytes().to_vec();
    for (name, mode, size) in entries {
        body.extend(string(name));
        body.extend(string(name));
        body.extend(SIZE_AND_PERMISSIONS.to_be_bytes());
        body.extend(size.to_be_bytes());
        body.extend(mode.to_be_bytes());
    }
    body
}

fn split_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}
