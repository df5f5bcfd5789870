//! Lines from a pipe or a file.

use super::editor::Read;
use std::io::{self, BufRead, Read as _};

/// The longest line that is taken, in bytes.
pub(super) const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// Reads the next line, without its end. One that can't be used is skipped.
pub(super) fn read_line(input: &mut impl BufRead) -> Read {
    let mut bytes = vec![];
    match input.by_ref().take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut bytes) {
        Ok(0) => return Read::End,
        Ok(_) => {}
        Err(error) => return Read::Unusable(format!("standard input: {error}"), false),
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    } else if bytes.len() as u64 > MAX_LINE_BYTES {
        let more = skip_line(input).is_ok();
        let mib = MAX_LINE_BYTES / 1024 / 1024;
        return Read::Unusable(format!("a line is longer than {mib} MiB; it was skipped"), more);
    }
    match String::from_utf8(bytes) {
        Ok(line) => Read::Line(line),
        Err(_) => Read::Unusable("a line is not UTF-8 text; it was skipped".into(), true),
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (used, over) = match buffer.iter().position(|&b| b == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(used);
        if over {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut input: &[u8]) -> Vec<Read> {
        std::iter::from_fn(|| Some(read_line(&mut input)).filter(|read| *read != Read::End)).collect()
    }

    #[test]
    fn lines_end_in_every_usual_way() {
        let line = |text: &str| Read::Line(text.into());
        assert_eq!(all(b"a\r\nb\n\nc"), [line("a"), line("b"), line(""), line("c")]);
    }

    #[test]
    fn what_cannot_be_used_is_skipped() {
        let read = all(b"a\n\xff\xfe\nb\n");
        assert!(matches!(&read[1], Read::Unusable(why, true) if why.contains("UTF-8")), "{read:?}");
        assert_eq!(read[2], Read::Line("b".into()));
        let mut long = vec![b'x'; MAX_LINE_BYTES as usize + 5];
        long.extend_from_slice(b"\nnext\n");
        let read = all(&long);
        assert!(matches!(&read[0], Read::Unusable(why, true) if why.contains("16 MiB")));
        assert_eq!(read[1..], [Read::Line("next".into())]);
    }
}
