"""Presets: what the exports of a program look like, one TOML file each, and the mapping that is drafted from one."""
