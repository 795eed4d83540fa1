//! Details of an entry by rclone's keys for them (<https://rclone.org/local/#metadata>), as people name, filter, set and
//! see them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use super::details::{Details, Owner};

/// Keys with a meaning of their own. Every other is the name of an extended attribute.
pub(super) const SYSTEM_KEYS: [&str; 7] = ["atime", "btime", "gid", "mode", "mtime", "rdev", "uid"];

/// Values by their keys, which are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, Vec<u8>>);

impl Properties {
    /// Names what there is in `details`: times are RFC 3339 with as many decimals as they need, the mode is octal. What
    /// is not known is left out.
    pub fn of(details: &Details, zone: &TimeZone) -> Self {
        let time = |time: Option<i128>| time.and_then(|time| exact_rfc3339(time, zone));
        let system = [
            ("atime", time(details.accessed)),
            ("btime", time(details.created)),
            ("gid", details.owner.map(|owner| owner.group.to_string())),
            ("mode", details.mode.map(|mode| format!("{mode:o}"))),
            ("mtime", time(details.modified)),
            ("uid", details.owner.map(|owner| owner.user.to_string())),
        ];
        let system =
            system.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.into_bytes())));
        Self(details.user.clone().into_iter().chain(system).collect())
    }

    /// What the keys come to, as rclone's local backend reads them: one time stands for both where there is one, a group
    /// of the user's number for that of a user alone. A value that cannot be read counts for nothing.
    pub fn to_details(&self) -> Details {
        let accessed = self.value("atime", nanoseconds);
        let user = self.value("uid", |text| text.parse().ok());
        let mode = |text: &str| u32::from_str_radix(text, 8).ok();
        let is_user = |key: &str| !SYSTEM_KEYS.contains(&key);
        Details {
            mode: self.value("mode", mode),
            owner: user.map(|user| Owner {
                user,
                group: self.value("gid", |text| text.parse().ok()).unwrap_or(user),
            }),
            accessed,
            modified: self.value("mtime", nanoseconds).or(accessed),
            created: None,
            user: self.0.clone().into_iter().filter(|(key, _)| is_user(key)).collect(),
        }
    }

    /// Gives a key a value.
    pub fn set(&mut self, key: &str, value: impl Into<Vec<u8>>) {
        self.0.insert(key.to_lowercase(), value.into());
    }

    /// Takes over all that `other` has.
    pub fn merge(&mut self, other: &Self) {
        self.0.extend(other.0.clone());
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_slice()))
    }

    fn value<T>(&self, key: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let bytes = self.0.get(key)?;
        let value = std::str::from_utf8(bytes).ok().and_then(read);
        if value.is_none() {
            log::debug!("failed to parse metadata {key}: {:?}", String::from_utf8_lossy(bytes));
        }
        value
    }
}

/// As a map of text. Bytes that are not UTF-8 become U+FFFD, as JSON has no others.
impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(key, value)| (key, String::from_utf8_lossy(value))))
    }
}

/// A time, in nanoseconds since 1970, as RFC 3339 with as many decimals as it needs; `None` beyond the calendar.
pub fn exact_rfc3339(nanoseconds: i128, zone: &TimeZone) -> Option<String> {
    let zoned = Timestamp::from_nanosecond(nanoseconds).ok()?.to_zoned(zone.clone());
    let offset = if zoned.offset().is_zero() { "Z" } else { "%:z" };
    Some(zoned.strftime(&format!("%Y-%m-%dT%H:%M:%S%.f{offset}")).to_string())
}

fn nanoseconds(text: &str) -> Option<i128> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_nanosecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(pairs: &[(&str, &str)]) -> Properties {
        let mut properties = Properties::default();
        for (key, value) in pairs {
            properties.set(key, *value);
        }
        properties
    }

    #[test]
    fn keys_and_values_are_rclones() {
        let details = Details {
            mode: Some(0o104_751),
            owner: Some(Owner { user: 0, group: 34 }),
            accessed: Some(1_609_459_200_000_000_000),
            modified: Some(1_577_934_245_123_400_000),
            created: None,
            user: [("tag".to_owned(), b"a\xff".to_vec())].into(),
        };
        let named = Properties::of(&details, &TimeZone::UTC);
        let expected = r#"{"atime":"2021-01-01T00:00:00Z","gid":"34","mode":"104751","mtime":"2020-01-02T03:04:05.1234Z","tag":"a�","uid":"0"}"#;
        assert_eq!(serde_json::to_string(&named).unwrap(), expected);
        assert_eq!(named.to_details(), details);
        let east = Properties::of(&details, &TimeZone::fixed(jiff::tz::offset(2)));
        assert!(east.iter().any(|pair| pair == ("atime", b"2021-01-01T02:00:00+02:00")));
        assert_eq!(east.to_details(), details);
        assert!(Properties::of(&Details::default(), &TimeZone::UTC).is_empty());
    }

    #[test]
    fn what_is_missing_is_made_up_for_as_rclone_does() {
        let second = Some(1_000_000_000);
        let time = "1970-01-01T00:00:01Z";
        let owner = |user, group| Some(Owner { user, group });
        let none = Details::default;
        for (pairs, details) in [
            (&[("atime", time)][..], Details { accessed: second, modified: second, ..none() }),
            (&[("mtime", time)], Details { modified: second, ..none() }),
            (&[("UID", "7")], Details { owner: owner(7, 7), ..none() }),
            (&[("uid", "7"), ("gid", "8")], Details { owner: owner(7, 8), ..none() }),
            (&[("gid", "8")], none()),
            (&[("mode", "0640")], Details { mode: Some(0o640), ..none() }),
            (&[("mode", "8"), ("mtime", "yesterday"), ("uid", "root"), ("btime", time)], none()),
            (&[("Tag", "X")], Details { user: [("tag".into(), b"X".to_vec())].into(), ..none() }),
        ] {
            assert_eq!(properties(pairs).to_details(), details, "{pairs:?}");
        }
    }
}
