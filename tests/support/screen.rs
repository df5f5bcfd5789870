//! A small terminal: what a person sees of the bytes that a program writes.
//!
//! It knows the escape sequences that the program has a reason to send, and fails the test at any other:
//! whatever a model says must not get through to the terminal.

use unicode_width::UnicodeWidthChar;

/// The screen, and what scrolled out at its top.
pub struct Screen {
    rows: usize,
    columns: usize,
    /// All lines; the screen is the last `rows` of them.
    lines: Vec<Vec<char>>,
    /// The first line of the screen.
    top: usize,
    row: usize,
    column: usize,
    wraps: bool,
}

impl Screen {
    /// What `bytes` leave on an empty screen.
    pub fn of(bytes: &[u8], rows: usize, columns: usize) -> Self {
        let mut screen =
            Self { rows, columns, lines: vec![vec![]; rows], top: 0, row: 0, column: 0, wraps: true };
        let text = String::from_utf8_lossy(bytes);
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\x1b' => screen.escape(&mut rest),
                '\n' => screen.line_feed(),
                '\r' => screen.column = 0,
                '\x08' => screen.column = screen.column.saturating_sub(1),
                '\t' => screen.column = (screen.column / 8 * 8 + 8).min(screen.columns - 1),
                '\x07' => {}
                c if c.is_control() => panic!("{c:?} got through to the terminal"),
                c => screen.put(c),
            }
        }
        screen
    }

    /// All lines, without what is empty at their ends and at the end.
    pub fn text(&self) -> String {
        let line = |line: &Vec<char>| line.iter().collect::<String>().replace('\0', "").trim_end().to_owned();
        let text: Vec<String> = self.lines.iter().map(line).collect();
        text.join("\n").trim_end().to_owned()
    }

    /// The line that the cursor is in.
    pub fn cursor_line(&self) -> String {
        self.lines[self.top + self.row].iter().collect::<String>().replace('\0', "").trim_end().to_owned()
    }

    fn put(&mut self, c: char) {
        let width = c.width().unwrap_or(0);
        if width == 0 {
            return;
        }
        if self.column + width > self.columns {
            if self.wraps {
                self.column = 0;
                self.line_feed();
            } else {
                self.column = self.columns - width;
            }
        }
        let at = self.column;
        let line = &mut self.lines[self.top + self.row];
        if line.len() < at + width {
            line.resize(at + width, ' ');
        }
        line[at] = c;
        // The second half of a wide character.
        line[at + 1..at + width].fill('\0');
        self.column += width;
    }

    fn line_feed(&mut self) {
        if self.row + 1 < self.rows {
            self.row += 1;
        } else {
            self.top += 1;
            self.lines.push(vec![]);
        }
        // The terminal's driver puts a carriage return before each line feed; a wrap has done so.
    }

    fn escape(&mut self, rest: &mut std::str::Chars<'_>) {
        let kind = rest.next();
        assert_eq!(kind, Some('['), "an escape sequence got through to the terminal: ESC {kind:?}");
        let mut parameters = String::new();
        let last = loop {
            match rest.next() {
                Some(c) if c.is_ascii_digit() || "?;>".contains(c) => parameters.push(c),
                Some(c) => break c,
                // Cut off in the midst: the rest has not come yet.
                None => return,
            }
        };
        let count = parameters.parse().unwrap_or(1).max(1);
        let at = self.top + self.row;
        match (last, parameters.as_str()) {
            ('A', _) => self.row = self.row.saturating_sub(count),
            ('B', _) => self.row = (self.row + count).min(self.rows - 1),
            ('C', _) => self.column = (self.column + count).min(self.columns - 1),
            ('D', _) => self.column = self.column.saturating_sub(count),
            ('G', _) => self.column = count - 1,
            ('H', "") => (self.row, self.column) = (0, 0),
            ('K', "" | "0") => self.lines[at].truncate(self.column),
            // As some terminals do it: a screen that is cleared as a whole is kept above.
            ('J', "" | "0") if (self.row, self.column) == (0, 0) => {
                self.top = self.lines.len();
                self.lines.extend(vec![vec![]; self.rows]);
            }
            ('J', "" | "0") => {
                self.lines[at].truncate(self.column);
                self.lines[at + 1..].fill(vec![]);
            }
            ('J', "2") => self.lines[self.top..].fill(vec![]),
            ('h' | 'l', "?7") => self.wraps = last == 'h',
            ('h' | 'l', "?2004" | "?25" | "?2026") | ('m', _) => {}
            _ => panic!("an escape sequence got through to the terminal: ESC [ {parameters} {last}"),
        }
    }
}

#[test]
fn the_screen_is_a_terminal() {
    let text = |bytes: &str| Screen::of(bytes.as_bytes(), 3, 5).text();
    assert_eq!(text("abcdefg"), "abcde\nfg");
    assert_eq!(text("one\r\ntwo\r\n\x1b[1A\x1b[Jx"), "one\nx");
    assert_eq!(text("one\x1b[9A\r\x1b[Jx"), "one\n\n\nx");
    assert_eq!(text("1\r\n2\r\n3\r\n4\r\n\x1b[9Ax\x1b[K"), "1\n2\nx\n4");
    assert_eq!(text("\x1b[?7labcdefg\x1b[?7h"), "abcdg");
    assert_eq!(text("日本語"), "日本\n語");
    assert_eq!(text("ab\rc\x1b[31md\x1b[0m"), "cd");
}
