import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

/** The rooms of `functions/gate`, from the lowest: each may import only those before it. */
const rooms = ["text", "gating", "proposal", "ports", "ledger", "review", "telling", "lifecycle"];
/** The rooms of `functions/gate/gating`, likewise. Others import them through `gating/index.ts` and `gating/compare/index.ts`. */
const gatingRooms = ["schema", "evaluate", "check", "compare", "cases"];

function staircase(folder, steps, below = []) {
  return steps.map((room, step) => ({
    files: `${folder}/${room}/**`,
    may: [...below, ...steps.slice(0, step).map((lower) => `${folder}/${lower}`)],
  }));
}

/**
 * The dependency direction: which of our folders the files of a folder may import, besides their own. Dependencies
 * point inward, to `functions/gate`, and down its stairs. The emulators know nothing of the gate. Where two patterns
 * fit a file, the later one counts.
 */
const layers = [
  ...staircase("functions/gate", rooms),
  ...staircase("functions/gate/gating", gatingRooms, ["functions/gate/text"]),
  { files: "functions/*.ts", own: "functions/[a-zA-Z]+\\.ts", may: ["functions/gate"] },
  {
    files: "functions/pagerduty/**",
    may: [
      "functions/gate",
      "functions/remote.ts",
      "functions/credential.ts",
      "functions/traffic.ts",
    ],
  },
  {
    files: "functions/cheqpoint/**",
    may: [
      "functions/gate",
      "functions/remote.ts",
      "functions/credential.ts",
      "functions/traffic.ts",
    ],
  },
  { files: "functions/aws/**", may: ["functions/gate", "functions/http.ts"] },
  {
    files: "functions/middleware/**",
    may: [
      "functions/gate",
      "functions/pagerduty",
      "functions/aws",
      "functions/http.ts",
      "functions/routes.ts",
      "functions/ids.ts",
      "functions/sleep.ts",
    ],
  },
  {
    files: "functions/agents/**",
    may: [
      "functions/gate",
      "functions/aws",
      "functions/middleware",
      "functions/http.ts",
      "functions/routes.ts",
      "functions/ids.ts",
      "functions/sleep.ts",
      "functions/userAgent.ts",
      "functions/errorCodes.ts",
    ],
  },
  {
    files: "functions/callback/**",
    may: [
      "functions/gate",
      "functions/cheqpoint",
      "functions/aws",
      "functions/http.ts",
      "functions/sleep.ts",
    ],
  },
  {
    files: "functions/subscription/**",
    may: ["functions/gate", "functions/pagerduty", "functions/aws", "functions/sleep.ts"],
  },
  {
    files: "functions/worker/**",
    may: [
      "functions/gate",
      "functions/pagerduty",
      "functions/cheqpoint",
      "functions/aws",
      "functions/subscription",
      "functions/ids.ts",
      "functions/sleep.ts",
    ],
  },
  { files: "components/**", may: ["functions/gate/gating", "functions/aws/tableDefinition.ts"] },
  { files: "index.ts", may: ["components"] },
  { files: "emulators/**", may: [] },
  { files: "emulators/pagerduty/**", may: ["emulators/dataFile.ts"] },
  { files: "emulators/cheqpoint/**", may: ["emulators/dataFile.ts"] },
  { files: "local/**", may: ["functions", "emulators"] },
  // What starts or finds a gate on this machine, and nothing else of it.
  {
    files: "cli/**",
    may: [
      "functions",
      "local/address.ts",
      "local/gatingFile",
      "local/settings/environment.ts",
      "local/scenarios",
    ],
  },
];

/** Tells the folder of an import from the file that it stands in. */
const direction = {
  meta: { type: "problem", schema: [{ type: "object" }] },
  create(context) {
    const [{ root, own, may }] = context.options;
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== "string" || !specifier.startsWith(".")) {
        return;
      }
      const target = new URL(specifier, `file://${context.filename}`).pathname.slice(
        root.length + 1,
      );
      const isOwn = own === undefined ? false : new RegExp(`^(${own})`).test(target);
      if (
        !isOwn &&
        !may.some((allowed) => target === allowed || target.startsWith(`${allowed}/`))
      ) {
        context.report({
          node,
          message: `${target} must not be imported here; allowed: ${[own, ...may].join(", ")}.`,
        });
      }
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

const gate = { rules: { direction } };

export default tseslint.config(
  // The examples are projects of their own, with their own packages.
  {
    ignores: [
      "**/node_modules",
      "dist",
      "coverage",
      ".gate*",
      "examples/**",
      "templates/**",
      "build",
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
  ...layers.map(({ files, ignores = [], own, may }) => ({
    files: [files],
    ignores,
    plugins: { gate },
    rules: {
      "gate/direction": [
        "error",
        { root: import.meta.dirname, own: own ?? files.replace(/\/?\*\*$/, "/"), may },
      ],
    },
  })),
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
  {
    files: ["{local,emulators}/**/page/**/*.js"],
    languageOptions: { globals: globals.browser },
  },
);
