//! Files that were uploaded, and those that come in parts.

use rusqlite::{Connection, OptionalExtension, Row, params};
use shared::api::files::{FileObject, FilePurpose};
use shared::api::uploads::{Upload, UploadStatus};

use super::{Database, DatabaseError, damaged, now_unix_s};

/// Which files are listed.
#[derive(Clone, Debug)]
pub(crate) struct FileFilter {
    /// Only of this purpose.
    pub(crate) purpose: Option<FilePurpose>,
    /// Only those behind this one.
    pub(crate) after: Option<String>,
    /// At most so many.
    pub(crate) limit: usize,
    /// Oldest first.
    pub(crate) is_ascending: bool,
}

const COLUMNS: &str = "id, filename, purpose, size_bytes, created_at_unix_s, expires_at_unix_s";

fn read(row: &Row<'_>) -> rusqlite::Result<FileObject> {
    Ok(FileObject {
        id: row.get(0)?,
        object: "file".to_owned(),
        bytes: row.get::<_, i64>(3)?.unsigned_abs(),
        created_at: row.get(4)?,
        expires_at: row.get(5)?,
        filename: row.get(1)?,
        purpose: read_purpose(2, &row.get::<_, String>(2)?)?,
        status: "processed".to_owned(),
        status_details: None,
    })
}

fn read_purpose(column: usize, name: &str) -> rusqlite::Result<FilePurpose> {
    FilePurpose::from_name(name).ok_or_else(|| damaged(column, format!("{name} is no purpose of a file")))
}

impl Database {
    /// Adds a file.
    pub(crate) fn put_file(&self, file: &FileObject, sha256: &str) -> Result<(), DatabaseError> {
        self.with(|connection| insert_file(connection, file, sha256))
    }

    /// One file.
    pub(crate) fn file(&self, id: &str) -> Result<Option<FileObject>, DatabaseError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM files WHERE id = ?1"))?;
            statement.query_row([id], read).optional()
        })
    }

    /// Files in the order in which they came.
    pub(crate) fn files(&self, filter: &FileFilter) -> Result<Vec<FileObject>, DatabaseError> {
        let (order, side) = if filter.is_ascending { ("ASC", ">") } else { ("DESC", "<") };
        let sql = format!(
            "SELECT {COLUMNS} FROM files WHERE (?1 IS NULL OR purpose = ?1) \
             AND (?2 IS NULL OR number {side} (SELECT number FROM files WHERE id = ?2)) ORDER BY number {order} LIMIT ?3"
        );
        let purpose = filter.purpose.map(FilePurpose::name);
        self.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_map(params![purpose, filter.after, limit(filter.limit)], read)?.collect()
        })
    }

    /// Ids of the files whose time is over.
    pub(crate) fn expired_files(&self) -> Result<Vec<String>, DatabaseError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM files WHERE expires_at_unix_s <= ?1")?;
            statement.query_map([now_unix_s()], |row| row.get(0))?.collect()
        })
    }

    /// Forgets a file.
    pub(crate) fn delete_file(&self, id: &str) -> Result<(), DatabaseError> {
        self.with(|connection| connection.execute("DELETE FROM files WHERE id = ?1", [id]).map(|_| ()))
    }

    /// Adds an upload.
    pub(crate) fn put_upload(&self, upload: &Upload, keep_file_s: Option<u32>) -> Result<(), DatabaseError> {
        self.with(|connection| {
            connection.execute(
                "INSERT INTO uploads VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', ?7, NULL)",
                params![
                    upload.id,
                    upload.filename,
                    upload.purpose.name(),
                    i64::try_from(upload.bytes).unwrap_or(i64::MAX),
                    upload.created_at,
                    upload.expires_at,
                    keep_file_s
                ],
            )?;
            Ok(())
        })
    }

    /// One upload, and how long its file is kept.
    pub(crate) fn upload(&self, id: &str) -> Result<Option<(Upload, Option<u32>)>, DatabaseError> {
        let read_upload = |row: &Row<'_>| {
            let upload = Upload {
                id: row.get("id")?,
                object: "upload".to_owned(),
                bytes: row.get::<_, i64>("size_bytes")?.unsigned_abs(),
                created_at: row.get("created_at_unix_s")?,
                expires_at: row.get("expires_at_unix_s")?,
                filename: row.get("filename")?,
                purpose: read_purpose(2, &row.get::<_, String>("purpose")?)?,
                status: read_status(&row.get::<_, String>("status")?)?,
                file: None,
            };
            Ok((upload, row.get("file_expires_after_s")?, row.get::<_, Option<String>>("file")?))
        };
        let found = self.with(|connection| {
            connection.prepare_cached("SELECT * FROM uploads WHERE id = ?1")?.query_row([id], read_upload).optional()
        })?;
        let Some((mut upload, keep_file_s, file)) = found else { return Ok(None) };
        if let Some(file) = file {
            upload.file = self.file(&file)?;
        }
        if upload.status == UploadStatus::Pending && upload.expires_at <= now_unix_s() {
            upload.status = UploadStatus::Expired;
        }
        Ok(Some((upload, keep_file_s)))
    }

    /// Ends an upload that is pending, with its file where it is whole; false where it was not pending.
    pub(crate) fn end_upload(
        &self,
        id: &str,
        status: UploadStatus,
        file: Option<(&FileObject, &str)>,
    ) -> Result<bool, DatabaseError> {
        self.transaction(|connection| {
            let ended = connection.execute(
                "UPDATE uploads SET status = ?2, file = ?3 WHERE id = ?1 AND status = 'pending'",
                params![id, status_name(status), file.map(|(file, _)| &file.id)],
            )?;
            if let (1, Some((file, sha256))) = (ended, file) {
                insert_file(connection, file, sha256)?;
            }
            Ok(ended == 1)
        })
    }

    /// Ids of the pending uploads whose time is over.
    pub(crate) fn expired_uploads(&self) -> Result<Vec<String>, DatabaseError> {
        self.with(|connection| {
            let sql = "SELECT id FROM uploads WHERE status = 'pending' AND expires_at_unix_s <= ?1";
            connection.prepare_cached(sql)?.query_map([now_unix_s()], |row| row.get(0))?.collect()
        })
    }

    /// Adds a part of an upload.
    pub(crate) fn put_part(&self, id: &str, upload: &str, size_bytes: u64, now: i64) -> Result<(), DatabaseError> {
        self.with(|connection| {
            let size_bytes = i64::try_from(size_bytes).unwrap_or(i64::MAX);
            connection
                .execute("INSERT INTO upload_parts VALUES (?1, ?2, ?3, ?4)", params![id, upload, size_bytes, now])?;
            Ok(())
        })
    }

    /// The parts of an upload, and their sizes in bytes.
    pub(crate) fn parts(&self, upload: &str) -> Result<Vec<(String, u64)>, DatabaseError> {
        self.with(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, size_bytes FROM upload_parts WHERE upload = ?1")?;
            statement.query_map([upload], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?.collect()
        })
    }
}

/// Adds a file.
pub(crate) fn insert_file(connection: &Connection, file: &FileObject, sha256: &str) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO files (id, filename, purpose, size_bytes, sha256, created_at_unix_s, expires_at_unix_s) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            file.id,
            file.filename,
            file.purpose.name(),
            i64::try_from(file.bytes).unwrap_or(i64::MAX),
            sha256,
            file.created_at,
            file.expires_at
        ],
    )?;
    Ok(())
}

fn status_name(status: UploadStatus) -> &'static str {
    match status {
        UploadStatus::Pending => "pending",
        UploadStatus::Completed => "completed",
        UploadStatus::Cancelled => "cancelled",
        UploadStatus::Expired => "expired",
    }
}

fn read_status(name: &str) -> rusqlite::Result<UploadStatus> {
    use UploadStatus::{Cancelled, Completed, Expired, Pending};
    let found = [Pending, Completed, Cancelled, Expired].into_iter().find(|status| status_name(*status) == name);
    found.ok_or_else(|| damaged(6, format!("{name} is no status of an upload")))
}

/// A limit as `SQLite` takes it.
pub(super) fn limit(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}
