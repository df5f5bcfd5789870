//! Bytes as messages: what is read can be written and is read again as the same; what is not has
//! words for a person.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openpista::quic::{
    frame::HEADER,
    protocol::{Answer, Hello, Request},
};

fuzz_target!(|json: &[u8]| {
    match Request::decode(json) {
        Ok(request) => {
            let frame = request.encode(usize::MAX).expect("can be written");
            assert_eq!(Request::decode(&frame[HEADER..]), Ok(request));
        }
        Err(refusal) => assert!(!refusal.message.is_empty()),
    }
    match Hello::decode(json) {
        Ok(hello) => assert_eq!(Hello::decode(hello.to_json().to_string().as_bytes()), Ok(hello)),
        Err(refusal) => assert!(!refusal.message.is_empty()),
    }
    if let Ok(answer) = Answer::decode(json) {
        let _ = (answer.ends(), format!("{answer:?}"));
    }
});
