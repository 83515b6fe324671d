"""Ranking measures, fits and verdicts of a backtest."""
