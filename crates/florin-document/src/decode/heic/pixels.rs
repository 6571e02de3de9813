//! The coded images of a HEIC, by heifer's decoder of HEVC: safe Rust, intra pictures only, one thread.
//!
//! Its container half is not used: ours knows already where everything is, and a tile at a time takes the memory of a
//! tile. Of an image every block is read to its last coefficient. Its pixels are made as well when their planes fit
//! into the memory that is allowed: of phones' tiles always, and of an image in one piece up to 13 megapixels.
//!
//! The decoder can't be interrupted within a slice. What a slice can cost is bounded by its image's size and by the
//! file's length: some seconds at most.

use heifer_hevc_dec::Error;
use heifer_hevc_dec::nal::NalUnit;
use heifer_hevc_dec::params::{ParameterSets, Sps};
use heifer_hevc_dec::recon::Reconstructor;
use heifer_hevc_dec::slice::SliceHeader;
use heifer_hevc_dec::syntax::{CodingUnit, Picture, SaoParams, Sink, TransformBlock, decode_slice_segment};

use super::super::Unreadable;
use super::super::watch::Watch;
use super::PARAMETERS;
use crate::cost;
use crate::kind::Size;

const DATA: Unreadable = Unreadable::Broken("HEIC image data");

/// Blocks between two questions whether others need the processor: some 100 microseconds.
const STRETCH: u32 = 256;

/// How much larger than its name says a coded image may be: it is made of whole blocks, at most 64 pixels wide.
const PADDING: u32 = 63;

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        match error {
            Error::Unimplemented(_) => Self::Broken("HEIC coding that is not that of a still picture"),
            _ => DATA,
        }
    }
}

/// Decodes one image of that size from its parameter sets and units, within so many bytes of memory.
pub(super) fn read(
    sets: Vec<&[u8]>,
    units: Vec<&[u8]>,
    (size, max_memory): (Size, u64),
    watch: &Watch<'_>,
) -> Result<(), Unreadable> {
    // Other layers are other views of the same scene.
    let is_ours = |unit: &&[u8]| unit.len() > 2 && layer(unit) == 0;
    let sets = parameters(sets.into_iter().chain(leading(&units)).filter(is_ours))?;
    let mut state: Option<(Picture<'_>, Pixels<'_, '_>)> = None;
    let mut previous = None;
    for unit in units.into_iter().filter(is_ours) {
        let unit = NalUnit::parse(unit)?;
        if !unit.header.unit_type.is_slice() {
            continue;
        }
        if state.is_some() && unit.rbsp[0] & 0x80 != 0 {
            break;
        }
        let header = SliceHeader::parse(&unit.rbsp, &unit.header, &sets, previous.as_ref())?;
        let (pps, sps) = sets.get(usize::from(header.slice_pic_parameter_set_id))?;
        is_of(sps, size)?;
        let (picture, pixels) = state.get_or_insert_with(|| {
            let is_affordable = cost::heic_pixels(size, samples_per_4_pixels(sps)) <= max_memory;
            let made = is_affordable.then(|| Reconstructor::new(sps, pps));
            (Picture::new(sps, pps), Pixels { made, watch, blocks: 0 })
        });
        if let Some(made) = &mut pixels.made {
            made.start_slice(&header);
        }
        let data = unit.rbsp.get(header.header_size..).ok_or(DATA)?;
        let read = decode_slice_segment(picture, &header, header.slice_qp_y(&sets)?, data, pixels)?;
        if read.end_position > data.len() {
            return Err(DATA);
        }
        watch.ask()?;
        if !header.dependent_slice_segment_flag {
            previous = Some(header);
        }
    }
    let (picture, pixels) = state.ok_or(DATA)?;
    match pixels.made {
        _ if !picture.is_complete() => Err(DATA),
        Some(Reconstructor { error: Some(error), .. }) => Err(error.into()),
        Some(made) => {
            drop(picture);
            drop(made.finish(false));
            Ok(())
        }
        None => Ok(()),
    }
}

/// The number of a unit's layer.
fn layer(unit: &[u8]) -> u8 {
    (unit[0] & 1) << 5 | unit[1] >> 3
}

/// The units before the first slice: parameter sets may be repeated there.
fn leading<'a>(units: &[&'a [u8]]) -> impl Iterator<Item = &'a [u8]> {
    /// Types below are slices.
    const FIRST_OTHER: u8 = 32;
    units.iter().copied().take_while(|unit| unit[0] >> 1 & 0x3F >= FIRST_OTHER)
}

fn parameters<'a>(units: impl Iterator<Item = &'a [u8]>) -> Result<ParameterSets, Unreadable> {
    let mut sets = ParameterSets::default();
    for unit in units {
        let unit = NalUnit::parse(unit).map_err(|_| PARAMETERS)?;
        sets.add(&unit).map_err(|_| PARAMETERS)?;
    }
    Ok(sets)
}

fn is_of(sps: &Sps, size: Size) -> Result<(), Unreadable> {
    let coded = (sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples);
    let (width, height) = sps.output_size();
    let fits = |coded: u32, shown: u32, named: u32| named <= shown && coded <= named.saturating_add(PADDING);
    if fits(coded.0, width, size.width) && fits(coded.1, height, size.height) {
        Ok(())
    } else {
        Err(Unreadable::Broken("HEIC image of another size than its parameter sets"))
    }
}

/// Of luma and both colours.
fn samples_per_4_pixels(sps: &Sps) -> u64 {
    match sps.chroma_format_idc {
        0 => 4,
        1 => 6,
        2 => 8,
        _ => 12,
    }
}

/// What becomes of the blocks that are read.
struct Pixels<'a, 'w> {
    /// None where there is no room for them.
    made: Option<Reconstructor<'a>>,
    watch: &'w Watch<'w>,
    blocks: u32,
}

impl Sink for Pixels<'_, '_> {
    fn sao(&mut self, across: u32, down: u32, parameters: &SaoParams) {
        if let Some(made) = &mut self.made {
            made.sao(across, down, parameters);
        }
    }

    fn transform_block(&mut self, block: &TransformBlock<'_>) {
        if let Some(made) = &mut self.made {
            made.transform_block(block);
        }
    }

    fn pcm(&mut self, x: u32, y: u32, log2_size: u8, samples: [&[u16]; 3]) {
        if let Some(made) = &mut self.made {
            made.pcm(x, y, log2_size, samples);
        }
    }

    fn coding_unit(&mut self, unit: &CodingUnit) {
        if let Some(made) = &mut self.made {
            made.coding_unit(unit);
        }
        self.blocks += 1;
        if self.blocks.is_multiple_of(STRETCH) {
            // It lets others past; that the time is over is told when the slice is read.
            let _ = self.watch.ask();
        }
    }
}
