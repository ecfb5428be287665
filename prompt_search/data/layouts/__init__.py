"""Where images lie: folders, tables, Parquet files."""
