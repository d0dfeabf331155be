//! A service with one tuned model, whose answers a test writes byte for byte.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::model::model;
use crate::world::World;

/// See the module. It serves until the test process ends.
pub(super) struct Service {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

const LISTING: &str = r#"{"tuningJobs": [{
    "name": "projects/123456789012/locations/us-central1/tuningJobs/4561234567890123456",
    "state": "JOB_STATE_SUCCEEDED", "baseModel": "gemini-3.5-flash",
    "createTime": "2026-03-01T12:00:00Z",
    "labels": {"managed-by": "retune", "retune-owner": "acme-tuning", "retune-name": "faq",
        "retune-rerun": "0", "retune-attempt": "1", "retune-spec": "h1-x"},
    "tunedModel": {"model": "projects/123456789012/locations/us-central1/models/777777@1",
        "endpoint": "projects/123456789012/locations/us-central1/endpoints/888888"}}]}"#;

impl Service {
    /// Every question is answered with these bytes, each piece written by
    /// itself; then the connection is closed.
    pub(super) fn new(pieces: &[&[u8]]) -> (World, Self) {
        let world = World::alone();
        world.wants(model("faq"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, pieces) = (Arc::clone(&asked), pieces.concat_pieces());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = whole(&mut stream);
                if request.starts_with("GET ") {
                    let length = LISTING.len();
                    let _ = write!(
                        stream,
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                         content-length: {length}\r\nconnection: close\r\n\r\n{LISTING}"
                    );
                    continue;
                }
                kept.lock().unwrap().push(request);
                for piece in &pieces {
                    let _ = stream.write_all(piece).and_then(|()| stream.flush());
                }
            }
        });
        (world, Self { url, asked })
    }

    /// As [`Service::new`]: an answer of the API with this body.
    pub(super) fn json(status: &str, body: &str) -> (World, Self) {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        );
        Self::new(&[answer.as_bytes()])
    }

    /// As [`Service::new`]: a stream of events that ends with the connection.
    pub(super) fn events(pieces: &[&[u8]]) -> (World, Self) {
        let head: &[u8] =
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let all: Vec<&[u8]> = [head].into_iter().chain(pieces.iter().copied()).collect();
        Self::new(&all)
    }

    /// The bodies of the questions.
    pub(super) fn bodies(&self) -> Vec<serde_json::Value> {
        let asked = self.asked.lock().unwrap();
        let body = |request: &String| request.split_once("\r\n\r\n").unwrap().1.to_owned();
        asked.iter().map(|request| serde_json::from_str(&body(request)).unwrap()).collect()
    }

    /// The first lines of the questions.
    pub(super) fn lines(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|request| request.lines().next().unwrap().to_owned()).collect()
    }

    /// `retune prompt faq` with these arguments, against it.
    pub(super) fn ask(&self, world: &World, arguments: &[&str]) -> String {
        let own = ["prompt", "faq", "--endpoint", &self.url];
        let all: Vec<&str> = own.iter().chain(arguments).copied().collect();
        world.shown(&world.command(&all).output().unwrap())
    }
}

trait Pieces {
    fn concat_pieces(&self) -> Vec<Vec<u8>>;
}

impl Pieces for &[&[u8]] {
    fn concat_pieces(&self) -> Vec<Vec<u8>> {
        self.iter().map(|piece| piece.to_vec()).collect()
    }
}

/// A request with its body.
fn whole(stream: &mut TcpStream) -> String {
    let (mut read, mut byte) = (Vec::new(), [0]);
    while !read.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) > 0 {
        read.extend(byte);
    }
    let head = String::from_utf8(read.clone()).unwrap().to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    String::from_utf8(read).unwrap() + &String::from_utf8(body).unwrap()
}
