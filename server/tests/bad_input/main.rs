//! Bad input: whatever is sent to whichever address, nothing panics, nothing is a 500, every refusal has its words, and
//! what was refused left nothing in the books; the API answers nothing that its document does not know.
//!
//! Every run of a day sends the same requests, and every day sends others. What fails says the seed that repeats it. A long
//! hunt: `PROPTEST_CASES=20000 PROPTEST_RNG_SEED=$RANDOM cargo nextest run -p parterre --test bad_input`. What it finds becomes
//! a line of the tables below.

mod known;
mod law;
mod readers;
mod wild;

use std::cell::RefCell;
use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use parterre::checker::check;
use parterre::clock::{Clock, SystemClock};
use parterre::test_support::house::{SLUG, TestHouse, house};
use parterre::test_support::paper::Paper;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

use known::Known;
use law::{answer, books, refused_in_full};
use wild::Wild;

/// Bounded and the same all day, unless the environment asks for another run.
fn runner(cases: u32) -> TestRunner {
    let asked = Config::default();
    let cases = if asked.cases == DEFAULT_CASES { cases } else { asked.cases };
    let config = Config { failure_persistence: None, max_shrink_iters: 200, cases, ..asked };
    // Days since 1970, as `./test` prints them.
    let day = u64::try_from(SystemClock.now().0).expect("it is later than 1970") / 86_400_000;
    let rng_seed = if config.rng_seed == RngSeed::Random { RngSeed::Fixed(day) } else { config.rng_seed };
    println!("requests of {rng_seed:?}: PROPTEST_RNG_SEED repeats them");
    TestRunner::new(Config { rng_seed, ..config })
}

/// Sends one request and holds its answer to the law; a refusal must have left the books as they were.
async fn sent(house: &TestHouse, paper: &Paper, wild: &Wild) -> Result<StatusCode, TestCaseError> {
    let before = books(house).await;
    let Some(request) = wild.request() else { return Ok(StatusCode::BAD_REQUEST) };
    let answer = answer(&house.router, request).await;
    answer.documented(paper).map_err(|why| TestCaseError::fail(format!("{why}\n{answer:?}")))?;
    answer.lawful().map_err(|why| TestCaseError::fail(format!("{why}\n{answer:?}")))?;
    // An order stays where only its payment was refused: that is its purpose.
    let paying = wild.path.contains("/pay") || wild.path.starts_with("/checkout/");
    if answer.status.is_client_error() && !paying {
        let after = books(house).await;
        if before != after {
            return Err(TestCaseError::fail(format!("refused, and yet {before:?} became {after:?}\n{answer:?}")));
        }
    }
    Ok(answer.status)
}

/// What proptest asks for where the environment asks for nothing.
const DEFAULT_CASES: u32 = 256;
/// Bodies for each address that takes one.
const BODIES: u32 = 100;

#[test]
fn no_body_breaks_the_address_that_takes_it() {
    let runtime = Runtime::new().unwrap();
    let (house, known) = runtime.block_on(async {
        let house = house().await;
        let known = Known::of(&house).await;
        (house, known)
    });
    let paper = Paper::default();
    for (path, meant) in known.addresses() {
        let mut runner = runner(BODIES);
        let reached = RefCell::new(BTreeMap::new());
        let sent = runner.run(&wild::any_body(&known, &path, meant), |wild| {
            let status = runtime.block_on(sent(&house, &paper, &wild))?;
            *reached.borrow_mut().entry(status.as_u16()).or_insert(0) += 1;
            Ok(())
        });
        if let Err(failed) = sent {
            panic!("{path}: {failed}\n{runner}");
        }
        let (reached, sent) = (reached.into_inner(), runner.config().cases);
        println!("{path}: {reached:?}");
        // Or it would be the door that was tried, not who reads behind it.
        let outside: u32 = [403, 404, 405, 415, 429].iter().filter_map(|status| reached.get(status)).sum();
        assert!(outside * 10 < sent, "{path}: {reached:?}");
    }
    assert_eq!(runtime.block_on(check(&house.database.pool)).unwrap(), []);
    runtime.block_on(async { drop(house) });
}

/// Requests to any address.
const REQUESTS: u32 = 256;

#[test]
fn nothing_that_is_sent_breaks_the_house() {
    let runtime = Runtime::new().unwrap();
    let (house, known) = runtime.block_on(async {
        let house = house().await;
        let known = Known::of(&house).await;
        (house, known)
    });
    let (paper, mut runner) = (Paper::default(), runner(REQUESTS));
    let sent = runner.run(&wild::any_request(known), |wild| runtime.block_on(sent(&house, &paper, &wild)).map(drop));
    if let Err(failed) = sent {
        panic!("{failed}\n{runner}");
    }
    assert_eq!(runtime.block_on(check(&house.database.pool)).unwrap(), []);
    // The house still sells.
    runtime.block_on(Known::of(&house));
    runtime.block_on(async { drop(house) });
}

/// Addresses that once were errors of ours, with what they are now.
const ONCE: [(&str, u16); 22] = [
    ("/?q=%00", 200),
    ("/?q=a%00b", 200),
    ("/?after=9223372036854775807.00000000-0000-0000-0000-000000000000", 200),
    ("/events/%00", 404),
    ("/events/%00/seats", 404),
    ("/events/%0d%0a", 404),
    ("/events/%ff", 404),
    ("/api/v1/events?q=%00", 200),
    ("/api/v1/events?category=%00", 200),
    ("/api/v1/events?from=-009999-01-03", 422),
    ("/api/v1/events?to=-004713-01-01", 422),
    ("/api/v1/events?after=-9223372036854775808.00000000-0000-0000-0000-000000000000", 422),
    ("/api/v1/events/%00", 404),
    ("/api/v1/events/%00/seats", 404),
    ("/api/v1/events/%00/availability", 404),
    ("/api", 404),
    ("/api/", 404),
    ("/charts/%00.pch", 404),
    ("/tickets/%00", 404),
    ("/dev/mail/%00", 404),
    ("/assets/%00", 404),
    ("/orders/%00", 404),
];

#[tokio::test]
async fn what_once_was_our_error_is_an_answer_now() {
    let house = house().await;
    let long = "a".repeat(300);
    let more =
        [(format!("/dev/mail/{long}.eml"), 404), (format!("/assets/{long}"), 404), (format!("/events/{long}"), 404)];
    for (path, status) in ONCE.map(|(path, status)| (path.to_owned(), status)).into_iter().chain(more) {
        let answer = answer(&house.router, Request::get(&path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.lawful(), Ok(()), "{path}");
    }
    let known = Known::of(&house).await;
    for method in ["GET", "POST"] {
        let asked = Request::builder().method(method).uri(format!("/pay/test/%00?order={}", known.asking));
        let asked = asked.header("cookie", known.cookie()).header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(answer(&house.router, asked.body(Body::empty()).unwrap()).await.status, 303);
    }
    let head = Request::head("/assets/%00").body(Body::empty()).unwrap();
    assert_eq!(answer(&house.router, head).await.status, 404);
    let crooked = Request::post("/events/%0d%0a/hold").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(answer(&house.router, crooked.body(Body::from("seat=x")).unwrap()).await.status, 404);
}

#[tokio::test]
async fn no_address_leads_out_of_its_folder() {
    let house = house().await;
    std::fs::create_dir_all(house.data.join("mail")).unwrap();
    std::fs::write(house.data.join("canary.eml"), "Subject: canary\n\ncanary").unwrap();
    std::fs::write(house.data.join("canary"), "canary").unwrap();
    let up = ["..", "%2e%2e", ".%2e", "..%2f..", "..%5c..", "%252e%252e", "....//", "..;", "%c0%ae%c0%ae"];
    for folder in ["/assets", "/charts", "/tickets", "/dev/mail", "/dev/mail/a.eml", "/orders", "/pay/test"] {
        for up in up {
            for end in ["canary", "canary.eml", "mail/../canary.eml", "etc/passwd", "%2fetc%2fpasswd", "canary%00.eml"]
            {
                for slash in ["/", "%2f", "%5c"] {
                    let path = format!("{folder}/{up}{slash}{end}");
                    let answer = answer(&house.router, Request::get(&path).body(Body::empty()).unwrap()).await;
                    assert!(answer.status.is_client_error(), "{path} answered {}", answer.status);
                    assert!(!answer.text().contains("canary"), "{path}");
                    assert_eq!(answer.lawful(), Ok(()), "{path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_the_limits_refuse_is_said_in_words() {
    let house = house().await;
    let (page, api) = (format!("/events/{SLUG}/hold"), format!("/api/v1/events/{SLUG}/holds"));
    let form = "application/x-www-form-urlencoded";
    let large = || Body::from("q".repeat(70_000));
    let small = || Body::from("best=1");
    let cases = [
        (&page, ("content-type", form), large(), 413),
        (&api, ("content-type", "application/json"), large(), 413),
        (&page, ("content-length", "9999999"), small(), 413),
        (&api, ("content-length", "9999999"), small(), 413),
        (&page, ("origin", "https://evil.example"), small(), 403),
        (&page, ("sec-fetch-site", "cross-site"), small(), 403),
        (&api, ("sec-fetch-site", "cross-site"), small(), 403),
        (&page, ("content-type", "application/json"), small(), 415),
        (&api, ("content-type", form), small(), 415),
        (&"/".to_owned(), ("content-type", form), small(), 405),
        (&"/api/v1/events".to_owned(), ("content-type", form), small(), 405),
    ];
    let before = books(&house).await;
    for (path, (name, value), body, status) in cases {
        let request = Request::post(path).header("host", "localhost").header(name, value).body(body).unwrap();
        let answer = answer(&house.router, request).await;
        assert_eq!(answer.status.as_u16(), status, "{path} with {name}: {value}");
        assert_eq!(answer.lawful(), Ok(()), "{path} with {name}: {value}");
        assert!(refused_in_full(&answer), "{path} with {name}: {value}: {answer:?}");
    }
    assert_eq!(books(&house).await, before);
}
