//! An error with its causes, for a person to read.

use std::error::Error;

/// The error, then each cause that its words do not hold already: many errors end in their cause.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("cannot read x: {source}")]
        Tells { source: io::Error },
        #[error("cannot read x")]
        Leaves { source: io::Error },
        #[error(transparent)]
        Is(#[from] io::Error),
    }

    #[test]
    fn each_cause_is_told_once() {
        let denied = || io::Error::from_raw_os_error(13);
        let whole = "cannot read x: Permission denied (os error 13)";
        assert_eq!(causes(&Outer::Tells { source: denied() }), whole);
        assert_eq!(causes(&Outer::Leaves { source: denied() }), whole);
        assert_eq!(causes(&Outer::Is(denied())), "Permission denied (os error 13)");
        assert_eq!(causes(&denied()), "Permission denied (os error 13)");
    }
}
