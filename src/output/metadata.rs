//! Mode, owner and times of an entry by rclone's names for them (<https://rclone.org/local/#metadata>).

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::go_time::TimeFormat;
use crate::fs::Details;

/// Keys and values, as `lsjson -M` and the field `M` of `lsf` show them. What is not known is left out.
pub type Metadata = BTreeMap<&'static str, String>;

/// Names what there is in `details`: times are RFC 3339 with as many decimals as they need, the mode is octal.
pub fn named(details: &Details, zone: &TimeZone) -> Metadata {
    let format = TimeFormat::shortest();
    let time = |time: Option<i128>| Some(format.show(time, zone)).filter(|text| !text.is_empty());
    let values = [
        ("atime", time(details.accessed)),
        ("btime", time(details.created)),
        ("gid", details.owner.map(|owner| owner.group.to_string())),
        ("mode", details.mode.map(|mode| format!("{mode:o}"))),
        ("mtime", time(details.modified)),
        ("uid", details.owner.map(|owner| owner.user.to_string())),
    ];
    values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::Owner;

    #[test]
    fn keys_and_values_are_rclones() {
        let details = Details {
            mode: Some(0o104_751),
            owner: Some(Owner { user: 0, group: 34 }),
            accessed: Some(1_609_459_200_000_000_000),
            modified: Some(1_577_934_245_123_400_000),
            created: None,
        };
        let shown = serde_json::to_string(&named(&details, &TimeZone::UTC)).unwrap();
        let expected = r#"{"atime":"2021-01-01T00:00:00Z","gid":"34","mode":"104751","mtime":"2020-01-02T03:04:05.1234Z","uid":"0"}"#;
        assert_eq!(shown, expected);
        assert!(named(&Details::default(), &TimeZone::UTC).is_empty());
    }
}
