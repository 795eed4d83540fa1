//! What may stand where the cursor is, for the completion scripts of the shells.
//!
//! The scripts know nothing of commands and flags. They ask the hidden command `complete`, which finds the place of the
//! word in the command tree ([`position`]) and answers with everything that may stand there ([`candidates`]), remote
//! paths among it ([`places`]). It never asks a question, logs nothing, and gives up after a few seconds.

pub mod candidates;
pub mod line;
pub mod places;
pub mod position;
pub mod surroundings;
