//! The socket and its connections.

use super::{
    HttpChannel,
    failure::Reply,
    limits::{AFTER_ACCEPT_ERROR, HEADERS_WITHIN, MAX_CONNECTIONS, MAX_HEADER_BYTES, MAX_HEADERS},
    routes,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering},
};
use tokio::net::{TcpListener, TcpStream};

/// Accepts connections. Dropping the future closes the socket; connections live on.
pub(super) async fn serve(channel: &Arc<HttpChannel>) -> Result<(), String> {
    let wanted = **channel.listen.load();
    let listener =
        TcpListener::bind(wanted).await.map_err(|error| format!("cannot listen on {wanted}: {error}"))?;
    let here = listener.local_addr().map_err(|error| error.to_string())?;
    (channel.up)(here);
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => connected(channel, stream, peer),
            Err(error) => {
                // Such as too many open files: those who are connected go on.
                tracing::warn!(channel = channel.name, %error, "a connection could not be accepted");
                tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
            }
        }
    }
}

/// A connection that counts as long as it lives.
struct Counted(Arc<HttpChannel>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

fn connected(channel: &Arc<HttpChannel>, stream: TcpStream, peer: SocketAddr) {
    // An answer is one small packet, which must not wait for another to come along.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(channel = channel.name, %error, "a connection broke at once");
        return;
    }
    let full = channel.count() >= MAX_CONNECTIONS;
    if full {
        let door = Arc::clone(&channel.inner.load().terms.door);
        door.dropped("too many connections", &peer.to_string());
        let _ = stream.try_write(TOO_MANY);
        return;
    }
    channel.connections.fetch_add(1, Ordering::Relaxed);
    let counted = Counted(Arc::clone(channel));
    channel.tasks.spawn(async move { talk(&counted.0, stream, peer).await });
}

const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    retry-after: 1\r\nconnection: close\r\ncontent-length: 66\r\n\r\n\
    {\"error\":\"unavailable\",\"message\":\"there are too many connections\"}";

async fn talk(channel: &Arc<HttpChannel>, stream: TcpStream, peer: SocketAddr) {
    let service = service_fn(|request: http::Request<Incoming>| {
        let channel = Arc::clone(channel);
        async move { Ok::<Reply, Infallible>(answered(&channel, peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = channel.closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(channel = channel.name, %peer, %error, "a connection broke");
    }
}

async fn answered(channel: &Arc<HttpChannel>, peer: SocketAddr, request: http::Request<Incoming>) -> Reply {
    let post = request.method() == http::Method::POST;
    let reply = routes::answer(channel, peer, request).await;
    reply.unwrap_or_else(|failure| {
        // Only what somebody wanted to say: asking for what is not there is no loss.
        if post && !failure.is_counted() {
            channel.inner.load().terms.door.dropped(failure.error(), &format!("from {peer}"));
        }
        failure.reply()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_fixed_answer_has_the_length_it_says() {
        let text = std::str::from_utf8(super::TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len()))
                || head.ends_with(&format!("content-length: {}", body.len())),
            "{}",
            body.len()
        );
    }
}
