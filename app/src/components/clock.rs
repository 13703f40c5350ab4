//! How long seats are kept: minutes and seconds.

/// Below this many milliseconds people are warned: two minutes, so that they can finish or extend.
pub const WARN_BELOW: i64 = 120_000;

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

#[cfg(test)]
mod tests {
    use super::minutes;

    #[test]
    fn the_clock_never_shows_zero_while_something_is_left() {
        assert_eq!(minutes(581_000), "9:41");
        assert_eq!(minutes(1), "0:01");
        assert_eq!(minutes(60_000), "1:00");
        assert_eq!(minutes(0), "0:00");
        assert_eq!(minutes(-5), "0:00");
    }
}
