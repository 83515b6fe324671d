"""Dead letters, resend, rollback."""
