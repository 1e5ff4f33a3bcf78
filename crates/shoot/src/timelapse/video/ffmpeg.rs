//! The program `ffmpeg`, which encodes a film from pictures on its standard input.
//!
//! It has a process group of its own, so that Ctrl-C at a terminal does not end it with half a film
//! that looks whole; it is ended when its [`Encoder`] is dropped.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::geometry::Geometry;
use super::rate::Rate;

/// How much of the end of standard error is kept.
const KEPT_BYTES: usize = 4096;
/// Lines of it that are told.
const KEPT_LINES: usize = 5;
/// How long its words are waited for once it has ended.
const DRAIN: Duration = Duration::from_secs(1);

/// What films are encoded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// H.264 (AVC): everything plays it, up to some size.
    H264,
    /// H.265 (HEVC): smaller files, fewer players.
    H265,
}

impl Codec {
    /// The word of flags and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "h265",
        }
    }

    /// Source: FFmpeg's codecs, libx264 and libx265. The qualities are chosen: nothing is seen of them.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::H264 => &["-c:v", "libx264", "-crf", "18"],
            // Players of Apple know it by this tag only.
            Self::H265 => &[
                "-c:v",
                "libx265",
                "-crf",
                "20",
                "-x265-params",
                "log-level=error",
                "-tag:v",
                "hvc1",
            ],
        }
    }
}

/// How frames come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// As JPEGs with nothing around their pictures ([`super::jpeg::bare`]).
    Jpeg,
    /// As red, green, blue, of this width and height.
    Rgb(u32, u32),
}

/// What is to be made.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The program.
    pub program: OsString,
    /// How frames come.
    pub input: Input,
    /// How many a second.
    pub rate: Rate,
    /// What becomes of each.
    pub geometry: &'a Geometry,
    /// What they become.
    pub codec: Codec,
    /// The container, by ffmpeg's name.
    pub container: &'static str,
    /// The file, which is replaced.
    pub file: &'a Path,
}

/// What ffmpeg says of a film whose end is not on the disk, and which nothing can play: it ends as if
/// all were well. Seen with 5.1 on a full disk.
const UNFINISHED: [&str; 2] = ["Error writing trailer of ", "Error closing file "];

/// Why there is no film.
#[derive(Debug)]
pub enum Failed {
    /// There is no such program.
    Missing,
    /// It cannot be started, or spoken to.
    Io(io::Error),
    /// It ended without a film; its last words.
    Ended(String),
}

impl std::error::Error for Failed {}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no program ffmpeg"),
            Self::Io(cause) => write!(f, "ffmpeg cannot be run: {cause}"),
            Self::Ended(words) => write!(f, "ffmpeg ended without a film: {words}"),
        }
    }
}

/// What it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Frames it says it wrote.
    pub frames: u64,
    /// What it complained about meanwhile; usually nothing.
    pub words: String,
}

/// A run of ffmpeg. Ended when it is dropped.
#[derive(Debug)]
pub struct Encoder {
    child: Child,
    stdin: Option<ChildStdin>,
    progress: JoinHandle<u64>,
    words: JoinHandle<String>,
}

impl Encoder {
    /// Starts it.
    ///
    /// # Errors
    /// [`Failed::Missing`] and [`Failed::Io`].
    pub fn start(order: &Order<'_>) -> Result<Self, Failed> {
        let mut command = Command::new(&order.program);
        command.args(arguments(order)).arg(order.file);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => Failed::Missing,
            _ => Failed::Io(cause),
        })?;
        let stdin = child.stdin.take();
        let progress = tokio::spawn(frames(child.stdout.take()));
        let words = tokio::spawn(tail(child.stderr.take()));
        Ok(Self { child, stdin, progress, words })
    }

    /// Gives it a frame, and waits until it took it.
    ///
    /// # Errors
    /// [`Failed::Ended`] if it has ended. Not cancel-safe: half a frame may have been given.
    pub async fn frame(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let Some(stdin) = &mut self.stdin else { return Ok(()) };
        match stdin.write_all(bytes).await {
            Ok(()) => Ok(()),
            // It says why on standard error.
            Err(_) => Err(self.last_words().await),
        }
    }

    /// Tells it that there are no more frames, and waits until it has written the film.
    ///
    /// # Errors
    /// [`Failed::Ended`] if there is none.
    pub async fn finish(mut self) -> Result<Made, Failed> {
        drop(self.stdin.take());
        let status = self.child.wait().await.map_err(Failed::Io)?;
        if !status.success() {
            return Err(self.last_words().await);
        }
        let frames = timeout(DRAIN, &mut self.progress).await;
        let frames = frames.ok().and_then(Result::ok).unwrap_or_default();
        let words = self.words().await;
        if UNFINISHED.iter().any(|sign| words.contains(sign)) {
            return Err(Failed::Ended(words));
        }
        Ok(Made { frames, words })
    }

    async fn last_words(&mut self) -> Failed {
        // It closed its standard input, or ended; there is nothing more to wait for.
        drop(self.stdin.take());
        let status = timeout(DRAIN, self.child.wait()).await;
        let words = self.words().await;
        let status = status.ok().and_then(Result::ok);
        Failed::Ended(match (words.is_empty(), status) {
            (true, Some(status)) => status.to_string(),
            (true, None) => "it takes no more frames".to_owned(),
            _ => words,
        })
    }

    async fn words(&mut self) -> String {
        let words = timeout(DRAIN, &mut self.words).await;
        words.ok().and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        self.progress.abort();
        self.words.abort();
    }
}

/// Source: FFmpeg's documentation, ffmpeg(1) and the formats image2pipe and rawvideo.
fn arguments(order: &Order<'_>) -> Vec<String> {
    let mut words: Vec<String> =
        ["-hide_banner", "-nostats", "-v", "error", "-y"].map(String::from).into();
    let mut add = |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
    let rate = order.rate.to_string();
    match order.input {
        Input::Jpeg => add(&["-f", "image2pipe", "-c:v", "mjpeg", "-framerate", &rate]),
        Input::Rgb(width, height) => {
            let size = format!("{width}x{height}");
            add(&[
                "-f",
                "rawvideo",
                "-pixel_format",
                "rgb24",
                "-video_size",
                &size,
                "-framerate",
                &rate,
            ]);
        }
    }
    add(&["-i", "pipe:0", "-vf", &order.geometry.filters(), "-an"]);
    add(order.codec.arguments());
    add(&["-pix_fmt", "yuv420p", "-color_range", "tv", "-colorspace", "bt709"]);
    add(&["-color_primaries", "bt709", "-color_trc", "bt709"]);
    if order.container != "matroska" {
        // What plays while it is loaded has its index in front.
        add(&["-movflags", "+faststart"]);
    }
    add(&["-progress", "pipe:1", "-f", order.container]);
    words
}

/// Reads what it tells of its progress, to the end: the frames it came to.
async fn frames(stdout: Option<ChildStdout>) -> u64 {
    let mut frames = 0;
    let Some(stdout) = stdout else { return frames };
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let said = line.strip_prefix("frame=").and_then(|number| number.trim().parse().ok());
        frames = said.unwrap_or(frames);
    }
    frames
}

/// Reads all, and returns the last lines that are not empty.
async fn tail(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let (mut kept, mut piece) = (Vec::new(), [0; 1024]);
    while let Ok(length @ 1..) = stderr.read(&mut piece).await {
        kept.extend_from_slice(&piece[..length]);
        let surplus = kept.len().saturating_sub(KEPT_BYTES);
        kept.drain(..surplus);
    }
    let text = String::from_utf8_lossy(&kept);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(KEPT_LINES)..].join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::geometry::{Crop, Shape};
    use super::*;

    /// A program of this text in place of ffmpeg.
    async fn run(script: &str, frames: &[&[u8]]) -> (Result<Made, Failed>, Option<Vec<u8>>) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("ffmpeg");
        // Put there by a program of its own: what is open for writing cannot be run, and what we open
        // is open too in whatever another test is starting just now.
        let draft = folder.path().join("draft");
        std::fs::write(&draft, format!("#!/bin/sh\nfor file; do :; done\n{script}\n")).unwrap();
        let mut install = std::process::Command::new("install");
        assert!(install.args(["-m", "755"]).args([&draft, &program]).status().unwrap().success());
        let shape = Shape { width: 640, height: 480, orientation: 1 };
        let geometry = Geometry::of(shape, Crop::None, None).unwrap();
        let file = folder.path().join("film");
        let order = Order {
            program: program.into(),
            input: Input::Jpeg,
            rate: Rate::new(25, 1),
            geometry: &geometry,
            codec: Codec::H264,
            container: "mp4",
            file: &file,
        };
        let made = async {
            let mut encoder = Encoder::start(&order)?;
            for frame in frames {
                encoder.frame(frame).await?;
            }
            encoder.finish().await
        };
        (made.await, std::fs::read(&file).ok())
    }

    #[tokio::test]
    async fn frames_go_in_and_are_counted() {
        let script = "cat >\"$file\"; printf 'frame=1\\nprogress=continue\\nframe= 2\\nprogress=end\\n'; echo odd >&2";
        let (made, file) = run(script, &[b"one", b"two"]).await;
        assert_eq!(made.unwrap(), Made { frames: 2, words: "odd".to_owned() });
        assert_eq!(file.unwrap(), b"onetwo");
    }

    #[tokio::test]
    async fn a_film_without_its_end_is_none_whatever_the_status_says() {
        let said = "Error writing trailer of x: No space left on device";
        let script = format!("cat >\"$file\"; echo frame=1; echo '{said}' >&2");
        let (made, _) = run(&script, &[b"one"]).await;
        assert!(made.unwrap_err().to_string().contains(said));
    }

    #[tokio::test]
    async fn its_last_words_are_told() {
        let script = "echo '1' >&2; for line in a b c d 'Unknown encoder'; do echo \"$line\" >&2; done; exit 8";
        let large = vec![0; 1 << 20];
        for frames in [&[][..], &[&large[..], &large[..]]] {
            let (made, _) = run(script, frames).await;
            assert_eq!(
                made.unwrap_err().to_string(),
                "ffmpeg ended without a film: a; b; c; d; Unknown encoder"
            );
        }
        let (made, _) = run("exit 8", &[]).await;
        assert!(made.unwrap_err().to_string().contains("exit status: 8"));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told_apart() {
        let shape = Shape { width: 640, height: 480, orientation: 1 };
        let geometry = Geometry::of(shape, Crop::None, None).unwrap();
        let order = Order {
            program: "/nowhere/ffmpeg".into(),
            input: Input::Rgb(640, 480),
            rate: Rate::new(25, 1),
            geometry: &geometry,
            codec: Codec::H265,
            container: "matroska",
            file: Path::new("film"),
        };
        assert!(matches!(Encoder::start(&order).unwrap_err(), Failed::Missing));
        let words = arguments(&order).join(" ");
        assert!(words.contains("-pixel_format rgb24 -video_size 640x480 -framerate 25"), "{words}");
        assert!(words.ends_with("-f matroska") && !words.contains("faststart"), "{words}");
    }
}
