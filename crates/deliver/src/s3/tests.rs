//! What a bucket is told of what is put into it, by way of a stand-in for its server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Heads of the requests that came.
type Heads = Arc<Mutex<Vec<String>>>;

/// Answers as a bucket does in which there is one file, of three bytes.
fn answer(head: &str) -> (u16, &'static str) {
    let line = head.lines().next().unwrap_or_default();
    match line.split(' ').next() {
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
