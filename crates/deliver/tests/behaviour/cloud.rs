//! Chunks of Nextcloud, to a stand-in that keeps to its manual: no pieces but numbered ones of
//! the right size, each with its destination, joined once they are all there.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::{FileTarget, Target, WebDav, WebDavOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::peer::MADE;
use crate::stand::Stand;

const CHUNK: u64 = 300_000;
const FILES: &str = "/nc/remote.php/dav/files/anna";
const UPLOADS: &str = "/nc/remote.php/dav/uploads/anna";

/// What the server has, by path; folders have no content.
#[derive(Default)]
struct Cloud {
    nodes: BTreeMap<String, Option<Vec<u8>>>,
    log: Vec<String>,
    /// Refuses a request whose line begins so.
    refuses: Option<String>,
}

struct Request {
    method: String,
    path: String,
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    /// Path of the destination.
    fn to(&self) -> Option<String> {
        let to = self.header("destination")?;
        to.split_once("://")?.1.split_once('/').map(|(_, path)| format!("/{path}"))
    }
}

type Answer = (u16, Vec<u8>);

impl Cloud {
    fn answer(&mut self, request: Request) -> Answer {
        let line = format!("{} {}", request.method, request.path);
        if self.refuses.as_deref().is_some_and(|start| line.starts_with(start)) {
            self.log.push(format!("refused {line}"));
            return (503, Vec::new());
        }
        let (path, is_upload) = (request.path.clone(), request.path.starts_with(UPLOADS));
        match request.method.as_str() {
            "PROPFIND" => self.find(&request),
            "MKCOL" if self.nodes.contains_key(&path) => (405, Vec::new()),
            "MKCOL" if is_upload && request.to().is_none() => (400, Vec::new()),
            "MKCOL" => {
                self.nodes.insert(path, None);
                (201, Vec::new())
            }
            "PUT" if is_upload => self.chunk(request),
            "PUT" => {
                self.log.push("whole".to_owned());
                self.nodes.insert(path, Some(request.body));
                (201, Vec::new())
            }
            "GET" => match self.nodes.get(&path) {
                Some(Some(content)) => (200, content.clone()),
                _ => (404, Vec::new()),
            },
            "MOVE" => self.rename(&request),
            "DELETE" => {
                let below = format!("{path}/");
                self.nodes.retain(|at, _| *at != path && !at.starts_with(&below));
                (204, Vec::new())
            }
            other => panic!("{other}"),
        }
    }

    fn chunk(&mut self, request: Request) -> Answer {
        let (folder, name) = request.path.rsplit_once('/').unwrap();
        let number: u64 = name.parse().unwrap_or(0);
        let is_known = self.nodes.contains_key(folder);
        let tells = request.to().is_some() && request.header("oc-total-length").is_some();
        if !is_known || !(1..=10_000).contains(&number) || !tells {
            return (400, Vec::new());
        }
        self.log.push(format!("chunk {number}: {}", request.body.len()));
        // Its names are sorted as numbers.
        self.nodes.insert(format!("{folder}/{number:05}"), Some(request.body));
        (201, Vec::new())
    }

    fn rename(&mut self, request: &Request) -> Answer {
        let to = request.to().unwrap();
        if self.nodes.contains_key(&to) {
            return (412, Vec::new());
        }
        let content = match request.path.strip_suffix("/.file") {
            Some(folder) => {
                let below = format!("{folder}/");
                let parts =
                    self.nodes.range(below.clone()..).filter(|(at, _)| at.starts_with(&below));
                let content: Vec<u8> =
                    parts.filter_map(|(_, part)| part.clone()).flatten().collect();
                if request.header("oc-total-length") != Some(&content.len().to_string()) {
                    return (400, Vec::new());
                }
                self.nodes.retain(|at, _| at != folder && !at.starts_with(&below));
                self.log.push("joined".to_owned());
                content
            }
            None => match self.nodes.remove(&request.path) {
                Some(Some(content)) => content,
                _ => return (404, Vec::new()),
            },
        };
        self.nodes.insert(to, Some(content));
        (201, Vec::new())
    }

    fn find(&self, request: &Request) -> Answer {
        let path = request.path.trim_end_matches('/');
        if !self.nodes.contains_key(path) {
            return (404, Vec::new());
        }
        let below = format!("{path}/");
        let is_asked = |at: &str| {
            let child = at.strip_prefix(&below).is_some_and(|name| !name.contains('/'));
            at == path || child && request.header("depth") == Some("1")
        };
        let entry = |(at, node): (&String, &Option<Vec<u8>>)| {
            let facts = match node {
                None => "<d:resourcetype><d:collection/></d:resourcetype>".to_owned(),
                Some(content) => format!(
                    "<d:resourcetype/><d:getcontentlength>{}</d:getcontentlength>",
                    content.len()
                ),
            };
            format!(
                "<d:response><d:href>{at}</d:href><d:propstat><d:prop>{facts}</d:prop>\
                 <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
            )
        };
        let entries: String = self.nodes.iter().filter(|(at, _)| is_asked(at)).map(entry).collect();
        let text = format!("<d:multistatus xmlns:d=\"DAV:\">{entries}</d:multistatus>");
        (207, text.into_bytes())
    }
}

/// Serves a cloud, and returns the address of the user's photos.
async fn serve(cloud: &Arc<Mutex<Cloud>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{FILES}/Photos", listener.local_addr().unwrap());
    cloud.lock().unwrap().nodes.extend([(FILES.to_owned(), None), (UPLOADS.to_owned(), None)]);
    let cloud = Arc::clone(cloud);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&cloud)));
        }
    });
    url
}

async fn converse(mut stream: TcpStream, cloud: Arc<Mutex<Cloud>>) {
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
        let mut words = head.split(' ').map(|word| word.trim_end_matches('/').to_owned());
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let mut request = Request { method, path, head, body: Vec::new() };
        let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
        while bytes.len() < length {
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        }
        let rest = bytes.split_off(length);
        request.body = std::mem::replace(&mut bytes, rest);
        let (status, body) = cloud.lock().unwrap().answer(request);
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
            return;
        }
    }
}

fn target(url: &str) -> Arc<dyn Target> {
    let chunk_bytes = NonZeroU64::new(CHUNK);
    let options = WebDavOptions { url: url.to_owned(), user: None, ca: None, chunk_bytes };
    Arc::new(FileTarget::new(Arc::new(WebDav::new(&options).unwrap()), MADE, "one"))
}

/// Photos the cloud has, by their path.
fn photos(cloud: &Mutex<Cloud>) -> BTreeMap<String, Vec<u8>> {
    let below = format!("{FILES}/Photos/");
    let cloud = cloud.lock().unwrap();
    assert!(!cloud.nodes.keys().any(|at| at.starts_with(&format!("{UPLOADS}/"))), "chunks stay");
    let files = cloud
        .nodes
        .iter()
        .filter_map(|(at, node)| Some((at.strip_prefix(&below)?.to_owned(), node.clone()?)));
    files.filter(|(name, _)| name != filmwire_deliver::MARK_FILE).collect()
}

#[tokio::test]
async fn what_is_long_comes_in_chunks_and_is_joined() {
    let (stand, photos_here) = Stand::with_photos();
    let cloud = Arc::new(Mutex::new(Cloud::default()));
    let target = target(&serve(&cloud).await);
    stand.settle(&target).await;
    assert!(stand.all_are(DeliveryState::Proven));
    assert_eq!(photos(&cloud), photos_here);
    let log = cloud.lock().unwrap().log.clone();
    // The long one is of 1 MiB and 7 bytes; a piece is no multiple of a chunk.
    let long =
        ["chunk 1: 300000", "chunk 2: 300000", "chunk 3: 300000", "chunk 4: 148583", "joined"];
    let chunks: Vec<&str> =
        log.iter().map(String::as_str).filter(|line| *line != "whole").collect();
    assert_eq!(chunks, long);
}

#[tokio::test]
async fn a_chunk_or_a_joining_that_fails_leaves_nothing_and_is_tried_again() {
    for start in [format!("MKCOL {UPLOADS}"), format!("PUT {UPLOADS}"), format!("MOVE {UPLOADS}")] {
        let (stand, photos_here) = Stand::with_photos();
        let cloud = Arc::new(Mutex::new(Cloud::default()));
        let target = target(&serve(&cloud).await);
        cloud.lock().unwrap().refuses = Some(start.clone());
        stand.once(&target).await;
        assert!(!stand.all_are(DeliveryState::Proven), "{start}");
        assert!(!photos(&cloud).contains_key("2016/B.RAF"), "{start}");
        assert!(cloud.lock().unwrap().log.iter().any(|line| line.starts_with("refused")));
        cloud.lock().unwrap().refuses = None;
        stand.settle(&target).await;
        assert_eq!(photos(&cloud), photos_here, "{start}");
    }
}

#[tokio::test]
async fn a_file_that_changed_is_never_joined() {
    let (stand, _) = Stand::with_photos();
    let cloud = Arc::new(Mutex::new(Cloud::default()));
    let target = target(&serve(&cloud).await);
    let path = stand.library.absolute("2016/B.RAF");
    let mut content = std::fs::read(&path).unwrap();
    content[700_000] ^= 1;
    std::fs::write(&path, content).unwrap();
    stand.once(&target).await;
    assert!(!photos(&cloud).contains_key("2016/B.RAF"));
    assert!(!cloud.lock().unwrap().log.contains(&"joined".to_owned()));
}
