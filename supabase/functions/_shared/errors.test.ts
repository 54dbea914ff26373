import assert from "node:assert/strict";
import { ERRORS, isErrorCode, Refusal } from "./errors.ts";
import type { FrostErrorCode } from "./frost/error.ts";

Deno.test("isErrorCode() knows the catalogue and nothing an object has besides", () => {
  assert.ok(Object.keys(ERRORS).every(isErrorCode));
  for (
    const other of ["toString", "__proto__", "constructor", "Internal", "", null, 500, ["internal"]]
  ) {
    assert.equal(isErrorCode(other), false, String(other));
  }
});

Deno.test("a refusal has its code, and its sentence unless it is given another", () => {
  const refusal = new Refusal("no_key_package");
  assert.equal(refusal.code, "no_key_package");
  assert.equal(refusal.message, ERRORS.no_key_package[1]);
  assert.equal(new Refusal("no_key_package", "None yet").message, "None yet");
});

Deno.test("what the curve refuses is in the catalogue, with its status", () => {
  // A code that is missing here does not pass the type check: this is the whole list.
  const statuses: Record<FrostErrorCode, number> = {
    ceremony_message_invalid: 422,
    commitment_invalid: 422,
    event_mismatch: 422,
    invalid_input: 400,
    key_package_invalid: 422,
    message_hash_invalid: 422,
    participants_invalid: 422,
    share_invalid: 422,
    signature_invalid: 422,
    threshold_invalid: 422,
  };
  for (const [code, status] of Object.entries(statuses)) {
    assert.ok(isErrorCode(code), code);
    assert.equal(ERRORS[code][0], status);
  }
});
