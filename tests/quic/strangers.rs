//! Those who do not say who they are: slowly, half, or not at all.

use super::support::*;
use openpista::quic::{
    Limits,
    protocol::{Answer, Kind, close},
};
use std::{net::UdpSocket, time::Duration};

fn impatient() -> Limits {
    Limits {
        hello_deadline: Duration::from_millis(300),
        request_deadline: Duration::from_millis(300),
        ..brisk()
    }
}

#[tokio::test]
async fn who_says_nothing_is_closed() {
    let place = place_with(impatient()).await;
    let silent = place.bare().await;
    let opened = place.bare().await;
    let (_send, _recv) = opened.begin(&[]).await;
    for bare in [silent, opened] {
        let (code, words) = bare.closed().await;
        assert_eq!((code, words.as_str()), (u64::from(close::TIMEOUT), "no hello in time"));
    }
    place.traffic(|traffic| traffic.waiting == 0).await;
}

/// One byte at a time is not faster than nothing.
#[tokio::test]
async fn a_hello_that_drips_is_closed() {
    let place = place_with(impatient()).await;
    let bare = place.bare().await;
    let whole = hello(place.owner.expose());
    let (mut send, _recv) = bare.begin(&whole[..5]).await;
    let dripping = async {
        for byte in &whole[5..] {
            if send.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (_, (code, _)) = tokio::join!(dripping, bare.closed());
    assert_eq!(code, u64::from(close::TIMEOUT));
    place.serves().await;
}

/// A known client loses the stream only.
#[tokio::test]
async fn a_request_that_drips_is_refused() {
    let place = place_with(impatient()).await;
    let bare = place.introduced().await;
    let (_send, mut recv) = bare.begin(&[0, 0, 1, 0, b'{']).await;
    let answers = answers(&mut recv).await;
    assert_eq!(refusal(&answers).kind, Kind::Timeout);
    let pong = bare.exchange(&framed(br#"{"type":"ping"}"#)).await;
    assert!(matches!(&pong[..], [Answer::Done { .. }]), "{pong:?}");
}

/// Before it is known a peer has one stream, and little room on it.
#[tokio::test]
async fn a_stranger_has_one_stream_and_a_small_window() {
    let place = place().await;
    let bare = place.bare().await;
    let (mut send, _recv) = bare.begin(&[]).await;
    let none = tokio::time::timeout(Duration::from_millis(200), bare.connection.open_bi()).await;
    assert!(none.is_err(), "a second stream");
    let none = tokio::time::timeout(Duration::from_millis(200), bare.connection.open_uni()).await;
    assert!(none.is_err(), "a stream of the other kind");
    // A frame that would be allowed later, so that nothing but the limit of a first one refuses it.
    let frame = framed(&vec![b' '; 512 << 10]);
    let sent = soon(send.write_all(&frame)).await;
    assert!(sent.is_err(), "all of it was taken");
    assert_eq!(bare.closed().await.0, u64::from(close::PROTOCOL));
    assert!(bare.connection.stats().udp_tx.bytes < 200 << 10, "{:?}", bare.connection.stats().udp_tx);
    assert!(bare.connection.max_datagram_size().is_none(), "datagrams");
}

/// Packets that are no QUIC, or the beginning of a handshake that never goes on, hold nothing.
#[tokio::test]
async fn half_a_handshake_holds_nothing() {
    let place = place_with(impatient()).await;
    let socket = UdpSocket::bind(loopback()).unwrap();
    let initial = first_packet().await;
    for round in 0..2000_u32 {
        let mut packet = initial.clone();
        // A new connection each time: the id at which the client wants to be reached is in clear.
        let at = 6 + usize::from(packet[5]) + 1;
        packet[at..at + 4].copy_from_slice(&round.to_be_bytes());
        socket.send_to(&packet, place.address()).unwrap();
        socket.send_to(&round.to_be_bytes(), place.address()).unwrap();
        socket.send_to(&[0xc3; 1200], place.address()).unwrap();
        if round % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    place.serves().await;
    assert_eq!(place.server.traffic().waiting, 0, "addresses that did not prove to be real have no seat");
}

/// The first packet of a client of ours.
async fn first_packet() -> Vec<u8> {
    let socket = tokio::net::UdpSocket::bind(loopback()).await.unwrap();
    let endpoint = quinn::Endpoint::client(loopback()).unwrap();
    let to = socket.local_addr().unwrap();
    let _connecting =
        endpoint.connect_with(bare_config(openpista::quic::protocol::ALPN), to, "localhost").unwrap();
    let mut packet = vec![0; 2000];
    let length = soon(socket.recv(&mut packet)).await.unwrap();
    packet.truncate(length);
    assert!(length >= 1200 && packet[0] & 0xc0 == 0xc0, "an initial packet");
    packet
}

/// One who hangs on to a seat loses it to one who comes later.
#[tokio::test]
async fn seats_for_strangers_go_round() {
    let place = place_with(Limits { waiting: 4, ..brisk() }).await;
    let mut crowd = vec![];
    for _ in 0..12 {
        crowd.push(place.bare().await);
    }
    for bare in &crowd[..8] {
        let (code, words) = bare.closed().await;
        assert_eq!((code, words.contains("do not say")), (u64::from(close::BUSY), true), "{words}");
    }
    place.serves().await;
    assert!(place.server.traffic().waiting <= 4);
}
