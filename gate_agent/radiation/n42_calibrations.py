"""Energy calibrations of the edition of 2006: a spectrum's own, one it names, or the only one above it."""

from __future__ import annotations

from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42_model import EnergyCalibration
from gate_agent.radiation.n42_values import numbers, text
from gate_agent.radiation.n42_xml import Element, Notes, attribute, children, descendants, path

_KEV = {"": 1.0, "kev": 1.0, "mev": 1000.0, "ev": 0.001}


class Calibrations:
    """Finds the calibration of each spectrum; equal polynomials are kept once."""

    def __init__(self, root: Element, notes: Notes) -> None:
        self._notes = notes
        self._kept: dict[str, EnergyCalibration] = {}
        self._by_coefficients: dict[tuple[float, ...], str] = {}
        self._read: dict[Element, str] = {}
        self._shared: dict[Element, list[Element]] = {}
        self._named = {
            attribute(found, "ID"): found
            for found in descendants(root, "Calibration")
            if attribute(found, "ID")
        }

    @property
    def used(self) -> tuple[EnergyCalibration, ...]:
        return tuple(self._kept.values())

    def of(self, spectrum: Element) -> str:
        """The id of a spectrum's energy calibration; empty when none is told, noted when one is missing."""
        own = [found for found in children(spectrum, "Calibration") if _of_energy(found)]
        if own:
            return self._id(own[0])
        names = attribute(spectrum, "CalibrationIDs").split()
        named = [self._named[name] for name in names if name in self._named and _of_energy(self._named[name])]
        if named:
            return self._id(named[0])
        if names:
            what = f"refers to calibrations that are not there: {' '.join(names)[:64]}"
            self._notes.repaired(path(spectrum), what, harmless=True)
            return ""
        for above in spectrum.iterancestors():
            if shared := self._beside(above):
                return self._id(shared[0]) if len(shared) == 1 else self._undecided(spectrum)
        return ""

    def _beside(self, above: Element) -> list[Element]:
        if above not in self._shared:
            self._shared[above] = [found for found in children(above, "Calibration") if _of_energy(found)]
        return self._shared[above]

    def _undecided(self, spectrum: Element) -> str:
        what = "does not say which of several energy calibrations is its own"
        self._notes.repaired(path(spectrum), what, harmless=True)
        return ""

    def _id(self, element: Element) -> str:
        if element not in self._read:
            try:
                self._read[element] = self._keep(element, _coefficients(element))
            except N42Error as error:
                # Counts are right without their energies.
                self._notes.repaired(error.field or path(element), f"left out: {error.what}", harmless=True)
                self._read[element] = ""
        return self._read[element]

    def _keep(self, element: Element, coefficients: tuple[float, ...]) -> str:
        known = self._by_coefficients.get(coefficients)
        if known is not None:
            return known
        name = attribute(element, "ID")
        if not name or name in self._kept:
            name = f"EnergyCalibration-{len(self._kept) + 1}"
        self._kept[name] = EnergyCalibration(name, coefficients)
        self._by_coefficients[coefficients] = name
        return name


def _of_energy(element: Element) -> bool:
    return attribute(element, "Type").casefold() in ("", "energy")


def _coefficients(element: Element) -> tuple[float, ...]:
    """Coefficients in keV, order 0 first. Raises N42Error for what is no polynomial."""
    equation = next(descendants(element, "Equation"), None)
    model = "" if equation is None else text(attribute(equation, "Model"))
    told = next(descendants(element, "Coefficients"), None)
    if told is None or model.casefold() not in ("", "polynomial", "linear"):
        raise N42Error(f"no polynomial of energy (model {model[:24]!r})", field=path(element))
    unit = text(attribute(element, "EnergyUnits")).casefold()
    if unit not in _KEV:
        raise N42Error(f"energies in {unit[:16]!r}", field=path(element))
    values = numbers(told.text, path(told))
    if not values:
        raise N42Error("no coefficients", field=path(told))
    return tuple(value * _KEV[unit] for value in values)
