"""Builds the ONNX models from hash-pinned packages and checks their cards."""
