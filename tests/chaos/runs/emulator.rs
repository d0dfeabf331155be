//! An emulator in a process of its own, and what it says of itself.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::Trouble;
use super::wait::until;

pub const JOBS: &str = "/v1/projects/acme-ml/locations/us-central1/tuningJobs";

/// See the module. It ends with this value.
pub struct Emulator {
    process: Child,
    url: String,
}

/// A request, as the emulator's log has it.
pub struct Request {
    /// `create`, `list-jobs` and so on.
    pub operation: String,
    /// When it came in.
    pub time: jiff::Timestamp,
    /// The status that it earned, if it was carried out.
    pub processed: Option<u64>,
    /// The labels of the job that it created.
    pub created: Option<Value>,
    /// The job that it asked to stop.
    pub cancelled: Option<String>,
}

impl Emulator {
    pub fn start(seed: u64, speed: u64) -> Result<Self, Trouble> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_retune"))
            .args(["emulator", "--listen", "127.0.0.1:0", "--assume-datasets"])
            .args(["--concurrent-jobs", "50", "--seed", &seed.to_string()])
            .args(["--speed", &speed.to_string()])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut url = String::new();
        let stdout = process.stdout.take().ok_or("the emulator has no stdout")?;
        BufReader::new(stdout).read_line(&mut url)?;
        let url = url.trim_end().to_owned();
        if url.is_empty() {
            return Err("the emulator said no address".into());
        }
        Ok(Self { process, url })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds rules, in the grammar of `retune emulator --fault`.
    pub fn fault(&self, rules: &[&str]) -> Result<(), Trouble> {
        self.ask("POST", "/emulator/faults", &json!(rules)).map(drop)
    }

    /// Ends all rules; what is held stays held.
    pub fn end_faults(&self) -> Result<(), Trouble> {
        self.ask("DELETE", "/emulator/faults", &Value::Null).map(drop)
    }

    /// Lets go what is held.
    pub fn release(&self) -> Result<(), Trouble> {
        self.ask("DELETE", "/emulator/held", &Value::Null).map(drop)
    }

    /// Lets one request go.
    pub fn release_one(&self, number: u64) -> Result<(), Trouble> {
        self.ask("DELETE", &format!("/emulator/held/{number}"), &Value::Null).map(drop)
    }

    /// The requests that are held, by their numbers in the log.
    pub fn held(&self) -> Result<Vec<u64>, Trouble> {
        let answer = self.ask("GET", "/emulator/held", &Value::Null)?;
        let held = answer["held"].as_array().ok_or("no list of what is held")?;
        Ok(held.iter().filter_map(|held| held["number"].as_u64()).collect())
    }

    /// Waits until so many requests are held.
    pub fn holds(&self, count: usize) -> Result<(), Trouble> {
        until(&format!("{count} held requests"), || Ok(self.held()?.len() >= count))
    }

    /// Every request so far.
    pub fn log(&self) -> Result<Vec<Request>, Trouble> {
        let answer = self.ask("GET", "/emulator/log", &Value::Null)?;
        let entries = answer["entries"].as_array().ok_or("a log without entries")?;
        entries.iter().map(Request::read).collect()
    }

    /// Every job there is, old ones first.
    pub fn jobs(&self) -> Result<Vec<Value>, Trouble> {
        let answer = self.ask("GET", "/emulator/jobs", &Value::Null)?;
        let mut jobs = answer["tuningJobs"].as_array().ok_or("no list of jobs")?.clone();
        jobs.sort_by_key(|job| job["createTime"].as_str().map(str::to_owned));
        Ok(jobs)
    }

    /// Creates a job as somebody else would, by other means.
    pub fn create(&self, job: &Value) -> Result<(), Trouble> {
        let answer = self.ask("POST", JOBS, job)?;
        match answer["name"].as_str() {
            Some(_) => Ok(()),
            None => Err(format!("no job: {answer}").into()),
        }
    }

    /// One request and the JSON that comes back, however often the connection
    /// is refused: rules about connections mean the harness's, too.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Trouble> {
        const TRIES: usize = 40;
        for _ in 1..TRIES {
            match self.ask_once(method, path, body) {
                Err(trouble) if trouble.is::<std::io::Error>() => {}
                answer => return answer,
            }
        }
        self.ask_once(method, path, body)
    }

    fn ask_once(&self, method: &str, path: &str, body: &Value) -> Result<Value, Trouble> {
        let host = self.url.strip_prefix("http://").ok_or("an address without a scheme")?;
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, json) = answer
            .split_once("\r\n\r\n")
            .ok_or_else(|| io::Error::other("an answer without a body"))?;
        Ok(serde_json::from_str(json)?)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Request {
    fn read(entry: &Value) -> Result<Self, Trouble> {
        let effects = entry["effects"].as_array().ok_or("a request without effects")?;
        let effect = |kind: &str| effects.iter().find(|effect| effect["kind"] == kind);
        Ok(Self {
            operation: entry["operation"].as_str().unwrap_or_default().to_owned(),
            time: entry["time"].as_str().unwrap_or_default().parse()?,
            processed: entry["processed"].as_u64(),
            created: effect("job-created").map(|effect| effect["labels"].clone()),
            cancelled: effect("cancel-accepted")
                .and_then(|effect| effect["job"].as_str())
                .map(str::to_owned),
        })
    }

    pub fn is(&self, operation: &str) -> bool {
        self.operation == operation
    }
}
