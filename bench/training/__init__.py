"""The models: their training sets, their training, their calibration."""
