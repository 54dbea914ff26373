// The vault in a page of its own, for supabase/tests/client/vault.test.ts to work with by hand.
import { Vault } from "./vault.ts";
import { askToPersist } from "./persistence.ts";

globalThis.Vault = Vault;
globalThis.askToPersist = askToPersist;
/** Answers how a work ended: what it came to, or the code of the refusal. */
globalThis.outcome = async (work) => {
  // What the debugger calls may make code from text, whatever the page's policy. From here on the policy holds.
  await new Promise((next) => setTimeout(next));
  try {
    return { value: await work() };
  } catch (error) {
    return { code: error.code, name: error.name };
  }
};
globalThis.pageReady = true;
