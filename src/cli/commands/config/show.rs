//! `sclone config show`

use super::secrecy::is_secret;
use super::section_text::{HIDDEN, section_text};
use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::config::document::Document;
use crate::error::Result;

/// Show the configuration file, or one remote
///
/// Example: `sclone config show web1`
///
/// Secrets are not shown. The whole file comes with its comments.
///
/// Exit codes: 0 shown, 1 the file cannot be read.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Name of the remote; everything if it is left out
    name: Option<String>,
}

/// Shows the file or the remote.
///
/// # Errors
/// The file cannot be read.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let store = config_store::open(ctx)?;
    match args.name.as_deref() {
        Some(name) => show_remote(ctx, store.document(), name.strip_suffix(':').unwrap_or(name)),
        None if store.document().sections().is_empty() => ctx.stdout.line("; empty config"),
        None => ctx.stdout.write(without_secrets(store.document())?.to_bytes()),
    }
}

/// Shows one remote without its secrets.
pub(super) fn show_remote(ctx: &Ctx, document: &Document, name: &str) -> Result<()> {
    ctx.stdout.write(section_text(document, name, is_secret, HIDDEN))
}

fn without_secrets(document: &Document) -> Result<Document> {
    let mut shown = document.clone();
    for section in document.sections() {
        let remote_type = document.get(section, "type");
        for key in document.keys(section).into_iter().filter(|key| is_secret(remote_type.as_deref(), key)) {
            if document.own(section, key).is_some_and(|value| !value.is_empty()) {
                hide(&mut shown, section, key)?;
            }
        }
    }
    Ok(shown)
}

/// Only the last value of a key counts, but earlier ones are as secret.
fn hide(document: &mut Document, section: &str, key: &str) -> Result<()> {
    let lines = |document: &Document| document.to_bytes().split(|byte| *byte == b'\n').count();
    let mut without = document.clone();
    without.remove_key(section, key);
    if lines(document).saturating_sub(lines(&without)) > 1 {
        *document = without;
    }
    document.set(section, key, HIDDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_file_is_shown_but_for_secrets() {
        let file = b"# top\n[a]\r\ntype=sftp\npass = abc\nhost : h\n\n; mid\n[s]\ntype = s3\nsecret_access_key = k\n# end";
        let shown = without_secrets(&Document::parse(file).unwrap()).unwrap().to_bytes();
        let text = String::from_utf8(file.to_vec()).unwrap();
        let expected = text.replace("= abc", "= *** ENCRYPTED ***").replace("= k\n", "= *** ENCRYPTED ***\n");
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }
    #[test]
    fn earlier_values_of_a_secret_are_hidden_too() {
        let file = Document::parse(b"[a]\ntype = sftp\npass = first\npass = second\nhost = h").unwrap();
        let shown = String::from_utf8(without_secrets(&file).unwrap().to_bytes()).unwrap();
        assert!(!shown.contains("first") && !shown.contains("second"), "{shown}");
        assert!(shown.contains("host = h"), "{shown}");
    }
}
