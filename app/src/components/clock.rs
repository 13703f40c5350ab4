//! How long seats are kept: minutes and seconds on the clock, minutes in a sentence.

/// Below this many milliseconds people are warned: two minutes, so that they can finish or extend.
pub const WARN_BELOW: i64 = 120_000;
/// Below this many milliseconds the time is over for the server, too, whose clock may be a little behind.
pub const OVER: i64 = -500;

/// `9:41`; `0:00` when it is over. Rounds up, so that the last second shows as `0:01`.
#[must_use]
pub fn minutes(remaining_ms: i64) -> String {
    let seconds = (remaining_ms.max(0) + 999) / 1000;
    let (minutes, rest) = (seconds / 60, seconds % 60);
    let mut text = minutes.to_string();
    text.push(':');
    if rest < 10 {
        text.push('0');
    }
    text.push_str(&rest.to_string());
    text
}

/// `ten minutes`, `40 seconds`: how long that is in a sentence. Rounds down, so that nobody is promised more than there is.
#[cfg(feature = "ssr")]
#[must_use]
pub fn how_long(ms: i64) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let (count, unit) = if ms < 60_000 { (ms.max(0) / 1000, "second") } else { (ms / 60_000, "minute") };
    let word = usize::try_from(count).ok().and_then(|count| WORDS.get(count));
    let number = word.map_or_else(|| count.to_string(), |word| (*word).to_owned());
    format!("{number} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::minutes;

    #[cfg(feature = "ssr")]
    #[test]
    fn a_sentence_names_the_minutes_there_are_and_an_extension_is_as_long_as_its_button_says() {
        use super::how_long;
        let all = [600_000, 60_000, 119_999, 150_000, 3_600_000, 40_000, 1_000, -5].map(how_long);
        let said = ["ten minutes", "one minute", "one minute", "two minutes", "60 minutes", "40 seconds", "one second"];
        assert_eq!(all[..7], said);
        assert_eq!(all[7], "no seconds");
        // "Give me ten more minutes" and "You have ten more minutes." stand as they are in the browser's client.
        assert_eq!(how_long(domain::hold::EXTEND_BY), "ten minutes");
    }

    #[test]
    fn the_clock_never_shows_zero_while_something_is_left() {
        assert_eq!(minutes(581_000), "9:41");
        assert_eq!(minutes(1), "0:01");
        assert_eq!(minutes(60_000), "1:00");
        assert_eq!(minutes(0), "0:00");
        assert_eq!(minutes(-5), "0:00");
    }
}
