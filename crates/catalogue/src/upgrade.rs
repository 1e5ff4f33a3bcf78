//! Brings catalogues of older releases to the current schema.
//!
//! Each release of the schema that ever left the house keeps its text here (`release_N.sql`) and
//! has a step to the next (`v1_to_v2.rs`). `schema.sql` is always the current one, and a test
//! climbs from every old release and compares the outcome with it.

mod v1_to_v2;
mod v2_to_v3;
mod v3_to_v4;
mod v4_to_v5;

use crate::{Catalogue, Error};

/// The current schema.
pub(crate) const SCHEMA: &str = include_str!("schema.sql");

/// The release of [`SCHEMA`].
pub(crate) const RELEASE: i64 = 5;

/// Upgrade steps; the first one leads from release 1 to release 2.
const STEPS: &[fn(&rusqlite::Connection) -> rusqlite::Result<()>] =
    &[v1_to_v2::run, v2_to_v3::run, v3_to_v4::run, v4_to_v5::run];

/// Runs the steps the catalogue lacks, all in one transaction.
///
/// Fails with [`Error::Newer`] if a newer program wrote it. The file is then as it was.
pub(crate) fn upgrade(catalogue: &Catalogue) -> Result<(), Error> {
    if release(catalogue)? == RELEASE {
        return Ok(());
    }
    catalogue.transaction(|c| {
        // Read again: another program may have upgraded it while we waited for the lock.
        let found = release(c)?;
        if found > RELEASE {
            return Err(Error::Newer { path: c.path().to_owned(), found, known: RELEASE });
        }
        let Some(steps) = usize::try_from(found - 1).ok().and_then(|done| STEPS.get(done..)) else {
            let what = format!("schema release {found} was never made");
            return Err(Error::Damaged { path: c.path().to_owned(), what });
        };
        for step in steps {
            step(&c.conn)?;
        }
        c.conn.pragma_update(None, "user_version", RELEASE)?;
        Ok(())
    })
}

fn release(catalogue: &Catalogue) -> Result<i64, Error> {
    Ok(catalogue.conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::catalogue::APPLICATION_ID;

    /// Old schemas, oldest first.
    const OLD: &[&str] = &[
        include_str!("upgrade/release_1.sql"),
        include_str!("upgrade/release_2.sql"),
        include_str!("upgrade/release_3.sql"),
        include_str!("upgrade/release_4.sql"),
    ];

    /// Every object of the schema, as normalised text.
    fn shape(conn: &Connection) -> Vec<String> {
        let mut statement = conn
            .prepare("SELECT type || ' ' || name || ': ' || sql FROM sqlite_schema WHERE sql <> ''")
            .unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let mut shape: Vec<String> = rows.map(|text| normal(&text.unwrap())).collect();
        shape.sort();
        shape
    }

    /// Leaves out comments and the width of space.
    fn normal(sql: &str) -> String {
        let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    }

    fn old_catalogue(path: &std::path::Path, release: i64) {
        let conn = Connection::open(path).unwrap();
        conn.execute_batch(OLD[usize::try_from(release - 1).unwrap()]).unwrap();
        conn.execute("INSERT INTO library VALUES (1, ?1)", ["0123456789abcdef0123456789abcdef"])
            .unwrap();
        conn.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        conn.pragma_update(None, "user_version", release).unwrap();
    }

    #[test]
    fn every_old_release_climbs_to_the_current_schema() {
        assert_eq!(OLD.len() + 1, usize::try_from(RELEASE).unwrap(), "one text for each release");
        assert_eq!(OLD.len(), STEPS.len(), "one step for each release");
        let folder = tempfile::tempdir().unwrap();
        let fresh = Connection::open_in_memory().unwrap();
        fresh.execute_batch(SCHEMA).unwrap();
        for release in 1..RELEASE {
            let path = folder.path().join(format!("{release}.sqlite"));
            old_catalogue(&path, release);
            let before = shape(&Connection::open(&path).unwrap());
            assert_ne!(before, shape(&fresh), "release {release} differs from the current one");
            let catalogue = Catalogue::open(&path).unwrap();
            assert_eq!(shape(&catalogue.conn), shape(&fresh), "from release {release}");
            assert_eq!(super::release(&catalogue).unwrap(), RELEASE);
            assert_eq!(catalogue.library_id().unwrap(), "0123456789abcdef0123456789abcdef");
        }
    }

    #[test]
    fn a_newer_release_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sqlite");
        Catalogue::create(&path, "0123456789abcdef0123456789abcdef")
            .unwrap()
            .conn
            .pragma_update(None, "user_version", RELEASE + 1)
            .unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = Catalogue::open(&path).unwrap_err();
        assert!(
            matches!(error, Error::Newer { found, known, .. } if found == RELEASE + 1 && known == RELEASE),
            "{error}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn release_zero_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sqlite");
        old_catalogue(&path, 1);
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 0).unwrap();
        assert!(matches!(Catalogue::open(&path).unwrap_err(), Error::Damaged { .. }));
    }
}
