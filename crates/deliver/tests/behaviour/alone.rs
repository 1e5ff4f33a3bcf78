//! One process delivers from a library.

use filmwire_catalogue::{Error as CatalogueError, Library, OpenOptions};
use filmwire_deliver::{Error, Options, deliver};

use crate::stand::Stand;

#[tokio::test]
async fn who_finds_another_at_work_does_nothing() {
    let (stand, _) = Stand::with_photos();
    let other = Library::open(stand.library.root(), OpenOptions::default()).unwrap();
    let held = other.lock_deliveries().unwrap();
    let ended = deliver(&stand.library, Vec::new(), &Options::default(), &stand.around).await;
    let error = ended.unwrap_err();
    assert!(matches!(error, Error::Catalogue(CatalogueError::Locked { .. })), "{error}");
    drop(held);
    deliver(&stand.library, Vec::new(), &Options::default(), &stand.around).await.unwrap();
}
