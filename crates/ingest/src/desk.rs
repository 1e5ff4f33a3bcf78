//! The counter between the camera side of a run and its librarian.
//!
//! Messages are worked through in order on a blocking thread while the camera is asked for more.
//! What waits here is bounded, so that a slow disk slows the camera and not the memory.

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error::Error;
use crate::librarian::{Librarian, Message, Outcome};

/// Pieces that may wait for the disk; with those being written this bounds a run's memory.
const WAITING: usize = 3;

/// Sends messages to the librarian and takes its outcomes.
pub(crate) struct Desk {
    messages: mpsc::Sender<Message>,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    worker: JoinHandle<()>,
}

impl Desk {
    /// Puts the librarian to work.
    pub(crate) fn open(librarian: Librarian, outcomes: mpsc::UnboundedReceiver<Outcome>) -> Self {
        let (messages, inbox) = mpsc::channel(WAITING);
        Self { messages, outcomes, worker: tokio::spawn(work(librarian, inbox)) }
    }

    /// Hands a message over; waits if the disk is behind.
    pub(crate) async fn send(&self, message: Message) -> Result<(), Error> {
        self.messages.send(message).await.map_err(|_| gone())
    }

    /// Lets the librarian do something and waits for its result.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Librarian) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (told, answer) = oneshot::channel();
        let work = Box::new(move |librarian: &mut Librarian| {
            let _ = told.send(question(librarian));
        });
        self.send(Message::Work(work)).await?;
        answer.await.map_err(|_| gone())
    }

    /// The next outcome, if there is one already.
    pub(crate) fn outcome(&mut self) -> Option<Outcome> {
        self.outcomes.try_recv().ok()
    }

    /// Waits until all messages are worked through; outcomes can still be taken then.
    pub(crate) async fn close(self) -> mpsc::UnboundedReceiver<Outcome> {
        drop(self.messages);
        let _ = self.worker.await;
        self.outcomes
    }
}

/// Only a panic of the librarian ends it before its messages.
fn gone() -> Error {
    let cause = std::io::Error::other("the thread that writes the library has ended");
    Error::Storage { action: "use", path: "the library".into(), cause }
}

/// Each batch runs as one blocking task, and not one task for all: simulated time stands still
/// while a blocking task runs, and must go on when there is nothing to write.
async fn work(mut librarian: Librarian, mut inbox: mpsc::Receiver<Message>) {
    let mut batch = Vec::with_capacity(WAITING);
    while inbox.recv_many(&mut batch, WAITING).await > 0 {
        let messages = std::mem::take(&mut batch);
        let working = tokio::task::spawn_blocking(move || {
            messages.into_iter().for_each(|message| librarian.handle(message));
            librarian
        });
        match working.await {
            Ok(back) => librarian = back,
            Err(_) => return,
        }
    }
}
