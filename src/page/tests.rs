//! Pages as text; what a browser makes of them, `tests/page` says.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::*;
use crate::curves::{Curves, Missing, Point, Series};
use crate::detail::Detail;
use crate::model::{
    Costs, DataStats, Desired, Distribution, Facts, JobError, JobName, JobState, Key, Name,
    Observed, Place, Prices, Progress, Source, Spent, Stamp, TunedModel, TuningSpec, Untrusted,
    Wanted,
};
use crate::plan::{Held, HoldReason, InFlight, InSync, Orphan, Plan};

const HARM: &str = "</script><script>alert(1)</script>' \" onload=x \u{202e}a\u{200b}\u{9b}2J `b`";

fn key(name: &str) -> Key {
    let (place, owner) = (Place::new("acme-ml", "us-central1"), "acme".parse().unwrap());
    Key { place, owner, name: name.parse().unwrap(), rerun: 2 }
}

fn job(id: u32) -> JobName {
    format!("projects/42/locations/us-central1/tuningJobs/{id}").parse().unwrap()
}

fn failed(name: &str, message: &str) -> Held {
    let error = Some(JobError { code: 3, message: Untrusted::new(message) });
    let reason = HoldReason::LastRunFailed {
        job: job(1),
        error,
        has_model: false,
        retry_in: None,
        adopted: false,
    };
    Held { key: key(name), reason }
}

/// One of each kind: a failed one, one that runs, one that is tuned, one that
/// nobody asked for.
fn plan() -> Plan {
    let endpoint = Some(HARM.into());
    Plan {
        held: vec![failed("broken", HARM)],
        in_flight: vec![InFlight {
            key: key("running"),
            job: job(2),
            state: JobState::Running,
            age: Some(Duration::from_secs(90 * 60)),
        }],
        in_sync: vec![InSync {
            key: key("tuned"),
            job: Some(job(3)),
            tuned_model: Some(TunedModel { endpoint, ..TunedModel::default() }),
        }],
        orphaned: vec![Orphan { key: key("lost"), job: job(4), state: JobState::Running }],
        places: vec![Place::new("acme-ml", "us-central1")],
        ..Plan::default()
    }
}

/// What is around a plan in an overview.
#[derive(Default)]
struct Around {
    progress: BTreeMap<JobName, Progress>,
    runs: Runs,
    costs: Costs,
    notices: Vec<Notice>,
    same_service: &'static str,
}

impl Around {
    fn overview<'a>(&'a self, plan: &'a Plan, owner: &'a Name, at: i64) -> Overview<'a> {
        Overview {
            owner,
            plan,
            progress: &self.progress,
            runs: &self.runs,
            costs: &self.costs,
            at: Timestamp::from_second(at).unwrap(),
            notices: &self.notices,
            emulator: false,
            same_service: self.same_service,
        }
    }
}

fn list(plan: &Plan, around: &Around, at: i64) -> Page {
    around.overview(plan, &"acme".parse().unwrap(), at).page()
}

fn desired(name: &str) -> Desired {
    let source = Source { file: format!("m/{HARM}.yaml").into(), line: 7 };
    let spec = TuningSpec { base_model: Some("gemini-3.5-flash".into()), ..TuningSpec::default() };
    let lifecycle = crate::model::Lifecycle::default();
    Desired::from(Wanted { key: key(name), spec, lifecycle, source })
}

fn observed(id: u32, state: JobState) -> Observed {
    facts(id, state).into()
}

fn facts(id: u32, state: JobState) -> Facts {
    Facts {
        name: job(id),
        place: Place::new("acme-ml", "us-central1"),
        stamp: None,
        state,
        create_time: None,
        start_time: None,
        end_time: None,
        echo: TuningSpec { base_model: Some(HARM.into()), ..TuningSpec::default() },
        pre_tuned_base: None,
        error: Some(JobError { code: 3, message: Untrusted::new(HARM) }),
        tuned_model: Some(TunedModel { model: Some(HARM.into()), ..TunedModel::default() }),
        experiment: None,
        billable_tokens: None,
        data: None,
    }
}

/// The own view of a model with one run.
fn view(charts: &Charts) -> Page {
    view_of(&observed(1, JobState::Failed), &Around::default(), charts)
}

fn view_of(run: &Observed, around: &Around, charts: &Charts) -> Page {
    let (plan, desired) = (plan(), desired("broken"));
    let prices = Prices::default();
    let owner = "acme".parse().unwrap();
    let overview = around.overview(&plan, &owner, 0);
    let view = View {
        detail: &Detail::new(&desired, &[run], &prices, None, |_| None),
        listed: &[],
        plan: &plan,
        prices: &prices,
        curves: charts,
        at: overview.at,
        notices: &[],
        emulator: false,
    };
    overview.view(&view).unwrap()
}

fn unread() -> Charts {
    Charts::Unread(format!("Not now: {HARM}"))
}

/// The text between the first `from` and the `to` after it.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).unwrap().0
}

#[track_caller]
fn assert_inert(html: &str) {
    assert!(!html.contains("<script>alert"), "{html}");
    assert_eq!(html.matches("<script>").count(), 1);
    assert_eq!(html.matches("</script>").count(), 1);
    for steers in ['\u{202e}', '\u{200b}', '\u{9b}'] {
        assert!(!html.contains(steers), "{steers:?}");
    }
    // Escaped, so that it is read as it was written.
    assert!(html.contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    assert!(html.contains("\\u{202e}a\\u{200b}\\u{9b}2J"), "{html}");
}

#[test]
fn what_somebody_else_wrote_is_text_and_nothing_more() {
    let mut around = Around::default();
    around.notices.push(Notice { is_trouble: true, text: HARM.to_owned() });
    let detail = Some(HARM.to_owned());
    around.progress.insert(job(2), Progress { detail, ..Progress::default() });
    assert_inert(&list(&plan(), &around, 0).html);
    assert_inert(&waiting(&around.notices).html);
    assert_inert(&view(&unread()).html);
    let value = |value| Point { step: 1, wall_time: None, value };
    let series = |name: &str, v| Series::new(Untrusted::new(name), vec![value(v)], true);
    let all = vec![series(HARM, f64::NAN), series("/train_total_loss", 0.5)];
    for curves in [Ok(Curves { series: all }), Err(Missing::InCloudStorage(Untrusted::new(HARM)))] {
        let run = crate::curves::Run {
            label: HARM.to_owned(),
            name: None,
            job: Some(job(1)),
            state: Some(JobState::Failed),
            experiment: None,
            validation: false,
            checkpoints: Vec::new(),
            curves,
        };
        assert_inert(&view(&Charts::Read(Box::new(run))).html);
    }
}

#[test]
fn the_policy_allows_what_is_in_the_page_and_nothing_else() {
    let hash = |text: &str| {
        let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text));
        format!("'sha256-{digest}'")
    };
    let owner: Name = "acme".parse().unwrap();
    let (plan, around) = (plan(), Around::default());
    let file = around.overview(&plan, &owner, 0).file(|_, _, _| {});
    let pages = [
        (list(&plan, &around, 0), Form::Served),
        (view(&unread()), Form::Served),
        (missing(), Form::Served),
        (file, Form::File),
    ];
    for (Page { html, .. }, form) in pages {
        let policy = policy(form);
        for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
            let inside = between(&html, &format!("<{element}>"), &format!("</{element}>"));
            assert!(policy.contains(&format!("{directive} {};", hash(inside))), "{policy}");
        }
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        for loose in ["unsafe", "*", "http"] {
            assert!(!policy.contains(loose), "{policy}");
        }
        let body = html.split_once("</style>").unwrap().1;
        let markup = body.split_once("<script>").unwrap().0;
        // What somebody wrote is escaped, and has no quotes.
        for attribute in [" style=\"", " onload=\"", " onclick=\"", " src=\"", "href=\"http"] {
            assert!(!markup.contains(attribute), "{attribute}: {markup}");
        }
        // A file says it itself; of what is served, the server does.
        let said = html.contains("http-equiv=\"Content-Security-Policy\"");
        assert_eq!(said, form == Form::File);
    }
    assert!(policy(Form::Served).contains("frame-ancestors 'none'"));
    assert!(policy(Form::Served).contains("connect-src 'self'"));
    assert!(!policy(Form::File).contains("connect-src"));
}

/// The version of each row, by the name of its model.
fn versions(page: &Page) -> BTreeMap<String, String> {
    let rows = page.html.split("<tr role=\"row\" id=\"row/acme-ml/us-central1/").skip(1);
    let read = |row: &str| {
        let name = row.split('"').next().unwrap().to_owned();
        (name, between(row, "data-v=\"", "\"").to_owned())
    };
    rows.map(read).collect()
}

#[test]
fn a_version_is_another_one_when_what_is_shown_is() {
    let around = Around::default();
    let before = list(&plan(), &around, 1_000);
    assert_eq!(list(&plan(), &around, 2_000).version, before.version);
    let mut plan = plan();
    plan.held = vec![failed("broken", "another reason")];
    let after = list(&plan, &around, 1_000);
    assert_ne!(after.version, before.version);
    let (before, after) = (versions(&before), versions(&after));
    assert_eq!(before.keys().collect::<Vec<_>>(), ["broken", "lost", "running", "tuned"]);
    let changed: Vec<&str> =
        before.iter().filter(|(name, v)| after[*name] != **v).map(|(n, _)| n.as_str()).collect();
    assert_eq!(changed, ["broken"]);
}

#[test]
fn what_needs_somebody_comes_first_with_what_unblocks_it() {
    let html = list(&plan(), &Around::default(), 0).html;
    let places: Vec<usize> = ["broken", "lost", "running", "tuned"]
        .iter()
        .map(|name| html.find(&format!("us-central1/{name}\" data-v")).unwrap())
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    for wanted in [
        "<b>2</b> Needs attention",
        "<b>1</b> Under way",
        "<b>1</b> As the manifests say",
        "<code>lifecycle.rerun: 3</code>",
        "<code>retune apply --prune lost</code>",
        "<td class=\"age number\" role=\"cell\">1h 30m</td>",
        "<title>(2) acme · retune</title>",
    ] {
        assert!(html.contains(wanted), "{wanted} is not in {html}");
    }
    // Without a manifest there is nothing to lead to.
    assert!(html.contains("href=\"models/acme-ml/us-central1/tuned\""));
    assert!(!html.contains("models/acme-ml/us-central1/lost\""));
}

#[test]
fn what_to_type_leads_to_the_same_service() {
    let around = Around { same_service: " --emulator", ..Around::default() };
    let html = list(&plan(), &around, 0).html;
    // What unblocks it, and the words above it.
    assert_eq!(html.matches("<code>retune apply --prune lost --emulator</code>").count(), 2);
}

#[test]
fn an_own_view_says_why_and_what_next() {
    let html = view(&unread()).html;
    for wanted in [
        "INVALID_ARGUMENT",
        "the model was tuned and exists; what came after, such as its endpoint, failed",
        "<title>broken: failed · retune</title>",
        "h1-",
    ] {
        assert!(html.contains(wanted), "{wanted} is not in {html}");
    }
}

#[test]
fn an_own_view_has_the_cost_of_all_runs_also_of_those_that_are_not_read() {
    let key = key("broken");
    let spent = Spent { usd: 12.5, known: 9, unknown: 1 };
    let costs = [(key.place, key.name, spent)].into_iter().collect();
    let around = Around { costs, ..Around::default() };
    let html = view_of(&observed(1, JobState::Failed), &around, &unread()).html;
    assert_eq!(
        between(&html, "<dt>Cost of all runs</dt><dd>", "</dd>"),
        "$12.50 and 1 run unknown"
    );
}

#[test]
fn a_label_that_cannot_be_read_is_no_zero() {
    let stamp = Stamp {
        owner: "acme".parse().unwrap(),
        name: "broken".parse().unwrap(),
        rerun: None,
        spec: None,
        data: None,
        rev: None,
        attempt: 1,
        run: None,
    };
    let run = Facts { stamp: Some(stamp), ..facts(1, JobState::Failed) }.into();
    let html = view_of(&run, &Around::default(), &unread()).html;
    let run = html.split_once("Attempt").unwrap().0;
    assert!(run.ends_with("<dt>Rerun</dt><dd>unreadable</dd></div><div><dt>"), "{run}");
}

#[test]
fn numbers_at_the_ends_of_what_there_is_are_drawn_or_left_out() {
    let spread = |min, max| {
        let bars = Distribution::of_bars(min, max, &[(min, max, 8.0)]);
        Distribution { median: Some(0.5), ..bars }
    };
    let page = |distributions| {
        let data = Some(Box::new(DataStats { distributions, ..DataStats::default() }));
        let run = Facts { data, ..facts(1, JobState::Succeeded) }.into();
        view_of(&run, &Around::default(), &unread()).html
    };
    let wide = page(vec![spread(-1e308, 1e308)]);
    assert!(wide.contains(r#"<rect x="0.0" y="0.0" width="400.0" height="64.0">"#), "{wide}");
    assert!(wide.contains("<span>-1.00e308</span><span>1.00e308</span>"), "{wide}");
    let narrow = page(vec![spread(0.0, 5e-324)]);
    assert!(narrow.contains("median 0.50") && !narrow.contains("<rect"), "{narrow}");
}
