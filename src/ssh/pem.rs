//! The armour of private keys: `-----BEGIN ... PRIVATE KEY-----`, lines, `-----END`.

use zeroize::Zeroizing;

/// A private key cut out of a text, with clean line ends.
pub(crate) struct Block {
    /// Begin line to end line, one `\n` after each.
    pub(crate) text: Zeroizing<String>,
    /// Whether the text held exactly this, so that the file itself can be used.
    pub(crate) is_whole_text: bool,
    label: String,
}

/// The first private key block of a text.
pub(crate) fn private_key_block(bytes: &[u8]) -> Option<Block> {
    let source = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    let mut lines = source.trim_start_matches('\u{feff}').lines().map(str::trim);
    let (begin, label) = lines.find_map(|line| Some((line, label_of(line)?)))?;
    let mut text = Zeroizing::new(String::with_capacity(source.len().saturating_add(1)));
    push_line(&mut text, begin);
    for line in lines {
        push_line(&mut text, line);
        if line.starts_with("-----END ") {
            let is_whole_text = source.trim_end() == text.trim_end();
            return Some(Block { text, is_whole_text, label: label.to_owned() });
        }
    }
    None
}

impl Block {
    pub(crate) fn is_openssh(&self) -> bool {
        self.label == "OPENSSH PRIVATE KEY"
    }

    /// Whether a PKCS#8 or old PEM key needs a passphrase.
    pub(crate) fn is_encrypted_pem(&self) -> bool {
        self.label == "ENCRYPTED PRIVATE KEY"
            || self.text.lines().any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED"))
    }

    /// The bytes inside the armour of an OpenSSH key.
    pub(crate) fn openssh_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut base64 = Zeroizing::new(String::with_capacity(self.text.len()));
        self.text.lines().filter(|line| !line.starts_with("-----")).for_each(|line| base64.push_str(line));
        if base64.is_empty() {
            return None;
        }
        openssl::base64::decode_block(&base64).ok().map(Zeroizing::new)
    }
}

/// Puts an OpenSSH container into its armour.
pub(crate) fn openssh_text(bytes: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(openssl::base64::encode_block(bytes));
    let mut text = Zeroizing::new(String::with_capacity(base64.len().saturating_mul(2)));
    push_line(&mut text, "-----BEGIN OPENSSH PRIVATE KEY-----");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at_checked(70).unwrap_or((rest, ""));
        push_line(&mut text, line);
        rest = next;
    }
    push_line(&mut text, "-----END OPENSSH PRIVATE KEY-----");
    text
}

fn label_of(line: &str) -> Option<&str> {
    line.strip_prefix("-----BEGIN ")?.strip_suffix("-----").filter(|label| label.ends_with("PRIVATE KEY"))
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
