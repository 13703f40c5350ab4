//! Many readers in one thread: connects, reads, notes when which event came.

use std::collections::HashMap;
use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::nanos;

/// Connections of one client address: one port of the server cannot tell more than some 28,000 apart.
const EACH: usize = 5_000;
/// The lowest claim to a CPU.
const LEAST_URGENT: i32 = 19;

/// When which sequence came, for every reader together.
type Arrivals = HashMap<u64, Vec<u64>>;

pub(crate) fn run(address: &str, path: &str, count: usize) {
    // Readers stand for other machines: they take what CPU the server leaves.
    let _ = rustix::process::nice(LEAST_URGENT);
    let address: SocketAddr = address.parse().expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let sockets = runtime.block_on(connect(address, path, count));
    let arrivals = Arc::new(Mutex::new(Arrivals::new()));
    let noted = Arc::clone(&arrivals);
    std::thread::spawn(move || read(sockets, &noted));
    std::thread::sleep(Duration::from_millis(500));
    println!("ready");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).expect("the times come");
    let arrivals = arrivals.lock().expect("no reader panicked");
    let mut late = Vec::new();
    for pair in line.split_whitespace() {
        let (sequence, at) = pair.split_once(':').expect("a pair");
        let (sequence, at): (u64, u64) = (sequence.parse().expect("a number"), at.parse().expect("a number"));
        late.extend(arrivals.get(&sequence).into_iter().flatten().map(|came| came.saturating_sub(at)));
    }
    late.sort_unstable();
    let share = |of: usize| late.get(late.len() * of / 100).map_or(f64::NAN, |nanos| *nanos as f64 / 1e6);
    println!("got {} {} {}", late.len(), share(50), share(99));
}

async fn connect(address: SocketAddr, path: &str, count: usize) -> Vec<std::net::TcpStream> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n");
    let mut sockets = Vec::with_capacity(count);
    for number in 0..count {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        // Processes side by side, and those before, have other addresses.
        let process = std::process::id().to_be_bytes();
        let from = Ipv4Addr::new(127, 1 + process[2] % 250, process[3], (1 + number / EACH) as u8);
        socket.bind(SocketAddr::from((from, 0))).expect("a local address");
        let socket = socket.connect(address).await.expect("the server accepts");
        let mut socket = socket.into_std().expect("a plain socket");
        socket.write_all(request.as_bytes()).expect("the request fits");
        sockets.push(socket);
        // The server is to be measured at work, not at opening.
        if number % 100 == 99 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    sockets
}

fn read(sockets: Vec<std::net::TcpStream>, arrivals: &Mutex<Arrivals>) {
    let mut poll = Poll::new().expect("a poll");
    let mut sockets: Vec<(TcpStream, Vec<u8>)> =
        sockets.into_iter().map(|socket| (TcpStream::from_std(socket), Vec::new())).collect();
    for (at, (socket, _)) in sockets.iter_mut().enumerate() {
        poll.registry().register(socket, Token(at), Interest::READABLE).expect("it can be watched");
    }
    let mut events = Events::with_capacity(4096);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        poll.poll(&mut events, None).expect("the kernel answers");
        let mut noted = arrivals.lock().expect("nobody panicked");
        for event in &events {
            let (socket, rest) = &mut sockets[event.token().0];
            loop {
                match socket.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => {
                        let now = nanos();
                        rest.extend_from_slice(&buffer[..read]);
                        note(rest, now, &mut noted);
                        // A short read has emptied the socket: the next bytes will be told.
                        if read < buffer.len() {
                            break;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
        }
    }
}

/// Notes the deltas among the whole events of `bytes`, and keeps what is not whole.
fn note(bytes: &mut Vec<u8>, now: u64, arrivals: &mut Arrivals) {
    let Some(end) = bytes.windows(2).rposition(|pair| pair == b"\n\n") else { return };
    let text = String::from_utf8_lossy(&bytes[..end]);
    for event in text.split("\n\n").filter(|event| event.contains("event: delta")) {
        let id = event.lines().find_map(|line| line.strip_prefix("id: "));
        if let Some(sequence) = id.and_then(|id| id.rsplit('-').next()).and_then(|sequence| sequence.parse().ok()) {
            arrivals.entry(sequence).or_default().push(now);
        }
    }
    bytes.drain(..end + 2);
    if bytes.is_empty() {
        bytes.shrink_to_fit();
    }
}
