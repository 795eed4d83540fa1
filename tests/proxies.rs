//! SOCKS5 and HTTP proxies on the way to a server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use sclone::ssh::dial::Route;
use sclone::ssh::dial::http::HttpProxy;
use sclone::ssh::dial::socks::SocksProxy;

use crate::dialling::{LONG, attempt, sshd};
use crate::support::keys::Keys;
use crate::support::peer::Peer;

/// Carries bytes both ways until either end closes.
pub(crate) fn carry(client: TcpStream, server: TcpStream) {
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut from, &mut to));
    thread::spawn(move || {
        let copied = std::io::copy(&mut { server }, &mut &client);
        client.shutdown(std::net::Shutdown::Both).and(copied)
    });
}

fn read<const COUNT: usize>(stream: &mut TcpStream) -> [u8; COUNT] {
    let mut bytes = [0; COUNT];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// A SOCKS5 proxy that wants `me` and `secret`, and whatever host is asked for connects to this one.
fn socks_proxy() -> Peer {
    Peer::serve(|mut stream| {
        assert_eq!(read(&mut stream), [5, 2, 0, 2], "version 5, two logins offered: none and password");
        stream.write_all(&[5, 2]).unwrap();
        let accepted = read(&mut stream) == *b"\x01\x02me\x06secret";
        stream.write_all(&[1, u8::from(!accepted)]).unwrap();
        if !accepted {
            return;
        }
        assert_eq!(read(&mut stream), *b"\x05\x01\x00\x03\x0einside.invalid");
        let port = u16::from_be_bytes(read(&mut stream));
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(server) => {
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
                carry(stream, server);
            }
            Err(_) => stream.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap(),
        }
    })
}

#[test]
fn through_a_socks_proxy() {
    let keys = Keys::new();
    let server = sshd(&keys);
    let proxy = socks_proxy();
    let route = |login: &str| {
        Route::Socks(SocksProxy::parse(&format!("{login}@127.0.0.1:{}", proxy.port())).unwrap())
    };
    attempt("inside.invalid", server.port(), route("me:secret"), LONG).unwrap();
    let error = attempt("inside.invalid", server.port(), route("me:wrong!"), LONG).err().unwrap();
    assert!(error.to_string().contains("refuses the user and password"), "{error}");
    let error = attempt("inside.invalid", 1, route("me:secret"), LONG).err().unwrap();
    assert!(error.to_string().contains("was refused"), "{error}");
}

/// An HTTP proxy that wants `me` and `secret`.
fn http_proxy() -> Peer {
    Peer::serve(|mut stream| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(read::<1>(&mut stream));
        }
        let head = String::from_utf8(head).unwrap();
        if !head.contains("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n") {
            stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").unwrap();
            return;
        }
        let place = head.strip_prefix("CONNECT inside.invalid:").unwrap();
        let port: u16 = place.split(' ').next().unwrap().parse().unwrap();
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(server) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nVia: test\r\n\r\n").unwrap();
                carry(stream, server);
            }
            Err(_) => stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").unwrap(),
        }
    })
}

#[test]
fn through_an_http_proxy() {
    let keys = Keys::new();
    let server = sshd(&keys);
    let proxy = http_proxy();
    let route = |login: &str| {
        Route::Http(HttpProxy::parse(&format!("http://{login}@127.0.0.1:{}", proxy.port())).unwrap())
    };
    attempt("inside.invalid", server.port(), route("me:secret"), LONG).unwrap();
    let error = attempt("inside.invalid", server.port(), route("me:wrong"), LONG).err().unwrap();
    assert!(error.to_string().contains("wants a login"), "{error}");
    let error = attempt("inside.invalid", 1, route("me:secret"), LONG).err().unwrap();
    assert!(error.to_string().contains("\"HTTP/1.1 502 Bad Gateway\""), "{error}");
}

#[test]
fn a_proxy_that_does_not_run_is_named() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let socks = Route::Socks(SocksProxy::parse(&format!("127.0.0.1:{port}")).unwrap());
    let http = Route::Http(HttpProxy::parse(&format!("http://127.0.0.1:{port}")).unwrap());
    for (route, option) in [(socks, "socks_proxy"), (http, "http_proxy")] {
        let error = attempt("inside.invalid", 1, route, LONG).err().unwrap().to_string();
        assert!(error.contains("proxy 127.0.0.1") && error.contains(&format!("check {option}")), "{error}");
    }
}
