//! What the demo shows: venues and evenings that never were, and nobody real in them.

use domain::chart::Chart;
use domain::chart::generate::{Arena, Bowl, Theatre, arena, bowl, theatre};
use domain::money::Currency;
use serde_json::{Value, json};

/// Where an evening takes place.
pub(super) struct Hall {
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    pub(super) address: &'static str,
    pub(super) city: &'static str,
    pub(super) country: &'static str,
    pub(super) time_zone: &'static str,
    pub(super) capacity: u32,
    pub(super) currency: Currency,
    /// Tax contained in a price, in thousandths.
    pub(super) tax: i64,
    /// Draws the seats; `None` where all stand.
    pub(super) draw: Option<fn() -> Chart>,
}

/// An evening in one of the halls.
pub(super) struct Show {
    pub(super) slug: &'static str,
    pub(super) title: &'static str,
    pub(super) category: &'static str,
    pub(super) promoter: (&'static str, &'static str),
    pub(super) hall: &'static Hall,
    /// Days from the day of the seeding.
    pub(super) in_days: i64,
    /// Start by the hall's clock.
    pub(super) at: (i8, i8),
    /// Minutes before the start.
    pub(super) doors: i64,
    /// Minutes it lasts.
    pub(super) lasts: i64,
    /// Days until the sale opens; 0: it is open.
    pub(super) sale_in_days: i64,
    /// Total price by chart category, dearest first; empty where all stand.
    pub(super) seated: &'static [i64],
    /// Standing tiers: name, total price, places, most in one purchase.
    pub(super) standing: &'static [(&'static str, i64, u32, u32)],
    /// Places that one person may have over all orders.
    pub(super) per_person: Option<u32>,
    pub(super) description: &'static str,
}

pub(super) const CELLAR: Hall = Hall {
    slug: "kelp-store",
    name: "Kelp Store",
    address: "Quay Road 9",
    city: "Bristol",
    country: "GB",
    time_zone: "Europe/London",
    capacity: 600,
    currency: Currency::GBP,
    tax: 200,
    draw: None,
};

pub(super) const PLAYHOUSE: Hall = Hall {
    slug: "lantern-theatre",
    name: "Lantern Theatre",
    address: "Lindenplatz 4",
    city: "Leipzig",
    country: "DE",
    time_zone: "Europe/Berlin",
    capacity: 900,
    currency: Currency::EUR,
    tax: 70,
    draw: Some(|| theatre(&Theatre { name: "Lantern Theatre".to_owned(), ..Theatre::default() })),
};

pub(super) const ARENA: Hall = Hall {
    slug: "harbour-arena",
    name: "Harbour Arena",
    address: "Cais do Norte 20",
    city: "Porto",
    country: "PT",
    time_zone: "Europe/Lisbon",
    capacity: 9_000,
    currency: Currency::EUR,
    tax: 60,
    draw: Some(|| arena(&Arena { name: "Harbour Arena".to_owned(), ..Arena::default() })),
};

pub(super) const STADIUM: Hall = Hall {
    slug: "meridian-bowl",
    name: "Meridian Bowl",
    address: "Greenway 1",
    city: "London",
    country: "GB",
    time_zone: "Europe/London",
    capacity: 82_000,
    currency: Currency::GBP,
    tax: 200,
    draw: Some(|| bowl(&Bowl { name: "Meridian Bowl".to_owned(), ..Bowl::default() })),
};

pub(super) const SHOWS: &[Show] = &[
    Show {
        slug: "undertow-club-night",
        title: "Undertow: a night below the waterline",
        category: "club_night",
        promoter: ("north-quay-nights", "North Quay Nights"),
        hall: &CELLAR,
        in_days: 3,
        at: (22, 0),
        doors: 0,
        lasts: 360,
        sale_in_days: 0,
        seated: &[],
        standing: &[("Early entry, before midnight", 1_400, 150, 4), ("General admission", 2_000, 350, 6)],
        per_person: None,
        description: "Six hours of slow house and dub in the old kelp store under the quay. Two rooms, one bar, and a door \
            on to the water for when you need air.",
    },
    Show {
        slug: "the-clockmakers-daughter",
        title: "The Clockmaker's Daughter",
        category: "theatre",
        promoter: ("lantern-company", "The Lantern Company"),
        hall: &PLAYHOUSE,
        in_days: 6,
        at: (19, 30),
        doors: 45,
        lasts: 150,
        sale_in_days: 0,
        seated: &[6_800, 5_400, 3_900, 4_600, 2_900, 7_600],
        standing: &[],
        per_person: None,
        description: "A town whose clocks all stop at once, and the one person who knows why. A new play in two acts with \
            live music; there is an interval of twenty minutes.",
    },
    Show {
        slug: "the-clockmakers-daughter-matinee",
        title: "The Clockmaker's Daughter (matinée)",
        category: "theatre",
        promoter: ("lantern-company", "The Lantern Company"),
        hall: &PLAYHOUSE,
        in_days: 8,
        at: (14, 30),
        doors: 45,
        lasts: 150,
        sale_in_days: 0,
        seated: &[4_800, 3_900, 2_900, 3_400, 1_900, 5_400],
        standing: &[],
        per_person: None,
        description: "The afternoon performance, with sign language interpretation and relaxed house lights.",
    },
    Show {
        slug: "undertow-open-soundcheck",
        title: "Undertow: the open soundcheck",
        category: "club_night",
        promoter: ("north-quay-nights", "North Quay Nights"),
        hall: &CELLAR,
        in_days: 10,
        at: (16, 0),
        doors: 0,
        lasts: 90,
        sale_in_days: 0,
        seated: &[],
        standing: &[("Free admission", 0, 120, 2)],
        per_person: Some(2),
        description: "The afternoon before the night: hear the room being tuned, and ask how it is done. Free, and small, so \
            two places a person.",
    },
    Show {
        slug: "paper-lighthouse-harbour-arena",
        title: "Paper Lighthouse: the tide tour",
        category: "concert",
        promoter: ("tidewater-live", "Tidewater Live"),
        hall: &ARENA,
        in_days: 17,
        at: (20, 0),
        doors: 90,
        lasts: 165,
        sale_in_days: 0,
        seated: &[12_500, 9_500, 7_200, 6_200, 4_800, 3_900],
        standing: &[("Side of stage, standing", 5_500, 400, 8)],
        per_person: None,
        description: "Five voices, one harbour of light. Paper Lighthouse bring their third album to the arena with the full \
            band and a string section.",
    },
    Show {
        slug: "meridian-cup-final",
        title: "Meridian Cup: the final",
        category: "sport",
        promoter: ("meridian-league", "Meridian League"),
        hall: &STADIUM,
        in_days: 31,
        at: (17, 30),
        doors: 150,
        lasts: 150,
        sale_in_days: 0,
        seated: &[14_500, 10_500, 7_500, 5_500, 3_500],
        standing: &[],
        per_person: None,
        description: "Two clubs, one cup, eighty thousand seats. The final of the season under the roof of the bowl.",
    },
    Show {
        slug: "undertow-midwinter",
        title: "Undertow: midwinter",
        category: "club_night",
        promoter: ("north-quay-nights", "North Quay Nights"),
        hall: &CELLAR,
        in_days: 45,
        at: (22, 0),
        doors: 0,
        lasts: 420,
        sale_in_days: 2,
        seated: &[],
        standing: &[("General admission", 2_200, 500, 6)],
        per_person: None,
        description: "The longest night of the year, until it is not. Tickets go on sale in two days.",
    },
];

/// The flexible part of a show's page.
pub(super) fn details(show: &Show) -> Value {
    match show.category {
        "club_night" => json!({
            "age": "18 and over; bring identification", "amenities": ["Cloakroom", "Step-free entrance", "Water for free"],
            "rules": ["No photographs on the dance floor", "Last entry at 01:00"],
        }),
        "theatre" => json!({
            "artist": "The Lantern Company", "age": "From 12 years",
            "amenities": ["Cloakroom", "Hearing loop", "Step-free access to the stalls", "Café"],
            "rules": ["Latecomers are seated at the interval", "Phones stay off"],
        }),
        "concert" => json!({
            "artist": "Paper Lighthouse", "age": "From 6 years; under 14 with an adult",
            "amenities": ["Step-free access", "Wheelchair places with companion seats", "First aid", "Food and drink"],
            "rules": ["Bags up to A4", "No cameras with interchangeable lenses"],
        }),
        _ => json!({
            "age": "All ages; under 16 with an adult",
            "amenities": ["Step-free access", "Wheelchair places with companion seats", "Family area", "Trains until midnight"],
            "rules": ["Bags up to A4", "No re-entry"],
        }),
    }
}
