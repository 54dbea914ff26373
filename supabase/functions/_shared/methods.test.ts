import assert from "node:assert/strict";
import { isUseCase, selectMethod, USE_CASES } from "./methods.ts";

const FROST = ["daily_operations", "high_value_transaction", "fedimint_integration"];
const SSS = ["emergency_recovery", "key_rotation", "performance_critical", "offline_guardians"];

Deno.test("selectMethod() goes by the use case", () => {
  for (const useCase of FROST) assert.equal(selectMethod(useCase), "frost", useCase);
  for (const useCase of SSS) assert.equal(selectMethod(useCase), "sss", useCase);
  assert.deepEqual([...USE_CASES].sort(), [...FROST, ...SSS].sort());
});

Deno.test("selectMethod() takes FROST where the use case is missing or unknown", () => {
  // What every object has is no use case.
  for (const useCase of [undefined, "", "Key_Rotation", "toString", "__proto__"]) {
    assert.equal(selectMethod(useCase), "frost", useCase);
    assert.equal(useCase !== undefined && isUseCase(useCase), false, useCase);
  }
});

Deno.test("selectMethod() lets a preference win", () => {
  assert.equal(selectMethod("daily_operations", "sss"), "sss");
  assert.equal(selectMethod("emergency_recovery", "frost"), "frost");
  assert.equal(selectMethod(undefined, "sss"), "sss");
});
