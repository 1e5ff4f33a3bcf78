//! The one table that is printed, and what of it is a failure.

use std::fmt;

use crate::sample::Sample;

/// What a figure is measured in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// Bytes a second.
    Speed,
    /// Seconds, shown so.
    Seconds,
    /// Seconds, shown in milliseconds.
    Millis,
    /// Seconds, shown in milliseconds down to the thousandth.
    Micros,
    /// Memory.
    Mib,
    /// Things.
    Count,
}

impl Unit {
    /// The value with its unit.
    pub(crate) fn show(self, value: f64) -> String {
        if value.is_nan() {
            return "unknown".into();
        }
        match self {
            Self::Speed if value >= 1e9 => format!("{:.2} GB/s", value / 1e9),
            Self::Speed if value >= 1e8 => format!("{:.0} MB/s", value / 1e6),
            Self::Speed => format!("{:.3} MB/s", value / 1e6),
            Self::Seconds => format!("{value:.2} s"),
            Self::Millis => format!("{:.1} ms", value * 1e3),
            Self::Micros => format!("{:.3} ms", value * 1e3),
            Self::Mib => format!("{value:.1} MiB"),
            Self::Count => format!("{}", (value * 100.0).round() / 100.0),
        }
    }
}

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
    Below(f64),
}

impl Bound {
    fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(goal) => figure >= goal,
            Self::AtMost(goal) => figure <= goal,
            Self::Below(goal) => figure < goal,
        }
    }

    /// Beyond what a busy machine explains. A figure that is not known is no proof of anything.
    fn is_far_from(self, figure: f64, times: f64) -> bool {
        match self {
            Self::AtLeast(goal) => figure < goal / times,
            Self::AtMost(goal) | Self::Below(goal) => figure > goal * times,
        }
    }
}

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    what: String,
    figure: String,
    spread: String,
    against: String,
    goal: String,
    judged: Option<(f64, Bound)>,
    is_ratio: bool,
    /// How many times its goal a figure may be before it is a failure.
    far: f64,
}

/// So many times, unless a line says otherwise.
const FAR: f64 = 2.0;

impl Row {
    /// A sample: its median, and what lies around it.
    pub(crate) fn new(what: impl Into<String>, unit: Unit, sample: &Sample) -> Self {
        let spread = format!("{} .. {}", unit.show(sample.min()), unit.show(sample.max()));
        let spread = if sample.min() < sample.max() { spread } else { String::new() };
        let figure = unit.show(sample.median());
        let (against, goal) = (String::new(), String::new());
        Self {
            what: what.into(),
            figure,
            spread,
            against,
            goal,
            judged: None,
            is_ratio: false,
            far: FAR,
        }
    }

    /// A line of words.
    pub(crate) fn words(what: impl Into<String>, figure: impl Into<String>) -> Self {
        let figure = figure.into();
        Self { figure, ..Self::new(what, Unit::Count, &Sample::default()) }
    }

    /// Names a ratio to a baseline of this run, and judges by that ratio from here on.
    pub(crate) fn against(mut self, baseline: &str, ratio: f64) -> Self {
        self.against = format!("{ratio:.3} x {baseline}");
        (self.is_ratio, self.judged) = (true, Some((ratio, Bound::AtMost(f64::INFINITY))));
        self
    }

    /// Says something beside the figure.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.against = note.into();
        self
    }

    fn judge(mut self, figure: f64, bound: Bound, goal: String) -> Self {
        let figure = self.judged.map_or(figure, |(ratio, _)| ratio);
        (self.judged, self.goal) = (Some((figure, bound)), goal);
        self
    }

    /// The ratio, or else `figure`, should be this or more.
    pub(crate) fn at_least(self, figure: f64, goal: f64, unit: Unit) -> Self {
        self.judge(figure, Bound::AtLeast(goal), format!(">= {}", unit.show(goal)))
    }

    /// The ratio, or else `figure`, should be this or less.
    pub(crate) fn at_most(self, figure: f64, goal: f64, unit: Unit) -> Self {
        self.judge(figure, Bound::AtMost(goal), format!("<= {}", unit.show(goal)))
    }

    /// The ratio, or else `figure`, should be less than this.
    pub(crate) fn below(self, figure: f64, goal: f64, unit: Unit) -> Self {
        self.judge(figure, Bound::Below(goal), format!("< {}", unit.show(goal)))
    }

    /// It is a failure only beyond so many times its goal.
    pub(crate) fn fails_past(mut self, times: f64) -> Self {
        self.far = times;
        self
    }

    fn verdict(&self) -> &'static str {
        match self.judged {
            Some(_) | None if self.goal.is_empty() => "",
            Some((figure, bound)) if bound.holds(figure) => "ok",
            _ => "MISSED",
        }
    }

    fn fails(&self, check: bool) -> bool {
        let Some((figure, bound)) = self.judged else { return false };
        bound.is_far_from(figure, self.far) || check && self.is_ratio && !bound.holds(figure)
    }

    fn cells(&self) -> [&str; 6] {
        [&self.what, &self.figure, &self.spread, &self.against, &self.goal, self.verdict()]
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, figure, against, goal, .. } = self;
        write!(f, "{what}: {figure} {against} (goal {goal})")
    }
}

/// All lines, in groups.
#[derive(Debug, Default)]
pub(crate) struct Table {
    groups: Vec<(String, Vec<Row>)>,
}

const HEAD: [&str; 6] = ["", "median", "smallest .. largest", "beside", "goal", ""];

impl Table {
    /// Begins a group.
    pub(crate) fn group(&mut self, title: impl Into<String>) {
        self.groups.push((title.into(), Vec::new()));
    }

    /// Adds a line to the group begun last.
    pub(crate) fn push(&mut self, row: Row) {
        if self.groups.is_empty() {
            self.group("");
        }
        if let Some((_, rows)) = self.groups.last_mut() {
            rows.push(row);
        }
    }

    /// The lines that make the benchmark fail.
    pub(crate) fn failures(&self, check: bool) -> Vec<&Row> {
        self.rows().filter(|row| row.fails(check)).collect()
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.groups.iter().flat_map(|(_, rows)| rows)
    }

    /// The table as text.
    pub(crate) fn render(&self) -> String {
        let mut widths = HEAD.map(str::len);
        for row in self.rows() {
            for (width, cell) in widths.iter_mut().zip(row.cells()) {
                *width = (*width).max(cell.chars().count());
            }
        }
        // What is counted lines up on the right, words on the left.
        let line = |cells: [&str; 6]| {
            let [a, b, c, d, e, f] = widths;
            let [what, figure, spread, against, goal, verdict] = cells;
            let text = format!(
                "{what:a$}  {figure:>b$}  {spread:c$}  {against:d$}  {goal:e$}  {verdict:f$}"
            );
            text.trim_end().to_owned() + "\n"
        };
        let mut text = line(HEAD);
        for (title, rows) in &self.groups {
            text.push_str(&format!("\n{title}\n"));
            rows.iter().for_each(|row| text.push_str(&line(row.cells())));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[f64]) -> Sample {
        values.iter().copied().collect()
    }

    fn speed(value: f64) -> Row {
        Row::new("speed", Unit::Speed, &sample(&[value])).at_least(value, 1e9, Unit::Speed)
    }

    fn ratio(ratio: f64) -> Row {
        let row = Row::new("sync", Unit::Seconds, &sample(&[1.0, 2.0]));
        row.against("serial", ratio).at_most(f64::NAN, 1.15, Unit::Count)
    }

    #[test]
    fn a_goal_is_met_missed_or_failed() {
        let failures = |row: Row, check| {
            let verdict = row.verdict();
            let mut table = Table::default();
            table.push(row);
            (verdict, table.failures(check).len())
        };
        assert_eq!(failures(speed(1e9), false), ("ok", 0));
        assert_eq!(failures(speed(9e8), true), ("MISSED", 0), "a speed depends on the machine");
        assert_eq!(failures(speed(4e8), false), ("MISSED", 1));
        assert_eq!(failures(ratio(1.15), true), ("ok", 0));
        assert_eq!(failures(ratio(1.2), false), ("MISSED", 0));
        assert_eq!(failures(ratio(1.2), true), ("MISSED", 1));
        assert_eq!(failures(ratio(2.4), false), ("MISSED", 1));
        assert_eq!(failures(speed(f64::NAN), false), ("MISSED", 0), "not known is not met");
        let slow = |figure| {
            let row = Row::new("x", Unit::Micros, &sample(&[figure]));
            row.at_most(figure, 0.005, Unit::Micros).fails_past(5.0)
        };
        assert_eq!(failures(slow(0.024), false), ("MISSED", 0));
        assert_eq!(failures(slow(0.026), false), ("MISSED", 1));
        assert_eq!(failures(Row::words("gphoto2", "not installed"), true), ("", 0));
        let bare = Row::new("x", Unit::Count, &sample(&[1.0])).against("y", 9.0);
        assert_eq!(failures(bare, true), ("", 0), "no goal, no verdict");
    }

    #[test]
    fn the_table_lines_up() {
        let mut table = Table::default();
        table.group("Speed");
        table.push(speed(1.5e9));
        table.push(ratio(1.2));
        let text = table.render();
        let lines: Vec<&str> = text.lines().collect();
        let at = |line: usize, word: &str| lines[line].find(word).unwrap();
        assert_eq!(at(3, ">= 1.00 GB/s"), at(4, "<= 1.15"));
        assert_eq!(at(0, "beside"), at(4, "1.200 x serial"));
        assert!(lines[4].contains("1.00 s .. 2.00 s"));
        assert!(lines.iter().all(|line| !line.ends_with(' ')));
    }
}
