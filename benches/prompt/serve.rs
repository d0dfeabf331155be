//! A service that answers at once, on a thread of its own.

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::Error;

/// The endpoint that the listing names.
pub(crate) const ENDPOINT: &str =
    "projects/123456789012/locations/us-central1/endpoints/6392262636238536710";

/// Text of the long answer, and the events of the stream.
pub(crate) const LONG: usize = 256 * 1024;
pub(crate) const EVENTS: usize = 1024;

/// Starts it and gives its address.
pub(crate) fn start() -> Result<String, Error> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
            let answers = Answers::new();
            let answer = move |request: Request| {
                let answer = answers.to(request.uri().path());
                async move { answer }
            };
            let _ = axum::serve(listener, Router::new().fallback(answer)).await;
        });
    });
    Ok(url)
}

#[derive(Clone)]
struct Answers {
    listing: String,
    short: String,
    long: String,
    events: String,
}

impl Answers {
    fn new() -> Self {
        let piece = |text: &str| {
            format!(
                r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"{text}"}}]}}}}]}}"#
            )
        };
        let last = |text: &str| {
            format!(
                r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"{text}"}}]}},"finishReason":"STOP"}}],"usageMetadata":{{"promptTokenCount":41,"candidatesTokenCount":3,"totalTokenCount":44}},"modelVersion":"m@1"}}"#
            )
        };
        let text = "word ".repeat(LONG / 5);
        let part = "word ".repeat(LONG / EVENTS / 5);
        let mut events: String =
            (1..EVENTS).map(|_| format!("data: {}\r\n\r\n", piece(&part))).collect();
        events.push_str(&format!("data: {}\r\n\r\n", last(&part)));
        let listing = format!(
            r#"{{"tuningJobs":[{{"name":"projects/123456789012/locations/us-central1/tuningJobs/4561234567890123456","state":"JOB_STATE_SUCCEEDED","baseModel":"gemini-3.5-flash","createTime":"2026-03-01T12:00:00Z","labels":{{"managed-by":"retune","retune-owner":"default","retune-name":"faq","retune-rerun":"0","retune-attempt":"1","retune-spec":"h1-x"}},"tunedModel":{{"model":"projects/123456789012/locations/us-central1/models/777777@1","endpoint":"{ENDPOINT}"}}}}]}}"#
        );
        Self { listing, short: last("web-frontend"), long: last(&text), events }
    }

    fn to(&self, path: &str) -> Response {
        let (kind, body) = match path {
            path if path.ends_with("/tuningJobs") => ("application/json", &self.listing),
            path if path.ends_with(":streamGenerateContent") => ("text/event-stream", &self.events),
            path if path.contains("/long") => ("application/json", &self.long),
            _ => ("application/json", &self.short),
        };
        ([(CONTENT_TYPE, kind)], body.clone()).into_response()
    }
}
