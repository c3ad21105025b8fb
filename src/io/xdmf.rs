//! `snapshots.xmf`: the snapshots of a run as a time series for ParaView and VisIt.
//!
//! XDMF 3 (<https://www.xdmf.org/index.php/XDMF_Model_and_Format>): a temporal collection of
//! uniform grids on a `3DCoRectMesh`, whose sizes, origin, and spacing are in the order z, y, x.
//! Values are at the nodes; the last node stops one spacing short of the box's far side.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::Temporary;
use super::run_directory::snapshots;
use super::snapshot::{Header, read_header};
use crate::error::{Error, Result};
use crate::grid::{AXES, Grid};
use crate::parallel::Communicator;

const FILE_NAME: &str = "snapshots.xmf";

/// Fields that together are a vector.
const VECTORS: [(&str, [&str; AXES]); 2] =
    [("velocity", ["u", "v", "w"]), ("magnetic_field", ["bx", "by", "bz"])];

/// Writes the series anew from the snapshots found in a run directory, in order of steps. One
/// that cannot be read is left out, and named in a comment. Collective.
pub fn write_series(comm: &Communicator, run_directory: &Path) -> Result<()> {
    comm.agree(if comm.is_root() { write(run_directory) } else { Ok(()) })
}

fn write(run_directory: &Path) -> Result<()> {
    let path = run_directory.join(FILE_NAME);
    let failed = |e| Error::io("write", &path, e);
    let mut grids = String::new();
    let snapshots = snapshots(run_directory);
    for step in snapshots.steps().map_err(failed)? {
        let file = snapshots.path(step);
        match read_header(&file) {
            Ok(header) => {
                // The files of a run can be moved together.
                let name = file.strip_prefix(run_directory).unwrap_or(&file);
                grids.push_str(&grid(&name.display().to_string(), &header));
            }
            // A comment must not hold two hyphens in a row.
            Err(e) => _ = writeln!(grids, "<!-- {} -->", e.message.replace("--", "- -")),
        }
    }
    let text = format!(
        r#"<?xml version="1.0" ?>
<Xdmf Version="3.0">
<Domain>
<Grid Name="snapshots" GridType="Collection" CollectionType="Temporal">
{grids}</Grid>
</Domain>
</Xdmf>
"#
    );
    let temporary = Temporary::new(&path);
    fs::write(temporary.path(), text).map_err(failed)?;
    temporary.rename()
}

/// One snapshot of the series.
fn grid(name: &str, header: &Header) -> String {
    let Header { time, step, points: [nx, ny, nz], .. } = header;
    let [dx, dy, dz] = Grid::two_thirds(header.points, header.lengths).spacing();
    let mut text = format!(
        r#"<Grid Name="step {step}" GridType="Uniform">
<Time Value="{time:?}"/>
<Topology TopologyType="3DCoRectMesh" Dimensions="{nz} {ny} {nx}"/>
<Geometry GeometryType="ORIGIN_DXDYDZ">
<DataItem Dimensions="3" NumberType="Float" Precision="8" Format="XML">0 0 0</DataItem>
<DataItem Dimensions="3" NumberType="Float" Precision="8" Format="XML">{dz:?} {dy:?} {dx:?}</DataItem>
</Geometry>
"#
    );
    let data = |field: &str| {
        let bytes = header.precision.bytes();
        format!(
            r#"<DataItem Dimensions="{nz} {ny} {nx}" NumberType="Float" Precision="{bytes}" Format="HDF">{name}:/fields/{field}</DataItem>
"#
        )
    };
    for field in &header.fields {
        let _ = write!(
            text,
            r#"<Attribute Name="{0}" AttributeType="Scalar" Center="Node">
{1}</Attribute>
"#,
            field.name,
            data(&field.name)
        );
    }
    for (vector, components) in VECTORS {
        if components.iter().all(|c| header.fields.iter().any(|field| field.name == *c)) {
            let _ = write!(
                text,
                r#"<Attribute Name="{vector}" AttributeType="Vector" Center="Node">
<DataItem ItemType="Function" Function="JOIN($0, $1, $2)" Dimensions="{nz} {ny} {nx} 3">
{0}</DataItem>
</Attribute>
"#,
                components.map(data).concat()
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
    use crate::io::snapshot::{Field, Provenance, SnapshotWriter};
    use crate::real::Precision;

    fn save(run: &RunDirectory, step: u64, precision: Precision, fields: &[&str]) {
        let field = |name: &&str| Field {
            name: name.to_string(),
            units: "L/T".into(),
            long_name: String::new(),
        };
        let header = Header {
            time: step as f64 / 8.0,
            step,
            points: [2, 3, 4],
            lengths: [1.0, 3.0, 0.5],
            precision,
            fields: fields.iter().map(field).collect(),
        };
        let provenance = Provenance {
            code_version: String::new(),
            config: String::new(),
            parameters: Vec::new(),
        };
        let path = run.snapshot(step);
        SnapshotWriter::create(&Communicator::serial(), &path, &header, &provenance)
            .and_then(SnapshotWriter::finish)
            .unwrap();
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
        save(&run, 20, Precision::Double, &["u", "v", "w"]);
        save(&run, 3, Precision::Single, &["u", "v"]);
        fs::write(run.snapshot(7), "damaged").unwrap();
        write_series(&serial, run.path()).unwrap();
        write_series(&serial, run.path()).unwrap();

        assert!(!run.path().join("snapshots.xmf.tmp").exists());
        let text = fs::read_to_string(run.path().join("snapshots.xmf")).unwrap();
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
