use super::*;
use serde_json::{Value, json};

/// Knuth's generator; the same numbers each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides.max(1)
    }
}

fn all(decoder: &mut Decoder) -> Result<Vec<Value>, FrameError> {
    let mut out = vec![];
    while let Some(frame) = decoder.next_frame()? {
        out.push(serde_json::from_slice(frame).unwrap());
    }
    Ok(out)
}

#[test]
fn what_was_encoded_is_decoded_however_it_is_cut() {
    let values = [json!({"a": 1}), json!({"text": "안녕".repeat(100)}), json!([])];
    let bytes: Vec<u8> = values.iter().flat_map(|v| encode(v, FRAME_LIMIT).unwrap()).collect();
    for size in [1, 2, 3, 5, 7, 64, bytes.len()] {
        let mut decoder = Decoder::new(FRAME_LIMIT);
        let mut got = vec![];
        for piece in bytes.chunks(size) {
            decoder.push(piece);
            got.extend(all(&mut decoder).unwrap());
        }
        assert_eq!(got, values, "in pieces of {size}");
        assert_eq!(decoder.end(), Ok(()));
    }
}

#[test]
fn messages_of_any_size_come_through_within_any_bounds() {
    let mut dice = Dice(7);
    let (mut pieced, mut whole, mut refused) = (0, 0, 0);
    for _ in 0..3_000 {
        let frame = 16 + dice.roll(200);
        let bounds = Bounds { frame, message: frame + dice.roll(4 * frame) };
        let values: Vec<Value> =
            (0..=dice.roll(3)).map(|_| json!("ü".repeat(dice.roll(3 * frame)))).collect();
        let mut bytes = vec![];
        let mut sent = vec![];
        for value in values {
            let size = length(&value).unwrap();
            match encode_within(&value, bounds) {
                Ok(encoded) => {
                    assert!(size <= bounds.message);
                    pieced += usize::from(size > frame);
                    whole += usize::from(size <= frame);
                    assert_eq!(
                        read(&mut encoded.as_slice(), bounds).unwrap(),
                        serde_json::to_vec(&value).unwrap()
                    );
                    bytes.extend(encoded);
                    sent.push(value);
                }
                Err(error) => {
                    refused += 1;
                    assert!(size > bounds.message, "{error}");
                }
            }
        }
        let (mut decoder, mut got, mut rest) = (Decoder::within(bounds), vec![], bytes.as_slice());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(1 + dice.roll(rest.len()));
            decoder.push(piece);
            got.extend(all(&mut decoder).unwrap());
            // What is held: the pieces of one message, and what was pushed and is not taken yet.
            assert!(decoder.held() <= bounds.message + piece.len() + frame + HEADER);
            rest = after;
        }
        assert_eq!((got, decoder.end()), (sent, Ok(())));
    }
    assert!(pieced > 1_000 && whole > 500 && refused > 500, "{pieced}, {whole}, {refused}");
}

#[test]
fn whatever_a_peer_sends_stays_within_the_bounds() {
    let mut dice = Dice(11);
    let bounds = Bounds { frame: 64, message: 200 };
    let (mut messages, mut refused, mut cut) = (0, 0, 0);
    for _ in 0..20_000 {
        // Pieces with and without end, empty ones, lengths that lie, and garbage.
        let mut bytes = vec![];
        for _ in 0..=dice.roll(8) {
            let kinds = if dice.roll(10) == 0 { 6 } else { 4 };
            let length = [1, 10, 63, 64, 65, 0][dice.roll(kinds)];
            let more = if dice.roll(2) == 0 { MORE } else { 0 };
            bytes.extend((length as u32 | more).to_be_bytes());
            bytes.extend((0..length).map(|_| dice.roll(256) as u8));
        }
        let mut decoder = Decoder::within(bounds);
        for piece in bytes.chunks(1 + dice.roll(90)) {
            decoder.push(piece);
            let ended = loop {
                match decoder.next_frame() {
                    Ok(Some(message)) => {
                        messages += 1;
                        assert!(message.len() <= bounds.message);
                    }
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            assert!(decoder.held() <= bounds.message + bounds.frame + HEADER + piece.len());
            if let Some(error) = ended {
                refused += 1;
                assert_eq!(decoder.next_frame(), Err(error), "an error stays");
                assert_eq!(decoder.held(), 0);
                break;
            }
        }
        cut += usize::from(decoder.end().is_err());
    }
    assert!(messages > 10_000 && refused > 2_000 && cut > 5_000, "{messages}, {refused}, {cut}");
}

#[test]
fn pieces_without_end_are_refused_by_the_header_that_goes_beyond() {
    let bounds = Bounds { frame: 10, message: 25 };
    let mut decoder = Decoder::within(bounds);
    let piece = |length: u32| [&(length | MORE).to_be_bytes()[..], &vec![b' '; length as usize]].concat();
    decoder.push(&piece(10));
    decoder.push(&piece(10));
    assert_eq!(decoder.next_frame(), Ok(None));
    assert_eq!(decoder.pieced(), Ok(true));
    decoder.push(&(6 | MORE).to_be_bytes());
    let error = FrameError::MessageTooLarge { limit: 25 };
    assert_eq!(decoder.announced(), Err(error.clone()));
    assert_eq!(decoder.next_frame(), Err(error.clone()));
    assert_eq!((decoder.end(), decoder.held()), (Err(error), 0));
    // Off a pipe it is the same, and what is behind is left there.
    let endless = piece(1).repeat(1_000);
    let mut rest = endless.as_slice();
    assert!(matches!(
        read(&mut rest, bounds),
        Err(ReadError::Frame(FrameError::MessageTooLarge { limit: 25 }))
    ));
    assert_eq!(rest.len(), endless.len() - 25 * 5 - HEADER);
}

#[test]
fn too_many_values_are_refused_before_they_are_parsed() {
    let many = format!("[{}0]", "0,".repeat(MESSAGE_VALUES));
    let bounds = Bounds { frame: 1 << 16, message: 4 << 20 };
    let encoded = parted(many.as_bytes(), bounds.frame).unwrap();
    let mut decoder = Decoder::within(bounds);
    decoder.push(&encoded);
    let error = FrameError::TooManyValues { limit: MESSAGE_VALUES };
    assert_eq!(decoder.next_frame(), Err(error.clone()));
    assert!(matches!(read(&mut encoded.as_slice(), bounds), Err(ReadError::Frame(found)) if found == error));
}

#[test]
fn a_frame_beyond_the_limit_is_refused_by_its_header_alone() {
    let mut decoder = Decoder::new(10);
    decoder.push(&11_u32.to_be_bytes());
    let error = FrameError::TooLarge { length: 11, limit: 10 };
    assert_eq!(decoder.announced(), Err(error.clone()));
    decoder.push(&[b'x'; 5000]);
    assert_eq!(decoder.next_frame(), Err(error));
    assert_eq!(decoder.held(), 0, "nothing more is kept");
    assert!(matches!(encode(&"0123456789", 10), Err(FrameError::TooLarge { length: 12, limit: 10 })));
    assert!(encode(&"01234567", 10).is_ok(), "the limit itself is allowed");
    // Where nothing goes in pieces, the bit for that is part of the length.
    let mut decoder = Decoder::new(10);
    decoder.push(&(3 | MORE).to_be_bytes());
    assert!(matches!(decoder.next_frame(), Err(FrameError::TooLarge { length, .. }) if length > 1 << 31));
}

#[test]
fn a_value_beyond_the_limit_is_not_built() {
    let bounds = Bounds { frame: 10, message: 20 };
    assert_eq!(encode_within(&"x".repeat(19), bounds), Err(FrameError::MessageTooLarge { limit: 20 }));
    assert_eq!(encode_within(&"x".repeat(18), bounds).unwrap().len(), 20 + 2 * HEADER);
    assert_eq!(length(&"x".repeat(19)), Ok(21));
}

#[test]
fn an_announced_length_costs_nothing_before_its_bytes() {
    let mut decoder = Decoder::within(Bounds::pieces(MESSAGE_LIMIT));
    decoder.push(&(FRAME_LIMIT as u32 | MORE).to_be_bytes());
    assert_eq!(decoder.announced(), Ok(Some(FRAME_LIMIT)));
    assert!(decoder.held() < 1024);
}

#[test]
fn an_end_in_the_middle_is_told_apart_from_a_clean_one() {
    let mut decoder = Decoder::new(100);
    assert_eq!(decoder.end(), Ok(()));
    decoder.push(&[0, 0]);
    assert_eq!(decoder.end(), Err(FrameError::Truncated { got: 2, wanted: HEADER }));
    decoder.push(&[0, 9, b'{']);
    assert_eq!(decoder.next_frame(), Ok(None));
    assert_eq!(decoder.end(), Err(FrameError::Truncated { got: 1, wanted: 9 }));
    let mut decoder = Decoder::new(100);
    decoder.push(&[0; 4]);
    assert_eq!(decoder.next_frame(), Err(FrameError::Empty));
    assert_eq!(decoder.end(), Err(FrameError::Empty));
    let mut decoder = Decoder::within(Bounds { frame: 10, message: 100 });
    decoder.push(&[0x80, 0, 0, 1, b'7']);
    assert_eq!(decoder.next_frame(), Ok(None));
    assert_eq!(decoder.end(), Err(FrameError::Unfinished { got: 1 }));
    decoder.push(&[0, 0, 0, 1, b'8']);
    assert_eq!(decoder.next_frame(), Ok(Some(&b"78"[..])));
    assert_eq!(decoder.end(), Ok(()));
}
