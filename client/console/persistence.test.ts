import assert from "node:assert/strict";
import { askToPersist, KEPT, NOT_KEPT, NOT_SAID, persistenceSentence } from "./persistence.ts";

/** Asks where `navigator.storage` is this. */
async function askWith(storage: unknown): Promise<boolean | undefined> {
  const before = Object.getOwnPropertyDescriptor(navigator, "storage");
  Object.defineProperty(navigator, "storage", { configurable: true, value: storage });
  try {
    return (await askToPersist()).persisted;
  } finally {
    if (before === undefined) Reflect.deleteProperty(navigator, "storage");
    else Object.defineProperty(navigator, "storage", before);
  }
}

Deno.test("askToPersist() answers what the browser says, and undefined where it says nothing", async () => {
  assert.equal(await askWith({ persist: () => Promise.resolve(true) }), true);
  assert.equal(await askWith({ persist: () => Promise.resolve(false) }), false);
  assert.equal(
    await askWith({ persist: () => Promise.reject(new TypeError("Not here")) }),
    undefined,
  );
  assert.equal(await askWith({}), undefined);
  assert.equal(await askWith(undefined), undefined);
});

Deno.test("each answer has a sentence of its own, and each says what would be lost", () => {
  const sentences = [true, false, undefined].map(persistenceSentence);
  assert.deepEqual(sentences, [KEPT, NOT_KEPT, NOT_SAID]);
  assert.equal(new Set(sentences).size, 3);
  for (const sentence of sentences) {
    for (const word of ["clear", "nonces", "24 words", "recovery data"]) {
      assert.ok(sentence.includes(word), `${word} is not in: ${sentence}`);
    }
  }
});
