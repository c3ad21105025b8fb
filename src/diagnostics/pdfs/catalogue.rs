//! The densities that there are, and at which fields to look for each.

use super::super::momentum::MomentumPart;
use super::super::points::Together;
use super::super::triple::Triple;
use super::bins::{Bins, Normalization};
use crate::grid::AXES;
use crate::physics::Physics;
use crate::variable::Variable;

/// The density of one quantity q.
#[derive(Clone, Debug, PartialEq)]
pub struct Density {
    /// The quantity.
    pub variable: Variable,
    /// The variable made of it that the density is over.
    pub normalization: Normalization,
    /// Its bins.
    pub bins: Bins,
}

/// Fields that are at the points together, and what is counted there.
pub(super) struct Look {
    /// The part of the momentum whose modes are taken to the points; those of the state without.
    pub part: Option<MomentumPart>,
    pub fields: Together,
    /// Field by field: the density that it belongs to.
    pub of_fields: Vec<Option<usize>>,
    /// The density that the sum of the squares of all belongs to.
    pub of_square: Option<usize>,
    /// The factor with which this sum goes into the one that is held for every point, and the density
    /// of that, if it is complete now.
    pub held: Option<(f64, Option<usize>)>,
}

/// All densities of one [`Physics`], and the looks that tell them.
pub(super) struct Catalogue {
    pub densities: Vec<Density>,
    pub looks: Vec<Look>,
}

impl Catalogue {
    /// Those of `physics`, with bins that are to be set, and with `acceleration` if that is wanted.
    pub fn new(physics: &Physics, acceleration: bool) -> Self {
        let mut catalogue = Catalogue { densities: Vec::new(), looks: Vec::new() };
        catalogue.add_all(physics);
        if acceleration {
            catalogue.add_acceleration();
        }
        catalogue
    }

    fn add(
        &mut self,
        name: &str,
        unit: &str,
        description: &str,
        normalization: Normalization,
    ) -> usize {
        self.densities.push(Density {
            variable: Variable::new(name, unit, description),
            normalization,
            bins: Bins { low: 0.0, high: 1.0, count: 1 },
        });
        self.densities.len() - 1
    }

    /// Adds all densities.
    fn add_all(&mut self, physics: &Physics) {
        let fields = physics.fields();
        let of_fields = fields
            .iter()
            .map(|f| Some(self.add(&f.name, &f.unit, &f.description, Normalization::Standard)))
            .collect();
        self.looks.push(Look {
            part: None,
            fields: Together::State,
            of_fields,
            of_square: None,
            held: None,
        });
        self.add_vector("velocity", 0, ["vorticity", "enstrophy", "dissipation"]);
        if let Some(fields) = physics.magnetic_fields() {
            let names = ["current", "magnetic_dissipation", ""];
            self.add_vector("magnetic", fields.start, names);
        }
        for group in physics.vectors_and_scalars().iter().filter(|group| group.len() == 1) {
            let field = &fields[group.start];
            self.add_gradient(&field.name, &field.unit, group.start);
        }
    }

    /// Adds the gradients of the vector that begins at field `first`, its curl, the square of that,
    /// and 2 s_ij s_ij, s the symmetric part of the gradient, under their names; "" is not wanted.
    fn add_vector(&mut self, name: &str, first: usize, [curl, square, strain]: [&str; 3]) {
        let kind = Normalization::Standard;
        let along = self.add(
            &format!("{name}_longitudinal"),
            "1/T",
            "derivatives of the components along their own directions, all three together",
            kind,
        );
        let across = self.add(
            &format!("{name}_transverse"),
            "1/T",
            "derivatives of the components along other directions, all six together",
            kind,
        );
        let description = format!("components of the {curl}, all three together");
        let curl = self.add(curl, "1/T", &description, kind);
        let kind = Normalization::Logarithm;
        let square = self.add(square, "1/T^2", "the square of its magnitude", kind);
        // 2 s_ij s_ij = 2 A_ij A_ij - |curl|^2, A the gradient.
        let strain = (!strain.is_empty())
            .then(|| self.add(strain, "1/T^2", "2 s_ij s_ij, s_ij the rate of strain", kind));
        for component in 0..AXES {
            let of_fields =
                (0..AXES).map(|axis| Some(if axis == component { along } else { across }));
            self.looks.push(Look {
                part: None,
                fields: Together::Triple(Triple::Gradient(first + component)),
                of_fields: of_fields.collect(),
                of_square: None,
                held: strain.map(|_| (2.0, None)),
            });
        }
        self.looks.push(Look {
            part: None,
            fields: Together::Triple(Triple::Curl(first)),
            of_fields: vec![Some(curl); AXES],
            of_square: Some(square),
            held: strain.map(|strain| (-1.0, Some(strain))),
        });
    }

    /// Adds the components of acceleration and pressure gradient.
    fn add_acceleration(&mut self) {
        let gradient = Together::Triple(Triple::Gradient(0));
        for (part, fields, name, words) in [
            (
                MomentumPart::Acceleration,
                Together::State,
                "acceleration",
                "components of the acceleration of fluid elements, all three together",
            ),
            (
                MomentumPart::Pressure,
                gradient,
                "pressure_gradient",
                "derivatives of the pressure by density, all three together",
            ),
        ] {
            let density = self.add(name, "L/T^2", words, Normalization::Standard);
            let of_fields = vec![Some(density); AXES];
            let part = Some(part);
            self.looks.push(Look { part, fields, of_fields, of_square: None, held: None });
        }
    }

    /// Adds the gradient of a scalar, and its square.
    fn add_gradient(&mut self, name: &str, unit: &str, field: usize) {
        let unit = if unit == "1" { "1/L" } else { "1/T" };
        let of_fields = ["x", "y", "z"].map(|axis| {
            let description = format!("derivative of {name} along {axis}");
            Some(self.add(
                &format!("{name}_gradient_{axis}"),
                unit,
                &description,
                Normalization::Standard,
            ))
        });
        let square = self.add(
            &format!("{name}_dissipation"),
            if unit == "1/L" { "1/L^2" } else { "1/T^2" },
            &format!("|grad {name}|^2"),
            Normalization::Logarithm,
        );
        self.looks.push(Look {
            part: None,
            fields: Together::Triple(Triple::Gradient(field)),
            of_fields: of_fields.into(),
            of_square: Some(square),
            held: None,
        });
    }
}
