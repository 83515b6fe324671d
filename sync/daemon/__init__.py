"""The daemon: timetable, health pages, webhook receiver."""
