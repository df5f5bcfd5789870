//! One field of a cron expression.

/// What a field counts, and what it may say.
pub(super) struct Kind {
    name: &'static str,
    min: u32,
    max: u32,
    /// Names that stand for numbers, beginning with `first`.
    names: &'static [&'static str],
    first: u32,
}

const fn numbers(name: &'static str, min: u32, max: u32) -> Kind {
    Kind { name, min, max, names: &[], first: 0 }
}

/// The fields in their order; the first may be left out.
pub(super) const KINDS: [Kind; 6] = [
    numbers("second", 0, 59),
    numbers("minute", 0, 59),
    numbers("hour", 0, 23),
    numbers("day of the month", 1, 31),
    Kind {
        name: "month",
        min: 1,
        max: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        first: 1,
    },
    Kind {
        name: "day of the week",
        min: 0,
        max: 7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
        first: 0,
    },
];
/// Where the days are among the fields.
pub(super) const DAY: usize = 3;
/// Where the days of the week are.
pub(super) const WEEKDAY: usize = 5;

/// A field that was understood.
pub(super) struct Field {
    /// A bit for each value.
    pub(super) values: u64,
    /// It begins with `*`: every one, or every second, third, …
    pub(super) star: bool,
    /// `L`, `15W`, `5#2`, `5L`, as they are.
    pub(super) special: Vec<String>,
}

impl Kind {
    /// Reads a field.
    pub(super) fn parse(&self, text: &str) -> Result<Field, String> {
        let mut field = Field { values: 0, star: text.starts_with(['*', '?']), special: vec![] };
        for part in text.split(',') {
            match self.special(part)? {
                Some(special) => field.special.push(special),
                None => field.values |= self.part(part)?,
            }
        }
        // Sunday is 0 and 7.
        if self.max == 7 && field.values & (1 << 7) != 0 {
            field.values = field.values & !(1 << 7) | 1;
        }
        Ok(field)
    }

    /// `*`, `*/5`, `3`, `3-9`, `3-9/2`, `3/2`.
    fn part(&self, part: &str) -> Result<u64, String> {
        let (range, step) = match part.split_once('/') {
            None => (part, 1),
            Some((range, step)) => (range, self.step(step)?),
        };
        let (first, last) = if range == "*" || range == "?" && self.has_days() {
            (self.min, if self.max == 7 { 6 } else { self.max })
        } else if let Some((first, last)) = range.split_once('-') {
            let (first, mut last) = (self.value(first)?, self.value(last)?);
            // A week that ends with Sunday.
            if self.max == 7 && last == 0 && first > 0 {
                last = 7;
            }
            if first > last {
                return Err(self.wrong(&format!("{range:?} ends before it begins")));
            }
            (first, last)
        } else {
            let first = self.value(range)?;
            (first, if part.contains('/') { self.max } else { first })
        };
        Ok((first..=last).step_by(step as usize).fold(0, |bits, value| bits | 1 << value))
    }

    fn step(&self, step: &str) -> Result<u32, String> {
        match step.parse() {
            Ok(step) if (1..=self.max).contains(&step) => Ok(step),
            _ => Err(self.wrong(&format!("a step is a number from 1 to {}, not {step:?}", self.max))),
        }
    }

    fn value(&self, word: &str) -> Result<u32, String> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(word));
        if let Some(at) = named {
            return Ok(self.first + at as u32);
        }
        let digits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        match word.parse::<u32>() {
            Ok(value) if digits && (self.min..=self.max).contains(&value) => Ok(value),
            _ => Err(self.wrong(&format!("{word:?} is not allowed"))),
        }
    }

    /// What the days have besides numbers.
    fn special(&self, part: &str) -> Result<Option<String>, String> {
        let upper = part.to_ascii_uppercase();
        if self.max == 31 {
            if upper == "L" {
                return Ok(Some(upper));
            }
            if let Some(day) = upper.strip_suffix('W') {
                return Ok(Some(format!("{}W", self.value(day)?)));
            }
        }
        if self.max == 7 {
            if let Some((day, nth)) = upper.split_once('#') {
                return match nth.parse() {
                    Ok(nth @ 1..=5_u32) => Ok(Some(format!("{}#{nth}", self.value(day)? % 7))),
                    _ => Err(self.wrong(&format!("behind # stands a number from 1 to 5, not {nth:?}"))),
                };
            }
            if let Some(day) = upper.strip_suffix('L').filter(|day| !day.is_empty()) {
                return Ok(Some(format!("{}L", self.value(day)? % 7)));
            }
        }
        Ok(None)
    }

    fn has_days(&self) -> bool {
        self.max == 31 || self.max == 7
    }

    fn wrong(&self, what: &str) -> String {
        let names = match self.names {
            [first, .., last] => format!(", names {first} to {last}"),
            _ => String::new(),
        };
        let special = match self.max {
            31 => ", L for the last day, 15W for the working day nearest to the 15th",
            7 => ", 5#2 for the second Friday, 5L for the last",
            _ => "",
        };
        let Self { name, min, max, .. } = self;
        format!(
            "{name}: {what}; there are numbers {min} to {max}{names}, ranges (a-b), lists (a,b), steps (*/2, a-b/2) \
             and *{special}"
        )
    }
}

impl Field {
    /// The field as a list of numbers; `*` where it was that.
    pub(super) fn listed(&self, kind: &Kind) -> String {
        let all = (kind.min..=if kind.max == 7 { 6 } else { kind.max }).fold(0, |bits, v| bits | 1_u64 << v);
        if self.values == all && self.star {
            return "*".into();
        }
        let numbers = (kind.min..=kind.max).filter(|value| self.values & (1 << value) != 0);
        numbers
            .map(|value| value.to_string())
            .chain(self.special.iter().cloned())
            .collect::<Vec<_>>()
            .join(",")
    }
}
