//! The least that a delivery can cost on one TCP connection a listener: a loop on each core that does nothing but write the
//! same bytes to every socket. What a server takes above it is its own; what it takes below it, nobody can.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::written::Written;
use super::{RATE, TICKS, nanos};

/// Bytes of a delta of twenty seats, as the others send it.
const EVENT: usize = 200;

pub(crate) fn run() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    println!("listening {}", listener.local_addr().expect("an address"));
    let sockets = Arc::new(Mutex::new(Vec::new()));
    let accepted = Arc::clone(&sockets);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let socket = socket.expect("a connection");
            socket.set_nodelay(true).expect("it is open");
            accepted.lock().expect("nobody panicked").push(socket);
        }
    });
    word();
    let mut sockets = std::mem::take(&mut *sockets.lock().expect("nobody panicked"));
    sockets.iter_mut().for_each(greeted);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (written, mut times) = (Written::default(), Vec::new());
    let each = sockets.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let loops: Vec<_> =
            sockets.chunks_mut(each).map(|sockets| scope.spawn(|| write_all(sockets, &written))).collect();
        // The tick counts from the moment at which the first loop began with it.
        let began: Vec<Vec<u64>> = loops.into_iter().map(|one| one.join().expect("no loop panics")).collect();
        times = (0..TICKS as usize).filter_map(|tick| began.iter().map(|one| one[tick]).min()).collect();
    });
    let times: Vec<String> = (1..).zip(times).map(|(tick, at)| format!("{tick}:{at}")).collect();
    println!("sent {}", times.join(" "));
    word();
    written.told();
    std::thread::park();
}

/// Writes every tick to `sockets`; answers when each began.
fn write_all(sockets: &mut [TcpStream], written: &Written) -> Vec<u64> {
    let (began, mut times) = (Instant::now(), Vec::new());
    for tick in 1..=TICKS {
        let due = Duration::from_millis(tick * 1000 / RATE);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        let at = nanos();
        times.push(at);
        let start = format!("event: delta\nid: 1-{tick}\ndata: ");
        let event = format!("{start}{:A<1$}\n\n", "", EVENT - start.len() - 2);
        for socket in &mut *sockets {
            match socket.write(event.as_bytes()) {
                Ok(written) => assert_eq!(written, EVENT, "so little always fits at once"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
        }
        written.note((nanos() - at) as f64 / 1e6);
    }
    times
}

/// Waits for a line.
fn word() {
    std::io::stdin().read_line(&mut String::new()).expect("the word comes");
}

/// The request is read away; who reads nothing of it looks the same to the kernel.
fn greeted(socket: &mut TcpStream) {
    let _ = socket.read(&mut [0; 1024]).expect("the request came");
    socket.set_nonblocking(true).expect("it is open");
}
