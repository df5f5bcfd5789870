//! Bytes, cut anywhere, through the decoder: it gives the same frames however they come, keeps no
//! more than it was given, and stays with its error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openpista::quic::frame::{Decoder, FrameError};

const LIMIT: usize = 1024;

fn frames(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Result<(), FrameError>) {
    let (mut decoder, mut out, mut given) = (Decoder::new(LIMIT), vec![], 0);
    for piece in pieces {
        decoder.push(piece);
        given += piece.len();
        assert!(decoder.held() <= given);
        loop {
            match decoder.next_frame() {
                Ok(Some(json)) => {
                    assert!((1..=LIMIT).contains(&json.len()));
                    out.push(json.to_vec());
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.next_frame(), Err(error.clone()));
                    return (out, Err(error));
                }
            }
        }
    }
    (out, decoder.end())
}

fuzz_target!(|input: (Vec<u8>, u8)| {
    let (bytes, size) = input;
    let whole = frames(&[&bytes]);
    let pieces: Vec<&[u8]> = bytes.chunks(usize::from(size) + 1).collect();
    assert_eq!(frames(&pieces), whole);
});
