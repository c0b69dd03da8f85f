"""What every room stands on: errors, time, settings, the database, who may see what, the audit."""
