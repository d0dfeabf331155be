//! One question to a tuned model and to what it was tuned from.

use std::future::pending;

use serde_json::{Map, Value, json};

use super::Asking;
use super::one::ask;
use super::show::{Answered, document, judged, unasked};
use super::whom::Whom;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::status::Format;
use crate::google::chain;
use crate::model::{Place, ResourceName};
use crate::prompt::{Column, Plain, beside, body};
use crate::vertex::ReadError;

/// Asks both at once and prints them side by side; `base` names another model
/// than the tuned one's own unless it is empty.
pub(super) async fn run(
    asking: &Asking<'_>,
    whom: &Whom,
    contents: &Value,
    base: &str,
) -> Result<Exit, Failure> {
    let base = Some(base).filter(|base| !base.is_empty()).or(whom.base_model.as_deref());
    let base = base.ok_or_else(|| {
        Failure::usage(format!("what {} was tuned from is not known", whom.job.short()))
            .hint("name it: --compare-base=MODEL")
    })?;
    let base_name = publisher_model(whom.endpoint.place(), base)?;
    let settings = asking.args.settings();
    // The same but for thinking, which each model is asked for in its own terms.
    let request = |model| body(contents, &settings, model, Map::new());
    let (request, other) = (request(whom.base_model.as_deref()), request(Some(base)));
    let (tuned, theirs) = tokio::join!(
        ask(asking, &whom.endpoint, &request, pending()),
        ask(asking, &base_name, &other, pending())
    );
    match asking.args.format {
        Format::Json => {
            let mut value = document(asking, whom);
            value.insert("tuned".to_owned(), side(&tuned, &whom.endpoint));
            value.insert("base".to_owned(), side(&theirs, &base_name));
            asking.output.document(&Value::Object(value));
        }
        Format::Text => {
            let on = asking.on();
            let (title, other) = (format!("tuned: {}{on}", whom.name), format!("base: {base}{on}"));
            let (left, right) = (text(&tuned), text(&theirs));
            let left = Column { title: &title, text: &left };
            let right = Column { title: &other, text: &right };
            asking.output.data(&beside(left, right, asking.output.width()));
        }
    }
    for (what, side) in [(whom.name.as_str(), &tuned), (base, &theirs)] {
        if let Ok(answered) = side {
            let figures = answered.figures();
            asking.output.say(&format!("{what}{}: {figures}\n", asking.on()));
        }
    }
    if let (Ok(tuned), Ok(theirs)) = (&tuned, &theirs)
        && tuned.answer.text == theirs.answer.text
        && tuned.answer.verdict().is_answer()
    {
        asking.output.say("both say the same\n");
    }
    let mut exit = Ok(Exit::Done);
    for side in [tuned, theirs] {
        let judged = match side {
            Ok(answered) => judged(asking, &answered.answer.verdict()),
            Err(error) => Err(unasked(asking, whom, error)),
        };
        exit = exit.and(judged);
    }
    exit
}

/// A model of Google's where the endpoint is.
fn publisher_model(place: &Place, model: &str) -> Result<ResourceName, Failure> {
    let Place { project, location } = place;
    let name = format!("projects/{project}/locations/{location}/publishers/google/models/{model}");
    name.parse().map_err(|_| {
        Failure::usage(format!("`{model}` is no model of Google's"))
            .hint("name one as manifests do: gemini-3.5-flash")
    })
}

fn text(side: &Result<Answered, ReadError>) -> String {
    match side {
        Ok(answered) => match answered.answer.verdict() {
            verdict if verdict.is_answer() => answered.text(),
            verdict => {
                let words = verdict.words().unwrap_or_default();
                format!("{}({words})\n", answered.text())
            }
        },
        Err(error) => Plain::whole(&format!("(no answer: {error})\n")),
    }
}

fn side(side: &Result<Answered, ReadError>, model: &ResourceName) -> Value {
    match side {
        Ok(answered) => answered.json(model),
        Err(error) => json!({"model": model.to_string(), "error": {"message": chain(error)}}),
    }
}
