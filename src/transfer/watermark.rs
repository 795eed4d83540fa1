//! How far a file that arrives in pieces is whole from its beginning.

use std::collections::BTreeMap;

/// The end of what has arrived without a gap.
pub(super) struct Watermark {
    whole: u64,
    /// What has arrived beyond a gap: start and end of each piece.
    beyond: BTreeMap<u64, u64>,
}

impl Watermark {
    /// Everything before `whole` is there already.
    pub(super) const fn at(whole: u64) -> Self {
        Self { whole, beyond: BTreeMap::new() }
    }

    /// The end of what is whole.
    pub(super) const fn whole(&self) -> u64 {
        self.whole
    }

    /// A piece has arrived.
    pub(super) fn arrived(&mut self, start: u64, length: u64) {
        self.beyond.insert(start, start.saturating_add(length));
        while let Some(first) = self.beyond.first_entry()
            && *first.key() <= self.whole
        {
            self.whole = self.whole.max(first.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_mark_is_where_the_first_gap_begins(order in Just((1..20_u64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut mark = Watermark::at(10);
            let mut there = vec![true];
            there.resize(20, false);
            for piece in order {
                mark.arrived(piece * 10, 10);
                there[usize::try_from(piece).unwrap()] = true;
                let gap = there.iter().position(|is_there| !is_there).unwrap_or(20);
                prop_assert_eq!(mark.whole(), gap as u64 * 10);
            }
        }
    }
}
