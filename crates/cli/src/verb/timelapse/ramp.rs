//! What the exposure may do to follow the light, as the flags say.

use clap::Args;
use filmwire_camera::Setting;
use filmwire_program::exit::Trouble;
use filmwire_shoot::timelapse::journal::Terms;
use filmwire_shoot::timelapse::ramp::{Dial, Limits};
use filmwire_shoot::timelapse::schedule::Schedule;

#[derive(Debug, Args)]
#[command(next_help_heading = "Exposure that follows the light")]
pub(super) struct RampArgs {
    /// Let the shutter change between these, such as 1/4000..10s
    #[arg(long, value_name = "FROM..TO")]
    ramp_shutter: Option<String>,
    /// Let the aperture change between these, such as 2.8..8
    #[arg(long, value_name = "FROM..TO")]
    ramp_aperture: Option<String>,
    /// Let the ISO change between these, such as 200..3200
    #[arg(long, value_name = "FROM..TO")]
    ramp_iso: Option<String>,
    /// How bright previews are to be, in stops from middle grey [default: 0]
    #[arg(long, value_name = "STOPS", allow_negative_numbers = true)]
    ramp_target: Option<f64>,
}

impl RampArgs {
    fn said(&self) -> [(Dial, &'static str, Option<&str>); 3] {
        [
            (Dial::Shutter, "ramp-shutter", self.ramp_shutter.as_deref()),
            (Dial::Aperture, "ramp-aperture", self.ramp_aperture.as_deref()),
            (Dial::Iso, "ramp-iso", self.ramp_iso.as_deref()),
        ]
    }

    /// What may change; `None` if nothing may.
    pub(super) fn limits(&self, schedule: &Schedule) -> Result<Option<Limits>, Trouble> {
        let mut ends = Vec::new();
        for (dial, name, said) in self.said() {
            let Some(text) = said else { continue };
            let (one, other) = range(dial, text).ok_or_else(|| {
                let text = format!("--{name} {text} names no two values");
                Trouble::usage(text, "write two, such as 1/4000..10s, 2.8..8 or 200..3200")
            })?;
            ends.push((dial, one, other));
            let slowest = [one, other].into_iter().filter_map(|bits| dial.stops(bits));
            let slowest_s = slowest.fold(f64::NEG_INFINITY, f64::max).exp2();
            if dial == Dial::Shutter && slowest_s >= schedule.interval.as_secs_f64() {
                let text = "an exposure of --ramp-shutter would last longer than --interval";
                return Err(Trouble::usage(text, "give a faster limit or a longer interval"));
            }
        }
        if ends.is_empty() && self.ramp_target.is_some() {
            let text = "--ramp-target alone lets nothing change";
            let cure = "add limits: --ramp-shutter, --ramp-aperture, --ramp-iso";
            return Err(Trouble::usage(text, cure));
        }
        if !(-5.0..=2.0).contains(&self.target()) {
            let text = "--ramp-target is beyond what a preview tells";
            return Err(Trouble::usage(text, "give -5 to 2 stops from middle grey"));
        }
        Ok((!ends.is_empty()).then_some(Limits { ends, target: self.target() }))
    }

    fn target(&self) -> f64 {
        self.ramp_target.unwrap_or(0.0)
    }

    /// What a journal must have been made with.
    pub(super) fn add_terms(&self, terms: &mut Terms) {
        let said = self.said().into_iter().filter_map(|(_, name, said)| Some((name, said?)));
        let before = terms.len();
        terms.extend(said.map(|(name, said)| (name.to_owned(), said.to_owned())));
        if terms.len() > before {
            terms.insert("ramp-target".to_owned(), self.target().to_string());
        }
    }
}

fn range(dial: Dial, text: &str) -> Option<(u32, u32)> {
    let setting = Setting::named(dial.key())?;
    let (one, other) = text.split_once("..")?;
    let bits =
        |text: &str| setting.parse(text.trim()).ok().filter(|bits| dial.stops(*bits).is_some());
    Some((bits(one)?, bits(other)?))
}
