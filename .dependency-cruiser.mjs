/**
 * No circle of imports, of types neither: what belongs to two files stands in a third one below both. The layers are a
 * rule of ESLint (`eslint.config.mjs`), which tells them in the editor.
 */
export default {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      comment: "Two files that need each other cannot be read, tested or moved alone.",
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(node_modules|dist|coverage)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
