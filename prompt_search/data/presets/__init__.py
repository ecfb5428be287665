"""What is known of published data sets, one TOML file each."""
