//! What is no frame, or no message, on a connection that is known and on one that is not.

use super::support::*;
use openpista::quic::{
    frame::FRAME_LIMIT,
    protocol::{Answer, Kind, close},
};

#[tokio::test]
async fn a_known_client_is_told_what_is_wrong_and_stays_connected() {
    let place = place().await;
    let bare = place.introduced().await;
    let too_large = (FRAME_LIMIT as u32 + 1).to_be_bytes();
    let huge = u32::MAX.to_be_bytes();
    let cut = framed(br#"{"type":"ping"}"#);
    for (bytes, kind, words) in [
        (&too_large[..], Kind::Frame, "a frame of 1048577 bytes is too large; the limit is 1048576"),
        (&huge, Kind::Frame, "too large"),
        (&[], Kind::Frame, "the stream ended"),
        (&[0, 0], Kind::Frame, "2 of 4 bytes"),
        (&[0; 4], Kind::Frame, "empty"),
        (&cut[..10], Kind::Frame, "6 of 15 bytes"),
        (&framed(b"GET / HTTP/1.1"), Kind::Json, "not JSON"),
        (&framed(b"\xff\xfe\x00"), Kind::Json, "not JSON"),
        (&framed(b"[]"), Kind::Json, "must hold a JSON object"),
        (&framed(br#"{"type":"dance"}"#), Kind::UnknownType, "\"dance\""),
        (&framed(br#"{"type":"message","txt":"hi"}"#), Kind::Request, "unknown field `txt`"),
        (&framed(br#"{"type":"hello","version":1}"#), Kind::UnknownType, "hello"),
    ] {
        let answers = bare.exchange(bytes).await;
        let refusal = refusal(&answers);
        assert_eq!(refusal.kind, kind, "{refusal}");
        assert!(refusal.message.contains(words), "{refusal}");
    }
    let pong = bare.exchange(&cut).await;
    assert!(matches!(&pong[..], [Answer::Done { .. }]), "{pong:?}");
    assert_eq!(place.handler.diary(), Vec::<String>::new());
    place.serves().await;
}

/// A header is enough: nothing is awaited and nothing is kept.
#[tokio::test]
async fn an_oversized_frame_is_refused_before_its_bytes_come() {
    let place = place().await;
    let bare = place.introduced().await;
    let (_send, mut recv) = bare.begin(&(FRAME_LIMIT as u32 + 1).to_be_bytes()).await;
    assert_eq!(refusal(&answers(&mut recv).await).kind, Kind::Frame);
}

/// The limit itself is allowed, more of them than are put together at once included.
#[tokio::test]
async fn frames_at_the_limit_come_through_together() {
    let place = place().await;
    let bare = place.introduced().await;
    let head = r#"{"type":"message","text":"echo "#;
    let text = "a".repeat(FRAME_LIMIT - head.len() - 2);
    let frame = framed(format!("{head}{text}\"}}").as_bytes());
    let (one, two, three, four, five) = tokio::join!(
        bare.exchange(&frame),
        bare.exchange(&frame),
        bare.exchange(&frame),
        bare.exchange(&frame),
        bare.exchange(&frame)
    );
    for answers in [one, two, three, four, five] {
        assert!(matches!(answers.last(), Some(Answer::Done { .. })), "{:?}", answers.last());
        let said: usize = answers
            .iter()
            .filter_map(|answer| match answer {
                Answer::Event { event: openpista::domain::event::TurnEvent::Text { delta } } => {
                    Some(delta.len())
                }
                _ => None,
            })
            .sum();
        assert_eq!(said, text.len());
    }
}

#[tokio::test]
async fn a_stranger_is_told_and_the_connection_closed() {
    let place = place().await;
    let large = framed(&[b' '; 5000]);
    for (bytes, kind) in [
        (&large[..], Kind::Frame),
        (&[0; 4][..], Kind::Frame),
        (&[0, 0, 0, 9, b'{'], Kind::Frame),
        (&framed(b"hello"), Kind::Json),
        (&framed(br#"{"type":"message","text":"echo hi"}"#), Kind::Request),
        (&framed(br#"{"type":"hello","version":1,"token":"x","role":"owner"}"#), Kind::Request),
    ] {
        let bare = place.bare().await;
        let answers = bare.exchange(bytes).await;
        assert_eq!(refusal(&answers).kind, kind, "{answers:?}");
        assert_eq!(bare.closed().await.0, u64::from(close::PROTOCOL));
    }
    assert_eq!(place.handler.diary(), Vec::<String>::new());
    place.serves().await;
}
