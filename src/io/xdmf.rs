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
const VECTORS: [(&str, [&str; AXES]); 1] = [("velocity", ["u", "v", "w"])];

/// Writes the series anew from the snapshots found in a run directory, in order of steps. One
/// that cannot be read is left out, and named in a comment. Collective.
pub fn write_series(comm: &Communicator, run_directory: &Path) -> Result<()> {
    comm.agree(if comm.is_root() { write(run_directory) } else { Ok(()) })
}

fn write(run_directory: &Path) -> Result<()> {
    let path = run_directory.join(FILE_NAME);
    let failed = |e| Error::io("write", &path, e);
    let mut grids = String::new();
    for name in snapshots(run_directory).map_err(failed)? {
        match read_header(&run_directory.join(&name)) {
            Ok(header) => grids.push_str(&grid(&name, &header)),
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
