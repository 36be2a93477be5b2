import js from "@eslint/js";
import boundaries from "eslint-plugin-boundaries";
import globals from "globals";
import tseslint from "typescript-eslint";

/** Folders by concern; `allow` below says who may import whom. Dependencies point inward, to `gate`. */
const elements = [
  { type: "gating", partialMatch: false, pattern: "functions/gate/gating/**/*" },
  { type: "gate", partialMatch: false, pattern: "functions/gate/**/*" },
  { type: "table", partialMatch: false, pattern: "functions/aws/tableDefinition.ts" },
  { type: "pagerduty", partialMatch: false, pattern: "functions/pagerduty/**/*" },
  { type: "cheqpoint", partialMatch: false, pattern: "functions/cheqpoint/**/*" },
  { type: "aws", partialMatch: false, pattern: "functions/aws/**/*" },
  { type: "functions-shared", partialMatch: false, pattern: "functions/*.ts" },
  { type: "functions", partialMatch: false, pattern: "functions/{middleware,callback,worker}/**/*" },
  { type: "components", partialMatch: false, pattern: "components/**/*" },
  { type: "pagerduty-emulator", partialMatch: false, pattern: "local/pagerduty/**/*" },
  { type: "cheqpoint-emulator", partialMatch: false, pattern: "local/cheqpoint/**/*" },
  { type: "local", partialMatch: false, pattern: "local/**/*" },
  { type: "cli", partialMatch: false, pattern: "cli/**/*" },
  { type: "free", partialMatch: false, pattern: "{test,bench,scripts,examples}/**/*" },
  { type: "program", partialMatch: false, pattern: "index.ts" },
];

const from = (type, ...allow) => ({
  from: { element: { type } },
  allow: { to: { element: { type: allow } } },
});

export default tseslint.config(
  {
    ignores: [
      "node_modules",
      "dist",
      "coverage",
      ".gate*",
      "**/fixtures/generated/**",
      "examples/**/node_modules",
    ],
  },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      // Ports are asynchronous whatever their adapter is.
      "@typescript-eslint/require-await": "off",
      // Parts are records of closures, not classes: their functions may be passed on.
      "@typescript-eslint/unbound-method": "off",
      eqeqeq: "error",
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "Node runs the sources: no enum." },
        {
          selector: "TSParameterProperty",
          message: "Node runs the sources: no parameter properties.",
        },
      ],
    },
  },
  {
    files: ["**/*.ts"],
    plugins: { boundaries },
    settings: {
      "boundaries/elements": elements,
      "import/resolver": { node: { extensions: [".ts", ".mjs"] } },
    },
    rules: {
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          policies: [
            from("gating", "gating", "gate"),
            from("gate", "gate", "gating"),
            from("table"),
            from("functions-shared", "gate", "functions-shared"),
            from("pagerduty", "pagerduty", "gate", "gating", "functions-shared"),
            from("cheqpoint", "cheqpoint", "gate", "gating", "functions-shared"),
            from("aws", "aws", "gate", "gating", "table", "functions-shared"),
            from(
              "functions",
              "functions",
              "gate",
              "gating",
              "pagerduty",
              "cheqpoint",
              "aws",
              "functions-shared",
            ),
            from("components", "components", "gating", "table"),
            from("program", "components", "gating"),
            from("pagerduty-emulator", "pagerduty-emulator"),
            from("cheqpoint-emulator", "cheqpoint-emulator"),
            from(
              "local",
              "local",
              "pagerduty-emulator",
              "cheqpoint-emulator",
              "functions",
              "gate",
              "gating",
              "pagerduty",
              "cheqpoint",
              "aws",
              "functions-shared",
            ),
            from(
              "cli",
              "cli",
              "local",
              "functions",
              "gate",
              "gating",
              "pagerduty",
              "aws",
              "functions-shared",
            ),
            from("free", ...elements.map(({ type }) => type)),
          ],
        },
      ],
    },
  },
  {
    // The heart is pure: no library but the schema and the linear-time patterns, no clock, network or store.
    files: ["functions/gate/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^(?!\\.{1,2}/|zod$|re2js$|node:crypto$)",
              message: "functions/gate imports only zod, re2js and node:crypto.",
            },
          ],
        },
      ],
      "no-restricted-globals": ["error", "fetch", "setTimeout", "setInterval", "process"],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now" },
        { object: "Math", property: "random" },
      ],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // Tests look into JSON answers and state what they must be; a wrong shape fails the assertion.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  { files: ["**/*.mjs"], languageOptions: { globals: globals.node } },
  { files: ["local/**/page/**/*.js"], languageOptions: { globals: globals.browser } },
);
