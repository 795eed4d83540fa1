use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use futures_executor::block_on;
use futures_util::future::join_all;

use super::link::Link;
use super::wire::{Packet, Reply};
use crate::error::{Kind, Result};
use crate::ssh::Streams;

/// A connection whose descriptor never becomes readable. Each stream answers every request by the handle `h` and the
/// stream's number; what one stream is asked is answered only when the other is read or written.
struct Entangled {
    descriptor: OwnedFd,
    _peer: OwnedFd,
    asked: [Vec<u32>; 2],
    answers: [VecDeque<u8>; 2],
    is_silent: bool,
}

impl Entangled {
    fn new() -> Self {
        let (descriptor, peer) = rustix::pipe::pipe().unwrap();
        Self {
            descriptor,
            _peer: peer,
            asked: Default::default(),
            answers: Default::default(),
            is_silent: false,
        }
    }

    fn touch(&mut self, stream: usize) {
        let other = 1 - stream;
        // The last question is answered first.
        for id in self.asked[other].drain(..).rev() {
            let packet = [&[0, 0, 0, 11, 102][..], &id.to_be_bytes(), &[0, 0, 0, 2, b'h', b"01"[other]]];
            self.answers[other].extend(packet.concat());
        }
    }
}

impl Streams for Entangled {
    fn count(&self) -> usize {
        2
    }

    fn read(&mut self, stream: usize, buffer: &mut [u8]) -> io::Result<usize> {
        self.touch(stream);
        let answers = &mut self.answers[stream];
        let count = answers.len().min(buffer.len());
        if count == 0 || self.is_silent {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for (place, byte) in buffer.iter_mut().zip(answers.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }

    fn write(&mut self, stream: usize, data: &[u8]) -> io::Result<usize> {
        let mut rest = data;
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (packet, next) = after.split_at(u32::from_be_bytes(*length) as usize);
            self.asked[stream].push(u32::from_be_bytes(packet[1..5].try_into().unwrap()));
            rest = next;
        }
        Ok(data.len())
    }

    fn is_clogged(&self) -> bool {
        false
    }

    fn wants_output(&self) -> bool {
        false
    }

    fn has_unread(&mut self) -> bool {
        !self.is_silent && self.answers.iter().any(|answers| !answers.is_empty())
    }

    fn open(&mut self) -> Result<()> {
        unreachable!("no test opens a further stream")
    }

    fn descriptors(&self) -> (BorrowedFd<'_>, BorrowedFd<'_>) {
        (self.descriptor.as_fd(), self.descriptor.as_fd())
    }

    fn complaint(&mut self) -> Option<String> {
        None
    }

    fn shut_down(&mut self) {}
}

fn handle(reply: Result<Reply>) -> Vec<u8> {
    match reply.unwrap() {
        Reply::Handle(handle) => handle,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_one_stream_took_in_for_another_is_not_left_lying() {
    let link = Link::start(Box::new(Entangled::new()), Duration::from_secs(5)).unwrap();
    for stream in [0, 1].repeat(25) {
        let reply = block_on(link.request(stream, Packet::request(11)));
        assert_eq!(handle(reply), format!("h{stream}").into_bytes());
    }
}

#[test]
fn replies_reach_whoever_asked_in_whatever_order_they_come() {
    let link = Link::start(Box::new(Entangled::new()), Duration::from_secs(5)).unwrap();
    let replies = (0..400).map(|number| link.request(number % 2, Packet::request(11)));
    for (number, reply) in block_on(join_all(replies)).into_iter().enumerate() {
        assert_eq!(handle(reply), format!("h{}", number % 2).into_bytes());
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let silent = Entangled { is_silent: true, ..Entangled::new() };
    let link = Link::start(Box::new(silent), Duration::from_millis(200)).unwrap();
    let reply = block_on(link.request(0, Packet::request(11)));
    assert_eq!(reply.unwrap_err().kind(), Kind::TimedOut);
    assert!(!link.is_alive());
}
