//! `config`, `listremotes`, `obscure` and `reveal` on a file: what is changed, and that nothing else is.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::cli::{Home, Ran};

#[test]
fn passwords_are_obscured_and_revealed() {
    let home = Home::new();
    let obscured = home.run(&["obscure", "-dash"]).out;
    assert_eq!(home.run(&["reveal", obscured.trim_end()]).out, "-dash\n");

    let mut child =
        home.command(&["obscure", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"from a pipe\nnot this\n").unwrap();
    let piped = Ran::of(child.wait_with_output().unwrap_or_else(|error| panic!("{error}"))).out;
    assert_eq!(home.run(&["reveal", piped.trim_end()]).out, "from a pipe\n");
}

#[test]
fn changes_leave_the_rest_of_the_file_alone() {
    let home = Home::new();
    let before =
        "; mine\r\n[foreign]\ntype=s3\n  odd : value \n\n# above\n[web1]\ntype = sftp\nhost = old\n# last";
    home.write_config(before);
    let ran = home.run(&["config", "update", "web1", "host=new"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, "[web1]\ntype = sftp\nhost = new\n");
    assert_eq!(home.read_config(), before.replace("host = old", "host = new"));

    home.write_config(before);
    let ran = home.run(&["config", "create", "web2", "sftp", "host", "h", "user=me"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "[web2]\ntype = sftp\nhost = h\nuser = me\n"));
    assert!(home.read_config().starts_with(before));
    assert_eq!(home.run(&["config", "delete", "web2"]).code, 0);
    assert_eq!(home.read_config().trim_end(), before);
    assert_eq!(home.run(&["config", "delete", "web2"]).code, 0);
    assert_eq!(fs::metadata(home.config()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_new_file_is_private_and_holds_no_plain_password() {
    let home = Home::new();
    let ran = home.run(&["config", "create", "a", "sftp", "host=h", "pass=potato"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, "[a]\ntype = sftp\nhost = h\npass = *** ENCRYPTED ***\n");
    assert!(!home.read_config().contains("potato"));
    assert_eq!(fs::metadata(home.config()).unwrap().permissions().mode() & 0o777, 0o600);
    let pass =
        home.read_config().lines().find_map(|line| line.strip_prefix("pass = ").map(str::to_owned)).unwrap();
    assert_eq!(home.run(&["reveal", &pass]).out, "potato\n");
    for show in [&["config", "show"][..], &["config", "show", "a:"]] {
        let shown = home.run(show).out;
        assert!(shown.contains("pass = *** ENCRYPTED ***") && !shown.contains(&pass), "{shown}");
    }
}

#[test]
fn wrong_changes_are_refused_and_change_nothing() {
    let home = Home::new();
    home.write_config("[a]\ntype = sftp\n");
    for (arguments, expected) in [
        (&["create", "b", "sfpt"][..], "couldn't find backend for type \"sfpt\""),
        (&["create", "bad:name", "sftp"], "invalid characters"),
        (&["create", "b", "sftp", "host"], "found key without value"),
        (&["update", "a", "host=x\ny"], "invalid key or value"),
        (&["update", "b", "host=x"], "couldn't find type field"),
    ] {
        let ran = home.run(&[&["config"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(home.read_config(), "[a]\ntype = sftp\n");
    let ran = home.run(&["config", "update", "a", "pubkey_fil=x"]);
    assert_eq!(ran.log(), ["NOTICE: sftp has no option \"pubkey_fil\": did you mean \"pubkey_file\"?"]);
}

#[test]
fn a_dry_run_changes_no_file() {
    let home = Home::new();
    for arguments in [
        &["config", "touch"][..],
        &["config", "create", "a", "sftp"],
        &["config", "delete", "a"],
        &["completion", "bash", "script"],
    ] {
        let ran = home.run(&[arguments, &["-n"]].concat());
        assert_eq!(ran.code, 0, "{arguments:?}");
        assert!(ran.err.contains("as --dry-run is set"), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(fs::read_dir(home.folder.path()).unwrap().count(), 0);
    home.write_config("[a]\ntype = sftp\nhost = h\n");
    let ran = home.run(&["config", "update", "a", "host=new", "--dry-run"]);
    assert_eq!(ran.out, "[a]\ntype = sftp\nhost = new\n");
    assert_eq!(home.read_config(), "[a]\ntype = sftp\nhost = h\n");
}

#[test]
fn remotes_are_listed_and_dumped() {
    let home = Home::new();
    home.write_config(
        "[zeta]\ntype = sftp\nuser = me\n[alpha beta]\ntype = local\ndescription = a b\n[x]\nhost = h\n",
    );
    assert_eq!(home.run(&["listremotes"]).out, "zeta:\nalpha beta:\n");
    assert_eq!(home.run(&["listremotes", "ET*"]).out, "zeta:\nalpha beta:\n");
    assert_eq!(home.run(&["listremotes", "--long"]).out, "zeta:       sftp  \nalpha beta: local a b\n");
    let ran = Ran::of(
        home.command(&["listremotes", "--json"]).env("RCLONE_CONFIG_ENVR_TYPE", "sftp").output().unwrap(),
    );
    assert_eq!(
        ran.out,
        "[\n{\"name\":\"envr\",\"type\":\"sftp\",\"source\":\"environment\",\"description\":\"\"},\n\
         {\"name\":\"zeta\",\"type\":\"sftp\",\"source\":\"file\",\"description\":\"\"},\n\
         {\"name\":\"alpha beta\",\"type\":\"local\",\"source\":\"file\",\"description\":\"a b\"}\n]\n"
    );
    assert_eq!(
        home.run(&["config", "redacted"]).out,
        "[alpha beta]\ntype = local\ndescription = a b\n\n[x]\n# couldn't find type of fs for \"x\"\nhost = h\n\n\
         [zeta]\ntype = sftp\nuser = XXX\n\
         ### Double check the config for sensitive info before posting publicly\n"
    );
    let dump = home.command(&["config", "dump"]).env("RCLONE_CONFIG_ZETA_USER", "you").output().unwrap();
    assert_eq!(
        Ran::of(dump).out,
        "{\n    \"alpha beta\": {\n        \"description\": \"a b\",\n        \"type\": \"local\"\n    },\n    \
         \"x\": {\n        \"host\": \"h\"\n    },\n    \
         \"zeta\": {\n        \"type\": \"sftp\",\n        \"user\": \"you\"\n    }\n}"
    );
    assert_eq!(
        home.run(&["config", "show", "nope"]).out,
        "[nope]\n# couldn't find type of fs for \"nope\"\n"
    );
}

#[test]
fn the_place_of_the_file_is_told_and_made() {
    let home = Home::new();
    let path = home.config().display().to_string();
    assert_eq!(
        home.run(&["config", "file"]).out,
        format!("Configuration file doesn't exist, but sclone will use this path:\n{path}\n")
    );
    assert_eq!(home.run(&["config", "show"]).out, "; empty config\n");
    assert_eq!(home.run(&["config", "touch"]).code, 0);
    assert_eq!(home.run(&["config", "file"]).out, format!("Configuration file is stored at:\n{path}\n"));
    assert_eq!(fs::metadata(home.config()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(home.run(&["config", "file", "--config="]).out, "Configuration is in memory only\n");
    let paths = home.run(&["config", "paths"]).out;
    assert!(paths.starts_with(&format!("Config file: {path}\nCache dir:   ")), "{paths}");
    assert!(paths.ends_with("/.config/sclone/settings.toml\n"), "{paths}");
}
