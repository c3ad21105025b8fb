//! What is there of a slice when a run begins or goes on.

use std::path::{Path, PathBuf};

use hdf5::File;
use serde::{Deserialize, Serialize};

use super::header::Header;
use crate::error::{Error, Result};
use crate::grid::{Grid, Region};
use crate::io::growing::{self, Layout};
use crate::io::numbered::Numbered;
use crate::io::parts::same_flow;
use crate::io::snapshot::{AXIS_NAMES, Provenance};
use crate::io::{check_readable, check_writable, foreign, hdf5_file};
use crate::real::Precision;
use crate::variable::Variable;

/// The file that is written to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Present {
    pub(super) path: PathBuf,
    pub(super) layout: Layout,
}

/// How a slice begins, or goes on.
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
    /// Whether what was written at a step stays.
    pub(super) fn keeps(&self, step: u64) -> bool {
        self.after.is_some_and(|after| step <= after)
    }

    /// What there is in `files` is to end with a step, or to go.
    pub(super) fn find(
        files: &Numbered,
        header: &Header,
        provenance: &Provenance,
        after: Option<u64>,
    ) -> Result<Self> {
        check_writable(&files.directory().join(format!("{}.xmf", header.name)))?;
        let mut start = Start { after, ..Start::default() };
        let steps = files.steps().map_err(|e| Error::io("list slices in", files.directory(), e))?;
        let kept: Vec<u64> = steps.into_iter().filter(|first| start.keeps(*first)).collect();
        for first in kept {
            let path = files.path(first);
            check_writable(&path)?;
            check_readable(&path)?;
            let found = look(&path, &header.name).map_err(|e| foreign(&path, e))?;
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
            let fits = of_file.shows_the_same(header) && same_flow(&config, &provenance.config);
            start.last = fits.then_some(Present { path, layout });
        }
        Ok(start)
    }
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
