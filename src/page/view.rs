//! One tuned model's own view: everything known of it.

mod charts;
mod data;
mod made;
mod runs;
mod spec;

use jiff::Timestamp;
use maud::{Markup, html};

use super::address::Address;
use super::list::{self, time};
use super::row::Row;
use super::shell::{Body, Form, Notice, Page, document, notices, version};
use super::text::{Said, Told};
use crate::curves;
use crate::detail::Detail;
use crate::model::{Prices, Untrusted};
use crate::plan::{Action, Change, Create, Plan, show};

/// Everything that a view is made of.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What is known of the model.
    pub detail: &'a Detail<'a>,
    /// Its newest runs, as the listing has them: those that nobody read.
    pub listed: &'a [super::Run],
    /// What was decided, of this model and maybe of others.
    pub plan: &'a Plan,
    /// What tokens cost.
    pub prices: &'a Prices,
    /// What its newest run measured.
    pub curves: &'a Charts,
    /// When it was looked at.
    pub at: Timestamp,
    /// What is to be said first.
    pub notices: &'a [Notice],
    /// Whether this is no real service.
    pub emulator: bool,
}

/// What a run measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Charts {
    /// What was read of it.
    Read(Box<curves::Run>),
    /// Why nothing was, in words with backticks around what is to be typed.
    Unread(String),
    /// Why it could not be read this time, in such words.
    Failed(String),
}

impl View<'_> {
    /// A page of its own.
    pub(super) fn page(&self, row: &Row<'_>) -> Page {
        let on = if self.emulator { " (emulator)" } else { "" };
        let name = self.detail.key.name.as_str();
        let shown = self.content(Form::Served, row);
        let version = version(&(&shown.0, self.notices));
        let content = html! {
            a.skip href="#view" { "Skip to the model" }
            nav.back { a href="../../../" { "All models" } }
            main.view #view tabindex="-1" { (self.top(Form::Served, row)) (shown) }
            (list::foot(Form::Served))
        };
        let title = format!("{name}: {}{on} · retune", row.state.word);
        document(Body { form: Form::Served, title, content, version })
    }

    /// A part of a file.
    pub(super) fn part(&self, row: &Row<'_>) -> Markup {
        html! {
            main.view.paged id=(row.at.id()) tabindex="-1" aria-label=(row.at.name.as_str()) {
                nav.back { a href="#models" { "All models" } }
                (self.top(Form::File, row))
                (self.content(Form::File, row))
            }
        }
    }

    fn content(&self, form: Form, row: &Row<'_>) -> Markup {
        let part = |id: &str, content: Markup| part(form, id, &content);
        html! {
            (notices(form, self.notices))
            (part("about", self.facts(row)))
            (part("now", self.now(row)))
            (part("runs", runs::runs(self.detail, self.listed)))
            (part("curves", charts::charts(self.curves, self.detail.key)))
            (part("made", made::made(self.detail)))
            (part("data", data::data(self.detail, self.prices)))
            (part("spec", spec::spec(self.detail)))
        }
    }

    fn top(&self, form: Form, row: &Row<'_>) -> Markup {
        let live = form == Form::Served;
        html! {
            header.top id=[live.then_some("top")] data-v=[live.then(|| version(row.state.word))] {
                h1 {
                    (self.detail.key.name.as_str()) " "
                    span class={ "badge " (row.state.tone.class()) } { (row.state.word) }
                    @if self.emulator { " " span.tag { "emulator" } }
                }
                p { "As of " (time(self.at)) "." }
            }
        }
    }

    fn facts(&self, row: &Row<'_>) -> Markup {
        let Detail { key, source, spec, .. } = self.detail;
        let file = Untrusted::new(source.file.to_string_lossy());
        // As the list has it: only the newest runs are read for a view.
        let spent = row.cost.unwrap_or_else(|| self.detail.spent());
        html! {
            dl.facts {
                div { dt { "Place" } dd { (Told(&key.place.to_string())) } }
                div { dt { "Owner" } dd { (key.owner.as_str()) } }
                div { dt { "Manifest" } dd { (Said(file.shown())) ":" (source.line) } }
                div { dt { "Rerun" } dd { (key.rerun) } }
                div { dt { "Cost of all runs" } dd { (Said(spent)) } }
                div.wide { dt { "Spec" } dd.mono { (spec) } }
            }
        }
    }

    /// What stands between the manifest and the model, and what would be done.
    fn now(&self, row: &Row<'_>) -> Markup {
        let changes = create(self.plan, row.at).map_or(&[][..], |create| &create.changes);
        // The same in words as the table below it.
        let is_create = |action: &&Action| matches!(action, Action::Create(create) if Address::of(&create.key) == row.at);
        let create = self.plan.actions.iter().find(is_create);
        let said = create.filter(|_| !changes.is_empty()).map(show::why);
        let notes = || row.notes.iter().filter(|note| Some(&note.text) != said.as_ref());
        if notes().next().is_none() && changes.is_empty() {
            return html! {};
        }
        html! {
            h2 { "Now" }
            div class={ "notes " (row.state.tone.class()) } {
                @for note in notes() { (list::note(note)) }
                @if !changes.is_empty() { (diff(changes)) }
            }
        }
    }
}

/// A part that is replaced as a whole when it changed. In a file it never does,
/// and many views may not share ids.
fn part(form: Form, id: &str, content: &Markup) -> Markup {
    match form {
        _ if content.0.is_empty() && form == Form::File => html! {},
        Form::File => html! { section class=(id) { (content) } },
        Form::Served => html! {
            section class=(id) id=(id) data-v=(version(&content.0)) { (content) }
        },
    }
}

/// The create that is due, or waits.
fn create<'a>(plan: &'a Plan, at: Address<'_>) -> Option<&'a Create> {
    let due = plan.creates().find(|create| Address::of(&create.key) == at);
    due.or_else(|| plan.deferred().find(|create| Address::of(&create.key) == at))
}

fn diff(changes: &[Change]) -> Markup {
    let side = |side: &Option<String>| match side {
        Some(text) => html! { code { (Told(text)) } },
        None => html! { span.quiet { "unset" } },
    };
    html! {
        (table(
            Some("What the new run is asked otherwise than the one before"),
            &["Field", "Before", "Now"],
            html! {
                @for change in changes {
                    tr role="row" {
                        (field(&change.path))
                        td role="cell" data-of="Before" { del { (side(&change.old)) } }
                        td role="cell" data-of="Now" { ins { (side(&change.new)) } }
                    }
                }
            },
        ))
    }
}

/// A table; where there is no room for columns its rows are laid out one below
/// the other, which some browsers take for no table.
fn table(caption: Option<&str>, columns: &[&str], rows: Markup) -> Markup {
    html! {
        table.plain role="table" {
            @if let Some(caption) = caption { caption { (caption) } }
            thead role="rowgroup" {
                tr role="row" {
                    @for column in columns { th role="columnheader" scope="col" { (column) } }
                }
            }
            tbody role="rowgroup" { (rows) }
        }
    }
}

/// A field of the spec: its name, and the way to it. Of a long path the end
/// tells most.
fn field(path: &str) -> Markup {
    let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
    html! {
        th role="rowheader" scope="row" {
            (Told(name))
            @if !above.is_empty() { small { (Told(above)) } }
        }
    }
}
