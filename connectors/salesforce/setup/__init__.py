"""Checks an org; provisions and removes our fields."""
