//! A webhook's receiver: answers as a test says, and keeps what it got.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::wait::until;

/// See the module. It serves until the test process ends.
pub(crate) struct Receiver {
    url: String,
    status: Arc<Mutex<u16>>,
    got: Arc<Mutex<Vec<Delivery>>>,
}

/// What came.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    head: String,
    pub(crate) body: String,
}

impl Delivery {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Receiver {
    /// One that answers everything with this status.
    pub(crate) fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (status, got) = (Arc::new(Mutex::new(status)), Arc::<Mutex<Vec<_>>>::default());
        let receiver = Self { url, status: Arc::clone(&status), got: Arc::clone(&got) };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                // A daemon that is killed leaves half a request.
                let Some(delivery) = read(&mut stream) else { continue };
                got.lock().unwrap().push(delivery);
                let status = *status.lock().unwrap();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
            }
        });
        receiver
    }

    /// From now on it answers so.
    pub(crate) fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What came until now.
    pub(crate) fn got(&self) -> Vec<Delivery> {
        self.got.lock().unwrap().clone()
    }

    /// Waits for an event, and gives the newest delivery of it among those
    /// after the first `after`.
    #[track_caller]
    pub(crate) fn gets(&self, event: &str, after: usize) -> Delivery {
        let mut found = None;
        until(&format!("delivery of {event}"), || {
            found = self.got().into_iter().skip(after).rfind(|got| got.event()["event"] == event);
            found.is_some()
        });
        found.unwrap()
    }
}

fn read(stream: &mut TcpStream) -> Option<Delivery> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let mut delivery = Delivery { head: String::from_utf8(head).ok()?, body: String::new() };
    let length = delivery.header("content-length")?.trim().parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    delivery.body = String::from_utf8(body).ok()?;
    Some(delivery)
}
