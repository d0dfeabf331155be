//! A server on loopback that does what a script says and notes what it hears.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to the next connection or request.
pub(crate) enum Step {
    /// Answer, and keep the connection.
    Reply(Vec<u8>),
    /// Answer as if the connection stayed, and close it.
    ReplyThenClose(Vec<u8>),
    /// Close the next connection before reading anything.
    CloseUnread,
    /// Read the request and close without a word.
    CloseSilently,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct State {
    script: VecDeque<Step>,
    requests: Vec<Request>,
    connections: usize,
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(crate) async fn start(script: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { script: script.into_iter().collect(), ..State::default() };
        let server = Self { address, state: Arc::new(Mutex::new(state)) };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.line).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    async fn serve(self, mut stream: TcpStream) {
        {
            let mut state = self.state.lock().unwrap();
            state.connections += 1;
            if matches!(state.script.front(), Some(Step::CloseUnread)) {
                state.script.pop_front();
                return;
            }
        }
        let mut heard = Vec::new();
        while let Some(request) = next_request(&mut stream, &mut heard).await {
            let step = {
                let mut state = self.state.lock().unwrap();
                state.requests.push(request);
                state.script.pop_front()
            };
            match step {
                Some(Step::Reply(bytes)) => stream.write_all(&bytes).await.unwrap(),
                Some(Step::ReplyThenClose(bytes)) => {
                    stream.write_all(&bytes).await.unwrap();
                    return;
                }
                Some(Step::CloseSilently | Step::CloseUnread) => return,
                None => {
                    let over = reply(418, &[], "the script is over");
                    if let Step::Reply(bytes) = over {
                        let _ = stream.write_all(&bytes).await;
                    }
                }
            }
        }
    }
}

async fn next_request(stream: &mut TcpStream, heard: &mut Vec<u8>) -> Option<Request> {
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = heard.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(heard[..end].to_vec()).unwrap();
            let mut lines = head.split("\r\n");
            let line = lines.next().unwrap().to_owned();
            let headers: Vec<_> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(key, value)| (key.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length = headers.iter().find(|(key, _)| key == "content-length");
            let length = length.map_or(0, |(_, n)| n.parse::<usize>().unwrap());
            if heard.len() >= end + 4 + length {
                let rest = heard.split_off(end + 4 + length);
                let body = String::from_utf8(heard.split_off(end + 4)).unwrap();
                *heard = rest;
                return Some(Request { line, headers, body });
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => heard.extend_from_slice(&buffer[..n]),
        }
    }
}

/// The server's time in every reply.
pub(crate) const DATE: &str = "Sun, 22 Nov 2026 12:00:00 GMT";

pub(crate) fn bytes(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Whatever\r\ndate: {DATE}\r\n");
    if !headers.iter().any(|(key, _)| *key == "content-type") {
        head.push_str("content-type: application/json; charset=UTF-8\r\n");
    }
    if !headers.iter().any(|(key, _)| *key == "content-length") {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for (key, value) in headers {
        head.push_str(&format!("{key}: {value}\r\n"));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Step {
    Step::Reply(bytes(status, headers, body.as_bytes()))
}

pub(crate) fn ok(body: &str) -> Step {
    reply(200, &[], body)
}
