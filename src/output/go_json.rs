//! JSON as Go writes it.

use serde::Serialize;

/// On one line.
pub fn line(value: &impl Serialize) -> String {
    as_go(&serde_json::to_string(value).unwrap_or_default())
}

/// On several lines, indented by tabs.
pub fn pretty(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    // Writing plain fields to memory does not fail.
    value.serialize(&mut serializer).ok();
    as_go(&String::from_utf8_lossy(&text))
}

/// Go escapes what HTML would act upon, and two line ends of Unicode; outside strings none of them occurs.
fn as_go(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text += &format!("\\u{:04x}", u32::from(c)),
            c => text.push(c),
        }
    }
    text
}
