//! The way of every request: noted, asked about, carried out or not, answered
//! or not.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::response::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures_util::StreamExt as _;
use futures_util::stream;

use super::asked::{Asked, Operation};
use super::draw::{Drawn, Twist};
use super::fault::Fault;
use super::hold::{At, Held};
use crate::emulator::error::Refusal;
use crate::emulator::server::App;

/// What the handler of a request is told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ticket {
    /// Its number in the log.
    pub(crate) number: u64,
    pub(crate) twist: Twist,
}

/// The largest request body there is, an upload.
const LARGEST_BODY: usize = 1 << 30;

/// What proxies in front of a service say when it does not answer them.
const PAGE: &str = "<!DOCTYPE html>\n<html lang=en>\n<title>Error (Bad Gateway)!!1</title>\n\
                    <p>The server encountered a temporary error. <p>Please try again later.\n";

/// In the place of an answer: close the connection without one.
#[derive(Debug, Clone, Copy)]
struct HangUp;

pub(crate) fn hang_up() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangUp);
    response
}

/// Whether this stands for closing the connection.
pub(crate) fn is_hang_up(response: &Response) -> bool {
    response.extensions().get::<HangUp>().is_some()
}

/// Everything but the emulator's own routes comes through here.
pub(crate) async fn inject(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path_and_query().map_or("", |path| path.as_str()).to_owned();
    let method = request.method().clone();
    let operation = Operation::of_request(&method, &path);
    let number = app.faults().begin(app.timestamp(), method.as_str(), &path, operation);
    let mut ticket = Ticket { number, twist: Twist::default() };
    if app.faults().are_none() {
        request.extensions_mut().insert(ticket);
        return carried_out(&app, number, next.run(request).await);
    }

    // A rule may look into the body, and a client that has sent all of it is
    // a client that does not know what became of it.
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        let refusal = Refusal::too_large("Request payload size exceeds the limit.");
        return answered(&app, number, refusal.into_response());
    };
    let asked = Asked::read(&method, &path, &body, |place, id| app.about(place, id));
    let drawn = app.faults().draw(&asked, number);
    ticket.twist = drawn.twist;
    let mut request = Request::from_parts(parts, Body::from(body));
    request.extensions_mut().insert(ticket);
    if drawn.is_nothing() {
        return carried_out(&app, number, next.run(request).await);
    }
    // On its own, since a service does not stop working when a client has
    // lost its patience.
    let answer = tokio::spawn(carry_out(app, number, asked.operation, drawn, request, next));
    answer.await.unwrap_or_else(|_| hang_up())
}

async fn carry_out(
    app: Arc<App>,
    number: u64,
    operation: Operation,
    drawn: Drawn,
    request: Request,
    next: Next,
) -> Response {
    if !drawn.delay.is_zero() {
        app.sleep(drawn.delay).await;
    }
    if drawn.hold {
        app.faults().hold(Held { number, operation, at: At::Request }).await;
    }
    let answer = match drawn.decides.as_ref().and_then(instead) {
        Some(answer) => answer,
        None => {
            let response = next.run(request).await;
            processed(&app, number, &response);
            match &drawn.decides {
                Some(Fault::HoldMiddle) => {
                    held_in_the_middle(&app, Held { number, operation, at: At::Middle }, response)
                        .await
                }
                Some(fault) => spoil(fault, response).await,
                None => response,
            }
        }
    };
    if !drawn.delay_answer.is_zero() {
        app.sleep(drawn.delay_answer).await;
    }
    if drawn.hold_answer {
        app.faults().hold(Held { number, operation, at: At::Answer }).await;
    }
    answered(&app, number, answer)
}

fn carried_out(app: &App, number: u64, response: Response) -> Response {
    processed(app, number, &response);
    answered(app, number, response)
}

/// A handler that hangs up has put the request off.
fn processed(app: &App, number: u64, response: &Response) {
    if !is_hang_up(response) {
        app.faults().processed(number, response.status().as_u16());
    }
}

fn answered(app: &App, number: u64, response: Response) -> Response {
    if !is_hang_up(&response) {
        app.faults().answered(number, response.status().as_u16());
    }
    response
}

/// What is answered without carrying the request out.
fn instead(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::Refuse { code } => Some(status(*code, None, None)),
        Fault::Status { code, retry_after, retry_info } => {
            Some(status(*code, *retry_after, *retry_info))
        }
        Fault::Quota { retry_after } => {
            Some(with_retry_after(Refusal::quota().into_response(), *retry_after))
        }
        Fault::Html { code } => Some(page(*code)),
        Fault::Drop => Some(hang_up()),
        _ => None,
    }
}

/// What is answered after it was carried out.
async fn spoil(fault: &Fault, response: Response) -> Response {
    match fault {
        Fault::ProcessThenDrop => hang_up(),
        Fault::ProcessThenStatus { code, retry_after, retry_info } => {
            status(*code, *retry_after, *retry_info)
        }
        Fault::ProcessThenHtml { code } => page(*code),
        Fault::Truncate { bytes } => truncated(response, *bytes).await,
        Fault::InvalidJson => {
            let (mut parts, body) = whole(response).await;
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(body.slice(..body.len() / 2)))
        }
        Fault::EmptyJson => {
            ([(header::CONTENT_TYPE, "application/json; charset=UTF-8")], "{}\n").into_response()
        }
        _ => response,
    }
}

fn status(code: u16, retry_after: Option<u64>, retry_info: Option<u64>) -> Response {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_retry_after(Refusal::injected(code, retry_info).into_response(), retry_after)
}

fn with_retry_after(mut response: Response, seconds: Option<u64>) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn page(code: u16) -> Response {
    (StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY), Html(PAGE)).into_response()
}

async fn whole(response: Response) -> (Parts, Bytes) {
    let (parts, body) = response.into_parts();
    // A body that was made here has no end that could be missing.
    (parts, axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default())
}

/// Sends half of the body, and the rest when it is let go.
async fn held_in_the_middle(app: &Arc<App>, held: Held, response: Response) -> Response {
    let (mut parts, body) = whole(response).await;
    parts.headers.remove(header::CONTENT_LENGTH);
    let (beginning, end) = (body.slice(..body.len() / 2), body.slice(body.len() / 2..));
    let app = Arc::clone(app);
    let end = stream::once(async move {
        app.faults().hold(held).await;
        Ok(end)
    });
    let beginning = stream::once(std::future::ready(Ok::<_, std::io::Error>(beginning)));
    Response::from_parts(parts, Body::from_stream(beginning.chain(end)))
}

/// Promises the whole body, sends the beginning and closes the connection.
async fn truncated(response: Response, bytes: Option<usize>) -> Response {
    let (mut parts, body) = whole(response).await;
    if body.is_empty() {
        return hang_up();
    }
    let end = bytes.unwrap_or(body.len() / 2).min(body.len().saturating_sub(1));
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let beginning = stream::once(std::future::ready(Ok(body.slice(..end))));
    let end = stream::once(async {
        // A pause, or the error would overtake what is still to be written.
        tokio::task::yield_now().await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    Response::from_parts(parts, Body::from_stream(beginning.chain(end)))
}
