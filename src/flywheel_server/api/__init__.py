"""The JSON door: routes for appliances and operators, each with its declared audience."""
