//! An option as rclone describes it to programs: what it is called, what it means and what may be answered.

use serde::Serialize;
use serde_json::{Value, json};

use crate::config::option_table::{OptionKind, OptionSpec};
use crate::config::option_value;
use crate::units::Interval;

/// One question. The fields, their order and their types are those of rclone's `config providers`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Question {
    name: &'static str,
    field_name: &'static str,
    help: &'static str,
    default: Value,
    value: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    examples: Vec<Example>,
    hide: u8,
    required: bool,
    is_password: bool,
    no_prefix: bool,
    advanced: bool,
    exclusive: bool,
    sensitive: bool,
    default_str: String,
    value_str: String,
    #[serde(rename = "Type")]
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Example {
    value: &'static str,
    help: &'static str,
}

impl Question {
    /// Asks for an option whose value is `current` so far. `user` is the name of the current user.
    pub(super) fn of(option: &OptionSpec, current: Option<&str>, user: &str) -> Self {
        let fallback = if option.name == "user" { user } else { option.default };
        let default = current.unwrap_or(fallback);
        let choices: &[&str] = if let OptionKind::Choice(words) = option.kind { words } else { &[] };
        Self {
            name: option.name,
            field_name: "",
            help: option.help,
            default: typed(option.kind, default),
            value: Value::Null,
            examples: choices.iter().map(|value| Example { value, help: "" }).collect(),
            hide: 0,
            required: option.required,
            is_password: option.is_password(),
            no_prefix: false,
            advanced: option.advanced,
            exclusive: !choices.is_empty(),
            sensitive: option.sensitive,
            default_str: default.to_owned(),
            value_str: default.to_owned(),
            kind: type_name(option.kind),
        }
    }

    /// Asks whether advanced options are to be asked for too.
    pub(super) fn advanced() -> Self {
        let option = OptionSpec {
            name: "config_fs_advanced",
            help: "Edit advanced config?",
            default: "false",
            kind: OptionKind::Bool,
            sensitive: false,
            advanced: false,
            required: false,
        };
        let examples = vec![Example { value: "true", help: "Yes" }, Example { value: "false", help: "No" }];
        Self { examples, exclusive: true, ..Self::of(&option, None, "") }
    }
}

fn type_name(kind: OptionKind) -> &'static str {
    match kind {
        OptionKind::Bool => "bool",
        OptionKind::Integer => "int",
        OptionKind::Size => "SizeSuffix",
        OptionKind::Duration => "Duration",
        OptionKind::CommaList => "CommaSepList",
        OptionKind::SpaceList => "SpaceSepList",
        OptionKind::Text | OptionKind::Path | OptionKind::Password | OptionKind::Choice(_) => "string",
    }
}

/// The value in the form of its type: sizes in bytes, durations in nanoseconds. One that cannot be read stays a text.
fn typed(kind: OptionKind, text: &str) -> Value {
    let number = |number: Option<u64>| number.map_or_else(|| json!(text), |number| json!(number));
    let list =
        |separator| option_value::list(text, separator).map_or_else(|_| json!(text), |items| json!(items));
    match kind {
        OptionKind::Bool => option_value::boolean(text).map_or_else(|_| json!(text), |value| json!(value)),
        OptionKind::Integer => number(option_value::count(text).ok().map(u64::from)),
        OptionKind::Size => number(option_value::size(text).ok()),
        OptionKind::Duration => {
            let duration = option_value::interval(text).ok().and_then(Interval::duration);
            number(duration.and_then(|duration| u64::try_from(duration.as_nanos()).ok()))
        }
        OptionKind::CommaList => list(','),
        OptionKind::SpaceList => list(' '),
        OptionKind::Text | OptionKind::Path | OptionKind::Password | OptionKind::Choice(_) => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, current: Option<&str>) -> Value {
        serde_json::to_value(Question::of(OptionSpec::find(name).unwrap(), current, "me")).unwrap()
    }

    /// Types and defaults are those `rclone config providers` (1.75.2) has for the same options.
    #[test]
    fn values_have_their_type() {
        for (name, kind, default, text) in [
            ("user", "string", json!("me"), "me"),
            ("port", "int", json!(22), "22"),
            ("key_use_agent", "bool", json!(false), "false"),
            ("idle_timeout", "Duration", json!(60_000_000_000_u64), "1m"),
            ("chunk_size", "SizeSuffix", json!(32768), "32Ki"),
            ("set_env", "SpaceSepList", json!([]), ""),
            ("hashes", "CommaSepList", json!([]), ""),
        ] {
            let question = question(name, None);
            assert_eq!((&question["Type"], &question["Default"]), (&json!(kind), &default), "{name}");
            assert_eq!(question["DefaultStr"], json!(text), "{name}");
        }
        assert_eq!(question("port", Some("44"))["Default"], json!(44));
        assert_eq!(question("port", Some("many"))["Default"], json!("many"));
        assert_eq!(question("host_key_policy", None)["Examples"][0]["Value"], json!("ask"));
    }
}
