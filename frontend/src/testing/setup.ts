import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// Like the limit of a test in vite.config.ts: limits are for what hangs, not for what a busy machine does slowly.
configure({ asyncUtilTimeout: 30_000 });

afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
});
