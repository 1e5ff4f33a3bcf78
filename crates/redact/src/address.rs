//! Stand-ins for addresses: the same for the same address, out of ranges kept for documentation.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Addresses that get a stand-in of their own; of more, all share the last one.
const MOST_ADDRESSES: u32 = 60_000;
/// Networks kept for measurements (RFC 2544), 198.18.0.0/15.
const FIRST: u32 = 0xC612_0000;
/// Network kept for documentation (RFC 3849), 2001:db8::/32.
const FIRST_6: u128 = 0x2001_0DB8 << 96;

/// Which address stands for which.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    known: HashMap<IpAddr, u32>,
    next: u32,
}

impl Addresses {
    /// How many addresses have a stand-in.
    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn stand_in(&mut self, real: IpAddr) -> IpAddr {
        let known = self.known.get(&real).copied();
        let number = known.unwrap_or_else(|| {
            self.next = (self.next + 1).min(MOST_ADDRESSES);
            // Nobody stands for itself.
            if of(real, self.next) == real {
                self.next += 1;
            }
            if self.known.len() < MOST_ADDRESSES as usize {
                self.known.insert(real, self.next);
            }
            self.next
        });
        of(real, number)
    }

    pub(crate) fn socket(&mut self, real: SocketAddr) -> SocketAddr {
        SocketAddr::new(self.stand_in(real.ip()), real.port())
    }
}

fn of(real: IpAddr, number: u32) -> IpAddr {
    match real {
        IpAddr::V4(_) => Ipv4Addr::from_bits(FIRST + number).into(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(FIRST_6 + u128::from(number)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_has_the_same_stand_in_and_no_address_its_own() {
        let mut addresses = Addresses::default();
        let real = [Ipv4Addr::new(192, 168, 0, 1), Ipv4Addr::new(10, 0, 0, 7)].map(IpAddr::V4);
        let [one, two] = real.map(|real| addresses.stand_in(real));
        assert_ne!(one, two);
        assert_eq!((addresses.stand_in(real[0]), addresses.count()), (one, 2));
        let third = IpAddr::V4(Ipv4Addr::from_bits(FIRST + 3));
        assert_ne!(addresses.stand_in(third), third);
        let six: IpAddr = Ipv6Addr::LOCALHOST.into();
        assert!(matches!(addresses.stand_in(six), IpAddr::V6(_)));
    }
}
