//! Manual pages (man(7)), one for each command, from the text of the help.

use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;

use super::page::{headed, text};
use crate::error::{Error, Result};

const PROGRAM: &str = "sclone";

/// The flags of every command would fill it.
const SYNOPSIS: &[u8] = b".SH SYNOPSIS\n\\fBsclone\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIPATH\\fR]...\n";

/// A page of the manual.
#[derive(Debug)]
pub struct Page {
    /// `sclone-config-show.1`.
    pub file: String,
    /// The page in roff.
    pub roff: Vec<u8>,
}

/// The pages of the program and of every command that is not hidden. The flags that every command takes are described
/// in the page of the program.
///
/// # Errors
/// Memory cannot be written.
pub fn pages(root: Command) -> Result<Vec<Page>> {
    let mut tree = root.clone().mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    tree.build();
    let mut pages = Vec::new();
    for command in tree.get_subcommands().filter(|command| !command.is_hide_set()) {
        write(command, &mut pages)?;
    }
    let mut root =
        root.long_about(about()).mut_args(|arg| if arg.is_global_set() { headed(&arg) } else { arg });
    root.build();
    pages.push(page(&root, PROGRAM)?);
    Ok(pages)
}

fn about() -> String {
    "sclone lists, copies and compares files over SSH, as rclone does, and logs in with any certificate OpenSSH logs \
     in with. It reads the configuration file of rclone. Each command has a page of its own: sclone-copy(1)."
        .into()
}

/// The page of a command, and those of its commands.
fn write(command: &Command, pages: &mut Vec<Page>) -> Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    pages.push(page(command, &name)?);
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .try_for_each(|command| write(command, pages))
}

fn page(command: &Command, name: &str) -> Result<Page> {
    let text = text(command);
    let version = format!("sclone {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone().long_about(text.about)).title(name.to_uppercase()).source(version);
    let render = |part: fn(&Man, &mut dyn Write) -> io::Result<()>, roff: &mut Vec<u8>| {
        part(&man, roff).map_err(|error| Error::from_io("write manual page", error))
    };
    let mut roff = Vec::new();
    render(Man::render_title, &mut roff)?;
    render(Man::render_name_section, &mut roff)?;
    if name == PROGRAM {
        roff.extend_from_slice(SYNOPSIS);
    } else {
        render(Man::render_synopsis_section, &mut roff)?;
    }
    render(Man::render_description_section, &mut roff)?;
    render(Man::render_options_section, &mut roff)?;
    if command.get_subcommands().any(|command| !command.is_hide_set()) {
        render(Man::render_subcommands_section, &mut roff)?;
    }
    if !text.exit_codes.is_empty() {
        roff.extend_from_slice(b".SH \"EXIT STATUS\"\n");
    }
    for (code, meaning) in text.exit_codes {
        roff.extend(
            format!(".TP\n\\fB{code}\\fR\n{}\n", meaning.replace('\\', "\\e").replace('-', "\\-")).bytes(),
        );
    }
    if name != PROGRAM {
        roff.extend_from_slice(b".SH \"SEE ALSO\"\nsclone(1) has the flags that every command takes.\n");
    }
    Ok(Page { file: format!("{name}.1"), roff })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse::command_tree;

    #[test]
    fn every_visible_command_has_a_page() {
        let pages = pages(command_tree()).unwrap();
        let page = |name: &str| {
            let page = pages.iter().find(|page| page.file == name).unwrap_or_else(|| panic!("{name}"));
            String::from_utf8(page.roff.clone()).unwrap()
        };
        for command in command_tree().get_subcommands() {
            let file = format!("sclone-{}.1", command.get_name());
            assert_eq!(pages.iter().any(|page| page.file == file), !command.is_hide_set(), "{file}");
        }
        let (root, ls) = (page("sclone.1"), page("sclone-ls.1"));
        assert!(root.contains("exclude\\-from") && root.contains("sftp\\-key\\-file"), "{root}");
        assert!(ls.contains("Example: `sclone ls web1:/var/log`"), "{ls}");
        assert!(ls.contains(".TP\n\\fB23\\fR\nno connection\n") && !ls.contains("Exit codes"), "{ls}");
        assert!(!ls.contains('\u{1b}') && !ls.contains("exclude\\-from"), "{ls}");
        assert!(page("sclone-config-show.1").contains("sclone config show"));
    }
}
