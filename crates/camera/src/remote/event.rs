//! What the camera tells unasked, on the port of events. Source: the fact sheet's section 7.

use std::time::Instant;

use filmwire_codec::container::HEADER_BYTES;
use filmwire_codec::dataset::EventDataset;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Events that are kept until somebody asks; a picture has three.
pub(crate) const EVENTS: usize = 64;

/// Longest event that makes sense; 28 bytes were seen.
const MOST_BYTES: usize = 1024;

/// An event, and when its last byte came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) event: EventDataset,
    pub(crate) at: Instant,
}

/// Reads events until the camera ends the stream, sends what makes no sense, or nobody is left to
/// hear of them. What is more than can be kept is thrown away.
pub(crate) async fn feed(mut stream: impl AsyncRead + Unpin, tell: mpsc::Sender<Told>) {
    loop {
        let packet = tokio::select! {
            biased;
            () = tell.closed() => return,
            packet = packet(&mut stream) => packet,
        };
        let Some(packet) = packet else { return };
        let at = tokio::time::Instant::now().into_std();
        match EventDataset::decode(&packet) {
            Ok(event) => {
                tracing::debug!(code = %event.code, params = ?event.params, "event");
                if let Err(TrySendError::Full(told)) = tell.try_send(Told { event, at }) {
                    tracing::debug!(code = %told.event.code, "an event too many");
                }
            }
            Err(error) => tracing::warn!(%error, "an event cannot be read"),
        }
    }
}

/// One packet by its length; `None` at the end of the stream or of its sense.
async fn packet(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).await.ok()?;
    let bytes = u32::from_le_bytes(length) as usize;
    if !(HEADER_BYTES..=MOST_BYTES).contains(&bytes) {
        tracing::warn!(bytes, "an event of a length that makes no sense; none is read any more");
        return None;
    }
    let mut packet = length.to_vec();
    packet.resize(bytes, 0);
    stream.read_exact(packet.get_mut(4..)?).await.ok()?;
    Some(packet)
}

#[cfg(test)]
mod tests {
    use filmwire_codec::{EventCode, SessionId, TransactionId};
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    fn event(transaction: u32) -> Vec<u8> {
        let (code, session) = (EventCode::CAPTURE_COMPLETE, SessionId(1));
        let transaction = TransactionId(transaction);
        EventDataset { code, session, transaction, params: vec![transaction.0, 0, 0] }.encode()
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_passed_over_and_what_has_no_end_ends_it() {
        let (mut camera, stream) = tokio::io::duplex(4096);
        let (tell, mut told) = mpsc::channel(2);
        let mut odd = event(6);
        odd[4] = 9;
        for packet in [event(5), odd, event(7), event(8), vec![1; 4], event(9)] {
            camera.write_all(&packet).await.unwrap();
        }
        feed(stream, tell).await;
        let mut heard = Vec::new();
        while let Some(told) = told.recv().await {
            heard.push(told.event.transaction.0);
        }
        // The third was one too many.
        assert_eq!(heard, [5, 7]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_to_hear_ends_it() {
        let (_camera, stream) = tokio::io::duplex(64);
        let (tell, told) = mpsc::channel(1);
        drop(told);
        feed(stream, tell).await;
    }
}
