"""Flows with published results: one file a flow, each runs it and says how far off it is."""
