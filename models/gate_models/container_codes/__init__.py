"""Trains the two small networks that read container codes, on plates that are drawn, never photographed.

python -m gate_models.container_codes.train --fonts DIR…      needs torch, which the agent never does
python -m gate_models.container_codes.evaluate --fonts DIR…   error rates on held-out drawings
"""
