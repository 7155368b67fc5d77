// The station's phases (gate_agent/nii/vocabulary.py) in an officer's words.

export const PHASES = {
  starting: { label: "Starting", tone: "idle", hint: "The agent is starting." },
  idle: { label: "Ready", tone: "good", hint: "Ready for the next truck." },
  entry_opening: { label: "Entry opens", tone: "calm", hint: "A truck is before the entry and may come in." },
  scanning: { label: "Scanning", tone: "calm", hint: "The truck drives through portal and scanner; the entry is closed behind it." },
  gathering: { label: "Gathering", tone: "calm", hint: "The truck stands at the hold line; readings are awaited and examined." },
  deciding: { label: "Deciding", tone: "calm", hint: "The policy decides on the evidence." },
  releasing: { label: "Released", tone: "good", hint: "The release is in the journal; the way to the road is open." },
  review: { label: "Officer needed", tone: "warn", hint: "The truck waits for you at the hold line." },
  directing: { label: "To inspection", tone: "bad", hint: "The way to the inspection area is open." },
  clearing: { label: "Clearing", tone: "calm", hint: "The truck has left; the barriers close." },
  out_of_service: { label: "Out of service", tone: "idle", hint: "The lane takes no truck in." },
  emergency: { label: "Emergency", tone: "bad", hint: "Emergency stop. The barrier controller acts by itself." },
};
