//! JSON with an indent of one's own.

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::PrettyFormatter;

use crate::error::{Error, Kind, Result};

/// The value as JSON, each level indented by `indent`; no line feed ends it.
pub(super) fn indented(value: &impl Serialize, indent: &[u8]) -> Result<Vec<u8>> {
    let mut json = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut json, PrettyFormatter::with_indent(indent));
    value
        .serialize(&mut serializer)
        .map_err(|error| Error::new(Kind::Io, "write JSON", "it cannot be written").caused_by(error))?;
    Ok(json)
}
