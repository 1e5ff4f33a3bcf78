//! The landscape: a lake between hills, a sun that follows the clock, clouds that drift and a boat
//! that crosses from photo to photo.
//!
//! Everything is a function of fractions of the picture, so that a thumbnail shows what the full
//! picture shows. Expensive terms are tabled per displayed column and row; a pixel only combines.

use super::font::glyph;
use super::random::{Random, mix};
use super::stamp::Stamp;

type Colour = [f32; 3];

/// Where the far shore meets the water, as a fraction of the height from the top.
const HORIZON: f32 = 0.60;
const CLOUD_COLUMNS: usize = 96;
const CLOUD_ROWS: usize = 48;

/// Hour, sky at the top, sky at the horizon. Between two rows the colours are blended.
const SKY: [(f32, Colour, Colour); 8] = [
    (0.0, [8.0, 12.0, 32.0], [18.0, 24.0, 48.0]),
    (5.0, [22.0, 32.0, 74.0], [120.0, 84.0, 96.0]),
    (6.5, [70.0, 104.0, 164.0], [250.0, 176.0, 120.0]),
    (9.0, [62.0, 124.0, 204.0], [196.0, 220.0, 236.0]),
    (15.0, [50.0, 112.0, 200.0], [186.0, 214.0, 236.0]),
    (18.5, [66.0, 92.0, 160.0], [250.0, 190.0, 118.0]),
    (20.5, [28.0, 30.0, 78.0], [186.0, 84.0, 74.0]),
    (24.0, [8.0, 12.0, 32.0], [18.0, 24.0, 48.0]),
];

/// One moment of the landscape.
pub(crate) struct Scene {
    seed: u64,
    /// Position in the series, with fractions for the frames of a film.
    moment: f32,
    hour: f32,
}

/// How a moment is put into pixels.
pub(crate) struct Canvas<'a> {
    /// Stored size: the sensor's orientation.
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Exif orientation, 1 or 8; with 8 the stored picture lies on its side.
    pub(crate) orientation: u16,
    /// Standard deviation of the film grain, in levels of 0 to 255.
    pub(crate) grain: f32,
    /// Text in the lower left corner; empty for none.
    pub(crate) label: &'a str,
}

impl Scene {
    pub(crate) fn new(seed: u64, moment: f32, capture: Stamp) -> Self {
        let hour = f32::from(capture.hour) + f32::from(capture.minute) / 60.0;
        Self { seed, moment, hour }
    }

    /// Draws the stored picture: rows of red, green, blue.
    pub(crate) fn render(&self, canvas: &Canvas<'_>) -> Vec<u8> {
        let Canvas { width, height, .. } = *canvas;
        let turned = canvas.orientation == 8;
        let (columns, rows) = if turned { (height, width) } else { (width, height) };
        let tables = Tables::new(self, columns, rows);
        let mut out = vec![0; width * height * 3];
        let grain_scale = canvas.grain / 148.0;
        for (y, line) in out.chunks_exact_mut(width * 3).enumerate() {
            let mut noise = mix(self.seed ^ (self.moment.to_bits() as u64) << 32 ^ y as u64) | 1;
            for (x, pixel) in line.chunks_exact_mut(3).enumerate() {
                // Orientation 8: the first stored row is the left side, the first column the
                // bottom of what one sees (Exif 2.32, Orientation).
                let (u, v) = if turned { (y, width - 1 - x) } else { (x, y) };
                let colour = tables.pixel(u, v);
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                let grain = (four_bytes(noise) - 510.0) * grain_scale;
                // The cast cuts to 0..=255.
                pixel.copy_from_slice(&colour.map(|channel| (channel + grain + 0.5) as u8));
            }
        }
        draw_label(&mut out, canvas, columns, rows);
        out
    }

    /// A number for what has to differ from moment to moment but needs no picture.
    pub(crate) fn shade(&self) -> u64 {
        mix(self.seed ^ u64::from(self.moment.to_bits()))
    }

    fn sky(&self) -> (Colour, Colour) {
        let after = SKY.iter().position(|row| row.0 > self.hour).unwrap_or(SKY.len() - 1).max(1);
        let (early, late) = (SKY[after - 1], SKY[after]);
        let share = ((self.hour - early.0) / (late.0 - early.0)).clamp(0.0, 1.0);
        (blend(early.1, late.1, share), blend(early.2, late.2, share))
    }

    /// How bright the day is: 0 at night, 1 at noon.
    fn light(&self) -> f32 {
        (((self.hour - 5.0) / 16.0 * std::f32::consts::PI).sin() * 1.6).clamp(0.12, 1.0)
    }

    fn sun(&self) -> (f32, f32) {
        let day = (self.hour - 6.0) / 14.0;
        (0.08 + 0.84 * day, HORIZON - 0.02 - 0.5 * (day * std::f32::consts::PI).sin())
    }
}

/// A number of 0 to 1020, roughly bell-shaped around 510, deviation 148.
fn four_bytes(noise: u64) -> f32 {
    let bytes = (noise >> 16) as u32;
    let pairs = (bytes & 0x00FF_00FF) + ((bytes >> 8) & 0x00FF_00FF);
    ((pairs & 0xFFFF) + (pairs >> 16)) as f32
}

fn blend(a: Colour, b: Colour, share: f32) -> Colour {
    [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * share)
}

/// What only depends on the column, only on the row, or on a coarse grid.
struct Tables {
    columns: Vec<Column>,
    rows: Vec<Row>,
    clouds: Vec<f32>,
    sun: (f32, f32),
    sun_colour: Colour,
    cloud_colour: Colour,
    aspect: f32,
    boat: f32,
}

struct Column {
    u: f32,
    /// Upper edges of the far hills, the near hills and their trees.
    far: f32,
    near: f32,
    far_colour: Colour,
    near_colour: Colour,
    cloud: (usize, f32),
    /// How strongly the water mirrors the sun here.
    glitter: f32,
    wave: f32,
}

struct Row {
    v: f32,
    base: Colour,
    cloud: (usize, f32),
    /// Fades the clouds towards the horizon.
    cloud_share: f32,
    wave: f32,
    wave_size: f32,
}

impl Tables {
    fn new(scene: &Scene, columns: usize, rows: usize) -> Self {
        let (top, low) = scene.sky();
        let light = scene.light();
        let sun = scene.sun();
        let mut random = Random::new(scene.seed, 11);
        let phases: [f32; 6] = std::array::from_fn(|_| random.unit() * std::f32::consts::TAU);
        let hills = Hills { scene, phases, low, light };
        let boat = (random.unit() + scene.moment * 0.043).fract() * 1.1 - 0.05;
        Self {
            columns: (0..columns)
                .map(|x| hills.column((x as f32 + 0.5) / columns as f32, sun.0))
                .collect(),
            rows: (0..rows)
                .map(|y| row((y as f32 + 0.5) / rows as f32, top, low, light, scene.moment))
                .collect(),
            clouds: clouds(scene),
            sun,
            sun_colour: blend([255.0, 150.0, 70.0], [255.0, 250.0, 226.0], light),
            cloud_colour: blend(low, [250.0, 250.0, 252.0], 0.65 * light),
            aspect: columns as f32 / rows as f32,
            boat,
        }
    }

    fn pixel(&self, x: usize, y: usize) -> Colour {
        let (column, row) = (&self.columns[x], &self.rows[y]);
        if row.v >= HORIZON {
            return self.water(column, row);
        }
        if row.v >= column.near {
            return column.near_colour;
        }
        if row.v >= column.far {
            let haze = (row.v - column.far) * 2.2;
            return blend(column.far_colour, row.base, haze.min(0.6));
        }
        self.sky(column, row)
    }

    fn sky(&self, column: &Column, row: &Row) -> Colour {
        let (dx, dy) = ((column.u - self.sun.0) * self.aspect, row.v - self.sun.1);
        let distance = dx * dx + dy * dy;
        if distance < 0.0016 {
            return self.sun_colour;
        }
        let glow = 0.004 / (distance + 0.006);
        let lit = blend(row.base, self.sun_colour, glow.min(0.85));
        let cloud = self.cloud(column.cloud, row.cloud) * row.cloud_share;
        blend(lit, self.cloud_colour, cloud)
    }

    fn cloud(&self, (x, fx): (usize, f32), (y, fy): (usize, f32)) -> f32 {
        let at = y * CLOUD_COLUMNS + x;
        let below = at + CLOUD_COLUMNS;
        let upper = self.clouds[at] + (self.clouds[at + 1] - self.clouds[at]) * fx;
        let lower = self.clouds[below] + (self.clouds[below + 1] - self.clouds[below]) * fx;
        ((upper + (lower - upper) * fy - 0.52) * 3.2).clamp(0.0, 0.9)
    }

    fn water(&self, column: &Column, row: &Row) -> Colour {
        if let Some(colour) = self.boat(column, row) {
            return colour;
        }
        // A triangle wave whose crests wander with the column: cheap, and near enough to ripples.
        let ripple = ((row.wave + column.wave * row.wave_size).fract() - 0.5).abs() * 2.0;
        let mut colour = row.base.map(|channel| channel * (0.86 + 0.2 * ripple));
        if ripple > 0.55 {
            colour = blend(colour, self.sun_colour, column.glitter * (ripple - 0.3));
        }
        colour
    }

    /// A white sail over a dark hull; sizes in fractions of the height.
    fn boat(&self, column: &Column, row: &Row) -> Option<Colour> {
        let dx = (column.u - self.boat) * self.aspect;
        let up = 0.72 - row.v;
        if dx.abs() > 0.07 || !(-0.022..=0.115).contains(&up) {
            return None;
        }
        if up < 0.0 {
            return (dx.abs() < 0.06 + up).then_some([92.0, 34.0, 26.0]);
        }
        let sail = 0.048 * (1.0 - up / 0.115);
        if dx.abs() < 0.0016 {
            return Some([70.0, 52.0, 40.0]);
        }
        (dx > 0.003 && dx < sail || dx < -0.003 && dx > -0.7 * sail && up > 0.008)
            .then_some(if dx > 0.0 { [238.0, 234.0, 222.0] } else { [206.0, 204.0, 198.0] })
    }
}

struct Hills<'a> {
    scene: &'a Scene,
    phases: [f32; 6],
    low: Colour,
    light: f32,
}

impl Hills<'_> {
    fn column(&self, u: f32, sun: f32) -> Column {
        let pan = self.scene.moment * 0.004;
        let p = &self.phases;
        let wave = |k: f32, phase: f32| (k * (u + pan) + phase).sin();
        let far = HORIZON - 0.15 - 0.05 * wave(5.1, p[0]) - 0.028 * wave(13.0, p[1])
            + 0.012 * wave(31.0, p[2]).abs();
        let near = HORIZON - 0.045 - 0.035 * wave(7.3, p[3]) - 0.015 * wave(17.0, p[4]);
        let spot = (u + pan) * 95.0 + 40.0;
        let tree = mix(self.scene.seed ^ spot as u64) & 0xFF;
        let shape = 1.0 - 2.0 * (spot.fract() - 0.5).abs();
        let near = near - shape * tree as f32 / 255.0 * 0.045;
        let glitter = (-(u - sun) * (u - sun) * 60.0).exp();
        let x = u * (CLOUD_COLUMNS - 2) as f32;
        let shade = 0.75 + 0.25 * tree as f32 / 255.0;
        Column {
            u,
            far,
            near: near.min(HORIZON - 0.006),
            far_colour: blend([52.0, 78.0, 92.0].map(|c| c * self.light), self.low, 0.38),
            near_colour: [28.0, 52.0, 30.0].map(|c| c * self.light * shade),
            cloud: (x as usize, x.fract()),
            glitter: glitter * self.light,
            wave: 2.0 + (u * 41.0 + p[5]).sin() * 0.6 + (u * 97.0).sin() * 0.25,
        }
    }
}

fn row(v: f32, top: Colour, low: Colour, light: f32, moment: f32) -> Row {
    let y = (v / HORIZON).min(0.999) * (CLOUD_ROWS - 2) as f32;
    let depth = ((v - HORIZON) / (1.0 - HORIZON)).max(0.0);
    let base = if v < HORIZON {
        blend(top, low, (v / HORIZON).powf(1.4))
    } else {
        let deep = [16.0, 52.0, 74.0].map(|c| c * (0.35 + 0.65 * light));
        blend(blend(low, deep, 0.35), deep, depth.sqrt())
    };
    Row {
        v,
        base,
        cloud: (y as usize, y.fract()),
        cloud_share: 1.0 - 0.6 * (v / HORIZON).min(1.0),
        // Waves grow towards the viewer, so their count grows with the logarithm of the depth.
        wave: 40.0 * (1.0 + 12.0 * depth).ln() + moment * 1.7,
        wave_size: 1.2,
    }
}

/// Three octaves of value noise on a coarse grid; it drifts with the moment.
fn clouds(scene: &Scene) -> Vec<f32> {
    let mut out = Vec::with_capacity(CLOUD_COLUMNS * CLOUD_ROWS);
    for y in 0..CLOUD_ROWS {
        for x in 0..CLOUD_COLUMNS {
            let (mut sum, mut weight) = (0.0, 0.55);
            for octave in 0..3u64 {
                let scale = (1u32 << octave) as f32;
                let u = (x as f32 / 16.0 + scene.moment * 0.11) * scale;
                let v = y as f32 / 7.0 * scale;
                sum += weight * lattice(scene.seed ^ octave, u, v);
                weight *= 0.5;
            }
            out.push(sum);
        }
    }
    out
}

/// Value noise: random numbers at whole coordinates, smoothly blended between.
fn lattice(seed: u64, u: f32, v: f32) -> f32 {
    let (column, row) = (u.floor(), v.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (fu, fv) = (smooth(u - column), smooth(v - row));
    let at = |x: f32, y: f32| {
        let key = (x as i64 as u64) << 32 ^ (y as i64 as u64);
        (mix(seed ^ mix(key)) >> 40) as f32 / (1u64 << 24) as f32
    };
    let upper = at(column, row) + (at(column + 1.0, row) - at(column, row)) * fu;
    let lower = at(column, row + 1.0) + (at(column + 1.0, row + 1.0) - at(column, row + 1.0)) * fu;
    upper + (lower - upper) * fv
}

/// Writes the label upright as one sees the picture, white with a dark edge.
fn draw_label(out: &mut [u8], canvas: &Canvas<'_>, columns: usize, rows: usize) {
    let scale = (rows.min(columns) / 260).max(1);
    let (left, top) = (5 * scale, rows.saturating_sub(13 * scale));
    for (shift, level) in [(scale.div_ceil(3), 20u8), (0, 245)] {
        for (index, letter) in canvas.label.chars().enumerate() {
            for (dot_row, bits) in glyph(letter).into_iter().enumerate() {
                for dot_column in (0..5).filter(|dot| bits >> (4 - dot) & 1 == 1) {
                    let u = left + (index * 6 + dot_column) * scale + shift;
                    let v = top + dot_row * scale + shift;
                    fill_square(out, canvas, (u, v), scale, level);
                }
            }
        }
    }
}

fn fill_square(out: &mut [u8], canvas: &Canvas<'_>, at: (usize, usize), side: usize, level: u8) {
    let Canvas { width, height, .. } = *canvas;
    for v in at.1..at.1 + side {
        for u in at.0..at.0 + side {
            let (x, y) = match canvas.orientation {
                8 if v < width => (width - 1 - v, u),
                8 => continue,
                _ => (u, v),
            };
            if x < width && y < height {
                out[(y * width + x) * 3..][..3].fill(level);
            }
        }
    }
}
