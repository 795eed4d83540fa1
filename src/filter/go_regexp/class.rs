//! Classes of characters, `[…]`.

use super::escape::{Escape, perl_class, unicode_class};
use super::input::{Input, Result, fault, push_literal};

/// Names that may stand in `[:…:]`.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

/// Translates a class whose opening bracket was taken; `start` is what was left before.
pub(super) fn translate<'a>(input: &mut Input<'a>, start: &'a str, out: &mut String) -> Result<()> {
    out.push('[');
    if input.eat("^") {
        out.push('^');
    }
    let first = input.rest;
    // A closing bracket that comes first is a character.
    while input.rest == first || input.peek() != Some(']') {
        item(input, start, out)?;
    }
    input.take();
    out.push(']');
    Ok(())
}

fn item<'a>(input: &mut Input<'a>, class: &'a str, out: &mut String) -> Result<()> {
    if let Some(name) = named(input)? {
        out.push_str(name);
        return Ok(());
    }
    let mut ahead = *input;
    if ahead.eat("\\") {
        let set = match ahead.take() {
            Some(letter @ ('p' | 'P')) => Some(unicode_class(&mut ahead, input.rest, letter)?),
            Some(letter) => perl_class(letter).map(str::to_owned),
            None => None,
        };
        if let Some(set) = set {
            *input = ahead;
            out.push_str(&set);
            return Ok(());
        }
    }
    range(input, class, out)
}

fn range<'a>(input: &mut Input<'a>, class: &'a str, out: &mut String) -> Result<()> {
    let start = input.rest;
    let low = character(input, class)?;
    push_literal(out, low);
    let is_range =
        input.rest.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && !rest.starts_with(']'));
    if is_range {
        input.take();
        let high = character(input, class)?;
        if high < low {
            return Err(fault("invalid character class range", input.since(start)));
        }
        out.push('-');
        push_literal(out, high);
    }
    Ok(())
}

/// Takes `[:name:]`.
fn named<'a>(input: &mut Input<'a>) -> Result<Option<&'a str>> {
    let Some(end) = input.rest.strip_prefix("[:").and_then(|rest| rest.find(":]")) else { return Ok(None) };
    let (whole, rest) = input.rest.split_at_checked(end.saturating_add(4)).unwrap_or_default();
    let name = whole.trim_start_matches("[:").trim_end_matches(":]");
    if !NAMED.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(fault("invalid character class range", whole));
    }
    input.rest = rest;
    Ok(Some(whole))
}

fn character<'a>(input: &mut Input<'a>, class: &'a str) -> Result<char> {
    let start = input.rest;
    match input.take() {
        None => Err(fault("missing closing ]", class)),
        Some('\\') => match Escape::read(input, start)? {
            Escape::Literal(literal) => Ok(literal),
            Escape::Class(_) | Escape::Assertion(_) => {
                Err(fault("invalid escape sequence", input.since(start)))
            }
        },
        Some(literal) => Ok(literal),
    }
}
