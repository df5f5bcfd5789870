//! Pairing codes: short-lived, good once, kept nowhere but in memory.

use super::{
    limits::PAIRING_CODES,
    token::{self, NoRandomness},
};
use crate::domain::{
    device::{Role, TokenHash},
    secret::Secret,
};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What a code is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invitation {
    pub(super) role: Role,
    pub(super) name: Option<String>,
}

struct Open {
    code: TokenHash,
    ends: Instant,
    invitation: Invitation,
}

/// The codes that are good.
pub(super) struct Pairing {
    life: Duration,
    open: Mutex<VecDeque<Open>>,
}

impl Pairing {
    pub(super) fn new(life: Duration) -> Self {
        Self { life, open: Mutex::default() }
    }

    pub(super) fn life(&self) -> Duration {
        self.life
    }

    /// A new code. Where there are too many, the oldest ends.
    pub(super) fn invite(&self, invitation: Invitation) -> Result<Secret, NoRandomness> {
        let code = token::code()?;
        let now = Instant::now();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|open| open.ends > now);
        if open.len() >= PAIRING_CODES {
            open.pop_front();
        }
        open.push_back(Open { code: token::code_hash(&code), ends: now + self.life, invitation });
        Ok(code)
    }

    /// What a code is good for, if for anything; from now on it is not.
    pub(super) fn redeem(&self, code: &Secret) -> Option<Invitation> {
        let (code, now) = (token::code_hash(code), Instant::now());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|open| open.ends > now);
        let at = open.iter().position(|open| open.code == code)?;
        open.remove(at).map(|open| open.invitation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> Invitation {
        Invitation { role: Role::User, name: None }
    }

    #[test]
    fn a_code_is_good_once() {
        let pairing = Pairing::new(Duration::from_secs(60));
        let code = pairing.invite(user()).unwrap();
        assert_eq!(pairing.redeem(&Secret::new("AAAAA-AAAAA")), None);
        assert_eq!(pairing.redeem(&Secret::new(code.expose().to_lowercase())), Some(user()));
        assert_eq!(pairing.redeem(&code), None);
    }

    #[test]
    fn a_code_ends_with_its_time_and_when_there_are_too_many() {
        let pairing = Pairing::new(Duration::ZERO);
        let code = pairing.invite(user()).unwrap();
        assert_eq!(pairing.redeem(&code), None);
        let pairing = Pairing::new(Duration::from_secs(60));
        let codes: Vec<Secret> = (0..=PAIRING_CODES).map(|_| pairing.invite(user()).unwrap()).collect();
        assert_eq!(pairing.redeem(&codes[0]), None);
        assert_eq!(pairing.redeem(&codes[1]), Some(user()));
    }
}
