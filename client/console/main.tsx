/** The console: what guardians see and press. */
import { render } from "preact";
import { Account } from "./account.ts";
import { App } from "./app.tsx";
import { readConfig } from "./config.ts";

const place = document.getElementById("app");
if (place !== null) {
  try {
    render(<App account={new Account(await readConfig())} />, place);
  } catch (error) {
    place.textContent = error instanceof Error ? error.message : String(error);
  }
}
