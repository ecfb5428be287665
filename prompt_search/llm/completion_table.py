"""The table of cached replies, and its statements."""

import sqlite3

__all__ = ["DELETE_BEYOND", "DELETE_UNUSED", "INSERT", "SELECT", "VERSION", "bring_up_to_date", "shrink"]

VERSION = 2
TABLE = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    finish TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL
)
"""
SINCE_VERSION_2 = {"form": "TEXT", "shortened": "INTEGER NOT NULL DEFAULT 0", "used_on": "INTEGER NOT NULL DEFAULT 0"}
"""Columns added to those above; `used_on` is the day, counted from 1970, on which the reply was last of use."""

INSERT = """
INSERT OR REPLACE INTO replies (key, text, finish, prompt_tokens, completion_tokens, form, shortened, used_on)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
SELECT = "SELECT text, finish, prompt_tokens, completion_tokens, form, shortened, used_on FROM replies WHERE key = ?"
DELETE_UNUSED = "DELETE FROM replies WHERE used_on < ?"
DELETE_BEYOND = """
DELETE FROM replies WHERE key IN (
    SELECT key FROM (
        SELECT key, sum(length(CAST(text AS BLOB)) + 200) OVER (ORDER BY used_on DESC, rowid DESC) AS size FROM replies
    ) WHERE size > ?
)
"""
"""Keeps the replies used last, up to a size in bytes: their texts, and 200 for all else of each."""


def bring_up_to_date(connection: sqlite3.Connection, today: int) -> None:
    """Make the table, or add to one of version 1 what it lacks; its replies count as used today."""
    connection.execute(TABLE)
    known = {row[1] for row in connection.execute("PRAGMA table_info(replies)")}
    for name, kind in SINCE_VERSION_2.items():
        if name not in known:
            connection.execute(f"ALTER TABLE replies ADD COLUMN {name} {kind}")
    connection.execute("UPDATE replies SET used_on = ? WHERE used_on = 0", (today,))
    connection.execute(f"PRAGMA user_version = {VERSION}")


def shrink(connection: sqlite3.Connection) -> None:
    """Give freed space back, as far as other processes let us."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
