//! Findings as a compiler shows them.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::manifest::{Finding, Severity, Spot};

/// The findings with their source lines underlined, one blank line after each.
/// `colour` adds terminal colours; nothing is said by them alone.
pub fn text(findings: &[Finding], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(80);
    let mut out = String::new();
    for finding in findings {
        out.push_str(&renderer.render(&[group(finding)]));
        out.push_str("\n\n");
    }
    out
}

fn group(finding: &Finding) -> Group<'_> {
    let level = match finding.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::NOTE.with_name("advice"),
    };
    let title = level.primary_title(&finding.message).id(finding.code.as_str());
    let mut group = place(Group::with_title(title), &finding.spot, AnnotationKind::Primary, None);
    if let Some(related) = &finding.related {
        let note = Some(related.message.as_str());
        group = place(group, &related.spot, AnnotationKind::Context, note);
    }
    match &finding.hint {
        Some(hint) => group.element(Level::HELP.message(hint)),
        None => group,
    }
}

/// The place and its source line. Where the line was cut or escaped before the
/// place, the renderer is told the column instead of counting it.
fn place<'a>(
    group: Group<'a>,
    spot: &'a Spot,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Group<'a> {
    let file = crate::manifest::place::shown(&spot.file.to_string_lossy());
    let (line, column) = (spot.line as usize, spot.column as usize);
    let Some(excerpt) = &spot.excerpt else {
        return group.element(Origin::path(file).line(line).char_column(column));
    };
    let start = excerpt.before.len();
    let source = format!("{}{}{}", excerpt.before, excerpt.here, excerpt.after);
    let annotation = kind.span(start..start + excerpt.here.len()).label(label);
    let snippet = Snippet::source(source).line_start(line).annotation(annotation);
    if excerpt.before.chars().count() + 1 == column {
        group.element(snippet.path(file))
    } else {
        let origin = Origin::path(file).line(line).char_column(column);
        group.element(origin).element(snippet)
    }
}
