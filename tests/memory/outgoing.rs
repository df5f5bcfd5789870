//! Messages on their way out, and when they are to be looked at.

use crate::{open, place};
use openpista::domain::post::Post;

#[tokio::test]
async fn what_somebody_died_over_is_looked_at_again() {
    let place = place();
    let other = open(&place.dir);
    assert_eq!(place.memory.next_due("phone").await.unwrap(), None);
    other.send("phone", "ada", "hello".into()).await.unwrap();
    assert_eq!(place.memory.next_due("phone").await.unwrap(), Some(0));
    assert_eq!(other.due("phone", 8).await.unwrap().len(), 1);
    // The other one delivers it. Should it die, nobody would write that down.
    assert!(place.memory.due("phone", 8).await.unwrap().is_empty());
    let again = place.memory.next_due("phone").await.unwrap().expect("another look");
    assert!((1_000..=30_000).contains(&again), "{again}");
    drop(other);
    let taken = place.memory.due("phone", 8).await.unwrap();
    assert!(taken.len() == 1 && taken[0].doubtful, "{taken:?}");
    place.memory.delivered(taken[0].number).await.unwrap();
    assert_eq!(place.memory.next_due("phone").await.unwrap(), None);
}

#[tokio::test]
async fn the_stamp_is_another_after_anybody_wrote_and_stays_when_nobody_does() {
    let place = place();
    place.memory.send("phone", "ada", "one".into()).await.unwrap();
    let before = place.memory.stamp();
    assert!(before.is_some());
    place.memory.next_due("phone").await.unwrap();
    assert_eq!(place.memory.stamp(), before);
    open(&place.dir).send("phone", "ada", "two".into()).await.unwrap();
    assert_ne!(place.memory.stamp(), before);
}
