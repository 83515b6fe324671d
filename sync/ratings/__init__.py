"""What people know and no CRM records: how much each product family matters to those who buy it."""
