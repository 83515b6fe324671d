"""Mail, calendars and call logs as activities."""
