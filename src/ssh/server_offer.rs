//! What a server offers (RFC 4253 section 7.1), read in the clear on a connection of its own, to say which algorithm
//! two sides that could not agree are missing.

use super::algorithms::Offer;
use super::deadline::Deadline;
use super::socket::Socket;
use super::wire::Reader;
use crate::error::{Error, Kind, Result};
use crate::path::escape;

/// `SSH_MSG_KEXINIT`.
const KEXINIT: u8 = 20;
/// The largest packet every implementation must accept, in bytes.
const LARGEST_PACKET: u32 = 35_000;
/// The longest text a server may send before its key exchange, in bytes.
const LONGEST_GREETING: usize = 16 * 1024;

/// Reads the offer of the server at the other end of a fresh `socket`.
///
/// # Errors
/// The server does not speak SSH, or not in time.
pub(super) fn read(socket: &Socket, identification: &str, deadline: &Deadline) -> Result<Offer> {
    socket.write_all(format!("{identification}\r\n").as_bytes(), deadline)?;
    let mut read = 0_usize;
    loop {
        let line = line(socket, deadline)?;
        if line.starts_with(b"SSH-") {
            break;
        }
        read = read.saturating_add(line.len());
        if read > LONGEST_GREETING {
            return Err(malformed());
        }
    }
    let length =
        u32_from(&socket.read_exact(4, deadline)?).filter(|length| (2..=LARGEST_PACKET).contains(length));
    let length = length.and_then(|length| usize::try_from(length).ok()).ok_or_else(malformed)?;
    parse(&socket.read_exact(length, deadline)?).ok_or_else(malformed)
}

/// The first kind of algorithm that `ours` and `theirs` have none of in common: its name, our list and theirs.
pub(super) fn disagreement(ours: &Offer, theirs: &Offer) -> Option<(&'static str, String, String)> {
    let pairs = [
        ("key exchange", &ours.key_exchange, &theirs.key_exchange),
        ("host key algorithm", &ours.host_keys, &theirs.host_keys),
        ("cipher", &ours.ciphers, &theirs.ciphers),
        ("MAC", &ours.macs, &theirs.macs),
    ];
    let (kind, ours, theirs) =
        pairs.into_iter().find(|(_, ours, theirs)| !ours.iter().any(|name| theirs.contains(name)))?;
    Some((kind, ours.join(","), escape(theirs.join(",").as_bytes()).into_owned()))
}

fn line(socket: &Socket, deadline: &Deadline) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        if line.len() > LONGEST_GREETING {
            return Err(malformed());
        }
        line.extend(socket.read_exact(1, deadline)?);
    }
    Ok(line)
}

fn u32_from(bytes: &[u8]) -> Option<u32> {
    Reader::new(bytes).u32()
}

/// Reads a packet without its length: padding length, message number, cookie, then ten lists.
fn parse(packet: &[u8]) -> Option<Offer> {
    let mut reader = Reader::new(packet);
    reader.byte()?;
    if reader.byte()? != KEXINIT {
        return None;
    }
    reader.bytes(16)?;
    let (key_exchange, host_keys) = (list(&mut reader)?, list(&mut reader)?);
    let (_to_server, ciphers) = (list(&mut reader)?, list(&mut reader)?);
    let (_to_server, macs) = (list(&mut reader)?, list(&mut reader)?);
    Some(Offer { key_exchange, host_keys, ciphers, macs })
}

fn list(reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(reader.string()?).into_owned();
    Some(text.split(',').map(str::to_owned).collect())
}

fn malformed() -> Error {
    Error::new(Kind::Protocol, "read the server's offer", "it is malformed")
}
