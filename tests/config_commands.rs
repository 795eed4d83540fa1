//! The commands that change `rclone.conf` and look at it, as rclone 1.75.2 answers them.

use crate::support::sandbox::Sandbox;

const FILE: &str = "# top\n[b]\ntype = sftp\nhost = h\nuser = u\npass = YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ\nodd = x,y:z\n\n\
    [a]\ntype = local\ndescription = loc A\n\n[c.d]\ntype = alias\nremote = b:x\ndescription = an alias\n\n[nt]\nhost = h\n";

fn sandbox(text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.config_path(), text).unwrap();
    sandbox
}

fn config(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.config_path()).unwrap()
}

#[test]
fn options_are_unset() {
    let sandbox = sandbox(FILE);
    let shown = "[b]\ntype = sftp\nhost = h\npass = *** ENCRYPTED ***\n";
    sandbox.sclone(["config", "unset", "b", "user", "odd", "nosuch"]).run().code(0).stdout(shown);
    assert_eq!(config(&sandbox), FILE.replace("user = u\n", "").replace("odd = x,y:z\n", ""));
    for (arguments, complaint) in [
        (&["b", "type"][..], "can't unset the \"type\""),
        (&["nosuch", "x"], "remote \"nosuch\" doesn't exist"),
        (&["nt", "host"], "remote \"nt\" doesn't exist"),
        (&["b"], "<KEY>"),
    ] {
        sandbox.sclone([&["config", "unset"], arguments].concat()).run().code(2).stderr_has(&[complaint]);
    }
}

#[test]
fn passwords_are_always_obscured() {
    let sandbox = sandbox(FILE);
    let obscured = "YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ";
    sandbox.sclone(["config", "password", "b", "pass", obscured]).run().code(0);
    let twice =
        config(&sandbox).lines().find_map(|line| line.strip_prefix("pass = ").map(str::to_owned)).unwrap();
    sandbox.sclone(["reveal", &twice]).run().code(0).stdout(format!("{obscured}\n"));
    sandbox
        .sclone(["config", "password", "b", "pass"])
        .run()
        .code(2)
        .stderr_has(&["found key without value"]);
    sandbox.sclone(["config", "password", "no", "pass=x"]).run().code(2).stderr_has(&["couldn't find type"]);
}

#[test]
fn connection_strings_are_shown() {
    let sandbox = sandbox(FILE);
    let remote = ":sftp,host=h,pass=YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ";
    for (argument, expected) in [
        ("b", ":local:b".to_owned()),
        ("/tmp/x", ":local:/tmp/x".to_owned()),
        ("b:path/x", format!("{remote},user=u:path/x")),
        ("b,user=z:p", format!("{remote},user=z:p")),
        ("c.d:", ":alias,description=an alias,remote='b:x':".to_owned()),
        (":local:x", ":local:x".to_owned()),
    ] {
        sandbox.sclone(["config", "string", argument]).run().code(0).stdout(format!("{expected}\n"));
    }
    let flagged = sandbox.sclone(["config", "string", "b:", "--sftp-user", "zz"]).run();
    flagged.code(0).stdout(format!("{remote},user=zz:\n"));
    sandbox.sclone(["config", "string", "nosuch:"]).run().code(2).stderr_has(&["didn't find section"]);
}

#[test]
fn the_types_are_described_to_programs() {
    let outcome = sandbox("").sclone(["config", "providers"]).run();
    let providers: serde_json::Value = serde_json::from_slice(&outcome.code(0).stdout).unwrap();
    let names: Vec<_> = providers.as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap()).collect();
    assert_eq!(names, ["alias", "local", "sftp"]);
    assert_eq!(providers[2]["Options"][0]["Name"], "host");
    assert_eq!(providers[2]["Options"][0]["Required"], true);
    let text = String::from_utf8_lossy(&outcome.stdout);
    assert!(text.starts_with(
        "[\n    {\n        \"Name\": \"alias\",\n        \"Description\": \"Alias for an existing remote\""
    ));
    assert!(text.ends_with("}\n]"));
}

#[test]
fn remotes_are_chosen_and_ordered() {
    let sandbox = sandbox(FILE);
    let lists = |arguments: &str| {
        let outcome = sandbox.sclone(["listremotes"].into_iter().chain(arguments.split_whitespace())).run();
        String::from_utf8(outcome.code(0).stdout.clone()).unwrap().replace(":\n", " ")
    };
    for (arguments, expected) in [
        ("", "b a c.d "),
        ("--order-by name", "a b c.d "),
        ("--order-by type", "c.d a b "),
        ("--order-by description,name", "b c.d a "),
        ("--order-by source", "b a c.d "),
        ("--order-by name=descending", "c.d b a "),
        ("--order-by type=desc,name=asc", "b a c.d "),
        ("--name A", "a "),
        ("--type sft", "b "),
        ("--type SFTP", "b "),
        ("--type s*", "b c.d "),
        ("--description an", "c.d "),
        ("--source fil", "b a c.d "),
        ("--source environment", ""),
        ("--exact --name A", "a "),
        ("--exact local", "a "),
        ("--exact --type sft", ""),
        ("--name a --type local", "a "),
        ("a*", "a c.d "),
        ("file", "b a c.d "),
        ("b:", ""),
        ("a --name b", ""),
    ] {
        assert_eq!(lists(arguments), expected, "{arguments}");
    }
    for (arguments, complaint) in [
        (["--order-by", "nosuch"], "unknown --order-by field \"nosuch\""),
        (["--order-by", "name=foo"], "unknown --order-by direction \"foo\""),
        (["--order-by", "name,"], "unknown --order-by field \"\""),
        (["--name", "{{x"], "mismatched"),
    ] {
        sandbox.sclone(["listremotes"].into_iter().chain(arguments)).run().code(2).stderr_has(&[complaint]);
    }
}

#[test]
fn the_file_is_encrypted_and_decrypted() {
    let sandbox = sandbox(FILE);
    let run = |action: &str, command: Option<&str>, variable: &str| {
        let flag = command.map(|command| format!("--password-command={command}"));
        let arguments = ["config", "encryption", action].into_iter().map(str::to_owned).chain(flag);
        sandbox.sclone(arguments).env("RCLONE_CONFIG_PASS", variable).run()
    };
    run("check", None, "").code(2).stderr_has(&["config file is NOT encrypted"]);
    run("remove", None, "").code(0).stdout("");
    run("set", None, "old").code(1).stderr_has(&["there is nobody to ask"]);
    assert_eq!(config(&sandbox), FILE);

    run("set", Some("echo one"), "").code(0).stdout("Read password using --password-command\n");
    assert!(config(&sandbox).starts_with("# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\n"));
    run("check", None, "").code(1).stderr_has(&["RCLONE_CONFIG_PASS"]);
    run("check", Some("echo wrong"), "").code(1).stderr_has(&["the password is wrong"]);
    run("check", None, "one").code(0).stdout("");

    let script = sandbox.write("pw", "#!/bin/sh\n[ \"$RCLONE_PASSWORD_CHANGE\" ] && echo two || echo one\n");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    run("set", script.to_str(), "").code(0);
    run("check", None, "two").code(0);
    run("remove", None, "two").code(0);
    assert_eq!(config(&sandbox), FILE);
}

/// A person types the new password twice, and once to open the file.
#[test]
fn a_password_can_be_typed() {
    let sandbox = sandbox(FILE);
    let set = sandbox.sclone(["config", "encryption", "set"]).run_at_terminal(&[
        ("Enter NEW configuration password:\r\npassword: ", "pw\n"),
        ("Confirm NEW configuration password:\r\npassword: ", "pv\n"),
        ("Passwords do not match!", ""),
        ("password: ", "pw\n"),
        ("password: ", "pw\n"),
    ]);
    assert_eq!(set.code, Some(0), "{}", set.text);
    let shown = sandbox.sclone(["listremotes"]).run_at_terminal(&[("Password of", "pw\n")]);
    assert!(shown.text.contains("c.d:"), "{}", shown.text);
}

/// Each source names another port that nobody listens on; the complaint tells which one was taken.
#[test]
fn the_order_of_sources_is_flag_environment_argument_file_settings() {
    let settings = |sandbox: &Sandbox, text: &str| {
        std::fs::create_dir_all(sandbox.path("home/.config/sclone")).unwrap();
        sandbox.write("home/.config/sclone/settings.toml", text);
    };
    let sources = [
        ("flag", "the command line", "1"),
        ("SCLONE_CONFIG_W_PORT", "$SCLONE_CONFIG_W_PORT", "2"),
        ("RCLONE_CONFIG_W_PORT", "$RCLONE_CONFIG_W_PORT", "3"),
        ("RCLONE_SFTP_PORT", "$RCLONE_SFTP_PORT", "4"),
        ("argument", "the argument", "5"),
        ("file", "the configuration file", "6"),
        ("settings", "the settings", "7"),
    ];
    for first in 0..sources.len() {
        let sandbox = Sandbox::new();
        let mut config =
            "[w]\ntype = sftp\nhost = 127.0.0.1\nuser = u\npass = YWFhYWFhYWFhYWFhYWFhYXMaGgIlEQ\n"
                .to_owned();
        let (mut flags, mut argument, mut variables) = (vec!["-vv".to_owned()], "w:".to_owned(), vec![]);
        for (source, _, port) in &sources[first..] {
            match *source {
                "flag" => flags.push(format!("--sftp-port={port}")),
                "argument" => argument = format!("w,port={port}:"),
                "file" => config += &format!("port = {port}\n"),
                "settings" => settings(&sandbox, &format!("sftp-port = {port}\n")),
                variable => variables.push((variable, *port)),
            }
        }
        std::fs::write(sandbox.config_path(), config).unwrap();
        let run = sandbox.sclone(["lsd".to_owned(), argument].into_iter().chain(flags));
        let run = variables.iter().fold(run, |run, (name, port)| run.env(name, port)).run();
        let (_, place, port) = sources[first];
        run.code(23).stderr_has(&[&format!("w: port from {place}"), &format!("127.0.0.1:{port}")]);
    }
}

/// A program asks the questions; `rclone config create --non-interactive --all` comes with the same states.
#[test]
fn a_program_may_ask_the_questions() {
    let sandbox = sandbox("");
    let step = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_slice(&sandbox.sclone([&["config"], arguments].concat()).run().code(0).stdout)
            .unwrap()
    };
    let answer = |state: &str, result: &str| {
        step(&["update", "n", "--continue", "--state", state, "--result", result])
    };
    let end = serde_json::json!({"State": "", "Option": null, "Error": "", "Result": ""});
    assert_eq!(step(&["create", "n", "sftp", "--non-interactive"]), end);
    let first = step(&["create", "n", "sftp", "host=h", "--non-interactive", "--all"]);
    assert_eq!((&first["State"], &first["Option"]["Name"]), (&"*all-set,1,false".into(), &"user".into()));

    let port = answer("*all-set,1,false", "me");
    assert_eq!((&port["State"], &port["Option"]["Default"]), (&"*all-set,2,false".into(), &22.into()));
    let again = answer("*all-set,2,false", "many");
    assert_eq!((&again["State"], &again["Option"]["Name"]), (&port["State"], &"port".into()));
    assert_eq!(again["Error"], "it is not a port number from 1 to 65535");
    assert_eq!(answer("*all-set,2,false", "22")["Option"]["IsPassword"], true);
    answer("*all-set,3,false", "potato");
    assert!(
        config(&sandbox).starts_with("[n]\ntype = sftp\nhost = h\nuser = me\npass = ")
            && !config(&sandbox).contains("potato")
    );

    let last = answer("*all-set,43,false", "");
    assert_eq!(
        (&last["State"], &last["Option"]["Name"]),
        (&"*all-advanced".into(), &"config_fs_advanced".into())
    );
    assert_eq!(answer("*all-advanced", "false"), end);
    assert_eq!(answer("*all-advanced", "true")["Option"]["Name"], "known_hosts_file");
    for state in ["*all-set,999,false", "*all-set,x,false", "bogus"] {
        sandbox.sclone(["config", "update", "n", "--continue", "--state", state]).run().code(2);
    }
    sandbox.sclone(["config", "update", "n", "--all"]).run().code(2).stderr_has(&["--non-interactive"]);
}

#[test]
fn aliases_nest_take_sub_paths_and_never_loop() {
    let sandbox = sandbox(
        "[disk]\ntype = local\n[base]\ntype = alias\nremote = disk:tree\n[deep]\ntype = alias\nremote = base:one/\n\
         [ring]\ntype = alias\nremote = gnir:x\n[gnir]\ntype = alias\nremote = ring:\n[empty]\ntype = alias\n",
    );
    std::fs::create_dir_all(sandbox.path("tree/one/two")).unwrap();
    sandbox.write("tree/one/two/file", "12345");
    let line = "        5 ";
    for (argument, path) in [
        ("base:", "one/two/file"),
        ("base:one", "two/file"),
        ("deep:", "two/file"),
        ("deep:two", "file"),
        ("deep:../../two", "file"),
        ("deep:two/file", "file"),
        (":alias,remote='deep:two':", "file"),
        ("disk:tree/one", "two/file"),
    ] {
        sandbox.sclone(["ls", argument]).run().code(0).stdout(format!("{line}{path}\n"));
    }
    for name in ["ring:", "gnir:a/b"] {
        sandbox.sclone(["ls", name]).run().code(1).stderr_has(&["it leads back to itself", "->"]);
    }
    sandbox.sclone(["ls", "empty:"]).run().code(1).stderr_has(&["it can't point to an empty remote"]);
}
