//! Signs login requests through an agent, with the algorithm the request itself names (RFC 4252 section 7, RFC 8332).

use super::agent::{Agent, Signature};
use super::wire::Reader;
use crate::error::{Error, Kind, Result};
use crate::path::escape;

const RSA_SHA2_256: u32 = 2;
const RSA_SHA2_512: u32 = 4;

/// Has the agent sign a login request with the key it knows under `blob`. Gives the signature without the name of
/// its algorithm, as libssh2 wants it.
///
/// # Errors
/// The agent's, or it signed with another algorithm than the request names.
pub(crate) fn sign_request(agent: &Agent, blob: &[u8], request: &[u8]) -> Result<Vec<u8>> {
    let algorithm = requested_algorithm(request).unwrap_or_default();
    let plain = algorithm.replace("-cert-v01@openssh.com", "");
    let flags = match plain.as_str() {
        "rsa-sha2-256" => RSA_SHA2_256,
        "rsa-sha2-512" => RSA_SHA2_512,
        _ => 0,
    };
    let signature = agent.sign(blob, request, flags)?;
    if flags != 0 && signature.algorithm != plain {
        let reason = format!(
            "the agent signed with {} instead of {plain}, which no current server accepts",
            escape(signature.algorithm.as_bytes())
        );
        return Err(Error::new(Kind::LoginRefused, "ask ssh-agent", reason)
            .advice("use a newer agent, or an Ed25519 key"));
    }
    Ok(inner_bytes(signature))
}

/// The algorithm named in the data to sign: session id, request, user, service, method, flag, algorithm.
fn requested_algorithm(request: &[u8]) -> Option<String> {
    let mut reader = Reader::new(request);
    reader.string()?;
    reader.byte()?;
    reader.string()?;
    reader.string()?;
    reader.string()?;
    reader.byte()?;
    reader.text()
}

/// The bytes of the one inner `string`, or all of it where more follows, as for security keys.
fn inner_bytes(signature: Signature) -> Vec<u8> {
    let mut reader = Reader::new(&signature.rest);
    match reader.string() {
        Some(bytes) if reader.is_empty() => bytes.to_vec(),
        _ => signature.rest,
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::put_string;
    use super::*;

    #[test]
    fn the_request_names_its_algorithm() {
        let mut request = Vec::new();
        put_string(&mut request, b"session");
        request.push(50);
        for field in ["user", "ssh-connection", "publickey"] {
            put_string(&mut request, field.as_bytes());
        }
        request.push(1);
        put_string(&mut request, b"rsa-sha2-512-cert-v01@openssh.com");
        assert_eq!(requested_algorithm(&request).as_deref(), Some("rsa-sha2-512-cert-v01@openssh.com"));
        assert_eq!(requested_algorithm(b"short"), None);
    }

    #[test]
    fn security_keys_keep_what_follows_their_signature() {
        let mut rest = Vec::new();
        put_string(&mut rest, b"sig");
        let plain = Signature { algorithm: "ssh-ed25519".into(), rest: rest.clone() };
        assert_eq!(inner_bytes(plain), b"sig");
        rest.extend_from_slice(&[1, 0, 0, 0, 7]);
        let security = Signature { algorithm: "sk-ssh-ed25519@openssh.com".into(), rest: rest.clone() };
        assert_eq!(inner_bytes(security), rest);
    }
}
