//! One entry as `lsjson` writes it (<https://rclone.org/commands/rclone_lsjson/>).

use std::collections::BTreeMap;

use serde::Serialize;

use super::go_json;
use crate::fs::Properties;

/// An entry of a JSON listing. The fields stand in rclone's order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Item {
    /// The path below the one listed. Bytes that are not UTF-8 become U+FFFD, as JSON has no others.
    pub path: String,
    /// The last part of it.
    pub name: String,
    /// Bytes; -1 where a folder has no size.
    pub size: i64,
    /// The type of the content, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// RFC 3339; empty if it was not asked for.
    pub mod_time: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Hashes by name, if they were asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hashes: BTreeMap<&'static str, String>,
    /// Mode, owner, times and attributes, if they were asked for.
    #[serde(skip_serializing_if = "Properties::is_empty")]
    pub metadata: Properties,
}

impl Item {
    /// On one line.
    pub fn line(&self) -> String {
        go_json::line(self)
    }

    /// On several lines, indented by tabs.
    pub fn pretty(&self) -> String {
        go_json::pretty(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_gos() {
        let item = Item {
            path: "d/<&>\n\".html".into(),
            name: "<&>\n\".html".into(),
            size: 1,
            mime_type: None,
            mod_time: String::new(),
            is_dir: false,
            hashes: BTreeMap::from([("md5", "00".into())]),
            metadata: Properties::default(),
        };
        assert_eq!(
            item.line(),
            r#"{"Path":"d/\u003c\u0026\u003e\n\".html","Name":"\u003c\u0026\u003e\n\".html","Size":1,"ModTime":"","IsDir":false,"Hashes":{"md5":"00"}}"#
        );
        assert!(item.pretty().ends_with("\t\"IsDir\": false,\n\t\"Hashes\": {\n\t\t\"md5\": \"00\"\n\t}\n}"));
    }
}
