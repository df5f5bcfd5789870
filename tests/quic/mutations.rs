//! A hundred thousand frames that went wrong on the way.

use openpista::quic::{
    frame::{Decoder, HEADER},
    protocol::{Answer, Hello, Kind, Request},
};

/// Knuth's; the same numbers each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides.max(1)
    }
}

const SEEDS: &[&str] = &[
    r#"{"type":"hello","version":1,"token":"pista_abc","client":"x"}"#,
    r#"{"type":"hello","version":1,"code":"ABCDE-FGHJK","name":"laptop"}"#,
    r#"{"type":"message","text":"hi \"there\" \ud83d\ude00","session":"a","detach":true}"#,
    r#"{"type":"approval","id":"a","answer":"always"}"#,
    r#"{"type":"complete","line":"pista.","at":6}"#,
    r#"{"type":"pair","role":"user","name":"x"}"#,
    r#"{"type":"worker.model","body":{"a":[1,2.5,null,true]}}"#,
    r#"{"type":"event","event":{"type":"text","delta":"안녕"}}"#,
    r#"{"type":"error","kind":"auth","message":"no"}"#,
    r#"{"type":"done","result":{"a":[[[[{}]]]]}}"#,
];

fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            1 => bytes.insert(at, dice.roll(256) as u8),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            4 => {
                let to = at + dice.roll(bytes.len() - at + 1);
                let copy = bytes[at..to].to_vec();
                bytes.splice(at..at, copy);
            }
            _ if at < bytes.len() => bytes[at] = b"{}[]\",:0\\\x00\xff"[dice.roll(11)],
            _ => {}
        }
    }
}

#[test]
fn end_as_frames_or_as_refusals() {
    let mut dice = Dice(4);
    let (limit, mut frames, mut refused, mut cut, mut taken) = (400, 0, 0, 0, 0);
    for _ in 0..100_000 {
        let mut bytes = vec![];
        for _ in 0..=dice.roll(2) {
            let json = SEEDS[dice.roll(SEEDS.len())].as_bytes();
            bytes.extend((json.len() as u32).to_be_bytes());
            bytes.extend(json);
        }
        mutate(&mut dice, &mut bytes);
        let mut decoder = Decoder::new(limit);
        let mut rest = bytes.as_slice();
        let failed = loop {
            match decoder.next_frame() {
                Ok(Some(json)) => {
                    frames += 1;
                    assert!(json.len() <= limit);
                    taken += usize::from(message(json));
                    continue;
                }
                Ok(None) if rest.is_empty() => break decoder.end().is_err(),
                Ok(None) => {
                    let (piece, after) = rest.split_at(1 + dice.roll(rest.len()));
                    decoder.push(piece);
                    rest = after;
                    assert!(decoder.held() <= bytes.len());
                }
                Err(error) => {
                    assert_eq!(decoder.next_frame(), Err(error), "an error stays");
                    assert_eq!(decoder.held(), 0);
                    refused += 1;
                    break false;
                }
            }
        };
        cut += usize::from(failed);
    }
    // All ways were gone, and often.
    for ways in [frames, refused, cut, taken] {
        assert!(ways > 5_000, "frames {frames}, refused {refused}, cut {cut}, taken {taken}");
    }
}

/// Reads it as everything that it could be; what was read is read again from what is written of it.
fn message(json: &[u8]) -> bool {
    let hello = Hello::decode(json);
    if let Ok(hello) = &hello {
        assert_eq!(Hello::decode(hello.to_json().to_string().as_bytes()).as_ref(), Ok(hello));
    }
    let request = Request::decode(json);
    match &request {
        Ok(request) => {
            let again = request.encode(usize::MAX).unwrap();
            assert_eq!(Request::decode(&again[HEADER..]).as_ref(), Ok(request));
        }
        Err(refusal) => {
            assert!(matches!(refusal.kind, Kind::Json | Kind::Request | Kind::UnknownType), "{refusal}");
            assert!(!refusal.message.is_empty());
        }
    }
    let answer = Answer::decode(json);
    hello.is_ok() || request.is_ok() || answer.is_ok()
}
