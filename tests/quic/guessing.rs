//! Those who guess.

use super::support::*;
use openpista::{
    domain::secret::Secret,
    quic::{
        Client, ClientError, Limits,
        protocol::{Kind, Request, close},
        token,
    },
};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The pace is a hundredth of the real one, whose arithmetic is tested with it.
const PACE: Duration = Duration::from_millis(7);

#[tokio::test]
async fn wrong_tokens_are_answered_one_after_the_other_and_right_ones_at_once() {
    let place =
        place_with(Limits { failure_pace: 10 * PACE, hello_deadline: PATIENCE, ..Limits::default() }).await;
    let began = Instant::now();
    let mut guesses = JoinSet::new();
    for _ in 0..100 {
        let target = place.target.clone();
        guesses.spawn(async move { Client::connect(target, token::token().unwrap()).await });
    }
    place.traffic(|traffic| traffic.waiting > 50).await;
    for _ in 0..20 {
        place.serves().await;
    }
    assert!(guesses.len() > 1, "guesses are still waiting");
    while let Some(guess) = soon(guesses.join_next()).await {
        let Err(ClientError::Refused(refusal)) = guess.unwrap() else { panic!("let in") };
        assert_eq!(refusal.kind, Kind::Auth);
        assert!(refusal.message.contains("pair it again"), "{refusal}");
    }
    assert!(began.elapsed() >= 99 * 10 * PACE, "{:?}", began.elapsed());
}

/// One connection is one guess.
#[tokio::test]
async fn a_connection_ends_with_a_wrong_token() {
    let place = place().await;
    let nearly = &place.owner.expose()[..place.owner.expose().len() - 1];
    for wrong in ["", "x", "pista_", nearly] {
        let bare = place.bare().await;
        let answers = bare.exchange(&hello(wrong)).await;
        let refusal = refusal(&answers);
        assert_eq!(refusal.kind, Kind::Auth);
        assert_eq!(bare.closed().await.0, u64::from(close::AUTH));
    }
}

#[tokio::test]
async fn wrong_codes_wait_before_they_are_looked_at() {
    let place = place_with(Limits { failure_pace: Duration::from_secs(5), ..Limits::default() }).await;
    let owner = place.client().await;
    let pair = Request::Pair { role: openpista::domain::device::Role::User, name: None };
    let code = soon(owner.ask(&pair)).await.unwrap();
    let code = Secret::new(code["code"].as_str().unwrap());
    let wrong = || Client::pair(place.target.clone(), Secret::new("WRONG-C0DE5"), None);
    let Err(ClientError::Refused(first)) = soon(wrong()).await else { panic!("paired") };
    assert_eq!(first.kind, Kind::Auth);
    // Two may wait; the others are sent away without a look, the right one among them.
    let began = Instant::now();
    let (second, third, fourth) = tokio::join!(wrong(), wrong(), async {
        place.traffic(|traffic| traffic.waiting >= 2).await;
        Client::pair(place.target.clone(), code.clone(), None).await
    });
    let kinds: Vec<Kind> = [second.map(drop), third.map(drop), fourth.map(drop)]
        .into_iter()
        .map(|result| match result {
            Err(ClientError::Refused(refusal)) => refusal.kind,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, [Kind::Auth, Kind::Auth, Kind::Busy]);
    assert!(began.elapsed() >= Duration::from_secs(9), "{:?}", began.elapsed());
    soon(Client::pair(place.target.clone(), code, None)).await.unwrap();
}
