//! The simulated camera as clients meet it: bytes on a stream, in simulated time.

#![allow(unreachable_pub)] // The modules of a test are nobody's library.

mod capture;
mod faults;
mod guarded;
mod hostile;
mod light;
mod link;
mod live_view;
mod logs;
mod movie;
mod newer;
mod odd;
mod personas;
mod picked;
mod policies;
mod receive;
mod remote;
mod server;
mod setting;
mod standard;
mod support;
mod trip;
mod usb;
mod walk;
mod x_a2;
