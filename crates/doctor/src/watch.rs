//! A network that writes down what goes over its command connections.

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use filmwire_camera::{Network, Port};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use crate::log::Log;

/// How long something may take to accept a connection where that is not expected.
const BEGIN_LIMIT: Duration = Duration::from_secs(3);

/// A network whose command connection may be there already.
pub(crate) struct Begun<N: Network> {
    network: N,
    first: Mutex<Option<N::Stream>>,
}

impl<N: Network> Begun<N> {
    pub(crate) fn new(network: N) -> Self {
        Self { network, first: Mutex::new(None) }
    }

    /// Connects for once, ahead of time; true if something accepted that.
    pub(crate) async fn begin(&self) -> bool {
        let Ok(Ok(stream)) = timeout(BEGIN_LIMIT, self.network.connect(Port::Command)).await else {
            return false;
        };
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
        true
    }
}

impl<N: Network> Network for Begun<N> {
    type Stream = N::Stream;

    async fn connect(&self, port: Port) -> io::Result<N::Stream> {
        if port == Port::Command {
            // A camera notices each connection: the one that is there is used.
            let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(stream) = first {
                return Ok(stream);
            }
        }
        self.network.connect(port).await
    }

    fn name(&self) -> String {
        self.network.name()
    }
}

/// The network behind it, watched.
pub(crate) struct Watched<N> {
    network: N,
    log: Log,
}

impl<N> Watched<N> {
    pub(crate) fn new(network: N, log: Log) -> Self {
        Self { network, log }
    }
}

impl<N: Network> Network for Watched<N> {
    type Stream = WatchedStream<N::Stream>;

    async fn connect(&self, port: Port) -> io::Result<Self::Stream> {
        let stream = self.network.connect(port).await?;
        let log = (port == Port::Command).then(|| self.log.clone());
        if let Some(log) = &log {
            log.connected();
        }
        Ok(WatchedStream { stream, log })
    }

    fn name(&self) -> String {
        self.network.name()
    }
}

/// A stream, watched if it is the command connection.
pub(crate) struct WatchedStream<S> {
    stream: S,
    log: Option<Log>,
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if let Some(log) = &self.log {
            log.received(buffer.filled().get(before..).unwrap_or_default());
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        if let Some(log) = &self.log {
            log.sent(bytes.get(..count).unwrap_or_default());
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
