//! A certificate as a JSON object.

use std::collections::BTreeMap;

use serde::Serialize;

use super::subject::Subject;
use crate::error::{Error, Kind, Result};
use crate::ssh::certificate::{CertificateKind, CertificateOption};
use crate::ssh::moment::rfc3339;

/// The fields, in this order. Times are RFC 3339, or null for no bound; keys are shown by their fingerprints.
#[derive(Serialize)]
struct Object<'a> {
    #[serde(rename = "type")]
    algorithm: &'a str,
    kind: &'static str,
    key_id: &'a str,
    serial: u64,
    valid_after: Option<String>,
    valid_before: Option<String>,
    principals: &'a [String],
    critical_options: BTreeMap<&'a str, &'a str>,
    extensions: BTreeMap<&'a str, &'a str>,
    public_key: String,
    signing_ca: String,
    signing_ca_type: &'a str,
    status: &'static str,
}

/// One line.
///
/// # Errors
/// None in practice: every field can be written.
pub(super) fn render(subject: &Subject) -> Result<String> {
    let certificate = &subject.certificate;
    let object = Object {
        algorithm: certificate.algorithm(),
        kind: match certificate.kind {
            CertificateKind::User => "user",
            CertificateKind::Host => "host",
        },
        key_id: &certificate.key_id,
        serial: certificate.serial,
        valid_after: certificate.valid_after.and_then(rfc3339),
        valid_before: certificate.valid_before.and_then(rfc3339),
        principals: &certificate.principals,
        critical_options: by_name(&certificate.critical_options),
        extensions: by_name(&certificate.extensions),
        public_key: certificate.public_key.fingerprint(),
        signing_ca: certificate.ca_key.fingerprint(),
        signing_ca_type: certificate.ca_key.key_type(),
        status: subject.status().as_str(),
    };
    serde_json::to_string(&object)
        .map_err(|error| Error::new(Kind::Io, "write JSON", "it cannot be written").caused_by(error))
}

/// Options by name; a flag has the empty value.
fn by_name(options: &[CertificateOption]) -> BTreeMap<&str, &str> {
    options.iter().map(|option| (option.name.as_str(), option.value.as_str())).collect()
}
