//! Requests nobody would send: real addresses, methods and bodies, with anything at all in their places.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parterre::http::v1;
use parterre::test_support::house::SLUG;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use super::known::{FORM, JSON, Known};
use super::law::LETTER;

/// Everything beside the API: pages, plain forms, files.
const PAGES: [&str; 25] = [
    "/",
    "/events/{}",
    "/events/{}/seats",
    "/events/{}/hold",
    "/holds/{}/extend",
    "/holds/{}/release",
    "/holds/{}/remove",
    "/checkout/{}",
    "/orders/{}",
    "/orders/{}/pay",
    "/orders/{}/tickets.pdf",
    "/orders/{}/calendar.ics",
    "/tickets/{}",
    "/tickets/{}/ticket.pdf",
    "/tickets/{}/calendar.ics",
    "/pay/test/{}",
    "/dev/mail",
    "/dev/mail/{}",
    "/dev/mail/{}/{}",
    "/assets/{}",
    "/assets/{}/{}",
    "/charts/{}",
    "/charts/{}.pch",
    "/{}",
    "/{}/{}",
];
const METHODS: [&str; 9] = ["GET", "GET", "POST", "POST", "POST", "DELETE", "HEAD", "OPTIONS", "FROBNICATE"];
const NAMES: [&str; 36] = [
    "q",
    "from",
    "to",
    "category",
    "limit",
    "after",
    "section",
    "state",
    "order",
    "seat",
    "seats",
    "heal",
    "best",
    "standing",
    "replaces",
    "quantity",
    "tier",
    "min_price",
    "max_price",
    "accessible",
    "together",
    "hold_id",
    "buyer",
    "name",
    "email",
    "accept_total",
    "provider",
    "method",
    "card",
    "expiry",
    "over",
    "code",
    "back",
    "answer",
    "__proto__",
    "",
];
const HEADERS: [&str; 16] = [
    "authorization",
    "cookie",
    "idempotency-key",
    "if-none-match",
    "if-modified-since",
    "accept-encoding",
    "accept",
    "content-type",
    "content-encoding",
    "content-length",
    "range",
    "origin",
    "sec-fetch-site",
    "x-request-id",
    "host",
    "x-forwarded-for",
];

/// A request before it is one.
#[derive(Clone, Debug)]
pub(crate) struct Wild {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Wild {
    /// The request; `None` where HTTP itself has no way to write it.
    pub(crate) fn request(&self) -> Option<Request<Body>> {
        let uri: Uri = self.path.parse().ok()?;
        let mut request = Request::builder().method(Method::from_bytes(self.method.as_bytes()).ok()?).uri(uri);
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value)) {
                request = request.header(name, value);
            }
        }
        request.body(Body::from(self.body.clone())).ok()
    }
}

/// Any request, some of them by a buyer who knows what `known` knows.
pub(crate) fn any_request(known: Known) -> impl Strategy<Value = Wild> {
    let path = (select(templates()), vec(segment(&known), 3), vec((name(), text(&known)), 0..4)).prop_map(
        |(template, segments, query)| {
            let mut path = String::new();
            let mut parts = template.split("{}");
            path.push_str(parts.next().unwrap_or_default());
            for (part, segment) in parts.zip(segments) {
                path.push_str(&encoded(&segment));
                path.push_str(part);
            }
            if !query.is_empty() {
                path.push('?');
                path.push_str(&pairs(&query));
            }
            path
        },
    );
    let caller = select(vec![
        None,
        Some(("authorization".to_owned(), format!("Bearer {}", known.secret).into_bytes())),
        Some(("cookie".to_owned(), known.cookie().into_bytes())),
    ]);
    (select(&METHODS[..]), path, caller, vec(header(&known), 0..3), body(&known, known.bodies())).prop_map(
        |(method, path, caller, wild, (kind, body))| {
            let kind = ("content-type".to_owned(), kind.as_bytes().to_vec());
            let headers = caller.into_iter().chain([kind]).chain(wild).collect();
            Wild { method: method.to_owned(), path, headers, body }
        },
    )
}

/// The document's addresses and the pages'.
fn templates() -> Vec<String> {
    let document = serde_json::to_value(v1::parts().1).expect("the document is JSON");
    let api = document["paths"].as_object().expect("the document has paths").keys();
    api.map(|path| path.replace("{slug}", "{}").replace("{id}", "{}"))
        .chain(PAGES.map(str::to_owned))
        .chain(["/api/{}".to_owned(), "/api/v1/{}/{}".to_owned(), "/api/openapi.json".to_owned()])
        .collect()
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![8 => select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

/// Words that have hurt somebody somewhere, and what the house knows.
fn text(known: &Known) -> impl Strategy<Value = String> + use<> {
    let nasty = [
        "",
        " ",
        "\0",
        "a\0b",
        "-1",
        "0",
        "1",
        "2",
        "10",
        "4294967295",
        "4294967296",
        "18446744073709551616",
        "1e999",
        "NaN",
        "Infinity",
        "0x10",
        "١٢",
        "true",
        "null",
        "../../../etc/passwd",
        "..\\..",
        "%00",
        "%2e%2e%2f",
        "'; DROP TABLE orders; --",
        "\"><script>alert(1)</script>",
        "{{7*7}}",
        "\u{202e}\u{200d}\u{feff}",
        "é\u{301}\u{301}\u{301}",
        "🎭",
        "\r\nSet-Cookie: a=b",
        "//evil.example",
        "free",
        "checkout",
        "approve",
        "2026-11-21",
        "-009999-01-02",
        "9999-12-31T23:59:60Z",
        "9223372036854775807.00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "4000000000000002",
        "4242424242424242",
        "04 / 29",
        "123",
        "a@b.example",
        "a@\n",
    ];
    let known = [&known.hold, &known.asking, &known.paid, &known.ticket, &known.intent, &known.standing, &known.secret];
    let words: Vec<String> = nasty.iter().map(|&word| word.to_owned()).chain(known.into_iter().cloned()).collect();
    prop_oneof![
        8 => select(words),
        2 => any::<String>(),
        1 => (1_usize..3_000).prop_map(|length| LETTER.to_string().repeat(length)),
        1 => any::<i64>().prop_map(|number| number.to_string()),
    ]
}

fn segment(known: &Known) -> impl Strategy<Value = Vec<u8>> + use<> {
    let named = [SLUG, &known.hold, &known.asking, &known.paid, &known.ticket, &known.intent].map(str::to_owned);
    prop_oneof![
        6 => select(named.to_vec()).prop_map(String::into_bytes),
        3 => text(known).prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..40),
    ]
}

fn header(known: &Known) -> impl Strategy<Value = (String, Vec<u8>)> + use<> {
    let secret = known.secret.clone();
    let notice = vec(any::<u8>(), 0..60).prop_map(|bytes| format!("__Host-notice={}", URL_SAFE_NO_PAD.encode(bytes)));
    let told = text(known).prop_map(|text| {
        let notice = json!({ "tone": "Bad", "text": text }).to_string();
        format!("__Host-notice={}", URL_SAFE_NO_PAD.encode(notice))
    });
    let begun = text(known).prop_map(|text| format!("__Host-checkout={text}"));
    let cookies =
        prop_oneof![notice, told, begun, text(known).prop_map(|text| format!("__Host-parterre={text}; ;=;a"))];
    let value = prop_oneof![
        4 => text(known).prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..300),
        1 => select(vec!["br;q=0, gzip;q=x", "br", "gzip", "*", "W/\"\", *", "bytes=5-1,-1", "cross-site", "same-origin", "null"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => Just(format!("Bearer  {secret}").into_bytes()),
    ];
    prop_oneof![
        3 => (select(&HEADERS[..]), value).prop_map(|(name, value)| (name.to_owned(), value)),
        1 => cookies.prop_map(|text| ("cookie".to_owned(), text.into_bytes())),
    ]
}

/// Any body sent to an address that takes one, by a buyer to whom everything named in it belongs: `meant` is what the address
/// is for.
pub(crate) fn any_body(
    known: &Known,
    path: &str,
    meant: (&'static str, String),
) -> impl Strategy<Value = Wild> + use<> {
    let (kind, path, secret) = (meant.0, path.to_owned(), known.secret.clone());
    body(known, vec![meant]).prop_map(move |(_, body)| {
        let caller = ("authorization".to_owned(), format!("Bearer {secret}").into_bytes());
        let headers = vec![caller, ("content-type".to_owned(), kind.as_bytes().to_vec())];
        Wild { method: "POST".to_owned(), path: path.clone(), headers, body }
    })
}

type Meant = Vec<(&'static str, String)>;

fn body(known: &Known, meant: Meant) -> impl Strategy<Value = (&'static str, Vec<u8>)> + use<> {
    let valid = select(meant.clone()).prop_map(|(kind, text)| (kind, text.into_bytes()));
    let bent =
        (select(meant.clone()), vec((any::<Index>(), any::<u8>(), 0_u8..4), 1..6)).prop_map(|((kind, text), bends)| {
            let mut bytes = text.into_bytes();
            bends.into_iter().for_each(|(at, byte, how)| bend(&mut bytes, at, byte, how));
            (kind, bytes)
        });
    // A field of something meant, at any depth, with anything in it.
    let other = (select(meant), any::<Index>(), value(known)).prop_map(|((_, text), at, value)| {
        let Ok(mut whole) = serde_json::from_str::<Value>(&text) else { return (JSON, text.into_bytes()) };
        let mut places = Vec::new();
        fields(&whole, "", &mut places);
        if let Some(place) = whole.pointer_mut(&places[at.index(places.len())]) {
            *place = value;
        }
        (JSON, whole.to_string().into_bytes())
    });
    let form = vec((name(), text(known)), 0..12).prop_map(|fields| (FORM, pairs(&fields).into_bytes()));
    let many = (select(&NAMES[..]), 150_usize..4_000)
        .prop_map(|(name, n)| (FORM, format!("{name}=1&").repeat(n).into_bytes()));
    let deep = (select(&["[", "{\"best\":", "{\"seats\":["][..]), 1_usize..4_000)
        .prop_map(|(open, n)| (JSON, open.repeat(n).into_bytes()));
    let seats =
        (0_u32..20_000).prop_map(|n| (JSON, json!({ "seats": (0..n).collect::<Vec<_>>() }).to_string().into_bytes()));
    let twice = text(known).prop_map(|text| {
        let text = Value::from(text);
        (JSON, format!("{{\"seats\":[],\"provider\":{text},\"provider\":{text},\"seats\":[1]}}").into_bytes())
    });
    prop_oneof![
        3 => valid,
        3 => bent,
        3 => other,
        2 => value(known).prop_map(|value| (JSON, value.to_string().into_bytes())),
        3 => form,
        1 => many,
        1 => deep,
        1 => seats,
        1 => twice,
        1 => vec(any::<u8>(), 0..500).prop_map(|bytes| (JSON, bytes)),
        1 => vec(any::<u8>(), 0..500).prop_map(|bytes| (FORM, bytes)),
    ]
}

/// Where the fields of a value are, at every depth.
fn fields(value: &Value, at: &str, places: &mut Vec<String>) {
    let mut inner = |name: &str, value: &Value| {
        let at = format!("{at}/{name}");
        fields(value, &at, places);
        places.push(at);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| inner(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, value)| inner(&i.to_string(), value)),
        _ => {}
    }
}

fn bend(bytes: &mut Vec<u8>, at: Index, byte: u8, how: u8) {
    if bytes.is_empty() {
        return;
    }
    let at = at.index(bytes.len());
    match how {
        0 => bytes[at] = byte,
        1 => bytes.insert(at, byte),
        2 => drop(bytes.remove(at)),
        _ => bytes.truncate(at),
    }
}

/// Any JSON, with names that mean something at every depth.
fn value(known: &Known) -> impl Strategy<Value = Value> + use<> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-3_i64..12).prop_map(Value::from),
        select(&[100_u32, 65_535, 65_536, 2_147_483_647, 2_147_483_648, u32::MAX][..]).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text(known).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let fields = vec((name(), inner.clone()), 0..8).prop_map(|fields| Value::Object(Map::from_iter(fields)));
        prop_oneof![vec(inner, 0..8).prop_map(Value::from), fields]
    })
}

fn pairs(fields: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", encoded(name.as_bytes()), encoded(value.as_bytes()));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Every byte but letters, digits and a few marks as `%XX`.
fn encoded(bytes: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    bytes.iter().map(|&byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
