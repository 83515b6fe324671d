"""Scores, confidence, stance, reasons."""
