//! The camera on TCP.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use filmwire_sim::card::{Card, CardObject, GenerateSpec};
use filmwire_sim::{Persona, SimOptions, SimServer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Client, card};

fn options(persona: &str) -> SimOptions {
    SimOptions::new(Persona::builtin(persona).unwrap(), card(1))
}

async fn connected(server: &SimServer) -> Client<TcpStream> {
    Client::new(TcpStream::connect(server.addresses().command).await.unwrap())
}

#[tokio::test]
async fn side_ports_listen_after_101c_and_no_longer_than_the_session() {
    let server = SimServer::bind(options("X-T4")).await.unwrap();
    let (events, live) = (server.addresses().events, server.addresses().live_view);
    for _ in 0..3 {
        assert!(TcpStream::connect(events).await.is_err());
        let mut client = connected(&server).await;
        client.open().await;
        client.set16(0xDF01, 5).await;
        client.set32(0xDF24, 0x2000C).await;
        client.run(0x101C, &[0, 0]).await;
        let mut events = TcpStream::connect(events).await.unwrap();
        let mut live = TcpStream::connect(live).await.unwrap();
        let mut prefix = [0; 18];
        live.read_exact(&mut prefix).await.unwrap();
        client.leave().await;
        let end = timeout(Duration::from_secs(5), events.read(&mut prefix)).await;
        assert_eq!(end.expect("the side sockets end with the session").unwrap(), 0);
        server.simulator().wait_idle().await;
    }
    server.shutdown().await;
}

#[tokio::test]
async fn free_ports_follow_each_other() {
    let server = SimServer::bind(options("X-A2")).await.unwrap();
    let addresses = server.addresses();
    assert_eq!(addresses.events.port(), addresses.command.port() + 1);
    assert_eq!(addresses.live_view.port(), addresses.command.port() + 2);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_its_cure() {
    let server = SimServer::bind(options("X-A2")).await.unwrap();
    let listen = server.addresses().command;
    for offset in 0..3 {
        let listen = SocketAddr::new(listen.ip(), listen.port() + offset);
        let error = SimServer::bind(SimOptions { listen, ..options("X-A2") }).await.err().unwrap();
        let text = error.to_string();
        assert!(text.contains("taken") && text.contains("--listen"), "{text}");
    }
    server.shutdown().await;
    let again = SimServer::bind(SimOptions { listen, ..options("X-A2") }).await.unwrap();
    assert_eq!(again.addresses().command, listen);
}

#[tokio::test]
async fn a_camera_comes_back_to_a_port_where_connections_linger() {
    let server = SimServer::bind(options("X-A2")).await.unwrap();
    let listen = server.addresses().command;
    let mut client = connected(&server).await;
    client.open().await;
    // The side that closes first keeps the connection for a minute.
    server.shutdown().await;
    assert!(client.container().await.is_none());
    drop(client);
    let options = || SimOptions { listen, ..options("X-A2") };
    let again = SimServer::bind(options()).await.unwrap();
    assert_eq!(again.addresses().command, listen);
    assert!(SimServer::bind(options()).await.is_err(), "it is taken all the same");
    connected(&again).await.open().await;
}

#[tokio::test]
async fn a_port_that_another_program_listens_on_is_taken() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = SocketAddr::from(([127, 0, 0, 1], other.local_addr().unwrap().port() - 1));
    assert!(SimServer::bind(SimOptions { listen, ..options("X-A2") }).await.is_err());
    let listen = SocketAddr::from(([127, 0, 0, 1], 65535));
    let error = SimServer::bind(SimOptions { listen, ..options("X-A2") }).await.err().unwrap();
    assert!(error.to_string().contains("65533"), "{error}");
}

#[tokio::test]
async fn a_client_may_leave_without_a_word() {
    let server = SimServer::bind(options("X-A2")).await.unwrap();
    for _ in 0..3 {
        let mut client = connected(&server).await;
        client.open().await;
    }
    server.simulator().wait_idle().await;
    assert_eq!(server.simulator().connections(), 3);
    let rows = server.simulator().journal();
    assert_eq!(rows.iter().filter(|row| row.note == "closed by peer").count(), 3);
}

#[tokio::test]
async fn shutdown_ends_connections() {
    let server = SimServer::bind(options("X-A2")).await.unwrap();
    let mut client = connected(&server).await;
    client.open().await;
    server.shutdown().await;
    assert!(client.container().await.is_none());
}

/// Not a benchmark: it only shows that a big file goes through whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_big_file_goes_through() {
    let size = 64 << 20;
    let mut card = Card::new(GenerateSpec::default());
    card.push(CardObject::pattern("100_FUJI", "DSCF0001.MOV", 1, size));
    let persona = Persona::builtin("X-A2").unwrap();
    let server = SimServer::bind(SimOptions::new(persona, card)).await.unwrap();
    let mut client = connected(&server).await;
    client.old_gallery().await;
    let start = Instant::now();
    let mut offset = 0;
    while offset < size {
        let piece = client.run(0x101B, &[1, offset as u32, 1 << 20]).await;
        offset += piece.payload().len() as u64;
    }
    assert_eq!(offset, size);
    assert!(start.elapsed().as_secs() < 10);
    assert_eq!(server.simulator().stats().object_bytes, size);
}
