//! Log lines on stderr: one for each change of state.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{DefaultFields, Format, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent};
use tracing_subscriber::registry::LookupSpan;

use crate::cli::{Global, LogFormat};
use crate::watch::{News, Severity};

/// Sets up the log of a daemon, which tells changes also when nobody asked.
pub(in crate::cli) fn subscribe(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "retune=warn",
        (false, 0) => "retune=warn,retune::watch=info",
        (false, 1) => "retune=info",
        (false, 2) => "retune=debug",
        (false, _) => "debug,hyper=info,h2=info",
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_ansi(false)
        // A log that cannot be written any more stops nothing.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let set = match global.log_format {
        LogFormat::Text => subscriber.event_format(Lines).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    // A program that embeds the library may have set its own.
    let _ = set;
}

/// One change of state. The keys are stable; those without a value are absent.
pub(super) fn log(news: &News) {
    let News { severity, code, key, job, reason, message, at: _ } = news;
    let event = *code;
    let name = key.as_ref().map(|key| key.name.as_str());
    let project = key.as_ref().map(|key| key.place.project.as_str());
    let location = key.as_ref().map(|key| key.place.location.as_str());
    let rerun = key.as_ref().map(|key| key.rerun);
    let (job, reason) = (job.as_ref().map(ToString::to_string), *reason);
    macro_rules! say {
        ($level:expr) => {
            tracing::event!(
                target: "retune::watch",
                $level,
                event,
                name,
                project,
                location,
                rerun,
                job,
                reason,
                "{message}"
            )
        };
    }
    match severity {
        Severity::Info => say!(Level::INFO),
        Severity::Warning => say!(Level::WARN),
        Severity::Error => say!(Level::ERROR),
    }
}

/// `2026-11-22T21:30:39.123456Z  INFO faq created: tuningJobs/1: new manifest`;
/// what is not about a change of state keeps the usual form.
struct Lines;

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, DefaultFields> for Lines {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, DefaultFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut seen = Seen::default();
        event.record(&mut seen);
        let Seen { event: Some(code), name, message } = seen else {
            return Format::default().with_ansi(false).format_event(context, writer, event);
        };
        SystemTime.format_time(&mut writer)?;
        write!(writer, " {:>5} ", event.metadata().level())?;
        if let Some(name) = name {
            write!(writer, "{name} ")?;
        }
        writeln!(writer, "{code}: {message}")
    }
}

#[derive(Default)]
struct Seen {
    event: Option<String>,
    name: Option<String>,
    message: String,
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "event" => self.event = Some(value.to_owned()),
            "name" => self.name = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
