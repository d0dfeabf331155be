//! One file to typed documents and findings.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_yaml::{Mapping, Value};

use super::checks::{self, Subject};
use super::code::{Code, Severity};
use super::document::{TunedModel, WorkspaceDocument};
use super::finding::{Finding, MAX_FINDINGS, Problem, enough};
use super::place::{Spot, Text};
use super::tree::{self, Kind, Node, Span};
use super::{files, inspect, scalar};
use crate::model::Source;

/// A tuned model as it was written, with the places later findings speak of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReadManifest {
    pub(crate) document: TunedModel,
    pub(crate) source: Source,
    pub(crate) name: Spot,
    pub(crate) project: Spot,
    pub(crate) location: Spot,
    pub(crate) labels: Spot,
}

/// A Workspace as it was written.
#[derive(Debug, Clone)]
pub(crate) struct ReadWorkspace {
    pub(crate) document: WorkspaceDocument,
    pub(crate) source: Source,
    pub(crate) name: Spot,
    pub(crate) project: Spot,
    pub(crate) location: Spot,
}

/// What one file holds.
#[derive(Debug, Default)]
pub(crate) struct ReadFile {
    pub(crate) manifests: Vec<ReadManifest>,
    pub(crate) workspaces: Vec<ReadWorkspace>,
    /// A Workspace is there but not valid.
    pub(crate) broken_workspace: bool,
    pub(crate) documents: usize,
    pub(crate) findings: Vec<Finding>,
}

/// Reads files on all cores. Results come in the order of the paths.
pub(crate) fn all(paths: &[PathBuf]) -> Vec<ReadFile> {
    on_all_cores(paths, |path| file(path))
}

/// What `each` makes of the items, a file's work each, in their order.
pub(crate) fn on_all_cores<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    // Below this a thread costs more than it saves.
    const FILES_A_THREAD: usize = 32;
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = cores.min(items.len().div_ceil(FILES_A_THREAD));
    if threads <= 1 {
        return items.iter().map(each).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(i) else { return done };
            done.push((i, each(item)));
        }
    };
    let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for worker in workers {
            // A panic in a worker is a bug of ours and goes on as the same panic.
            all.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    all.sort_unstable_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, done)| done).collect()
}

/// Reads one file.
pub(crate) fn file(path: &Path) -> ReadFile {
    readable(path, files::read(path))
}

/// Reads the bytes of one file.
pub(crate) fn bytes(path: &Path, bytes: Vec<u8>) -> ReadFile {
    readable(path, files::text(path, bytes))
}

/// What is made of a file's text, or of the reason why there is none.
pub(crate) fn readable(path: &Path, text: Result<String, Box<Finding>>) -> ReadFile {
    match text {
        Ok(text) => read(path, &text),
        Err(finding) => ReadFile { findings: vec![*finding], ..ReadFile::default() },
    }
}

/// Reads the text of one file.
pub(crate) fn read(path: &Path, text: &str) -> ReadFile {
    let text = Text::new(Arc::from(path), text);
    let parsed = tree::parse(text.text);
    let mut problems = parsed.problems;
    let mut read = ReadFile { documents: parsed.documents.len(), ..ReadFile::default() };
    for root in &parsed.documents {
        document(root, &text, &mut read, &mut problems);
        if enough(&problems) {
            break;
        }
    }
    // What ended the reading first: it says that there is more than was looked at.
    problems.sort_by_key(|p| (!p.code.ends_reading(), p.code.severity(), p.span.start));
    if problems.len() > MAX_FINDINGS {
        problems.truncate(MAX_FINDINGS);
        let message = format!("more than {MAX_FINDINGS} findings; the others are not shown");
        let last = problems.last().map_or(Span { start: 0, end: 0 }, |p| p.span);
        problems.push(
            Problem::new(Code::TooManyFindings, last, message).hint("mend these and look again"),
        );
    }
    read.findings = problems.into_iter().map(|problem| problem.placed(&text)).collect();
    read
}

fn document(root: &Node<'_>, text: &Text<'_>, read: &mut ReadFile, problems: &mut Vec<Problem>) {
    let before = problems.len();
    // Duplicate keys and the like were found while parsing: they spoil the document too.
    let spoilt = problems.iter().any(|p| {
        (root.span.start..=root.span.end).contains(&p.span.start)
            && p.code.severity() == Severity::Error
    });
    inspect::document(root, problems);
    let workspace = is_workspace(root);
    let sound = !spoilt && problems.len() == before;
    if !sound {
        read.broken_workspace |= workspace;
        return;
    }
    let source = Source { file: text.file.to_path_buf(), line: text.line(root.span.start) };
    let spot = |path: &[&str]| text.spot(place(root, path));
    let result = if workspace {
        serde_yaml::from_value(value(root)).map(|document| {
            read.workspaces.push(ReadWorkspace {
                document,
                source,
                name: spot(&["metadata", "name"]),
                project: spot(&["spec", "project"]),
                location: spot(&["spec", "location"]),
            });
        })
    } else {
        serde_yaml::from_value(value(root)).map(|document| {
            problems.extend(checks::run(&Subject { document: &document, root }));
            read.manifests.push(ReadManifest {
                document,
                source,
                name: spot(&["metadata", "name"]),
                project: spot(&["spec", "project"]),
                location: spot(&["spec", "location"]),
                labels: spot(&["metadata", "labels"]),
            });
        })
    };
    if let Err(error) = result {
        // The schema took what the types do not. Tests look for such a document.
        read.broken_workspace |= workspace;
        let at = place(root, &["spec"]);
        problems.push(
            Problem::new(Code::InvalidValue, at, format!("not understood: {error}"))
                .hint("compare the document with the schema: `retune schema`"),
        );
    }
}

fn is_workspace(root: &Node<'_>) -> bool {
    root.entry("kind").is_some_and(
        |entry| matches!(&entry.value.kind, Kind::Scalar { text, .. } if text == "Workspace"),
    )
}

/// The value at a path, else the key of the nearest mapping that is there.
fn place(root: &Node<'_>, path: &[&str]) -> Span {
    if let Some(entry) = root.find(path) {
        return entry.value.span;
    }
    let parents = path.split_last().map(|(_, parents)| parents).unwrap_or_default();
    root.find(parents).map_or(root.span, |entry| entry.key_span)
}

/// The tree as a value to make typed documents from.
pub(crate) fn value(node: &Node<'_>) -> Value {
    match &node.kind {
        Kind::Scalar { text, plain } => scalar::resolve(text, *plain).value(),
        Kind::Sequence(items) => Value::Sequence(items.iter().map(value).collect()),
        Kind::Mapping { entries, .. } => {
            let mut mapping = Mapping::with_capacity(entries.len());
            for entry in entries {
                mapping.insert(Value::String(entry.key.clone().into_owned()), value(&entry.value));
            }
            Value::Mapping(mapping)
        }
    }
}
