//! When frames are due. Every due time is the start and a whole number of intervals, so that
//! nothing that happens can make a run drift.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::window::{Span, Windows};

/// Spans without a slot in them after which no more is looked for: over a year of mornings and
/// evenings.
const MOST_SPANS: u32 = 1000;

/// When frames are due.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Slot 0.
    pub start: Timestamp,
    /// From slot to slot; more than nothing.
    pub interval: Duration,
    /// How many frames; `None` for no end.
    pub count: Option<u64>,
    /// No frame is due at this instant or later.
    pub until: Option<Timestamp>,
    /// When of a day.
    pub windows: Windows,
    /// What the clock on the wall shows, for hours of the day.
    pub zone: TimeZone,
}

/// A frame that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// From 1, without holes, whether the frame could be taken or not.
    pub number: u64,
    /// Intervals since the start; slots outside of the windows have no frame.
    pub slot: u64,
    /// `start + slot * interval`.
    pub at: Timestamp,
}

/// Goes through a schedule.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    schedule: &'a Schedule,
    /// What was not given yet.
    slot: u64,
    number: u64,
    /// The span that was looked at last.
    span: Span,
}

impl Schedule {
    /// When a slot is; `None` beyond the end of time.
    pub fn at(&self, slot: u64) -> Option<Timestamp> {
        let interval_ns = i128::try_from(self.interval.as_nanos()).ok()?;
        let since_ns = interval_ns.checked_mul(slot.into())?;
        let at_ns = self.start.as_nanosecond().checked_add(since_ns)?;
        Timestamp::from_nanosecond(at_ns).ok()
    }

    /// The first slot that is not before an instant.
    pub(super) fn slot_at(&self, at: Timestamp) -> u64 {
        let since_ns = (at.as_nanosecond() - self.start.as_nanosecond()).max(0) as u128;
        let slot = since_ns.div_ceil(self.interval.as_nanos().max(1));
        u64::try_from(slot).unwrap_or(u64::MAX)
    }

    /// From the first frame on.
    pub fn cursor(&self) -> Cursor<'_> {
        self.cursor_at(0, 1)
    }

    /// From a slot on, whose frame has the number.
    pub fn cursor_at(&self, slot: u64, number: u64) -> Cursor<'_> {
        let span = Span { open: Timestamp::MIN, close: Timestamp::MIN };
        Cursor { schedule: self, slot, number, span }
    }
}

impl Cursor<'_> {
    /// The next frame, without taking it; `None` at the end of the schedule, or where no window
    /// opens within a year.
    pub fn peek(&mut self) -> Option<Due> {
        let schedule = self.schedule;
        if schedule.count.is_some_and(|count| self.number > count) {
            return None;
        }
        let mut at = schedule.at(self.slot)?;
        let mut spans = 0;
        while at >= self.span.close || at < self.span.open {
            spans += 1;
            if spans > MOST_SPANS {
                return None;
            }
            if at >= self.span.close {
                self.span = schedule.windows.span(at, &schedule.zone)?;
            }
            // Slots may be so far apart that none falls into a span.
            self.slot = schedule.slot_at(self.span.open.max(at));
            at = schedule.at(self.slot)?;
            if schedule.until.is_some_and(|until| at >= until) {
                return None;
            }
        }
        let is_over = schedule.until.is_some_and(|until| at >= until);
        (!is_over).then_some(Due { number: self.number, slot: self.slot, at })
    }

    /// Takes the frame that was peeked at.
    pub fn advance(&mut self) {
        self.slot = self.slot.saturating_add(1);
        self.number = self.number.saturating_add(1);
    }

    /// Takes all frames that were due before an instant; returns the first and the last of them.
    pub fn skip_before(&mut self, instant: Timestamp) -> Option<(Due, Due)> {
        let first = self.peek().filter(|due| due.at < instant)?;
        let mut last = first;
        while let Some(due) = self.peek().filter(|due| due.at < instant) {
            // As many as one span holds are taken at once.
            let end = self.span.close.min(instant);
            let end = self.schedule.until.map_or(end, |until| end.min(until));
            let room = self.schedule.count.map_or(u64::MAX, |count| count - due.number + 1);
            let slots = (self.schedule.slot_at(end) - due.slot).clamp(1, room);
            let slot = due.slot + slots - 1;
            last = Due {
                number: due.number + slots - 1,
                slot,
                at: self.schedule.at(slot).unwrap_or(due.at),
            };
            self.slot = slot;
            self.number = last.number;
            self.advance();
        }
        Some((first, last))
    }
}

impl Iterator for Cursor<'_> {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        let due = self.peek()?;
        self.advance();
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use proptest::prelude::*;

    use super::*;
    use crate::timelapse::sun::Place;

    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

    fn instant(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn schedule(start: &str, interval: Duration) -> Schedule {
        Schedule {
            start: instant(start),
            interval,
            count: None,
            until: None,
            windows: Windows::default(),
            zone: TimeZone::posix(BERLIN).unwrap(),
        }
    }

    fn daily(texts: &[&str]) -> Windows {
        let daily = texts.iter().map(|text| text.parse().unwrap()).collect();
        Windows { daily, sun: None }
    }

    fn times(schedule: &Schedule, most: usize) -> Vec<String> {
        schedule.cursor().take(most).map(|due| due.at.to_string()).collect()
    }

    #[test]
    fn frames_are_due_at_whole_intervals_whatever_the_interval() {
        let mut schedule = schedule("2026-01-01T00:00:00.1Z", Duration::from_nanos(333_333_333));
        schedule.count = Some(3_000_001);
        let last =
            Due { number: 3_000_001, slot: 3_000_000, at: instant("2026-01-12T13:46:40.099Z") };
        let mut cursor = schedule.cursor();
        assert_eq!(cursor.skip_before(Timestamp::MAX).map(|(_, last)| last), Some(last));
        assert_eq!(cursor.next(), None);
    }

    #[test]
    fn hours_of_the_day_follow_the_clock_on_the_wall_through_its_changes() {
        let hour = Duration::from_secs(3600);
        let mut spring = schedule("2026-03-28T00:00:00Z", hour);
        spring.windows = daily(&["06:00..08:00"]);
        assert_eq!(
            times(&spring, 4),
            [
                "2026-03-28T05:00:00Z",
                "2026-03-28T06:00:00Z",
                // The clock was set forward by an hour.
                "2026-03-29T04:00:00Z",
                "2026-03-29T05:00:00Z",
            ]
        );
        let mut night = schedule("2026-10-24T12:00:00Z", hour);
        night.windows = daily(&["23:00..05:00"]);
        let long = times(&night, 7);
        // The night in which the clock is set back has seven hours.
        assert_eq!(long[0], "2026-10-24T21:00:00Z");
        assert_eq!(long[6], "2026-10-25T03:00:00Z");
        assert_eq!(times(&night, 8)[7], "2026-10-25T22:00:00Z");
    }

    #[test]
    fn hours_that_the_clock_skips_come_later_and_those_it_repeats_come_once() {
        let quarter = Duration::from_secs(900);
        let mut spring = schedule("2026-03-29T00:00:00Z", quarter);
        spring.windows = daily(&["02:15..02:45"]);
        assert_eq!(times(&spring, 3)[..2], ["2026-03-29T01:15:00Z", "2026-03-29T01:30:00Z"]);
        // The clock jumps from 02:00 to 03:00, where these end.
        spring.windows = daily(&["02:30..03:00"]);
        assert_eq!(times(&spring, 3)[..2], ["2026-03-29T01:30:00Z", "2026-03-29T01:45:00Z"]);
        spring.windows = daily(&["02:00..03:00"]);
        assert_eq!(times(&spring, 5)[..2], ["2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z"]);
        let mut autumn = schedule("2026-10-25T00:00:00Z", quarter);
        autumn.windows = daily(&["02:15..02:45"]);
        let found = times(&autumn, 3);
        assert_eq!(found[..2], ["2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z"]);
        assert_eq!(found[2], "2026-10-26T01:15:00Z");
    }

    #[test]
    fn several_hours_of_a_day_are_all_kept_and_may_overlap() {
        let mut schedule = schedule("2026-06-01T00:00:00Z", Duration::from_secs(1800));
        schedule.windows = daily(&["06:00..07:00", "06:30..08:00", "20:00..20:30"]);
        assert_eq!(
            times(&schedule, 6),
            [
                "2026-06-01T04:00:00Z",
                "2026-06-01T04:30:00Z",
                "2026-06-01T05:00:00Z",
                "2026-06-01T05:30:00Z",
                "2026-06-01T18:00:00Z",
                "2026-06-02T04:00:00Z",
            ]
        );
    }

    fn sun(start: &str, hours: &str, place: &str) -> Schedule {
        let mut schedule = schedule(start, Duration::from_secs(60));
        let place: Place = place.parse().unwrap();
        schedule.windows.sun = Some((hours.parse().unwrap(), place));
        schedule
    }

    fn first_and_last_of_day(schedule: &Schedule) -> (String, String) {
        let end = schedule.start + 24.hours();
        let (first, last) = schedule.cursor().skip_before(end).unwrap();
        (first.at.to_string(), last.at.to_string())
    }

    #[test]
    fn hours_of_the_sun_move_with_it() {
        let london = "51.5074,-0.1278";
        let summer = sun("2024-06-21T00:00:00Z", "sunrise-30m..sunset+30m", london);
        // Sunrise 03:43:14, sunset 20:21:36, both by tables.
        let (first, last) = first_and_last_of_day(&summer);
        assert!(first.starts_with("2024-06-21T03:1") && last.starts_with("2024-06-21T20:5"));
        let night = sun("2026-12-21T12:00:00Z", "dusk..dawn", london);
        let (first, last) = first_and_last_of_day(&night);
        assert!(first.starts_with("2026-12-21T16:3") && last.starts_with("2026-12-22T07:2"));
        let evening = sun("2024-06-21T00:00:00Z", "sunset-5m..sunset+5m", london);
        let day = evening.cursor().skip_before(evening.start + 24.hours()).unwrap();
        assert_eq!(day.1.number, 10);
    }

    #[test]
    fn polar_days_are_long_and_polar_nights_empty() {
        use crate::timelapse::window::Polar;
        let tromso = "69.65,18.96";
        let (hours, night) = ("sunrise-1h..sunset+1h", "sunset+1h..sunrise-1h");
        let day = sun("2026-06-10T00:00:00Z", hours, tromso);
        let (_, last) = day.cursor().skip_before(day.start + 48.hours()).unwrap();
        assert_eq!(last.number, 2 * 24 * 60, "frames go on all day");
        assert_eq!(day.windows.polar(day.start), Some(Polar::Day));
        let dark = sun("2026-12-10T12:00:00Z", hours, tromso);
        let first = dark.cursor().next().unwrap().at;
        assert!(first.to_string().starts_with("2027-01-1"), "{first}");
        assert_eq!(dark.windows.polar(dark.start), Some(Polar::Night));
        // The other way round for hours of the night; the sun is back by the end of July.
        let light = sun("2026-06-10T00:00:00Z", night, tromso);
        let first = light.cursor().next().unwrap().at;
        assert!(first.to_string().starts_with("2026-07-2"), "{first}");
        let long = sun("2026-12-10T12:00:00Z", night, tromso);
        let (_, last) = long.cursor().skip_before(long.start + 48.hours()).unwrap();
        assert_eq!(last.number, 2 * 24 * 60);
        assert_eq!(sun("2026-03-20T00:00:00Z", hours, tromso).windows.polar(first), None);
    }

    #[test]
    fn a_set_without_a_rise_is_at_noon() {
        // A polar night with a dawn: light comes and goes around noon, at 10:42 UTC.
        let twilight = sun("2026-12-21T00:00:00Z", "dawn..sunset", "69.65,18.96");
        let (first, last) = first_and_last_of_day(&twilight);
        assert!(first.starts_with("2026-12-21T0"), "{first}");
        assert!(last.starts_with("2026-12-21T10:4"), "{last}");
    }

    #[test]
    fn hours_of_clock_and_sun_that_never_meet_have_no_frame() {
        let mut never = sun("2026-03-20T00:00:00Z", "sunrise..sunset", "0,15");
        never.windows.daily = vec!["23:00..01:00".parse().unwrap()];
        assert_eq!(never.cursor().next(), None);
        assert_eq!(never.cursor().skip_before(Timestamp::MAX), None);
        let mut seldom = schedule("2026-03-20T12:00:00Z", Duration::from_secs(86_400));
        seldom.windows = daily(&["06:00..07:00"]);
        assert_eq!(seldom.cursor().next(), None);
    }

    #[test]
    fn hours_are_read_as_they_are_written() {
        use crate::timelapse::window::{Daily, NoHours, SunHours};
        for text in ["06:00..20:00", "20:00..06:30", "00:00..24:00"] {
            assert_eq!(text.parse::<Daily>().unwrap().to_string(), text);
        }
        for (text, why) in [
            ("06:00", NoHours::Daily),
            ("06:00..25:00", NoHours::Daily),
            ("06:00..06:00", NoHours::Empty),
        ] {
            assert_eq!(text.parse::<Daily>(), Err(why), "{text}");
        }
        for text in ["sunrise-30m..sunset+1h 30m", "nautical-dusk..noon", "noon-1s..noon+1s"] {
            assert_eq!(text.parse::<SunHours>().unwrap().to_string(), text);
        }
        for text in [
            "sunrise",
            "sunrise..moonset",
            "sunrise-..sunset",
            "sunrise+13h..sunset",
            "30m..sunset",
        ] {
            assert_eq!(text.parse::<SunHours>(), Err(NoHours::Sun), "{text}");
        }
        assert_eq!("dawn..dawn".parse::<SunHours>(), Err(NoHours::Empty));
    }

    fn any_schedule() -> impl Strategy<Value = Schedule> {
        let hours = (0..24u8, 0..60u8, 0..24u8, 0..60u8)
            .prop_map(|(a, b, c, d)| format!("{a:02}:{b:02}..{c:02}:{d:02}"));
        let suns =
            vec!["sunrise-30m..sunset+30m", "sunset..sunrise", "dawn..noon", "dusk..dusk+2h"];
        (
            1_700_000_000..1_900_000_000i64,
            1_000..90_000_000u64,
            proptest::collection::vec(hours, 0..3),
            proptest::option::of((proptest::sample::select(suns), -60..60i32)),
            proptest::option::of(1..40u64),
            proptest::option::of(1..40u32),
        )
            .prop_map(|(start, interval_ms, hours, sun, count, days)| {
                let start = Timestamp::from_second(start).unwrap();
                let daily = hours.iter().filter_map(|text| text.parse().ok()).collect();
                let sun = sun.map(|(hours, latitude)| {
                    let place = Place { latitude: latitude.into(), longitude: 13.0 };
                    (hours.parse().unwrap(), place)
                });
                Schedule {
                    start,
                    interval: Duration::from_millis(interval_ms),
                    count,
                    until: days.map(|days| start + (i64::from(days) * 24).hours()),
                    windows: Windows { daily, sun },
                    zone: TimeZone::posix(BERLIN).unwrap(),
                }
            })
    }

    /// By looking at each slot alone.
    fn slowly(schedule: &Schedule, most: usize) -> Vec<Due> {
        let mut found = Vec::new();
        for slot in 0..1500 {
            let at = schedule.at(slot).unwrap();
            let is_over = schedule.until.is_some_and(|until| at >= until)
                || schedule.count.is_some_and(|count| found.len() as u64 >= count);
            if is_over || found.len() >= most {
                break;
            }
            // None opens for a year.
            let Some(span) = schedule.windows.span(at, &schedule.zone) else { break };
            if span.open <= at {
                found.push(Due { number: found.len() as u64 + 1, slot, at });
            }
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_quick_way_gives_the_frames_that_the_slow_one_gives(schedule in any_schedule()) {
            let slow = slowly(&schedule, 60);
            let quick: Vec<_> = schedule.cursor().take(slow.len()).collect();
            prop_assert_eq!(&quick, &slow);
            for due in &quick {
                let ns = i128::from(due.slot) * schedule.interval.as_nanos() as i128;
                prop_assert_eq!(due.at.as_nanosecond(), schedule.start.as_nanosecond() + ns);
            }
        }

        #[test]
        fn frames_that_are_skipped_at_once_are_those_one_by_one(
            schedule in any_schedule(), hours in 1..400i64,
        ) {
            let end = schedule.start + hours.hours();
            let mut quick = schedule.cursor();
            let skipped = quick.skip_before(end);
            let mut slow = schedule.cursor();
            let (mut first, mut last) = (None, None);
            while let Some(due) = slow.peek().filter(|due| due.at < end) {
                first = first.or(Some(due));
                last = Some(due);
                slow.advance();
            }
            prop_assert_eq!(skipped, first.zip(last));
            prop_assert_eq!(quick.next(), slow.next());
        }

        #[test]
        fn a_run_that_goes_on_goes_on_where_it_was(schedule in any_schedule(), after in 0..30usize) {
            let all: Vec<_> = schedule.cursor().take(60).collect();
            let Some(last) = all.get(after) else { return Ok(()) };
            let again: Vec<_> =
                schedule.cursor_at(last.slot + 1, last.number + 1).take(59 - after).collect();
            prop_assert_eq!(&again[..], &all[after + 1..]);
        }
    }
}
