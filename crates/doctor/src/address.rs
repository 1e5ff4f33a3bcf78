//! The first step: is there such an address at all?

use std::net::IpAddr;
use std::path::Path;

use filmwire_camera::Address;

/// What was seen and the address in numbers, or cause and cure; `sys` is where Linux tells.
pub(crate) async fn check(
    address: &Address,
    sys: &Path,
) -> Result<(String, IpAddr), (String, String)> {
    if let Some(interface) = &address.interface {
        check_interface(interface, &sys.join("class/net"))?;
    }
    let host = address.host.as_str();
    if let Ok(ip) = host.parse() {
        return Ok((address.to_string(), ip));
    }
    let failed = |cause: String| {
        let cure = "write the address in numbers, such as 192.168.0.1, or one of the names in the \
                    configuration";
        (cause, cure.to_owned())
    };
    let mut found = tokio::net::lookup_host((host, address.port))
        .await
        .map_err(|error| failed(format!("the name {host} cannot be looked up: {error}")))?;
    let found = found.next().ok_or_else(|| failed(format!("the name {host} has no address")))?;
    Ok((format!("{host} is {found}"), found.ip()))
}

fn check_interface(interface: &str, interfaces: &Path) -> Result<(), (String, String)> {
    // Elsewhere than on Linux the connection itself says what is wrong.
    if !interfaces.is_dir() || interfaces.join(interface).exists() {
        return Ok(());
    }
    let names: Vec<_> = std::fs::read_dir(interfaces)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let cause = format!("there is no network interface {interface}");
    Err((cause, format!("this computer has: {}", names.join(", "))))
}
