//! The program as a user meets it: real runs against `filmwire sim`, each within a time limit.

mod air;
mod body;
mod camera;
mod catalogue;
mod decode;
mod doctor;
mod document;
mod exit_code;
mod geotag;
mod help;
mod interrupt;
mod link;
mod live;
mod live_relay;
mod movie;
mod profile;
mod program;
mod proxy;
mod receive;
mod schema;
mod settings;
mod shoot;
mod sync;
mod timelapse;
mod verb;
mod watch;
