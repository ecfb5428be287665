"""Work shared out over processes and machines by Ray; nothing here is needed without `--engine ray`."""
