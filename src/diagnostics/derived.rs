//! Fields at the grid points that follow from the state: what snapshots and slices can show.
//!
//! With A_ij = du_i/dx_j, s_ij = (A_ij + A_ji) / 2 and omega = curl u
//!
//! dissipation = 2 nu s_ij s_ij,  Q = -A_ij A_ji / 2 = |omega|^2 / 4 - s_ij s_ij / 2
//!
//! (Hunt, Wray & Moin 1988, Center for Turbulence Research CTR-S88, p. 193). Derivatives are exact;
//! what is not linear is formed at the points. It is a sum of squares of *triples*, three linear
//! fields that are transformed together: no more than three fields and one sum are held at a time.

use std::borrow::Cow;
use std::ops::Range;

use super::pressure::pressure;
use super::triple::Triple;
use crate::error::Result;
use crate::fields::SpectralFields;
use crate::grid::{AXES, Region};
use crate::modes::Modes;
use crate::parallel::Communicator;
use crate::physics::Physics;
use crate::real::Real;
use crate::transform::regrid::regrid;
use crate::transform::sweep::Sweep;
use crate::variable::Variable;

/// Where fields come from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// Neighbouring fields of the state.
    State(Range<usize>),
    Pressure,
    Triples(Vec<Triple>),
    /// The sum over triples of a weight times the sum of the three squares.
    Squares(Vec<(Triple, f64)>),
    /// The root of the sum of the squares.
    Magnitude(Triple),
}

/// Fields with one name: a scalar, or the components of a vector or tensor.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    name: String,
    fields: Vec<Variable>,
    source: Source,
}

impl Group {
    fn scalar(name: impl Into<String>, unit: &'static str, words: &str, source: Source) -> Self {
        let name = name.into();
        let fields = vec![Variable::new(name.clone(), unit, words)];
        Group { name, fields, source }
    }

    /// The components `<letters>_x` and so on of a vector in 1/T.
    fn vector(name: &str, letters: &str, words: &str, triple: Triple) -> Self {
        let component = |axis| {
            Variable::new(format!("{letters}_{axis}"), "1/T", format!("{words} along {axis}"))
        };
        let fields = ["x", "y", "z"].map(component).into();
        Group { name: name.into(), fields, source: Source::Triples(vec![triple]) }
    }
}

/// Fields to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputFields {
    groups: Vec<Group>,
}

impl OutputFields {
    /// The fields with these names, of which each may stand for the components of a vector; those of
    /// the state when there are no names.
    ///
    /// # Errors
    /// The number of a name that there is not with this physics.
    pub fn new(names: &[String], physics: &Physics) -> std::result::Result<Self, usize> {
        if names.is_empty() {
            return Ok(OutputFields { groups: of_state(physics) });
        }
        let known = known(physics);
        let find = |name: &String| known.iter().find(|group| group.name == *name).cloned();
        let groups = names.iter().enumerate().map(|(index, name)| find(name).ok_or(index));
        Ok(OutputFields { groups: groups.collect::<std::result::Result<_, _>>()? })
    }

    /// All names that a group or a field has, each once.
    pub fn all_names(physics: &Physics) -> Vec<String> {
        let names = |group: Group| {
            // Components of the state are groups of their own, too.
            let is_derived = !matches!(group.source, Source::State(_)) && group.fields.len() > 1;
            let fields = group.fields.into_iter().filter(move |_| is_derived);
            std::iter::once(group.name).chain(fields.map(|field| field.name))
        };
        known(physics).into_iter().flat_map(names).collect()
    }

    /// Names of the groups that there are.
    pub fn names(physics: &Physics) -> Vec<String> {
        known(physics).into_iter().map(|group| group.name).collect()
    }

    /// The single fields, in the order in which they are made.
    pub fn fields(&self) -> impl Iterator<Item = &Variable> {
        self.groups.iter().flat_map(|group| &group.fields)
    }

    /// Whether a field of all points of this rank is held at a time.
    pub fn holds_a_field(&self) -> bool {
        self.groups.iter().any(|g| matches!(g.source, Source::Squares(_) | Source::Magnitude(_)))
    }

    /// Makes the fields of `flow` at the points of `region`, one after the other, and hands them over
    /// in batches of planes: `visit(number of the field, first plane of the region, values)` with
    /// values `[z][y][x]`. Every rank makes the same number of calls, also with no planes. The
    /// exchange must be filled again afterwards. Collective.
    pub fn visit<T: Real>(
        &self,
        flow: &Flow<T>,
        sweep: &mut Sweep<T>,
        region: &Region,
        mut visit: impl FnMut(usize, &Region, &[T]) -> Result<()>,
    ) -> Result<()> {
        let mut first = 0;
        for Group { fields, source, .. } in &self.groups {
            match source {
                Source::State(range) => {
                    let each = components(range.len(), first, &mut visit);
                    copy(&flow.state, range, sweep, region, each)
                }
                Source::Pressure => flow.pressure.iter().try_for_each(|pressure| {
                    copy(pressure, &(0..1), sweep, region, components(1, first, &mut visit))
                }),
                Source::Triples(triples) => {
                    (first..).step_by(AXES).zip(triples).try_for_each(|(first, triple)| {
                        let each = components(AXES, first, &mut visit);
                        triple.to_points(&flow.state, sweep, region, each)
                    })
                }
                Source::Squares(terms) => {
                    let each = components(1, first, &mut visit);
                    sum_of_squares(terms, |sum| sum, &flow.state, sweep, region, each)
                }
                Source::Magnitude(triple) => {
                    let each = components(1, first, &mut visit);
                    sum_of_squares(&[(*triple, 1.0)], T::sqrt, &flow.state, sweep, region, each)
                }
            }?;
            first += fields.len();
        }
        Ok(())
    }
}

/// Hands the `count` components in values `[component][z][y][x]` over as fields from `first` on.
fn components<T>(
    count: usize,
    first: usize,
    visit: &mut impl FnMut(usize, &Region, &[T]) -> Result<()>,
) -> impl FnMut(&Region, &[T]) -> Result<()> {
    move |region, values| {
        let len = values.len() / count;
        (0..count).try_for_each(|c| visit(first + c, region, &values[c * len..(c + 1) * len]))
    }
}

/// Takes neighbouring fields to the points of a region. Collective.
fn copy<T: Real>(
    from: &SpectralFields<T>,
    fields: &Range<usize>,
    sweep: &mut Sweep<T>,
    region: &Region,
    visit: impl FnMut(&Region, &[T]) -> Result<()>,
) -> Result<()> {
    let len = from.modes.column_len();
    sweep.to_region(
        fields.len(),
        &|bundle, _, outgoing| {
            outgoing.copy_from_slice(&from.bundle(bundle)[fields.start * len..fields.end * len]);
        },
        region,
        visit,
    )
}

/// Hands `end` of a weighted sum of squares over. Collective.
fn sum_of_squares<T: Real>(
    terms: &[(Triple, f64)],
    end: impl Fn(T) -> T,
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    region: &Region,
    mut visit: impl FnMut(&Region, &[T]) -> Result<()>,
) -> Result<()> {
    let mine = region.common(&sweep.points());
    // Where the values of a batch lie among all of this rank.
    let here = |batch: &Region| {
        let before = batch.ranges[2].start - mine.ranges[2].start;
        before * mine.plane_len()..before * mine.plane_len() + batch.len()
    };
    let mut sum = vec![T::ZERO; mine.len()];
    for (triple, weight) in terms {
        let weight = T::from_double(*weight);
        triple.to_points(state, sweep, region, |batch, values| {
            let len = values.len() / AXES;
            let (x, yz) = values.split_at(len);
            let (y, z_component) = yz.split_at(len);
            let sum = &mut sum[here(batch)];
            for (((sum, x), y), z) in sum.iter_mut().zip(x).zip(y).zip(z_component) {
                *sum = *sum + weight * (*x * *x + *y * *y + *z * *z);
            }
            Ok(())
        })?;
    }
    sum.iter_mut().for_each(|x| *x = end(*x));
    for batch in sweep.batches(region) {
        visit(&batch, &sum[here(&batch)])?;
    }
    Ok(())
}

/// What fields are made of.
pub struct Flow<'a, T: Real> {
    state: Cow<'a, SpectralFields<T>>,
    pressure: Option<SpectralFields<T>>,
}

impl<'a, T: Real> Flow<'a, T> {
    /// What `fields` need to know about a state. The exchange must be filled again afterwards.
    /// Collective.
    pub fn new(
        fields: &OutputFields,
        state: &'a SpectralFields<T>,
        physics: &Physics,
        sweep: &mut Sweep<T>,
    ) -> Self {
        let wanted = fields.groups.iter().any(|group| group.source == Source::Pressure);
        let pressure = wanted.then(|| pressure(state, physics, sweep));
        Flow { state: Cow::Borrowed(state), pressure }
    }

    /// The same on another layout: modes that it does not have are cut off. Collective.
    pub fn regrid(&self, modes: Modes, comm: &Communicator) -> Flow<'static, T> {
        Flow {
            state: Cow::Owned(regrid(&self.state, modes, comm)),
            pressure: self.pressure.as_ref().map(|pressure| regrid(pressure, modes, comm)),
        }
    }
}

/// The groups of the state: vectors, then scalars.
fn of_state(physics: &Physics) -> Vec<Group> {
    let fields = physics.fields();
    let vector = |name: &str, range: Range<usize>| Group {
        name: name.into(),
        fields: fields[range.clone()].into(),
        source: Source::State(range),
    };
    let mut groups = vec![vector("velocity", 0..AXES)];
    groups.extend(physics.magnetic_fields().map(|range| vector("magnetic_field", range)));
    let scalars = groups.iter().map(|group| group.fields.len()).sum::<usize>()..fields.len();
    groups.extend(scalars.map(|field| vector(&fields[field].name, field..field + 1)));
    groups
}

/// All groups that there are with this physics.
fn known(physics: &Physics) -> Vec<Group> {
    let single = |(index, field): (usize, Variable)| Group {
        name: field.name.clone(),
        fields: vec![field],
        source: Source::State(index..index + 1),
    };
    let mut groups: Vec<_> = physics.fields().into_iter().enumerate().map(single).collect();
    groups.extend(of_state(physics).into_iter().filter(|group| group.fields.len() > 1));

    let strain = |weight| vec![(Triple::Stretching, weight), (Triple::Shear, 2.0 * weight)];
    let q = [vec![(Triple::Curl(0), 0.25)], strain(-0.5)].concat();
    let dissipation = strain(2.0 * physics.viscosity);
    let magnitude = Source::Magnitude;
    groups.extend([
        Group::scalar("pressure", "L^2/T^2", "pressure by density", Source::Pressure),
        Group::vector("vorticity", "omega", "vorticity", Triple::Curl(0)),
        Group::scalar("vorticity_magnitude", "1/T", "vorticity", magnitude(Triple::Curl(0))),
        Group::scalar("dissipation", "L^2/T^3", "2 nu s_ij s_ij", Source::Squares(dissipation)),
        Group::scalar("q_criterion", "1/T^2", "-A_ij A_ji / 2", Source::Squares(q)),
        velocity_gradient(),
    ]);
    let damping = physics.magnetic_damping();
    for (fields, damping) in physics.magnetic_fields().into_iter().zip(damping) {
        let curl = Triple::Curl(fields.start);
        let losses = Source::Squares(vec![(curl, damping.diffusivity)]);
        groups.extend([
            Group::vector("current", "j", "current density curl b", curl),
            Group::scalar("current_magnitude", "1/T", "current density", magnitude(curl)),
            Group::scalar("magnetic_dissipation", "L^2/T^3", "eta j.j", losses),
        ]);
    }
    let diffusivities = physics.scalar_formulas().into_iter().map(|s| s.damping.diffusivity);
    let passive = diffusivities.skip(usize::from(physics.stratification.is_some()));
    for ((scalar, kappa), field) in
        physics.scalars.iter().zip(passive).zip(physics.first_scalar()..)
    {
        let losses = Source::Squares(vec![(Triple::Gradient(field), 2.0 * kappa)]);
        let name = format!("{}_dissipation", scalar.name);
        groups.push(Group::scalar(name, "1/T", "2 kappa |grad|^2", losses));
    }
    groups
}

/// The nine A_ij.
fn velocity_gradient() -> Group {
    let components = ["u", "v", "w"].into_iter().flat_map(|component| {
        ["x", "y", "z"].map(|axis| {
            let description = format!("derivative of {component} along {axis}");
            Variable::new(format!("d{component}_d{axis}"), "1/T", description)
        })
    });
    Group {
        name: "velocity_gradient".into(),
        fields: components.collect(),
        source: Source::Triples((0..AXES).map(Triple::Gradient).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::parallel::Team;

    const VISCOSITY: f64 = 0.3;

    /// The Taylor-Green vortex and an ABC flow together: the velocity.
    fn velocity([x, y, z]: [f64; AXES]) -> [f64; AXES] {
        let u = x.sin() * y.cos() * z.cos() + z.sin() + 0.5 * y.cos();
        let v = -x.cos() * y.sin() * z.cos() + 2.0 * x.sin() + z.cos();
        [u, v, 0.5 * y.sin() + 2.0 * x.cos()]
    }

    /// Its gradient A_ij.
    fn gradient([x, y, z]: [f64; AXES]) -> [[f64; AXES]; AXES] {
        let ((sx, cx), (sy, cy), (sz, cz)) = (x.sin_cos(), y.sin_cos(), z.sin_cos());
        [
            [cx * cy * cz, -sx * sy * cz - 0.5 * sy, -sx * cy * sz + cz],
            [sx * sy * cz + 2.0 * cx, -cx * cy * cz, cx * sy * sz - sz],
            [-2.0 * sx, 0.5 * cy, 0.0],
        ]
    }

    /// What the fields of `NAMES` are at a point, by their definitions.
    fn exact(point: [f64; AXES]) -> Vec<f64> {
        let a = gradient(point);
        let pairs = || (0..AXES).flat_map(|i| (0..AXES).map(move |j| (i, j)));
        let vorticity = [a[2][1] - a[1][2], a[0][2] - a[2][0], a[1][0] - a[0][1]];
        let strain = |(i, j): (usize, usize)| 0.5 * (a[i][j] + a[j][i]);
        let mut values = vorticity.to_vec();
        values.push(2.0 * VISCOSITY * pairs().map(|pair| strain(pair).powi(2)).sum::<f64>());
        values.extend(a.as_flattened());
        values.push(-0.5 * pairs().map(|(i, j)| a[i][j] * a[j][i]).sum::<f64>());
        values.push(velocity(point)[1]);
        values.push(vorticity.iter().map(|w| w * w).sum::<f64>().sqrt());
        values
    }

    const NAMES: [&str; 6] = [
        "vorticity",
        "dissipation",
        "velocity_gradient",
        "q_criterion",
        "v",
        "vorticity_magnitude",
    ];

    #[test]
    fn fields_are_what_they_are_by_definition() {
        let grid = Grid::two_thirds([18, 15, 24], [1.0; AXES]);
        let ([nx, ny, _], spacing) = (grid.points, grid.spacing());
        let (serial, team) = (Communicator::serial(), Team::new(2).unwrap());
        let mut sweep = Sweep::<f64>::new(Modes::new(grid, 8), &serial, team, 3, 3).unwrap();
        let state = sweep.from_physical(AXES, |batch, values| {
            let (len, planes) = (values.len() / AXES, &batch.ranges[2]);
            for index in 0..len {
                let at = [index % nx, index / nx % ny, planes.start + index / (nx * ny)];
                let found = velocity(std::array::from_fn(|axis| at[axis] as f64 * spacing[axis]));
                (0..AXES).for_each(|field| values[field * len + index] = found[field]);
            }
            Ok(())
        });
        let state = state.unwrap();
        let physics = Physics::navier_stokes(VISCOSITY);
        let fields = OutputFields::new(&NAMES.map(String::from), &physics).unwrap();
        let flow = Flow::new(&fields, &state, &physics, &mut sweep);
        for region in [Region::whole(&grid), Region { ranges: [4..9, 7..8, 3..20] }] {
            let [nz, ny, nx] = region.shape();
            let mut found = vec![Vec::new(); fields.fields().count()];
            let visited = fields.visit(&flow, &mut sweep, &region, |field, batch, values| {
                let before = batch.ranges[2].start - region.ranges[2].start;
                assert_eq!(found[field].len(), before * nx * ny);
                found[field].extend_from_slice(values);
                Ok(())
            });
            visited.unwrap();
            for index in 0..nx * ny * nz {
                let at = [index % nx, index / nx % ny, index / (nx * ny)];
                let point = |axis: usize| (region.ranges[axis].start + at[axis]) as f64;
                let exact = exact(std::array::from_fn(|axis| point(axis) * spacing[axis]));
                assert_eq!(exact.len(), found.len());
                for ((found, exact), field) in found.iter().zip(exact).zip(fields.fields()) {
                    let error = (found[index] - exact).abs();
                    assert!(error < 2e-14, "{} at {at:?}: error {error}", field.name);
                }
            }
        }
    }

    #[test]
    fn names_depend_on_the_physics() {
        let physics = Physics::navier_stokes(0.1);
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(OutputFields::new(&names(&["u", "current"]), &physics), Err(1));
        let state = OutputFields::new(&[], &physics).unwrap();
        assert_eq!(state.fields().cloned().collect::<Vec<_>>(), physics.fields());
        assert!(OutputFields::names(&physics).contains(&"pressure".into()));
    }
}
