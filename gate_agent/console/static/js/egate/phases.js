// The lane's phases (gate_agent/egate/vocabulary.py) in an officer's words.

export const PHASES = {
  starting: { label: "Starting", tone: "idle", hint: "The agent is starting." },
  idle: { label: "Ready", tone: "good", hint: "Ready for the next traveller." },
  document_presented: { label: "Document seen", tone: "calm", hint: "The printed lines were read; waiting for the chip." },
  reading: { label: "Reading chip", tone: "calm", hint: "The passport chip is being read and checked." },
  entry_opening: { label: "Entry opens", tone: "calm", hint: "The document allows entering; the traveller may walk in." },
  entry_occupied: { label: "Walking in", tone: "calm", hint: "The traveller is walking in." },
  entry_closing: { label: "Entry closes", tone: "calm", hint: "The entry door closes behind the traveller." },
  capturing: { label: "Looking at the face", tone: "calm", hint: "The camera is looking for a usable face." },
  deciding: { label: "Deciding", tone: "calm", hint: "The policy decides on the evidence." },
  exit_opening: { label: "Exit opens", tone: "good", hint: "The admit is in the journal; the exit door opens." },
  leaving: { label: "Walking out", tone: "good", hint: "The traveller is walking out." },
  exit_closing: { label: "Exit closes", tone: "good", hint: "The exit door closes behind the traveller." },
  referred: { label: "Officer needed", tone: "warn", hint: "The traveller waits for you." },
  out_of_service: { label: "Out of service", tone: "idle", hint: "The lane takes nobody in." },
  emergency: { label: "Emergency", tone: "bad", hint: "Fire alarm or emergency stop. The door controller acts by itself." },
};
