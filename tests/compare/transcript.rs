//! Commands and their answers as text.
//!
//! ```text
//! # A comment.
//! tree plain
//!
//! $ lsf {src}
//! > here, there: exit 0
//! | hello.txt
//! ```
//!
//! `{src}` and `{dst}` are the two trees. A case with one of them is run `here` and `there` (on a server); a case with
//! both is run `here`, `up` (to a server) and `down` (from it). A line of output begins with `|`, or with `/` if no line
//! feed ends it; lines with `-` and `+` are entries of the trees that were there before and are there afterwards. `> sclone here:` begins an answer of
//! sclone's own; the comment above says why.

use std::fmt;

use super::scene::Answer;

/// A file of cases.
pub(super) struct Transcript {
    pub(super) cases: Vec<Case>,
}

/// One command.
pub(super) struct Case {
    /// Comments and settings before it, as they stand.
    pub(super) before: Vec<String>,
    /// The tree it is run on.
    pub(super) tree: String,
    pub(super) arguments: String,
    pub(super) blocks: Vec<Block>,
}

/// What was answered in some places.
pub(super) struct Block {
    /// Whether sclone answers so, and rclone does not.
    pub(super) is_own: bool,
    places: Vec<String>,
    answer: Answer,
}

impl Transcript {
    pub(super) fn parse(text: &str) -> Self {
        let mut cases: Vec<Case> = Vec::new();
        let mut before = Vec::new();
        let mut tree = String::new();
        for line in text.lines() {
            match line.split_at_checked(2) {
                Some(("$ ", arguments)) => cases.push(Case {
                    before: std::mem::take(&mut before),
                    tree: tree.clone(),
                    arguments: arguments.into(),
                    blocks: Vec::new(),
                }),
                Some(("> ", header)) => cases.last_mut().unwrap().blocks.push(Block::begin(header)),
                _ if line.starts_with(['|', '/', '-', '+']) => {
                    cases.last_mut().unwrap().blocks.last_mut().unwrap().answer.lines.push(line.into());
                }
                _ => {
                    tree = line.strip_prefix("tree ").map_or(tree, Into::into);
                    before.push(line.into());
                }
            }
        }
        assert!(before.is_empty(), "nothing follows {before:?}");
        Self { cases }
    }
}

impl Case {
    /// What sclone is to answer in a place.
    pub(super) fn expected(&self, place: &str) -> Option<&Answer> {
        let fits = |block: &&Block| block.places.iter().any(|name| name == place);
        let own = self.blocks.iter().filter(|block| block.is_own).find(fits);
        own.or_else(|| self.blocks.iter().find(fits)).map(|block| &block.answer)
    }

    /// Puts new answers of rclone in place of the old ones.
    pub(super) fn record(&mut self, answers: Vec<(&'static str, Answer)>) {
        let mut blocks: Vec<Block> = Vec::new();
        for (place, answer) in answers {
            match blocks.iter_mut().find(|block| block.answer == answer) {
                Some(block) => block.places.push(place.into()),
                None => blocks.push(Block { is_own: false, places: vec![place.into()], answer }),
            }
        }
        blocks.extend(std::mem::take(&mut self.blocks).into_iter().filter(|block| block.is_own));
        self.blocks = blocks;
    }
}

impl Block {
    fn begin(header: &str) -> Self {
        let (places, code) = header.split_once(": exit ").unwrap();
        let own = places.strip_prefix("sclone ");
        Self {
            is_own: own.is_some(),
            places: own.unwrap_or(places).split(", ").map(Into::into).collect(),
            answer: Answer { code: code.parse().unwrap(), ..Answer::default() },
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in &self.cases {
            for line in &case.before {
                writeln!(f, "{line}")?;
            }
            writeln!(f, "$ {}", case.arguments)?;
            for block in &case.blocks {
                let own = if block.is_own { "sclone " } else { "" };
                write!(f, "> {own}{}: {}", block.places.join(", "), block.answer)?;
            }
        }
        Ok(())
    }
}
