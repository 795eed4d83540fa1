//! Which folders can hold what a glob matches.

use super::glob;

/// Globs of folders, the deepest first: a folder that none of them matches holds nothing that `glob` matches.
pub(crate) fn folder_globs(glob: &str) -> Vec<String> {
    let everywhere = || vec!["/**".to_owned()];
    if is_too_hard(glob) {
        log::info!("Can't figure out directory filters from {glob:?}: looking in all directories");
        return everywhere();
    }
    let mut rest = squash_slashes(glob);
    let mut found: Vec<String> = Vec::new();
    while let Some((at, kept)) = last_cut(&rest) {
        rest.truncate(at);
        let folder = format!("{rest}{kept}/");
        if found.last() != Some(&folder) {
            found.push(folder);
        }
    }
    if found.is_empty() { everywhere() } else { found }
}

/// The last `/` or `**`, and what of it belongs to the folder.
fn last_cut(glob: &str) -> Option<(usize, &'static str)> {
    match (glob.rfind('/'), glob.rfind("**")) {
        (slash, Some(stars)) if slash.is_none_or(|slash| stars > slash) => Some((stars, "**")),
        (slash, _) => Some((slash?, "")),
    }
}

/// Whether a glob has regular expressions, braces in braces, or `/` or `**` in braces.
fn is_too_hard(glob: &str) -> bool {
    if glob.contains("}}") {
        return true;
    }
    glob.split('{').enumerate().skip(1).any(|(index, after)| match after.split_once('}') {
        Some((inside, _)) => inside.contains("**") || inside.contains('/'),
        // Nothing closes before the next brace opens, if there is one.
        None => glob.split('{').count() > index.saturating_add(1),
    })
}

fn squash_slashes(glob: &str) -> String {
    let mut squashed = String::with_capacity(glob.len());
    for c in glob.chars() {
        if c != '/' || !squashed.ends_with('/') {
            squashed.push(c);
        }
    }
    squashed
}

/// The regular expressions of the folders; the root is left out, as it is always read.
pub(crate) fn folder_regexps(glob: &str, ignore_case: bool) -> Result<Vec<String>, String> {
    let globs = folder_globs(glob).into_iter().filter(|folder| folder != "/");
    globs.map(|folder| glob::to_regexp(&folder, ignore_case)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_cut_from_the_end() {
        for (glob, folders) in [
            ("*", &["/**"][..]),
            ("a", &["/**"]),
            ("/a", &["/"]),
            ("/a/b/*.jpg", &["/a/b/", "/a/", "/"]),
            ("a//b", &["a/"]),
            ("a**b", &["a**/"]),
            ("/a/**", &["/a/**/", "/a/", "/"]),
            ("**", &["**/"]),
            ("/{a,b}/c", &["/{a,b}/", "/"]),
            ("{a,{b,c}}", &["/**"]),
            ("a/{b/c,d}", &["/**"]),
            ("a/{b**,d}", &["/**"]),
            ("a/{b*,d}", &["a/"]),
            ("a/{{b}}", &["/**"]),
            ("{{b}}/c/{d}", &["/**"]),
            ("{a}/{b}", &["{a}/"]),
        ] {
            assert_eq!(folder_globs(glob), folders, "{glob}");
        }
    }
}
