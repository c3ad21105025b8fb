//! The files of a slice that are there when a run begins or goes on.

use std::path::{Path, PathBuf};

use hdf5::File;
use serde::{Deserialize, Serialize};

use super::header::Header;
use crate::error::{Error, Result};
use crate::grid::{Grid, Region};
use crate::io::growing::{self, GrowingFile, Layout};
use crate::io::numbered::Numbered;
use crate::io::snapshot::AXIS_NAMES;
use crate::io::xdmf::Series;
use crate::io::{check_readable, check_writable, foreign, hdf5_file};
use crate::real::Precision;
use crate::variable::Variable;

/// The file that is written to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Present {
    pub(super) path: PathBuf,
    pub(super) layout: Layout,
}

/// The start of a slice, new or from what is there.
#[derive(Default)]
pub(super) struct Start {
    /// Records of later steps are to go; all, for a new run.
    pub(super) after: Option<u64>,
    /// Files that are to be cut back to their first records, with their layout as it is.
    pub(super) cuts: Vec<(PathBuf, Layout, u64)>,
    /// The file to go on with, as it is.
    pub(super) last: Option<Present>,
    /// The XDMF of the records that stay.
    pub(super) grids: String,
}

impl Start {
    /// Returns whether what was written at a step stays.
    pub(super) fn keeps(&self, step: u64) -> bool {
        self.after.is_some_and(|after| step <= after)
    }

    /// Finds what there is in `files` of the slice `name`, which is to end with a step, or to go.
    /// `fits` tells whether records to come can follow those of a file.
    pub(super) fn find(
        files: &Numbered,
        name: &str,
        after: Option<u64>,
        fits: impl Fn(&Header, &str) -> bool,
    ) -> Result<Self> {
        check_writable(&series_of(files, name))?;
        let mut start = Start { after, ..Start::default() };
        let steps = files.steps().map_err(|e| Error::io("list slices in", files.directory(), e))?;
        let kept: Vec<u64> = steps.into_iter().filter(|first| start.keeps(*first)).collect();
        for first in kept {
            let path = files.path(first);
            check_writable(&path)?;
            check_readable(&path)?;
            let found = look(&path, name).map_err(|e| foreign(&path, e))?;
            let Found { header: of_file, config, layout, steps, times } = found;
            let known = steps.iter().take(layout.records as usize);
            let kept = known.take_while(|step| start.keeps(**step as u64));
            let kept = kept.count() as u64;
            for (record, (step, time)) in (0..kept).zip(steps.iter().zip(&times)) {
                let place = (layout.capacity, record);
                start.grids += &of_file.xdmf(&path, place, (*step as u64, *time));
            }
            if kept < layout.records {
                start.cuts.push((path.clone(), layout.clone(), kept));
            }
            // One of other fields, points or parameters stays, but what follows has a file of its own.
            start.last = fits(&of_file, &config).then_some(Present { path, layout });
        }
        Ok(start)
    }

    /// Makes the files of the slice `name` what they are to be. Returns the series of its records, and
    /// the file to go on with.
    pub(super) fn make(self, files: &Numbered, name: &str) -> Result<(Series, Option<Present>)> {
        let slices = files.directory();
        let steps = files.steps().map(|steps| steps.into_iter().filter(|step| !self.keeps(*step)));
        let removed = steps.and_then(|gone| files.remove(gone));
        removed.map_err(|e| Error::io("cut back", slices, e))?;
        let mut last = self.last;
        for (path, layout, kept) in self.cuts {
            let cut = || {
                let mut file = GrowingFile::open(&path, layout)?;
                file.cut(kept)?;
                Ok(file.layout().clone())
            };
            let layout = cut().map_err(|e: std::io::Error| Error::io("cut back", &path, e))?;
            last.iter_mut().filter(|last| last.path == path).for_each(|last| {
                last.layout = layout.clone();
            });
        }
        Ok((Series::create(&series_of(files, name), name, &self.grids)?, last))
    }
}

/// The XDMF series of the slice `name`.
fn series_of(files: &Numbered, name: &str) -> PathBuf {
    files.directory().join(format!("{name}.xmf"))
}

/// A file as it is.
struct Found {
    /// Of the fields the names alone are known.
    header: Header,
    config: String,
    layout: Layout,
    steps: Vec<i64>,
    times: Vec<f64>,
}

/// Looks at a file of the slice `name`.
fn look(path: &Path, name: &str) -> hdf5::Result<Found> {
    let file = File::open(path)?;
    let group = file.group("fields")?;
    let triple = |name| hdf5_file::read_triple::<i64>(&file, name);
    let (points, first) = (triple("points")?, triple("first")?);
    let [points, first] = [points, first].map(|numbers| numbers.map(|n| n.max(0) as usize));
    let mut fields = group.member_names()?;
    fields.retain(|name| !AXIS_NAMES.contains(&name.as_str()));
    let some = fields.first().ok_or("it has no fields")?;
    let dataset = group.dataset(some)?;
    let [_, nz, ny, nx] = dataset.shape()[..] else { return Err("a field has not 4 axes".into()) };
    let precision = match dataset.dtype()?.is::<f32>() {
        true => Precision::Single,
        false => Precision::Double,
    };
    let ranges = [nx, ny, nz].into_iter().zip(first).map(|(count, first)| first..first + count);
    let header = Header {
        name: name.into(),
        grid: Grid::full(points, hdf5_file::read_triple::<f64>(&file, "lengths")?),
        region: Region { ranges: ranges.collect::<Vec<_>>().try_into().unwrap_or_default() },
        precision,
        fields: fields.into_iter().map(Variable::named).collect(),
    };
    let layout = growing::layout(&file, &header.datasets())?;
    let config = hdf5_file::read_fixed_text(&file, "config")?;
    let steps = file.dataset("step")?.read_raw()?;
    Ok(Found { header, config, layout, steps, times: file.dataset("time")?.read_raw()? })
}
