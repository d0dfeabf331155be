//! The way out of a wrong or missing key: the name that was meant, or where it
//! belongs.

use super::shape::{Shape, Types};

/// What to add where a required key is missing.
pub(crate) fn missing_hint(key: &str, shape: &Shape) -> String {
    match (key, shape.property(key)) {
        ("apiVersion", _) => "add `apiVersion: retune.dev/v1`".to_owned(),
        ("kind", _) => "add `kind: TunedModel`".to_owned(),
        (_, Some(property)) if property.types.has(Types::OBJECT) => {
            format!("add `{key}:` with its keys below it")
        }
        (_, Some(Shape { example: Some(example), .. })) => format!("add `{key}: {example}`"),
        _ => format!("add `{key}`"),
    }
}

/// `epoch_count` and `epoch-count` as `epochCount`.
pub(crate) fn camel_case(key: &str) -> String {
    let mut camel = String::with_capacity(key.len());
    let mut upper = false;
    for c in key.chars() {
        match c {
            '_' | '-' => upper = !camel.is_empty(),
            c if upper => {
                camel.extend(c.to_uppercase());
                upper = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

/// The mapping that has this key, when exactly one has.
pub(crate) fn home_of(key: &str, whole: &Shape) -> Option<String> {
    fn walk(shape: &Shape, key: &str, path: &str, homes: &mut Vec<String>) {
        for (name, property) in &shape.properties {
            if name == key && !path.is_empty() {
                homes.push(path.to_owned());
            }
            let dot = if path.is_empty() { "" } else { "." };
            walk(property, key, &format!("{path}{dot}{name}"), homes);
        }
    }
    let mut homes = Vec::new();
    walk(whole, key, "", &mut homes);
    // A key of both tuning methods belongs in the one nearly everybody uses.
    homes.retain(|home| !home.starts_with("spec.preferenceOptimizationSpec"));
    (homes.len() == 1).then(|| homes.pop()).flatten()
}

/// The candidate that is most like `text`, when one is much like it.
pub(crate) fn closest<'a>(
    text: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    // A long text is no misspelling, and comparing it would take its square.
    if text.len() > 100 {
        return None;
    }
    let lower = text.to_lowercase();
    candidates
        .map(|name| (strsim::jaro_winkler(&lower, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// What was meant; what looks the same and is not must be told apart.
pub(crate) fn did_you_mean(near: &str, text: &str) -> String {
    if text.is_ascii() {
        format!("did you mean `{near}`?")
    } else {
        format!("did you mean `{near}`? What stands here has characters beyond a-z in it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_s_snake_case_gets_its_camel_case() {
        for (key, camel) in
            [("epoch_count", "epochCount"), ("kms-key-name", "kmsKeyName"), ("_x", "x"), ("", "")]
        {
            assert_eq!(camel_case(key), camel, "{key}");
        }
    }

    #[test]
    fn a_letter_that_only_looks_the_same_is_told() {
        assert_eq!(did_you_mean("baseModel", "basemodel"), "did you mean `baseModel`?");
        assert!(did_you_mean("baseModel", "b\u{430}seModel").contains("beyond a-z"));
    }

    #[test]
    fn a_near_miss_is_found_and_a_stranger_is_not() {
        let names = || ["epochCount", "adapterSize", "beta"].into_iter();
        assert_eq!(closest("epochcount", names()), Some("epochCount"));
        assert_eq!(closest("adapterSzie", names()), Some("adapterSize"));
        assert_eq!(closest("zebra", names()), None);
        assert_eq!(closest(&"a".repeat(10_000), names()), None);
    }
}
