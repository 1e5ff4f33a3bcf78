//! What a bucket is told of what is put into it, by way of a stand-in for its server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Heads of the requests that came.
type Heads = Arc<Mutex<Vec<String>>>;

/// Answers as a bucket does in which there is one file, of three bytes, and one called taken.
fn answer(head: &str) -> (u16, &'static str) {
    let line = head.lines().next().unwrap_or_default();
    match line.split(' ').next() {
        Some("PUT" | "POST") if line.contains("taken") && replaces_nothing(head) => (412, ""),
        Some("POST") if line.contains("lost") && replaces_nothing(head) => (404, ""),
        Some("DELETE") if line.contains("uploadId") => (404, ""),
        Some("GET") if line.contains("list-type") => (200, "<ListBucketResult></ListBucketResult>"),
        Some("GET") => (200, "abc"),
        Some("POST") if line.contains("uploads") => (
            200,
            "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>",
        ),
        Some("POST") => {
            (200, "<CompleteMultipartUploadResult><ETag>1</ETag></CompleteMultipartUploadResult>")
        }
        Some("PUT") if line.contains("partNumber") => {
            (200, "<CopyPartResult><ETag>1</ETag></CopyPartResult>")
        }
        Some("PUT") => (200, ""),
        _ => (204, ""),
    }
}

fn replaces_nothing(head: &str) -> bool {
    head.lines().any(|line| line.eq_ignore_ascii_case("if-none-match: *"))
}

async fn converse(mut stream: TcpStream, heads: Heads) {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
        while bytes.len() < end + 4 + length {
            if !stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                return;
            }
        }
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes.drain(..end + 4 + length);
        let (status, body) = answer(&head);
        heads.lock().unwrap().push(head);
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status} X\r\nETag: \"1\"\r\nLast-Modified: Sat, 28 Nov 2026 12:00:00 GMT\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn bucket() -> (S3, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let heads = Heads::default();
    let told = Arc::clone(&heads);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&told)));
        }
    });
    let options = S3Options {
        endpoint: Some(endpoint),
        region: "eu".to_owned(),
        bucket: "b".to_owned(),
        path: "www".to_owned(),
        access_key: "key".to_owned(),
        secret_key: Secret::new("secret".to_owned()),
        ca: None,
    };
    (S3::new(&options).unwrap(), heads)
}

/// The media type that the request was sent with that gave a key its own.
fn told(heads: &Heads, start: &str) -> Option<String> {
    let heads = heads.lock().unwrap();
    let head = heads.iter().find(|head| head.starts_with(start));
    let head = head.unwrap_or_else(|| panic!("no {start} in {heads:?}"));
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut kinds = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    kinds.next().map(|(_, kind)| kind.to_owned())
}

#[tokio::test]
async fn a_bucket_is_told_what_each_file_is() {
    for (name, kind) in [
        ("index.html", Some("text/html; charset=utf-8")),
        ("style.css", Some("text/css; charset=utf-8")),
        ("feed.xml", Some("application/atom+xml")),
        ("a.jpg", Some("image/jpeg")),
        ("a.json", Some("application/json")),
        ("a.RAF", None),
    ] {
        let (bucket, heads) = bucket().await;
        let work = async {
            let moved = bucket.move_new(".x.part", name).await.unwrap();
            assert_eq!(moved, Moved::Done);
            bucket.replace(".x.part", name).await.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(20), work).await.unwrap();
        assert_eq!(told(&heads, &format!("POST /b/www/{name}?uploads")).as_deref(), kind, "{name}");
        assert_eq!(told(&heads, &format!("PUT /b/www/{name} ")).as_deref(), kind, "{name}");
    }
}

/// Method, address and whether it replaces nothing, of the requests that change something.
fn changes(heads: &Heads) -> Vec<(String, bool)> {
    let heads = heads.lock().unwrap();
    let changes = heads.iter().filter(|head| !head.starts_with("GET"));
    let line = |head: &String| head.lines().next().unwrap_or_default().replace(" HTTP/1.1", "");
    changes.map(|head| (line(head), replaces_nothing(head))).collect()
}

/// Makes a file of `size` bytes in a fresh bucket, of which the last are told of as `end`.
async fn created(
    name: &str,
    size: usize,
    end: std::io::Result<()>,
) -> (Result<Moved, Fault>, Vec<(String, bool)>) {
    let (bucket, heads) = bucket().await;
    let (to, from) = tokio::sync::mpsc::channel(64);
    let content = bytes::Bytes::from(vec![7; size]);
    for piece in content.chunks(1 << 19) {
        to.try_send(Ok(content.slice_ref(piece))).unwrap();
    }
    if let Err(cause) = end {
        to.try_send(Err(cause)).unwrap();
    }
    drop(to);
    let pieces = Pieces { from, pulse: Default::default() };
    let create = bucket.create(name, size as u64, pieces);
    let moved = tokio::time::timeout(Duration::from_secs(20), create).await.unwrap();
    (moved, changes(&heads))
}

#[tokio::test]
async fn a_file_gets_its_key_at_once_and_replaces_nothing() {
    let (moved, small) = created("a.RAF", 5, Ok(())).await;
    assert_eq!(moved, Ok(Moved::Done));
    assert_eq!(small, [("PUT /b/www/a.RAF".to_owned(), true)]);

    let (moved, large) = created("a.RAF", PART_BYTES + 1, Ok(())).await;
    assert_eq!(moved, Ok(Moved::Done));
    let (last, first) = large.split_last().unwrap();
    assert_eq!(*last, ("POST /b/www/a.RAF?uploadId=1".to_owned(), true));
    assert_eq!(first[0], ("POST /b/www/a.RAF?uploads=".to_owned(), false));
    assert_eq!(first.len(), 3, "{first:?}");
}

#[tokio::test]
async fn a_key_that_is_taken_stays_and_parts_do_not() {
    let (moved, _) = created("taken.RAF", 5, Ok(())).await;
    assert_eq!(moved, Ok(Moved::Taken));
    let (moved, large) = created("taken.RAF", PART_BYTES + 1, Ok(())).await;
    assert_eq!(moved, Ok(Moved::Taken));
    assert_eq!(large.last().unwrap().0, "DELETE /b/www/taken.RAF?uploadId=1");
    // An upload that is gone was completed, and the answer lost.
    let (moved, _) = created("lost.RAF", PART_BYTES + 1, Ok(())).await;
    assert_eq!(moved, Ok(Moved::Taken));
}

#[tokio::test]
async fn parts_have_one_size_but_for_the_last() {
    let (bucket, heads) = bucket().await;
    let (to, from) = tokio::sync::mpsc::channel(64);
    let size = 2 * PART_BYTES + 3;
    // Not what parts are made of.
    let content = bytes::Bytes::from(vec![7; size]);
    for piece in content.chunks(700_001) {
        to.try_send(Ok(content.slice_ref(piece))).unwrap();
    }
    drop(to);
    let pieces = Pieces { from, pulse: Default::default() };
    assert_eq!(bucket.create("a.RAF", size as u64, pieces).await, Ok(Moved::Done));
    let heads = heads.lock().unwrap();
    let mut lengths: Vec<usize> = heads
        .iter()
        .filter(|head| head.starts_with("PUT"))
        .filter_map(|head| head.lines().find_map(|line| line.strip_prefix("content-length: ")))
        .map(|length| length.parse().unwrap())
        .collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [3, PART_BYTES, PART_BYTES]);
}

#[tokio::test]
async fn a_file_of_which_less_comes_is_no_file() {
    for (came, size) in [(4, 5), (PART_BYTES, PART_BYTES + 1)] {
        let (bucket, heads) = bucket().await;
        let (to, from) = tokio::sync::mpsc::channel(1);
        to.try_send(Ok(vec![7; came].into())).unwrap();
        drop(to);
        let pieces = Pieces { from, pulse: Default::default() };
        let fault = bucket.create("a.RAF", size as u64, pieces).await.unwrap_err();
        assert!(fault.reason.contains("bytes came"), "{fault}");
        assert!(!changes(&heads).iter().any(|(_, is_new)| *is_new), "{heads:?}");
    }
}

#[tokio::test]
async fn a_temporary_file_may_be_there_from_a_try_whose_answer_was_lost() {
    let (bucket, heads) = bucket().await;
    let (to, from) = tokio::sync::mpsc::channel(1);
    to.try_send(Ok("abc".into())).unwrap();
    drop(to);
    let pieces = Pieces { from, pulse: Default::default() };
    bucket.write(".taken.part", 3, pieces).await.unwrap();
    assert_eq!(changes(&heads), [("PUT /b/www/.taken.part".to_owned(), false)]);
}

#[tokio::test]
async fn a_file_that_ended_early_is_no_file() {
    let early = || Err(std::io::Error::other("it is another one"));
    let (moved, small) = created("a.RAF", 5, early()).await;
    assert!(moved.unwrap_err().reason.contains("it is another one"));
    assert_eq!(small, []);
    let (moved, large) = created("a.RAF", PART_BYTES + 1, early()).await;
    assert!(moved.unwrap_err().reason.contains("it is another one"));
    assert_eq!(large.last().unwrap().0, "DELETE /b/www/a.RAF?uploadId=1");
    assert!(!large.iter().any(|(line, _)| line == "POST /b/www/a.RAF?uploadId=1"), "{large:?}");
}
