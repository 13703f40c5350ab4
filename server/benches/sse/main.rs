//! Live streams: memory a listener, deliveries a CPU second (and a second of its own CPU, without the kernel's), the time
//! from publishing until the last socket is written and until a reader has it, beside axum's `Sse` over
//! `tokio::broadcast` and beside bare writes in the same run.
//!
//! `cargo bench -p parterre --bench sse`; add `-- --quick` for a tenth of the listeners, or numbers of listeners for those
//! alone. Server and readers are processes
//! of their own, and readers take what CPU the server leaves. Ticks come ten times a second; each changes twenty seats of
//! 100,000.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod bare;
mod child;
mod readers;
mod servers;
mod written;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use child::Child;

/// Ticks a second.
const RATE: u64 = 10;
/// Ticks of a run.
const TICKS: u64 = 50;
/// Listeners of the runs. The last one is for memory: no two cores write to so many ten times a second.
const CROWDS: [usize; 5] = [1_000, 2_000, 5_000, 10_000, 50_000];
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
        _ => {
            let named: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
            let crowds = if named.is_empty() { CROWDS.to_vec() } else { named };
            measure(&crowds, words.contains(&"--quick"), room);
        }
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

fn measure(crowds: &[usize], quick: bool, room: usize) {
    println!(
        "| server | listeners | KiB a listener | deliveries | missed | CPU s, own | CPU s, kernel | deliveries a CPU s | \
         a CPU s of its own | written, ms: median, most | read, ms: p50, p99 |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for &listeners in crowds {
        let listeners = if quick { listeners / 10 } else { listeners };
        let [bare, stock, ours] = ["bare writes", "stock", "parterre"].map(|kind| run(kind, listeners, room));
        let crowd = crowd(listeners, room);
        for (name, one) in [("bare : stock", &bare), ("parterre : stock", &ours)] {
            println!(
                "| {name} | {crowd} | {:.0} times less | | | {:.1} times less | {:.1} times less | {:.1} times more | \
                 {:.1} times more | | |",
                stock.kib / one.kib.max(0.01),
                stock.cpu[0] / one.cpu[0].max(0.01),
                stock.cpu[1] / one.cpu[1].max(0.01),
                one.rate() / stock.rate().max(1.0),
                one.own_rate() / stock.own_rate().max(1.0),
            );
        }
    }
    whole_house(if quick { 1_000 } else { 10_000 });
}

/// How many listen, and to how many processes where one cannot have them all.
fn crowd(listeners: usize, room: usize) -> String {
    match listeners.div_ceil(room) {
        1 => listeners.to_string(),
        processes => format!("{listeners} ({processes} processes)"),
    }
}

struct Run {
    kib: f64,
    delivered: f64,
    /// Seconds, its own and the kernel's.
    cpu: [f64; 2],
}

impl Run {
    fn rate(&self) -> f64 {
        self.delivered / (self.cpu[0] + self.cpu[1]).max(0.01)
    }

    fn own_rate(&self) -> f64 {
        self.delivered / self.cpu[0].max(0.01)
    }
}

/// Sums over servers.
fn cpu(servers: &[Child]) -> [f64; 2] {
    servers.iter().map(Child::cpu).fold([0.0; 2], |sum, one| [sum[0] + one[0], sum[1] + one[1]])
}

/// The largest of each place, of lines of numbers.
fn slowest(lines: Vec<String>) -> Vec<f64> {
    let numbers = |line: String| line.split(' ').map(|one| one.parse().expect("a number")).collect::<Vec<f64>>();
    let most = |one: Vec<f64>, other: Vec<f64>| one.into_iter().zip(other).map(|(a, b)| a.max(b)).collect();
    lines.into_iter().map(numbers).reduce(most).expect("at least one server")
}

/// One kind of server with so many listeners; where a process may not have so many, several share them, and their times
/// are the slowest one's.
fn run(kind: &str, listeners: usize, room: usize) -> Run {
    let processes = listeners.div_ceil(room);
    let each = |number: usize| (listeners * (number + 1) / processes) - (listeners * number / processes);
    let start = |_| Child::start(&["server", kind.split(' ').next().unwrap_or(kind)]);
    let mut servers: Vec<Child> = (0..processes).map(start).collect();
    let addresses: Vec<String> = servers.iter_mut().map(|server| server.expect("listening ")).collect();
    let empty: u64 = servers.iter().map(Child::resident).sum();
    let joined = |(number, address): (usize, &String)| {
        let mut readers = Child::start(&["readers", address, "/stream", &each(number).to_string()]);
        readers.expect("ready");
        readers
    };
    let mut readers: Vec<Child> = addresses.iter().enumerate().map(joined).collect();
    std::thread::sleep(Duration::from_secs(1));
    let kib = servers.iter().map(Child::resident).sum::<u64>().saturating_sub(empty) as f64 / listeners as f64;
    let before = cpu(&servers);
    servers.iter_mut().for_each(|server| server.say("go"));
    let times: Vec<String> = servers.iter_mut().map(|server| server.expect("sent ")).collect();
    settled(&servers);
    let after = cpu(&servers);
    let written = servers.iter_mut().map(|server| {
        server.say("and when?");
        server.expect("written ")
    });
    let written = slowest(written.collect());
    let reports = readers.iter_mut().zip(&times).map(|(readers, times)| {
        readers.say(times);
        readers.expect("got ")
    });
    let reports: Vec<String> = reports.collect();
    let count = |line: &String| line.split(' ').next().and_then(|one| one.parse::<f64>().ok()).expect("a number");
    let delivered: f64 = reports.iter().map(count).sum();
    let read = slowest(reports);
    let run = Run { kib, delivered, cpu: [after[0] - before[0], after[1] - before[1]] };
    let missed = 100.0 * (1.0 - delivered / (listeners as u64 * TICKS) as f64);
    println!(
        "| {kind} | {} | {kib:.2} | {delivered:.0} | {missed:.1} % | {:.2} | {:.2} | {:.0} | {:.0} | {:.1}, {:.1} | {:.1}, {:.1} |",
        crowd(listeners, room),
        run.cpu[0],
        run.cpu[1],
        run.rate(),
        run.own_rate(),
        written[0],
        written[1],
        read[1],
        read[2],
    );
    run
}

/// Waits until the servers have nothing to do any more, for half a minute at most, and their readers a little longer.
fn settled(servers: &[Child]) {
    let mut last = [f64::NAN; 2];
    for _ in 0..30 {
        std::thread::sleep(Duration::from_secs(1));
        let now = cpu(servers);
        if now[0] + now[1] - last[0] - last[1] < 0.02 {
            break;
        }
        last = now;
    }
    std::thread::sleep(Duration::from_secs(1));
}

/// A line of what started this.
async fn line() {
    let read = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    read.await.expect("the thread lives").expect("the word comes");
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
    std::thread::sleep(Duration::from_secs(5));
    println!(
        "\nThe whole server with an event of {seats} seats: {:.0} MiB resident, with {listeners} listeners {:.0} MiB.",
        before as f64 / 1024.0,
        child::resident(pid) as f64 / 1024.0
    );
}
