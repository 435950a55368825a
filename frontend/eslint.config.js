import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";
import tseslint from "typescript-eslint";

// Imports flow one way: shared -> features -> app. A feature uses another one only where it is listed
// here, so the features stay a tree that can be read from the bottom.
const featureUses = {
  account: [],
  catalogue: [],
  orders: [],
  payment: ["orders"],
  cart: ["catalogue"],
  checkout: ["cart", "orders", "payment"],
  "api-docs": ["account"],
};

const refuse = (regex, message) => ({ "no-restricted-imports": ["error", { patterns: [{ regex, message }] }] });

const featureRules = Object.entries(featureUses).map(([feature, uses]) => ({
  files: [`src/features/${feature}/**`],
  rules: refuse(
    `^@/(app|features/(?!(${[feature, ...uses].join("|")})/))`,
    `${feature} may import from shared${uses.map((use) => ` and ${use}`).join("")} only (see eslint.config.js)`,
  ),
}));

export default tseslint.config(
  { ignores: ["dist", "test-results", "playwright-report"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  { files: ["src/**/*.tsx"], extends: [reactHooks.configs.flat.recommended, jsxA11y.flatConfigs.strict] },
  { files: ["**/*.{js,mjs}"], languageOptions: { globals: globals.node } },
  { files: ["src/shared/**"], rules: refuse("^@/(app|features)", "shared knows no feature") },
  ...featureRules,
);
