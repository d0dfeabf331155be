//! `--stream`: what comes is printed as it comes, whatever becomes of the rest.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use insta::assert_snapshot;

use super::service::Service;
use super::{ask, tuned};
use crate::server;

const HALLO: &[u8] =
    b"data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Gr\xc3\xbc\xc3\x9fe\"}]}}]}";
const ENDE: &[u8] = b"data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \" \xf0\x9f\x98\x80\"}]},\ndata: \"finishReason\": \"STOP\"}]}\r\n\r\n";

#[test]
fn the_same_text_comes_in_pieces() {
    let world = tuned();
    let whole = ask(&world, &["Where is my parcel?", "-q"]);
    assert_eq!(ask(&world, &["Where is my parcel?", "-q", "--stream"]), whole);
    assert_snapshot!(ask(&world, &["hi", "--stream", "--max-output-tokens=3"]), @"
    This is the 
    --- stderr
    faq (tuningJobs/[JOB-1]): 1 token in, 3 out; first after [TIME], [TIME] in all
    the answer was cut off at the most tokens it may use; raise --max-output-tokens
    [exit 0]
    ");
    assert_snapshot!(ask(&world, &["emulator:blocked", "--stream"]), @"
    --- stderr
    faq (tuningJobs/[JOB-1]): 4 tokens in, 0 out; [TIME]
    error: the prompt was blocked: content that is prohibited (PROHIBITED_CONTENT): The emulator blocks what asks for it

    hint: say it in other words; --format json has the ratings that led to this
    [exit 6]
    ");
}

#[test]
fn cuts_anywhere_comments_and_ends_of_lines_change_nothing() {
    let stream = [b": hello\r\r", HALLO, b"\n\n", b"event: x\nid: 1\n\n", ENDE].concat();
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    for pieces in [&bytes[..], &[&stream[..]]] {
        let (world, service) = Service::events(pieces);
        assert_eq!(service.ask(&world, &["hi", "--stream", "-q"]), "Grüße 😀\n[exit 0]");
        assert!(service.lines()[0].contains(":streamGenerateContent?alt=sse "));
    }
}

#[test]
fn what_came_is_printed_while_the_rest_is_on_its_way() {
    let world = tuned();
    world.fault("other@streamGenerateContent:hold-middle:1");
    let mut command = world.command(&["prompt", "faq", "hi", "--stream"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"retune emulator") {
        stdout.read_exact(&mut byte).unwrap();
        text.extend(byte);
    }
    // The answer is not whole yet: only now it may be.
    assert!(server::get(world.url(), "/emulator/held").contains("\"at\":\"middle\""));
    server::request("DELETE", world.url(), "/emulator/held", "text/plain", "");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("which ends: hi\n"), "{rest}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_stream_that_breaks_keeps_what_came() {
    let world = tuned();
    world.fault("other@streamGenerateContent:truncate:1");
    let shown = ask(&world, &["hi", "--stream"]);
    assert!(shown.starts_with("This is the retune emulator"), "{shown}");
    let (_, stderr) = shown.split_once("--- stderr\n").unwrap();
    assert_snapshot!(stderr, @"
    error: the answer of `127.0.0.1:[PORT]` broke off
      caused by: the connection broke
      caused by: end of file before message length reached

    hint: what came is above; asking again is billed again
    [exit 6]
    ");
}

#[test]
fn a_stream_that_just_ends_is_no_answer() {
    let (world, service) = Service::events(&[HALLO, b"\n\n"]);
    assert_snapshot!(service.ask(&world, &["hi", "--stream"]), @"
    Grüße
    --- stderr
    no model of `faq` is as its manifest says; asking that of tuningJobs/[JOB-1] (succeeded), the newest that has an endpoint
    faq (tuningJobs/[JOB-1]): tokens not counted; first after [TIME], [TIME] in all
    error: the answer ends in the middle

    hint: what came is above; asking again is billed again
    [exit 6]
    ");
    let (world, service) = Service::events(&[]);
    assert_snapshot!(service.ask(&world, &["hi", "--stream"]), @"
    --- stderr
    no model of `faq` is as its manifest says; asking that of tuningJobs/[JOB-1] (succeeded), the newest that has an endpoint
    faq (tuningJobs/[JOB-1]): tokens not counted; [TIME]
    error: the answer is empty: it holds no candidate

    hint: --format json has the answer as it came
    [exit 6]
    ");
}

#[test]
fn an_error_in_the_middle_is_told() {
    let refusal = b"data: {\"error\": {\"code\": 503, \"message\": \"Overloaded.\", \"status\": \"UNAVAILABLE\"}}\n\n";
    let (world, service) = Service::events(&[HALLO, b"\n\n", refusal]);
    assert_snapshot!(service.ask(&world, &["hi", "--stream"]), @"
    Grüße
    --- stderr
    no model of `faq` is as its manifest says; asking that of tuningJobs/[JOB-1] (succeeded), the newest that has an endpoint
    error: `127.0.0.1:[PORT]` broke its answer off: Overloaded.

    hint: what came is above; asking again is billed again
    [exit 6]
    ");
    let (world, service) = Service::events(&[HALLO, b"\n\n", b"data: [DONE]\n\n"]);
    assert_snapshot!(service.ask(&world, &["hi", "--stream"]), @"
    Grüße
    --- stderr
    no model of `faq` is as its manifest says; asking that of tuningJobs/[JOB-1] (succeeded), the newest that has an endpoint
    error: could not read a piece of the answer of `127.0.0.1:[PORT]`
      caused by: the answer is not the expected JSON at line 1, column 1

    hint: what came is above; asking again is billed again
    [exit 6]
    ");
}

#[test]
fn a_reader_that_went_away_ends_it() {
    let world = tuned();
    // Were the rest waited for, this would never end.
    world.fault("other@streamGenerateContent:hold-middle:1");
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(theirs);
    let mut command = world.command(&["prompt", "faq", "hi", "--stream"]);
    let output = command.stdout(Stdio::from(OwnedFd::from(ours))).output().unwrap();
    assert_snapshot!(world.shown(&output), @"[exit 0]");
}
