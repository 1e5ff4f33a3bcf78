//! A hundred secrets, and servers that give back whatever they are told.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::program::{Ran, Simulated, run};

/// Kinds of targets, each with as many targets as there are secrets for it.
const KINDS: [&str; 5] = ["webdav", "webhook", "s3", "ftp", "smb"];
const EACH: usize = 20;
const USER: &str = "anna";

/// Answers each request with a refusal that holds all of it, and hangs up.
fn echo_http() -> u16 {
    answer(|stream| {
        let heard = hear(stream)?;
        let text = String::from_utf8_lossy(&heard);
        let length = text.len();
        write!(stream, "HTTP/1.1 403 {USER}\r\ncontent-length: {length}\r\n\r\n{text}")
    })
}

/// Lets anybody begin to log in, and refuses the password by its own words.
fn echo_ftp() -> u16 {
    answer(|stream| {
        stream.write_all(b"220 ready\r\n")?;
        hear(stream)?;
        stream.write_all(b"331 who else?\r\n")?;
        let heard = hear(stream)?;
        stream.write_all(&[b"530 ", heard.as_slice()].concat())
    })
}

fn hear(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut heard = vec![0; 64 << 10];
    let length = stream.read(&mut heard)?;
    heard.truncate(length);
    Ok(heard)
}

/// A server on a thread that ends with the test.
fn answer(how: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever hung up has heard enough.
            let _ = stream.and_then(|mut stream| how(&mut stream));
        }
    });
    port
}

fn name(kind: &str, number: usize) -> String {
    format!("{kind}{number}")
}

fn secret(kind: &str, number: usize) -> String {
    format!("planted{number:02}{kind}planted")
}

fn target(kind: &str, number: usize, http: u16, ftp: u16) -> String {
    let file = format!("{{ file = \"secrets/{}\" }}", name(kind, number));
    let place = match kind {
        "webdav" => {
            format!("url = \"http://127.0.0.1:{http}/d\"\nuser = \"{USER}\"\npassword = {file}\n")
        }
        "webhook" => format!("url = \"http://127.0.0.1:{http}/h\"\nsecret = {file}\n"),
        "s3" => format!(
            "endpoint = \"http://127.0.0.1:{http}\"\nbucket = \"b\"\naccess_key = \"{USER}\"\n\
             secret_key = {file}\n"
        ),
        "ftp" => format!(
            "host = \"127.0.0.1\"\nport = {ftp}\npath = \"d\"\ntls = false\nuser = \"{USER}\"\n\
             password = {file}\n"
        ),
        _ => format!(
            "host = \"127.0.0.1\"\nport = {http}\nshare = \"s\"\nuser = \"{USER}\"\n\
             password = {file}\n"
        ),
    };
    format!("[targets.{}]\nkind = \"{kind}\"\n{place}", name(kind, number))
}

/// A program that keeps what it and others can see of the station.
const SPY: &str = r#"
[targets.spy]
kind = "exec"
command = ["sh", "-c", "cat > seen; env >> seen; cat /proc/[0-9]*/cmdline >> seen 2>/dev/null; exit 75"]
"#;

fn set_up(folder: &Path) {
    let (http, ftp) = (echo_http(), echo_ftp());
    fs::create_dir(folder.join("secrets")).unwrap();
    let mut config = format!("library = \"photos\"\n{SPY}");
    for kind in KINDS {
        for number in 0..EACH {
            fs::write(folder.join("secrets").join(name(kind, number)), secret(kind, number))
                .unwrap();
            config += &target(kind, number, http, ftp);
        }
    }
    fs::write(folder.join("station.toml"), config).unwrap();
}

/// All files but those the secrets are kept in.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("secrets") => {}
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// Fails if one of the secrets is in the bytes, also as basic authentication sends it.
fn search(bytes: &[u8], place: &str) {
    let text = String::from_utf8_lossy(bytes);
    assert!(!text.contains("planted"), "{place}: {}", around(&text, "planted"));
    for kind in KINDS {
        for number in 0..EACH {
            let sent = BASE64_STANDARD.encode(format!("{USER}:{}", secret(kind, number)));
            assert!(!text.contains(&sent), "{place}: {}", around(&text, &sent));
        }
    }
}

fn around<'a>(text: &'a str, what: &str) -> &'a str {
    text.lines().find(|line| line.contains(what)).unwrap_or(text)
}

#[test]
fn none_of_a_hundred_secrets_is_told_logged_kept_or_seen() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    set_up(at);
    let camera = Simulated::new(1, 1);
    let station = fs::read_to_string(at.join("station.toml")).unwrap();
    let with_camera = format!("{station}[cameras.a]\naddress = \"{}\"\n", camera.address());
    fs::write(at.join("station.toml"), with_camera).unwrap();
    let told = |words: &[&str]| -> Ran {
        let ran = run(at, &[words, &["-vv", "--config", "station.toml"]].concat());
        search(ran.out.as_bytes(), &format!("{words:?}, output"));
        search(ran.err.as_bytes(), &format!("{words:?}, errors"));
        ran
    };
    let ran = told(&["run", "--once", "--json"]);
    let paused = ran.of_kind("station-run", "paused").len();
    let failed = ran.of_kind("station-run", "not-delivered").len();
    assert!(paused + failed >= KINDS.len() * EACH, "{paused} paused, {failed} failed");
    let tested = told(&["deliver", "test"]);
    for kind in KINDS {
        assert!(tested.out.contains(&name(kind, 7)) || tested.err.contains(&name(kind, 7)));
    }
    told(&["deliver", "status"]);
    told(&["deliver", "status", "--json"]);
    told(&["config", "check"]);
    told(&["verify"]);

    let seen = fs::read_to_string(at.join("seen")).unwrap();
    assert!(seen.contains("DSCF") && seen.contains("--once"), "the spy saw nothing: {seen}");
    let mut kept = Vec::new();
    files(at, &mut kept);
    assert!(kept.iter().any(|path| path.ends_with("catalogue.sqlite")), "{kept:?}");
    for path in kept {
        search(&fs::read(&path).unwrap(), &path.display().to_string());
    }
}
