//! A tuning service and a bucket, as cheap as they can be: HTTP/1.1 on
//! loopback, on threads of this very process, so that the arrival of a request
//! and the close of a file are told by one clock.
//!
//! A job that is created has succeeded at once: what is measured ends with the
//! create.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Error;
use crate::corpus::Examples;
use crate::daemon::DEADLINE;

/// Jobs on one page.
pub(crate) const PAGE: usize = 100;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A page of jobs.
    List,
    /// A new job.
    Create,
    /// One job, or an object of the bucket.
    Other,
}

/// The service. It ends with the process.
#[derive(Clone)]
pub(crate) struct Service {
    url: String,
    world: Arc<Mutex<World>>,
}

struct World {
    examples: Examples,
    /// As they are listed.
    jobs: Vec<String>,
    objects: BTreeMap<String, Object>,
    generation: u64,
    asked: Vec<(Instant, Asked)>,
}

struct Object {
    generation: u64,
    updated: String,
    content: Vec<u8>,
}

/// A request, as much of it as is looked at.
struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Service {
    /// Serves these jobs.
    pub(crate) fn start(jobs: Vec<String>) -> Result<Self, Error> {
        let world = World {
            examples: Examples::read()?,
            jobs,
            objects: BTreeMap::new(),
            generation: 0,
            asked: Vec::new(),
        };
        let world = Arc::new(Mutex::new(world));
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::clone(&world);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let world = Arc::clone(&shared);
                // A client that goes away ends its connection and nothing else.
                std::thread::spawn(move || drop(connection(stream, &world)));
            }
        });
        Ok(Self { url, world })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// When what was asked for since `since`.
    pub(crate) fn asked(&self, since: Instant, what: Asked) -> Vec<Instant> {
        let world = lock(&self.world);
        let asked = world.asked.iter().filter(|(at, asked)| *at >= since && *asked == what);
        asked.map(|(at, _)| *at).collect()
    }

    /// How many requests there were since `since`.
    pub(crate) fn count(&self, since: Instant) -> usize {
        lock(&self.world).asked.iter().filter(|(at, _)| *at >= since).count()
    }

    /// Waits until there were so many.
    pub(crate) fn is_asked(&self, requests: usize, since: Instant) -> Result<(), Error> {
        let until = since + DEADLINE;
        while self.count(since) < requests {
            if Instant::now() > until {
                return Err(format!("never asked {requests} times").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connection(mut stream: TcpStream, world: &Mutex<World>) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = Request::read(&mut reader)? {
        let (status, body) = lock(world).answer(&request);
        let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT");
        let length = body.len();
        let mut answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json; charset=UTF-8\r\n\
             Date: {date}\r\nContent-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        answer.extend(body);
        stream.write_all(&answer)?;
    }
    Ok(())
}

impl Request {
    /// The next one; `None` at the end of the connection.
    fn read(reader: &mut BufReader<TcpStream>) -> Result<Option<Self>, Error> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = words.next().zip(words.next()).ok_or("no request")?;
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            match header.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse()?;
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        let query = query.map(|(key, value)| (decoded(key), decoded(value))).collect();
        Ok(Some(Self { method, path: decoded(path), query, body }))
    }

    fn is(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

type Answer = (u16, Vec<u8>);

fn missing(what: &str) -> Answer {
    let error = json!({ "error": { "code": 404, "message": what, "status": "NOT_FOUND" } });
    (404, error.to_string().into_bytes())
}

impl World {
    fn answer(&mut self, request: &Request) -> Answer {
        let at = Instant::now();
        let (place, job) = request.path.split_once("/tuningJobs").unwrap_or_default();
        let asked = match (request.method.as_str(), place, job) {
            (_, "", _) => Asked::Other,
            ("POST", _, "") => Asked::Create,
            ("GET", _, "") => Asked::List,
            _ => Asked::Other,
        };
        self.asked.push((at, asked));
        match asked {
            Asked::List => (200, self.page(request)),
            Asked::Create => self.create(request).unwrap_or_else(|error| {
                let error = json!({ "error": { "code": 400, "message": error.to_string() } });
                (400, error.to_string().into_bytes())
            }),
            Asked::Other if place.is_empty() => self.object(request),
            Asked::Other => {
                let end = format!("{}\"", request.path.trim_start_matches("/v1/"));
                let job = self.jobs.iter().find(|job| job.contains(&end));
                job.map_or_else(|| missing("no such job"), |job| (200, job.clone().into_bytes()))
            }
        }
    }

    fn page(&self, request: &Request) -> Vec<u8> {
        let from: usize = request.is("pageToken").and_then(|t| t.parse().ok()).unwrap_or(0);
        let page = self.jobs.get(from..).unwrap_or_default();
        let page = page.get(..PAGE).unwrap_or(page);
        let mut body = format!("{{\n  \"tuningJobs\": [{}]", page.join(","));
        let next = from + page.len();
        if next < self.jobs.len() {
            body.push_str(&format!(",\n  \"nextPageToken\": \"{next}\""));
        }
        body.push_str("\n}\n");
        body.into_bytes()
    }

    fn create(&mut self, request: &Request) -> Result<Answer, Error> {
        let body: Value = serde_json::from_slice(&request.body)?;
        let mut job = self.examples.of_request(self.jobs.len(), body);
        if let Some(job) = job.as_object_mut() {
            job.insert("createTime".to_owned(), Timestamp::now().to_string().into());
        }
        let job = serde_json::to_string_pretty(&job)?;
        self.jobs.push(job.clone());
        Ok((200, job.into_bytes()))
    }

    /// An object of the one bucket, or its metadata; and writing one.
    fn object(&mut self, request: &Request) -> Answer {
        if request.method == "POST" {
            let name = request.is("name").unwrap_or_default().to_owned();
            let expected = request.is("ifGenerationMatch").and_then(|text| text.parse().ok());
            let known = self.objects.get(&name).map_or(0, |object| object.generation);
            if expected != Some(known) {
                return (412, b"{}".to_vec());
            }
            self.generation += 1;
            let (generation, updated) = (self.generation, Timestamp::now().to_string());
            let content = request.body.clone();
            self.objects.insert(name, Object { generation, updated, content });
            return (200, json!({ "generation": generation.to_string() }).to_string().into());
        }
        let name = request.path.split_once("/o/").map(|(_, name)| name);
        let Some(name) = name else { return (200, b"{}".to_vec()) };
        let Some(object) = self.objects.get(name) else { return missing("no such object") };
        if request.is("alt") == Some("media") {
            return (200, object.content.clone());
        }
        let Object { generation, updated, content } = object;
        let meta = json!({
            "generation": generation.to_string(),
            "updated": updated,
            "size": content.len().to_string(),
        });
        (200, meta.to_string().into_bytes())
    }
}
