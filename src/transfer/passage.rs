//! The way of one file's content from an open source to an open destination.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, join, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::bandwidth::Throttle;
use super::budget::Budget;
use super::file_options::Streams;
use super::stats::ActiveTransfer;
use super::watermark::Watermark;
use super::window::Window;
use crate::error::{Error, Kind, Result};
use crate::fs::{ReadFile, WriteFile};

/// After so much time it is noted how far a file is, if it has come any further.
const NOTE_TIME: Duration = Duration::from_millis(100);
/// After so many bytes as well.
const NOTE_BYTES: u64 = 1024 * 1024;

/// An open source, an open destination, and what is to go from one to the other.
pub(super) struct Passage<'a> {
    pub(super) reader: &'a dyn ReadFile,
    pub(super) writer: &'a dyn WriteFile,
    /// Where to begin; what is before is there.
    pub(super) start: u64,
    pub(super) size: u64,
    pub(super) chunk: usize,
    pub(super) memory: &'a Budget,
    pub(super) throttle: &'a Throttle,
    pub(super) active: &'a ActiveTransfer,
    /// Told from time to time how many bytes from the beginning are whole.
    pub(super) note: &'a (dyn Fn(u64) + Sync),
}

impl Passage<'_> {
    /// Moves the content in chunks, as many at once as the path holds, over more ways if the file is large.
    pub(super) async fn carry(&self, streams: Streams) -> Result<()> {
        let widening = async {
            if self.size.saturating_sub(self.start) >= streams.cutoff && streams.most > 1 {
                join(self.reader.widen(streams.most), self.writer.widen(streams.most)).await;
            }
            std::future::pending::<()>().await;
        };
        match select(pin!(self.move_chunks()), pin!(widening)).await {
            Either::Left((moved, _)) => moved?,
            Either::Right(((), _)) => {}
        }
        self.writer.settle().await
    }

    async fn move_chunks(&self) -> Result<()> {
        let depth = self.reader.depth().min(self.writer.depth()).max(1);
        let (mut window, mut mark) = (Window::new(), Watermark::at(self.start));
        let mut noted = (Instant::now(), self.start);
        let mut offset = self.start;
        let mut moving = FuturesUnordered::new();
        loop {
            let most = (window.limit() / self.chunk.max(1)).clamp(1, depth);
            while offset < self.size && moving.len() < most {
                let piece = self.throttle.piece(self.chunk);
                let left = self.size.saturating_sub(offset);
                let length = usize::try_from(left).map_or(piece, |left| left.min(piece));
                let (start, departure) = (offset, window.departure(Instant::now()));
                moving.push(async move {
                    self.move_chunk(start, length).await?;
                    Ok((departure, start, u64::try_from(length).unwrap_or(u64::MAX)))
                });
                offset = offset.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
            }
            let Some(moved) = moving.next().await else { break };
            let (departure, start, length) = moved.inspect_err(|_: &Error| (self.note)(mark.whole()))?;
            let now = Instant::now();
            window.arrival(departure, length, now);
            mark.arrived(start, length);
            self.active.advance(length);
            let is_due = now.saturating_duration_since(noted.0) >= NOTE_TIME
                || mark.whole().saturating_sub(noted.1) >= NOTE_BYTES;
            if is_due && mark.whole() > noted.1 {
                noted = (now, mark.whole());
                (self.note)(mark.whole());
            }
        }
        (self.note)(mark.whole());
        Ok(())
    }

    async fn move_chunk(&self, start: u64, length: usize) -> Result<()> {
        self.throttle.take(length).await;
        let _memory = self.memory.take(length).await;
        let data = read_exactly(self.reader, start, length, self.size).await?;
        self.writer.write_at(start, data).await
    }
}

/// Reads `length` bytes at `offset`, asking again after short answers.
pub(super) async fn read_exactly(
    reader: &dyn ReadFile,
    offset: u64,
    length: usize,
    size: u64,
) -> Result<Vec<u8>> {
    let mut data = if length == 0 { Vec::new() } else { reader.read_at(offset, length).await? };
    while data.len() < length {
        let at = offset.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        let more = reader.read_at(at, length.saturating_sub(data.len())).await?;
        if more.is_empty() || data.is_empty() {
            let reason = format!("short read: got {at} of {size} bytes");
            return Err(Error::new(Kind::Corrupted, "read", reason));
        }
        data.extend_from_slice(&more);
    }
    Ok(data)
}
