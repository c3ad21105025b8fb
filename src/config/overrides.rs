//! `--set key=value`: changes to a configuration from the command line.

use toml::{Table, Value};

/// Applies `key=value` to `table`; the key is a dotted path. The value is TOML, or else taken as
/// a bare string, so that quotes are rarely needed. An empty value removes the key.
///
/// # Errors
/// What is wrong, for the user, without naming the option itself.
pub fn apply(table: &mut Table, text: &str) -> Result<(), String> {
    let (path, value) =
        text.split_once('=').ok_or("has no `=`, must be key=value such as time.end=2.0")?;
    let mut names: Vec<&str> = path.split('.').map(str::trim).collect();
    let key = names.pop().unwrap_or_default();
    if key.is_empty() || names.iter().any(|name| name.is_empty()) {
        return Err("has an empty name, must be key=value such as time.end=2.0".into());
    }
    let mut parent = table;
    for (depth, name) in names.iter().enumerate() {
        let entry = parent.entry(*name).or_insert_with(|| Table::new().into());
        let found = entry.to_string();
        parent = entry.as_table_mut().ok_or_else(|| {
            format!("goes below {}, which is {found} and not a table", names[..=depth].join("."))
        })?;
    }
    if !value.trim().is_empty() {
        parent.insert(key.into(), parse(value));
    } else if parent.remove(key).is_none() {
        return Err(format!("asks to remove {}, which is not set", path.trim()));
    }
    Ok(())
}

/// The dotted path that an override changes.
pub fn path(text: &str) -> &str {
    text.split('=').next().unwrap_or_default().trim()
}

fn parse(value: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {value}"))
        .ok()
        .filter(|table| table.len() == 1)
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> Result<Table, String> {
        let mut table = toml::from_str("precision = 'double'\n[time]\ndt = 1.0").unwrap();
        apply(&mut table, text).map(|()| table)
    }

    #[test]
    fn values_are_toml_or_bare_strings() {
        assert_eq!(after("time.dt=1e-3").unwrap()["time"]["dt"], 1e-3.into());
        assert_eq!(after("precision = 'single'").unwrap()["precision"], "single".into());
        assert_eq!(after("precision=single").unwrap()["precision"], "single".into());
        assert_eq!(after("output.directory=a/b=c").unwrap()["output"]["directory"], "a/b=c".into());
        let forcing = &after("forcing={ kind = 'none' }").unwrap()["forcing"];
        assert_eq!(forcing["kind"], "none".into());
        let bare = &after("precision=1\nend=2").unwrap();
        assert_eq!(bare["precision"], "1\nend=2".into(), "a value cannot set a second key");
    }

    #[test]
    fn an_empty_value_removes_the_key() {
        assert!(after("time.dt=").unwrap()["time"].get("dt").is_none());
        assert!(after("time.cfl=").unwrap_err().contains("time.cfl, which is not set"));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(after("time.dt").unwrap_err().contains("no `=`"));
        assert!(after("time..dt=1").unwrap_err().contains("empty name"));
        assert!(after("precision.x=1").unwrap_err().contains("not a table"));
    }
}
