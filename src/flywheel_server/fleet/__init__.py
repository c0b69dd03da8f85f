"""Appliances: check-ins, what they report, their settings, their quotas."""
