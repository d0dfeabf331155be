//! What each pattern of the schema means, in words.

use super::code::Code;
use super::document::{
    BASE_MODEL_PATTERN, LABEL_KEY_PATTERN, LABEL_VALUE_PATTERN, LOCATION_PATTERN, PROJECT_PATTERN,
    SERVICE_ACCOUNT_PATTERN,
};
use crate::model::{Bucket, DATASET_PATTERN, Name};

/// A pattern in words.
#[derive(Debug)]
pub(crate) struct Phrase {
    pub(crate) code: Code,
    /// Goes on after "expected".
    pub(crate) expected: &'static str,
    pub(crate) hint: &'static str,
}

const PHRASES: &[(&str, Phrase)] = &[
    (
        Name::PATTERN,
        Phrase {
            code: Code::InvalidName,
            expected: "a name of a-z, 0-9 and `-` that starts with a letter and ends with a letter \
                       or digit, at most 63 characters",
            hint: "it becomes a label of the job as it stands; try a form such as `support-faq`",
        },
    ),
    (
        DATASET_PATTERN,
        Phrase {
            code: Code::DatasetUri,
            expected: "`gs://BUCKET/OBJECT.jsonl` or `projects/P/locations/L/datasets/ID`",
            hint: "copy the file to Cloud Storage as JSON Lines with the ending `.jsonl`",
        },
    ),
    (
        Bucket::PATTERN,
        Phrase {
            code: Code::InvalidValue,
            expected: "a bucket, `gs://NAME` with a name of 3 to 63 of a-z, 0-9, `-` and `_`",
            hint: "write it with `gs://` in front and without a path: claims have their own",
        },
    ),
    (
        PROJECT_PATTERN,
        Phrase {
            code: Code::InvalidValue,
            expected: "a project id, such as `acme-ml`",
            hint: "write the id, not the display name: `gcloud projects list` shows both",
        },
    ),
    (
        LOCATION_PATTERN,
        Phrase {
            code: Code::InvalidValue,
            expected: "a region, such as `us-central1`",
            hint: "Gemini models are tuned in `us-central1` and `europe-west4`",
        },
    ),
    (
        BASE_MODEL_PATTERN,
        Phrase {
            code: Code::InvalidValue,
            expected: "a model's short id, such as `gemini-3.5-flash`",
            hint: "write the id without `models/` or `publishers/` in front",
        },
    ),
    (
        SERVICE_ACCOUNT_PATTERN,
        Phrase {
            code: Code::InvalidValue,
            expected: "a service account's address, `NAME@PROJECT.iam.gserviceaccount.com`",
            hint: "`gcloud iam service-accounts list` shows them",
        },
    ),
    (
        LABEL_KEY_PATTERN,
        Phrase {
            code: Code::InvalidLabel,
            expected: "a label key of a-z, 0-9, `_` and `-` that starts with a letter, at most 63 \
                       characters",
            hint: "Vertex takes lower case only",
        },
    ),
    (
        LABEL_VALUE_PATTERN,
        Phrase {
            code: Code::InvalidLabel,
            expected: "a label value of a-z, 0-9, `_` and `-`, at most 63 characters",
            hint: "Vertex takes lower case only",
        },
    ),
    (
        r"^projects/[^/]+/locations/[^/]+/models/[^/@]+(@[^/@]+)?$",
        Phrase {
            code: Code::InvalidValue,
            expected: "`projects/P/locations/L/models/ID`, with `@VERSION` or `@ALIAS` if you like",
            hint: "the job that tuned the model names it as `tunedModel.model`",
        },
    ),
    (
        r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$",
        Phrase {
            code: Code::InvalidValue,
            expected: "`projects/P/locations/L/keyRings/R/cryptoKeys/K`",
            hint: "write the key without a version at its end",
        },
    ),
    (
        r"^([0-9]{1,6}[dhms])+$",
        Phrase {
            code: Code::InvalidValue,
            expected: "a duration, such as `24h` or `1h30m`",
            hint: "write whole numbers with d, h, m or s",
        },
    ),
    (
        "^projects/[A-Za-z0-9._:-]+/locations/[A-Za-z0-9._:-]+/tuningJobs/[A-Za-z0-9._:-]+$",
        Phrase {
            code: Code::InvalidValue,
            expected: "`projects/P/locations/L/tuningJobs/ID`",
            hint: "copy the job's `name` as the API answers it",
        },
    ),
];

/// The words for a pattern.
pub(crate) fn of(pattern: &str) -> Option<&'static Phrase> {
    PHRASES.iter().find(|(known, _)| *known == pattern).map(|(_, phrase)| phrase)
}
