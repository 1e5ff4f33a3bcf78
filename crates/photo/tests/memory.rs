//! What files claim of themselves costs no memory. In a process of its own, whose peak is told by
//! the kernel.

#![cfg(target_os = "linux")]

use std::io::Cursor;

use filmwire_photo::{Facts, MEMORY_BYTES, check_structure};

/// Most memory this process ever had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// A TIFF part whose entries all name the same bytes.
fn shared(entries: u16, bytes: u32) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    tiff.extend(entries.to_le_bytes());
    let at = 8 + 2 + u32::from(entries) * 12 + 4;
    for number in 0..entries {
        tiff.extend((0xC000 + number % 0x1000).to_le_bytes());
        tiff.extend(7u16.to_le_bytes());
        tiff.extend(bytes.to_le_bytes());
        tiff.extend(at.to_le_bytes());
    }
    tiff.resize(at as usize + bytes as usize, 7);
    tiff
}

fn jpeg(tiff: &[u8]) -> Vec<u8> {
    let mut file = b"\xFF\xD8\xFF\xE1".to_vec();
    file.extend((tiff.len() as u16 + 8).to_be_bytes());
    file.extend(b"Exif\0\0");
    file.extend(tiff);
    file.extend(b"\xFF\xDA\x00\x02\x12\xFF\xD9");
    file
}

fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
}

fn heif(tiff: &[u8]) -> Vec<u8> {
    let item = [&[0, 0, 0, 0][..], tiff].concat();
    let entry = boxed(b"infe", &[&[2, 0, 0, 0, 0, 1, 0, 0][..], b"Exif\0"].concat());
    let names = boxed(b"iinf", &[&[0, 0, 0, 0, 0, 1][..], &entry].concat());
    let build = |at: u32| {
        let place =
            [&[0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1][..], &at.to_be_bytes()].concat();
        let place = [&place[..], &(item.len() as u32).to_be_bytes()].concat();
        let meta = [&[0; 4][..], &names, &boxed(b"iloc", &place)].concat();
        [boxed(b"ftyp", b"heic\0\0\0\0mif1"), boxed(b"meta", &meta)].concat()
    };
    let at = build(0).len() as u32 + 8;
    [build(at), boxed(b"mdat", &item)].concat()
}

#[test]
fn no_file_takes_more_than_is_promised() {
    let large = vec![0x41; 8 << 20];
    let files = [
        jpeg(&shared(2000, 40_000)),
        jpeg(&shared(5000, 0)),
        heif(&shared(20_000, 700_000)),
        heif(&shared(3000, 200_000)),
        heif(&shared(60_000, 0)),
        [&b"\0\0\0\x01moov\0\0\0\0\0\x80\0\x10"[..], &large].concat(),
    ];
    for (number, file) in files.iter().enumerate() {
        let before = peak();
        let mut file = Cursor::new(file);
        check_structure(&mut file, None).unwrap();
        Facts::read(&mut file).unwrap();
        let grown = peak() - before;
        assert!(grown <= MEMORY_BYTES, "file {number}: {grown} bytes");
    }
    // One that is honest tells what it has.
    let model = b"MM\0*\0\0\0\x08\0\x01\x01\x10\0\x02\0\0\0\x04X-Q\0\0\0\0\0";
    for file in [jpeg(model), heif(model)] {
        assert_eq!(Facts::read(&mut Cursor::new(file)).unwrap().model.as_deref(), Some("X-Q"));
    }
}
