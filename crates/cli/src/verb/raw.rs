//! `raw`: one operation, as hex.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use filmwire_camera::{Allow, Camera, Departures, Options, TcpNetwork};
use filmwire_codec::operation::OpenSession;
use filmwire_codec::{DataDirection, OperationCode, ResponseCode, SessionId};
use serde_json::json;

use crate::config::SettingFlags;
use crate::context::Context;
use filmwire_program::exit::{Exit, Trouble};
use filmwire_program::output::text;

/// Run one operation and show its data as hex
///
/// Without --may-change-the-camera only reading operations pass. Operations that format, reset or
/// send firmware never pass.
#[derive(Debug, Args)]
#[command(after_help = "Example: filmwire raw 0x1015 0xD212   (GetDevicePropValue, state list)")]
pub(crate) struct RawArgs {
    /// The operation's code, such as 0x1015 or 4117
    #[arg(value_name = "CODE", value_parser = code)]
    code: u16,
    /// Up to five parameters
    #[arg(value_name = "PARAM", value_parser = number, num_args = 0..=5)]
    params: Vec<u32>,
    /// Bytes of the data phase to the camera, as hex
    #[arg(long, value_name = "HEX", value_parser = parse_hex)]
    data: Option<Bytes>,
    /// Pass operations that may change settings, shoot or delete. I know what I do
    #[arg(long)]
    may_change_the_camera: bool,
    /// Only register and open a session, without opening the gallery
    #[arg(long)]
    bare: bool,
}

/// Bytes of the command line; a type of its own, since clap takes a `Vec` for a list.
#[derive(Debug, Clone)]
struct Bytes(Vec<u8>);

/// Longest answer that is kept.
const MOST_BYTES: usize = 64 << 20;

/// Runs the verb.
pub(crate) async fn run(args: &RawArgs, context: &Context<'_>) -> Result<Exit> {
    let config = context.config(&SettingFlags::default())?;
    let allow = Allow { raw: args.may_change_the_camera, ..Allow::default() };
    let code = OperationCode(args.code);
    if !allow.passes(code, &args.params) {
        let cure = match (Allow { raw: true, ..Allow::default() }).passes(code, &args.params) {
            true => "say --may-change-the-camera if you know what it does",
            false => "this one is never offered",
        };
        let text = format!("{code} is no reading operation");
        return Err(Trouble::usage(text, cure).into());
    }
    if args.data.is_some() && !takes_data(code) {
        let text = format!("{code} sends no data to the camera");
        return Err(Trouble::usage(text, "leave --data out").into());
    }
    let options = Options { allow, ..context.options(&config) };
    let network = TcpNetwork::new(config.camera.value.address.clone());
    let camera = open(network, options, args.bare, context.departures).await?;
    let data = args.data.clone().map(|Bytes(bytes)| bytes);
    let (data, response) = camera.raw(code, &args.params, data, MOST_BYTES).await?;
    camera.leave().await;
    let params: Vec<_> = response.params.iter().map(|param| format!("{param:#X}")).collect();
    if !context.out.is_json() {
        hex_dump(&data).lines().try_for_each(|line| context.out.data(line))?;
        let line = format!("{} {}", response.code, params.join(" "));
        context.out.data(line.trim_end())?;
    }
    context.out.json(
        "response",
        json!({
            "operation": format!("{:#06X}", code.0),
            "response": format!("{:#06X}", response.code.0),
            "response_name": response.code.name(),
            "params": response.params,
            "data": text::hex(&data),
        }),
    )?;
    Ok(if response.code == ResponseCode::OK { Exit::Done } else { Exit::Refused })
}

/// False where the camera would take the data for the next command. Unknown operations may.
fn takes_data(code: OperationCode) -> bool {
    matches!(code.data_direction(), None | Some(DataDirection::Out))
}

async fn open(
    network: TcpNetwork,
    options: Options,
    bare: bool,
    departures: &Departures,
) -> Result<Camera> {
    if !bare {
        return Ok(Camera::connect_watched(network, options, departures).await?);
    }
    let camera = Camera::register(network, options, departures).await?.into_camera();
    camera.run(&OpenSession(SessionId(1)), 0).await?;
    Ok(camera)
}

fn code(text: &str) -> Result<u16, String> {
    number(text)?.try_into().map_err(|_| "codes have 16 bits".to_owned())
}

fn number(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "write a number such as 0x1015 or 4117".to_owned())
}

fn parse_hex(text: &str) -> Result<Bytes, String> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()
        .ok_or_else(|| "hex has the digits 0 to 9 and A to F".to_owned())?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("hex has two digits a byte".to_owned());
    }
    Ok(Bytes(pairs.iter().map(|[high, low]| high << 4 | low).collect()))
}

/// Sixteen bytes a line: offset, hex, text.
fn hex_dump(data: &[u8]) -> String {
    let mut dump = String::new();
    for (line, bytes) in data.chunks(16).enumerate() {
        let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        let text: String = bytes
            .iter()
            .map(|&byte| if (0x20..0x7F).contains(&byte) { char::from(byte) } else { '.' })
            .collect();
        // Writing to a String cannot fail.
        let _ = writeln!(dump, "{:08X}  {:<47}  {text}", line * 16, hex.join(" "));
    }
    dump
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_data_are_read() {
        assert_eq!(code("0x1015"), Ok(0x1015));
        assert_eq!(code("4117"), Ok(0x1015));
        assert!(code("0x11015").is_err());
        assert_eq!(parse_hex("05 00aB").unwrap().0, [5, 0, 0xAB]);
        assert!(parse_hex("5").is_err() && parse_hex("xy").is_err());
    }

    #[test]
    fn the_dump_shows_offset_hex_and_text() {
        let dump = hex_dump(b"0123456789ABCDEF\x00A");
        let lines: Vec<_> = dump.lines().collect();
        assert!(lines[0].starts_with("00000000  30 31") && lines[0].ends_with("0123456789ABCDEF"));
        assert!(lines[1].starts_with("00000010  00 41  ") && lines[1].ends_with(".A"));
    }
}
