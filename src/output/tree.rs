//! A tree drawn with lines, as `tree` draws it (<https://rclone.org/commands/rclone_tree/>).

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::listing::SizeStyle;

/// A file, or a folder with what it holds.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name, as it is to be shown.
    pub name: Vec<u8>,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes of a file; for a folder of all that is below it.
    pub size: u64,
    /// Bytes that the entry itself takes, by which it is sorted.
    pub own_size: u64,
    /// Permission bits, if known.
    pub mode: Option<u32>,
    /// Last change, in nanoseconds since 1970.
    pub modified: Option<i128>,
    /// What a folder holds.
    pub children: Vec<Node>,
}

/// What the entries of a folder are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Name.
    Name,
    /// Name, with numbers in it by their value.
    Version,
    /// As it was read.
    Unsorted,
    /// Size, smallest first.
    Size,
    /// Time, oldest first.
    Time,
}

/// How a tree is drawn.
#[derive(Clone, Debug)]
pub struct Style {
    /// Show sizes, and how.
    pub sizes: Option<SizeStyle>,
    /// Show the times of files.
    pub times: bool,
    /// Show the permissions of files.
    pub permissions: bool,
    /// Put names in quotes.
    pub quote: bool,
    /// Show the whole path of each entry.
    pub full_path: bool,
    /// Draw no lines.
    pub no_lines: bool,
    /// The moment that times are compared with: older than half a year shows the year instead of the hour.
    pub now: Timestamp,
    /// The zone times are shown in.
    pub zone: TimeZone,
}

impl Node {
    /// Sorts every folder; `dirs_first` puts folders before files, and `reverse` turns all of that round.
    pub fn sort(&mut self, order: Order, reverse: bool, dirs_first: bool) {
        if order == Order::Unsorted {
            return;
        }
        // Trees are deeper than the stack.
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            node.sort_children(order, reverse, dirs_first);
            waiting.extend(&mut node.children);
        }
    }

    fn sort_children(&mut self, order: Order, reverse: bool, dirs_first: bool) {
        self.children.sort_by(|a, b| {
            let by_name = a.name.cmp(&b.name);
            let ordering = match order {
                Order::Name | Order::Unsorted => by_name,
                Order::Version => by_version(&a.name, &b.name),
                Order::Size => a.own_size.cmp(&b.own_size).then(by_name),
                Order::Time => a.modified.cmp(&b.modified).then(by_name),
            };
            let ordering = if dirs_first { b.is_dir.cmp(&a.is_dir).then(ordering) } else { ordering };
            if reverse { ordering.reverse() } else { ordering }
        });
    }

    /// The number of folders and of files below.
    pub fn count(&self) -> (usize, usize) {
        let (mut dirs, mut files) = (0_usize, 0_usize);
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            let folders = node.children.iter().filter(|child| child.is_dir).count();
            dirs = dirs.saturating_add(folders);
            files = files.saturating_add(node.children.len().saturating_sub(folders));
            waiting.extend(&node.children);
        }
        (dirs, files)
    }

    /// The lines of the tree, each ended by a line feed.
    pub fn draw(&self, style: &Style) -> Vec<u8> {
        let mut text = style.label(self, b"/");
        text.push(b'\n');
        let mut open = vec![(self.children.iter(), String::new(), Vec::new())];
        while let Some((children, indent, path)) = open.last_mut() {
            let Some(child) = children.next() else {
                open.pop();
                continue;
            };
            let (branch, below) = match (style.no_lines, children.len()) {
                (true, _) => ("", ""),
                (_, 0) => ("└── ", "    "),
                _ => ("├── ", "│   "),
            };
            text.extend_from_slice(indent.as_bytes());
            text.extend_from_slice(branch.as_bytes());
            let path = [path, &b"/"[..], child.name.as_slice()].concat();
            text.extend(style.label(child, if style.full_path { &path } else { &child.name }));
            text.push(b'\n');
            let indent = format!("{indent}{below}");
            open.push((child.children.iter(), indent, path));
        }
        text
    }
}

impl Style {
    fn label(&self, node: &Node, name: &[u8]) -> Vec<u8> {
        let mode = (self.permissions && !node.is_dir).then(|| permissions(node.mode));
        let size = self.sizes.map(|style| match style {
            SizeStyle::Bytes => format!("{:>11}", node.size),
            SizeStyle::Human => scaled(node.size),
        });
        let time = (self.times && !node.is_dir).then(|| self.time(node.modified));
        let facts: Vec<_> = mode.into_iter().chain(size).chain(time).collect();
        let facts = if facts.is_empty() { String::new() } else { format!("[{}]  ", facts.join(" ")) };
        let mark: &[u8] = if self.quote { b"\"" } else { b"" };
        [facts.as_bytes(), mark, name, mark].concat()
    }

    fn time(&self, modified: Option<i128>) -> String {
        let Some(time) = modified.and_then(|nanos| Timestamp::from_nanosecond(nanos).ok()) else {
            return "-".into();
        };
        let is_old = self.now.duration_since(time) > SignedDuration::from_hours(24 * 30 * 6);
        let format = if is_old { "%b %d  %Y" } else { "%b %d %H:%M" };
        time.to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

/// `1.5K`: a size in four letters, in powers of 1024.
fn scaled(size: u64) -> String {
    let units = [(1_u64, ""), (1 << 10, "K"), (1 << 20, "M"), (1 << 30, "G"), (1 << 40, "T"), (1 << 50, "P")];
    let (scale, unit) = units.into_iter().rfind(|(scale, _)| size > *scale).unwrap_or((1, ""));
    #[expect(clippy::cast_precision_loss, reason = "two or three digits are shown")]
    let number = size as f64 / scale as f64;
    let decimals = usize::from(scale > 1 && number < 10.0);
    format!("{:>4}", format!("{number:.decimals$}{unit}"))
}

/// Permissions as `ls -l` shows those of a file.
fn permissions(mode: Option<u32>) -> String {
    let Some(mode) = mode else { return "-?????????".into() };
    let bits = (0..9_u32).zip("rwxrwxrwx".chars());
    let shown = bits.map(|(index, letter)| if mode & (0o400 >> index) == 0 { '-' } else { letter });
    std::iter::once('-').chain(shown).collect()
}

/// Compares names with the numbers in them taken by value: `a9` before `a10`.
fn by_version(a: &[u8], b: &[u8]) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(x), Some(y)) = (take_part(&mut left), take_part(&mut right)) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        match x.cmp(&y) {
            Ordering::Equal => {}
            different => return different,
        }
    }
}

/// A number, by its length and its digits, or one other byte.
fn take_part<'a>(rest: &mut &'a [u8]) -> Option<(u8, usize, &'a [u8])> {
    let (first, after) = rest.split_first()?;
    if !first.is_ascii_digit() {
        *rest = after;
        return Some((*first, 0, &[]));
    }
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at_checked(end)?;
    *rest = after;
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = digits.get(zeros..)?;
    Some((b'0', digits.len(), digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_by_value() {
        for (smaller, larger) in [
            ("a9", "a10"),
            ("a10", "b1"),
            ("a", "a1"),
            ("a1b2", "a1b10"),
            ("z", "za"),
            ("1", "a"),
            ("01", "2"),
        ] {
            let (smaller, larger) = (smaller.as_bytes(), larger.as_bytes());
            assert_eq!(by_version(smaller, larger), Ordering::Less, "{smaller:?} {larger:?}");
            assert_eq!(by_version(larger, smaller), Ordering::Greater, "{smaller:?} {larger:?}");
        }
        assert_eq!(by_version(b"a1", b"a1"), Ordering::Equal);
        assert_eq!(by_version(b"a01", b"a1"), Ordering::Less);
    }

    #[test]
    fn sizes_take_four_letters() {
        for (size, shown) in [
            (0, "   0"),
            (1023, "1023"),
            (1024, "1024"),
            (1536, "1.5K"),
            (10239, "10.0K"),
            (10240, " 10K"),
            (1_048_576, "1024K"),
            (123_456_789, "118M"),
            (5_000_000_000, "4.7G"),
        ] {
            assert_eq!(scaled(size), shown);
        }
    }

    #[test]
    fn permissions_are_those_of_ls() {
        assert_eq!(permissions(Some(0o644)), "-rw-r--r--");
        assert_eq!(permissions(Some(0o4751)), "-rwxr-x--x");
        assert_eq!(permissions(None), "-?????????");
    }
}
