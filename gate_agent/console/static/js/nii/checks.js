// A scanner station's checks: every one that has answered, in the order in which they did.

export const CHECKS = { columns: [["Checks"]], groups: [], others: "Checks", nobody: "no truck" };
