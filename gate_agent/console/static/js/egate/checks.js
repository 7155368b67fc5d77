// Which checks an e-gate makes, and where they stand.

export const CHECKS = {
  columns: [["Document", "Chip", "Other"], ["Traveller", "Station"]],
  groups: [
    ["Document", { mrz_read: "Printed lines read", mrz_check_digits: "Check digits", document_expiry: "Document in date", document_present: "Document stays" }],
    ["Chip", { chip_access: "Chip opened", chip_read: "Chip read", passive_authentication: "Issuer's signature", dg_hashes: "Contents as signed", dg1_matches_mrz: "Chip matches print" }],
    ["Traveller", { watchlist: "Watchlist", age: "Age", face_capture: "Face captured", face_liveness: "Live person", face_match: "Face matches chip", single_occupancy: "Alone in the lane" }],
    ["Station", { lane_integrity: "Doors and sensors", policy_freshness: "Policy in date", trust_freshness: "Issuers in date", watchlist_freshness: "Watchlist in date", hub_verdict: "Hub's word" }],
  ],
  others: "Other",
  nobody: "no traveller",
};
