//! What the kernel tells, in files below `/sys` and `/proc`.
//!
//! Source: the kernel's documentation, `ABI/stable/sysfs-class-rfkill`, `networking/ip-sysctl`,
//! `networking/regulatory`; `/proc/net/route` by `net/ipv4/fib_trie.c`.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::Roots;

/// How long `iw` may take.
const IW_LIMIT: Duration = Duration::from_secs(3);
/// Flags of a route: it is up, it leads by way of a gateway, it leads nowhere.
const UP: u32 = 0x1;
const GATEWAY: u32 = 0x2;
const REJECT: u32 = 0x200;

/// What the kernel tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kernel {
    /// Names of all interfaces; none where no kernel tells.
    pub interfaces: Vec<String>,
    /// Those that are radios.
    pub radios: Vec<Hardware>,
    /// Switches of radios, in hardware and software.
    pub switches: Vec<Switch>,
    /// Whose rules for channels hold.
    pub domain: Option<Domain>,
    /// Ways to addresses (IPv4) of the main table.
    pub routes: Vec<Route>,
    /// How strictly senders are checked.
    pub filters: Filters,
}

/// A radio's hardware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hardware {
    /// Its interface, such as `wlan0`.
    pub interface: String,
    /// The device behind it, such as `phy0`.
    pub device: String,
    /// It is in a network, whoever joined that.
    pub is_up: bool,
}

/// A switch of radios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Of which device.
    pub device: String,
    /// Software has it off.
    pub is_soft: bool,
    /// Hardware has it off.
    pub is_hard: bool,
}

/// Whose rules for channels hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Two letters of a country; 00 for the whole world; empty if none is set.
    pub code: String,
    /// Who says so.
    pub teller: Teller,
}

/// Who tells of a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// `iw`: it holds now.
    Iw,
    /// The kernel's module: what it was loaded with. It may have been changed since.
    Module,
}

/// A way to addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// By which interface.
    pub interface: String,
    /// The first of the addresses.
    pub to: Ipv4Addr,
    /// How many bits of it count.
    pub prefix: u32,
    /// By way of whom; none for neighbours.
    pub gateway: Option<Ipv4Addr>,
    /// The smaller one is taken of two that are equal otherwise.
    pub metric: u32,
}

/// How strictly senders are checked, by interface: 0 not, 1 by the way back, 2 loosely.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters(BTreeMap<String, u8>);

impl Filters {
    /// What holds for an interface: the larger one of its own and that for all.
    #[must_use]
    pub fn of(&self, interface: &str) -> Option<u8> {
        [interface, "all"].into_iter().filter_map(|name| self.0.get(name).copied()).max()
    }
}

impl Route {
    /// Whether it leads to an address.
    #[must_use]
    pub fn leads_to(&self, address: Ipv4Addr) -> bool {
        are_neighbours(self.to, address, self.prefix)
    }
}

/// Whether two addresses are in one network of so many bits.
#[must_use]
pub fn are_neighbours(one: Ipv4Addr, other: Ipv4Addr, prefix: u32) -> bool {
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
    (u32::from(one) ^ u32::from(other)) & mask == 0
}

impl Kernel {
    pub(super) async fn read(roots: &Roots) -> Self {
        let interfaces = names(&roots.sys.join("class/net"));
        let radios = interfaces.iter().filter_map(|name| Hardware::read(&roots.sys, name));
        let switches = names(&roots.sys.join("class/rfkill"));
        Self {
            radios: radios.collect(),
            switches: switches.iter().filter_map(|name| Switch::read(&roots.sys, name)).collect(),
            domain: Domain::read(roots).await,
            routes: routes(&text(&roots.proc.join("net/route")).unwrap_or_default()),
            filters: filters(&roots.proc),
            interfaces,
        }
    }

    /// The way that is taken to an address by the main table.
    #[must_use]
    pub fn way_to(&self, address: Ipv4Addr) -> Option<&Route> {
        let routes = self.routes.iter().filter(|route| route.leads_to(address));
        routes.min_by_key(|route| (32_u32.saturating_sub(route.prefix), route.metric))
    }
}

impl Hardware {
    fn read(sys: &Path, interface: &str) -> Option<Self> {
        let folder = sys.join("class/net").join(interface);
        let device = text(&folder.join("phy80211/name"))?;
        let is_up = text(&folder.join("operstate")).is_some_and(|state| state == "up");
        Some(Self { interface: interface.to_owned(), device, is_up })
    }
}

impl Switch {
    fn read(sys: &Path, name: &str) -> Option<Self> {
        let folder = sys.join("class/rfkill").join(name);
        if text(&folder.join("type"))? != "wlan" {
            return None;
        }
        let is_set = |file: &str| text(&folder.join(file)).is_some_and(|value| value == "1");
        let device = text(&folder.join("name"))?;
        Some(Self { device, is_soft: is_set("soft"), is_hard: is_set("hard") })
    }
}

impl Domain {
    async fn read(roots: &Roots) -> Option<Self> {
        if let Some(code) = ask_iw(&roots.iw).await {
            return Some(Self { code, teller: Teller::Iw });
        }
        let code = text(&roots.sys.join("module/cfg80211/parameters/ieee80211_regdom"))?;
        Some(Self { code, teller: Teller::Module })
    }
}

async fn ask_iw(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    command.args(["reg", "get"]).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let told = timeout(IW_LIMIT, command.output()).await.ok()?.ok()?;
    domain_of(&String::from_utf8_lossy(&told.stdout))
}

/// The country of the first radio that has its own rules, else of all.
fn domain_of(told: &str) -> Option<String> {
    let mut code = None;
    let mut is_own = false;
    for line in told.lines() {
        is_own |= line.starts_with("phy#");
        let country = line.strip_prefix("country ").and_then(|rest| rest.split(':').next());
        if country.is_some() {
            code = country;
            if is_own {
                break;
            }
        }
    }
    code.map(str::to_owned)
}

/// Reads the main table. Numbers are those of the network, written as this computer's.
fn routes(table: &str) -> Vec<Route> {
    let route = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [interface, to, gateway, flags, _, _, metric, mask, ..] = fields.as_slice() else {
            return None;
        };
        let hex = |field: &str| u32::from_str_radix(field, 16).ok();
        let address = |field: &str| hex(field).map(|bits| Ipv4Addr::from(bits.to_ne_bytes()));
        let flags = hex(flags)?;
        if flags & UP == 0 || flags & REJECT != 0 {
            return None;
        }
        let gateway = address(gateway).filter(|_| flags & GATEWAY != 0);
        Some(Route {
            interface: (*interface).to_owned(),
            to: address(to)?,
            prefix: hex(mask)?.count_ones(),
            gateway,
            metric: metric.parse().ok()?,
        })
    };
    table.lines().skip(1).filter_map(route).collect()
}

fn filters(proc: &Path) -> Filters {
    let folder = proc.join("sys/net/ipv4/conf");
    let read = |name: String| {
        let value = text(&folder.join(&name).join("rp_filter"))?.parse().ok()?;
        Some((name, value))
    };
    Filters(names(&folder).into_iter().filter_map(read).collect())
}

/// Names of what is in a folder, sorted; none if it cannot be read.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

pub(super) fn text(path: &Path) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As this kernel wrote it, on a little-endian computer.
    #[cfg(target_endian = "little")]
    const TABLE: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
wlan0\t0000A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0
*\t0000FEA9\t00000000\t0201\t0\t0\t0\t0000FFFF\t0\t0\t0
";

    #[cfg(target_endian = "little")]
    #[test]
    fn the_way_that_is_taken_is_the_narrowest_and_then_the_cheapest() {
        let kernel = Kernel { routes: routes(TABLE), ..Kernel::default() };
        assert_eq!(kernel.routes.len(), 3, "one leads nowhere");
        let way = kernel.way_to(Ipv4Addr::new(192, 168, 0, 1)).unwrap();
        assert_eq!((way.interface.as_str(), way.prefix, way.gateway), ("eth0", 24, None));
        let far = kernel.way_to(Ipv4Addr::new(10, 0, 0, 1)).unwrap();
        assert_eq!(far.gateway, Some(Ipv4Addr::new(192, 0, 2, 1)));
    }

    #[test]
    fn a_radio_with_rules_of_its_own_goes_before_the_others() {
        let global = "global\ncountry 00: DFS-UNSET\n\t(2402 - 2472 @ 40), (N/A, 20), (N/A)\n";
        assert_eq!(domain_of(global).as_deref(), Some("00"));
        let own = format!("{global}\nphy#0 (self-managed)\ncountry DE: DFS-UNSET\n");
        assert_eq!(domain_of(&own).as_deref(), Some("DE"));
        assert_eq!(domain_of("nl80211 not found.\n"), None);
    }

    #[test]
    fn the_stricter_filter_holds() {
        let filters =
            |own, all| Filters([("wlan0".to_owned(), own), ("all".to_owned(), all)].into());
        assert_eq!(filters(0, 1).of("wlan0"), Some(1));
        assert_eq!(filters(2, 1).of("wlan0"), Some(2));
        assert_eq!(filters(2, 1).of("wlan1"), Some(1));
        assert_eq!(Filters::default().of("wlan0"), None);
    }

    #[tokio::test]
    async fn a_system_that_tells_nothing_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Kernel::read(&Roots::under(folder.path())).await, Kernel::default());
    }
}
