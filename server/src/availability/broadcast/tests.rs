//! Sockets get every byte in order, or are told, or are let go.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Weak};
use std::thread::sleep;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::availability::{Message, Packed};
use domain::ids::EventId;
use domain::time::Millis;

use super::*;
use crate::availability::tests::line;
use crate::test_support::steady::{always, always_same, steady};

fn topic(wants: Wants) -> Topic {
    Topic { event: EventId::mint(Millis(0), [1; 10]), wants }
}

/// A state of four seats.
fn at(sequence: u64) -> Arc<Seen> {
    Arc::new(Seen::new(Message { epoch: 1, sequence, states: Packed::free(4) }, Vec::new()))
}

struct Reader {
    socket: TcpStream,
    counted: Weak<()>,
}

/// Joins a socket and gives its other end.
fn join(house: &Broadcaster, wants: Wants) -> Reader {
    let (socket, reader) = line();
    let guard = Arc::new(());
    let counted = Arc::downgrade(&guard);
    let first = vec![Bytes::from_static(b"head\r\n"), Bytes::from_static(b"\r\n")];
    assert!(house.join(Joining { topic: topic(wants), socket, first, seen: at(0), guard: Box::new(guard) }).is_ok());
    Reader { socket: reader, counted }
}

impl Reader {
    /// Reads to the end; the chunks' contents after the head, and whether the body was ended properly.
    fn whole(mut self) -> (String, bool) {
        let mut bytes = Vec::new();
        let _ = self.socket.read_to_end(&mut bytes);
        let mut rest = bytes.strip_prefix(b"head\r\n\r\n").expect("the head comes first");
        let mut text = String::new();
        loop {
            let Some(line) = rest.iter().position(|byte| *byte == b'\n') else { return (text, false) };
            let size = std::str::from_utf8(&rest[..line - 1]).expect("a chunk's size is text");
            let size = usize::from_str_radix(size, 16).expect("a chunk's size is a number");
            rest = &rest[line + 1..];
            text.push_str(std::str::from_utf8(&rest[..size]).unwrap());
            assert_eq!(&rest[size..size + 2], b"\r\n");
            rest = &rest[size + 2..];
            if size == 0 {
                return (text, rest.is_empty());
            }
        }
    }

    fn is_let_go(&self) -> bool {
        (0..6_000).any(|_| {
            sleep(Duration::from_millis(5));
            self.counted.strong_count() == 0
        })
    }
}

#[test]
fn every_socket_gets_every_frame_once_and_in_order() {
    let house = Broadcaster::default();
    let readers: Vec<Reader> = (0..40).map(|_| join(&house, Wants::Seats)).collect();
    let mut sent = String::new();
    for sequence in 1..=60 {
        let text = format!("id: {sequence}\n\n");
        house.publish(topic(Wants::Seats), Frame::of(&text), &at(sequence));
        house.publish(topic(Wants::Counts), Frame::of("for others\n\n"), &at(sequence));
        sent.push_str(&text);
    }
    house.stop();
    for reader in readers {
        assert_eq!(reader.whole(), (sent.clone(), true));
    }
}

#[tokio::test]
async fn a_slow_reader_gets_the_state_when_it_reads_again_and_its_chunks_stay_whole() {
    steady(async || {
        let house = Broadcaster::default();
        let (slow, counts) = (join(&house, Wants::Seats), join(&house, Wants::Counts));
        let large = "x".repeat(200_000);
        for sequence in 1..=200 {
            for wants in [Wants::Seats, Wants::Counts] {
                house.publish(topic(wants), Frame::of(&format!("id: {sequence}\ndata: {large}\n\n")), &at(sequence));
            }
            sleep(Duration::from_millis(1));
        }
        let readers = [slow, counts].map(|reader| std::thread::spawn(move || reader.whole()));
        sleep(Duration::from_millis(300));
        house.publish(topic(Wants::Seats), Frame::of("id: 201\n\n"), &at(201));
        house.publish(topic(Wants::Counts), Frame::of("id: 201\n\n"), &at(201));
        sleep(Duration::from_millis(300));
        house.stop();
        let [(slow, slow_whole), (counts, counts_whole)] = readers.map(|reader| reader.join().unwrap());
        assert!(slow_whole);
        // Every frame is heard, or jumped over by a state that says so.
        let (mut known, mut states) = (0, 0);
        for event in slow.split_terminator("\n\n") {
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let id = field("id: ").split('-').next_back().unwrap().parse::<u64>().unwrap();
            match field("event: ") {
                "state" => {
                    let message = Message::decode(&STANDARD.decode(field("data: ")).unwrap()).unwrap();
                    always_same(
                        message.position().to_string(),
                        field("id: "),
                        "a state's place, and what it is called",
                    );
                    always(id > known + 1, format_args!("a state of {id} after {known}"));
                    (known, states) = (id, states + 1);
                }
                "snapshot" | "left" => always_same(id, known, "what comes with a state"),
                _ => {
                    always_same(id, known + 1, "a frame that is heard");
                    known = id;
                }
            }
        }
        always_same(known, 201, "the last that is heard");
        assert!(states > 0, "nothing was jumped over");
        assert!(slow.contains("event: left\n"), "the counts come with the state");
        always(!counts.contains("event: "), "counts are whole each time");
        assert!(counts_whole && counts.ends_with("id: 201\n\n"));
    })
    .await;
}

#[test]
fn whoever_hangs_up_or_talks_is_let_go() {
    let house = Broadcaster::default();
    let (gone, mut talks, stays) = (join(&house, Wants::Seats), join(&house, Wants::Seats), join(&house, Wants::Seats));
    gone.socket.shutdown(std::net::Shutdown::Both).unwrap();
    talks.socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(gone.is_let_go() && talks.is_let_go());
    assert_eq!(stays.counted.strong_count(), 1);
    house.publish(topic(Wants::Seats), Frame::of("id: 1\n\n"), &at(1));
    house.stop();
    assert!(stays.is_let_go());
    assert_eq!(stays.whole(), ("id: 1\n\n".to_owned(), true));
}

#[test]
fn silence_is_broken_by_heartbeats_and_a_stuck_socket_is_let_go() {
    let house = Broadcaster::default();
    let (quiet, stuck) = (join(&house, Wants::Seats), join(&house, Wants::Counts));
    let large = Frame::of(&"x".repeat(16 << 20));
    house.publish(topic(Wants::Counts), large, &at(1));
    for _ in 0..60 {
        house.beat();
    }
    assert!(stuck.is_let_go());
    house.stop();
    let (text, whole) = quiet.whole();
    assert!(
        whole
            && text.len() >= 3 * "event: beat\ndata:\n\n".len()
            && text.replace("event: beat\ndata:\n\n", "").is_empty(),
        "{text}"
    );
}
