//! `spectra.h5` against the history and against what the spectra themselves must obey.

use super::restart::{FORCED, VARIANTS};
use super::running::{Case, DECAYING};

/// Spectra and rows of the history at the same times, and nothing else.
const TOGETHER: [&str; 6] = [
    "output.history.every=0.1",
    "output.spectra={ every = 0.1 }",
    "output.gradients=",
    "output.pdfs=",
    "output.invariants=",
    "output.structure_functions=",
];

/// Every spectrum of every kind adds up to the quantity of the same name, whatever the physics.
#[test]
fn sums_over_shells_are_the_history() {
    for variant in [&[][..], VARIANTS[0], VARIANTS[2]] {
        let case = Case::with(FORCED, &TOGETHER);
        case.solve(2, "run", &[variant, &["--quiet", "--set", "time.end=0.3"]].concat());
        let spectra = case.spectra("run");
        assert_eq!(spectra["time"], case.column("run", "time"));
        assert_eq!(spectra["k"][1], 0.5);
        let mut counts = [0; 3];
        for (name, numbers) in &spectra {
            let Some((kind, quantity, axes)) = projection(name) else { continue };
            let measure: f64 = axes.iter().map(|axis| spectra[*axis][1]).product();
            let len: usize = axes.iter().map(|axis| spectra[*axis].len()).product();
            let column = case.column("run", quantity);
            assert_eq!(numbers.len(), column.len() * len, "{name}");
            for (value, numbers) in column.into_iter().zip(numbers.chunks_exact(len)) {
                let sum: f64 = numbers.iter().sum::<f64>() * measure;
                let size: f64 = numbers.iter().map(|x| x.abs()).sum::<f64>() * measure;
                assert!((sum - value).abs() <= 1e-14 * size, "{name}: {sum} and {value}");
            }
            counts[kind] += 1;
        }
        let has_axis = variant.iter().any(|setting| setting.contains("rotation"));
        let axial = if has_axis { 4 } else { 0 };
        assert!(counts[0] >= 8 && counts[1] >= 18 && counts[2] == axial, "{counts:?}");
    }
}

/// Whether a dataset is a spectrum over shells, along an axis or about one (0, 1, 2), the quantity of
/// the history that it is one of, and its axes.
fn projection(name: &str) -> Option<(usize, &str, Vec<&str>)> {
    let flux = name.ends_with("_flux") && name != "buoyancy_flux";
    let coordinate = ["step", "time"].contains(&name) || name == "k" || name.starts_with("k_");
    if coordinate || flux || name.ends_with("_transfer") {
        None
    } else if let Some(quantity) = name.strip_suffix("_axial") {
        Some((2, quantity, vec!["k_perp", "k_par"]))
    } else if let Some((quantity, axis)) = name.rsplit_once("_along_") {
        let axis = ["k_x", "k_y", "k_z"].into_iter().find(|k| k.ends_with(axis));
        Some((1, quantity, vec![axis?]))
    } else {
        Some((0, name, vec!["k"]))
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
        let quiet = ["spectra", "gradients", "pdfs", "invariants", "structure_functions"];
        let settings = quiet.map(|output| format!("output.{output}="));
        let case = Case::with(FORCED, &settings.each_ref().map(String::as_str));
        let largest = |name: &str, cfl: &str| {
            let settings = ["--quiet", "--set", "time.end=0.3", "--set", cfl];
            case.solve(1, name, &[&settings[..], variant].concat());
            let residuals = case.column(name, "budget_residual");
            let dissipation = case.column(name, "dissipation");
            assert_eq!(residuals[0], 0.0);
            // The same dissipation, by the balance and by the spectrum.
            let balance = case.column(name, "budget_dissipation");
            let loss = balance[1..].iter().zip(&residuals[1..]).map(|(b, r)| b + r);
            assert!(loss.clone().zip(&dissipation[1..]).all(|(loss, d)| loss > 0.9 * d));
            let relative = residuals.iter().zip(dissipation).map(|(r, d)| (r / d).abs());
            relative.fold(0.0, f64::max)
        };
        let (coarse, fine) = (largest("coarse", "time.cfl=0.2"), largest("fine", "time.cfl=0.05"));
        assert!(coarse < 2e-3 && fine < coarse / 8.0, "{variant:?}: {coarse}, {fine}");
    }
}
