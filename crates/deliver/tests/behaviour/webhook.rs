//! What is special about webhooks.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::{Secret, Target, Webhook, WebhookOptions};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::stand::Stand;

/// A request as it came; of one that was cut, what came of it.
#[derive(Debug, Clone, Default)]
struct Request {
    head: String,
    body: Vec<u8>,
    is_whole: bool,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().unwrap_or_else(|| panic!("no {name} in {}", self.head)).1
    }

    fn order(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Content of the parts of the form, by name.
    fn part(&self, name: &str) -> Vec<u8> {
        let boundary = self.header("content-type").split("boundary=").nth(1).unwrap();
        let text: String = self.body.iter().map(|byte| char::from(*byte)).collect();
        let wanted = format!("name=\"{name}\"");
        let line = format!("--{boundary}");
        let mut parts = text.split(&line);
        let part = parts.find(|part| part.contains(&wanted)).unwrap();
        let content = part.split_once("\r\n\r\n").unwrap().1.strip_suffix("\r\n").unwrap();
        content.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
    }
}

/// Answers each POST with the next of some statuses, the last for ever, and keeps it.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    async fn answering(statuses: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/photos", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let (kept, statuses) = (Arc::clone(&got), statuses.to_vec());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(serve(stream, kept, statuses.clone()));
            }
        });
        Self { url, got }
    }

    fn target(&self, sends_file: bool) -> Arc<dyn Target> {
        let (url, secret) = (self.url.clone(), Secret::new("open sesame"));
        Arc::new(Webhook::new(&WebhookOptions { url, secret, sends_file, ca: None }).unwrap())
    }

    fn got(&self) -> Vec<Request> {
        self.got.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Vec<Request>>>, statuses: Vec<&'static str>) {
    let mut bytes = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let rest = bytes.split_off(end + 4);
                break String::from_utf8(std::mem::replace(&mut bytes, rest)).unwrap();
            }
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        };
        if head.starts_with("HEAD ") {
            let answer = "HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            continue;
        }
        let mut request = Request { head, ..Request::default() };
        let length: usize = request.header("content-length").parse().unwrap();
        while bytes.len() < length && matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {}
        request.is_whole = bytes.len() >= length;
        let rest = bytes.split_off(length.min(bytes.len()));
        request.body = std::mem::replace(&mut bytes, rest);
        let is_whole = request.is_whole;
        let status = {
            let mut kept = kept.lock().unwrap();
            kept.push(request);
            statuses[(kept.len() - 1).min(statuses.len() - 1)]
        };
        if !is_whole {
            return;
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// HMAC by its definition (RFC 2104), in Base64.
fn expected(key: &[u8], message: &[u8]) -> String {
    let padded = |with: u8| {
        let mut block = [0_u8; 64];
        block[..key.len()].copy_from_slice(key);
        block.map(|byte| byte ^ with)
    };
    let inner = Sha256::digest([padded(0x36).as_slice(), message].concat());
    let outer = Sha256::digest([padded(0x5c).as_slice(), inner.as_slice()].concat());
    let mut text = String::new();
    for three in outer.chunks(3) {
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let number = three.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        let number = number << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = digits[(number >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    format!("v1,{text}")
}

#[track_caller]
fn assert_signed(request: &Request, payload: &[u8]) {
    let (id, time) = (request.header("webhook-id"), request.header("webhook-timestamp"));
    let message = [format!("{id}.{time}.").as_bytes(), payload].concat();
    assert_eq!(request.header("webhook-signature"), expected(b"open sesame", &message));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let time: u64 = time.parse().unwrap();
    assert!(time <= now && now - time < 60, "{time} {now}");
}

#[tokio::test]
async fn an_order_is_signed_and_says_nothing_of_this_computer() {
    let stand = Stand::new();
    stand.add("d/A.JPG", b"abc");
    let receiver = Receiver::answering(&["204 No Content"]).await;
    stand.once(&receiver.target(false)).await;
    let row = stand.rows().remove(0);
    assert_eq!((row.state, row.proof.as_deref()), (DeliveryState::Proven, Some("its word")));
    let [request] = &receiver.got()[..] else { panic!("{:?}", receiver.got()) };
    assert!(request.head.starts_with("POST /photos HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("content-type"), "application/json");
    assert_signed(request, &request.body);
    let order = request.order();
    assert_eq!((&order["name"], &order["size"]), (&"d/A.JPG".into(), &3.into()));
    let sha256: String = Sha256::digest(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(order["sha256"], sha256.as_str());
    assert_eq!(order.get("path"), None, "{order}");
}

#[tokio::test]
async fn a_file_goes_whole_beside_its_order() {
    let (stand, photos) = Stand::with_photos();
    let receiver = Receiver::answering(&["200 OK"]).await;
    stand.once(&receiver.target(true)).await;
    assert!(stand.all_are(DeliveryState::Proven), "{:?}", stand.rows());
    let got = receiver.got();
    assert_eq!(got.len(), photos.len());
    for request in got {
        let order = request.part("order");
        assert_signed(&request, &order);
        let order: serde_json::Value = serde_json::from_slice(&order).unwrap();
        let name = order["name"].as_str().unwrap();
        assert!(request.part("file") == photos[name], "{name}");
    }
}

#[tokio::test]
async fn a_file_that_changed_does_not_arrive() {
    let stand = Stand::new();
    stand.add("d/A.JPG", b"abc");
    std::fs::write(stand.library.absolute("d/A.JPG"), b"abd").unwrap();
    let receiver = Receiver::answering(&["200 OK"]).await;
    stand.once(&receiver.target(true)).await;
    let row = stand.rows().remove(0);
    assert_eq!(row.state, DeliveryState::Failed);
    assert!(receiver.got().iter().all(|request| !request.is_whole), "{:?}", receiver.got());
}

#[tokio::test]
async fn the_status_says_what_became_of_the_file() {
    for (status, again) in [
        ("401 Unauthorized", true),
        ("429 Too Many Requests", true),
        ("503 Service Unavailable", true),
        ("400 Bad Request", false),
        ("410 Gone", false),
    ] {
        let stand = Stand::new();
        stand.add("d/A.JPG", b"abc");
        let receiver = Receiver::answering(&[status, "200 OK"]).await;
        let target = receiver.target(false);
        stand.once(&target).await;
        let row = stand.rows().remove(0);
        assert_eq!((row.state, row.next.is_some()), (DeliveryState::Failed, again), "{status}");
        assert!(row.reason.as_deref().unwrap().contains(status), "{:?}", row.reason);
        if again {
            stand.settle(&target).await;
            let [first, second] = &receiver.got()[..] else { panic!("{:?}", receiver.got()) };
            assert_eq!(first.header("webhook-id"), second.header("webhook-id"), "one file");
            assert_eq!(
                (&first.order()["attempt"], &second.order()["attempt"]),
                (&1.into(), &2.into())
            );
        }
    }
}

/// Whether this process holds a file open, where the system tells.
fn is_open(path: &Path) -> bool {
    let Ok(held) = std::fs::read_dir("/proc/self/fd") else { return false };
    held.flatten().any(|entry| std::fs::read_link(entry.path()).is_ok_and(|to| to == path))
}

/// Such as a page that knows by the head that it will not take so much.
#[tokio::test]
async fn an_answer_that_comes_before_the_file_is_no_proof_and_does_not_hang() {
    for (answer, again) in [("200 OK", true), ("403 Forbidden", false)] {
        let stand = Stand::new();
        stand.add("d/A.MOV", &vec![7; 40 << 20]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let receiving = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let mut is_post = false;
                while !is_post {
                    let length = stream.read(&mut head).await.unwrap();
                    is_post = head[..length].starts_with(b"POST");
                    // By then the file is being read.
                    let mut taken = vec![0; if is_post { 1 << 20 } else { 0 }];
                    stream.read_exact(&mut taken).await.unwrap();
                    let status = if is_post { answer } else { "204 No Content" };
                    let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(text.as_bytes()).await.unwrap();
                }
                open.push(stream);
            }
        });
        let secret = Secret::new("open sesame");
        let options = WebhookOptions { url, secret, sends_file: true, ca: None };
        let target: Arc<dyn Target> = Arc::new(Webhook::new(&options).unwrap());
        let began = Instant::now();
        stand.once(&target).await;
        assert!(began.elapsed() < Duration::from_secs(20));
        // The connection is kept, and the file is not.
        let source = stand.library.absolute("d/A.MOV");
        while is_open(&source) {
            assert!(began.elapsed() < Duration::from_secs(20), "the file is still read");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        receiving.abort();
        let row = stand.rows().remove(0);
        assert_eq!((row.state, row.next.is_some()), (DeliveryState::Failed, again), "{row:?}");
        let told = if again { "before all was sent" } else { answer };
        assert!(row.reason.as_deref().unwrap().contains(told), "{:?}", row.reason);
    }
}
