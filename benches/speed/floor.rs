//! The floors: work that no program can leave out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::IgnoredAny;

use crate::Error;
use crate::corpus::Corpus;

/// Reads every page to its end with the HTTP stack that retune uses, and drops
/// it. The next page's token is looked for in the last bytes only.
pub(crate) fn fetch(url: &str) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            .timeout(Duration::from_secs(60))
            .gzip(true)
            .no_proxy()
            .tls_certs_only([])
            .build()?;
        let mut token = None;
        loop {
            let mut request = client.get(url).query(&[("pageSize", "100")]);
            if let Some(token) = &token {
                request = request.query(&[("pageToken", token)]);
            }
            let mut response = request.send().await?.error_for_status()?;
            let mut last = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                let keep = chunk.len().saturating_sub(200);
                last.extend_from_slice(chunk.get(keep..).unwrap_or_default());
                let surplus = last.len().saturating_sub(200);
                last.drain(..surplus);
            }
            let tail = String::from_utf8_lossy(&last);
            token = tail
                .split_once("\"nextPageToken\": \"")
                .and_then(|(_, rest)| rest.split('"').next().map(str::to_owned));
            if token.is_none() {
                return Ok(());
            }
        }
    })
}

/// Goes through the JSON of every page, and prints how long that alone took:
/// the pages are in memory before, as they are after they were fetched.
pub(crate) fn ignore(root: &Path) -> Result<(), Error> {
    let corpus = Corpus::at(root);
    let pages = (0..corpus.pages()?.count).map(|number| std::fs::read(corpus.page(number)));
    let pages = pages.collect::<Result<Vec<_>, _>>()?;
    // The kernel brings the figure up to date when the thread is switched.
    std::thread::sleep(Duration::from_millis(1));
    let before = cpu()?;
    for page in &pages {
        let IgnoredAny = serde_json::from_slice(page)?;
    }
    std::thread::sleep(Duration::from_millis(1));
    println!("{}", cpu()? - before);
    Ok(())
}

/// The nanoseconds that this thread was on a core.
pub(crate) fn cpu() -> Result<u64, Error> {
    let text = std::fs::read("/proc/thread-self/schedstat")?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

/// Reads every file once and parses it with both parsers: events with their
/// spans, and values without.
pub(crate) fn yaml(root: &Path) -> Result<(), Error> {
    use serde::Deserialize;

    let mut events = 0;
    for path in files(root)? {
        let bytes = std::fs::read(path)?;
        let text = std::str::from_utf8(&bytes)?;
        for event in granit_parser::Parser::new_from_str(text) {
            event?;
            events += 1;
        }
        for document in serde_yaml::Deserializer::from_str(text) {
            std::hint::black_box(serde_yaml::Value::deserialize(document)?);
        }
    }
    println!("{events}");
    Ok(())
}

fn files(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    Ok(found)
}
