"""Prepares data, trains the classifier and exports the weights that maskcam loads."""
