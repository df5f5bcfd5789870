//! Zones by the names that people write.

use super::zone::Zone;
use crate::domain::nearest::nearest;
use chrono_tz::Tz;

/// Abbreviations and names of other systems, and a place whose clocks they mean. An abbreviation that
/// stands for several zones has the one with most people.
const ALIASES: &[(&str, &str)] = &[
    ("ACDT", "Australia/Adelaide"),
    ("ACST", "Australia/Adelaide"),
    ("AEDT", "Australia/Sydney"),
    ("AEST", "Australia/Sydney"),
    ("AKDT", "America/Anchorage"),
    ("AKST", "America/Anchorage"),
    ("ART", "America/Argentina/Buenos_Aires"),
    ("AST", "America/Halifax"),
    ("ADT", "America/Halifax"),
    ("AWST", "Australia/Perth"),
    ("BRT", "America/Sao_Paulo"),
    ("BST", "Europe/London"),
    ("CAT", "Africa/Maputo"),
    ("CDT", "America/Chicago"),
    ("CEST", "Europe/Berlin"),
    ("CLT", "America/Santiago"),
    ("COT", "America/Bogota"),
    ("CST", "America/Chicago"),
    ("EAT", "Africa/Nairobi"),
    ("EDT", "America/New_York"),
    ("EEST", "Europe/Helsinki"),
    ("GST", "Asia/Dubai"),
    ("HKT", "Asia/Hong_Kong"),
    ("ICT", "Asia/Bangkok"),
    ("IDT", "Asia/Jerusalem"),
    ("IRST", "Asia/Tehran"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("KST", "Asia/Seoul"),
    ("MDT", "America/Denver"),
    ("MSK", "Europe/Moscow"),
    ("MYT", "Asia/Kuala_Lumpur"),
    ("NDT", "America/St_Johns"),
    ("NPT", "Asia/Kathmandu"),
    ("NST", "America/St_Johns"),
    ("NZDT", "Pacific/Auckland"),
    ("NZST", "Pacific/Auckland"),
    ("PDT", "America/Los_Angeles"),
    ("PET", "America/Lima"),
    ("PHT", "Asia/Manila"),
    ("PKT", "Asia/Karachi"),
    ("PST", "America/Los_Angeles"),
    ("SAST", "Africa/Johannesburg"),
    ("SGT", "Asia/Singapore"),
    ("TRT", "Europe/Istanbul"),
    ("WAT", "Africa/Lagos"),
    ("WEST", "Europe/Lisbon"),
    ("WIB", "Asia/Jakarta"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central Standard Time", "America/Chicago"),
    ("China Standard Time", "Asia/Shanghai"),
    ("Eastern Standard Time", "America/New_York"),
    ("GMT Standard Time", "Europe/London"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Mountain Standard Time", "America/Denver"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Beijing", "Asia/Shanghai"),
    ("Korea", "Asia/Seoul"),
    ("Mumbai", "Asia/Kolkata"),
    ("local", ""),
];
/// A place for each offset that many people live by, in minutes ahead of UTC, whose clocks are never
/// changed.
const PLACES: &[(i32, &str)] = &[
    (-600, "Pacific/Honolulu"),
    (-420, "America/Phoenix"),
    (-300, "America/Bogota"),
    (-180, "America/Sao_Paulo"),
    (0, "Africa/Abidjan"),
    (60, "Africa/Lagos"),
    (120, "Africa/Johannesburg"),
    (180, "Africa/Nairobi"),
    (210, "Asia/Tehran"),
    (240, "Asia/Dubai"),
    (270, "Asia/Kabul"),
    (300, "Asia/Karachi"),
    (330, "Asia/Kolkata"),
    (345, "Asia/Kathmandu"),
    (360, "Asia/Dhaka"),
    (390, "Asia/Yangon"),
    (420, "Asia/Bangkok"),
    (480, "Asia/Shanghai"),
    (525, "Australia/Eucla"),
    (540, "Asia/Seoul"),
    (570, "Australia/Darwin"),
    (600, "Australia/Brisbane"),
];

/// Finds a zone by its IANA name.
///
/// # Errors
/// A sentence with the name that was probably meant.
pub fn zone(name: &str) -> Result<Zone, String> {
    name.parse::<Tz>().map(Zone::Named).map_err(|_| {
        format!("there is no time zone {name:?}: give an IANA name such as \"Europe/Berlin\"{}", hint(name))
    })
}

/// What was probably meant by a name that is none.
pub(super) fn hint(name: &str) -> String {
    let name = name.trim();
    let known = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    if let Some((_, place)) = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(name)) {
        return if place.is_empty() {
            "; leave tz out for the zone of this machine".to_owned()
        } else {
            format!("; did you mean {place:?}?")
        };
    }
    if let Some(minutes) = offset(name) {
        return offset_hint(minutes);
    }
    if let Some(same) = known().find(|known| known.eq_ignore_ascii_case(name)) {
        return format!("; did you mean {same:?}?");
    }
    // Two abbreviations that look alike are hours apart.
    let abbreviation = name.len() <= 5 && name.bytes().all(|b| b.is_ascii_uppercase());
    let city = name.replace(' ', "_");
    let by_city = || {
        known().find(|known| known.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&city)))
    };
    let near = || nearest(&city, known());
    match by_city().or_else(|| if abbreviation { None } else { near() }) {
        Some(near) => format!("; did you mean {near:?}?"),
        None => String::new(),
    }
}

/// `UTC+9`, `GMT-03:30`, `+0900`, in minutes ahead of UTC.
fn offset(name: &str) -> Option<i32> {
    let upper = name.to_ascii_uppercase();
    let rest = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT")).unwrap_or(&upper).trim();
    let (sign, digits) = match rest.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => (-1, rest.strip_prefix('\u{2212}')?),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| text.parse::<i32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn offset_hint(minutes: i32) -> String {
    let place = PLACES.iter().find(|(at, _)| *at == minutes).map(|(_, place)| *place);
    let fixed = match (minutes % 60, minutes / 60) {
        (0, 0) => Some("UTC".to_owned()),
        // The signs of these names are the other way round.
        (0, hours @ -12..=14) => Some(format!("Etc/GMT{:+}", -hours)),
        _ => None,
    };
    match (fixed, place) {
        (Some(fixed), Some(place)) if minutes != 0 => {
            format!("; did you mean {place:?}, or {fixed:?} (its sign is the other way round)?")
        }
        (Some(fixed), _) if minutes == 0 => format!("; did you mean {fixed:?}?"),
        (Some(fixed), _) => {
            format!("; did you mean {fixed:?} (its sign is the other way round), or a place?")
        }
        (None, Some(place)) => format!("; did you mean {place:?}?"),
        (None, None) => "; give a place whose clocks are so".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_that_is_suggested_exists_and_fits() {
        for (alias, place) in ALIASES.iter().filter(|(_, place)| !place.is_empty()) {
            assert!(zone(place).is_ok(), "{place}");
            assert!(alias.parse::<Tz>().is_err(), "{alias} is a name");
        }
        // 2026-01-15 and 2026-07-15.
        for (minutes, place) in PLACES {
            let zone = zone(place).unwrap();
            for at in [1_768_435_200, 1_784_073_600] {
                assert_eq!(zone.ahead(at), i64::from(*minutes) * 60, "{place}");
            }
        }
        for hours in -12..=14 {
            let hint = offset_hint(hours * 60);
            let name = hint.split('"').rfind(|part| part.starts_with("Etc/") || *part == "UTC").unwrap();
            assert_eq!(zone(name).unwrap().ahead(1_768_435_200), i64::from(hours) * 3_600, "{hint}");
        }
    }
}
