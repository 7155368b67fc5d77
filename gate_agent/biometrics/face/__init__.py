"""Face verification on ONNX models: find, align, embed, compare."""
