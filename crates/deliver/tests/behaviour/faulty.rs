//! Any target, with faults between it and us.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use filmwire_deliver::{Fault, FaultKind, Future, Placed, Target, Upload, Verdict};
use tokio::sync::Notify;

/// What goes wrong, once, at the call with a certain number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// The call does not get through.
    Before(FaultKind),
    /// The call happens, and its answer is lost.
    After(FaultKind),
    /// We die before the call.
    DieBefore,
    /// We die when the call has happened.
    DieAfter,
}

pub(crate) const TROUBLES: [Trouble; 7] = [
    Trouble::Before(FaultKind::Transient),
    Trouble::Before(FaultKind::Full),
    Trouble::Before(FaultKind::Stopped),
    Trouble::After(FaultKind::Transient),
    Trouble::After(FaultKind::Full),
    Trouble::DieBefore,
    Trouble::DieAfter,
];

pub(crate) struct Faulty {
    inner: Arc<dyn Target>,
    trouble: Trouble,
    at: usize,
    calls: AtomicUsize,
    pub(crate) died: Notify,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<dyn Target>, trouble: Trouble, at: usize) -> Arc<Self> {
        let (calls, died) = (AtomicUsize::new(0), Notify::new());
        Arc::new(Self { inner, trouble, at, calls, died })
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn wrap<'a, T: Send + 'a>(
        &'a self,
        call: Future<'a, Result<T, Fault>>,
    ) -> Future<'a, Result<T, Fault>> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        let trouble = (number == self.at).then_some(self.trouble);
        let fault = |kind| Err(Fault { kind, reason: format!("{:?}", self.trouble) });
        Box::pin(async move {
            match trouble {
                None => call.await,
                Some(Trouble::Before(kind)) => fault(kind),
                Some(Trouble::After(kind)) => call.await.and_then(|_| fault(kind)),
                Some(Trouble::DieBefore) => self.die().await,
                Some(Trouble::DieAfter) => {
                    let _ = call.await;
                    self.die().await
                }
            }
        })
    }

    async fn die<T>(&self) -> T {
        self.died.notify_one();
        std::future::pending().await
    }
}

impl Target for Faulty {
    fn test<'a>(&'a self, place: Option<&'a str>) -> Future<'a, Result<Option<String>, Fault>> {
        self.wrap(self.inner.test(place))
    }

    fn put(&self, upload: Arc<Upload>) -> Future<'_, Result<Placed, Fault>> {
        self.wrap(self.inner.put(upload))
    }

    fn prove(&self, upload: Arc<Upload>, placed: Placed) -> Future<'_, Result<Verdict, Fault>> {
        self.wrap(self.inner.prove(upload, placed))
    }

    fn withdraw(&self, placed: Placed) -> Future<'_, Result<(), Fault>> {
        self.wrap(self.inner.withdraw(placed))
    }
}
