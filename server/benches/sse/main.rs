//! Live streams: memory a listener, deliveries a CPU second and the time from publishing to the reader's socket, beside
//! axum's `Sse` over `tokio::broadcast` in the same run.
//!
//! `cargo bench -p parterre --bench sse`; add `-- --quick` for a tenth of the listeners. Server and readers are processes
//! of their own. Ticks come ten times a second; each changes twenty seats of 100,000.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod bare;
mod child;
mod readers;
mod servers;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use child::Child;

/// Ticks a second.
const RATE: u64 = 10;
/// Ticks of a run.
const TICKS: u64 = 50;
/// Listeners of the runs. The last one is for memory: no two cores write to so many ten times a second.
const CROWDS: [usize; 4] = [2_000, 5_000, 10_000, 50_000];
/// Files that a process of the measurement has open beside its sockets, at most.
const SPARE: usize = 200;

fn nanos() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let room = raise_limit().saturating_sub(SPARE);
    match words.as_slice() {
        ["server", "bare", ..] => bare::run(),
        ["server", kind, ..] => servers::run(kind),
        ["readers", address, path, count, ..] => readers::run(address, path, count.parse().expect("a number")),
        _ => measure(words.contains(&"--quick"), room),
    }
}

/// Takes as many open files as the runs need, or as the system lets a process have; answers how many.
fn raise_limit() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Some((CROWDS[CROWDS.len() - 1] + SPARE) as u64);
    // Root may go above what it was given.
    if setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum: limit.maximum.max(wanted) }).is_ok() {
        return CROWDS[CROWDS.len() - 1] + SPARE;
    }
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize)
}

fn measure(quick: bool, room: usize) {
    println!(
        "| server | listeners | KiB a listener | deliveries | missed | CPU s, own | CPU s, kernel | deliveries a CPU s | p50 ms | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for listeners in CROWDS {
        let listeners = if quick { listeners / 10 } else { listeners.min(room) };
        let bare = run("bare writes", listeners);
        let stock = run("stock", listeners);
        let ours = run("parterre", listeners);
        println!(
            "| ratio | {listeners} | {:.0} times less | | | {:.1} times less | | {:.1} times more; bare writes {:.1} | | |",
            stock.kib / ours.kib.max(0.01),
            stock.own / ours.own.max(0.01),
            ours.rate / stock.rate.max(1.0),
            bare.rate / stock.rate.max(1.0)
        );
    }
    whole_house(if quick { 1_000 } else { 10_000 });
}

struct Run {
    kib: f64,
    own: f64,
    rate: f64,
}

fn run(kind: &str, listeners: usize) -> Run {
    let mut server = Child::start(&["server", kind.split(' ').next().unwrap_or(kind)]);
    let address = server.expect("listening ");
    let empty = server.resident();
    let mut readers = Child::start(&["readers", &address, "/stream", &listeners.to_string()]);
    readers.expect("ready");
    std::thread::sleep(Duration::from_secs(1));
    let kib = (server.resident().saturating_sub(empty)) as f64 / listeners as f64;
    let before = server.cpu();
    server.say("go");
    let times = server.expect("sent ");
    std::thread::sleep(Duration::from_millis(1500));
    let after = server.cpu();
    let [own, kernel] = [after[0] - before[0], after[1] - before[1]];
    readers.say(&times);
    let report = readers.expect("got ");
    let numbers: Vec<f64> = report.split(' ').map(|number| number.parse().expect("a number")).collect();
    let [delivered, p50, p99] = numbers[..] else { panic!("not a report: {report}") };
    let rate = delivered / (own + kernel).max(0.01);
    let missed = 100.0 * (1.0 - delivered / (listeners as u64 * TICKS) as f64);
    println!(
        "| {kind} | {listeners} | {kib:.2} | {delivered:.0} | {missed:.1} % | {own:.2} | {kernel:.2} | {rate:.0} | {p50:.1} | {p99:.1} |"
    );
    Run { kib, own, rate }
}

/// The whole server over PostgreSQL with a large event on sale.
fn whole_house(listeners: usize) {
    let Ok(house) = std::env::var("PARTERRE_BENCH_HOUSE") else {
        println!("\nThe whole house was not measured: PARTERRE_BENCH_HOUSE names no `PID ADDRESS PATH SEATS`.");
        return;
    };
    let words: Vec<&str> = house.split(' ').collect();
    let [pid, address, path, seats] = words[..] else { panic!("not a house: {house}") };
    let before = child::resident(pid);
    let mut readers = Child::start(&["readers", address, path, &listeners.to_string()]);
    readers.expect("ready");
    std::thread::sleep(Duration::from_secs(2));
    println!(
        "\nThe whole server with an event of {seats} seats: {:.0} MiB resident, with {listeners} listeners {:.0} MiB.",
        before as f64 / 1024.0,
        child::resident(pid) as f64 / 1024.0
    );
}
