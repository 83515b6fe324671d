"""Backtest and calibration on an organisation's own past."""
