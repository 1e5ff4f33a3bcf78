//! Who is behind an address: the hardware address of a neighbour on the network.

use std::net::IpAddr;

use crate::network::Address;

/// Where Linux lists its neighbours.
const TABLE: &str = "/proc/net/arp";
/// Flag of an entry that was answered.
const COMPLETE: u32 = 2;

/// The hardware address of the camera at `address`, as `a0:b1:c2:d3:e4:f5`, once packets were
/// exchanged with it.
///
/// `None` where the system does not tell: on loopback, behind a router, for names, and on systems
/// other than Linux. A camera's own network has it one hop away.
pub fn hardware_address(address: &Address) -> Option<String> {
    hardware_address_of(address.host.parse().ok()?, address.interface.as_deref())
}

/// The same by IP address.
pub(crate) fn hardware_address_of(ip: IpAddr, interface: Option<&str>) -> Option<String> {
    in_table(&std::fs::read_to_string(TABLE).ok()?, ip, interface)
}

fn in_table(table: &str, ip: IpAddr, interface: Option<&str>) -> Option<String> {
    // IP address, HW type, flags, HW address, mask, device.
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let &[found, _, flags, hardware, _, device] = fields.as_slice() else { return None };
        let flags = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?;
        let matches = found.parse() == Ok(ip)
            && interface.is_none_or(|interface| interface == device)
            && flags & COMPLETE != 0
            && hardware != "00:00:00:00:00:00";
        matches.then(|| hardware.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: &str = "\
IP address       HW type     Flags       HW address            Mask     Device
192.168.0.1      0x1         0x2         A0:B1:C2:D3:E4:F5     *        wlan0
192.168.0.1      0x1         0x2         a0:b1:c2:00:00:02     *        wlan1
192.168.0.9      0x1         0x0         00:00:00:00:00:00     *        wlan0
";

    #[test]
    fn a_neighbour_is_found_by_address_and_interface() {
        let find = |ip: &str, interface| in_table(SEEN, ip.parse().unwrap(), interface);
        assert_eq!(find("192.168.0.1", None).as_deref(), Some("a0:b1:c2:d3:e4:f5"));
        assert_eq!(find("192.168.0.1", Some("wlan1")).as_deref(), Some("a0:b1:c2:00:00:02"));
        assert_eq!(find("192.168.0.1", Some("eth0")), None);
        assert_eq!(find("192.168.0.9", None), None, "it never answered");
        assert_eq!(find("127.0.0.1", None), None);
        assert_eq!(in_table("garbage", "127.0.0.1".parse().unwrap(), None), None);
    }
}
