"""The server where people run things: odd receivers, mail servers, models, rules and names."""
