//! One request and its answer, over a connection of its own.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::wait::DEADLINE;

/// The status and the body.
#[track_caller]
pub(crate) fn ask(method: &str, url: &str, path: &str, body: &str) -> (u16, String) {
    match try_ask(method, url, path, body) {
        Ok(answer) => answer,
        Err(error) => panic!("{method} {url}{path}: {error}"),
    }
}

/// As [`ask`], where nobody may be there.
pub(crate) fn try_ask(
    method: &str,
    url: &str,
    path: &str,
    body: &str,
) -> io::Result<(u16, String)> {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) =
        answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("no whole answer"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok((status.ok_or_else(|| io::Error::other("no status"))?, body.to_owned()))
}
