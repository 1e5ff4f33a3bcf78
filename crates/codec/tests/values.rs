//! Every value a camera may report prints, and what was printed is read back to the same bits.

use filmwire_codec::DevicePropCode;
use filmwire_codec::dataset::{CurrentState, DataType};
use filmwire_codec::value::{
    Aperture, ExposureBias, FocusPoint, Geolocation, Iso, KINDS, Kind, ShutterSpeed, kind,
};
use proptest::prelude::*;

fn assert_comes_back(kind: &Kind, bits: u32) {
    let text = kind.text(bits);
    assert_eq!(kind.parse(&text), Ok(bits), "{}: {text}", kind.property);
    // Words are typed on command lines.
    assert!(!text.is_empty() && text.is_ascii(), "{}: {text:?}", kind.property);
}

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn all_values_of_sixteen_bits_come_back() {
    let narrow = KINDS.iter().filter(|kind| kind.data_type != DataType::UINT32);
    let mut kinds = 0;
    for kind in narrow {
        (0..=u32::from(u16::MAX)).for_each(|bits| assert_comes_back(kind, bits));
        kinds += 1;
    }
    assert_eq!(kinds, 17);
}

/// All that have a meaning, and all flags with all numbers at the ends of their range.
#[test]
fn values_of_thirty_two_bits_come_back() {
    let wide = KINDS.iter().filter(|kind| kind.data_type == DataType::UINT32);
    for kind in wide {
        for high in 0..=0xFF_u32 {
            let numbers = (0..300).chain(990..1010).chain(0x00FF_FFF0..=0x00FF_FFFF);
            numbers.for_each(|number| assert_comes_back(kind, high << 24 | number));
        }
    }
}

/// Third stops as cameras write them, from a quarter of an hour to 1/32000.
#[test]
fn no_two_shutter_speeds_print_the_same() {
    let mut seen = std::collections::BTreeMap::new();
    for number in (1..=70_000).chain((71_000..=32_000_000).step_by(1000)) {
        for bits in [number, number | 0x8000_0000] {
            let text = ShutterSpeed(bits).to_string();
            assert_eq!(seen.insert(text.clone(), bits), None, "{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_bits_come_back(bits: u32) {
        KINDS.iter().for_each(|kind| assert_comes_back(kind, bits));
    }

    #[test]
    fn any_text_is_read_or_refused_with_words(text in "[ -~]{0,14}") {
        for kind in KINDS {
            match kind.parse(&text) {
                Ok(bits) => assert_comes_back(kind, bits),
                Err(error) => prop_assert!(!error.expected.is_empty() && !error.what.is_empty()),
            }
        }
        let _ = text.parse::<Geolocation>();
    }

    /// A rest of many digits must not overflow.
    #[test]
    fn any_number_is_read_or_refused(text in "[-+]?[0-9]{0,12}[./]?[0-9]{0,5}[sf]?") {
        for kind in KINDS {
            if let Ok(bits) = kind.parse(&text) {
                assert_comes_back(kind, bits);
            }
        }
    }

    #[test]
    fn stops_rise_with_what_a_step_up_does(low in 1_u32..0x0FFF_FFFF, more in 1_u32..1000) {
        let high = (low + more).min(0x0FFF_FFFF);
        let fraction = |number: u32| ShutterSpeed(number | 0x8000_0000).stops().unwrap();
        prop_assert!(low == high || fraction(low) < fraction(high));
        let seconds = |number| ShutterSpeed(number).stops().unwrap();
        prop_assert!(low == high || seconds(low) > seconds(high));
        let (f_low, f_high) = ((low % 60_000) as u16 + 1, (low % 60_000) as u16 + 1 + more as u16);
        prop_assert!(Aperture(f_low).stops() < Aperture(f_high).stops());
    }

    #[test]
    fn geotags_come_back(
        latitude in -90.0..=90.0_f64,
        longitude in -180.0..=180.0_f64,
        altitude in -500.0..99_999.0_f64,
        speed in 0.0..999.9_f64,
        second in 0_u8..60,
        millis in 0_u16..1000,
    ) {
        let time = filmwire_codec::DateTime { year: 2026, month: 2, day: 28, hour: 23, minute: 0, second };
        let place = Geolocation::new(latitude, longitude, altitude, time, millis).unwrap();
        let place = place.moving(speed).unwrap();
        let text = place.to_string();
        prop_assert_eq!(text.len(), 71);
        let read: Geolocation = text.parse().unwrap();
        prop_assert_eq!(read.to_string(), text);
        prop_assert!((read.latitude_degrees() - latitude).abs() < 1e-7);
        prop_assert!((read.longitude_degrees() - longitude).abs() < 1e-7);
    }
}

fn words_of(list: &CurrentState) -> Vec<(u16, String)> {
    let word = |property: DevicePropCode, value: u32| {
        kind(property).map_or_else(|| value.to_string(), |kind| kind.text(value))
    };
    list.entries.iter().map(|entry| (entry.property.0, word(entry.property, entry.value))).collect()
}

fn expect(list: &CurrentState, expected: &[(u16, &str)]) {
    let expected: Vec<_> = expected.iter().map(|&(code, text)| (code, text.to_owned())).collect();
    assert_eq!(words_of(list), expected);
}

/// Origin: ptp-ip on X-T1 in remote mode, mode P, printed in appendix A.5.
#[test]
fn an_x_t1_in_words() {
    let payload = hex("1100 015002000000 41d20a000000 055002000000 0a5001800000 0c500a800000
        0e5002000000 1050b3fe0000 125000000000 01d002000000 18d004000000 28d000000000
        2ad000190080 7cd102070203 09d200000000 1bd200000000 29d2d6050000 2ad28f060000");
    let list = CurrentState::decode(&payload).unwrap();
    expect(
        &list,
        &[
            (0x5001, "2 of 3 bars"),
            (0xD241, "L-3:2"),
            (0x5005, "auto"),
            (0x500A, "af-s"),
            (0x500C, "enabled"),
            (0x500E, "program"),
            (0x5010, "-0.3"),
            (0x5012, "off"),
            (0xD001, "velvia"),
            (0xD018, "raw+fine"),
            (0xD028, "free"),
            (0xD02A, "auto-6400"),
            (0xD17C, "7,2"),
            (0xD209, "unlocked"),
            (0xD21B, "none"),
            (0xD229, "1494"),
            (0xD22A, "1679"),
        ],
    );
}

/// Origin: log:XT5 in mode A, printed in appendix A.4.
#[test]
fn an_x_t5_in_words() {
    let list: CurrentState = [
        (0x500C, 0x800A),
        (0x500E, 3),
        (0xD242, 9),
        (0xD018, 4),
        (0xD241, 0xA),
        (0xD02A, 0x8000_0C80),
        (0xD240, 0xFFFF_FFFF),
        (0x5007, 0x168),
        (0x5010, 0xFD65),
        (0xD001, 1),
        (0x500A, 0x8001),
        (0xD17C, 0x0302_0705),
    ]
    .into_iter()
    .map(|(code, value)| (DevicePropCode(code), value))
    .collect();
    expect(
        &list,
        &[
            (0x500C, "enabled"),
            (0x500E, "aperture-priority"),
            (0xD242, "3 of 5 bars"),
            (0xD018, "raw+fine"),
            (0xD241, "L-3:2"),
            (0xD02A, "auto-3200"),
            (0xD240, "----"),
            (0x5007, "f/3.6"),
            (0x5010, "-0.7"),
            (0xD001, "provia"),
            (0x500A, "af-s"),
            (0xD17C, "7,5"),
        ],
    );
}

/// Origin: the X-T1's list decoded in section 6.2.
#[test]
fn the_isos_an_x_t1_offers_in_words() {
    let offered: [u32; 25] = [
        0x8000_0190,
        0x8000_0320,
        0x8000_0640,
        0x8000_0C80,
        0x8000_1900,
        0x4000_0064,
        0xC8,
        0xFA,
        0x140,
        0x190,
        0x1F4,
        0x280,
        0x320,
        0x3E8,
        0x4E2,
        0x640,
        0x7D0,
        0x9C4,
        0xC80,
        0xFA0,
        0x1388,
        0x1900,
        0x4000_3200,
        0x4000_6400,
        0x4000_C800,
    ];
    let words: Vec<_> = offered.iter().map(|&bits| Iso(bits).to_string()).collect();
    assert_eq!(
        words.join(" "),
        "auto-400 auto-800 auto-1600 auto-3200 auto-6400 L100 200 250 320 400 500 640 800 1000 1250 \
         1600 2000 2500 3200 4000 5000 6400 H12800 H25600 H51200"
    );
}

/// Origin: the bytes of a lock in section 8.3, and the biases of section 6.4.
#[test]
fn values_that_are_sent_have_the_bytes_of_the_sheet() {
    let point: FocusPoint = "7,5".parse().unwrap();
    assert_eq!(point.0.to_le_bytes(), [0x05, 0x07, 0x02, 0x03]);
    let bias: ExposureBias = "-2/3".parse().unwrap();
    assert_eq!(bias.0.to_le_bytes(), [0x65, 0xFD]);
    let iso = kind(DevicePropCode::ISO).unwrap();
    let mut wire = Vec::new();
    iso.value(iso.parse("H51200").unwrap()).unwrap().encode(&mut wire);
    assert_eq!(wire, [0x00, 0xC8, 0x00, 0x40]);
}
