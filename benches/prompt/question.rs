//! The same question, bare and by retune.

use std::future::pending;
use std::hint::black_box;
use std::time::{Duration, Instant};

use retune::clock::{SystemClock, SystemEntropy};
use retune::model::ResourceName;
use retune::prompt::{Answer, Plain, Settings, body, turn};
use retune::vertex::{Client, ClientOptions};

use crate::Error;
use crate::serve::{ENDPOINT, EVENTS, LONG};

/// What is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Short,
    Long,
    Stream,
}

/// Before anything counts: connections are made, code and data are in caches.
const WARM_UP: usize = 20;

/// Asks by turns; the times of the bare client and of retune.
pub(crate) async fn measure(
    url: &str,
    kind: Kind,
    count: usize,
) -> Result<(Vec<Duration>, Vec<Duration>), Error> {
    let name = match kind {
        Kind::Long => "projects/1/locations/us-central1/endpoints/long",
        Kind::Short | Kind::Stream => ENDPOINT,
    };
    let bare = reqwest::Client::builder().no_proxy().build()?;
    let options = ClientOptions { endpoint: Some(url.to_owned()), ..ClientOptions::default() };
    let client = Client::new(options, SystemClock::new(), SystemEntropy)?;
    let model: ResourceName = name.parse()?;
    let settings = Settings { temperature: Some(0.2), ..Settings::default() };
    let verb =
        if kind == Kind::Stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    let address = format!("{url}/v1/{name}:{verb}");
    let own = serde_json::Map::new;
    let json = body(&turn("Which queue?", &[]), &settings, Some("gemini-3.5-flash"), own());
    let json = json.to_string();

    let (mut bares, mut ours) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for round in 0..WARM_UP + count {
        let begun = Instant::now();
        let request = bare.post(&address).header("content-type", "application/json");
        let mut response = request.body(json.clone()).send().await?;
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await? {
            bytes += chunk.len();
        }
        black_box(bytes);
        let bare_took = begun.elapsed();

        let begun = Instant::now();
        let request = body(&turn("Which queue?", &[]), &settings, Some("gemini-3.5-flash"), own());
        let length = match kind {
            Kind::Short | Kind::Long => {
                let answer = Answer::whole(client.generate(&model, &request, pending()).await?);
                Plain::whole(&answer.text).len()
            }
            Kind::Stream => {
                let mut pieces = client.generate_stream(&model, &request).await?;
                let (mut answer, mut plain, mut length) = (Answer::default(), Plain::default(), 0);
                while let Some(piece) = pieces.next().await {
                    length += plain.push(&answer.add(piece?)).len();
                }
                length
            }
        };
        let took = begun.elapsed();
        let expected = match kind {
            Kind::Short => "web-frontend".len(),
            Kind::Long => LONG / 5 * 5,
            Kind::Stream => LONG / EVENTS / 5 * 5 * EVENTS,
        };
        if length != expected {
            return Err(format!("{length} bytes of text instead of {expected}").into());
        }
        if round >= WARM_UP {
            bares.push(bare_took);
            ours.push(took);
        }
    }
    Ok((bares, ours))
}
