//! Generated files, read by decoders that know nothing of how they were made.

use std::io::Cursor;
use std::sync::Arc;

use exif::{In, Tag};
use filmwire_sim::media::Look;
use filmwire_sim::media::exif::{Body, Gps};
use filmwire_sim::media::jpeg::{self, PhotoSpec};
use filmwire_sim::media::mov::{self, FilmSpec, Length};
use filmwire_sim::media::raf::{self, RawSpec};
use filmwire_sim::media::stamp::Stamp;
use zune_jpeg::JpegDecoder;

fn body() -> Arc<Body> {
    Arc::new(Body {
        model: "X-T2".into(),
        firmware: "4.10".into(),
        serial: "53A01234".into(),
        lens: "XF35mmF1.4 R".into(),
    })
}

fn spec(look: Look, index: u32, size_bytes: Option<u64>) -> PhotoSpec {
    PhotoSpec {
        seed: 9,
        index,
        width: 240,
        height: 160,
        orientation: 1,
        capture: Stamp::new(2016, 1, 2, 15, 1, 36),
        body: body(),
        size_bytes,
        gps: None,
        exposure: None,
        look,
        label: "DSCF0001.JPG".into(),
    }
}

/// Decodes to red, green, blue; panics on anything a strict decoder dislikes.
fn decode(jpeg: &[u8]) -> (usize, usize, Vec<u8>) {
    let options = zune_jpeg::zune_core::options::DecoderOptions::default().set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(jpeg), options);
    let pixels = decoder.decode().expect("a decodable JPEG");
    let (width, height) = decoder.dimensions().expect("decoded above");
    (width, height, pixels)
}

/// Marker and content of each segment up to the scan.
fn segments(jpeg: &[u8]) -> Vec<(u8, &[u8])> {
    assert_eq!(jpeg[..2], [0xFF, 0xD8]);
    assert_eq!(jpeg[jpeg.len() - 2..], [0xFF, 0xD9]);
    let (mut at, mut out) = (2, Vec::new());
    loop {
        assert_eq!(jpeg[at], 0xFF);
        let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        out.push((jpeg[at + 1], &jpeg[at + 4..at + 2 + length]));
        if jpeg[at + 1] == 0xDA {
            return out;
        }
        at += 2 + length;
    }
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

/// Taken at 15:01:36 by the camera's clock.
#[test]
fn satellites_tell_their_own_time() {
    let told = |utc_offset_minutes, clock_ahead_s| {
        let gps = Some(Gps { utc_offset_minutes, clock_ahead_s });
        let photo = jpeg::photo(&PhotoSpec { gps, ..spec(Look::Plain, 3, Some(20_000)) });
        assert_eq!(photo.len(), 20_000);
        let exif = exif::Reader::new().read_from_container(&mut Cursor::new(&photo)).unwrap();
        [Tag::GPSDateStamp, Tag::GPSTimeStamp, Tag::OffsetTimeOriginal].map(|tag| {
            let field = exif.get_field(tag, In::PRIMARY).unwrap_or_else(|| panic!("no {tag}"));
            field.display_value().to_string()
        })
    };
    assert_eq!(told(540, 192), ["2016-01-02", "05:58:24", "\"+09:00\""]);
    assert_eq!(told(-210, -24), ["2016-01-02", "18:32:00", "\"-03:30\""]);
    assert_eq!(told(0, 15 * 3600 + 97 + 60), ["2016-01-01", "23:58:59", "\"+00:00\""]);
    let plain = jpeg::photo(&spec(Look::Plain, 3, None));
    let exif = exif::Reader::new().read_from_container(&mut Cursor::new(&plain)).unwrap();
    assert!(exif.get_field(Tag::GPSTimeStamp, In::PRIMARY).is_none());
    assert!(exif.get_field(Tag::OffsetTimeOriginal, In::PRIMARY).is_none());
}

#[test]
fn exif_reads_as_a_camera_wrote_it() {
    for look in [Look::Plain, Look::Scene] {
        let photo = jpeg::photo(&PhotoSpec { orientation: 8, ..spec(look, 4, Some(150_000)) });
        assert_eq!(&photo[12..16], b"II*\0", "the TIFF begins at 12, little-endian");
        let exif = exif::Reader::new().read_from_container(&mut Cursor::new(&photo)).unwrap();
        let text = |tag| {
            let field = exif.get_field(tag, In::PRIMARY).unwrap_or_else(|| panic!("no {tag}"));
            let exif::Value::Ascii(texts) = &field.value else { panic!("{tag} is no text") };
            String::from_utf8(texts[0].clone()).unwrap()
        };
        let number = |tag| exif.get_field(tag, In::PRIMARY).unwrap().value.get_uint(0).unwrap();
        assert_eq!(text(Tag::Make), "FUJIFILM");
        assert_eq!(text(Tag::Model), "X-T2");
        assert_eq!(text(Tag::Software), "Digital Camera X-T2 Ver4.10");
        assert_eq!(text(Tag::DateTime), "2016:01:02 15:01:36");
        assert_eq!(text(Tag::DateTimeOriginal), "2016:01:02 15:01:36");
        assert_eq!(text(Tag::BodySerialNumber), "53A01234");
        assert_eq!(text(Tag::LensModel), "XF35mmF1.4 R");
        assert_eq!(number(Tag::Orientation), 8);
        assert_eq!((number(Tag::PixelXDimension), number(Tag::PixelYDimension)), (240, 160));
        assert!(number(Tag::PhotographicSensitivity) >= 200);
        assert!(exif.get_field(Tag::ExposureTime, In::PRIMARY).is_some());
        assert!(exif.get_field(Tag::FNumber, In::PRIMARY).is_some());
        let offset = exif.get_field(Tag::JPEGInterchangeFormat, In::THUMBNAIL).unwrap();
        let length = exif.get_field(Tag::JPEGInterchangeFormatLength, In::THUMBNAIL).unwrap();
        let at = offset.value.get_uint(0).unwrap() as usize;
        let thumbnail = &exif.buf()[at..at + length.value.get_uint(0).unwrap() as usize];
        let (width, height, _) = decode(thumbnail);
        assert_eq!((width, height), (160, 120));
    }
}

#[test]
fn the_maker_note_names_the_body() {
    let photo = jpeg::photo(&spec(Look::Plain, 1, None));
    let exif = exif::Reader::new().read_from_container(&mut Cursor::new(&photo)).unwrap();
    let field = exif.get_field(Tag::MakerNote, In::PRIMARY).unwrap();
    let exif::Value::Undefined(note, _) = &field.value else { panic!("not undefined") };
    assert_eq!(&note[..12], b"FUJIFILM\x0C\0\0\0");
    let entries = usize::from(u16::from_le_bytes([note[12], note[13]]));
    let serial = (0..entries)
        .map(|i| &note[14 + 12 * i..][..12])
        .find(|entry| entry[..2] == [0x10, 0])
        .expect("InternalSerialNumber");
    assert_eq!(serial[2], 2, "ASCII");
    let length = u32::from_le_bytes(serial[4..8].try_into().unwrap()) as usize;
    let at = u32::from_le_bytes(serial[8..12].try_into().unwrap()) as usize;
    assert_eq!(&note[at..at + length], b"FF 53A01234\0");
}

#[test]
fn files_have_the_size_one_asks_for() {
    for look in [Look::Plain, Look::Scene] {
        let least = spec(look, 1, Some(0)).size_bytes().unwrap();
        assert_eq!(least, spec(look, 1, None).minimum_bytes());
        // Around the padding's own edges: a segment holds 65,533 bytes behind its marker.
        for size in [0, least, least + 1, least + 3, least + 65_537, least + 65_539, 400_001] {
            let spec = spec(look, 1, Some(size));
            let photo = jpeg::photo(&spec);
            assert_eq!(photo.len() as u64, size.max(least), "{look:?} {size}");
            assert_eq!(spec.size_bytes(), Some(size.max(least)));
            let markers: Vec<u8> = segments(&photo).iter().map(|segment| segment.0).collect();
            assert_eq!(markers[..2], [0xE1, 0xE2], "Exif, then padding");
            assert!(!markers.contains(&0xFE) && !markers.contains(&0xE0));
            let (width, height, _) = decode(&photo);
            assert_eq!((width, height), (240, 160));
        }
    }
}

#[test]
fn every_length_of_padding_can_be_made() {
    let whole = jpeg::photo(&spec(Look::Plain, 1, None)).len() as u64;
    let least = spec(Look::Plain, 1, None).minimum_bytes();
    assert!(least >= whole + 4, "the minimum leaves room for a padding segment");
    let edge = whole + 65_537;
    for size in edge - 6..edge + 8 {
        assert_eq!(jpeg::photo(&spec(Look::Plain, 1, Some(size))).len() as u64, size);
    }
}

#[test]
fn the_minimum_is_enough_for_any_shape() {
    for look in [Look::Plain, Look::Scene] {
        for (width, height) in [(1, 1), (17, 1), (1, 300), (16, 8), (640, 427)] {
            let spec = PhotoSpec { width, height, ..spec(look, 2, Some(0)) };
            assert_eq!(jpeg::photo(&spec).len() as u64, spec.minimum_bytes());
        }
    }
}

#[test]
fn equal_specs_make_equal_bytes_and_others_do_not() {
    for look in [Look::Plain, Look::Scene] {
        let one = jpeg::photo(&spec(look, 1, Some(200_000)));
        assert_eq!(one, jpeg::photo(&spec(look, 1, Some(200_000))));
        assert_ne!(one, jpeg::photo(&spec(look, 2, Some(200_000))));
        assert_ne!(one, jpeg::photo(&PhotoSpec { seed: 10, ..spec(look, 1, Some(200_000)) }));
        let thumb = jpeg::thumb(&spec(look, 1, None));
        assert_eq!(thumb, jpeg::thumb(&spec(look, 1, Some(99))));
        assert_ne!(thumb, jpeg::thumb(&spec(look, 2, None)));
    }
}

/// The promise that a seed means the same bytes in every build: a change here breaks recordings
/// and other people's notes, so it must be meant.
#[test]
fn bytes_stay_the_same_between_releases() {
    let checksum = |bytes: &[u8]| {
        bytes.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        })
    };
    let plain = jpeg::photo(&spec(Look::Plain, 1, Some(8_000)));
    assert_eq!(checksum(&plain), 0x3064_EDCD_7D28_5618);
}

#[test]
fn thumbs_are_320_by_240_and_of_the_announced_length() {
    for (look, sizes) in [(Look::Plain, 500..4_000), (Look::Scene, 10_000..40_000)] {
        for orientation in [1, 8] {
            let spec = PhotoSpec { orientation, ..spec(look, 7, None) };
            let thumb = jpeg::thumb(&spec);
            assert_eq!(thumb.len() as u32, spec.thumb_bytes());
            assert!(sizes.contains(&thumb.len()), "{look:?} {}", thumb.len());
            let (width, height, _) = decode(&thumb);
            assert_eq!((width, height), (320, 240));
        }
    }
}

#[test]
fn the_scene_moves_from_photo_to_photo() {
    let picture = |index, hour| {
        let capture = Stamp::new(2026, 5, 14, hour, 0, 0);
        decode(&jpeg::photo(&PhotoSpec { capture, ..spec(Look::Scene, index, None) })).2
    };
    let first = picture(1, 12);
    assert!(mean_difference(&first, &picture(4, 12)) > 2.0, "boat, clouds and ripples moved");
    assert!(mean_difference(&first, &picture(1, 20)) > 15.0, "the evening is darker");
    let warmth = |pixels: &[u8]| {
        let sum = |channel| pixels.iter().skip(channel).step_by(3).map(|&v| u64::from(v)).sum();
        let (red, blue): (u64, u64) = (sum(0), sum(2));
        red as f64 / blue as f64
    };
    assert!(warmth(&picture(1, 19)) > 1.2 * warmth(&first), "and its sky is red");
}

/// Turns a stored portrait picture upright and finds the sky above and the water below.
#[test]
fn a_portrait_photo_lies_on_its_left_side() {
    let spec = PhotoSpec { orientation: 8, ..spec(Look::Scene, 1, None) };
    let (width, height, pixels) = decode(&jpeg::photo(&spec));
    assert_eq!((width, height), (240, 160), "stored landscape");
    let blue_over_column = |x: usize| -> i64 {
        (0..height).map(|y| i64::from(pixels[(y * width + x) * 3 + 2])).sum::<i64>()
    };
    // Orientation 8: the first stored column is the bottom. Skies are brighter than lakes.
    assert!(blue_over_column(width - 5) > blue_over_column(5) + 1000);
}

#[test]
fn most_of_a_scene_is_picture_and_not_padding() {
    let spec = PhotoSpec { width: 600, height: 400, ..spec(Look::Scene, 3, Some(200_000)) };
    let photo = jpeg::photo(&spec);
    let padding: usize =
        segments(&photo).iter().filter(|s| s.0 == 0xE2).map(|s| s.1.len() + 4).sum();
    assert!(padding < photo.len() / 3, "{padding} of {}", photo.len());
}

#[test]
fn a_reduced_photo_is_smaller_and_says_so() {
    let spec = PhotoSpec { width: 2400, height: 1600, ..spec(Look::Plain, 3, Some(3_000_000)) };
    let reduced = spec.reduced();
    assert_eq!((reduced.width, reduced.height), (1776, 1184));
    let photo = jpeg::photo(&reduced);
    assert_eq!(Some(photo.len() as u64), reduced.size_bytes());
    assert!(photo.len() < 700_000);
    let (width, height, _) = decode(&photo);
    assert_eq!((width, height), (1776, 1184));
}

fn film_spec(look: Look, length: Length) -> FilmSpec {
    FilmSpec {
        seed: 9,
        index: 3,
        width: 64,
        height: 48,
        capture: Stamp::new(2016, 1, 2, 15, 1, 36),
        body: body(),
        length,
        look,
    }
}

/// Type, offset of the content and end of each box in a range.
fn boxes(data: &[u8], mut at: usize, end: usize) -> Vec<(String, usize, usize)> {
    let mut out = Vec::new();
    while at < end {
        let short = u32::from_be_bytes(data[at..at + 4].try_into().unwrap());
        let kind = data[at + 4..at + 8].iter().map(|&byte| char::from(byte)).collect();
        let (head, length) = match short {
            1 => (16, u64::from_be_bytes(data[at + 8..at + 16].try_into().unwrap()) as usize),
            _ => (8, short as usize),
        };
        assert!(length >= head && at + length <= end, "{kind} of {length} at {at}");
        out.push((kind, at + head, at + length));
        at += length;
    }
    out
}

fn inside(data: &[u8], path: &[&str]) -> (usize, usize) {
    path.iter().fold((0, data.len()), |(at, end), step| {
        let (_, at, end) = boxes(data, at, end)
            .into_iter()
            .find(|(kind, ..)| kind == step)
            .unwrap_or_else(|| panic!("no {step}"));
        (at, end)
    })
}

fn table(data: &[u8], name: &str) -> Vec<u32> {
    let (at, end) = inside(data, &["moov", "trak", "mdia", "minf", "stbl", name]);
    data[at..end].chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
}

/// Offsets of all frames, walked as a player would: chunks, runs of chunks, sample size.
fn frame_offsets(data: &[u8]) -> Vec<usize> {
    let (sizes, runs, chunks) = (table(data, "stsz"), table(data, "stsc"), table(data, "stco"));
    let mut out = Vec::new();
    for (number, &chunk) in (1..).zip(&chunks[2..]) {
        let run = runs[2..].chunks(3).take_while(|run| run[0] <= number).last().unwrap();
        out.extend((0..run[1]).map(|sample| (chunk + sample * sizes[1]) as usize));
    }
    assert_eq!(out.len(), sizes[2] as usize, "stsz counts what the chunks hold");
    out
}

#[test]
fn films_are_whole_boxes_with_decodable_frames() {
    for look in [Look::Plain, Look::Scene] {
        for bytes in [0, 20_000, 200_000, 1_500_007] {
            let spec = film_spec(look, Length::Bytes(bytes));
            let film = mov::film(&spec);
            let data = film.read_at(0, usize::MAX);
            assert_eq!(data.len() as u64, spec.size_bytes());
            assert_eq!(data.len() as u64, bytes.max(spec.minimum_bytes()));
            let top = boxes(&data, 0, data.len());
            let kinds: Vec<&str> = top.iter().map(|(kind, ..)| kind.as_str()).collect();
            assert_eq!(kinds, ["ftyp", "wide", "mdat", "moov", "free"]);
            let size = table(&data, "stsz")[1] as usize;
            let offsets = frame_offsets(&data);
            assert_eq!(table(&data, "stts"), [0, 1, offsets.len() as u32, 1]);
            let (mdat, end) = inside(&data, &["mdat"]);
            assert_eq!((offsets[0], offsets[offsets.len() - 1] + size), (mdat, end));
            for &offset in offsets.iter().take(3).chain(offsets.last()) {
                let (width, height, _) = decode(&data[offset..offset + size]);
                assert_eq!((width, height), (64, 48));
            }
            if offsets.len() > 1 {
                assert_ne!(data[offsets[0]..][..size], data[offsets[1]..][..size]);
            }
        }
    }
}

#[test]
fn films_have_any_exact_size() {
    let least = film_spec(Look::Plain, Length::Bytes(0)).minimum_bytes();
    let frame = 4096;
    for size in (least..least + 12).chain(least + 24 * frame - 20..least + 24 * frame + 40) {
        let film = mov::film(&film_spec(Look::Plain, Length::Bytes(size)));
        let data = film.read_at(0, usize::MAX);
        assert_eq!(data.len() as u64, size);
        boxes(&data, 0, data.len());
    }
}

#[test]
fn seconds_are_frames() {
    for (seconds, frames) in [(0, 1), (1, 24), (3, 72)] {
        let spec = film_spec(Look::Plain, Length::Seconds(seconds));
        let data = mov::film(&spec).read_at(0, usize::MAX);
        assert_eq!(data.len() as u64, spec.size_bytes());
        assert_eq!(frame_offsets(&data).len(), frames);
    }
}

#[test]
fn pieces_of_a_film_join_to_the_whole() {
    let film = mov::film(&film_spec(Look::Plain, Length::Bytes(300_123)));
    let whole = film.read_at(0, usize::MAX);
    for piece in [1_000, 4_096, 65_537] {
        let mut joined = Vec::new();
        while joined.len() < whole.len() {
            joined.extend_from_slice(&film.read_at(joined.len() as u64, piece));
        }
        assert_eq!(joined, whole);
    }
    assert!(film.read_at(300_123, 10).is_empty());
    assert!(film.read_at(u64::MAX, 10).is_empty());
}

#[test]
fn films_past_four_gibibytes_have_wide_offsets() {
    let size = (5 << 30) + 11;
    let film = mov::film(&film_spec(Look::Plain, Length::Bytes(size)));
    assert_eq!(film.size_bytes(), size);
    let head = film.read_at(0, 36);
    assert_eq!(&head[20..28], b"\0\0\0\x01mdat");
    let mdat = u64::from_be_bytes(head[28..36].try_into().unwrap());
    let trailer = film.read_at(20 + mdat, 4 << 20);
    assert_eq!(20 + mdat + trailer.len() as u64, size, "the index and `free` end the file");
    let (at, end) = inside(&trailer, &["moov", "trak", "mdia", "minf", "stbl", "co64"]);
    let last = u64::from_be_bytes(trailer[end - 8..end].try_into().unwrap());
    assert!(last > 4 << 30 && at < end);
    assert_eq!(film.read_at(last, 2)[..], [0xFF, 0xD8]);
}

#[test]
fn raw_files_lead_to_their_preview_and_data() {
    for size in [0, 50_000, 3_000_001] {
        let spec = RawSpec { preview: spec(Look::Plain, 5, None), size_bytes: size };
        let data = raf::raw(&spec).read_at(0, usize::MAX);
        assert_eq!(data.len() as u64, size.max(spec.minimum_bytes()));
        assert_eq!(&data[..20], b"FUJIFILMCCD-RAW 0201");
        assert_eq!(&data[28..33], b"X-T2\0");
        assert_eq!(&data[60..64], b"0110", "the directory's version");
        let number = |at: usize| u32::from_be_bytes(data[at..at + 4].try_into().unwrap()) as usize;
        let preview = &data[number(84)..number(84) + number(88)];
        let (width, height, _) = decode(preview);
        assert_eq!((width, height), (240, 160));
        assert_eq!(number(92), number(84) + number(88), "the header follows the preview");
        assert!(number(100) >= number(92) + number(96));
        assert_eq!(number(100) + number(104), data.len(), "the data ends the file");
    }
}
