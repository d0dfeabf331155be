//! What is in a claim's object.

use serde::{Deserialize, Serialize};

use crate::model::{JobName, Untrusted};

/// The format that this version writes, and the only one it reads.
const FORMAT: u64 = 1;

/// Longest object that is read as a claim. What retune writes has at most
/// 200 characters of a holder, a job's name and eight short fields: below 2 KiB.
pub(super) const MAX_BYTES: u64 = 4 * 1024;

/// Longest text that names a holder, in characters: a host, a process and a commit.
const MAX_HOLDER: usize = 200;

/// What a claim says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// How far its holder is.
    pub state: ClaimState,
    /// Names this very create; also the job's label `retune-run`.
    pub run: u64,
    /// Who wrote it, for people: host, process, revision.
    pub holder: Untrusted,
    /// The version of retune that wrote it.
    pub version: Untrusted,
    /// Which run of its spec it claims, from 1.
    pub attempt: u32,
}

/// How far a claim's holder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimState {
    /// It is about to create, or has, or died on the way.
    Pending,
    /// The job exists.
    Done {
        /// Which job.
        job: JobName,
    },
    /// The service said no, or nothing was sent: no job came of it.
    Released,
}

/// An object that is no claim, or none that this version can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More than any claim has.
    #[error("it has {size} bytes, more than any claim")]
    TooLarge {
        /// Its length.
        size: u64,
    },
    /// Written by a newer version.
    #[error("it has format {found}, and this version of retune reads {FORMAT}")]
    Newer {
        /// The format it names.
        found: u64,
    },
    /// Not JSON, or JSON of another shape.
    #[error("it is not the JSON of a claim, see line {line}, column {column}")]
    Shape {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A field with a value that no claim has.
    #[error("its `{0}` is none that retune writes")]
    Field(&'static str),
}

/// The object's JSON. Strict: who takes a claim decides over money, so what is
/// not understood to the last field is not understood.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    format_version: u64,
    state: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    run: String,
    attempt: u32,
    holder: String,
    retune: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Pending,
    Done,
    Released,
}

/// What every format has, to tell a newer one from another file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyFormat {
    format_version: u64,
}

impl Claim {
    /// The claim of somebody who is about to create.
    pub fn pending(run: u64, holder: &str, attempt: u32) -> Self {
        Self {
            state: ClaimState::Pending,
            run,
            holder: Untrusted::new(holder.chars().take(MAX_HOLDER).collect::<String>()),
            version: Untrusted::new(env!("CARGO_PKG_VERSION")),
            attempt,
        }
    }

    /// The same claim in another state.
    pub(super) fn with(&self, state: ClaimState) -> Self {
        Self { state, ..self.clone() }
    }

    /// The object's bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let Self { state, run, holder, version, attempt } = self;
        let (state, job) = match state {
            ClaimState::Pending => (Word::Pending, None),
            ClaimState::Done { job } => (Word::Done, Some(job.to_string())),
            ClaimState::Released => (Word::Released, None),
        };
        let body = Body {
            format_version: FORMAT,
            state,
            job,
            run: hex(*run),
            attempt: *attempt,
            holder: holder.raw().to_owned(),
            retune: version.raw().to_owned(),
        };
        // Strings and numbers always have a JSON form.
        serde_json::to_vec_pretty(&body).unwrap_or_default()
    }

    /// Reads the bytes of the object that claims the `attempt`-th run.
    pub(super) fn decode(bytes: &[u8], attempt: u32) -> Result<Self, Malformed> {
        let size = bytes.len() as u64;
        if size > MAX_BYTES {
            return Err(Malformed::TooLarge { size });
        }
        if let Ok(AnyFormat { format_version }) = serde_json::from_slice(bytes)
            && format_version > FORMAT
        {
            return Err(Malformed::Newer { found: format_version });
        }
        let body: Body = serde_json::from_slice(bytes)
            .map_err(|e| Malformed::Shape { line: e.line(), column: e.column() })?;
        let Body { format_version, state, job, run, attempt: named, holder, retune } = body;
        if format_version != FORMAT {
            return Err(Malformed::Field("formatVersion"));
        }
        if named != attempt {
            return Err(Malformed::Field("attempt"));
        }
        let job = job.map(|job| job.parse().map_err(|_| Malformed::Field("job"))).transpose()?;
        let state = match (state, job) {
            (Word::Pending, None) => ClaimState::Pending,
            (Word::Done, Some(job)) => ClaimState::Done { job },
            (Word::Released, None) => ClaimState::Released,
            (Word::Done, None) | (Word::Pending | Word::Released, Some(_)) => {
                return Err(Malformed::Field("job"));
            }
        };
        let run = u64::from_str_radix(&run, 16)
            .ok()
            .filter(|number| hex(*number) == run)
            .ok_or(Malformed::Field("run"))?;
        let (holder, version) = (Untrusted::new(holder), Untrusted::new(retune));
        Ok(Self { state, run, holder, version, attempt })
    }
}

/// As in the label `retune-run`.
fn hex(run: u64) -> String {
    format!("{run:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> JobName {
        "projects/42/locations/us-central1/tuningJobs/7".parse().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let claim = Claim::pending(0xab, "host\u{1b}[31m pid 7", 2);
        for state in [ClaimState::Pending, ClaimState::Done { job: job() }, ClaimState::Released] {
            let claim = claim.with(state);
            assert_eq!(Claim::decode(&claim.encode(), 2), Ok(claim.clone()));
            assert_eq!(Claim::decode(&claim.encode(), 1), Err(Malformed::Field("attempt")));
        }
        let text = String::from_utf8(claim.with(ClaimState::Done { job: job() }).encode()).unwrap();
        assert!(text.contains("\"run\": \"00000000000000ab\""), "{text}");
        assert!(text.contains("\"state\": \"done\""), "{text}");
    }

    #[test]
    fn the_longest_claim_is_short_enough_to_be_read() {
        let claim = Claim::pending(u64::MAX, &"\u{1}".repeat(10_000), u32::MAX);
        let bytes = claim.with(ClaimState::Done { job: job() }).encode();
        assert!(bytes.len() < 2048, "{}", bytes.len());
        assert!(Claim::decode(&bytes, u32::MAX).is_ok());
    }

    #[test]
    fn anything_else_is_said_not_to_be_one() {
        let good = String::from_utf8(Claim::pending(7, "h", 1).encode()).unwrap();
        for (from, to) in [
            ("\"formatVersion\": 1", "\"formatVersion\": 0"),
            ("\"formatVersion\": 1", "\"formatVersion\": \"1\""),
            ("\"formatVersion\": 1", "\"formatVersion\": 1, \"formatVersion\": 1"),
            ("\"pending\"", "\"Pending\""),
            ("\"pending\"", "\"done\""),
            ("\"pending\"", "\"pending\", \"job\": \"projects/1/locations/l/tuningJobs/1\""),
            ("\"pending\"", "\"done\", \"job\": \"7\""),
            ("0000000000000007", "7"),
            ("0000000000000007", "000000000000000G"),
            ("0000000000000007", "+000000000000007"),
            ("\"attempt\": 1", "\"attempt\": 1.0"),
            ("\"holder\": \"h\"", "\"holder\": \"h\", \"lease\": 60"),
            ("\"holder\": \"h\",", ""),
        ] {
            let text = good.replace(from, to);
            assert_ne!(text, good, "{from}");
            assert!(Claim::decode(text.as_bytes(), 1).is_err(), "{text}");
        }
        let newer = br#"{"formatVersion":2,"lease":60}"#;
        assert_eq!(Claim::decode(newer, 1), Err(Malformed::Newer { found: 2 }));
        for bytes in [&b""[..], b"{}", b"[]", b"null", b"\xff", &[b' '; 5000]] {
            assert!(Claim::decode(bytes, 1).is_err());
        }
        // Cut anywhere, it is no claim.
        for end in 0..good.len() {
            assert!(Claim::decode(&good.as_bytes()[..end], 1).is_err(), "{end}");
        }
    }
}
