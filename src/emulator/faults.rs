//! Faults on demand: a network and a service on a bad day.
//!
//! A [`Rule`] says which requests it is about, what happens to them and how
//! often. Rules are asked in their order. Delays and distorted answers of
//! several rules add up; of the faults that decide over the answer (all from
//! `refuse` to `late` below) the first one to fire is the only one, and later
//! ones do not count the request.
//!
//! Everything a rule draws comes from the emulator's seed, and time from its
//! clock: however fast jobs run, a second in a rule is a second. Rules, requests that are still to be applied and the log are never
//! written to disk.
//!
//! # Grammar
//!
//! ```text
//! RULE    = ON [ "@" MATCH ] ":" FAULT [ "=" VALUE ] { "," NAME "=" VALUE } { ":" WHEN }
//! MATCH   = PART { "," PART }      all of them: LABEL=VALUE, or a part of the name
//! ```
//!
//! | ON | requests |
//! |---|---|
//! | `any` | all of them |
//! | `create` `get` `cancel` | of a tuning job |
//! | `list` | `list-jobs` and `list-models` together |
//! | `storage-get` | objects and buckets: reading and listing |
//! | `storage-put` | objects and buckets: everything that writes |
//! | `other` | metrics, endpoints, prompts, operations |
//! | `connect` | no request but a new connection; takes `refuse` only |
//!
//! A name matches by any part of the URL or of a job's display name; labels
//! are those of the job that is created, shown or cancelled.
//!
//! | FAULT | what the client sees | what happens |
//! |---|---|---|
//! | `refuse[=CODE]` | 403 or another 4xx; at `connect` a reset | nothing |
//! | `status=CODE[,retry-after=S][,retry-info=S]` | the status, as a header and in the body when to come back | nothing |
//! | `quota[,retry-after=S]` | 429 `RESOURCE_EXHAUSTED` with a `QuotaFailure` | nothing |
//! | `html[=CODE]` | a proxy's page, 502 unless told otherwise | nothing |
//! | `drop` | the connection closes without an answer | nothing |
//! | `process-then-drop` | the connection closes without an answer | everything |
//! | `process-then-status[=CODE][,retry-after=S][,retry-info=S]` | 503 unless told otherwise | everything |
//! | `process-then-html[=CODE]` | a proxy's page | everything |
//! | `truncate[=BYTES]` | the answer stops, half way unless told, and the connection closes | everything |
//! | `invalid-json` | a whole answer that is half a JSON text | everything |
//! | `empty-json` | `{}` | everything |
//! | `hold-middle` | half of the answer, and the rest when it is let go | everything, at once |
//! | `late=S` (create) | the connection closes without an answer | the job is created S seconds later |
//! | `delay=MS` | the answer comes late | everything, after MS milliseconds, even if the client has gone |
//! | `delay-answer=MS` | the answer comes late | everything, at once |
//! | `hold` | the answer comes when the request is let go | everything, then, even if the client has gone |
//! | `hold-answer` | the answer comes when it is let go | everything, at once |
//! | `stale=S` (lists) | the list of S seconds ago: younger jobs and models missing, older states | |
//! | `lost-page` (lists) | the page after the one asked for | |
//! | `repeat-token` (lists) | a token that leads to the same page again | |
//! | `filter-ignored` (lists) | everything, whatever the filter | |
//! | `filter-matches-nothing` (lists) | nothing, if there is a filter | |
//! | `cancel-loses` (cancel) | success | the job goes on and ends as if never asked |
//! | `labels-not-echoed` (create) | a job without its labels | the job has them |
//!
//! | WHEN | fires |
//! |---|---|
//! | `N` | N times at most: `1` is the first matching request |
//! | `after-N` | not for the first N matching requests |
//! | `every-N` | for each N-th matching request |
//! | `p0.25` | for a quarter of the matching requests |
//!
//! ```text
//! create:process-then-drop:1
//! create@retune-name=faq:late=90:1
//! list:stale=60
//! storage-put:status=503,retry-after=2:every-3
//! any:delay=1500:p0.1
//! create:hold-answer:1
//! ```
//!
//! The same rule as JSON:
//!
//! ```json
//! {"on": "create", "match": {"labels": {"retune-name": "faq"}},
//!  "fault": {"kind": "late", "seconds": 90}, "times": 1}
//! ```
//!
//! # At run time
//!
//! | route | |
//! |---|---|
//! | `GET /emulator/faults` | the rules in force, how often each matched and fired |
//! | `POST /emulator/faults` | adds rules: one or an array, each as JSON or in the grammar |
//! | `DELETE /emulator/faults` | ends all rules; requests already late still come |
//! | `GET /emulator/held` | the requests that are held: `number` in the log, `operation`, `at` request, answer or middle |
//! | `DELETE /emulator/held` | lets them all go; `DELETE /emulator/held/NUMBER` one of them |
//! | `GET /emulator/log` | every request, what it really did and which faults it met |
//! | `DELETE /emulator/log` | forgets the requests so far |
//! | `GET /emulator/jobs` | every job as it is, of all projects, past all faults |

mod admin;
mod asked;
mod draw;
mod fault;
mod grammar;
mod hold;
mod inject;
mod log;
mod rule;

pub use self::asked::Operation;
pub use self::draw::{Faults, InForce};
pub use self::fault::Fault;
pub use self::grammar::ParseError;
pub use self::hold::{At, Held};
pub use self::log::{Effect, Entry, WhatHappened};
pub use self::rule::{Match, On, Rule, RuleError};

pub(crate) use self::admin::router as admin;
pub(crate) use self::draw::Twist;
pub(crate) use self::inject::{Ticket, hang_up, inject, is_hang_up};
