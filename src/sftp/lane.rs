//! One byte stream of a connection: what is to be sent, what has arrived, and who waits for which answer.

use std::collections::{HashMap, VecDeque};

use super::link::{Request, Waiter};
use super::wire::{MAX_PACKET, Reply, protocol_error};
use crate::error::{Error, Result};

/// The most bytes of small packets that are sent as one piece.
const SHARED_CHUNK: usize = 32 * 1024;

/// The state of one stream. Requests are numbered from one; zero is the opening one.
#[derive(Default)]
pub(super) struct Lane {
    output: Output,
    input: Vec<u8>,
    waiting: HashMap<u32, Option<Waiter>>,
    next_id: u32,
    has_version: bool,
}

impl Lane {
    /// Queues a request and remembers who waits for its answer.
    pub(super) fn push(&mut self, request: Request) {
        let id = if request.is_init {
            0
        } else {
            self.next_id = self.next_id.wrapping_add(1).max(1);
            self.next_id
        };
        self.waiting.insert(id, request.reply);
        self.output.push(request.packet.finish((!request.is_init).then_some(id)), id);
    }

    /// Whether nothing is to be sent and no answer is due.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.output.is_empty()
    }

    /// Whether everything queued was sent.
    pub(super) fn is_flushed(&self) -> bool {
        self.output.is_empty()
    }

    /// The next bytes to send. Large requests that nobody waits for any more are not sent at all: a copy that was
    /// stopped must not hold up what comes after it. One that `has_begun` to be sent is kept.
    pub(super) fn next_output(&mut self, has_begun: bool) -> Option<&[u8]> {
        while !has_begun
            && let Some(id) = self.output.whole_request()
            && let Some(Some(waiter)) = self.waiting.get(&id)
            && waiter.is_canceled()
        {
            self.waiting.remove(&id);
            self.output.skip();
        }
        self.output.front()
    }

    /// Takes off what was sent.
    pub(super) fn sent(&mut self, count: usize) {
        self.output.advance(count);
    }

    /// Adds what was received.
    pub(super) fn received(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// Everyone who still waits for an answer.
    pub(super) fn abandon(&mut self) -> impl Iterator<Item = Waiter> {
        self.waiting.drain().filter_map(|(_, waiter)| waiter)
    }

    /// Hands out every complete packet received so far.
    pub(super) fn deliver(&mut self) -> Result<usize> {
        let mut start = 0_usize;
        let mut delivered = 0_usize;
        while let Some((header, rest)) = self.input.get(start..).and_then(<[u8]>::split_first_chunk::<4>) {
            let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
            if length == 0 || length > MAX_PACKET {
                return Err(self.bad_length(start, length));
            }
            let Some(packet) = rest.get(..length) else { break };
            let (id, reply) = Reply::parse(packet)?;
            let Some(waiter) = self.waiting.remove(&id) else {
                return Err(protocol_error(format!(
                    "the server answered request {id}, which was not asked or was answered before"
                )));
            };
            self.has_version = true;
            if let Some(waiter) = waiter {
                // The caller may have given up on it.
                drop(waiter.send(Ok(reply)));
            }
            start = start.saturating_add(4).saturating_add(length);
            delivered = delivered.saturating_add(1);
        }
        self.input.drain(..start);
        Ok(delivered)
    }

    fn bad_length(&self, start: usize, length: usize) -> Error {
        let text = text_before_packet(self.input.get(start..).unwrap_or_default());
        if !self.has_version && is_text(text) {
            return protocol_error(format!(
                "the server printed text before SFTP started: {}",
                crate::path::escape(text)
            ))
            .advice(
                "make the login shell silent for sessions without a terminal (look in .bashrc, .profile)",
            );
        }
        protocol_error(format!("the server announced a packet of {length} bytes"))
    }
}

/// The beginning of what stands before the first packet, if that has arrived too: the length of a packet begins with a
/// zero.
fn text_before_packet(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().take(80).take_while(|byte| **byte != 0).count();
    bytes.get(..length).unwrap_or_default()
}

/// Whether bytes are what a shell prints, colours included, and no length of a packet. The last character may be cut.
fn is_text(bytes: &[u8]) -> bool {
    let is_utf8 = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    is_utf8 && bytes.len() >= size_of::<u32>()
}

/// Bytes waiting to be sent. Small packets share a chunk, so that many requests travel in one SSH packet.
#[derive(Default)]
struct Output {
    chunks: VecDeque<Chunk>,
    /// Bytes of the first chunk that are gone already.
    sent: usize,
}

struct Chunk {
    bytes: Vec<u8>,
    /// The one request this chunk holds, if it is one alone.
    request: Option<u32>,
}

impl Output {
    fn push(&mut self, packet: Vec<u8>, id: u32) {
        match self.chunks.back_mut() {
            Some(last) if last.bytes.len().saturating_add(packet.len()) <= SHARED_CHUNK => {
                last.bytes.extend_from_slice(&packet);
                last.request = None;
            }
            _ => self.chunks.push_back(Chunk { bytes: packet, request: Some(id) }),
        }
    }

    fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The request in front, if it is large and nothing of it was sent.
    fn whole_request(&self) -> Option<u32> {
        let chunk = self.chunks.front().filter(|chunk| self.sent == 0 && chunk.bytes.len() > SHARED_CHUNK)?;
        chunk.request
    }

    fn front(&self) -> Option<&[u8]> {
        self.chunks.front()?.bytes.get(self.sent..)
    }

    fn skip(&mut self) {
        self.chunks.pop_front();
        self.sent = 0;
    }

    fn advance(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
        if self.chunks.front().is_some_and(|chunk| chunk.bytes.len() <= self.sent) {
            self.skip();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_apart_from_packets_whatever_arrives_with_it() {
        let fault = |bytes: &[u8]| {
            let mut lane = Lane::default();
            lane.received(bytes);
            lane.deliver().map_err(|error| error.to_string()).unwrap_err()
        };
        let version = [0, 0, 0, 5, 2, 0, 0, 0, 3];
        let greeting = b"Welcome\x1b[31m back\n";
        for bytes in [&greeting[..], &[&greeting[..], &version].concat()] {
            let fault = fault(bytes);
            assert!(fault.contains("before SFTP started: Welcome\\x1b[31m back\\n"), "{fault}");
        }
        assert!(fault(&[0x7f, 0x20, 0x20, 0, 2]).ends_with("announced a packet of 2132811776 bytes"));
        assert!(fault(&[0xff; 60]).ends_with("announced a packet of 4294967295 bytes"));
    }
}
