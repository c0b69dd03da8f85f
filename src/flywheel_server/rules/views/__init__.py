"""What people see of rules, at both doors: values of queries, as JSON and on pages."""
