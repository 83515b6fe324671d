"""Files as tables: CSV, workbooks, archives; mail, calendars and call logs as activities."""
