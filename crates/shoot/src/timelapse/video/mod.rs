//! A timelapse's film: its pictures in order, turned upright, cut, evened out, encoded.
//!
//! 1. [`pictures::find`] lists a folder's JPEGs and looks at the head of each.
//! 2. [`course::Course`] is what a journal knows of them, where it fits.
//! 3. [`deflicker::gains`] tells how much brighter each is to be; [`tone`] makes it so.
//! 4. [`ffmpeg::Encoder`] takes picture after picture; without that program, [`avi::Avi`] does.
//!
//! One picture is in memory at a time.

pub mod avi;
pub mod course;
pub mod deflicker;
pub mod ffmpeg;
pub mod geometry;
pub mod jpeg;
pub mod pictures;
pub mod rate;
pub mod tone;
