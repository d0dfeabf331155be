//! One question to one model.

use serde_json::{Map, Value};

use super::Asking;
use super::show::{Answered, document, judged, unasked};
use super::whom::Whom;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::status::Format;
use crate::clock::Clock;
use crate::model::ResourceName;
use crate::prompt::{Answer, Plain, Verdict, body};
use crate::vertex::ReadError;

/// Asks and prints.
pub(super) async fn run(
    asking: &Asking<'_>,
    whom: &Whom,
    contents: &Value,
) -> Result<Exit, Failure> {
    let settings = asking.args.settings();
    let request = body(contents, &settings, whom.base_model.as_deref(), Map::new());
    if asking.args.stream {
        return streamed(asking, whom, &request).await;
    }
    let asked = ask(asking, &whom.endpoint, &request, std::future::pending()).await;
    let answered = asked.map_err(|error| unasked(asking, whom, error))?;
    match asking.args.format {
        Format::Json => {
            let mut value = document(asking, whom);
            value.insert("tuned".to_owned(), answered.json(&whom.endpoint));
            asking.output.document(&Value::Object(value));
        }
        Format::Text => asking.output.data(&answered.text()),
    }
    say_figures(asking, whom, &answered);
    judged(asking, &answered.answer.verdict())
}

/// Asks, and waits for the whole answer; once `stop` is over it is not asked
/// again.
pub(super) async fn ask(
    asking: &Asking<'_>,
    model: &ResourceName,
    request: &Value,
    stop: impl Future<Output = ()>,
) -> Result<Answered, ReadError> {
    let begun = asking.clock.elapsed();
    let response = asking.session.client.generate(model, request, stop).await?;
    let took = asking.clock.elapsed().saturating_sub(begun);
    Ok(Answered { answer: Answer::whole(response), first: None, took })
}

/// Asks, and prints what comes as it comes.
async fn streamed(asking: &Asking<'_>, whom: &Whom, request: &Value) -> Result<Exit, Failure> {
    let begun = asking.clock.elapsed();
    let since = || asking.clock.elapsed().saturating_sub(begun);
    let client = &asking.session.client;
    let pieces = client.generate_stream(&whom.endpoint, request).await;
    let mut pieces = pieces.map_err(|error| unasked(asking, whom, error))?;
    let (mut answer, mut plain, mut first) = (Answer::default(), Plain::default(), None);
    // Whether the last that was printed ended a line.
    let mut ended = true;
    let mut print = |text: &str| {
        if !text.is_empty() {
            asking.output.data(text);
            ended = text.ends_with('\n');
        }
    };
    let broken = loop {
        match pieces.next().await {
            Some(Ok(piece)) => {
                let text = answer.add(piece);
                if !text.is_empty() {
                    first.get_or_insert_with(since);
                }
                print(&plain.push(&text));
                // Nobody reads on: what is not fetched is not waited for.
                if asking.output.is_deaf() {
                    return Ok(Exit::Done);
                }
            }
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    print(&plain.finish());
    if !ended {
        asking.output.data("\n");
    }
    let hint = match answer.text.is_empty() {
        true => "asking again is billed again",
        false => "what came is above; asking again is billed again",
    };
    if let Some(error) = broken {
        return Err(Failure::new(Exit::Failed, error).hint(hint));
    }
    let verdict = answer.verdict();
    say_figures(asking, whom, &Answered { answer, first, took: since() });
    match judged(asking, &verdict) {
        Err(failure) if verdict == Verdict::Unfinished => Err(failure.hint(hint)),
        judged => judged,
    }
}

fn say_figures(asking: &Asking<'_>, whom: &Whom, answered: &Answered) {
    let (name, job, figures) = (&whom.name, whom.job.short(), answered.figures());
    asking.output.say(&format!("{name} ({job}){}: {figures}\n", asking.on()));
}
