//! A pattern as a list of items.
//!
//! A pattern has no alternatives and repeats single characters only. So each position in it is
//! reached with the same captures open, and what `)` closes or `%1` means is known beforehand.
//! Lua finds faults in a pattern when it comes to them, so they are items as well.

/// The most captures of a pattern.
pub(super) const MAX_CAPTURES: usize = 32;

/// A set of bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Set([u64; 4]);

impl Set {
    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    fn add_where(&mut self, test: impl Fn(u8) -> bool) {
        (0..=255).filter(|byte| test(*byte)).for_each(|byte| self.add(byte));
    }

    fn invert(&mut self) {
        self.0.iter_mut().for_each(|bits| *bits = !*bits);
    }

    pub(super) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
    }
}

/// What stands for one character.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Single {
    Any,
    Byte(u8),
    Set(Box<Set>),
}

impl Single {
    pub(super) fn has(&self, byte: u8) -> bool {
        match self {
            Self::Any => true,
            Self::Byte(own) => *own == byte,
            Self::Set(set) => set.has(byte),
        }
    }
}

/// How often a single character is repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Repeat {
    Once,
    Optional,
    /// At least so many, as many as can be.
    Most(usize),
    /// As few as can be.
    Least,
}

/// One step of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Single(Single, Repeat),
    Open(usize),
    Close(usize),
    Position(usize),
    Back(usize),
    Balance(u8, u8),
    Frontier(Box<Set>),
    End,
    /// Matches nothing.
    Never,
    /// The pattern is at fault here.
    Fault(String),
}

/// What a capture holds at the end of the pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Capture {
    Unfinished,
    Text,
    Position,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    /// Whether it matches at the start only.
    pub(super) anchored: bool,
    pub(super) items: Vec<Item>,
    pub(super) captures: Vec<Capture>,
}

impl Program {
    /// Compiles a pattern. `gmatch` has no anchor: there `^` stands for itself.
    pub(super) fn new(pattern: &[u8], anchors: bool) -> Self {
        let anchored = anchors && pattern.first() == Some(&b'^');
        let mut parser = Parser { rest: &pattern[usize::from(anchored)..], captures: Vec::new() };
        let mut items = Vec::new();
        while !parser.rest.is_empty() {
            match parser.item() {
                Ok(item) => items.push(item),
                Err(fault) => {
                    items.push(Item::Fault(fault));
                    break;
                }
            }
        }
        Self { anchored, items, captures: parser.captures }
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    captures: Vec<Capture>,
}

impl Parser<'_> {
    fn take(&mut self, count: usize) {
        self.rest = &self.rest[count..];
    }

    fn item(&mut self) -> Result<Item, String> {
        match self.rest {
            [b'(', b')', ..] => {
                self.take(2);
                self.open(Capture::Position).map(Item::Position)
            }
            [b'(', ..] => {
                self.take(1);
                self.open(Capture::Unfinished).map(Item::Open)
            }
            [b')', ..] => {
                self.take(1);
                let open = self.captures.iter().rposition(|c| *c == Capture::Unfinished);
                let open = open.ok_or("invalid pattern capture")?;
                self.captures[open] = Capture::Text;
                Ok(Item::Close(open))
            }
            [b'$'] => {
                self.take(1);
                Ok(Item::End)
            }
            [b'%', b'b', rest @ ..] => {
                let [open, close, ..] = *rest else {
                    return Err("malformed pattern (missing arguments to '%b')".into());
                };
                self.take(4);
                Ok(Item::Balance(open, close))
            }
            [b'%', b'f', rest @ ..] => {
                if rest.first() != Some(&b'[') {
                    return Err("missing '[' after '%f' in pattern".into());
                }
                self.take(2);
                self.brackets().map(|set| Item::Frontier(Box::new(set)))
            }
            [b'%', digit @ b'0'..=b'9', ..] => {
                let number = usize::from(digit - b'0');
                self.take(2);
                match number.checked_sub(1).and_then(|index| self.captures.get(index)) {
                    Some(Capture::Text) => Ok(Item::Back(number - 1)),
                    Some(Capture::Position) => Ok(Item::Never),
                    _ => Err(format!("invalid capture index %{number}")),
                }
            }
            _ => {
                let single = self.single()?;
                Ok(Item::Single(single, self.repeat()))
            }
        }
    }

    fn open(&mut self, capture: Capture) -> Result<usize, String> {
        if self.captures.len() == MAX_CAPTURES {
            return Err("too many captures".into());
        }
        self.captures.push(capture);
        Ok(self.captures.len() - 1)
    }

    fn single(&mut self) -> Result<Single, String> {
        match *self.rest {
            [b'[', ..] => self.brackets().map(|set| Single::Set(Box::new(set))),
            [b'%'] => Err("malformed pattern (ends with '%')".into()),
            [b'%', class, ..] => {
                self.take(2);
                let mut set = Set::default();
                Ok(if add_class(&mut set, class) { Single::Set(Box::new(set)) } else { Single::Byte(class) })
            }
            [byte, ..] => {
                self.take(1);
                Ok(if byte == b'.' { Single::Any } else { Single::Byte(byte) })
            }
            [] => Err("malformed pattern".into()),
        }
    }

    fn repeat(&mut self) -> Repeat {
        let repeat = match self.rest.first() {
            Some(b'*') => Repeat::Most(0),
            Some(b'+') => Repeat::Most(1),
            Some(b'-') => Repeat::Least,
            Some(b'?') => Repeat::Optional,
            _ => return Repeat::Once,
        };
        self.take(1);
        repeat
    }

    /// A set in brackets; `rest` is at the `[`.
    fn brackets(&mut self) -> Result<Set, String> {
        let inverted = self.rest.get(1) == Some(&b'^');
        let body = &self.rest[1 + usize::from(inverted)..];
        let length = body_length(body).ok_or("malformed pattern (missing ']')")?;
        self.take(1 + usize::from(inverted) + length + 1);
        let mut set = Set::default();
        let mut left = &body[..length];
        while let [first, tail @ ..] = left {
            left = match (first, tail) {
                (b'%', [class, tail @ ..]) => {
                    if !add_class(&mut set, *class) {
                        set.add(*class);
                    }
                    tail
                }
                // Behind a range an escape can be the last: Lua lets it stand for the bracket.
                (b'%', []) => {
                    set.add(b']');
                    &[]
                }
                (from, [b'-', to, tail @ ..]) => {
                    set.add_where(|byte| (*from..=*to).contains(&byte));
                    tail
                }
                (byte, tail) => {
                    set.add(*byte);
                    tail
                }
            };
        }
        if inverted {
            set.invert();
        }
        Ok(set)
    }
}

/// How long the inside of a set is: up to the first `]` that is neither its first character nor
/// escaped.
fn body_length(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let escaped = *body.get(at)? == b'%';
        at += if escaped && at + 1 < body.len() { 2 } else { 1 };
        if *body.get(at)? == b']' {
            return Some(at);
        }
    }
}

/// Adds a class such as `%a`, or its complement `%A`. False when the letter names none.
fn add_class(set: &mut Set, class: u8) -> bool {
    let test: fn(u8) -> bool = match class.to_ascii_lowercase() {
        b'a' => |c| c.is_ascii_alphabetic(),
        b'c' => |c| c.is_ascii_control(),
        b'd' => |c| c.is_ascii_digit(),
        b'g' => |c| c.is_ascii_graphic(),
        b'l' => |c| c.is_ascii_lowercase(),
        b'p' => |c| c.is_ascii_punctuation(),
        b's' => |c| c == b' ' || (9..=13).contains(&c),
        b'u' => |c| c.is_ascii_uppercase(),
        b'w' => |c| c.is_ascii_alphanumeric(),
        b'x' => |c| c.is_ascii_hexdigit(),
        b'z' => |c| c == 0,
        _ => return false,
    };
    set.add_where(|c| test(c) == class.is_ascii_lowercase());
    true
}
