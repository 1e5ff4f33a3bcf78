//! A body without remote mode, end to end.

use crate::support::{Client, client, simulator};
use filmwire_codec::dataset::ObjectInfo;
use filmwire_codec::journal::Verdict;
use filmwire_sim::{SimOptions, SimServer};
use tokio::net::TcpStream;

#[tokio::test(start_paused = true)]
async fn a_gallery_is_listed_and_fetched() {
    let camera = simulator("X-A2", 3);
    let mut client = client(&camera).await;
    client.open().await;
    assert_eq!(client.states().await, [(0xDF00, 2), (0xD222, 3)]);
    assert_eq!(client.states().await, []);
    client.set16(0xDF01, 2).await;
    assert_eq!(client.get(0xDF22).await.payload(), [2, 0, 0, 0]);
    client.set32(0xDF22, 2).await;
    client.set16(0xD227, 1).await;
    for (handle, name) in [(1, "DSCF0003.JPG"), (2, "DSCF0002.JPG"), (3, "DSCF0001.JPG")] {
        let info = client.run(0x1008, &[handle]).await;
        let info = ObjectInfo::decode(info.payload()).unwrap();
        assert_eq!(info.name.to_text(), name);
        let bytes = client.fetch(handle, info.size_bytes as usize, 5000).await;
        let card_bytes = camera.with_card(|card| {
            let object = card.object(card.find(name).unwrap()).unwrap();
            object.read_at(0, usize::MAX).unwrap()
        });
        assert!(bytes == card_bytes, "{name}");
        assert!(client.run(0x100A, &[handle]).await.payload().starts_with(&[0xFF, 0xD8]));
    }
    assert_eq!(client.run(0x1008, &[4]).await.code, 0x2009);
    client.leave().await;
    camera.wait_idle().await;
    let journal = camera.journal();
    assert_eq!(journal[0].note, "init");
    assert_eq!(journal.last().unwrap().note, "goodbye");
    assert!(journal.iter().all(|row| row.verdict == Verdict::Allowed));
    assert_eq!(camera.connections(), 1);
}

#[tokio::test]
async fn a_client_on_tcp_sees_the_same() {
    let options = {
        let camera = crate::support::card(2);
        SimOptions::new(filmwire_sim::Persona::builtin("X-A2").unwrap(), camera)
    };
    let server = SimServer::bind(options).await.unwrap();
    let addresses = server.addresses();
    let mut client = Client::new(TcpStream::connect(addresses.command).await.unwrap());
    client.old_gallery().await;
    assert!(TcpStream::connect(addresses.events).await.is_err());
    assert!(TcpStream::connect(addresses.live_view).await.is_err());
    client.leave().await;
    server.shutdown().await;
    assert!(TcpStream::connect(addresses.command).await.is_err());
}
