//! What is special about servers: connections that break, passwords and keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use filmwire_catalogue::DeliveryState;
use filmwire_deliver::{FileTarget, Target};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::peer::{MADE, Peer};
use crate::server::Server;
use crate::stand::Stand;

/// Passes bytes on between us and a server until enough have gone; then nothing goes any more.
struct Wire {
    address: String,
    left: Arc<AtomicUsize>,
}

impl Wire {
    async fn to(server: String, bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
        let left = Arc::new(AtomicUsize::new(bytes));
        let budget = Arc::clone(&left);
        tokio::spawn(async move {
            while let Ok((ours, _)) = listener.accept().await {
                let (server, budget) = (server.clone(), Arc::clone(&budget));
                tokio::spawn(async move {
                    let Ok(theirs) = TcpStream::connect(server).await else { return };
                    let (mut our_in, mut our_out) = ours.into_split();
                    let (mut their_in, mut their_out) = theirs.into_split();
                    // Both ends go when one does.
                    tokio::select! {
                        () = pump(&mut our_in, &mut their_out, &budget) => {}
                        () = pump(&mut their_in, &mut our_out, &budget) => {}
                    }
                });
            }
        });
        Self { address, left }
    }

    fn is_cut(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

async fn pump(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    left: &AtomicUsize,
) {
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let had = left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                Some(left.saturating_sub(length))
            })
            .unwrap();
        if to.write_all(&piece[..length.min(had)]).await.is_err() || had <= length {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_anywhere_loses_doubles_and_replaces_nothing() {
    // At once, since most of the time is waiting.
    let servers = Server::all().into_iter().filter(Server::can_be_cut);
    let each = servers.map(async |server| {
        // From the first greeting until everything has gone through, in growing strides.
        let (mut bytes, mut runs) = (server.first_cut(), 0);
        loop {
            let (stand, photos) = Stand::with_photos();
            let root = stand.path("nas");
            let wire = Wire::to(server.socket(), bytes).await;
            let through = server.through(&wire.address);
            let target: Arc<dyn Target> =
                Arc::new(FileTarget::new(through.store(&root), MADE, "one"));
            stand.once(&target).await;
            for (path, content) in Peer::content(&root) {
                let whole = photos.get(&path) == Some(&content);
                assert!(whole || path.contains(".filmwire-"), "{server:?} {bytes}: {path}");
            }
            let was_cut = wire.is_cut();
            let through = was_cut || stand.all_are(DeliveryState::Proven);
            let told = stand.events.lock().unwrap();
            assert!(through, "{server:?} after {bytes}: {told:?}");
            drop(told);
            stand.settle(&Peer::Server(server.clone()).target(&root, "one")).await;
            assert_eq!(Peer::content(&root), photos, "{server:?} cut after {bytes}");
            assert!(stand.all_are(DeliveryState::Proven), "{server:?}: {:?}", stand.rows());
            if !was_cut {
                break;
            }
            // Most calls are small and come first.
            bytes += if bytes < 20_000 { bytes / 8 } else { bytes / 2 };
            runs += 1;
        }
        println!("{server:?}: {runs} cuts, the last after {bytes} bytes");
        assert!(runs > 20, "{server:?}: {runs} runs were cut");
    });
    join_all(each).await;
}

#[tokio::test]
async fn a_wrong_password_or_key_is_told_without_showing_it() {
    for server in Server::all().into_iter().filter(|server| !server.is_rclone()) {
        let stand = Stand::new();
        let wrong = server.with_wrong_login();
        let target = FileTarget::new(wrong.store(&stand.path("nas")), MADE, "one");
        let fault = target.test(None).await.unwrap_err();
        println!("{server:?}: {fault}");
        assert!(!fault.reason.contains("hunter2"), "{fault}");
        let told = ["user and password right", "does not let"];
        assert!(told.iter().any(|words| fault.reason.contains(words)), "{fault}");
        assert!(!stand.path("nas").exists());
    }
}

#[tokio::test]
async fn a_server_that_is_another_is_not_logged_in_to() {
    for server in Server::all() {
        let Some(other) = server.taken_for_another() else { continue };
        let stand = Stand::new();
        let target = FileTarget::new(other.store(&stand.path("nas")), MADE, "one");
        let fault = target.test(None).await.unwrap_err();
        println!("{server:?}: {fault}");
        let told = ["write host_key = \"ssh-ed25519 AAAA", "certificate"];
        assert!(told.iter().any(|words| fault.reason.contains(words)), "{fault}");
        assert!(!stand.path("nas").exists());
    }
}
