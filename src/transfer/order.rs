//! In which order files are transferred (`--order-by`, <https://rclone.org/docs/#order-by-string>).

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::str::FromStr;

use super::plan::CopyFile;

/// An order of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    key: Key,
    direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Size,
    Name,
    Modified,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
    /// Of a hundred files so many come from the small end, the others from the large one.
    Mixed(u32),
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',').map(str::trim);
        let key = match parts.next().unwrap_or_default() {
            "size" => Key::Size,
            "name" => Key::Name,
            "modtime" => Key::Modified,
            other => return Err(format!("unknown --order-by comparison \"{other}\"")),
        };
        let direction = match parts.next() {
            None | Some("ascending" | "asc") => Direction::Ascending,
            Some("descending" | "desc") => Direction::Descending,
            Some("mixed") => Direction::Mixed(percentage(parts.next())?),
            Some(other) => return Err(format!("unknown --order-by sort direction \"{other}\"")),
        };
        match parts.next() {
            None => Ok(Self { key, direction }),
            Some(_) => Err(format!("bad --order-by string \"{text}\"")),
        }
    }
}

fn percentage(text: Option<&str>) -> Result<u32, String> {
    let Some(text) = text else { return Ok(50) };
    text.parse().ok().filter(|percentage| *percentage <= 100).ok_or_else(|| {
        format!("bad mixed fraction --order-by \"{text}\": a whole number up to 100 is needed")
    })
}

impl Order {
    /// Puts files in this order; those that are equal keep theirs.
    pub(super) fn sort<T>(self, mut items: Vec<T>, file: impl Fn(&T) -> Option<&CopyFile>) -> Vec<T> {
        items.sort_by(|one, other| match (file(one), file(other)) {
            (Some(one), Some(other)) => self.compare(one, other),
            // Folders come first.
            (one, other) => one.is_some().cmp(&other.is_some()),
        });
        match self.direction {
            Direction::Mixed(percentage) => mixed(items.into(), percentage),
            _ => items,
        }
    }

    fn compare(self, one: &CopyFile, other: &CopyFile) -> Ordering {
        let order = match self.key {
            Key::Size => one.source.size.cmp(&other.source.size),
            Key::Name => one.from.cmp(&other.from),
            Key::Modified => one.source.modified.cmp(&other.source.modified),
        };
        if self.direction == Direction::Descending { order.reverse() } else { order }
    }
}

/// Takes items from both ends, so many of a hundred from the front.
fn mixed<T>(mut items: VecDeque<T>, percentage: u32) -> Vec<T> {
    let mut taken = Vec::with_capacity(items.len());
    let mut share = 0_u32;
    while !items.is_empty() {
        share = share.saturating_add(percentage);
        let is_front = share >= 100;
        share = if is_front { share.saturating_sub(100) } else { share };
        taken.extend(if is_front { items.pop_front() } else { items.pop_back() });
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{FileType, Metadata};
    use crate::path::RelPath;

    fn sorted(order: &str) -> String {
        let file = |(name, size, modified): (&str, u64, i128)| {
            let path = RelPath::parse(name.as_bytes()).unwrap();
            CopyFile {
                from: path.clone(),
                to: path,
                source: Metadata { file_type: FileType::File, size, modified: Some(modified), mode: None },
                is_link: false,
                is_behind_link: false,
                replaces: None,
                has_parent: true,
            }
        };
        let files = [("b", 1, 9), ("a", 3, 7), ("c", 2, 8), ("d", 4, 6)].map(file).to_vec();
        let order: Order = order.parse().unwrap();
        order.sort(files, |file| Some(file)).iter().map(|file| file.from.to_string()).collect()
    }

    #[test]
    fn files_come_in_the_order_asked_for() {
        for (order, expected) in [
            ("size", "bcad"),
            ("size,desc", "dacb"),
            ("name,ascending", "abcd"),
            ("modtime", "dacb"),
            ("size,mixed", "dbac"),
            ("size,mixed,100", "bcad"),
        ] {
            assert_eq!(sorted(order), expected, "{order}");
        }
    }

    #[test]
    fn what_is_no_order_is_told_in_rclones_words() {
        let error = |text: &str| text.parse::<Order>().unwrap_err();
        assert_eq!(error("foo"), "unknown --order-by comparison \"foo\"");
        assert_eq!(error("size,foo"), "unknown --order-by sort direction \"foo\"");
        assert!(error("size,mixed,101").contains("101"));
        assert!(error("size,asc,1").contains("size,asc,1"));
    }
}
