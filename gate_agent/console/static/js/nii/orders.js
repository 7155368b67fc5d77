// The orders that only a scanner station knows. `about`: it concerns the truck at the hold line, and no other.
// Their keys are none of the e-gate's: an officer who knows both must not release by habit.

export const ORDERS = [
  {
    action: "release", label: "Release", key: "L", icon: "admit", tone: "good", about: true,
    title: "Release this truck", go: "Continue", reasons: ["Picture agrees with the manifest", "Finding explained by the goods", "Seal and weight in order"],
    sure: { text: "The release barrier opens, or a second officer is asked to confirm.", go: "Release" },
  },
  {
    action: "inspect", label: "Inspect", key: "N", icon: "refuse", tone: "bad", about: true,
    title: "Send this truck to inspection", go: "Send to inspection", reasons: ["Suspicious object", "Goods differ from the manifest", "A part could not be seen through"],
  },
];

export const STATION_ORDERS = {
  reset: { title: "Reset the lane", reasons: ["Lane is empty", "Truck has left", "Obstacle removed"] },
};
