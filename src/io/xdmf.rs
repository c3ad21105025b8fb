//! `snapshots.xmf`: the snapshots of a run as a time series for ParaView and VisIt.
//!
//! XDMF 3 (<https://www.xdmf.org/index.php/XDMF_Model_and_Format>): a temporal collection of
//! uniform grids on a `3DCoRectMesh`, whose sizes, origin, and spacing are in the order z, y, x.
//! Values are at the nodes; the last node stops one spacing short of the box's far side.

use std::fmt::Write;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::Temporary;
use super::numbered::Numbered;
use super::snapshot::{Header, read_header};
use crate::error::{Error, Result};
use crate::grid::{AXES, Grid};

const FOOTER: &str = "</Grid>\n</Domain>\n</Xdmf>\n";

/// Fields that together are a vector.
const VECTORS: [(&str, [&str; AXES]); 4] = [
    ("velocity", ["u", "v", "w"]),
    ("magnetic_field", ["bx", "by", "bz"]),
    ("vorticity", ["omega_x", "omega_y", "omega_z"]),
    ("current", ["j_x", "j_y", "j_z"]),
];

/// A series on the disk, to which grids are added in place. It lives on one rank.
pub struct Series {
    path: PathBuf,
    /// The place of the next grid.
    end: u64,
}

impl Series {
    /// Writes a series of `grids` (see [`grid`]) in place of any other.
    pub fn create(path: &Path, name: &str, grids: &str) -> Result<Self> {
        let body = format!(
            r#"<?xml version="1.0" ?>
<Xdmf Version="3.0">
<Domain>
<Grid Name="{name}" GridType="Collection" CollectionType="Temporal">
{grids}"#
        );
        let temporary = Temporary::new(path);
        fs::write(temporary.path(), format!("{body}{FOOTER}"))
            .map_err(|e| Error::io("write", path, e))?;
        temporary.rename()?;
        Ok(Series { path: path.to_owned(), end: body.len() as u64 })
    }

    /// Adds a grid, in one write.
    pub fn add(&mut self, grid: &str) -> Result<()> {
        let add = || {
            let file = OpenOptions::new().write(true).open(&self.path)?;
            file.write_all_at(format!("{grid}{FOOTER}").as_bytes(), self.end)
        };
        add().map_err(|e: std::io::Error| Error::io("write", &self.path, e))?;
        self.end += grid.len() as u64;
        Ok(())
    }
}

/// Writes the series `path` of the snapshots of a run, in order of steps, beside their directory. One
/// that cannot be read is left out, and named in a comment.
pub(super) fn snapshot_series(path: &Path, snapshots: &Numbered) -> Result<Series> {
    let run_directory = path.parent().unwrap_or(Path::new(""));
    let mut grids = String::new();
    for step in snapshots.steps().map_err(|e| Error::io("write", path, e))? {
        let file = snapshots.path(step);
        match read_header(&file) {
            Ok(header) => grids.push_str(&snapshot_grid(run_directory, &file, &header)),
            // A comment must not hold two hyphens in a row.
            Err(e) => _ = writeln!(grids, "<!-- {} -->", e.message.replace("--", "- -")),
        }
    }
    Series::create(path, "snapshots", &grids)
}

/// A snapshot as a grid of the series in `run_directory`.
pub fn snapshot_grid(run_directory: &Path, file: &Path, header: &Header) -> String {
    // The files of a run can be moved together.
    let name = file.strip_prefix(run_directory).unwrap_or(file).display();
    let [nx, ny, nz] = header.points;
    let geometry = Geometry {
        shape: [nz, ny, nx],
        spacing: Grid::two_thirds(header.points, header.lengths).spacing(),
        origin: [0.0; AXES],
    };
    let mut fields: Vec<&str> = header.fields.iter().map(|field| field.name.as_str()).collect();
    // As the file has them.
    fields.sort_unstable();
    let bytes = header.precision.bytes();
    grid((header.step, header.time), &geometry, &fields, |field| {
        format!(
            r#"<DataItem Dimensions="{nz} {ny} {nx}" NumberType="Float" Precision="{bytes}" Format="HDF">{name}:/fields/{field}</DataItem>
"#
        )
    })
}

/// The points of a grid.
pub struct Geometry {
    /// Points along z, y, x.
    pub shape: [usize; AXES],
    /// Distance of neighbours along x, y, z.
    pub spacing: [f64; AXES],
    /// The first point: x, y, z.
    pub origin: [f64; AXES],
}

/// One grid of a series, with its step and time; `data` makes the item with the values of a field.
pub fn grid(
    (step, time): (u64, f64),
    geometry: &Geometry,
    fields: &[&str],
    data: impl Fn(&str) -> String,
) -> String {
    let Geometry { shape: [nz, ny, nx], spacing: [dx, dy, dz], origin: [x, y, z] } = geometry;
    let mut text = format!(
        r#"<Grid Name="step {step}" GridType="Uniform">
<Time Value="{time:?}"/>
<Topology TopologyType="3DCoRectMesh" Dimensions="{nz} {ny} {nx}"/>
<Geometry GeometryType="ORIGIN_DXDYDZ">
<DataItem Dimensions="3" NumberType="Float" Precision="8" Format="XML">{z:?} {y:?} {x:?}</DataItem>
<DataItem Dimensions="3" NumberType="Float" Precision="8" Format="XML">{dz:?} {dy:?} {dx:?}</DataItem>
</Geometry>
"#
    );
    for field in fields {
        let _ = write!(
            text,
            r#"<Attribute Name="{field}" AttributeType="Scalar" Center="Node">
{}</Attribute>
"#,
            data(field)
        );
    }
    for (vector, components) in VECTORS {
        if components.iter().all(|component| fields.contains(component)) {
            let _ = write!(
                text,
                r#"<Attribute Name="{vector}" AttributeType="Vector" Center="Node">
<DataItem ItemType="Function" Function="JOIN($0, $1, $2)" Dimensions="{nz} {ny} {nx} 3">
{0}</DataItem>
</Attribute>
"#,
                components.map(&data).concat()
            );
        }
    }
    text.push_str("</Grid>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::log::Log;
    use crate::io::run_directory::RunDirectory;
    use crate::io::snapshot::{Provenance, SnapshotWriter};
    use crate::parallel::Communicator;
    use crate::real::Precision;
    use crate::variable::Variable;

    fn save(run: &RunDirectory, step: u64, precision: Precision, fields: &[&str]) -> Header {
        let field = |name: &&str| Variable::new(*name, "L/T", "");
        let header = Header {
            time: step as f64 / 8.0,
            step,
            points: [2, 3, 4],
            lengths: [1.0, 3.0, 0.5],
            precision,
            compression: 0,
            fields: fields.iter().map(field).collect(),
        };
        let provenance = Provenance {
            code_version: String::new(),
            config: String::new(),
            parameters: Vec::new(),
        };
        let path = run.files().snapshots().path(step);
        SnapshotWriter::create(&Communicator::serial(), &path, &header, &provenance)
            .and_then(SnapshotWriter::finish)
            .unwrap();
        header
    }

    fn count(text: &str, part: &str) -> usize {
        text.matches(part).count()
    }

    #[test]
    fn the_series_lists_what_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let serial = Communicator::serial();
        let (path, log) = (directory.path().join("run"), &mut Log::new(&serial, true));
        let run = RunDirectory::enter(&serial, &path, log).unwrap();
        run.begin(&serial, "").unwrap();
        save(&run, 3, Precision::Single, &["u", "v"]);
        fs::write(run.files().snapshots().path(7), "damaged").unwrap();
        let mut series = run.snapshot_series().unwrap();
        let last = save(&run, 20, Precision::Double, &["u", "v", "w"]);
        series.add(&snapshot_grid(run.path(), &run.files().snapshots().path(20), &last)).unwrap();

        assert!(!run.path().join("snapshots.xmf.tmp").exists());
        let text = fs::read_to_string(run.path().join("snapshots.xmf")).unwrap();
        run.snapshot_series().unwrap();
        assert_eq!(fs::read_to_string(run.path().join("snapshots.xmf")).unwrap(), text);
        let (first, second) = text.split_once("<!-- ").unwrap();
        let (comment, second) = second.split_once(" -->").unwrap();
        assert!(comment.contains("snapshot_00000007.h5") && comment.contains("not an HDF5 file"));

        assert!(first.contains(r#"<Time Value="0.375"/>"#), "{first}");
        assert_eq!(
            count(first, r#"Precision="4" Format="HDF">snapshots/snapshot_00000003.h5:"#),
            2
        );
        assert_eq!(count(first, "Vector"), 0, "two components are no velocity");

        assert!(second.contains(r#"<Time Value="2.5"/>"#), "{second}");
        assert_eq!(
            count(second, r#"Precision="8" Format="HDF">snapshots/snapshot_00000020.h5:"#),
            6
        );
        assert_eq!(count(second, r#"AttributeType="Vector""#), 1);
        // Slowest axis first: four points along z, a quarter of pi apart.
        assert!(second.contains(r#"<Topology TopologyType="3DCoRectMesh" Dimensions="4 3 2"/>"#));
        let pi = std::f64::consts::PI;
        let spacing = format!(">{:?} {:?} {:?}<", pi / 4.0, 2.0 * pi, pi);
        assert!(second.contains(&spacing), "{second}");
    }
}
