//! What follows a backslash.

use super::input::{Input, Result, fault};

/// An escape.
pub(super) enum Escape {
    /// Stands for a character.
    Literal(char),
    /// Stands for one of several characters.
    Class(String),
    /// Stands for a place.
    Assertion(&'static str),
}

impl Escape {
    /// Reads an escape whose backslash was taken; `start` is what was left before.
    pub(super) fn read<'a>(input: &mut Input<'a>, start: &'a str) -> Result<Self> {
        let Some(letter) = input.take() else {
            return Err(fault("trailing backslash at end of expression", ""));
        };
        if let Some(class) = perl_class(letter) {
            return Ok(Self::Class(class.to_owned()));
        }
        let literal = match letter {
            'p' | 'P' => return Ok(Self::Class(unicode_class(input, start, letter)?)),
            'A' => return Ok(Self::Assertion(r"\A")),
            'z' => return Ok(Self::Assertion(r"\z")),
            'b' => return Ok(Self::Assertion(r"(?-u:\b)")),
            'B' => return Ok(Self::Assertion(r"(?-u:\B)")),
            'a' => Some('\u{7}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            'x' => hexadecimal(input),
            '0'..='7' => octal(input, letter),
            _ => (letter.is_ascii() && !letter.is_ascii_alphanumeric()).then_some(letter),
        };
        literal.map(Self::Literal).ok_or_else(|| fault("invalid escape sequence", input.since(start)))
    }
}

/// The ASCII classes of Perl.
pub(super) fn perl_class(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t\n\f\r ]",
        'S' => r"[^\t\n\f\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        _ => return None,
    })
}

/// Reads what follows `\p` or `\P`: one letter, or a name in braces.
pub(super) fn unicode_class<'a>(input: &mut Input<'a>, start: &'a str, letter: char) -> Result<String> {
    let one = input.rest;
    let name = if input.eat("{") {
        let (name, rest) = input.rest.split_once('}').unwrap_or(("", ""));
        input.rest = rest;
        name
    } else {
        input.take();
        input.since(one)
    };
    let positive = name.strip_prefix('^');
    let name = positive.unwrap_or(name);
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ')) {
        return Err(fault("invalid character class range", input.since(start)));
    }
    let is_negated = (letter == 'P') != positive.is_some();
    Ok(format!("\\{}{{{name}}}", if is_negated { 'P' } else { 'p' }))
}

/// Two digits, or any number of them in braces.
fn hexadecimal(input: &mut Input<'_>) -> Option<char> {
    let mut value = 0_u32;
    let add = |value: u32, digit: u32| value.checked_mul(16)?.checked_add(digit);
    if !input.eat("{") {
        for _ in 0..2 {
            value = add(value, input.take()?.to_digit(16)?)?;
        }
        return char::from_u32(value);
    }
    let before = input.rest;
    loop {
        match input.take()? {
            '}' if input.since(before).len() > 1 => return char::from_u32(value),
            digit => {
                value = add(value, digit.to_digit(16)?).filter(|value| *value <= u32::from(char::MAX))?;
            }
        }
    }
}

/// Up to three digits that begin with 0, or more than one that do not.
fn octal(input: &mut Input<'_>, first: char) -> Option<char> {
    let mut value = first.to_digit(8)?;
    let mut digits = 1;
    while digits < 3
        && let Some(digit) = input.peek().and_then(|next| next.to_digit(8))
    {
        value = value.checked_mul(8)?.checked_add(digit)?;
        input.take();
        digits += 1;
    }
    (digits > 1 || first == '0').then(|| char::from_u32(value))?
}
