//! Forces that cannot act are refused or said, those that are too fast for the step are said.

use super::running::{Case, DECAYING};

const REST: &str = "initial={ kind='kolmogorov', amplitude=0.0 }";
const BELTRAMI: &str = "initial={ kind='abc', coefficients=[1e-3, 1e-3, 1e-3] }";
const CUBE: &str = "grid.lengths=[1.0, 1.0, 1.0]";

/// What multiplies nothing would do so without a word.
#[test]
fn forces_that_could_never_act_are_refused() {
    let power = "forcing={ kind='constant_power', power=0.1, wavenumber=1.0 }";
    let scalar =
        "physics.scalars=[{ name='c', schmidt=1.0, forcing={ injection=0.1, wavenumber=1.0 }}]";
    let mhd = ["physics.equation=mhd", "physics.magnetic={ prandtl=1.0 }"];
    let cases: [(&[&str], &str); 8] = [
        (&[REST, power], "forcing.kind: is \"constant_power\""),
        (&[REST, "forcing={ kind='constant_energy', energy=0.1, wavenumber=1.0 }"], "forcing.kind"),
        (&[REST, "forcing={ kind='linear', rate=0.1, energy=0.1 }"], "has no fluctuations"),
        (&[REST, "forcing={ kind='linear', rate=0.1 }"], "forcing.kind: is \"linear\""),
        // The shell of the vortex is outside of the band.
        (&["initial={ kind='taylor_green' }", power], "has no modes 0 < k <= 1,"),
        (&[BELTRAMI, power, "forcing.helicity=0.0"], "modes 0 < k <= 1 of negative helicity"),
        (&[scalar], "physics.scalars[0].forcing"),
        (
            &[
                mhd[0],
                mhd[1],
                "forcing.kind=none",
                &power.replacen("forcing", "forcing.magnetic", 1),
            ],
            "forcing.magnetic.kind",
        ),
    ];
    for (settings, error) in cases {
        let case = Case::with(DECAYING, &[&[CUBE], settings].concat());
        case.run(1, "run", &["--quiet"]).assert_error(2, error);
    }
    // What something else may bring in, or what has nothing to do, is none of these.
    let gradient = scalar.replacen("schmidt", "gradient=[0.0, 0.0, 1.0], schmidt", 1);
    let helical = "forcing.helicity=1.0";
    for settings in [&[gradient.as_str()][..], &[BELTRAMI, power, helical], &[REST]] {
        let case = Case::with(DECAYING, &[&[CUBE], settings].concat());
        assert_eq!(case.solve(1, "run", &["--quiet"]).code(), 0, "{settings:?}");
    }
}

/// A force on what is not there yet is said once, and so are steps that it is too fast for.
#[test]
fn forces_without_effect_or_too_fast_are_said_once() {
    let gradient = "physics.scalars=[{ name='c', schmidt=1.0, gradient=[0.0, 0.0, 1.0], \
                    forcing={ injection=0.1, wavenumber=1.0 }}]";
    let stirred = "forcing={ kind='abc', coefficients=[0.1, 0.1, 0.1] }";
    let power = "forcing={ kind='constant_power', power=0.1, wavenumber=1.0 }";
    let (absent, fast) = ("has no waves to act on at t = 0", "steps were too long for the force");
    for (settings, warning, count) in [
        (&[REST, stirred, gradient][..], absent, 1),
        (&[BELTRAMI, power], fast, 1),
        (&[BELTRAMI, power, "time={ cfl=0.5, end=0.2 }"], fast, 0),
    ] {
        let case = Case::with(DECAYING, &[&[CUBE], settings].concat());
        let output = case.solve(1, "run", &["--quiet"]);
        assert_eq!(output.code(), 0, "{output:?}");
        assert_eq!(output.stderr.matches(warning).count(), count, "{settings:?}: {output:?}");
    }
}

/// In a plane nothing is across it, with `plane`; without, the log tells where energy and power go.
#[test]
fn a_flow_in_a_plane_stays_there() {
    let start = "initial={ kind='random', energy=0.5, spectrum={ model='exponential', peak=3.0 }, plane=PLANE }";
    let force = "forcing={ kind='stochastic', power=0.1, wavenumber=2.5, correlation_time=0.5, plane=PLANE }";
    for (plane, flat) in [("true", true), ("false", false)] {
        let [start, force] = [start, force].map(|setting| setting.replace("PLANE", plane));
        let settings = ["grid.points=[16, 1, 32]", "time.end=0.2", &start, &force];
        let case = Case::with(DECAYING, &settings);
        let output = case.solve(2, "run", &[]);
        let [across, along] = ["stress_yy", "stress_xx"].map(|name| case.column("run", name));
        assert!(along.iter().all(|stress| *stress > 0.1), "{along:?}");
        assert_eq!(across.iter().all(|stress| *stress == 0.0), flat, "{across:?}");
        let of_energy =
            output.stdout.contains("% of the energy is along y, along which nothing varies");
        let of_power = output.stdout.contains("forcing: 50 % of the power is along y");
        assert_eq!((of_energy, of_power), (!flat, !flat), "{output:?}");
        let energy = case.column("run", "kinetic_energy")[0];
        assert!((energy / 0.5 - 1.0).abs() < 1e-6, "{energy}");
    }
    let case = Case::with(DECAYING, &[&force.replace("PLANE", "true")]);
    case.run(1, "run", &[])
        .assert_error(2, "forcing.plane: is true, which needs a grid with waves");
}
