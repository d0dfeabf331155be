//! The server of pages: HTTP/1.1 on loopback, every answer rendered before.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;

use crate::corpus::{Corpus, ONE_PROJECT};
use crate::{Error, own};

/// The server's process.
pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    pub(crate) fn start(root: &Path) -> Result<Self, Error> {
        let mut command = own(&["serve", &root.to_string_lossy()])?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
        Ok(Self { child, url: line.trim().to_owned() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its stdin would end it too, were this process killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whole answers, head and body.
struct Answers {
    pages: Vec<Vec<u8>>,
    one: Vec<u8>,
}

/// Serves until stdin ends.
pub(crate) fn run(root: &Path) -> Result<(), Error> {
    let corpus = Corpus::at(root);
    let answer = |path| -> Result<Vec<u8>, Error> {
        let body = std::fs::read(path)?;
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n\
             Date: Sun, 22 Nov 2026 12:00:00 GMT\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend(body);
        Ok(answer)
    };
    let pages = (0..corpus.pages()?.count).map(|n| answer(corpus.page(n)));
    let pages = pages.collect::<Result<_, _>>()?;
    let answers = Arc::new(Answers { pages, one: answer(corpus.one_page())? });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            // A client that goes away ends its connection and nothing else.
            std::thread::spawn(move || drop(connection(stream, &answers)));
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn connection(mut stream: TcpStream, answers: &Answers) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    loop {
        let Some(request) = lines.next().transpose()? else { return Ok(()) };
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let answer = if request.contains(ONE_PROJECT) {
            Some(&answers.one)
        } else {
            answers.pages.get(page_number(&request))
        };
        match answer {
            Some(answer) => stream.write_all(answer)?,
            None => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?,
        }
    }
}

/// The number at the end of the page token.
fn page_number(request: &str) -> usize {
    let token =
        request.split_once("pageToken=").and_then(|(_, rest)| rest.split([' ', '&']).next());
    token.and_then(|token| token.rsplit('-').next()?.parse().ok()).unwrap_or(0)
}
