//! The card: what is on it, in which order, and what happens to it.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use filmwire_sim::card::{
    Card, CardObject, Content, GenerateSpec, Number, Numbering, View, format,
};
use filmwire_sim::media::exif::Body;
use filmwire_sim::media::jpeg;
use filmwire_sim::media::stamp::Stamp;

fn small(photos: u32) -> GenerateSpec {
    GenerateSpec { photos, ..GenerateSpec::default() }
}

fn names(card: &Card) -> Vec<String> {
    card.objects().map(|object| format!("{}/{}", object.folder, object.name)).collect()
}

fn listed(card: &Card, view: View) -> Vec<String> {
    let name = |position| card.object(position).unwrap().name;
    card.visible(view).into_iter().map(name).collect()
}

fn whole(object: &CardObject) -> Vec<u8> {
    object.read_at(0, usize::MAX).unwrap().to_vec()
}

/// Reads in pieces as a client does.
fn pieces(object: &CardObject, max: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let piece = object.read_at(out.len() as u64, max).unwrap();
        if piece.is_empty() {
            return out;
        }
        assert!(piece.len() <= max);
        out.extend_from_slice(&piece);
    }
}

#[test]
fn numbers_wrap_into_the_next_folder() {
    let mut card = Card::new(small(0));
    card.set_number(Number { folder: 100, file: 9998 });
    card.shoot(3);
    assert_eq!(
        names(&card),
        ["100_FUJI/DSCF9998.JPG", "100_FUJI/DSCF9999.JPG", "101_FUJI/DSCF0001.JPG"]
    );
    card.set_number(Number { folder: 999, file: 9999 });
    card.shoot(2);
    assert_eq!(names(&card)[3..], ["999_FUJI/DSCF9999.JPG", "100_FUJI/DSCF0001.JPG"]);
}

#[test]
fn adobe_rgb_changes_the_prefix_of_later_photos() {
    let mut card = Card::new(small(0));
    card.shoot(1);
    card.set_recipe(|recipe| recipe.adobe_rgb = true);
    card.shoot_pair();
    assert_eq!(
        names(&card),
        ["100_FUJI/DSCF0001.JPG", "100_FUJI/_DSF0002.RAF", "100_FUJI/_DSF0002.JPG"]
    );
}

#[test]
fn phone_modes_list_photos_and_films_newest_first() {
    let mut card = Card::new(small(0));
    card.shoot(1);
    card.shoot_pair();
    card.shoot_film();
    assert_eq!(
        listed(&card, View::PHONE_NEWEST_FIRST),
        ["DSCF0003.MOV", "DSCF0002.JPG", "DSCF0001.JPG"]
    );
    assert_eq!(
        listed(&card, View::PHONE_OLDEST_FIRST),
        ["DSCF0001.JPG", "DSCF0002.JPG", "DSCF0003.MOV"]
    );
    assert_eq!(
        listed(&card, View::EVERYTHING),
        ["DSCF0001.JPG", "DSCF0002.RAF", "DSCF0002.JPG", "DSCF0003.MOV"]
    );
}

#[test]
fn a_clock_set_back_parts_the_two_orders() {
    let mut card = Card::new(small(0));
    card.shoot(2);
    card.set_clock(Stamp::new(2015, 1, 1, 0, 0, 0));
    card.shoot(1);
    let by_date = View { by_capture_date: true, ..View::PHONE_NEWEST_FIRST };
    assert_eq!(card.visible(View::PHONE_NEWEST_FIRST), [2, 1, 0]);
    assert_eq!(card.visible(by_date), [1, 0, 2]);
    assert_eq!(card.object(2).unwrap().capture, Some(Stamp::new(2015, 1, 1, 0, 0, 0)));
}

#[test]
fn equal_dates_are_ordered_by_folder_and_name() {
    let mut card = Card::new(small(0));
    let when = Stamp::new(2026, 1, 1, 12, 0, 0);
    for (folder, name) in [("101_FUJI", "A.JPG"), ("100_FUJI", "B.JPG"), ("100_FUJI", "A.JPG")] {
        let mut object = CardObject::memory(folder, name, Bytes::from_static(b"x"));
        object.capture = Some(when);
        card.push(object);
    }
    let by_date = View { by_capture_date: true, ..View::PHONE_OLDEST_FIRST };
    assert_eq!(card.visible(by_date), [2, 1, 0]);
}

#[test]
fn deleting_and_replacing_shift_and_keep() {
    let mut card = Card::generated(&small(4));
    let before = card.revision();
    assert_eq!(card.delete(1).unwrap().name, "DSCF0002.JPG");
    assert_eq!(listed(&card, View::PHONE_NEWEST_FIRST)[1], "DSCF0003.JPG");
    assert_eq!(card.len(), 3);
    assert!(card.revision() > before);
    let stranger = CardObject::memory("100_FUJI", "DSCF0003.JPG", Bytes::from_static(b"other"));
    let old = card.replace(1, stranger.clone()).unwrap();
    assert_ne!(old, stranger);
    assert_eq!(card.object(1), Some(stranger.clone()));
    let before = card.revision();
    assert_eq!(card.delete(3), None);
    assert_eq!(card.replace(3, stranger), None);
    assert_eq!(card.revision(), before, "nothing happened");
}

#[test]
fn formatting_may_restart_the_numbers_but_never_the_pictures() {
    for (numbering, next) in
        [(Numbering::Restart, "DSCF0001.JPG"), (Numbering::Continue, "DSCF0003.JPG")]
    {
        let mut card = Card::generated(&small(2));
        let first = whole(&card.object(0).unwrap());
        card.format(numbering);
        assert!(card.is_empty());
        card.shoot(1);
        let object = card.object(0).unwrap();
        assert_eq!(object.name, next);
        assert_ne!(whole(&object), first, "a new photo under an old name");
    }
}

#[test]
fn another_body_takes_over() {
    let mut card = Card::generated(&small(1));
    card.set_body(Body::new("X-T2", "99B00001"));
    card.set_clock(card.object(0).unwrap().capture.unwrap());
    card.format(Numbering::Restart);
    card.shoot(1);
    let bytes = whole(&card.object(0).unwrap());
    assert!(bytes.windows(9).any(|window| window == b"99B00001\0"));
    assert!(!bytes.windows(9).any(|window| window == b"53A01234\0"));
}

#[test]
fn earlier_photos_keep_the_recipe_they_were_taken_with() {
    let mut card = Card::generated(&small(2));
    let before: Vec<_> = card.objects().collect();
    card.set_recipe(|recipe| recipe.seed = 77);
    card.set_body(Body::new("X-A2", "1"));
    assert_eq!(card.objects().collect::<Vec<_>>(), before);
}

#[test]
fn a_spec_may_be_shot() {
    let mut card = Card::generated(&small(1));
    let Content::Photo(mut spec) = card.object(0).unwrap().content else { panic!("no photo") };
    spec.size_bytes = None;
    let position = card.shoot_spec(spec.clone());
    let object = card.object(position).unwrap();
    assert_eq!(object.name, "DSCF0002.JPG");
    assert_eq!(whole(&object), jpeg::photo(&spec));
    assert_eq!(object.size_bytes, jpeg::photo(&spec).len() as u64);
}

#[test]
fn generated_cards_hold_what_was_asked_and_sizes_are_true() {
    let spec = GenerateSpec { photos: 40, films: 3, raw_pairs: 7, ..GenerateSpec::default() };
    let card = Card::generated(&spec);
    let count = |kind| card.objects().filter(|object| object.format == kind).count();
    assert_eq!((count(format::JPEG), count(format::MOV), count(format::RAF)), (40, 3, 7));
    assert!(card.objects().any(|object| object.orientation == 8));
    for object in card.objects() {
        let bytes = whole(&object);
        assert_eq!(bytes.len() as u64, object.size_bytes, "{}", object.name);
        let thumb = object.thumb().unwrap().unwrap();
        let info = object.thumb.unwrap();
        assert_eq!((thumb.len() as u32, info.width, info.height), (info.size_bytes, 320, 240));
    }
    let again = Card::generated(&spec);
    assert!(card.objects().eq(again.objects()));
    let distinct: HashSet<Vec<u8>> = card.objects().map(|object| whole(&object)).collect();
    assert_eq!(distinct.len(), card.len(), "no two files are equal");
}

#[test]
fn more_films_or_pairs_than_photos_are_no_trouble() {
    let films = GenerateSpec { photos: 0, films: 3, raw_pairs: 5, ..GenerateSpec::default() };
    assert_eq!(Card::generated(&films).len(), 3);
    let both = GenerateSpec { photos: 2, films: 5, raw_pairs: 9, ..GenerateSpec::default() };
    assert_eq!(Card::generated(&both).len(), 2 + 5 + 2);
}

#[test]
fn pieces_join_whatever_the_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("DSCF0009.MOV");
    fs::write(&path, (0..200_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap();
    let spec = GenerateSpec { photos: 1, films: 1, raw_pairs: 1, ..GenerateSpec::default() };
    let mut objects: Vec<_> = Card::generated(&spec).objects().collect();
    objects.push(CardObject::file("100_FUJI", &path).unwrap());
    objects.push(CardObject::memory("100_FUJI", "M.JPG", vec![7; 100_000]));
    objects.push(CardObject::pattern("100_FUJI", "P.JPG", 1, 150_000));
    objects.push(CardObject::pattern("100_FUJI", "P.MOV", 1, 150_000));
    for object in objects {
        let bytes = whole(&object);
        assert_eq!(bytes.len() as u64, object.size_bytes, "{}", object.name);
        for max in [997, 65_536] {
            assert!(pieces(&object, max) == bytes, "{} in pieces of {max}", object.name);
        }
        assert!(object.read_at(u64::MAX, 5).unwrap().is_empty());
        assert!(object.read_at(0, 0).unwrap().is_empty());
    }
}

#[test]
fn patterns_pass_a_structure_check() {
    let photo = whole(&CardObject::pattern("100_FUJI", "A.JPG", 3, 100_000));
    assert_eq!((&photo[..2], &photo[99_998..]), (&[0xFF, 0xD8][..], &[0xFF, 0xD9][..]));
    let film = whole(&CardObject::pattern("100_FUJI", "A.MOV", 3, 100_000));
    let (mut at, mut names) = (0, Vec::new());
    while at < film.len() {
        let short = u32::from_be_bytes(film[at..at + 4].try_into().unwrap());
        let long = || u64::from_be_bytes(film[at + 8..at + 16].try_into().unwrap());
        names.push(film[at + 4..at + 8].to_vec());
        at += if short == 1 { long() as usize } else { short as usize };
    }
    assert_eq!((at, names.concat()), (100_000, b"ftypmoovmdat".to_vec()));
    assert_eq!(&film[32..36], b"mvhd");
    assert_ne!(film, whole(&CardObject::pattern("100_FUJI", "A.MOV", 4, 100_000)));
}

#[test]
fn a_pattern_is_served_without_copying() {
    let object = CardObject::pattern("100_FUJI", "A.MOV", 3, 64 << 20);
    let (first, again) =
        (object.read_at(8 << 20, 1 << 20).unwrap(), object.read_at(8 << 20, 1 << 20).unwrap());
    assert_eq!(first.as_ptr(), again.as_ptr());
}

#[test]
fn a_rendered_photo_is_kept_for_the_next_piece() {
    let object = Card::generated(&small(1)).object(0).unwrap();
    let (first, again) = (object.read_at(0, 100).unwrap(), object.read_at(0, 100).unwrap());
    assert_eq!(first.as_ptr(), again.as_ptr());
}

#[test]
fn a_hundred_thousand_objects_are_light() {
    let card = Card::generated(&small(100_000));
    assert_eq!(card.len(), 100_000);
    assert_eq!(card.visible(View::PHONE_NEWEST_FIRST).len(), 100_000);
    assert_eq!(card.object(99_999).unwrap().folder, "110_FUJI");
    assert_eq!(card.object(99_999).unwrap().name, "DSCF0010.JPG");
}

#[test]
fn the_demo_card_is_what_the_readme_says() {
    let card = Card::demo("X-T20", "7C000001");
    let objects: Vec<_> = card.objects().collect();
    let photos: Vec<_> = objects.iter().filter(|o| o.format == format::JPEG).collect();
    assert!(photos.len() >= 24);
    assert!(photos.iter().all(|photo| (2_000_000..6_000_000).contains(&photo.size_bytes)));
    assert!(photos.iter().any(|photo| photo.orientation == 8));
    let films: Vec<_> = objects.iter().filter(|o| o.format == format::MOV).collect();
    assert!(films.iter().any(|film| film.size_bytes >= 50_000_000));
    let folders: Vec<_> = objects
        .iter()
        .filter(|object| object.name == "DSCF0012.JPG")
        .map(|object| object.folder.as_str())
        .collect();
    assert_eq!(folders, ["100_FUJI", "101_FUJI"]);
    let distinct: HashSet<_> = objects.iter().map(|object| &object.name).collect();
    assert_eq!(distinct.len(), objects.len() - 1, "one name twice, all others once");
    let total: u64 = objects.iter().map(|object| object.size_bytes).sum();
    assert!((130_000_000..200_000_000).contains(&total), "{total}");
}

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A generated photo with a capture time, as a file's bytes.
fn photo_at(capture: Stamp) -> Vec<u8> {
    let mut card = Card::new(small(0));
    card.set_clock(capture);
    card.shoot(1);
    whole(&card.object(0).unwrap())
}

#[test]
fn a_folder_becomes_a_card() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let day = |day| Stamp::new(2020, 6, day, 10, 0, 0);
    put(root, "DCIM/100_FUJI/DSCF0012.JPG", &photo_at(day(3)));
    put(root, "DCIM/101_FUJI/DSCF0012.JPG", &photo_at(day(1)));
    put(root, "DCIM/101_FUJI/DSCF0013.jpg", &photo_at(day(2)));
    put(root, "DCIM/101_FUJI/.hidden.jpg", &photo_at(day(2)));
    put(root, ".Trashes/DSCF0001.JPG", &photo_at(day(2)));
    put(root, "DSCF0001.JPG", &photo_at(day(4)));
    let mut pair = Card::new(small(0));
    pair.set_clock(day(5));
    pair.shoot_pair();
    put(root, "DCIM/101_FUJI/DSCF0014.RAF", &whole(&pair.object(0).unwrap()));

    let mut card = Card::from_dir(root).unwrap();
    assert_eq!(
        names(&card),
        [
            "101_FUJI/DSCF0012.JPG",
            "101_FUJI/DSCF0013.jpg",
            "100_FUJI/DSCF0012.JPG",
            "100_FUJI/DSCF0001.JPG",
            "101_FUJI/DSCF0014.RAF",
        ]
    );
    assert_eq!(card.visible(View::PHONE_NEWEST_FIRST), [3, 2, 1, 0], "no raw file");
    let object = card.object(0).unwrap();
    assert_eq!((object.width, object.height, object.orientation), (96, 64, 1));
    assert_eq!(object.capture, Some(day(1)));
    assert_eq!(whole(&object), fs::read(root.join("DCIM/101_FUJI/DSCF0012.JPG")).unwrap());
    let thumb = object.thumb().unwrap().unwrap();
    let info = object.thumb.unwrap();
    assert_eq!((info.width, info.height), (160, 120), "the thumbnail in Exif");
    assert_eq!(thumb.len() as u32, info.size_bytes);
    assert_eq!(thumb[..2], [0xFF, 0xD8]);
    assert_eq!(card.object(4).unwrap().capture, Some(day(5)), "from the raw file's preview");

    card.delete(0);
    assert!(root.join("DCIM/101_FUJI/DSCF0012.JPG").exists(), "deleting never touches the folder");
    card.shoot(1);
    assert_eq!(names(&card).last().unwrap(), "101_FUJI/DSCF0015.JPG", "numbers go on");
}

#[test]
fn a_frame_header_far_back_is_replaced_by_exif() {
    let dir = tempfile::tempdir().unwrap();
    let spec = GenerateSpec { photo_bytes: 400_000..=400_000, ..small(1) };
    let photo = whole(&Card::generated(&spec).object(0).unwrap());
    put(dir.path(), "DSCF0001.JPG", &photo);
    let object = Card::from_dir(dir.path()).unwrap().object(0).unwrap();
    assert_eq!((object.width, object.height), (96, 64));
}

#[test]
fn the_date_is_when_it_was_taken_and_not_when_it_was_edited() {
    let mut photo = photo_at(Stamp::new(2020, 6, 1, 10, 0, 0));
    let at = photo.windows(10).position(|window| window == b"2020:06:01").unwrap();
    photo[at..at + 4].copy_from_slice(b"2024");
    let object = CardObject::memory("100_FUJI", "A.JPG", photo);
    assert_eq!(object.capture, Some(Stamp::new(2020, 6, 1, 10, 0, 0)));
}

#[test]
fn orientation_is_read_from_exif() {
    let mut card = Card::new(GenerateSpec { portrait_every: 4, ..small(0) });
    card.shoot(4);
    let read = |position| {
        let object = card.object(position).unwrap();
        CardObject::memory("100_FUJI", "A.JPG", whole(&object)).orientation
    };
    assert_eq!((read(2), read(3)), (1, 8));
}

#[cfg(unix)]
#[test]
fn links_to_nowhere_are_skipped() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all.jpg", dir.path().join("A.JPG")).unwrap();
    assert!(Card::from_dir(dir.path()).unwrap().is_empty());
}

#[test]
fn files_without_a_date_have_that_of_the_file_system() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "100_FUJI/DSCF0001.MOV", b"no boxes");
    put(dir.path(), "100_FUJI/DSCF0002.JPG", b"\xFF\xD8\xFF\xE1\0\x01 broken");
    let when = Stamp::new(2021, 2, 3, 4, 5, 6);
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(when.seconds() as u64);
    for name in ["DSCF0001.MOV", "DSCF0002.JPG"] {
        let file = fs::File::options().write(true).open(dir.path().join("100_FUJI").join(name));
        file.unwrap().set_modified(time).unwrap();
    }
    let card = Card::from_dir(dir.path()).unwrap();
    for object in card.objects() {
        assert_eq!(object.capture, Some(when));
        assert_eq!((object.width, object.thumb), (0, None));
        assert_eq!(object.thumb().unwrap(), None);
    }
    assert_eq!(card.len(), 2);
}

#[test]
fn a_missing_folder_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Card::from_dir(&dir.path().join("none")).is_err());
}

/// Cut or altered anywhere, a file is still an object: cards hold damaged files too.
#[test]
fn damaged_beginnings_never_panic() {
    let photo = photo_at(Stamp::new(2020, 6, 1, 10, 0, 0));
    for cut in 0..1_200 {
        CardObject::memory("100_FUJI", "A.JPG", photo[..cut].to_vec());
    }
    for at in 0..900 {
        for value in [0x00, 0x7F, 0xFF] {
            let mut bytes = photo.clone();
            bytes[at] = value;
            CardObject::memory("100_FUJI", "A.JPG", bytes);
        }
    }
}

#[test]
fn a_reduced_photo_is_another_rendition() {
    let spec = GenerateSpec { photo_pixels: (2400, 1600), ..small(1) };
    let mut card = Card::generated(&spec);
    let object = card.object(0).unwrap();
    let reduced = object.reduced().unwrap();
    assert_eq!((reduced.width, reduced.height), (1776, 1184));
    assert_eq!(whole(&reduced).len() as u64, reduced.size_bytes);
    assert_ne!(whole(&reduced), whole(&object));
    assert_eq!((&reduced.name, reduced.capture), (&object.name, object.capture));
    let film = card.shoot_film();
    assert_eq!(card.object(film).unwrap().reduced(), None);
}
