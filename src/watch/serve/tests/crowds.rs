//! Those who are slow, many or large.

use super::*;

/// The end of a connection, however the system says it.
async fn ends(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
}

async fn begun(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: local").await.unwrap();
    stream
}

/// Serves one word within these limits.
async fn within(limits: Limits) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    within_by(limits, Router::new().fallback(async || "here\n")).await
}

async fn within_by(
    limits: Limits,
    router: Router,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ask_stop, stop) = oneshot::channel();
    let serving = tokio::spawn(connections::serve(listener, router, limits, stop));
    (address, ask_stop, serving)
}

async fn asks(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await.unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    all
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_crowd_of_silent_connections_keeps_nobody_out() {
    // None is young for long.
    let limits = Limits { connections: 8, young: Duration::ZERO, head: HOUR, whole: HOUR };
    let (address, _ask_stop, _serving) = within(limits).await;
    let mut crowd = Vec::new();
    for _ in 0..8 {
        crowd.push(begun(address).await);
    }
    assert!(asks(address).await.ends_with("here\n"));
    // Room was made by the oldest, and by no other: the newest still may ask.
    ends(&mut crowd[0]).await;
    let mut newest = crowd.pop().unwrap();
    newest.write_all(b"host\r\n\r\n").await.unwrap();
    let mut all = String::new();
    newest.read_to_string(&mut all).await.unwrap();
    assert!(all.ends_with("here\n"), "{all}");
    // However many more come.
    for _ in 0..40 {
        crowd.push(begun(address).await);
    }
    assert!(asks(address).await.ends_with("here\n"));
    for stream in &mut crowd[1..7] {
        ends(stream).await;
    }
}

#[tokio::test]
async fn a_burst_pushes_out_nobody_who_is_about_to_be_answered() {
    let limits = Limits { connections: 8, young: HOUR, head: HOUR, whole: HOUR };
    let (came, mut coming) = tokio::sync::mpsc::unbounded_channel();
    let may = Arc::new(tokio::sync::Semaphore::new(0));
    let answers = Arc::clone(&may);
    let router = Router::new().fallback(async move || {
        came.send(()).unwrap();
        answers.acquire().await.unwrap().forget();
        "here\n"
    });
    let (address, _ask_stop, _serving) = within_by(limits, router).await;
    let crowd: Vec<_> = (0..60).map(|_| tokio::spawn(asks(address))).collect();
    // All that there is room for, and the others at the door.
    for _ in 0..8 {
        coming.recv().await.unwrap();
    }
    may.add_permits(60);
    for one in crowd {
        assert!(one.await.unwrap().ends_with("here\n"));
    }
}

#[tokio::test]
async fn who_is_slow_is_cut_off() {
    let soon = Duration::from_millis(30);
    for limits in [
        Limits { connections: 8, young: HOUR, head: soon, whole: HOUR },
        Limits { connections: 8, young: HOUR, head: HOUR, whole: soon },
    ] {
        let (address, _ask_stop, _serving) = within(limits).await;
        ends(&mut begun(address).await).await;
        ends(&mut TcpStream::connect(address).await.unwrap()).await;
    }
}

#[tokio::test]
async fn stopping_waits_for_nobody_who_has_not_asked() {
    let limits = Limits { connections: 8, young: HOUR, head: HOUR, whole: HOUR };
    let (address, ask_stop, serving) = within(limits).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert!(asks(address).await.ends_with("here\n"));
    ask_stop.send(()).unwrap();
    ends(&mut silent).await;
    serving.await.unwrap();

    // A head that was begun is given a moment, and then ends with the server.
    let daemon = Daemon::on_loopback().await;
    let mut begun = begun(daemon.server.address()).await;
    daemon.get("/healthz").await;
    daemon.server.stop().await;
    ends(&mut begun).await;
}

#[tokio::test]
async fn large_requests_are_not_read() {
    let daemon = Daemon::on_loopback().await;
    let own = format!("127.0.0.1:{}", daemon.port());
    let filler = "x".repeat(12 * 1024);
    let long = format!("GET /healthz HTTP/1.1\r\nHost: {own}\r\nCookie: {filler}\r\n\r\n");
    assert_eq!(daemon.say(&long).await.status, 200);
    // The socket may be reset while the rest is still being sent.
    let mut stream = TcpStream::connect(daemon.server.address()).await.unwrap();
    let head = format!("GET /healthz HTTP/1.1\r\nHost: {own}\r\nCookie: ");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut sent = 0;
    while sent < 64 * 1024 * 1024 && stream.write_all(filler.as_bytes()).await.is_ok() {
        sent += filler.len();
    }
    assert!(sent < 64 * 1024 * 1024);
    // A body that is announced is not waited for.
    let announced = format!("GET /healthz HTTP/1.1\r\nHost: {own}\r\nContent-Length: 99\r\n\r\n");
    assert_eq!(daemon.say(&announced).await.status, 200);
}
