//! Measures how fast the simulated camera serves a prepared buffer over loopback: `throughput [MIB]`.
//!
//! The client is a bare blocking loop that asks for pieces of 1 MiB and throws the bytes away.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use filmwire_codec::container::{
    ContainerHeader, HEADER_BYTES, encode_command, encode_data_header,
};
use filmwire_codec::init::{INIT_ACK_BYTES, InitRequest};
use filmwire_codec::{OperationCode, TransactionId};
use filmwire_sim::card::{Card, CardObject, GenerateSpec};
use filmwire_sim::{Persona, SimOptions, SimServer};

const PIECE: u64 = 1 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let size = std::env::args().nth(1).map_or(Ok(1024), |mib| mib.parse::<u64>())? * PIECE;
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || serve(size, &tell));
    let mut stream = TcpStream::connect(told.recv()?)?;
    stream.set_nodelay(true)?;
    open(&mut stream)?;
    let mut buffer = vec![0; PIECE as usize + 64];
    let start = Instant::now();
    for (id, offset) in (10..).zip((0..size).step_by(PIECE as usize)) {
        let params = [1, offset as u32, PIECE as u32];
        run(&mut stream, id, OperationCode::GET_PARTIAL_OBJECT, &params, None, &mut buffer)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{} MiB in {seconds:.3} s: {:.2} GB/s", size >> 20, size as f64 / seconds / 1e9);
    Ok(())
}

fn serve(size: u64, tell: &std::sync::mpsc::Sender<SocketAddr>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime needs nothing that could be missing");
    runtime.block_on(async {
        let mut card = Card::new(GenerateSpec::default());
        card.push(CardObject::pattern("100_FUJI", "DSCF0001.MOV", 1, size));
        let persona = Persona::builtin("X-A2").expect("it is built in");
        let server = SimServer::bind(SimOptions::new(persona, card)).await;
        let server = server.expect("three ports are free");
        // The measuring side ends the program.
        let _ = tell.send(server.addresses().command);
        std::future::pending::<()>().await;
    });
}

fn open(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(&InitRequest::new("throughput").encode())?;
    stream.read_exact(&mut [0; INIT_ACK_BYTES])?;
    std::thread::sleep(Duration::from_millis(60));
    let mut buffer = vec![0; 1024];
    let set = OperationCode::SET_DEVICE_PROP_VALUE;
    run(stream, 1, OperationCode::OPEN_SESSION, &[1], None, &mut buffer)?;
    run(stream, 2, set, &[0xDF01], Some(&[2, 0]), &mut buffer)?;
    run(stream, 3, set, &[0xDF22], Some(&[2, 0, 0, 0]), &mut buffer)
}

/// Runs one operation; whatever comes is read into `buffer` and forgotten.
fn run(
    stream: &mut TcpStream,
    id: u32,
    code: OperationCode,
    params: &[u32],
    data: Option<&[u8]>,
    buffer: &mut [u8],
) -> std::io::Result<()> {
    let id = TransactionId(id);
    let mut bytes = encode_command(code, id, params);
    if let Some(data) = data {
        bytes.extend(encode_data_header(code, id, data.len()));
        bytes.extend(data);
    }
    stream.write_all(&bytes)?;
    loop {
        let mut header = [0; HEADER_BYTES];
        stream.read_exact(&mut header)?;
        let header = ContainerHeader::decode(&header).map_err(std::io::Error::other)?;
        // Behind the room of a header: copies are much slower where the payload is aligned
        // otherwise than it is in the packets.
        stream.read_exact(&mut buffer[HEADER_BYTES..header.length as usize])?;
        if header.kind.0 == 3 {
            return Ok(());
        }
    }
}
