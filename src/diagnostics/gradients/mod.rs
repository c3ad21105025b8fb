//! Statistics at the grid points: extremes, and moments of gradients.
//!
//! With <.> the average over the grid points, and over the three directions of a longitudinal
//! gradient g = du/dx or the six of a transverse one, the skewness is <g^3> / <g^2>^(3/2) and the
//! flatness <g^4> / <g^2>^2 (Pope 2000, Turbulent Flows, section 6.4.2). The mixed skewness of a scalar s
//! is <g (ds/dx)^2> / (<g^2>^(1/2) <(ds/dx)^2>), all three averages over the directions as well, about
//! -0.5 in turbulence (Kerr 1985, J. Fluid Mech. 153, 31). Under the 2/3 rule averages of cubes are
//! exact, those of fourth powers are averages over points. Gradients and components that are zero everywhere,
//! as some are in two dimensions, are left out of averages over directions and components.
//!
//! | file | what it has |
//! |---|---|
//! | here | [`Gradients`]: which statistics there are, and what each is made of |
//! | `moments` | sums over the points |

mod moments;

use std::ops::Range;

use super::momentum::{MOMENTUM_TRANSFORMS, Momentum, MomentumPart};
use super::points::Together;
use super::triple::Triple;
use crate::fields::SpectralFields;
use crate::grid::AXES;
use crate::parallel::{Communicator, ThreadPool};
use crate::physics::Physics;
use crate::real::Real;
use crate::sums::{Term, Weight, mean_square, sums_of_terms};
use crate::transform::sweep::Sweep;
use crate::variable::Variable;
use moments::{Moments, look};

/// The statistics of one [`Physics`]. Those of a gradient that is zero everywhere are 0.
pub struct Gradients {
    variables: Vec<Variable>,
    /// The viscosity, if acceleration and pressure gradient are among them.
    viscosity_of_acceleration: Option<f64>,
    /// The fields of each vector and scalar.
    groups: Vec<Range<usize>>,
}

impl Gradients {
    /// Those of every vector and scalar, and of the `acceleration` of fluid elements if that is wanted.
    pub fn new(physics: &Physics, acceleration: bool) -> Self {
        let mut gradients = Gradients {
            variables: Vec::new(),
            viscosity_of_acceleration: acceleration.then_some(physics.viscosity),
            groups: physics.vectors_and_scalars(),
        };
        gradients.add_vector("", ["speed", "vorticity"], ["u", "v", "w"]);
        if physics.magnetic.is_some() {
            let names = ["magnetic_field", "current"];
            gradients.add_vector("magnetic_", names, ["bx", "by", "bz"]);
        }
        let fields = physics.fields();
        for group in gradients.groups.clone().iter().filter(|group| group.len() == 1) {
            gradients.add_scalar(&fields[group.start].name, &fields[group.start].unit);
        }
        if acceleration {
            gradients.add_acceleration();
        }
        gradients
    }

    /// Returns what [`Self::measure`] must know of the momentum.
    pub fn momentum(&self) -> Option<MomentumPart> {
        self.viscosity_of_acceleration.map(|_| MomentumPart::Acceleration)
    }

    /// Their names, in the order in which they are measured.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Returns how many transforms of a field take about as long as a measurement.
    pub fn transforms(&self) -> f64 {
        /// Sums over the points, beside the transforms.
        const WITH_SUMS: f64 = 1.3;
        // A vector with its gradients and its curl; a scalar with its gradient and three of the velocity.
        let of_group = |group: &Range<usize>| if group.len() == AXES { 15.0 } else { 7.0 };
        let of_fields: f64 = self.groups.iter().map(of_group).sum();
        let of_momentum = self.momentum().map_or(0.0, |_| MOMENTUM_TRANSFORMS + 2.0 * AXES as f64);
        WITH_SUMS * (of_fields + of_momentum)
    }

    fn add(&mut self, name: String, unit: &str, description: String) {
        self.variables.push(Variable::new(name, unit, description));
    }

    fn add_vector(&mut self, prefix: &str, [vector, curl]: [&str; 2], [x, y, z]: [&str; AXES]) {
        let along = format!("d{x}/dx, d{y}/dy and d{z}/dz");
        self.add(
            format!("max_{vector}"),
            "L/T",
            format!("largest |({x}, {y}, {z})| of the grid points"),
        );
        self.add(
            format!("max_{curl}"),
            "1/T",
            format!("largest |curl ({x}, {y}, {z})| of the grid points"),
        );
        self.add(format!("{prefix}longitudinal_skewness"), "1", format!("skewness of {along}"));
        self.add(format!("{prefix}longitudinal_flatness"), "1", format!("flatness of {along}"));
        let others = format!("flatness of the six other derivatives of {x}, {y} and {z}");
        self.add(format!("{prefix}transverse_flatness"), "1", others);
        self.add(
            format!("{curl}_flatness"),
            "1",
            format!("flatness of the components of the {curl}"),
        );
    }

    fn add_scalar(&mut self, name: &str, unit: &str) {
        self.add(format!("max_{name}"), unit, format!("largest |{name}| of the grid points"));
        for axis in ["x", "y", "z"] {
            let description = format!("skewness of d{name}/d{axis}");
            self.add(format!("{name}_gradient_skewness_{axis}"), "1", description);
        }
        let description = format!("flatness of the derivatives of {name} along x, y and z");
        self.add(format!("{name}_gradient_flatness"), "1", description);
        let description =
            "mixed skewness of longitudinal velocity gradients and those of".to_string();
        self.add(format!("{name}_mixed_skewness"), "1", format!("{description} {name}"));
    }

    fn add_acceleration(&mut self) {
        for (name, words) in [
            ("acceleration", "acceleration of fluid elements"),
            ("pressure_gradient", "gradient of the pressure by density"),
        ] {
            let variance = format!("mean square of a component of the {words}");
            self.add(format!("{name}_variance"), "L^2/T^4", variance);
            let flatness = format!("flatness of the components of the {words}");
            self.add(format!("{name}_flatness"), "1", flatness);
        }
        let description = "acceleration_variance / (dissipation^3 / nu)^(1/2)";
        self.add("a0".into(), "1", description.into());
    }

    /// Measures them, in a sweep for the fields, four for each vector and one for each scalar. Collective:
    /// every rank must call this.
    pub fn measure<T: Real>(
        &self,
        state: &SpectralFields<T>,
        momentum: Option<&Momentum<T>>,
        sweep: &mut Sweep<T>,
        communicator: &Communicator,
    ) -> Vec<f64> {
        let plain = vec![1.0; state.count];
        let fields = look(Together::State, &self.groups, &plain, state, sweep, communicator);
        let mut values = Vec::new();
        for (group, largest) in self.groups.iter().zip(fields.largest) {
            values.push(largest);
            if group.len() == 1 {
                values.extend(of_scalar(group.start, state, sweep, communicator));
            } else {
                values.extend(of_vector(group.start, state, sweep, communicator));
            }
        }
        if let Some((viscosity, momentum)) = self.viscosity_of_acceleration.zip(momentum) {
            let dissipation =
                viscosity * mean_square_gradient(state, 0..AXES, sweep.pool(), communicator);
            values.extend(of_momentum(momentum, dissipation, viscosity, sweep, communicator));
        }
        values
    }
}

/// What is measured of acceleration and pressure. Collective.
fn of_momentum<T: Real>(
    momentum: &Momentum<T>,
    dissipation: f64,
    viscosity: f64,
    sweep: &mut Sweep<T>,
    communicator: &Communicator,
) -> Vec<f64> {
    let Momentum { pressure, acceleration } = momentum;
    let mut values = Vec::new();
    let squares = [
        acceleration.as_ref().map_or(0.0, |a| mean_square(a, 0..AXES, sweep.pool(), communicator)),
        mean_square_gradient(pressure, 0..1, sweep.pool(), communicator),
    ];
    let mut measure = |fields: Together, of: &SpectralFields<T>, square: f64| {
        let scale = scale_for(square.sqrt());
        let moments = look(fields, &[], &[scale; AXES], of, sweep, communicator).of_fields;
        let moments = Moments::of_all(&moments);
        values.extend([moments.mean(0) / (scale * scale), moments.flatness()]);
    };
    if let Some(acceleration) = acceleration {
        measure(Together::State, acceleration, squares[0]);
    }
    measure(Together::Triple(Triple::Gradient(0)), pressure, squares[1]);
    let scale = (dissipation.powi(3) / viscosity).sqrt();
    values.push(if dissipation == 0.0 { 0.0 } else { values[0] / scale });
    values
}

/// What is measured of the gradient of the vector that begins at field `first`. Collective.
fn of_vector<T: Real>(
    first: usize,
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    communicator: &Communicator,
) -> [f64; 5] {
    let scales = [scale(state, first..first + AXES, sweep.pool(), communicator); AXES];
    let (mut longitudinal, mut transverse) = (Vec::new(), Vec::new());
    for component in 0..AXES {
        let gradient = Together::Triple(Triple::Gradient(first + component));
        let found = look(gradient, &[], &scales, state, sweep, communicator);
        for (axis, moments) in found.of_fields.into_iter().enumerate() {
            if component == axis { &mut longitudinal } else { &mut transverse }.push(moments);
        }
    }
    let [longitudinal, transverse] =
        [longitudinal, transverse].map(|parts| Moments::of_all(&parts));
    let curl = Together::Triple(Triple::Curl(first));
    let whole = std::slice::from_ref(&(0..AXES));
    let curl = look(curl, whole, &scales, state, sweep, communicator);
    [
        curl.largest[0],
        longitudinal.skewness(),
        longitudinal.flatness(),
        transverse.flatness(),
        Moments::of_all(&curl.of_fields).flatness(),
    ]
}

/// What is measured of the gradient of the scalar in `field`. Collective.
fn of_scalar<T: Real>(
    field: usize,
    state: &SpectralFields<T>,
    sweep: &mut Sweep<T>,
    communicator: &Communicator,
) -> [f64; 5] {
    let both = Together::Pair(Triple::Stretching, Triple::Gradient(field));
    let scale = |of| scale(state, of, sweep.pool(), communicator);
    let scales = [[scale(0..AXES); AXES], [scale(field..field + 1); AXES]].concat();
    let found = look(both, &[], &scales, state, sweep, communicator);
    let (stretching, gradient) = found.of_fields.split_at(AXES);
    let all = Moments::of_all(gradient);
    let velocity = Moments::of_all(stretching).mean(0).sqrt();
    let scale = velocity * all.mean(0);
    [
        gradient[0].skewness(),
        gradient[1].skewness(),
        gradient[2].skewness(),
        all.flatness(),
        if scale == 0.0 { 0.0 } else { found.mixed / all.count / scale },
    ]
}

/// What gradients of some fields are multiplied with before their powers are summed. Collective.
fn scale<T: Real>(
    state: &SpectralFields<T>,
    fields: Range<usize>,
    pool: &ThreadPool,
    communicator: &Communicator,
) -> f64 {
    scale_for(mean_square_gradient(state, fields, pool, communicator).sqrt())
}

/// What numbers of this rms are multiplied with before their powers are summed: 1, or a power of two where
/// fourth powers would be too small or too large for a number. Skewness and flatness do not depend on it.
fn scale_for(rms: f64) -> f64 {
    /// What lies between its inverse and this has powers that are numbers.
    const PLAIN: f64 = 1e60;
    let is_plain = rms == 0.0 || !rms.is_finite() || (1.0 / PLAIN..PLAIN).contains(&rms);
    if is_plain { 1.0 } else { 2_f64.powi(-rms.log2() as i32) }
}

/// The mean of the sum of the squares of all derivatives of some fields. Collective.
fn mean_square_gradient<T: Real>(
    state: &SpectralFields<T>,
    fields: Range<usize>,
    pool: &ThreadPool,
    communicator: &Communicator,
) -> f64 {
    let square = Term::norm(fields).weighted(Weight::Square);
    sums_of_terms(state, &[square], pool, communicator)[0]
}

#[cfg(test)]
mod tests;
