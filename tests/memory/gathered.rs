//! Messages that come in parts, and conversations that move.

use crate::{open, place};
use openpista::{
    domain::post::{Arrival, Content, Handled, Piece, Post},
    memory::Memory,
};

fn piece(id: &str) -> Piece {
    Piece {
        channel: "chat".into(),
        conversation: "here".into(),
        user: "ada".into(),
        id: id.into(),
        body: format!("body of {id}"),
    }
}

fn arrival(id: &str, conversation: &str) -> Arrival {
    Arrival {
        channel: "chat".into(),
        conversation: conversation.into(),
        user: "ada".into(),
        text: "all of it".into(),
        id: id.into(),
        callback: None,
    }
}

async fn held(memory: &Memory) -> Vec<String> {
    memory.held("chat").await.unwrap().into_iter().map(|piece| piece.id).collect()
}

#[tokio::test]
async fn parts_wait_until_a_message_is_made_of_them() {
    let place = place();
    let memory = &place.memory;
    for id in ["1", "2", "3"] {
        assert!(memory.hold(piece(id)).await.unwrap());
    }
    assert!(!memory.hold(piece("2")).await.unwrap(), "it is known");
    // Another program finds them.
    assert_eq!(open(&place.dir).held("chat").await.unwrap(), [piece("1"), piece("2"), piece("3")]);
    assert_eq!(memory.held("another").await.unwrap(), []);
    let ids = || vec!["1".to_owned(), "2".to_owned()];
    let letter = memory.take_gathered(arrival("1", "here"), ids()).await.unwrap().expect("a letter");
    assert_eq!(letter.arrival, arrival("1", "here"));
    assert_eq!(held(memory).await, ["3"]);
    // Neither the message nor its parts are taken again.
    assert_eq!(memory.take_gathered(arrival("1", "here"), ids()).await.unwrap(), None);
    for id in ["1", "2"] {
        assert!(!memory.hold(piece(id)).await.unwrap());
        assert_eq!(memory.take(arrival(id, "here")).await.unwrap(), None);
    }
    // What no message was made of may come again.
    memory.discard("chat", vec!["3".into(), "1".into()]).await.unwrap();
    assert_eq!(held(memory).await, Vec::<String>::new());
    assert!(memory.take(arrival("3", "here")).await.unwrap().is_some());
    assert_eq!(memory.take(arrival("1", "here")).await.unwrap(), None);
}

#[tokio::test]
async fn a_gathered_message_is_left_to_the_next_program() {
    let place = place();
    place.memory.hold(piece("1")).await.unwrap();
    place.memory.take_gathered(arrival("1", "here"), vec!["1".into()]).await.unwrap().expect("a letter");
    let dir = place.dir;
    drop(place.memory);
    let estate = open(&dir).adopt("chat", "interrupted").await.unwrap();
    let left: Vec<_> = estate.left.into_iter().map(|left| left.letter.arrival).collect();
    assert_eq!(left, [arrival("1", "here")]);
}

#[tokio::test]
async fn what_belongs_to_a_conversation_follows_it() {
    let place = place();
    let memory = &place.memory;
    let session = place.session().await;
    memory.assign("chat", "old", &session).await.unwrap();
    memory.send("chat", "old", Content::from("before")).await.unwrap();
    let letter = memory.take(arrival("1", "old")).await.unwrap().expect("a letter");
    memory.move_conversation("chat", "old", "new").await.unwrap();
    memory.send("chat", "old", Content::from("after")).await.unwrap();
    Post::close(memory, letter.number, Handled::Done, Some("answer".into())).await.unwrap();
    for name in ["old", "new"] {
        assert_eq!(memory.session("chat", name).await.unwrap(), Some(session.clone()), "{name}");
    }
    // Once more, and what was sent to the first name arrives at the last.
    memory.move_conversation("chat", "new", "newest").await.unwrap();
    memory.send("chat", "old", Content::from("late")).await.unwrap();
    let mut sent = vec![];
    loop {
        let due = memory.due("chat", 10).await.unwrap();
        if due.is_empty() {
            break;
        }
        for parcel in due {
            assert_eq!(parcel.conversation, "newest");
            memory.delivered(parcel.number).await.unwrap();
            sent.push(parcel.content.text);
        }
    }
    assert_eq!(sent, ["before", "after", "answer", "late"]);
    // Another channel's conversation of that name is another one.
    assert_eq!(memory.session("other", "old").await.unwrap(), None);
}

#[tokio::test]
async fn a_conversation_that_began_under_the_new_name_goes_on() {
    let place = place();
    let memory = &place.memory;
    let (old, new) = (place.session().await, place.session().await);
    memory.assign("chat", "old", &old).await.unwrap();
    memory.assign("chat", "new", &new).await.unwrap();
    memory.move_conversation("chat", "old", "new").await.unwrap();
    memory.move_conversation("chat", "new", "new").await.unwrap();
    for name in ["old", "new"] {
        assert_eq!(memory.session("chat", name).await.unwrap(), Some(new.clone()), "{name}");
    }
    // And back: nothing leads in a circle.
    memory.move_conversation("chat", "new", "old").await.unwrap();
    memory.send("chat", "old", Content::from("there")).await.unwrap();
    assert_eq!(memory.due("chat", 1).await.unwrap()[0].conversation, "old");
}
