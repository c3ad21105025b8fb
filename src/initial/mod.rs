//! Initial velocity fields, each a function of the mode numbers alone, so that every rank count
//! and every grid gets the same numbers. All are solenoidal, k.û = 0, and real, û(-k) = conj û(k).
//!
//! | file | what it has |
//! |---|---|
//! | here | [`Initial`], the kinds that a configuration may ask for, and [`build`] |
//! | `taylor_green`, `abc`, `kolmogorov`, `waves`, `beltrami` | flows of a few modes |
//! | `modes` | modes given by hand, and the field that a few modes make |
//! | `random_field`, `spectrum`, `table` | a random field with the spectrum of a formula or a table |
//! | `shear_layer` | a flow given in physical space |
//! | `scalar` | initial scalars |
//! | `parameters` | amplitudes, and waves that the box must hold |
//!
//! To add a kind: a file with its parameters and formula, a variant of [`Initial`], and the arms that
//! the compiler then asks for.

mod abc;
mod beltrami;
mod kolmogorov;
mod modes;
mod parameters;
mod random_field;
mod scalar;
mod shear_layer;
mod spectrum;
mod table;
mod taylor_green;
mod waves;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::grid::Grid;
use crate::parallel::Communicator;
use crate::problems::Problems;

pub use abc::Abc;
pub use beltrami::Beltrami;
pub use kolmogorov::Kolmogorov;
pub use modes::{Mode, VelocityModes};
pub use random_field::RandomField;
pub use scalar::{ScalarField, ScalarMode};
pub use shear_layer::ShearLayer;
pub use spectrum::Spectrum;
pub use taylor_green::TaylorGreen;
pub use waves::Waves;

/// `[initial]`: which field the run starts from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Initial {
    /// The Taylor-Green vortex.
    TaylorGreen(TaylorGreen),
    /// The Arnold-Beltrami-Childress flow.
    Abc(Abc),
    /// The vortex of Kida.
    Kida(Waves),
    /// The flow u = A sin ky along x.
    Kolmogorov(Kolmogorov),
    /// A random flow along its vorticity.
    Beltrami(Beltrami),
    /// Two shear layers that roll up.
    ShearLayer(ShearLayer),
    /// The velocity of the three-dimensional Orszag-Tang vortex.
    OrszagTang(Waves),
    /// Its magnetic field.
    OrszagTangMagnetic(Waves),
    /// The insulating magnetic field for the Taylor-Green vortex.
    TaylorGreenMagnetic(Waves),
    /// A random solenoidal field with a prescribed spectrum.
    Random(RandomField),
    /// Fourier modes by hand.
    Modes {
        /// The modes; conjugates are added.
        modes: Vec<Mode>,
    },
    /// The velocity in a snapshot or checkpoint.
    File {
        /// Its path, relative to the configuration file.
        path: PathBuf,
    },
}

impl Initial {
    /// Adds to `problems` what is wrong with the parameters, or does not fit the grid.
    pub fn check(&self, grid: &Grid, problems: &mut Problems) {
        match self {
            Initial::TaylorGreen(flow) => flow.check(grid, problems),
            Initial::Abc(flow) => flow.check(grid, problems),
            Initial::Kida(flow) => flow.check(waves::KIDA, grid, problems),
            Initial::Kolmogorov(flow) => flow.check(grid, problems),
            Initial::Beltrami(flow) => flow.check(grid, problems),
            Initial::ShearLayer(flow) => flow.check(grid, problems),
            Initial::OrszagTang(flow) => flow.check(waves::ORSZAG_TANG, grid, problems),
            Initial::OrszagTangMagnetic(field) => {
                field.check(waves::ORSZAG_TANG_MAGNETIC, grid, problems);
            }
            Initial::TaylorGreenMagnetic(field) => {
                field.check(waves::TAYLOR_GREEN_MAGNETIC, grid, problems);
            }
            Initial::Random(field) => field.check(grid, problems),
            Initial::Modes { modes } => modes::check(modes, grid, problems),
            Initial::File { .. } => {}
        }
    }

    /// As [`Self::check`], for a flow whose parameters are in the table at `path`.
    pub fn check_at(&self, path: &str, grid: &Grid, problems: &mut Problems) {
        let mut found = Problems::default();
        self.check(grid, &mut found);
        for problem in found.list {
            problems.add(problem.path.replacen("initial", path, 1), problem.message);
        }
    }

    /// The energy that a field of random modes is to have, however many of them the grid keeps.
    pub fn energy(&self) -> Option<f64> {
        match self {
            Initial::Random(field) => Some(field.kinetic_energy()),
            _ => None,
        }
    }

    /// The modes of a kind that has only a few; k or -k of each.
    pub fn few_modes(&self, grid: &Grid) -> Option<Vec<Mode>> {
        match self {
            Initial::TaylorGreen(flow) => Some(flow.modes(grid)),
            Initial::Abc(flow) => Some(flow.modes(grid)),
            Initial::Kida(flow) => Some(flow.modes(waves::KIDA, grid)),
            Initial::Kolmogorov(flow) => Some(flow.modes(grid)),
            Initial::Beltrami(flow) => Some(flow.modes(grid)),
            Initial::OrszagTang(flow) => Some(flow.modes(waves::ORSZAG_TANG, grid)),
            Initial::OrszagTangMagnetic(f) => Some(f.modes(waves::ORSZAG_TANG_MAGNETIC, grid)),
            Initial::TaylorGreenMagnetic(f) => Some(f.modes(waves::TAYLOR_GREEN_MAGNETIC, grid)),
            Initial::Modes { modes } => Some(modes.clone()),
            Initial::Random(_) | Initial::ShearLayer(_) | Initial::File { .. } => None,
        }
    }

    /// Makes the path of any input file relative to `directory`, that of the configuration file.
    pub fn resolve_paths(&mut self, directory: &Path) {
        if let Some((_, path)) = self.path_mut() {
            *path = directory.join(&*path);
        }
    }

    /// The file that it reads, if any, with its key in the section.
    pub fn path_mut(&mut self) -> Option<(&'static str, &mut PathBuf)> {
        match self {
            Initial::File { path } => Some(("path", path)),
            Initial::Random(RandomField { spectrum: Spectrum::Table { path }, .. }) => {
                Some(("spectrum.path", path))
            }
            _ => None,
        }
    }
}

/// The field that `initial` describes; it must have passed [`Initial::check`]. Fails when a table
/// cannot be read or is wrong. [`Initial::File`] is refused: a file is no function of the mode
/// numbers, the run reads it itself. Collective: every rank must call this.
pub fn build(initial: &Initial, grid: &Grid, communicator: &Communicator) -> Result<VelocityModes> {
    match initial {
        Initial::Random(field) => field.build(grid, communicator),
        Initial::ShearLayer(flow) => Ok(flow.build(grid)),
        Initial::File { path } => Err(Error::input(format!(
            "initial.path: {} cannot be built from a formula, it must be read",
            path.display()
        ))),
        few => Ok(modes::sum_of_modes(&few.few_modes(grid).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use num_complex::Complex;

    use super::*;
    use crate::fields::SpectralFields;
    use crate::modes::Modes;
    use crate::real::Real;

    /// `[initial]` read as from a configuration file.
    fn parse(text: &str) -> Result<Initial> {
        crate::config::section("initial", text)
    }

    /// The velocity field of a configuration, on one rank.
    pub fn field<T: Real>(initial: &str, grid: Grid) -> SpectralFields<T> {
        let initial = parse(initial).unwrap();
        let mut problems = Problems::default();
        initial.check(&grid, &mut problems);
        assert_eq!(problems.report(), "");
        let velocity = build(&initial, &grid, &Communicator::serial()).unwrap();
        let modes = Modes::new(grid, T::LANES);
        let mut fields = SpectralFields::zeros(modes, 0..modes.bundles(), 3);
        fields.fill(velocity);
        fields
    }

    /// What is wrong with a configuration.
    pub fn problems(initial: &str, grid: Grid) -> String {
        let initial = parse(initial).unwrap();
        let mut problems = Problems::default();
        initial.check(&grid, &mut problems);
        problems.report()
    }

    /// û at a mode, `None` when it is not stored.
    pub fn velocity<T: Real>(
        fields: &SpectralFields<T>,
        mode: [i64; 3],
    ) -> Option<[Complex<f64>; 3]> {
        let index = fields.modes.index(mode)?;
        Some(std::array::from_fn(|i| fields.double_at(index, i)))
    }

    /// The velocity at a point, by the plain Fourier sum.
    pub fn at_point(fields: &SpectralFields<f64>, x: [f64; 3]) -> [f64; 3] {
        let mut sum = [0.0; 3];
        for (mode, index) in fields.owned_modes() {
            let k = fields.modes.grid.wavevector(mode);
            let wave = Complex::cis(k[0] * x[0] + k[1] * x[1] + k[2] * x[2]);
            for (i, sum) in sum.iter_mut().enumerate() {
                *sum += Modes::weight(mode[0]) * (fields.at(index, i) * wave).re;
            }
        }
        sum
    }

    #[test]
    fn every_kind_is_solenoidal_and_hermitian() {
        let grid = Grid::two_thirds([24, 20, 28], [1.0, 2.0, 1.0]);
        for initial in [
            "kind = 'taylor_green'",
            "kind = 'abc'",
            "kind = 'kida'",
            "kind = 'kolmogorov'",
            "kind = 'beltrami'\nenergy = 1",
            "kind = 'shear_layer'\nthickness = 1",
            "kind = 'orszag_tang_magnetic'",
            "kind = 'taylor_green_magnetic'",
            "kind = 'random'\nenergy = 1\nspectrum = { model = 'exponential', peak = 3 }",
            "kind = 'modes'\nmodes = [{ mode = [0, 2, 1], re = [1, 0, 0], im = [0, 1, -1] }]",
        ] {
            let fields = field::<f64>(initial, grid);
            let mut energy = 0.0;
            for (mode, _) in fields.owned_modes() {
                let k = grid.wavevector(mode);
                let u = velocity(&fields, mode).unwrap();
                energy += u.iter().map(|u| u.norm_sqr()).sum::<f64>();
                let divergence = (u[0] * k[0] + u[1] * k[1] + u[2] * k[2]).norm();
                assert!(divergence < 1e-15 * 10.0, "{initial}: {divergence} at {mode:?}");
                if mode[0] == 0 {
                    let opposite = velocity(&fields, mode.map(|n| -n)).unwrap();
                    assert_eq!(opposite, u.map(|u| u.conj()), "{initial}: {mode:?}");
                }
            }
            assert!(energy > 0.0);
        }
    }

    #[test]
    fn unknown_keys_and_kinds_are_refused() {
        assert!(parse("kind = 'taylor_green'\namplitud = 2").is_err());
        assert!(parse("kind = 'abc'\nwave = 2").is_err());
        assert!(parse("kind = 'vortex'").is_err());
        assert!(parse("kind = 'file'\npath = 'a'\nseed = 1").is_err());
    }

    #[test]
    fn paths_are_relative_to_the_configuration() {
        let mut file = Initial::File { path: "start.h5".into() };
        file.resolve_paths(Path::new("/runs"));
        assert_eq!(file, Initial::File { path: "/runs/start.h5".into() });
        let mut random =
            parse("kind = 'random'\nenergy = 1\nspectrum = { model = 'table', path = 'E.txt' }")
                .unwrap();
        random.resolve_paths(Path::new("/runs"));
        assert!(matches!(random, Initial::Random(RandomField {
            spectrum: Spectrum::Table { path }, ..
        }) if path == Path::new("/runs/E.txt")));
    }
}
