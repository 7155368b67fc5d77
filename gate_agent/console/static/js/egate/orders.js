// The orders that only an e-gate knows. `about`: it concerns the traveller on the screen, and no other.

export const ORDERS = [
  {
    action: "admit", label: "Admit", key: "A", icon: "admit", tone: "good", about: true,
    title: "Admit this traveller", go: "Continue", reasons: ["Identity confirmed in person", "Document checked by hand", "Cleared by supervisor"],
    sure: { text: "The exit will open for the person inside.", go: "Admit and open the exit" },
  },
  {
    action: "refuse", label: "Refuse", key: "R", icon: "refuse", tone: "bad", about: true,
    title: "Refuse this traveller", go: "Refuse", reasons: ["Sent to the manual desk", "Document not accepted", "Handed to second line"],
  },
];

/** What the station's own orders are called at a lane, and usual reasons for them. */
export const STATION_ORDERS = {
  reset: { title: "Reset the lane", reasons: ["Lane is empty", "Traveller left", "Object removed"] },
};
