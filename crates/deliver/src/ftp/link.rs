//! What is asked of an FTP server that let us in.

use suppaftp::tokio::AsyncRustlsFtpStream;
use suppaftp::types::Response;
use suppaftp::{FtpError, FtpResult, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connect::refused;
use crate::store::{Look, Moved, Pieces, Sink};

/// Bytes read back at once.
const PIECE_BYTES: usize = 1 << 18;

/// A connection that is logged in. Paths are from the server's root.
pub(super) struct Link {
    pub(super) ftp: AsyncRustlsFtpStream,
    /// The folder a login begins in.
    pub(super) home: String,
    /// Whether it tells of files in a form made for programs (RFC 3659: MLST and MLSD).
    pub(super) has_facts: bool,
}

impl Link {
    pub(super) async fn look(&mut self, path: &str) -> FtpResult<Look> {
        if self.has_facts {
            let line = missing(self.ftp.mlst(Some(path)).await)?;
            return Ok(line.map_or(Look::Nothing, |line| Facts::read(&line).look()));
        }
        if let Some(size) = missing(self.ftp.size(path).await)? {
            let changed = refused(self.ftp.mdtm(path).await)?;
            let tag = changed.map(|time| format!("{time}-{size}"));
            return Ok(Look::File { size: size as u64, tag });
        }
        // A refusal does not say whether there is nothing. A name that is in its folder is taken,
        // whatever it is the name of.
        if missing(self.ftp.cwd(path).await)?.is_some() {
            return Ok(Look::Other);
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = if folder.is_empty() { "/" } else { folder };
        let is_there = self.names(folder).await?.iter().any(|found| found == name);
        Ok(if is_there { Look::Other } else { Look::Nothing })
    }

    pub(super) async fn names(&mut self, folder: &str) -> FtpResult<Vec<String>> {
        if self.has_facts {
            let lines = match self.ftp.mlsd(Some(folder)).await {
                // Servers have many words for a folder that is missing.
                Err(FtpError::UnexpectedResponse(said))
                    if said.status != Status::NotAvailable
                        && missing(self.ftp.mlst(Some(folder)).await)?.is_none() =>
                {
                    Vec::new()
                }
                // One that is there and cannot be listed is not empty.
                lines => lines?,
            };
            let facts = lines.iter().map(|line| Facts::read(line));
            let named = facts.filter(|facts| facts.is_file || facts.is_other);
            return Ok(named.map(|facts| facts.name.to_owned()).collect());
        }
        if missing(self.ftp.cwd(folder).await)?.is_none() {
            return Ok(Vec::new());
        }
        // Names that begin with a dot are left out unless they are asked for, as `ls` has it.
        let lines = match refused(self.ftp.nlst(Some("-a")).await)? {
            Some(lines) => lines,
            None => missing(self.ftp.nlst(None).await)?.unwrap_or_default(),
        };
        let names = lines.iter().map(|line| line.rsplit('/').next().unwrap_or(line));
        Ok(names.filter(|name| !matches!(*name, "" | "." | "..")).map(str::to_owned).collect())
    }

    pub(super) async fn write(&mut self, path: &str, pieces: &mut Pieces) -> FtpResult<()> {
        let mut data = self.ftp.put_with_stream(path).await?;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(FtpError::ConnectionError)?;
            if let Err(cause) = data.write_all(&piece).await {
                // The server may have said why it closed, such as that its disk is full.
                return match data.finish().await {
                    Err(said @ FtpError::UnexpectedResponse(_)) => Err(said),
                    _ => Err(FtpError::ConnectionError(cause)),
                };
            }
        }
        data.finish().await
    }

    /// Returns false if there is nothing.
    pub(super) async fn read(&mut self, path: &str, sink: &mut Sink) -> FtpResult<bool> {
        let mut data = match self.ftp.retr_as_stream(path).await {
            Ok(data) => data,
            Err(cause) if is_missing(&cause) && self.look(path).await? == Look::Nothing => {
                return Ok(false);
            }
            Err(cause) => return Err(cause),
        };
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let length = data.read(&mut piece).await.map_err(FtpError::ConnectionError)?;
            piece.truncate(length);
            if length == 0 {
                // Only then it is known that this was all.
                return data.finish().await.map(|()| true);
            }
            if !sink.take(piece.into()).await {
                // Nothing more is wanted; what the server thinks of that is of no interest.
                let _ = data.finish().await;
                return Ok(true);
            }
        }
    }

    pub(super) async fn give_name(&mut self, from: &str, to: &str) -> FtpResult<Moved> {
        if self.look(to).await? != Look::Nothing {
            return Ok(Moved::Taken);
        }
        match self.ftp.rename(from, to).await {
            Err(FtpError::UnexpectedResponse(said))
                if said.status != Status::NotAvailable && self.look(to).await? != Look::Nothing =>
            {
                Ok(Moved::Taken)
            }
            done => done.map(|()| Moved::Done),
        }
    }

    /// Most servers replace what has the name; one that refuses is not worked around by removing it
    /// first, which would leave the name without a file.
    pub(super) async fn replace(&mut self, from: &str, to: &str) -> FtpResult<()> {
        self.ftp.rename(from, to).await
    }

    pub(super) async fn make(&mut self, folder: &str) -> FtpResult<()> {
        match self.ftp.mkdir(folder).await {
            // That it exists has no code of its own.
            Err(FtpError::UnexpectedResponse(said))
                if said.status != Status::NotAvailable
                    && self.look(folder).await? == Look::Other =>
            {
                Ok(())
            }
            done => done,
        }
    }

    pub(super) async fn remove(&mut self, path: &str) -> FtpResult<()> {
        match self.ftp.rm(path).await {
            Err(cause) if is_missing(&cause) && self.look(path).await? == Look::Nothing => Ok(()),
            done => done,
        }
    }
}

/// `None` if the server says that there is nothing, or nothing for us.
fn missing<T>(done: FtpResult<T>) -> FtpResult<Option<T>> {
    match done {
        Err(cause) if is_missing(&cause) => Ok(None),
        done => done.map(Some),
    }
}

fn is_missing(cause: &FtpError) -> bool {
    let is = |said: &Response| {
        matches!(said.status, Status::FileUnavailable | Status::RequestFileActionIgnored)
    };
    matches!(cause, FtpError::UnexpectedResponse(said) if is(said))
}

/// What a line of MLST or MLSD tells (RFC 3659, 7.2): facts, a space, and the name.
#[derive(Debug, Default, PartialEq, Eq)]
struct Facts<'a> {
    name: &'a str,
    is_file: bool,
    /// Something else than a file that is in the folder, which the folder itself is not.
    is_other: bool,
    size: Option<u64>,
    /// When it was changed and which file it is.
    mark: String,
}

impl<'a> Facts<'a> {
    fn read(line: &'a str) -> Self {
        let (facts, name) = line.split_once(' ').unwrap_or((line, ""));
        let mut read = Self { name, ..Self::default() };
        for fact in facts.split(';') {
            let Some((key, value)) = fact.split_once('=') else { continue };
            match key.to_ascii_lowercase().as_str() {
                "type" => {
                    read.is_file = value.eq_ignore_ascii_case("file");
                    let is_itself =
                        ["cdir", "pdir"].iter().any(|it| value.eq_ignore_ascii_case(it));
                    read.is_other = !read.is_file && !is_itself;
                }
                "size" => read.size = value.parse().ok(),
                "modify" | "unique" => read.mark = format!("{}{value};", read.mark),
                _ => {}
            }
        }
        read
    }

    fn look(self) -> Look {
        match self.size {
            Some(size) if self.is_file => {
                let tag = (!self.mark.is_empty()).then(|| format!("{}{size}", self.mark));
                Look::File { size, tag }
            }
            _ => Look::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_whatever_their_case_and_order() {
        // After the examples of RFC 3659, 7.7.
        let file = Facts::read("Type=file;Size=25730;Modify=19940728095854;Perm=; cap mux.tar.z");
        assert_eq!((file.name, file.size, file.is_file), ("cap mux.tar.z", Some(25_730), true));
        let tag = Some("19940728095854;25730".to_owned());
        assert_eq!(file.look(), Look::File { size: 25_730, tag });
        let folder = Facts::read("modify=19990112033508;unique=AQkAAA;type=dir; 2016");
        assert!(folder.is_other && folder.name == "2016");
        assert_eq!(folder.look(), Look::Other);
        for own in ["Type=cdir;Modify=19981107085215; /tmp", "type=PDIR; .."] {
            let own = Facts::read(own);
            assert!(!own.is_file && !own.is_other, "{own:?}");
        }
        // A server that does not tell the size of a file is not believed to have an empty one.
        assert_eq!(Facts::read("type=file; a").look(), Look::Other);
    }
}
