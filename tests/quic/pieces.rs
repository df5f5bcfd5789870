//! Messages that are larger than a frame.

use super::support::*;
use openpista::{
    domain::event::TurnEvent,
    quic::{
        ClientError, Limits,
        frame::{Bounds, Decoder, FRAME_LIMIT, FrameError, MESSAGE_LIMIT},
        protocol::{Answer, Kind},
    },
};
use serde_json::json;
use std::time::Duration;

/// A piece of a message that goes on.
fn piece(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32 | 1 << 31).to_be_bytes()[..], bytes].concat()
}

/// A message that asks for something, in pieces of so many bytes.
fn pieced(text: &str, size: usize) -> Vec<u8> {
    let json = json!({ "type": "message", "text": text }).to_string();
    let mut pieces: Vec<&[u8]> = json.as_bytes().chunks(size).collect();
    let last = pieces.pop().unwrap();
    pieces.into_iter().map(piece).chain([framed(last)]).flatten().collect()
}

fn said(answers: &[Answer]) -> usize {
    let text = |answer: &Answer| match answer {
        Answer::Event { event: TurnEvent::Text { delta } } => delta.len(),
        _ => 0,
    };
    answers.iter().map(text).sum()
}

#[tokio::test]
async fn large_requests_and_answers_come_through() {
    let place = place().await;
    let client = place.client().await;
    let text = "안".repeat(5 << 20);
    let mut answers = soon(client.request(&message(&format!("echo {text}")))).await.unwrap();
    let mut heard = 0;
    loop {
        match soon(answers.next()).await.unwrap() {
            Answer::Event { event: TurnEvent::Text { delta } } => heard += delta.len(),
            answer if answer.ends() => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(heard, text.len());
    let size = 20 << 20;
    let result = soon(client.ask(&message(&format!("large {size}")))).await.unwrap();
    assert_eq!(result.as_str().map(str::len), Some(size));
    // What is larger than a message may be is refused before it is sent, or told of in its place.
    let error = soon(client.request(&message(&"x".repeat(MESSAGE_LIMIT)))).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Frame(FrameError::MessageTooLarge { limit: MESSAGE_LIMIT })),
        "{error}"
    );
    let result = soon(client.ask(&message(&format!("large {MESSAGE_LIMIT}")))).await.unwrap();
    assert!(result["left_out"].as_str().unwrap().contains("33554432 bytes"), "{result}");
    place.serves().await;
}

/// A client that does not say that it takes pieces is sent none.
#[tokio::test]
async fn whoever_does_not_ask_for_pieces_gets_frames_as_ever() {
    let place = place().await;
    let bare = place.introduced().await;
    let answers = bare.exchange(&pieced("large 2000000", FRAME_LIMIT)).await;
    let [Answer::Done { result }] = &answers[..] else { panic!("{answers:?}") };
    assert!(result["left_out"].as_str().unwrap().contains("a frame holds 1048576"), "{result}");

    let bare = place.bare().await;
    let token = place.owner.expose();
    let hello =
        json!({ "type": "hello", "version": 1, "token": token, "message_limit": 3_000_000 }).to_string();
    let welcome = bare.exchange(&framed(hello.as_bytes())).await;
    let [Answer::Welcome(welcome)] = &welcome[..] else { panic!("{welcome:?}") };
    assert_eq!((welcome.frame_limit, welcome.message_limit), (FRAME_LIMIT, Some(MESSAGE_LIMIT)));
    let (mut send, mut recv) = bare.begin(&pieced("large 2000000", 100_000)).await;
    send.finish().unwrap();
    let bytes = soon(recv.read_to_end(4 << 20)).await.unwrap();
    let mut decoder = Decoder::within(Bounds::pieces(3_000_000));
    decoder.push(&bytes);
    let message = decoder.next_frame().unwrap().unwrap();
    assert!(
        matches!(Answer::decode(message), Ok(Answer::Done { result }) if result.as_str().unwrap().len() == 2_000_000)
    );
    // Beyond what this client takes.
    let answers = bare.exchange(&pieced("large 3000000", 100_000)).await;
    let [Answer::Done { result }] = &answers[..] else { panic!("{answers:?}") };
    assert!(result["left_out"].as_str().unwrap().contains("3000000 bytes"), "{result}");
}

#[tokio::test]
async fn any_pieces_of_a_message_are_taken_and_false_ones_refused() {
    let place = place_with(Limits { frame: 1_000, message: 10_000, ..brisk() }).await;
    let bare = place.introduced().await;
    let echo = |length: usize| format!("echo {}", "a".repeat(length));
    for size in [1, 7, 999, 1_000] {
        let answers = bare.exchange(&pieced(&echo(5_000), size)).await;
        assert_eq!(said(&answers), 5_000, "in pieces of {size}: {answers:?}");
    }
    let full = piece(&[b' '; 1_000]);
    for (bytes, words) in [
        (full.repeat(11), "a message in pieces is too large; the limit is 10000 bytes"),
        (piece(b"{").repeat(10_001), "a message in pieces is too large"),
        (piece(&[b' '; 1_001]), "a frame of 1001 bytes is too large; the limit is 1000"),
        ([full.clone(), framed(&[b' '; 1_001])].concat(), "a frame of 1001 bytes"),
        ([full.clone(), piece(b"")].concat(), "empty"),
        (full.clone(), "1000 bytes arrived, and more were announced"),
        ([full.clone(), vec![0, 0]].concat(), "2 of 4 bytes"),
        // A second message in the middle of the first is a piece of it.
        ([piece(br#"{"type":"ping""#), framed(br#"{"type":"ping"}"#)].concat(), "not JSON"),
    ] {
        let refusal = bare.exchange(&bytes).await;
        let refusal = refusal_of(&refusal);
        assert!(refusal.0 == Kind::Frame || refusal.0 == Kind::Json, "{refusal:?}");
        assert!(refusal.1.contains(words), "{refusal:?} does not say {words:?}");
    }
    let pong = bare.exchange(&framed(br#"{"type":"ping"}"#)).await;
    assert!(matches!(&pong[..], [Answer::Done { .. }]), "{pong:?}");
}

fn refusal_of(answers: &[Answer]) -> (Kind, String) {
    let refusal = refusal(answers);
    (refusal.kind, refusal.message.clone())
}

/// A hello is one frame: nobody has said yet who it is.
#[tokio::test]
async fn a_stranger_has_no_pieces() {
    let place = place().await;
    let bare = place.bare().await;
    let answers = bare.exchange(&piece(br#"{"type":"hello","#)).await;
    assert_eq!(refusal(&answers).kind, Kind::Frame);
}

/// One device puts one message together at a time; one that does not go on loses its place.
#[tokio::test]
async fn messages_that_do_not_go_on_hold_nobody_up_for_long() {
    let limits = Limits { request_deadline: Duration::from_millis(1_500), ..brisk() };
    let place = place_with(limits).await;
    let (one, two) = (place.introduced().await, place.introduced().await);
    let begun = piece(&[b' '; 100_000]);
    let (_open, mut stuck) = one.begin(&begun).await;
    let (_other, mut waiting) = one.begin(&begun).await;
    // Of another connection of the device, and of another device; small ones do not wait.
    let (mut send, mut same) = two.begin(&pieced("echo large", 10)).await;
    send.finish().unwrap();
    let (token, _) = device(&place.memory, openpista::domain::device::Role::User).await;
    let client = place.client_as(&token).await;
    let large = format!("echo {}", "b".repeat(2 << 20));
    let pong = two.exchange(&framed(br#"{"type":"ping"}"#)).await;
    assert!(matches!(&pong[..], [Answer::Done { .. }]), "{pong:?}");
    soon(client.ask(&message(&large))).await.unwrap();
    for stream in [&mut stuck, &mut waiting] {
        assert_eq!(refusal(&answers(stream).await).kind, Kind::Timeout);
    }
    // Its own turn may have been over before a place was free.
    let ended = answers(&mut same).await;
    assert!(matches!(ended.last(), Some(Answer::Done { .. } | Answer::Error(_))), "{ended:?}");
    let again = two.exchange(&pieced("large 10", 1_000)).await;
    assert!(matches!(&again[..], [Answer::Done { .. }]), "{again:?}");
}
