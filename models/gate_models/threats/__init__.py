"""Trains the small network that marks suspicious objects in scans, on loads that are drawn and then X-rayed
by Beer-Lambert's law with objects projected into them (threat image projection, TIP).

python -m gate_models.threats.dataset --out FOLDER      draws the training set
python -m gate_models.threats.train --data FOLDER       needs torch, which the agent never does
python -m gate_models.threats.evaluate                  rates by penetration band, and the cards
"""
