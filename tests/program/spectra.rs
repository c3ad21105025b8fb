//! `spectra.h5` against the history and against what the spectra themselves must obey.

use super::restart::{FORCED, VARIANTS};
use super::running::{Case, DECAYING};

/// Spectra and rows of the history at the same times.
const TOGETHER: [&str; 2] = ["output.history.every=0.1", "output.spectra.every=0.1"];

/// Every spectrum adds up to the quantity of the same name, whatever the physics.
#[test]
fn sums_over_shells_are_the_history() {
    for variant in [&[][..], VARIANTS[0], VARIANTS[2]] {
        let case = Case::with(FORCED, &TOGETHER);
        case.solve(2, "run", &[variant, &["--quiet", "--set", "time.end=0.3"]].concat());
        let spectra = case.spectra("run");
        assert_eq!(spectra["time"], case.column("run", "time"));
        let (shells, width) = (spectra["k"].len(), spectra["k"][1]);
        assert_eq!(width, 0.5);
        let derived = ["_transfer", "_flux"];
        let names = spectra.keys().filter(|name| {
            !["step", "time", "k"].contains(&name.as_str())
                && !derived
                    .iter()
                    .any(|end| name.ends_with(end) && name.as_str() != "buoyancy_flux")
        });
        let mut count = 0;
        for name in names {
            for (record, value) in case.column("run", name).into_iter().enumerate() {
                let shells = &spectra[name][record * shells..][..shells];
                let sum: f64 = shells.iter().sum::<f64>() * width;
                let size: f64 = shells.iter().map(|x| x.abs()).sum::<f64>() * width;
                assert!((sum - value).abs() <= 1e-14 * size, "{name}: {sum} and {value}");
            }
            count += 1;
        }
        assert!(count >= 9, "{count}");
    }
}

/// Nonlinear terms move energy, and make none; where there is no force, dE/dt = T - D for each shell.
#[test]
fn the_energy_of_each_shell_is_accounted_for() {
    let settings = ["time.dt=0.005", "time.end=0.01", "output.spectra.every=0.005"];
    let case = Case::with(DECAYING, &settings);
    // Not Fourier modes at random, which have no transfer yet.
    case.solve(1, "old", &["--quiet", "--set", "time.end=1", "--set", "output.spectra="]);
    let start = case.snapshots("old").last().unwrap().display().to_string();
    let start = format!("initial={{ kind = 'file', path = '{start}' }}");
    case.solve(1, "run", &["--quiet", "--set", &start]);
    let spectra = case.spectra("run");
    let (shells, width) = (spectra["k"].len(), spectra["k"][1]);
    let of = |name: &str, record: usize| &spectra[name][record * shells..][..shells];
    let [energy, transfer, dissipation] =
        ["kinetic_energy", "kinetic_energy_transfer", "dissipation"]
            .map(|name| move |record| of(name, record).to_vec());
    let (before, after) = (energy(0), energy(2));
    let (transfer, dissipation) = (transfer(1), dissipation(1));
    let moved: f64 = transfer.iter().map(|t| t.abs()).sum();
    assert!(transfer.iter().sum::<f64>().abs() < 1e-14 * moved);
    let largest = transfer.iter().fold(0.0_f64, |a, t| a.max(t.abs()));
    assert!(largest > 0.1 * dissipation.iter().fold(0.0_f64, |a, d| a.max(*d)));
    for shell in 0..shells {
        let rate = (after[shell] - before[shell]) / 0.01;
        let expected = transfer[shell] - dissipation[shell];
        assert!((rate - expected).abs() < 1e-3 * largest, "{shell}: {rate} and {expected}");
    }
    let flux = of("kinetic_energy_flux", 1);
    let left: f64 = transfer[..=2].iter().sum::<f64>() * width;
    assert_eq!(flux[2], -left);
}

/// What is left of the budget of energy falls with the square of the step, whatever the physics.
#[test]
fn the_energy_budget_closes() {
    let power = ["--set", "forcing={ kind='constant_power', power=0.2, wavenumber=1.5 }"];
    for variant in [&[][..], &power, VARIANTS[2]] {
        let case = Case::with(FORCED, &["output.spectra=", "output.gradients="]);
        let largest = |name: &str, cfl: &str| {
            let settings = ["--quiet", "--set", "time.end=0.3", "--set", cfl];
            case.solve(1, name, &[&settings[..], variant].concat());
            let residuals = case.column(name, "budget_residual");
            let dissipation = case.column(name, "dissipation");
            assert_eq!(residuals[0], 0.0);
            let relative = residuals.iter().zip(dissipation).map(|(r, d)| (r / d).abs());
            relative.fold(0.0, f64::max)
        };
        let (coarse, fine) = (largest("coarse", "time.cfl=0.2"), largest("fine", "time.cfl=0.05"));
        assert!(coarse < 2e-3 && fine < coarse / 8.0, "{variant:?}: {coarse}, {fine}");
    }
}
