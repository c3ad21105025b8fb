//! The fields that there are with each physics, in groups of one name, and what they are made of.

use std::ops::Range;

use crate::diagnostics::momentum::MomentumPart;
use crate::diagnostics::triple::Triple;
use crate::grid::AXES;
use crate::physics::Physics;
use crate::variable::Variable;

/// The source that fields are made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Neighbouring fields of the state.
    State(Range<usize>),
    /// The pressure.
    Pressure,
    /// The gradient of the pressure.
    PressureGradient,
    /// The acceleration of fluid elements.
    Acceleration,
    /// The components of triples, one after the other.
    Triples(Vec<Triple>),
    /// The sum over triples of a weight times the sum of the three squares.
    Squares(Vec<(Triple, f64)>),
    /// The root of the sum of the squares.
    Magnitude(Triple),
}

/// Fields with one name: a scalar, or the components of a vector or tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Their name.
    pub name: String,
    /// Each of them.
    pub fields: Vec<Variable>,
    /// The source that they are made of.
    pub source: Source,
}

impl Source {
    /// Returns how many fields are transformed, less those of the momentum.
    pub fn transforms(&self) -> usize {
        match self {
            Source::State(range) => range.len(),
            Source::Pressure => 1,
            Source::PressureGradient | Source::Acceleration | Source::Magnitude(_) => AXES,
            Source::Triples(triples) => AXES * triples.len(),
            Source::Squares(terms) => AXES * terms.len(),
        }
    }

    /// Returns the part of the momentum that it is made of.
    pub fn momentum(&self) -> Option<MomentumPart> {
        match self {
            Source::Pressure | Source::PressureGradient => Some(MomentumPart::Pressure),
            Source::Acceleration => Some(MomentumPart::Acceleration),
            _ => None,
        }
    }
}

impl Group {
    fn scalar(name: impl Into<String>, unit: &'static str, words: &str, source: Source) -> Self {
        let name = name.into();
        let fields = vec![Variable::new(name.clone(), unit, words)];
        Group { name, fields, source }
    }

    /// The components `<letters>x` and so on of a vector.
    fn vector(name: &str, letters: &str, unit: &'static str, words: &str, source: Source) -> Self {
        let component =
            |axis| Variable::new(format!("{letters}{axis}"), unit, format!("{words} along {axis}"));
        let fields = ["x", "y", "z"].map(component).into();
        Group { name: name.into(), fields, source }
    }
}

/// The groups of the state: vectors, then scalars.
pub fn of_state(physics: &Physics) -> Vec<Group> {
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
pub fn known(physics: &Physics) -> Vec<Group> {
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
    let curl = |name: &str, letters: &str, words: &str, triple: Triple| {
        Group::vector(name, letters, "1/T", words, Source::Triples(vec![triple]))
    };
    groups.extend([
        Group::scalar("pressure", "L^2/T^2", "pressure by density", Source::Pressure),
        Group::vector(
            "pressure_gradient",
            "dp_d",
            "L/T^2",
            "derivative of the pressure by density",
            Source::PressureGradient,
        ),
        Group::vector(
            "acceleration",
            "a_",
            "L/T^2",
            "acceleration of fluid elements",
            Source::Acceleration,
        ),
        curl("vorticity", "omega_", "vorticity", Triple::Curl(0)),
        Group::scalar("vorticity_magnitude", "1/T", "vorticity", magnitude(Triple::Curl(0))),
        Group::scalar("dissipation", "L^2/T^3", "2 nu s_ij s_ij", Source::Squares(dissipation)),
        Group::scalar("q_criterion", "1/T^2", "-A_ij A_ji / 2", Source::Squares(q)),
        velocity_gradient(),
    ]);
    let damping = physics.magnetic_damping();
    for (fields, damping) in physics.magnetic_fields().into_iter().zip(damping) {
        let current = Triple::Curl(fields.start);
        let losses = Source::Squares(vec![(current, damping.diffusivity)]);
        groups.extend([
            curl("current", "j_", "current density curl b", current),
            Group::scalar("current_magnitude", "1/T", "current density", magnitude(current)),
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
