// Faults that the type checker does not see. How code looks is not linted: the pages are small enough to read.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    files: ["gate_agent/**/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-shadow": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // Nothing from the station is ever parsed as HTML (dom.js).
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "set text as text (dom.js)" },
        { property: "outerHTML", message: "set text as text (dom.js)" },
        { property: "insertAdjacentHTML", message: "set text as text (dom.js)" },
        { object: "document", property: "write", message: "set text as text (dom.js)" },
      ],
    },
  },
];
