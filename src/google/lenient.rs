//! Fields that read as absent when they are of a wrong type.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::de::{Deserializer, IgnoredAny};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

/// A field's value, or nothing when it is of another type. For
/// `deserialize_with`, together with `default`.
pub(crate) fn field<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: de::DeserializeOwned,
{
    let raw: Option<&RawValue> = Deserialize::deserialize(deserializer)?;
    Ok(parse(raw))
}

/// As [`field`], of a field that was set aside unread.
pub(crate) fn parse<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// As [`parse`], of a message: serde would take a list for one as well.
pub(crate) fn message<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    parse(raw.filter(|raw| raw.get().starts_with('{')))
}

/// A text without copying it where it has no escapes.
pub(crate) fn text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let raw = raw?;
    serde_json::from_str::<&str>(raw.get())
        .map(Cow::Borrowed)
        .or_else(|_| serde_json::from_str::<String>(raw.get()).map(Cow::Owned))
        .ok()
}

/// As [`text`], owned.
pub(crate) fn string(raw: Option<&RawValue>) -> Option<String> {
    text(raw).map(Cow::into_owned)
}

/// The value at the end of a path of members, by the first of each name. What
/// comes after it stays unread.
pub(crate) fn at<'a>(raw: Option<&'a RawValue>, path: &[&str]) -> Option<&'a RawValue> {
    use serde::de::DeserializeSeed;

    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_str(raw?.get());
    // Stopping early is an error to it, so what was found is handed out aside.
    let _ = Walk { path, found: &mut found }.deserialize(&mut deserializer);
    found
}

struct Walk<'k, 'f, 'de> {
    path: &'k [&'k str],
    found: &'f mut Option<&'de RawValue>,
}

impl<'de> de::DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() {
            *self.found = Some(Deserialize::deserialize(deserializer)?);
            return Ok(());
        }
        deserializer.deserialize_map(self)
    }
}

impl<'de> de::Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((key, path)) = self.path.split_first() else { return Ok(()) };
        while let Some(is_key) = map.next_key_seed(Is(key))? {
            if is_key {
                return map.next_value_seed(Walk { path, found: self.found });
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// RFC 3339.
pub(crate) fn time(raw: Option<&RawValue>) -> Option<Timestamp> {
    text(raw)?.parse().ok()
}

/// The entries of a map of texts; those of another type are left out, and of
/// equal keys the last one counts. They come sorted.
pub(crate) fn entries<'a>(raw: Option<&'a RawValue>) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    let entries: Option<Entries<'a>> = parse(raw);
    let mut entries = entries.map(|Entries(entries)| entries).unwrap_or_default();
    entries.reverse();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    entries.dedup_by(|(a, _), (b, _)| a == b);
    entries.into_iter().filter_map(|(key, value)| Some((key, text(Some(value))?))).collect()
}

/// The entries of a map, their values still unread.
#[derive(Default)]
pub(crate) struct Entries<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Entries<'de>, A::Error> {
                // As many labels as Vertex takes are rare; retune's own are nine.
                let mut entries = Vec::with_capacity(16);
                while let Some(Key(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

/// A key, without copying it where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// A value that may be of another type, inside a list or map.
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<'de, T: de::DeserializeOwned> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        field(deserializer).map(Self)
    }
}

/// An int64, which the API writes as a string and also takes as a number.
#[derive(Clone, Copy)]
pub(crate) struct Int(pub(crate) i64);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Int;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an integer")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Int, E> {
                Ok(Int(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Int, E> {
                i64::try_from(value).map(Int).map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Int, E> {
                // Proto JSON takes `4.0` for 4; beyond 2^53 a double is no integer.
                let whole = value.fract() == 0.0 && value.abs() <= (1_u64 << 53) as f64;
                if whole { Ok(Int(value as i64)) } else { Err(E::custom("not whole")) }
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Int, E> {
                value.parse().map(Int).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// A double, which proto JSON may also write as a string.
#[derive(Clone, Copy)]
pub(crate) struct Double(pub(crate) f64);

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(f64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(number) => Ok(Self(number)),
            Either::Text(text) => text.parse().map(Self).map_err(de::Error::custom),
        }
    }
}

/// Whether `labels` says `managed-by: retune`, without building a map.
pub(crate) fn has_label(raw: Option<&RawValue>, key: &str, value: &str) -> bool {
    use serde::de::DeserializeSeed;

    let Some(raw) = raw else { return false };
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    Find { key, value }.deserialize(&mut deserializer).unwrap_or(false)
}

struct Find<'k> {
    key: &'k str,
    value: &'k str,
}

impl<'de> de::DeserializeSeed<'de> for Find<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> de::Visitor<'de> for Find<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("labels")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(is_key) = map.next_key_seed(Is(self.key))? {
            if is_key {
                found = map.next_value_seed(Is(self.value))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a string is this one; strings with escapes are unescaped first.
struct Is<'k>(&'k str);

impl<'de> de::DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl de::Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
        Ok(text == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_doubles_come_in_many_forms() {
        for (json, int) in
            [("\"4\"", Some(4)), ("4", Some(4)), ("4.0", Some(4)), ("4.5", None), ("\"x\"", None)]
        {
            assert_eq!(serde_json::from_str::<Int>(json).ok().map(|i| i.0), int, "{json}");
        }
        for (json, double) in [("1", 1.0), ("1.5", 1.5), ("\"0.5\"", 0.5)] {
            assert_eq!(serde_json::from_str::<Double>(json).unwrap().0, double);
        }
    }

    #[test]
    fn a_label_is_found_wherever_it_stands() {
        let has = |json: &str| {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            has_label(Some(raw), "managed-by", "retune")
        };
        assert!(has(r#"{"a":"b","managed-by":"retune","c":"d"}"#));
        assert!(has(r#"{"m\u0061naged-by":"r\u0065tune"}"#));
        assert!(!has(r#"{"managed-by":"terraform"}"#));
        assert!(!has(r#"{"a":"managed-by","retune":"retune"}"#));
        assert!(!has(r#"{"managed-by":7}"#));
        assert!(!has("[]"));
    }
}
