//! Settings: flags beat the environment, the environment beats one file, the file beats defaults.

mod file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use filmwire_camera::Address;
use filmwire_camera::quirk::Way;
use filmwire_ingest::{Kind, Template};

use filmwire_program::exit::Trouble;
use filmwire_program::file::{CameraEntry, check_client_name};
use filmwire_program::places::{ConfigName, Places};

use file::FileConfig;

/// What the tool's configuration is called.
const CONFIG: ConfigName = ConfigName { variable: "FILMWIRE_CONFIG", file: "filmwire.toml" };

/// Settings that flags can change.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SettingFlags {
    /// The folder of the library [env: FILMWIRE_TO] [default: filmwire in your pictures folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// How files are named in the library: {name} {stem} {ext} {model} {camera} {date:%Y-%m-%d}
    /// [env: FILMWIRE_NAME_TEMPLATE] [default: {date:%Y}/{date:%Y-%m-%d}/{name}]
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) name_template: Option<String>,
    /// What the camera shows and stores as our name [env: FILMWIRE_CLIENT_NAME]
    /// [default: filmwire]
    #[arg(long, value_name = "NAME")]
    pub(crate) client_name: Option<String>,
    /// Only these kinds of files: jpg, mov, raf [env: FILMWIRE_ONLY]
    #[arg(long, value_name = "KIND,..", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// The configuration file.
    File,
    /// Nobody said anything.
    Default,
}

impl Source {
    /// The word in reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it comes from.
    pub(crate) source: Source,
}

/// The camera meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CameraChoice {
    /// Where it is.
    pub(crate) address: Address,
    /// Its name in the configuration, if it was chosen by that.
    pub(crate) name: Option<String>,
    /// What tells its photos from those of other cameras.
    pub(crate) key: Option<String>,
    /// The way to its gallery, where its own words mislead.
    pub(crate) way: Option<Way>,
}

/// All settings, read and checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The file they come from.
    pub(crate) file: Option<PathBuf>,
    /// The camera meant.
    pub(crate) camera: Setting<CameraChoice>,
    /// The folder of the library; `None` if there is no home folder to put one in.
    pub(crate) to: Setting<Option<PathBuf>>,
    /// The id the library must have.
    pub(crate) library_id: Setting<Option<String>>,
    /// How files are named, as text.
    pub(crate) name_template: Setting<String>,
    /// The same, read.
    pub(crate) template: Template,
    /// What the camera shows.
    pub(crate) client_name: Setting<String>,
    /// Which kinds of files; empty means all.
    pub(crate) only: Setting<Vec<Kind>>,
    /// The same, as text.
    pub(crate) only_words: Vec<String>,
    /// Cameras with names.
    pub(crate) cameras: BTreeMap<String, CameraEntry>,
}

/// What the settings are made from.
pub(crate) struct Asked<'a> {
    /// `--config`.
    pub(crate) config: Option<&'a Path>,
    /// `--camera`.
    pub(crate) camera: Option<&'a str>,
    /// `--way`.
    pub(crate) way: Option<Way>,
    /// Other flags.
    pub(crate) flags: &'a SettingFlags,
    /// The environment and the folders it names.
    pub(crate) places: &'a Places,
}

impl Config {
    /// Finds and reads the file, and puts all sources together.
    ///
    /// Fails with [`Trouble::Usage`], naming file, line and column where a file is to blame.
    pub(crate) fn load(asked: &Asked<'_>) -> Result<Self, Trouble> {
        let (places, flags) = (asked.places, asked.flags);
        let path = places.find(asked.config, CONFIG)?;
        let file = path.as_deref().map(FileConfig::read).transpose()?.unwrap_or_default();
        let camera = pick(
            asked.camera.map(str::to_owned),
            places.variable("FILMWIRE_CAMERA")?,
            file.camera.as_ref().map(|camera| camera.as_ref().clone()),
        );
        let to = library(asked, &file, path.as_deref().and_then(Path::parent))?;
        let library_id = library_id(places, &file, &to)?;
        let (name_template, template) = name_template(asked, &file)?;
        let client_name = pick(
            flags.client_name.clone(),
            places.variable("FILMWIRE_CLIENT_NAME")?,
            file.client_name.clone(),
        )
        .unwrap_or_else(|| default("filmwire".to_owned()));
        check_client_name(&client_name.value)
            .map_err(|text| Trouble::usage(text, "choose 1 to 26 characters"))?;
        let (only, only_words) = only(asked, &file)?;
        Ok(Self {
            camera: choose_way(choose_camera(camera, &file)?, asked)?,
            file: path,
            to,
            library_id,
            name_template,
            template,
            client_name,
            only,
            only_words,
            cameras: file.cameras,
        })
    }
}

fn library(
    asked: &Asked<'_>,
    file: &FileConfig,
    folder: Option<&Path>,
) -> Result<Setting<Option<PathBuf>>, Trouble> {
    let to = pick(
        asked.flags.to.clone(),
        asked.places.variable("FILMWIRE_TO")?.map(PathBuf::from),
        file.to.as_deref().map(|to| asked.places.expand(to, folder)),
    );
    Ok(match to {
        Some(Setting { value, source }) => Setting { value: Some(value), source },
        None => default(asked.places.default_library()),
    })
}

/// An id in the file pins the library of the file, not one chosen elsewhere.
fn library_id(
    places: &Places,
    file: &FileConfig,
    to: &Setting<Option<PathBuf>>,
) -> Result<Setting<Option<String>>, Trouble> {
    let of_file = file.library_id.clone().filter(|_| to.source == Source::File);
    Ok(match pick(None, places.variable("FILMWIRE_LIBRARY_ID")?, of_file) {
        Some(Setting { value, source }) => Setting { value: Some(value), source },
        None => default(None),
    })
}

fn name_template(
    asked: &Asked<'_>,
    file: &FileConfig,
) -> Result<(Setting<String>, Template), Trouble> {
    let text = pick(
        asked.flags.name_template.clone(),
        asked.places.variable("FILMWIRE_NAME_TEMPLATE")?,
        file.name_template.clone(),
    )
    .unwrap_or_else(|| default("{date:%Y}/{date:%Y-%m-%d}/{name}".to_owned()));
    let template = text.value.parse().map_err(|error| {
        let source = text.source.word();
        Trouble::usage(format!("{error} (from: {source})"), "see `filmwire sync --help`")
    })?;
    Ok((text, template))
}

type Only = (Setting<Vec<Kind>>, Vec<String>);

fn only(asked: &Asked<'_>, file: &FileConfig) -> Result<Only, Trouble> {
    let list = |text: String| text.split(',').map(|kind| kind.trim().to_owned()).collect();
    let words = pick(
        Some(asked.flags.only.clone()).filter(|only| !only.is_empty()),
        asked.places.variable("FILMWIRE_ONLY")?.map(list),
        file.only.as_ref().map(|words| words.iter().map(|word| word.as_ref().clone()).collect()),
    )
    .unwrap_or_else(|| default(Vec::new()));
    let kinds: Result<_, _> = words.value.iter().map(|word| word.parse::<Kind>()).collect();
    let value = kinds.map_err(|text: String| Trouble::usage(text, "write --only jpg,mov"))?;
    Ok((Setting { value, source: words.source }, words.value))
}

impl Config {
    /// The folder of the library. Fails with [`Trouble::Usage`] if nothing names one.
    pub(crate) fn library(&self) -> Result<&Path, Trouble> {
        self.to.value.as_deref().ok_or_else(|| {
            Trouble::usage("there is no home folder to put photos in", "name a folder with --to")
        })
    }

    /// A warning if the camera meant looks like a misspelt name from the configuration.
    pub(crate) fn doubt(&self) -> Option<String> {
        let CameraChoice { address, name: None, .. } = &self.camera.value else { return None };
        let host = address.host.as_str();
        let is_word = !host.contains(|c: char| c == '.' || c == ':' || c.is_ascii_digit());
        let (file, is_plain) = (self.file.as_ref()?, address.interface.is_none());
        if self.cameras.is_empty() || !is_word || !is_plain || host == "localhost" {
            return None;
        }
        Some(format!("no camera {host:?} in {}; taken as a host name", file.display()))
    }

    /// The settings of the flags alone, without environment and file.
    pub(crate) fn of_flags(flags: &SettingFlags) -> Result<Self, Trouble> {
        let places = Places::none();
        Self::load(&Asked { config: None, camera: None, way: None, flags, places: &places })
    }
}

fn default<T>(value: T) -> Setting<T> {
    Setting { value, source: Source::Default }
}

/// The first that is there wins.
fn pick<T>(flag: Option<T>, environment: Option<T>, file: Option<T>) -> Option<Setting<T>> {
    let with = |source| move |value| Setting { value, source };
    flag.map(with(Source::Flag))
        .or_else(|| environment.map(with(Source::Environment)))
        .or_else(|| file.map(with(Source::File)))
}

/// A configured name goes before an address: names are chosen by the person.
fn choose_camera(
    text: Option<Setting<String>>,
    file: &FileConfig,
) -> Result<Setting<CameraChoice>, Trouble> {
    let Some(Setting { value: text, source }) = text else {
        return Ok(default(CameraChoice {
            address: Address::default(),
            name: None,
            key: None,
            way: None,
        }));
    };
    let value = match file.cameras.get(&text) {
        Some(entry) => CameraChoice {
            address: entry.address.clone(),
            key: Some(entry.key.clone().unwrap_or_else(|| text.clone())),
            way: entry.way,
            name: Some(text),
        },
        None => {
            let address = text.parse().map_err(|error| {
                let known: Vec<_> = file.cameras.keys().map(String::as_str).collect();
                let cure = match known.is_empty() {
                    true => "write an address such as 192.168.0.1, or 192.168.0.1%wlan0".into(),
                    false => format!("write an address, or one of: {}", known.join(", ")),
                };
                Trouble::usage(format!("{error} (from: {})", source.word()), cure)
            })?;
            CameraChoice { address, name: None, key: None, way: None }
        }
    };
    Ok(Setting { value, source })
}

/// The command line and the environment beat what stands beside the camera's name.
fn choose_way(
    mut camera: Setting<CameraChoice>,
    asked: &Asked<'_>,
) -> Result<Setting<CameraChoice>, Trouble> {
    let text = asked.places.variable("FILMWIRE_WAY")?;
    let said = text.map(|text| text.parse::<Way>()).transpose();
    let said = said.map_err(|text| Trouble::usage(text, "set FILMWIRE_WAY to one of them"))?;
    camera.value.way = asked.way.or(said).or(camera.value.way);
    Ok(camera)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(
        config: Option<&str>,
        environment: &[(&str, &str)],
        camera: Option<&str>,
        flags: &SettingFlags,
    ) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("filmwire.toml");
        if let Some(text) = config {
            std::fs::write(&path, text).unwrap();
        }
        let places = Places::made_up(folder.path(), environment);
        let config = config.map(|_| path.as_path());
        let asked = Asked { config, camera, way: None, flags, places: &places };
        Config::load(&asked).map_err(|error| error.to_string())
    }

    const FILE: &str = "camera = \"studio\"\nto = \"photos\"\nclient_name = \"file\"\n\
        [cameras.studio]\naddress = \"10.0.0.9:1000%wlan1\"\n";

    #[test]
    fn flags_beat_environment_beats_file_beats_default() {
        let flags = SettingFlags { client_name: Some("flag".into()), ..SettingFlags::default() };
        let none = SettingFlags::default();
        let env = [("FILMWIRE_CLIENT_NAME", "env")];
        let name = |config, env: &[_], flags: &_| {
            let setting = load(config, env, None, flags).unwrap().client_name;
            (setting.value, setting.source.word())
        };
        assert_eq!(name(Some(FILE), &env, &flags), ("flag".into(), "flag"));
        assert_eq!(name(Some(FILE), &env, &none), ("env".into(), "environment"));
        assert_eq!(name(Some(FILE), &[], &none), ("file".into(), "file"));
        assert_eq!(name(None, &[], &none), ("filmwire".into(), "default"));
    }

    #[test]
    fn a_configured_name_stands_for_address_and_key() {
        let config = load(Some(FILE), &[], None, &SettingFlags::default()).unwrap();
        assert_eq!(config.camera.value.address.to_string(), "10.0.0.9:1000%wlan1");
        assert_eq!(config.camera.value.key.as_deref(), Some("studio"));
        let config = load(Some(FILE), &[], Some("10.1.1.1"), &SettingFlags::default()).unwrap();
        assert_eq!((config.camera.value.key, config.camera.source), (None, Source::Flag));
    }

    #[test]
    fn the_way_stands_beside_the_camera_and_the_environment_beats_it() {
        let none = SettingFlags::default();
        let file = format!("{FILE}way = \"newer\"\n");
        let way = |env: &[_]| load(Some(&file), env, None, &none).map(|c| c.camera.value.way);
        assert_eq!(way(&[]), Ok(Some(Way::Newer)));
        assert_eq!(way(&[("FILMWIRE_WAY", "view")]), Ok(Some(Way::View)));
        assert!(way(&[("FILMWIRE_WAY", "sideways")]).is_err());
        assert_eq!(load(None, &[], None, &none).unwrap().camera.value.way, None);
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let none = SettingFlags::default();
        assert!(load(None, &[("FILMWIRE_CAMERA", "a b")], None, &none).is_err());
        assert!(load(None, &[("FILMWIRE_ONLY", "jpg,exe")], None, &none).is_err());
        assert!(load(None, &[("FILMWIRE_CLIENT_NAME", &"x".repeat(27))], None, &none).is_err());
        assert!(load(None, &[("FILMWIRE_NAME_TEMPLATE", "{nme}")], None, &none).is_err());
        assert!(load(None, &[("FILMWIRE_CONFIG", "/nowhere/at/all")], None, &none).is_err());
    }

    #[test]
    fn a_word_that_is_no_configured_name_is_doubted() {
        let doubt = |config, camera| {
            load(config, &[], Some(camera), &SettingFlags::default()).unwrap().doubt()
        };
        let text = doubt(Some(FILE), "studoi").unwrap();
        assert!(text.contains("\"studoi\"") && text.ends_with("taken as a host name"), "{text}");
        for good in ["studio", "10.0.0.1", "camera.lan", "localhost", "fe80::1", "studoi%wlan0"] {
            assert_eq!(doubt(Some(FILE), good), None, "{good}");
        }
        assert_eq!(doubt(None, "studoi"), None);
    }

    #[test]
    fn an_id_pins_the_library_it_stands_beside() {
        let file = "to = \"/srv/photos\"\nlibrary_id = \"0123456789abcdef0123456789abcdef\"\n";
        let config = load(Some(file), &[], None, &SettingFlags::default()).unwrap();
        assert!(config.library_id.value.is_some());
        let flags = SettingFlags { to: Some("elsewhere".into()), ..SettingFlags::default() };
        assert!(load(Some(file), &[], None, &flags).unwrap().library_id.value.is_none());
    }
}
