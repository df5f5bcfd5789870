//! What a program that stays gives back once it is up.
//!
//! Starting reads half of the program's code, once. Its pages stay mapped, and count as this program's
//! memory, until somebody says that they are not needed; what is needed again is mapped again, at the cost
//! of a look into the page cache.

use std::time::Duration;

/// So long after the start, what it needed is given back.
pub const REST_AFTER: Duration = Duration::from_secs(2);

/// Has the allocator return by itself, from now on, what nobody uses; and, after [`REST_AFTER`], lets go
/// of the code that only the start needed.
pub async fn rest() {
    if let Err(error) = tikv_jemalloc_ctl::background_thread::write(true) {
        tracing::debug!("the allocator does not give memory back by itself: {error}");
    }
    tokio::time::sleep(REST_AFTER).await;
    #[cfg(target_os = "linux")]
    if let Err(error) = let_go() {
        tracing::debug!("code stays mapped: {error}");
    }
}

/// Lets go of the pages of the program's own file that are as they are in the file.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn let_go() -> std::io::Result<()> {
    let program = std::fs::read_link("/proc/self/exe")?;
    for Range { start, length } in unchanged(&std::fs::read_to_string("/proc/self/smaps")?, &program) {
        let start = std::ptr::with_exposed_provenance_mut(start);
        // SAFETY: the range is a private mapping of a file, cannot be written, and holds no page that
        // differs from the file: whoever reads a page again finds the same bytes.
        unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) };
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[derive(Debug, PartialEq)]
struct Range {
    start: usize,
    length: usize,
}

/// The mappings of `program` that cannot be written and have no page of their own, from `smaps` as in
/// proc_pid_smaps(5).
#[cfg(target_os = "linux")]
fn unchanged(smaps: &str, program: &std::path::Path) -> Vec<Range> {
    let mut found = vec![];
    let mut here = None;
    for line in smaps.lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("Anonymous:") => {
                found.extend(here.take().filter(|_| words.next() == Some("0")));
            }
            Some(name) if name.ends_with(':') => {}
            Some(range) => here = mapping(range, words, program),
            None => {}
        }
    }
    found
}

#[cfg(target_os = "linux")]
fn mapping<'a>(
    range: &str,
    mut rest: impl Iterator<Item = &'a str>,
    program: &std::path::Path,
) -> Option<Range> {
    let fixed = matches!(rest.next()?, "r--p" | "r-xp");
    let path = rest.nth(3)?;
    if !fixed || std::path::Path::new(path) != program {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    Some(Range { start, length: end.checked_sub(start)? })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const SMAPS: &str = "\
1000-3000 r--p 00000000 fe:00 12 /bin/it
Size: 8 kB
Anonymous: 0 kB
3000-9000 r-xp 00002000 fe:00 12 /bin/it
Anonymous: 0 kB
9000-a000 r--p 00008000 fe:00 12 /bin/it
Anonymous: 4 kB
a000-b000 rw-p 00009000 fe:00 12 /bin/it
Anonymous: 0 kB
b000-c000 r-xp 00000000 fe:00 13 /lib/other.so
Anonymous: 0 kB
c000-d000 rw-p 00000000 00:00 0
Anonymous: 0 kB
";

    #[test]
    fn only_what_is_as_in_the_file_is_let_go() {
        let found = unchanged(SMAPS, std::path::Path::new("/bin/it"));
        assert_eq!(found, [Range { start: 0x1000, length: 0x2000 }, Range { start: 0x3000, length: 0x6000 }]);
    }

    #[test]
    fn the_program_goes_on_afterwards() {
        let_go().unwrap();
        assert_eq!(format!("{:?}", vec![1, 2]), "[1, 2]");
    }
}
