import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "@/app/app";
import { StartFailed } from "@/app/start-failed";
import { createServices } from "@/app/services";
import { loadConfig } from "@/shared/config";
import "@/shared/styles/base.css";
import "@/shared/styles/controls.css";

const root = createRoot(document.getElementById("root") ?? document.body);

loadConfig().then(
  (config) => root.render(<StrictMode><App services={createServices(config)} /></StrictMode>),
  (error: unknown) => {
    console.error("the shop could not start", error);
    root.render(<StartFailed />);
  },
);
