//! Serves a simulated camera on 127.0.0.1 until Ctrl-C: `serve PERSONA [PORT] [key=value ..]`.
//!
//! With `FILMWIRE_ALLOW=settings,shoot` the client may do more than read; `FILMWIRE_CARD=DIR` puts
//! a folder of real files into the camera.

use std::net::SocketAddr;

use filmwire_sim::card::{Card, GenerateSpec};
use filmwire_sim::{Allow, Persona, SimOptions, SimServer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut persona = Persona::builtin(&args.next().unwrap_or_else(|| "X-T4".into()))?;
    let port: u16 = args.next().map_or(Ok(0), |text| text.parse())?;
    for switch in args {
        let (key, value) = switch.split_once('=').ok_or("switches are key=value")?;
        persona.set(key, value)?;
    }
    let mut allow = Allow::default();
    for word in std::env::var("FILMWIRE_ALLOW").unwrap_or_default().split(',') {
        allow.add(word);
    }
    let generated = GenerateSpec { photos: 12, films: 1, ..GenerateSpec::default() };
    let card = match std::env::var_os("FILMWIRE_CARD") {
        Some(folder) => Card::from_dir(folder.as_ref())?,
        None => Card::generated(&generated),
    };
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    let server =
        SimServer::bind(SimOptions { listen, allow, ..SimOptions::new(persona, card) }).await?;
    server.simulator().journal_to(std::io::stderr());
    println!("listening on {:?}", server.addresses());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
