use proptest::prelude::*;

use super::document::Document;

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes()).unwrap()
}

fn print(document: &Document) -> String {
    String::from_utf8(document.to_bytes()).unwrap()
}

/// Files and what `rclone config dump` (1.75.2) says of them, as `section.key=value`.
#[test]
fn reads_odd_files_as_rclone_does() {
    for (text, expected) in [
        ("k=v\n[a]\ntype=local\n", "DEFAULT.k=v a.type=local"),
        ("[a]\npass=hello\nx=%(pass)s|%(q)s|%(host)s\nhost=h\n", "a.pass=hello a.x=||h a.host=h"),
        ("[DEFAULT]\nhost=d\n[a]\nhost=h\nx=%(host)s\n", "DEFAULT.host=d a.host=h a.x=d"),
        ("[a]\n- = x\n- = y\n[b]\n- = z\n", "a.#1=x a.#2=y b.#1=z"),
        ("[ a ]\nk:v=w\n k2 =\n[a]\nk=second\n", "a.k=second a.k2="),
        ("[A]\nk=1\n[a]\nk=2\nK=3\n", "A.k=1 a.k=2 a.K=3"),
        ("[a]\nx=%(y)s\ny=%(z)s\nz=1\n[b]\nloop=%(loop)s\n", "a.x=1 a.y=1 a.z=1 b.loop=%(loop)s"),
        ("[foo]\ny=1\n[foo.bar]\nx=%(y)s\n", "foo.y=1 foo.bar.x="),
        ("x=%(y)s\n[a]\ny=1\nz=%(x)s|%(y)s\n", "DEFAULT.x= a.y=1 a.z=|1"),
        ("\u{feff}[a]\nk=v", "a.k=v"),
        (
            "[a]\nhosts=v\nx=%(hosts)s\nhost=w\nclass=c\ncla=q\ny=%(class)s\n",
            "a.hosts=v a.x=w a.host=w a.class=c a.cla=q a.y=q",
        ),
        ("[]\n[a]\nk=v\n", "a.k=v"),
    ] {
        let document = parse(text);
        let document = &document;
        let sections = document.sections();
        let entries = sections.iter().flat_map(|section| {
            let keys = document.keys(section).into_iter();
            keys.map(move |key| format!("{section}.{key}={}", document.get(section, key).unwrap()))
        });
        assert_eq!(entries.collect::<Vec<_>>().join(" "), expected, "{text}");
    }
}

/// Where rclone runs out of stack or time.
#[test]
fn loops_in_values_end() {
    for text in
        ["k=%(k)s", "k=x%(j)s\nj=%(k)s%(k)s", "k=%(%(k)s)s", "k=%(j)s%(j)s\nj=%(i)s%(i)s\ni=%(j)s%(j)s%(k)s"]
    {
        assert!(parse(text).get("DEFAULT", "k").unwrap().len() <= 1 << 20, "{text}");
    }
}

#[test]
fn dotted_sections_inherit() {
    let document =
        parse("[foo]\ntype=sftp\nhost=h\nx=%(host)s\n[foo.bar]\nhost=i\n[foo.bar.baz]\n[q.r.s]\n[q]\nk=v\n");
    assert_eq!(document.get("foo.bar.baz", "type").as_deref(), Some("sftp"));
    assert_eq!(document.get("foo.bar.baz", "host").as_deref(), Some("i"));
    assert_eq!(document.get("foo.bar", "x").as_deref(), Some("h"));
    assert_eq!(document.get("q.r.s", "k"), None);
    assert_eq!(document.get("nosuch.foo", "type"), None);
}

#[test]
fn a_broken_line_is_named() {
    for (text, message) in [
        (
            "[a]\r\ntype local\r\n",
            "read configuration: line 2 cannot be understood, it has no = between key and value: type local",
        ),
        ("\n[]\nk=v\n", "read configuration: line 3 cannot be understood, its section has no name: k=v"),
        (
            "\x1b[2J",
            "read configuration: line 1 cannot be understood, it has no = between key and value: \\x1b[2J",
        ),
    ] {
        assert_eq!(Document::parse(text.as_bytes()).unwrap_err().to_string(), message);
    }
    let long = Document::parse(&vec![b'x'; 1 << 20]).unwrap_err().to_string();
    assert!(long.len() < 200, "{long}");
}

#[test]
fn values_that_are_not_utf8_are_refused_only_where_they_are_used() {
    let document = Document::parse(b"[a]\nk=v\n[b]\n\nkey_file=/\xff\n[b.c]\n").unwrap();
    document.check_text("a").unwrap();
    document.check_text("b.c").unwrap_err();
    let message = document.check_text("b").unwrap_err().to_string();
    assert_eq!(message, "read remote b: the value of key_file on line 5 is not UTF-8");
}

#[test]
fn edits_touch_only_their_own_lines() {
    type Edit = fn(&mut Document);
    let table: &[(&str, Edit, &str)] = &[
        ("", |d| d.set("a", "k", "v").unwrap(), "[a]\nk = v\n"),
        ("# c", |d| d.set("a", "k", "v").unwrap(), "# c\n\n[a]\nk = v"),
        ("[a]\n# c\nk:1 \n; d\n", |d| d.set("a", "k", "2").unwrap(), "[a]\n# c\nk:2 \n; d\n"),
        ("[a]\nk = `x` y\n", |d| d.set("a", "k", " z").unwrap(), "[a]\nk = ` z`\n"),
        ("[a]\nk=\n", |d| d.set("a", "k", "v").unwrap(), "[a]\nk= v\n"),
        ("[a]\nk=1\nk=2\n", |d| d.set("a", "k", "3").unwrap(), "[a]\nk=1\nk=3\n"),
        (
            "[a]\r\nk=1\r\n\r\n# e\r\n[b]\r\n",
            |d| d.set("a", "l", "2").unwrap(),
            "[a]\r\nk=1\r\nl = 2\r\n\r\n# e\r\n[b]\r\n",
        ),
        ("[a]\nk=1", |d| d.set("a", "l", "2").unwrap(), "[a]\nk=1\nl = 2"),
        ("[a]\n\n[b]\nx=1\n", |d| d.set("a", "k", "v").unwrap(), "[a]\nk = v\n\n[b]\nx=1\n"),
        ("\u{feff}k=1\n", |d| d.set("DEFAULT", "k", "2").unwrap(), "\u{feff}k=2\n"),
        ("[a]\n- = 1\n- = 2\nz=1\n", |d| d.set("a", "z", "2").unwrap(), "[a]\n- = 1\n- = 2\nz=2\n"),
        ("[a]\nk=1\n# c\nk=2\nl=3\n", |d| assert!(d.remove_key("a", "k")), "[a]\n# c\nl=3\n"),
        ("[a]\nl=3\nk=1", |d| assert!(d.remove_key("a", "k")), "[a]\nl=3"),
        ("[a]\nl=3\n", |d| assert!(!d.remove_key("a", "k")), "[a]\nl=3\n"),
        (
            "# top\n\n[a]\nk=1\n# in\nl=2\n\n# of b\n[b]\nx=1\n[a]\nm=3\n",
            |d| assert!(d.remove_section("a")),
            "# top\n\n# of b\n[b]\nx=1\n",
        ),
        ("[a]\nk=1\n", |d| assert!(!d.remove_section("b")), "[a]\nk=1\n"),
        ("[ a ]\nk=1\n[a]\n", |d| d.rename_section("a", "b c").unwrap(), "[ b c ]\nk=1\n[b c]\n"),
    ];
    for (before, edit, after) in table {
        let mut document = parse(before);
        edit(&mut document);
        assert_eq!(print(&document), *after, "{before}");
        assert_eq!(parse(after), document, "{before}");
    }
}

#[test]
fn impossible_edits_are_refused() {
    let mut document = parse("[a]\nk=1\n[b]\n");
    for key in ["", "-", "#k", ";k", "[k", "a=b", "a:b", " k", "a\nb", "`k"] {
        assert!(document.set("a", key, "v").is_err(), "{key}");
    }
    assert!(document.set("a", "k", "x\n[evil]").is_err());
    assert!(document.set("bad/name", "k", "v").is_err());
    assert!(document.add_section("a").is_err());
    assert!(document.rename_section("a", "b").is_err());
    assert!(document.rename_section("c", "d").is_err());
    assert_eq!(print(&document), "[a]\nk=1\n[b]\n");
}

/// Files made of the characters that mean something, so that odd combinations come up.
fn odd_file() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"[a]".to_vec()),
        Just(b"[b.c]".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"k = v".to_vec()),
        Just(b"k2:".to_vec()),
        Just(b"\"q\" = ".to_vec()),
        Just(b"- = 1".to_vec()),
        Just(b"# c".to_vec()),
        Just(b"%(k)s".to_vec()),
        proptest::sample::select(&b"[]=:`\"#; \t\r\0\xff\xc2\xa0k-"[..]).prop_map(|byte| vec![byte]),
    ];
    let start = prop_oneof![3 => Just(vec![]), 1 => Just(b"\xef\xbb\xbf".to_vec())];
    let pieces = proptest::collection::vec(piece, 0..24);
    (start, pieces).prop_map(|(start, pieces)| [start, pieces.concat()].concat())
}

proptest! {
    #[test]
    fn printing_what_was_parsed_gives_the_same_bytes(bytes in odd_file()) {
        if let Ok(document) = Document::parse(&bytes) {
            prop_assert_eq!(document.to_bytes(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(document) = Document::parse(&bytes) {
            prop_assert_eq!(document.to_bytes(), bytes);
        }
    }

    #[test]
    fn what_was_set_is_read_back_and_nothing_else_changed(bytes in odd_file(), value in "[^\r\n]*") {
        if let Ok(before) = Document::parse(&bytes) {
            let mut document = before.clone();
            document.set("a", "k", &value).unwrap();
            prop_assert_eq!(document.own("a", "k").unwrap(), value.as_str());
            let reread = Document::parse(&document.to_bytes()).unwrap();
            prop_assert_eq!(&reread, &document);
            for section in before.sections() {
                for key in before.keys(section) {
                    if (section, key) != ("a", "k") {
                        prop_assert_eq!(before.own(section, key), document.own(section, key));
                    }
                }
            }
            document.remove_section("a");
            prop_assert!(!document.has_section("a"));
            prop_assert_eq!(Document::parse(&document.to_bytes()).unwrap(), document);
        }
    }

    #[test]
    fn an_edit_changes_only_its_lines(bytes in odd_file(), value in "[^\r\n]*") {
        if let Ok(before) = Document::parse(&bytes) {
            let mut document = before.clone();
            document.set("a", "k", &value).unwrap();
            let (replaced, written) = changed_lines(&bytes, &document.to_bytes());
            // A line of its own; in a new section also a blank line and the header.
            let most = if before.has_section("a") { 1 } else { 3 };
            prop_assert!(replaced <= 1 && written <= most, "{replaced} {written}");
        }
    }
}

/// How many lines of two files differ between what they begin and end with in common. Line ends do not count: a last
/// line gets one when another follows.
fn changed_lines(before: &[u8], after: &[u8]) -> (usize, usize) {
    let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
        bytes.split_inclusive(|&byte| byte == b'\n').map(|line| line.trim_ascii_end().to_vec()).collect()
    };
    let (before, after) = (lines(before), lines(after));
    let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[same..], &after[same..]);
    let same = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    (before.len() - same, after.len() - same)
}
