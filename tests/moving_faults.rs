//! `move` when something fails: the source goes last, and only if the destination is sure to have the file.

use crate::support::ground::Ground;
use crate::support::hostile::{Action, Rule};
use crate::support::tree::Tree;

fn tree() -> Tree {
    Tree::new().file("f", "content").file("sub/g", "more")
}

#[test]
fn a_server_that_goes_away_before_the_source_is_removed_costs_nothing() {
    let ground = Ground::with(&[Rule::new("REMOVE", 1, Action::Close)]);
    let honest = ground.user.server().start();
    ground.user.remote("honest", &honest);
    tree().write(&ground.here);
    ground.sclone("move --low-level-retries 2 --retries 2 @HERE THERE").code(23);
    assert_eq!(Tree::read(&ground.here), tree());
    assert!(ground.there.join("f").exists());
    let line = format!("move honest:{} THERE", ground.here.display());
    ground.sclone(&line).code(0).stderr("");
    assert_eq!(Tree::read(&ground.here), Tree::new().directory("sub"));
    assert_eq!(Tree::read(&ground.there), tree());
}

#[test]
fn what_is_not_on_the_disk_stays_in_the_source() {
    let fault = Action::Status { code: 4, text: "Input/output error".into() };
    let ground = Ground::with(&[Rule::new("fsync@openssh.com", 0, fault)]);
    tree().write(&ground.here);
    ground.sclone("move --fsync HERE @THERE").code(1).stderr_has(&["Input/output error"]);
    assert_eq!(Tree::read(&ground.here), tree());

    let ground = Ground::served(|builder| builder.hostile_without("fsync", &[]));
    tree().write(&ground.here);
    ground.sclone("move --fsync HERE @THERE").code(1).stderr_has(&["no fsync@openssh.com"]);
    assert_eq!(Tree::read(&ground.here), tree());
}

#[test]
fn a_copy_that_the_server_says_it_made_and_did_not_keeps_the_source() {
    let lie = Action::Status { code: 0, text: "Success".into() };
    let ground = Ground::with(&[Rule::new("posix-rename@openssh.com", 0, lie)]);
    tree().write(&ground.here);
    ground.sclone("move HERE @THERE").code(1).stderr_has(&["still has its old name"]);
    assert_eq!(Tree::read(&ground.here), tree());
}

#[test]
fn a_rename_within_the_server_that_was_not_done_keeps_the_file() {
    let lie = Action::Status { code: 0, text: "Success".into() };
    let ground = Ground::with(&[Rule::new("posix-rename@openssh.com", 0, lie)]);
    tree().write(&ground.here);
    Tree::new().file_with("f", "old", 0o644, 1_500_000_000).write(&ground.there);
    let before = Tree::read(&ground.there);
    ground.sclone("move @HERE @THERE").code(1).stderr_has(&["still has its old name"]);
    assert_eq!(Tree::read(&ground.here), tree());
    // What could not be moved was then copied, and the partial file of that could not take its name.
    assert_eq!(Tree::read(&ground.there).without(|path| path == b"sub"), before);
}
